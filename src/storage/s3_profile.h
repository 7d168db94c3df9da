// The files ~/.aws/config and ~/.aws/credentials, as every S3 tool reads them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace probackup {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
// The variable's value; nothing when it is unset or empty, or `environment` is.
std::optional<std::string> variable(const Environment& environment, const std::string& name);

struct AwsProfile {
  std::string name;
  bool found = false;  // in one of the files
  // Of both files; where both have a setting, the credentials file's.
  std::map<std::string, std::string> settings;
  std::optional<std::string> setting(const std::string& key) const;
};

// The profile that AWS_PROFILE names, or "default". Files that are not there are empty;
// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others. Throws Error for a file that cannot
// be read.
AwsProfile load_aws_profile(const Environment& environment);

// The sections of such a file. Lines that belong to the line above are left out.
std::map<std::string, std::map<std::string, std::string>> parse_aws_file(std::string_view text);

}  // namespace probackup
