// Names of objects in restic's layout (restic, doc/design.rst, "Repository Layout").
#pragma once

#include <string_view>

#include "probackup/storage.h"

namespace probackup {

// The folder of a kind, relative to the repository: "keys", "data"…; "" for the config.
std::string_view object_folder(ObjectKind kind);
// What a kind is called in messages: "key", "pack"…
std::string_view object_word(ObjectKind kind);
// True for 64 lower-case hex digits.
bool is_object_name(std::string_view name);
// True for paths that begin as those of a repository's objects do: "data/…", "config".
bool is_in_layout(std::string_view path);
// For messages: "pack 0123abcd…" with the whole name, or "the config".
std::string describe(const ObjectName& name);

}  // namespace probackup
