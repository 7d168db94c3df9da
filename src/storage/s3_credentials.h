// Where the keys for S3 come from.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>

#include "probackup/clock.h"
#include "probackup/http.h"
#include "storage/s3_profile.h"
#include "storage/s3_sign.h"

namespace probackup {

// Looks for keys in the order of the AWS tools: the variables AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY, the profile (with credential_process), the container's service, the
// machine's metadata service (IMDSv2). Safe for concurrent calls.
class CredentialChain {
 public:
  // `http` and `clock` must outlive the chain. `stop` ends a credential_process.
  CredentialChain(Environment environment, Http& http, Clock& clock, std::stop_token stop);

  // The present keys, asked for anew before they end. Throws Error saying where it looked when
  // there are none, and where a place holds something unusable.
  S3Credentials get();
  // A server says that these keys ended: true if the next get() may bring others.
  bool refresh(const S3Credentials& refused);

 private:
  S3Credentials load();

  const Environment environment_;
  Http& http_;
  Clock& clock_;
  const std::stop_token stop_;
  std::mutex mutex_;  // guards what follows
  std::optional<S3Credentials> current_;
};

// The two services that hand out keys of a role; nothing where this machine has no such service.
std::optional<S3Credentials> container_credentials(const Environment& environment, Http& http);
std::optional<S3Credentials> machine_credentials(const Environment& environment, Http& http);
// Keys out of the JSON document that the services and a credential_process print. `token_name` is
// the member that holds the session token. Throws Error naming `source`.
S3Credentials parse_credentials(const std::string& json, const std::string& token_name,
                                const std::string& source);

}  // namespace probackup
