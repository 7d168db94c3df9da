#include "util/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "probackup/error.h"

namespace probackup {

namespace {

// Looked up once: OpenSSL's one-shot calls look the algorithm up and allocate each time, which
// costs a fifth of hashing a small record.
const EVP_MD* algorithm() {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return found;
}

}  // namespace

Id sha256(std::string_view bytes) {
  thread_local Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  unsigned length = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
            reinterpret_cast<unsigned char*>(out.data()), &length))
    throw Error("OpenSSL cannot make an HMAC");
  return out;
}

std::string md5(std::string_view bytes) {
  std::string out(16, '\0');
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
                 EVP_md5(), nullptr) != 1)
    throw Error("this system's OpenSSL makes no MD5 digests",
                "S3 needs them to find damaged uploads; is this a system in FIPS mode?");
  return out;
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { restart(); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void restart() {
    if (!context || EVP_DigestInit_ex2(context, algorithm(), nullptr) != 1)
      throw Error("OpenSSL cannot start a SHA-256 digest");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Id Sha256::finish() {
  Id id;
  EVP_DigestFinal_ex(state_->context, id.bytes.data(), nullptr);
  state_->restart();
  return id;
}

}  // namespace probackup
