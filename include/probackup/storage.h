// Where the objects of a repository lie: a folder, an S3 bucket, memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/error.h"

namespace probackup {

// The kinds of object in a restic repository; each is a folder of that layout, but `config`, which
// is one object.
enum class ObjectKind { config, key, lock, snapshot, index, data };

struct ObjectName {
  ObjectKind kind;
  std::string name;  // 64 lower-case hex digits; empty for the config

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
  // `length` bytes from `offset`, or all from `offset` when `length` is 0. Throws NotFound, or Error
  // when the object is shorter than asked.
  virtual std::string load(const ObjectName& name, std::uint64_t offset = 0,
                           std::uint64_t length = 0) = 0;
  // All objects of a kind in no special order; names that are not 64 hex digits are left out.
  virtual std::vector<ObjectInfo> list(ObjectKind kind) = 0;
  // The object's size in bytes, or nothing if it is not there.
  virtual std::optional<std::uint64_t> size(const ObjectName& name) = 0;
  // Throws NotFound.
  virtual void remove(const ObjectName& name) = 0;
};

// A repository in a local folder. Nothing is touched before the first call.
std::unique_ptr<Storage> local_storage(const std::string& path);

// Opens what a repository URL names: a path. Throws Error(usage) for a URL it does not know.
std::unique_ptr<Storage> open_storage(const std::string& url);

}  // namespace probackup
