#include "storage/s3_credentials.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "util/log.h"
#include "util/process.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::chrono::minutes renew_before{5};
constexpr std::size_t output_bytes_max = 1 << 20;

std::optional<S3Credentials> environment_credentials(const Environment& environment) {
  auto key = variable(environment, "AWS_ACCESS_KEY_ID");
  auto secret = variable(environment, "AWS_SECRET_ACCESS_KEY");
  if (!key && !secret) return std::nullopt;
  if (!key || !secret)
    throw Error(
        fmt::format("AWS_{} is set and AWS_{} is not", key ? "ACCESS_KEY_ID" : "SECRET_ACCESS_KEY",
                    key ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID"),
        "set both, or none of them to use a profile or the machine's role");
  return S3Credentials{*key,
                       *secret,
                       variable(environment, "AWS_SESSION_TOKEN").value_or(""),
                       {},
                       "the environment"};
}

S3Credentials run_credential_process(const std::string& command, const std::string& source,
                                     std::stop_token stop) {
  auto words = split_command(command);
  if (words.empty()) throw Error(fmt::format("the credential_process of {} is empty", source));
  std::string out;
  ProcessOptions options;
  options.output = [&](std::string_view bytes) {
    out += bytes;
    if (out.size() > output_bytes_max) throw Error("it prints more than keys");
  };
  auto result = run_process(words, options, stop);
  if (result.exit_code != 0)
    throw Error(fmt::format("the credential_process of {} failed with {}: {}", source,
                            result.exit_code, redact(trim(result.errors))));
  return parse_credentials(out, "SessionToken", "the credential_process of " + source);
}

std::optional<S3Credentials> profile_credentials(const Environment& environment,
                                                 std::stop_token stop) {
  AwsProfile profile = load_aws_profile(environment);
  std::string source = "profile " + profile.name;
  bool asked_for = variable(environment, "AWS_PROFILE").has_value();
  if (!profile.found && asked_for)
    throw Error(fmt::format("there is no {} in the AWS files", source),
                "check AWS_PROFILE, ~/.aws/credentials and ~/.aws/config");
  auto key = profile.setting("aws_access_key_id"),
       secret = profile.setting("aws_secret_access_key");
  if (key && secret)
    return S3Credentials{
        *key, *secret, profile.setting("aws_session_token").value_or(""), {}, source};
  if (auto command = profile.setting("credential_process"))
    return run_credential_process(*command, source, stop);
  bool other_way = profile.setting("sso_session") || profile.setting("sso_start_url") ||
                   profile.setting("role_arn");
  if (asked_for || other_way)
    throw Error(fmt::format("{} holds no keys that probackup can use", source),
                fmt::format("make another profile with credential_process = aws configure "
                            "export-credentials --profile {}",
                            profile.name));
  return std::nullopt;
}

}  // namespace

S3Credentials parse_credentials(const std::string& json, const std::string& token_name,
                                const std::string& source) {
  auto document = nlohmann::json::parse(json, nullptr, false);
  auto text = [&](const std::string& name) -> std::string {
    if (!document.is_object()) return {};
    auto at = document.find(name);
    return at != document.end() && at->is_string() ? at->get<std::string>() : "";
  };
  S3Credentials out{text("AccessKeyId"), text("SecretAccessKey"), text(token_name), {}, source};
  if (out.access_key.empty() || out.secret_key.empty())
    throw Error(fmt::format("{} gives no AccessKeyId and SecretAccessKey", source));
  std::string ends = text("Expiration");
  if (!ends.empty()) {
    out.expires = parse_rfc3339(ends);
    if (!out.expires) throw Error(fmt::format("{} gives keys that end at \"{}\"", source, ends));
  }
  return out;
}

CredentialChain::CredentialChain(Environment environment, Http& http, Clock& clock,
                                 std::stop_token stop)
    : environment_(std::move(environment)), http_(http), clock_(clock), stop_(stop) {}

S3Credentials CredentialChain::load() {
  if (auto found = environment_credentials(environment_)) return *found;
  if (auto found = profile_credentials(environment_, stop_)) return *found;
  if (auto found = container_credentials(environment_, http_)) return *found;
  if (auto found = machine_credentials(environment_, http_)) return *found;
  throw Error(
      "no keys for S3 were found: not in the environment, not in the AWS files, and this "
      "machine has no role",
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
}

S3Credentials CredentialChain::get() {
  std::lock_guard lock(mutex_);
  Time now = clock_.now();
  if (current_ && (!current_->expires || now < *current_->expires - renew_before)) return *current_;
  try {
    current_ = load();
  } catch (const Error& error) {
    if (!current_ || now >= *current_->expires) throw;
    log_warning(fmt::format("the keys for S3 could not be renewed: {}", error.what()));
    return *current_;
  }
  add_secret(current_->secret_key);
  add_secret(current_->session_token);
  return *current_;
}

bool CredentialChain::refresh(const S3Credentials& refused) {
  std::lock_guard lock(mutex_);
  if (!current_ || !current_->expires) return false;
  if (current_->access_key == refused.access_key &&
      current_->session_token == refused.session_token)
    current_.reset();
  return true;
}

}  // namespace probackup
