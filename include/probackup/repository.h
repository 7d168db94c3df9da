// A restic repository, format version 2 (restic, doc/design.rst), in any Storage.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/id.h"
#include "probackup/storage.h"

namespace probackup {

class Index;
class SealedStorage;

enum class BlobType { data, tree };

struct SavedBlob {
  Id id;                           // SHA-256 of the plain bytes
  bool added = false;              // false when the repository already had it
  std::uint64_t stored_bytes = 0;  // sealed length, 0 when it was there
};

// A file or folder in a tree, as restic writes it (doc/design.rst, "Trees and Data").
struct Node {
  std::string name;
  bool folder = false;
  Time time{};                // written as mtime, atime and ctime
  std::uint64_t size = 0;     // bytes, files only
  std::vector<Id> content;    // blobs of a file, in order
  std::optional<Id> subtree;  // tree blob of a folder
  std::string type = {};      // as read: "file", "dir", "symlink"…; set from `folder` on writing
};

struct Snapshot {
  Id id;  // set by save_snapshot and on reading
  Time time{};
  std::optional<Id> parent, original;
  Id tree;
  std::vector<std::string> paths, tags;
  std::string hostname, username, program_version;
  // Counts of the run as restic's "summary" holds them; written only when `has_summary`.
  struct Summary {
    Time backup_start{}, backup_end{};
    std::uint64_t files_new = 0, files_changed = 0, files_unmodified = 0;
    std::uint64_t data_blobs = 0, tree_blobs = 0;
    std::uint64_t data_added = 0, data_added_packed = 0;  // bytes
    std::uint64_t total_files_processed = 0, total_bytes_processed = 0;
  } summary;
  bool has_summary = false;
};

struct RepositoryOptions {
  // Threads that hash, compress and encrypt; 0 takes the number of processors.
  unsigned workers = 0;
  std::uint64_t pack_bytes_target = 16 << 20;
  int compression_level = 2;  // zstd; docs/design.md has the figures
  // For keys and snapshots; empty takes this machine's. Locks always tell this machine's.
  std::string hostname, username;
};

// What one damaged or missing thing is, and what hangs on it.
struct CheckProblem {
  std::string what;   // one line: object, offset, what is wrong
  bool fatal = true;  // false for hints (orphan packs)
  // Of a file that lost a blob: the tree of its snapshot, its path there, and which of its blobs.
  std::optional<Id> tree = {};
  std::string path = {};
  std::size_t position = 0;
};

struct CheckOptions {
  bool read_data = false;
  // With `read_data` only some packs: the n-th of so many parts, a share of all, picked at random,
  // or so many bytes, picked at random. 0: not so.
  unsigned part = 0, parts = 0;
  double percent = 0;
  std::uint64_t bytes = 0;
};

struct CheckReport {
  std::vector<CheckProblem> problems;
  std::uint64_t packs = 0, blobs = 0, snapshots = 0, trees = 0;
  std::uint64_t bytes_read = 0;
  bool healthy() const {
    for (const auto& p : problems)
      if (p.fatal) return false;
    return true;
  }
};

// Counts since open, for reports.
struct RepositoryStats {
  std::uint64_t data_blobs_added = 0, tree_blobs_added = 0;
  std::uint64_t bytes_added = 0;         // plain bytes of added blobs
  std::uint64_t bytes_added_stored = 0;  // sealed bytes of added blobs
};

// An open repository. All methods are safe for concurrent calls. Blobs that were saved can be
// loaded at once, also before their pack is written; nothing refers to them until a snapshot is
// saved.
class Repository {
 public:
  // Makes a new repository (config, first key). Throws Error when one is there already, or
  // something else is.
  static void init(Storage& storage, std::string_view password, Clock& clock,
                   const RepositoryOptions& options = {});
  // Throws Error(no_repository), Error(wrong_password), or Error for a version it does not know.
  // `storage` and `clock` must outlive the repository.
  static std::unique_ptr<Repository> open(Storage& storage, std::string_view password, Clock& clock,
                                          const RepositoryOptions& options = {});
  virtual ~Repository() = default;

  // The repository's id from its config: 64 hex digits.
  virtual std::string id() const = 0;
  virtual Storage& storage() = 0;

  // Reads all index files; called by the first method that needs them. Throws Error for a damaged
  // one.
  virtual void load_index() = 0;

  // Queues a blob; hashing, compression, encryption and packing happen on the workers, and the call
  // blocks while their bounded queue is full. Data that does not shrink is stored uncompressed, and
  // so is all with `compress` false. The future throws what the writing of the blob threw. `bytes`
  // must not be empty.
  virtual std::future<SavedBlob> save_blob(BlobType type, std::string bytes,
                                           bool compress = true) = 0;
  // The plain bytes; checked against the id. Throws Error naming blob and pack when it is missing
  // or damaged: never wrong bytes.
  virtual std::string load_blob(BlobType type, const Id& id) = 0;
  virtual bool has_blob(BlobType type, const Id& id) = 0;
  // The packs that hold the blob; none if it is not stored yet.
  virtual std::vector<Id> packs_of(BlobType type, const Id& id) = 0;
  // Plain length in bytes of a blob; nothing if the repository has none of that id.
  virtual std::optional<std::uint64_t> blob_size(BlobType type, const Id& id) = 0;

