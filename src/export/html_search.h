// The search index of the archive: titles in JavaScript files of bounded size, which a page loads
// one after the other when somebody searches. Works from a disk, without a server.
#pragma once

#include <string>
#include <string_view>

#include "export/format.h"

namespace probackup {

class HtmlSearch {
 public:
  explicit HtmlSearch(ExportContext& context) : context_(context) {}
  // `url`: relative to the target.
  void add(std::string_view title, std::string_view kind, std::string_view url);
  // Writes the rest, the script and the style.
  void finish();

 private:
  void write_chunk();

  ExportContext& context_;
  std::string chunk_;
  unsigned chunks_ = 0;
};

}  // namespace probackup
