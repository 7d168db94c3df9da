// SHA-256, and what S3 asks for beside it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "probackup/id.h"

namespace probackup {

// The digest of one piece of memory. Safe for concurrent calls.
Id sha256(std::string_view bytes);
// HMAC-SHA-256 (RFC 2104): 32 bytes. Safe for concurrent calls.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// MD5: 16 bytes. It finds damage on the way and protects from nobody. Throws Error where the
// system's OpenSSL forbids it. Safe for concurrent calls.
std::string md5(std::string_view bytes);

// A digest built piece by piece. Not for concurrent calls on one object.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // The digest of all updates; the object starts anew after it.
  Id finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace probackup
