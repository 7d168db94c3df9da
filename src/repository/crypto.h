// Encryption as restic does it (restic, doc/design.rst, "Keys, Encryption and MAC").
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace probackup {

// The three keys that seal bytes: AES-256 for the content, AES-128 and r for Poly1305-AES.
struct SealKey {
  std::array<std::uint8_t, 32> encrypt{};
  std::array<std::uint8_t, 16> mac_k{}, mac_r{};

  static SealKey random();
};

inline constexpr std::size_t seal_overhead = 32;  // IV of 16 bytes before, MAC of 16 behind

// Seals and opens bytes with one key. Keeps OpenSSL's contexts, so it is quick for small pieces;
// one per thread. Throws Error when OpenSSL fails.
class Sealer {
 public:
  explicit Sealer(const SealKey& key);
  ~Sealer();
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;

  // Appends IV || AES-256-CTR(plain) || Poly1305-AES(cipher text) to `out`.
  void seal(std::string_view plain, std::string& out);
  // The plain bytes, or nothing when the seal is broken: changed bytes or another key.
  std::optional<std::string> open(std::string_view sealed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// scrypt's cost (RFC 7914).
struct ScryptCost {
  std::uint64_t n = 32768, r = 8, p = 1;
};

// Throws Error for costs that are invalid or beyond what a key file may demand of us: 512 MiB, and
// some seconds.
void check_cost(const ScryptCost& cost);

// The seal key that a password and a salt give. Throws as check_cost() does.
SealKey derive_key(std::string_view password, std::string_view salt, const ScryptCost& cost);

}  // namespace probackup
