#include "util/hash.h"

#include <openssl/evp.h>

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