  // Nodes are sorted by name and must have unique names.
  virtual Id save_tree(std::vector<Node> nodes) = 0;
  virtual std::vector<Node> load_tree(const Id& id) = 0;

  // Writes all open packs and then the index of everything saved so far.
  virtual void flush() = 0;
  // Flushes, then writes the snapshot and returns its id. `snapshot.id` is ignored.
  virtual Id save_snapshot(const Snapshot& snapshot) = 0;
  // All snapshots, oldest first. Damaged ones are passed to `damaged` (id, why) if given, else
  // thrown. Throws Error when the storage cannot be read.
  virtual std::vector<Snapshot> snapshots(
      const std::function<void(const std::string&, const std::string&)>& damaged = {}) = 0;
  virtual Snapshot load_snapshot(const Id& id) = 0;
  virtual void remove_snapshot(const Id& id) = 0;

  virtual RepositoryStats stats() const = 0;

  // Seals bytes with the repository's master key, for secrets that are kept outside of it. unseal()
  // throws Error when the bytes were changed or sealed by another repository.
  virtual std::string seal(std::string_view plain) = 0;
  virtual std::string unseal(std::string_view sealed) = 0;

  // Verifies that every snapshot can be restored; with `read_data` also that every byte is intact.
  // Looks only at what is stored: flush first. What cannot be read goes into the report; throws
  // Error when the storage cannot be listed, and Error(interrupted) after a request to stop.
  // Progress counts bytes of packs with `read_data`, snapshots without; its calls never overlap.
  virtual CheckReport check(
      const CheckOptions& options, std::stop_token stop,
      const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) = 0;
  CheckReport check(bool read_data, std::stop_token stop,
                    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
    CheckOptions options;
    options.read_data = read_data;
    return check(options, std::move(stop), progress);
  }

  // For the parts of the repository that stand beside this class.

  // Called before every index file and snapshot that is written and before all that is removed, on
  // any thread: what it throws is thrown there. A RepositoryLock sets it to its verify(); empty
  // lets everything pass.
  virtual void set_write_guard(std::function<void()> guard) = 0;
  // A lock, snapshot or index file: its JSON, sealed in the storage. Loading throws NotFound, or
  // Error naming the object when it is damaged.
  virtual std::string load_document(const ObjectName& name) = 0;
  virtual Id save_document(ObjectKind kind, std::string_view json) = 0;
  // What is stored, sealed with this repository's key; lives as long as the repository.
  virtual SealedStorage& objects() = 0;
  // Which blob lies where, loaded.
  virtual const Index& index() = 0;
  // The key file that the password opened, and a new one for another password.
  virtual Id key_in_use() const = 0;
  virtual Id save_key(std::string_view password) = 0;
  // The secret that makes the borders of FileWriter's blobs differ between repositories.
  virtual std::uint64_t chunker_polynomial() const = 0;
};

// Holds a lock as restic does (refreshed every 5 minutes by a thread of its own, removed with the
// object): shared for reading and adding, exclusive for deleting. Throws Error(locked) naming who
// holds it. A lock is stale after 30 minutes, or at once when its process on this host is gone.
class RepositoryLock {
 public:
  RepositoryLock(Repository& repository, bool exclusive, Clock& clock);
  ~RepositoryLock();
  RepositoryLock(const RepositoryLock&) = delete;
  RepositoryLock& operator=(const RepositoryLock&) = delete;
  // Throws Error when the lock was lost (could not be refreshed in time): writing must stop.
  void verify();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the guard of the repository's writes
};

// Removes locks: stale ones, or all. Returns how many.
std::size_t unlock(Repository& repository, bool all, Clock& clock);

struct RetentionReport {
  std::uint64_t objects = 0, extended = 0;
};
// Sees to it that all that a restore of the snapshots reads (packs, index files, keys, the config,
// the snapshots themselves) is locked at least until then, and reads that back. Nothing is
// shortened. Throws Error naming the object that the store does not lock, and Error(interrupted)
// after a request to stop. Hold a lock on the repository.
RetentionReport extend_retention(Repository& repository, const std::vector<Snapshot>& snapshots,
                                 const Retention& wanted, std::stop_token stop);

// Cuts a stream of bytes into blobs of 512 KiB to 8 MiB at borders that depend on the content,
// saves them and collects their ids. For attachments and git bundles. Not for concurrent calls.
class FileWriter {
 public:
  explicit FileWriter(Repository& repository);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  void write(std::string_view bytes);
  // Saves the rest; the result's name and time are for the caller to set.
  Node finish();
  // SHA-256 of everything written, valid after finish().
  Id hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The node at an absolute path ("/github/acme/manifest.json") below a snapshot's tree; nothing if
// there is none. "/" gives a folder node for the tree itself.
std::optional<Node> find_node(Repository& repository, const Id& tree, std::string_view path);
// The bytes of a file node, blob by blob.
void read_file_node(Repository& repository, const Node& node,
                    const std::function<void(std::string_view)>& each);
// The whole file; only for small ones. Throws Error when it is over `bytes_max`.
std::string read_small_file(Repository& repository, const Node& node,
                            std::uint64_t bytes_max = 64 << 20);

}  // namespace probackup
