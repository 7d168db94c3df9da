#include "repository/crypto.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <climits>
#include <cstring>

#include "probackup/error.h"
#include "util/random.h"

namespace probackup {
namespace {

constexpr std::size_t iv_bytes = 16, mac_bytes = 16;
constexpr std::size_t sealed_bytes_max = INT_MAX;  // OpenSSL counts in int
constexpr std::uint64_t scrypt_memory_max = 512 << 20, scrypt_work_max = 1 << 24;

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using Mac = std::unique_ptr<EVP_MAC, Deleter<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;
using Kdf = std::unique_ptr<EVP_KDF, Deleter<EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Deleter<EVP_KDF_CTX_free>>;

void require(bool ok, const char* what) {
  if (!ok) throw Error(fmt::format("OpenSSL failed: {}", what));
}

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(char* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

CipherContext cipher_context(const EVP_CIPHER* cipher, const std::uint8_t* key) {
  CipherContext context(EVP_CIPHER_CTX_new());
  require(context && EVP_EncryptInit_ex2(context.get(), cipher, key, nullptr, nullptr) == 1,
          "starting AES");
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

}  // namespace

SealKey SealKey::random() {
  SealKey key;
  std::string bytes = random_bytes(64);
  std::memcpy(key.encrypt.data(), bytes.data(), 32);
  std::memcpy(key.mac_k.data(), bytes.data() + 32, 16);
  std::memcpy(key.mac_r.data(), bytes.data() + 48, 16);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

struct Sealer::State {
  explicit State(const SealKey& key)
      : content(cipher_context(EVP_aes_256_ctr(), key.encrypt.data())),
        nonce(cipher_context(EVP_aes_128_ecb(), key.mac_k.data())),
        algorithm(EVP_MAC_fetch(nullptr, "POLY1305", nullptr)),
        mac(algorithm ? EVP_MAC_CTX_new(algorithm.get()) : nullptr) {
    require(mac != nullptr, "starting Poly1305");
    std::memcpy(mac_key, key.mac_r.data(), 16);
  }
  ~State() { OPENSSL_cleanse(mac_key, sizeof mac_key); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // CTR mode is its own inverse.
  void crypt(const unsigned char* iv, std::string_view from, char* to) {
    int n = 0;
    require(EVP_EncryptInit_ex2(content.get(), nullptr, nullptr, iv, nullptr) == 1 &&
                EVP_EncryptUpdate(content.get(), out(to), &n, in(from),
                                  static_cast<int>(from.size())) == 1,
            "AES-256-CTR");
  }

  // The one-time key is r || AES-128(k, IV).
  void authenticate(const unsigned char* iv, std::string_view cipher_text, unsigned char* tag) {
    int n = 0;
    require(EVP_EncryptUpdate(nonce.get(), mac_key + 16, &n, iv, iv_bytes) == 1, "AES-128-ECB");
    std::size_t length = 0;
    require(EVP_MAC_init(mac.get(), mac_key, sizeof mac_key, nullptr) == 1 &&
                EVP_MAC_update(mac.get(), in(cipher_text), cipher_text.size()) == 1 &&
                EVP_MAC_final(mac.get(), tag, &length, mac_bytes) == 1,
            "Poly1305");
  }

  CipherContext content, nonce;
  Mac algorithm;
  MacContext mac;
  unsigned char mac_key[32];
};

Sealer::Sealer(const SealKey& key) : state_(std::make_unique<State>(key)) {}
Sealer::~Sealer() = default;
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;

void Sealer::seal(std::string_view plain, std::string& sealed) {
  if (plain.size() > sealed_bytes_max) throw Error("more than 2 GiB cannot be sealed at once");
  std::size_t start = sealed.size();
  sealed.resize(start + plain.size() + seal_overhead);
  char* at = sealed.data() + start;
  require(RAND_bytes(out(at), iv_bytes) == 1, "random bytes");
  char* cipher_text = at + iv_bytes;
  state_->crypt(out(at), plain, cipher_text);
  state_->authenticate(out(at), {cipher_text, plain.size()}, out(cipher_text + plain.size()));
}

std::optional<std::string> Sealer::open(std::string_view sealed) {
  if (sealed.size() < seal_overhead || sealed.size() > sealed_bytes_max) return std::nullopt;
  std::string_view iv = sealed.substr(0, iv_bytes);
  std::string_view cipher_text = sealed.substr(iv_bytes, sealed.size() - seal_overhead);
  static constexpr char zero[iv_bytes] = {};
  if (std::memcmp(iv.data(), zero, iv_bytes) == 0) return std::nullopt;  // never written
  unsigned char tag[mac_bytes];
  state_->authenticate(in(iv), cipher_text, tag);
  if (CRYPTO_memcmp(tag, sealed.data() + sealed.size() - mac_bytes, mac_bytes) != 0)
    return std::nullopt;
  std::string plain(cipher_text.size(), '\0');
  state_->crypt(in(iv), cipher_text, plain.data());
  return plain;
}

void check_cost(const ScryptCost& cost) {
  bool sane = cost.n > 1 && (cost.n & (cost.n - 1)) == 0 && cost.r > 0 && cost.p > 0;
  bool small = cost.n <= scrypt_work_max && cost.r <= scrypt_work_max && cost.p <= scrypt_work_max;
  if (!sane || !small || 128 * cost.n * cost.r > scrypt_memory_max ||
      cost.n * cost.r > scrypt_work_max / cost.p)
    throw Error(
        fmt::format("scrypt with N={} r={} p={} is not acceptable", cost.n, cost.r, cost.p));
}

SealKey derive_key(std::string_view password, std::string_view salt, const ScryptCost& cost) {
  check_cost(cost);
  Kdf kdf(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr));
  KdfContext context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  require(context != nullptr, "starting scrypt");
  std::uint64_t n = cost.n, r = cost.r, p = cost.p, memory = 2 * scrypt_memory_max;
  std::string pass(password), salt_copy(salt);  // OSSL_PARAM wants them mutable
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, pass.data(), pass.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy.data(), salt_copy.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
      OSSL_PARAM_construct_end()};
  unsigned char derived[64];
  int ok = EVP_KDF_derive(context.get(), derived, sizeof derived, parameters);
  OPENSSL_cleanse(pass.data(), pass.size());
  require(ok == 1, "scrypt");
  SealKey key;
  std::memcpy(key.encrypt.data(), derived, 32);
  std::memcpy(key.mac_k.data(), derived + 32, 16);
  std::memcpy(key.mac_r.data(), derived + 48, 16);
  OPENSSL_cleanse(derived, sizeof derived);
  return key;
}

}  // namespace probackup
