// A repository in a local folder.

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>

#include "storage/object_name.h"
#include "util/bytes.h"
#include "util/descriptor.h"
#include "util/file.h"
#include "util/random.h"

namespace probackup {
namespace {

namespace fs = std::filesystem;

// Left by a crash, for certain: no write takes a day.
constexpr std::time_t stale_temporary_seconds = 24 * 3600;
// A pack of a full target and one blob of the largest size stays below it.
constexpr std::uint64_t load_bytes_max = 2ull << 30;
constexpr std::string_view temporary_mark = "-tmp-";
constexpr mode_t folder_mode = 0700, file_mode = 0600;

std::string hint_for(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return "free space on that disk (`probackup prune` does, once snapshots are forgotten), then run "
             "the same command again";
    case EACCES:
    case EPERM:
      return "check who owns that path and its permissions";
    case EROFS:
      return "the file system is mounted read-only";
    default:
      return {};
  }
}

[[noreturn]] void fail(const char* verb, const ObjectName& name, const fs::path& path) {
  int code = errno;
  const auto what =
      fmt::format("cannot {} {} ({}): {}", verb, describe(name), path.string(), strerror(code));
  if (code == ENOSPC || code == EDQUOT) throw NoSpace(what, hint_for(code));
  throw Error(what, hint_for(code));
}

// Removes the temporary file when the scope is left before the rename.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const fs::path& path() const { return path_; }
  void release() { path_.clear(); }

 private:
  fs::path path_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

class LocalStorage final : public Storage {
 public:
  LocalStorage(const std::string& path, Durability durability)
      : root_(path), durable_(durability == Durability::power_cut) {}

  std::string location() const override { return root_.string(); }

  void create() override {
    bool made = !fs::is_directory(root_);
    for (ObjectKind kind : {ObjectKind::key, ObjectKind::lock, ObjectKind::snapshot,
                            ObjectKind::index, ObjectKind::data})
      make_folders(root_ / object_folder(kind), folder_mode);
    for (unsigned i = 0; i < 256; ++i)
      make_folders(root_ / "data" / fmt::format("{:02x}", i), folder_mode);
    sync(root_ / "data");
    sync(root_);
    if (made) sync(root_.has_parent_path() ? root_.parent_path() : ".");
  }

  void save(const ObjectName& name, std::string_view bytes) override {
    fs::path path = root_ / name.path();
    fs::path folder = path.parent_path();
    Temporary temporary(path.string() + std::string(temporary_mark) + to_hex(random_bytes(6)));
    {
      Descriptor file(create_file(temporary.path(), folder));
      if (file.get() < 0) fail("write", name, path);
      struct stat info {};
      if (::fstat(file.get(), &info) == 0) remove_stale(folder, info.st_mtime);
      if (!write_all(file.get(), bytes) || (durable_ && ::fsync(file.get()) != 0))
        fail("write", name, path);
    }
    if (::rename(temporary.path().c_str(), path.c_str()) != 0) fail("write", name, path);
    temporary.release();
    sync(folder);
  }

  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    fs::path path = root_ / name.path();
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) {
      if (errno == ENOENT) throw not_found(name);
      fail("read", name, path);
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) fail("read", name, path);
    auto size = static_cast<std::uint64_t>(info.st_size);
    if (offset > size || length > size - offset)
      throw Error(fmt::format("{} ({}) is too short: {} bytes, not the {} asked for",
                              describe(name), path.string(), size, offset + length));
    std::uint64_t wanted = length == 0 ? size - offset : length;
    if (wanted > load_bytes_max)
      throw Error(fmt::format("{} ({}) is larger than any object", describe(name), path.string()));
    std::string out(wanted, '\0');
    for (std::size_t done = 0; done < out.size();) {
      ssize_t n = ::pread(file.get(), out.data() + done, out.size() - done,
                          static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("read", name, path);
      if (n == 0)
        throw Error(
            fmt::format("{} ({}) became shorter while it was read", describe(name), path.string()));
      done += static_cast<std::size_t>(n);
    }
    return out;
  }

