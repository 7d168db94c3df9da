// Where the objects of a repository lie: a folder, an S3 bucket, memory; and wrappers around them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/error.h"

namespace probackup {

// The kinds of object in a restic repository; each is a folder of that layout, but `config`, which
// is one object.
enum class ObjectKind { config, key, lock, snapshot, index, data };

struct ObjectName {
  ObjectKind kind;
  std::string name;  // 64 lower-case hex digits; empty for the config
  // Of a pack: it holds trees, which are read again and again. Only a cache looks at it.
  bool metadata = false;

  // The path in restic's layout: "config", "keys/<name>", "data/ab/<name>".
  std::string path() const;
};

struct ObjectInfo {
  std::string name;
  std::uint64_t size = 0;  // bytes
};

// Thrown by load, size and remove for an object that is not there.
class NotFound : public Error {
 public:
  using Error::Error;
};

// Thrown by save when the store is full: the disk, or the quota of whom it belongs to.
class NoSpace : public Error {
 public:
  using Error::Error;
};

// A failure that may pass when the same call is made again: an overloaded or restarting server, or
// an upload that arrived damaged. NetworkError (http.h) tells the same of the way there.
class TemporaryError : public Error {
 public:
  // `wait`: how long the server asks to stay away, if it says so.
  TemporaryError(const std::string& message, std::string hint,
                 std::optional<std::chrono::nanoseconds> wait = {})
      : Error(message, std::move(hint)), wait_(wait) {}
  std::optional<std::chrono::nanoseconds> wait() const { return wait_; }

 private:
  std::optional<std::chrono::nanoseconds> wait_;
};

// How an object is locked against removal: governance can be lifted by whoever has a special right,
// compliance by nobody.
enum class RetentionMode { governance, compliance };

struct Retention {
  RetentionMode mode;
  Time until;
};

// What remove_many could not remove.
struct RemoveFailure {
  std::string name;
  std::string why;  // one line
};

// A flat store of objects that are written once and never changed. Every method may be called from
// several threads at once, and throws Error (NotFound where it says so) naming the object.
class Storage {
 public:
  virtual ~Storage() = default;
  // For people: the path or the URL, without secrets.
  virtual std::string location() const = 0;
  // Makes what the layout needs (folders); does nothing if it exists.
  virtual void create() = 0;
  // Writes an object whole: once this returns it survives a crash or power cut, and no reader ever
  // sees part of it. Saving the same name twice with the same bytes is allowed.
  virtual void save(const ObjectName& name, std::string_view bytes) = 0;
  // `length` bytes from `offset`, or all from `offset` when `length` is 0. Throws NotFound, or
  // Error when the object is shorter than asked.
  virtual std::string load(const ObjectName& name, std::uint64_t offset = 0,
                           std::uint64_t length = 0) = 0;
  // All objects of a kind in no special order; names that are not 64 hex digits are left out.
  virtual std::vector<ObjectInfo> list(ObjectKind kind) = 0;
  // The object's size in bytes, or nothing if it is not there.
  virtual std::optional<std::uint64_t> size(const ObjectName& name) = 0;
  // Throws NotFound, and Error saying until when where the object is locked.
  virtual void remove(const ObjectName& name) = 0;
  // Removes all it can and returns what stayed, with the reasons. One that is not there counts as
  // removed. Throws Error when the store cannot be asked at all.
  virtual std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                                 const std::vector<std::string>& names);

  // Something that lies here and does not belong to a repository's layout, for the message of an
  // init; nothing when there is none, or this store cannot tell.
  virtual std::optional<std::string> stranger();

  // Object lock.

  // What keeps the object from being removed now; nothing when nothing does, and in a store without
  // object lock.
  virtual std::optional<Retention> active_lock(const ObjectName& name);
  // Removes an object whose content stands in others by now, also a locked one: a store with object
  // lock keeps versions, so that its bytes stay until the lock ends. Throws NotFound.
  virtual void hide(const ObjectName& name);

  // A store without object lock throws Error from both of these.

  // How long the object is locked; nothing when it is not.
  virtual std::optional<Retention> retention(const ObjectName& name);
  // Locks the object until then and reads that back. Throws Error when the store does not confirm
  // it, and for locks/, which must stay removable. A store does not shorten a compliance lock.
  virtual void set_retention(const ObjectName& name, const Retention& retention);
};

