// Key files: the master key, sealed with a key that a password gives (restic, doc/design.rst,
// "Keys, Encryption and MAC").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probackup/clock.h"
#include "repository/crypto.h"

namespace probackup {

// The JSON of a new key file for `master`.
std::string make_key_file(const SealKey& master, std::string_view password, Time created,
                          const std::string& username, const std::string& hostname,
                          const ScryptCost& cost = {});

// The master key, or nothing when `password` is not this file's. Throws Error when the file is no
// proper key file.
std::optional<SealKey> open_key_file(std::string_view json, std::string_view password);

}  // namespace probackup
