// Local files that are not repository objects: settings, secrets, exports.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace probackup {

// The whole file. Throws Error naming the path and the reason.
std::string read_file(const std::filesystem::path& path);
// Writes beside the target, syncs, and renames, so that a reader sees the old or the new file and
// never half of one. `mode` is the permission of a new file, for example 0600. Throws Error.
void write_file_atomic(const std::filesystem::path& path, std::string_view bytes,
                       unsigned mode = 0644);
// Makes the folder and its parents. Throws Error.
void make_folders(const std::filesystem::path& path, unsigned mode = 0755);
// Syncs a folder, so that a rename inside it survives a power cut. Throws Error.
void sync_folder(const std::filesystem::path& path);

// The XDG folders for this program (XDG Base Directory specification): ".../probackup".
std::filesystem::path config_folder();
std::filesystem::path data_folder();
std::filesystem::path cache_folder();

// A folder in the system's temporary folder, readable by this user only and removed with the
// object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// An unnamed temporary file (no other process can open it by name): written once, then read.
// Not for concurrent calls. Throws Error when the disk is full.
class SpoolFile {
 public:
  SpoolFile();
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  // Appends and returns the offset at which the bytes begin.
  std::uint64_t append(std::string_view bytes);
  std::string read(std::uint64_t offset, std::size_t length);
  // Until the next append(), read() is then safe for concurrent calls.
  void flush();
  std::uint64_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0, flushed_ = 0;
  std::string pending_;
};

}  // namespace probackup
