// JSON Web Tokens signed with RSA and SHA-256 (RFC 7519; RS256 of RFC 7518).
#pragma once

#include <string>

namespace probackup {

// `claims` is a JSON object. `pem`: an RSA private key, PKCS #1 or PKCS #8, without a passphrase.
// Throws Error(usage) for anything else.
std::string signed_jwt(const std::string& claims, const std::string& pem);

}  // namespace probackup
