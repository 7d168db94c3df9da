// Key files: the master key, sealed with a key that a password gives (restic, doc/design.rst,
// "Keys, Encryption and MAC").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probackup/clock.h"
#include "repository/crypto.h"

namespace probackup {

// Key files that are tried with a password, as restic does: each costs a tenth of a second and
// more.
inline constexpr std::size_t keys_tried_max = 20;

// The JSON of a new key file for `master`.
std::string make_key_file(const SealKey& master, std::string_view password, Time created,
                          const std::string& username, const std::string& hostname,
                          const ScryptCost& cost = {});

// The master key, or nothing when `password` is not this file's. Throws Error when the file is no
// proper key file.
std::optional<SealKey> open_key_file(std::string_view json, std::string_view password);

}  // namespace probackup
