#include "cli/google_token.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "util/log.h"
#include "util/process.h"
#include "util/text.h"

namespace probackup {
namespace {

std::string environment(const char* name) {
  const char* found = std::getenv(name);
  return found ? found : "";
}

std::string run_token_command(const std::string& command, std::stop_token stop) {
  std::string out;
  ProcessOptions options;
  options.output = [&](std::string_view bytes) { out += bytes; };
  auto result = run_process(split_command(command), options, stop);
  if (result.exit_code != 0)
    throw Error(
        fmt::format("the token command failed with {}: {}", result.exit_code, trim(result.errors)),
        "sign in again with the program that it runs");
  return std::string(trim(out.substr(0, out.find('\n'))));
}

std::function<std::string(bool)> signed_in_token(Session& session) {
  auto& tokens = session.access_tokens({"google", session.options().account});
  return [&session, &tokens, last = std::string()](bool renew) mutable {
    std::optional<std::string> token =
        renew ? tokens.renewed(last, session.stop()) : tokens.token(session.stop());
    if (!token)
      throw Error("Google does not accept the sign-in any more",
                  "sign in again: probackup auth login google");
    return last = *token;
  };
}

}  // namespace

std::function<std::string(bool)> google_token(Session& session) {
  std::string fixed = environment("PROBACKUP_GOOGLE_TOKEN");
  std::string command = environment("PROBACKUP_GOOGLE_TOKEN_COMMAND");
  if (fixed.empty() && command.empty()) return signed_in_token(session);
  return [&session, fixed, command](bool renew) {
    if (renew && command.empty())
      throw Error("Google does not accept PROBACKUP_GOOGLE_TOKEN (any more)",
                  "such tokens live for an hour: get a new one, or sign in: probackup auth login "
                  "google");
    std::string token = command.empty() ? fixed : run_token_command(command, session.stop());
    if (token.empty()) throw Error("the token command printed nothing");
    add_secret(token);
    return token;
  };
}

std::string google_address() {
  std::string base = environment("PROBACKUP_GOOGLE_BASE_URL");
  while (base.ends_with('/')) base.pop_back();
  return base.empty() ? GoogleDriveOptions().base_url : base;
}

}  // namespace probackup
