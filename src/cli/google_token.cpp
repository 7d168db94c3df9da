#include "cli/google_token.h"

#include <fmt/format.h>

#include <cstdlib>

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

}  // namespace

std::function<std::string(bool)> google_token(Session& session) {
  std::string fixed = environment("PROBACKUP_GOOGLE_TOKEN");
  std::string command = environment("PROBACKUP_GOOGLE_TOKEN_COMMAND");
  if (fixed.empty() && command.empty())
    throw Error(ErrorKind::usage, "nobody is signed in to Google",
                "set PROBACKUP_GOOGLE_TOKEN_COMMAND to a command that prints an access token, or "
                "copy to a folder: --local DIR");
  return [&session, fixed, command](bool renew) {
    if (renew && command.empty())
      throw Error("Google does not accept PROBACKUP_GOOGLE_TOKEN (any more)",
                  "such tokens live for an hour: get a new one, or set "
                  "PROBACKUP_GOOGLE_TOKEN_COMMAND");
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
