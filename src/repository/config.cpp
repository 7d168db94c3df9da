#include "repository/config.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "probackup/error.h"
#include "repository/document.h"
#include "util/bytes.h"
#include "util/random.h"

namespace probackup {

RepositoryConfig RepositoryConfig::random() {
  return {to_hex(random_bytes(32)), random_polynomial()};
}

std::string print_config(const RepositoryConfig& config) {
  return print_document({{"version", repository_version},
                         {"id", config.id},
                         {"chunker_polynomial", fmt::format("{:x}", config.polynomial)}});
}

RepositoryConfig parse_config(std::string_view json) {
  auto document = parse_document(json);
  auto version = number_member(document, "version");
  if (version != repository_version)
    throw Error(fmt::format("the repository has format version {}, this program needs {}", version,
                            repository_version),
                version == 1 ? "run `restic migrate upgrade_repo_v2` on it" : "");
  RepositoryConfig config;
  config.id = id_member(document, "id").hex();
  std::string digits = text_member(document, "chunker_polynomial");
  auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), config.polynomial, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() ||
      !is_irreducible(config.polynomial))
    throw Error("\"chunker_polynomial\" is no irreducible polynomial");
  return config;
}

}  // namespace probackup
