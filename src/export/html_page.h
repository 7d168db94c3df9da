// The pages of the readable archive: their frame, and cutting them into files of bounded size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "export/format.h"

namespace probackup {

struct Crumb {
  std::string title, path;  // path below the target
};

// One page, written while it is made. When it grows past page_bytes_max it goes on in further files
// "NAME~p2.html" with links between them. Destroyed before finish() the open file leaves no trace.
class HtmlPage {
 public:
  static constexpr std::size_t page_bytes_max = 1'000'000;

  // `base` is the path below the target without ".html".
  HtmlPage(ExportContext& context, std::string base, std::string title, std::vector<Crumb> crumbs);

  // Appends HTML whose tags are balanced, and returns the path of the file it went to.
  std::string add(std::string_view html);
  // Encloses what add() appends from here on, until the next frame("", ""), in every file.
  void frame(std::string open, std::string close);
  void finish();

  // The relative URL of a path below the target.
  std::string url(std::string_view path) const;
  // The same with a fragment.
  std::string url(std::string_view path, std::int64_t anchor) const;

 private:
  std::string path(unsigned number) const;
  void write(bool last);

  ExportContext& context_;
  std::string base_, title_;
  std::vector<Crumb> crumbs_;
  std::string to_root_;  // "../" for each folder
  std::string body_, close_, open_;
  unsigned number_ = 1;
};

}  // namespace probackup
