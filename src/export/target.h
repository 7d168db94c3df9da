// The folder an export is written to. Nothing outside of it is ever touched: folders are opened one
// below the other without following symbolic links, and files appear by rename.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "util/descriptor.h"

namespace probackup {

// One file being written under a temporary name. Destroyed before finish() it leaves no trace.
class OutputFile {
 public:
  OutputFile(std::shared_ptr<Descriptor> folder, std::string name, std::filesystem::path shown,
             std::uint64_t* total);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Throws Error naming the file when the disk is full or cannot be written.
  void write(std::string_view bytes);
  // Gives the file its name, in place of one that is there. Throws Error.
  void finish();
  // Bytes written so far.
  std::uint64_t size() const { return size_; }

 private:
  void flush();

  std::shared_ptr<Descriptor> folder_;
  std::string name_, partial_;
  std::filesystem::path shown_;  // for messages
  std::uint64_t* total_;
  std::uint64_t size_ = 0;
  std::string pending_;
  std::unique_ptr<Descriptor> file_;
};

// Not for concurrent calls. Paths below the target are parts joined by "/"; each part must be a
// safe file name (util/text.h), which is checked.
class Target {
 public:
  // Makes the folder and its parents. Throws Error.
  Target(const std::filesystem::path& folder, bool overwrite);

  // Starts a file. Throws Error when it exists and may not be overwritten, or when a part of the
  // path is a symbolic link or no folder.
  std::unique_ptr<OutputFile> create(const std::string& path);
  // A whole small file.
  void write(const std::string& path, std::string_view bytes);
  // Removes what an earlier export left there. Throws Error when that may not be overwritten.
  void make_free(const std::string& path);
  // Brings all that was written to the disk. Throws Error.
  void sync();
  // Bytes written in all.
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<Descriptor> open_folder(const std::string& path);
  void check_absent(const Descriptor& folder, const std::string& name,
                    const std::filesystem::path& shown) const;

  std::filesystem::path shown_;
  bool overwrite_;
  std::shared_ptr<Descriptor> root_;
  std::string last_path_;  // the folder opened last, since many files go to the same one
  std::shared_ptr<Descriptor> last_;
  std::uint64_t bytes_ = 0;
};

}  // namespace probackup
