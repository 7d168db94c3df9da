#include "repository/key.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "probackup/error.h"
#include "repository/document.h"
#include "util/bytes.h"
#include "util/random.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t salt_bytes = 64;

std::string bytes_member(const nlohmann::json& object, const char* name, std::size_t size) {
  auto bytes = from_base64(text_member(object, name));
  if (!bytes || (size != 0 && bytes->size() != size))
    throw Error(std::string("\"") + name + "\" is no base64 of the right length");
  return *bytes;
}

template <std::size_t N>
std::string base64(const std::array<std::uint8_t, N>& bytes) {
  return to_base64({reinterpret_cast<const char*>(bytes.data()), N});
}

template <std::size_t N>
void take(const nlohmann::json& object, const char* name, std::array<std::uint8_t, N>& out) {
  std::memcpy(out.data(), bytes_member(object, name, N).data(), N);
}

}  // namespace

std::string make_key_file(const SealKey& master, std::string_view password, Time created,
                          const std::string& username, const std::string& hostname,
                          const ScryptCost& cost) {
  nlohmann::ordered_json secret = {
      {"mac", {{"k", base64(master.mac_k)}, {"r", base64(master.mac_r)}}},
      {"encrypt", base64(master.encrypt)}};
  std::string salt = random_bytes(salt_bytes), sealed;
  Sealer(derive_key(password, salt, cost)).seal(print_document(secret), sealed);
  return print_document({{"created", format_rfc3339(created)},
                         {"username", username},
                         {"hostname", hostname},
                         {"kdf", "scrypt"},
                         {"N", cost.n},
                         {"r", cost.r},
                         {"p", cost.p},
                         {"salt", to_base64(salt)},
                         {"data", to_base64(sealed)}});
}

std::optional<SealKey> open_key_file(std::string_view json, std::string_view password) {
  auto file = parse_document(json);
  if (text_member(file, "kdf") != "scrypt") throw Error("\"kdf\" is not scrypt");
  ScryptCost cost{number_member(file, "N"), number_member(file, "r"), number_member(file, "p")};
  std::string salt = bytes_member(file, "salt", salt_bytes), sealed = bytes_member(file, "data", 0);
  auto opened = Sealer(derive_key(password, salt, cost)).open(sealed);
  if (!opened) return std::nullopt;
  auto secret = parse_document(*opened);
  auto mac = secret.find("mac");
  if (mac == secret.end() || !mac->is_object()) throw Error("\"mac\" is missing or no object");
  SealKey master;
  take(*mac, "k", master.mac_k);
  take(*mac, "r", master.mac_r);
  take(secret, "encrypt", master.encrypt);
  return master;
}

}  // namespace probackup
