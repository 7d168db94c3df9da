#include "storage/object_name.h"

#include <algorithm>

namespace probackup {

std::string_view object_folder(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::config:
      return "";
    case ObjectKind::key:
      return "keys";
    case ObjectKind::lock:
      return "locks";
    case ObjectKind::snapshot:
      return "snapshots";
    case ObjectKind::index:
      return "index";
    case ObjectKind::data:
      return "data";
  }
  return "";
}

std::string_view object_word(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::config:
      return "config";
    case ObjectKind::key:
      return "key";
    case ObjectKind::lock:
      return "lock";
    case ObjectKind::snapshot:
      return "snapshot";
    case ObjectKind::index:
      return "index";
    case ObjectKind::data:
      return "pack";
  }
  return "";
}

bool is_object_name(std::string_view name) {
  return name.size() == 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_in_layout(std::string_view path) {
  std::string_view first = path.substr(0, path.find('/'));
  for (ObjectKind kind : {ObjectKind::key, ObjectKind::lock, ObjectKind::snapshot,
                          ObjectKind::index, ObjectKind::data})
    if (first == object_folder(kind)) return true;
  return path == "config";
}

std::string describe(const ObjectName& name) {
  if (name.kind == ObjectKind::config) return "the config";
  return std::string(object_word(name.kind)) + " " + name.name;
}

std::string ObjectName::path() const {
  if (kind == ObjectKind::config) return "config";
  std::string out(object_folder(kind));
  out += '/';
  if (kind == ObjectKind::data) out += name.substr(0, 2) + "/";
  return out + name;
}

}  // namespace probackup
