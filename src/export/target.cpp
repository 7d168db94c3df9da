#include "export/target.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "probackup/error.h"
#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;
// Safe names never begin with a dot, so this can be no other file's name.
constexpr std::string_view partial_prefix = ".partial~";

[[noreturn]] void fail(std::string_view verb, const std::filesystem::path& path) {
  int code = errno;
  std::string hint;
  if (code == ENOSPC || code == EDQUOT)
    hint = "free space on that disk, then run the same command again with overwriting allowed";
  if (code == EFBIG) hint = "that file system or a limit of this user forbids files of this size";
  if (code == EACCES || code == EPERM || code == EROFS) hint = "check the permissions of that path";
  if (code == ENAMETOOLONG) hint = "choose a target folder with a shorter path";
  throw Error(fmt::format("cannot {} {}: {}", verb, path.string(), std::strerror(code)), hint);
}

// The last line of defence: callers pass safe names only.
void check_part(const std::string& part, const std::string& path) {
  bool safe = !part.empty() && part != "." && part != ".." && !part.starts_with(partial_prefix) &&
              part.find('\0') == std::string::npos;
  if (!safe) throw Error(fmt::format("refused to write to the unsafe path \"{}\"", path));
}

std::shared_ptr<Descriptor> open_below(int folder, const std::string& part,
                                       const std::filesystem::path& shown) {
  if (::mkdirat(folder, part.c_str(), 0755) != 0 && errno != EEXIST) fail("make the folder", shown);
  int fd = ::openat(folder, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
    throw Error(fmt::format("refused to write through {}: it is no folder", shown.string()),
                "a symbolic link or a file is in the way; choose an empty target folder");
  if (fd < 0) fail("open the folder", shown);
  return std::make_shared<Descriptor>(fd);
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

OutputFile::OutputFile(std::shared_ptr<Descriptor> folder, std::string name,
                       std::filesystem::path shown, std::uint64_t* total)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      partial_(std::string(partial_prefix) + name_),
      shown_(std::move(shown)),
      total_(total) {
  ::unlinkat(folder_->get(), partial_.c_str(), 0);  // left by an interrupted run
  int fd = ::openat(folder_->get(), partial_.c_str(),
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) fail("create", shown_);
  file_ = std::make_unique<Descriptor>(fd);
}

OutputFile::~OutputFile() {
  if (!file_) return;
  ::unlinkat(folder_->get(), partial_.c_str(), 0);
  *total_ -= size_;
}

void OutputFile::write(std::string_view bytes) {
  pending_ += bytes;
  size_ += bytes.size();
  *total_ += bytes.size();
  if (pending_.size() >= buffer_bytes) flush();
}

void OutputFile::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    ssize_t n = ::write(file_->get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", shown_);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  pending_.clear();
}

void OutputFile::finish() {
  flush();
  // Network file systems report a full disk here only.
  if (file_->close() != 0) fail("write", shown_);
  if (::renameat(folder_->get(), partial_.c_str(), folder_->get(), name_.c_str()) != 0)
    fail("rename to", shown_);
  file_.reset();
}

Target::Target(const std::filesystem::path& folder, bool overwrite)
    : shown_(folder), overwrite_(overwrite) {
  make_folders(folder);
  // The user named this folder: it alone may be a symbolic link.
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("open the folder", folder);
  root_ = std::make_shared<Descriptor>(fd);
  last_ = root_;
}

std::shared_ptr<Descriptor> Target::open_folder(const std::string& path) {
  if (path == last_path_) return last_;
  std::shared_ptr<Descriptor> folder = root_;
  std::filesystem::path shown = shown_;
  for (const auto& part : split(path, '/')) {
    if (path.empty()) break;
    check_part(part, path);
    shown /= part;
    folder = open_below(folder->get(), part, shown);
  }
  last_path_ = path;
  last_ = folder;
  return folder;
}

void Target::check_absent(const Descriptor& folder, const std::string& name,
                          const std::filesystem::path& shown) const {
  struct stat info {};
  if (overwrite_ || ::fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  throw Error(fmt::format("{} exists already", shown.string()),
              "choose an empty folder, or use --overwrite");
}

std::unique_ptr<OutputFile> Target::create(const std::string& path) {
  auto [folder_path, name] = split_path(path);
  check_part(name, path);
  auto folder = open_folder(folder_path);
  check_absent(*folder, name, shown_ / path);
  return std::make_unique<OutputFile>(std::move(folder), name, shown_ / path, &bytes_);
}

void Target::write(const std::string& path, std::string_view bytes) {
  auto file = create(path);
  file->write(bytes);
  file->finish();
}

void Target::make_free(const std::string& path) {
  auto [folder_path, name] = split_path(path);
  check_part(name, path);
  auto folder = open_folder(folder_path);
  check_absent(*folder, name, shown_ / path);
  if (::unlinkat(folder->get(), name.c_str(), 0) != 0 && errno != ENOENT)
    fail("remove", shown_ / path);
}

void Target::sync() {
  if (::syncfs(root_->get()) != 0) fail("sync", shown_);
}

}  // namespace probackup
