#include "util/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "probackup/error.h"

namespace probackup {

Id sha256(std::string_view bytes) {
  Id id;
  // The one-shot call picks the processor's SHA instructions and allocates nothing.
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), id.bytes.data());
  return id;
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { restart(); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void restart() {
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1)
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
