// The config object of a repository (restic, doc/design.rst, "Repository Layout").
#pragma once

#include <string>
#include <string_view>

#include "repository/polynomial.h"

namespace probackup {

inline constexpr unsigned repository_version = 2;

struct RepositoryConfig {
  std::string id;  // 64 hex digits
  Polynomial polynomial = 0;

  static RepositoryConfig random();
};

std::string print_config(const RepositoryConfig& config);
// Throws Error for another version, and for what restic would not take.
RepositoryConfig parse_config(std::string_view json);

}  // namespace probackup
