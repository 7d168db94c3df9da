// What the tests of S3 share.
#pragma once

#include <map>
#include <string>

#include "probackup/storage.h"
#include "s3_server.h"

namespace probackup {

// An environment that holds just these variables.
inline std::function<std::optional<std::string>(const std::string&)> s3_environment(
    std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    auto at = values.find(name);
    if (at == values.end()) return std::nullopt;
    return at->second;
  };
}

// Options with the server's keys and short waits between tries.
inline StorageOptions s3_test_options(const S3Server& server) {
  StorageOptions options;
  options.environment = s3_environment({{"AWS_ACCESS_KEY_ID", server.options().access_key},
                                        {"AWS_SECRET_ACCESS_KEY", server.options().secret_key}});
  options.clock = server.options().clock;
  options.retry.first_wait = options.retry.wait_max = std::chrono::milliseconds(1);
  options.retry.total_max = std::chrono::seconds(2);
  return options;
}

}  // namespace probackup