// What a finished save survives: a power cut, or only the end of the process.
enum class Durability { power_cut, process };

// A repository in a local folder. Nothing is touched before the first call.
std::unique_ptr<Storage> local_storage(const std::string& path,
                                       Durability durability = Durability::power_cut);

// --- wrappers: each is a Storage around another one ---

struct RetryPolicy {
  std::chrono::nanoseconds first_wait = std::chrono::milliseconds(500);  // doubled each time
  std::chrono::nanoseconds wait_max = std::chrono::minutes(1);
  std::chrono::nanoseconds total_max = std::chrono::minutes(15);  // from the first try to the last
};

// Makes a call again after a TemporaryError or a retryable NetworkError, until one succeeds or the
// policy's time is over; other errors pass at once. Waits a random part of the doubled time (from
// half to all of it), or as long as the server asks. `random` gives numbers from 0 to below 1, and
// may be called from several threads. Once `stop` is requested nothing is tried again; calls as
// such go on, since a stopped run writes what it has.
std::unique_ptr<Storage> retrying_storage(std::unique_ptr<Storage> inner, const RetryPolicy& policy,
                                          Clock& clock, std::function<double()> random,
                                          std::stop_token stop = {});

struct StorageLimits {
  std::uint64_t upload_rate = 0, download_rate = 0;  // bytes a second; 0 is no limit
  unsigned parallel = 0;                             // calls under way at once; 0 is no limit
};

// Keeps whole calls below these limits: one waits until what went before it would be through at
// that rate.
std::unique_ptr<Storage> limited_storage(std::unique_ptr<Storage> inner,
                                         const StorageLimits& limits, Clock& clock);

struct CacheOptions {
  std::string folder;                    // each repository has a folder of its own below it
  std::uint64_t bytes_max = 1ull << 30;  // of one repository; what was not used for longest goes
};

// Keeps copies of indexes, snapshots and packs of trees in a local folder, so that they are fetched
// once; not of data. Copies are held against their SHA-256 before they are used. The folder may be
// removed at any time and shared by processes; where it cannot be written, a warning is logged and
// the inner storage does the work.
std::unique_ptr<Storage> caching_storage(std::unique_ptr<Storage> inner,
                                         const CacheOptions& options);

// Reads the inner storage and never changes it. What is saved is kept in a temporary file and can
// be read back through this object; what is removed looks removed.
std::unique_ptr<Storage> dry_run_storage(std::unique_ptr<Storage> inner);

// --- by URL ---

struct S3Options {
  std::string region;  // empty: environment, profile, host name, us-east-1
  enum class Style { by_host, path, virtual_host } style = Style::by_host;
  std::string storage_class;  // of packs; empty leaves it to the bucket
  std::string encryption;     // "", "AES256" or "aws:kms"
  std::string kms_key;        // with aws:kms; empty takes the account's own
  unsigned connections = 8;   // requests under way at once
};

// Locks what is uploaded, but locks/, for that long from the upload on.
struct RetentionRule {
  RetentionMode mode = RetentionMode::governance;
  unsigned days = 0;
};

struct StorageOptions {
  // Environment variables; empty means that none is set.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::string ca_file;            // PEM; empty takes the system's
  bool allow_plain_http = false;  // s3:http:// to hosts other than this machine
  S3Options s3;
  std::optional<RetentionRule> retention;
  CacheOptions cache;  // of stores that are not on this machine; without a folder there is none
  std::uint64_t upload_rate = 0, download_rate = 0;  // bytes a second; 0 is no limit
  RetryPolicy retry;
  Clock* clock = &system_clock();
  std::stop_token stop;  // ends waits before another try
};

// Sets one option from text such as "s3.region=eu-central-1"; docs/storage.md lists them. Throws
// Error(usage) for one it does not know.
void set_storage_option(StorageOptions& options, std::string_view text);

// Opens what a repository URL names: a path, or s3:https://HOST[:PORT]/BUCKET[/PREFIX], which comes
// with limits and retries. Nothing is touched or asked before the first call. Throws Error(usage)
// for a URL it does not know.
std::unique_ptr<Storage> open_storage(const std::string& url, const StorageOptions& options = {});

}  // namespace probackup