  std::vector<ObjectInfo> list(ObjectKind kind) override {
    std::vector<ObjectInfo> out;
    if (kind == ObjectKind::config) {
      if (auto bytes = size({kind, {}})) out.push_back({"", *bytes});
      return out;
    }
    fs::path folder = root_ / object_folder(kind);
    if (kind != ObjectKind::data) {
      list_folder(folder, out);
      return out;
    }
    for_each_entry(folder, [&](const char* entry) {
      // Only "data/ab": whatever else people keep there is not ours.
      if (std::strlen(entry) == 2 && entry[0] != '.') list_folder(folder / entry, out, entry);
    });
    return out;
  }

  // Hidden files belong to the system: a snapshot folder, a desktop's notes.
  std::optional<std::string> stranger() override {
    std::optional<std::string> found;
    for_each_entry(root_, [&](const char* entry) {
      std::string_view name(entry);
      if (!name.starts_with('.') && name != "lost+found" && !is_in_layout(name)) found = name;
    });
    return found;
  }

  std::optional<std::uint64_t> size(const ObjectName& name) override {
    fs::path path = root_ / name.path();
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return static_cast<std::uint64_t>(info.st_size);
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail("look at", name, path);
  }

  void remove(const ObjectName& name) override {
    fs::path path = root_ / name.path();
    if (::unlink(path.c_str()) == 0) return sync(path.parent_path());
    if (errno == ENOENT) throw not_found(name);
    fail("remove", name, path);
  }

 private:
  NotFound not_found(const ObjectName& name) const {
    return NotFound(fmt::format("{} is not in {}", describe(name), location()));
  }

  // A data folder that somebody removed is made again.
  int create_file(const fs::path& path, const fs::path& folder) {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = ::open(path.c_str(), flags, file_mode);
    if (fd >= 0 || errno != ENOENT || !fs::is_directory(root_)) return fd;
    make_folders(folder, folder_mode);
    sync(folder.parent_path());
    return ::open(path.c_str(), flags, file_mode);
  }

  template <typename Each>
  static void for_each_entry(const fs::path& folder, Each each) {
    DIR* handle = ::opendir(folder.c_str());
    if (!handle) {
      if (errno == ENOENT || errno == ENOTDIR) return;
      int code = errno;
      throw Error(fmt::format("cannot list {}: {}", folder.string(), strerror(code)),
                  hint_for(code));
    }
    std::unique_ptr<DIR, int (*)(DIR*)> closer(handle, ::closedir);
    errno = 0;
    while (const dirent* entry = ::readdir(handle)) {
      each(entry->d_name);
      errno = 0;
    }
    if (errno != 0)
      throw Error(fmt::format("cannot list {}: {}", folder.string(), strerror(errno)));
  }

  // `prefix`: what names in this folder begin with; an object in the wrong folder would be listed
  // but never found.
  static void list_folder(const fs::path& folder, std::vector<ObjectInfo>& out,
                          std::string_view prefix = {}) {
    for_each_entry(folder, [&](const char* entry) {
      std::string_view name(entry);
      if (!is_object_name(name) || !name.starts_with(prefix)) return;
      struct stat info {};
      // Gone since it was listed: another process removed it.
      if (::stat((folder / entry).c_str(), &info) != 0) return;
      if (S_ISREG(info.st_mode))
        out.push_back({std::string(name), static_cast<std::uint64_t>(info.st_size)});
    });
  }

  // Removes what a crash left half-written, once per folder. `now`: the file system's own time.
  void remove_stale(const fs::path& folder, std::time_t now) {
    {
      std::lock_guard lock(mutex_);
      if (!cleaned_.insert(folder.string()).second) return;
    }
    for_each_entry(folder, [&](const char* entry) {
      std::string_view name(entry);
      if (name.find(temporary_mark) == std::string_view::npos) return;
      struct stat info {};
      fs::path path = folder / entry;
      if (::stat(path.c_str(), &info) == 0 && now - info.st_mtime > stale_temporary_seconds)
        ::unlink(path.c_str());
    });
  }

  void sync(const fs::path& folder) const {
    if (durable_) sync_folder(folder);
  }

  const fs::path root_;
  const bool durable_;
  std::mutex mutex_;  // guards what follows
  std::set<std::string> cleaned_;
};

}  // namespace

std::unique_ptr<Storage> local_storage(const std::string& path, Durability durability) {
  return std::make_unique<LocalStorage>(path, durability);
}

}  // namespace probackup
