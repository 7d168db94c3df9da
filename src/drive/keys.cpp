#include "drive/keys.h"

#include "util/hash.h"

namespace probackup {

std::string drive_key(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (auto part : parts) ((text += std::to_string(part.size())) += ':') += part;
  return sha256(text).hex().substr(0, 32);
}

std::string short_digest(std::string_view text) {
  return sha256(text).hex().substr(0, 16);
}

}  // namespace probackup
