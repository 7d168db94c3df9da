// The attachments of a snapshot as files.
#pragma once

#include <functional>

#include "export/format.h"

namespace probackup {

// Writes every attachment to files/STREAM/ID/NAME and checks its size; with options.attachments off
// it only lists them. Calls `each` for every one. One that cannot be read does not stop the others:
// after the last, Error says how many are missing and names the first ones. A full disk does stop.
class Attachments {
 public:
  explicit Attachments(ExportContext& context) : context_(context) {}
  void write(const std::function<void(const WrittenFile&)>& each);
  // Throws Error when attachments are missing.
  void check() const;

 private:
  WrittenFile write_one(const ExportFile& file);

  ExportContext& context_;
  std::uint64_t missing_ = 0;
  std::string first_;  // the first ones that are missing
};

}  // namespace probackup
