#include "signin/jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "probackup/error.h"
#include "util/bytes.h"

namespace probackup {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// A key with a passphrase must not make OpenSSL ask on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

KeyPtr read_key(const std::string& pem) {
  std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  if (!key)
    throw Error(ErrorKind::usage, "the private key cannot be read",
                "it must be an RSA key in PEM, as the app gave it, without a passphrase");
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    throw Error(ErrorKind::usage, "the private key is no RSA key",
                "the app gives a key of that kind for this purpose");
  return key;
}

}  // namespace

std::string signed_jwt(const std::string& claims, const std::string& pem) {
  std::string text = to_base64url(R"({"alg":"RS256","typ":"JWT"})") + "." + to_base64url(claims);
  KeyPtr key = read_key(pem);
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  std::string signature;
  bool good = context &&
              EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  if (good) {
    signature.resize(size);
    good = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                          bytes, text.size()) == 1;
    signature.resize(good ? size : 0);
  }
  if (!good) throw Error("OpenSSL cannot sign with the private key");
  return text + "." + to_base64url(signature);
}

}  // namespace probackup
