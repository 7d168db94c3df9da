#include "drive/google_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;

constexpr std::size_t message_bytes_max = 300;

std::string text_at(const json& object, const char* name) {
  auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

struct Known {
  std::string_view reason, what, hint;
};

constexpr std::array<Known, 12> known{{
    {"storageQuotaExceeded", "the Drive is full",
     "free space, empty the trash, write to a shared drive, or use --attachments none"},
    {"teamDriveFileLimitExceeded", "the shared drive holds as many files as it may",
     "use another shared drive, or --attachments none"},
    {"numChildrenInNonRootLimitExceeded", "the folder holds as many files as it may",
     "move files out of it"},
    {"dailyLimitExceeded", "the requests that Google allows a day are used up",
     "run it again tomorrow, or raise the quota in the Google Cloud console"},
    {"accessNotConfigured", "the Drive API is not switched on for the sign-in's Google project",
     "switch on the Google Drive API in the Google Cloud console"},
    {"insufficientPermissions", "the sign-in does not allow this",
     "sign in again with the scope drive.file: probackup auth login google"},
    {"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "the sign-in does not allow this",
     "sign in again with the scope drive.file: probackup auth login google"},
    {"insufficientFilePermissions", "the account may not write there any more",
     "have the folder shared with the account again, as editor or content manager"},
    {"insufficientParentPermissions", "the account may not write to the folder",
     "have the folder shared with the account again, as editor or content manager"},
    {"appNotAuthorizedToFile", "the app was not given access to this file",
     "let probackup make its own folder (without --folder), or use a service account"},
    {"domainPolicy", "the organisation's administrators do not allow Drive apps",
     "ask them to allow the app"},
    {"authError", "Google does not accept the sign-in any more",
     "sign in again: probackup auth login google"},
}};

}  // namespace

bool GoogleError::limited() const {
  return status == 429 || reason == "rateLimitExceeded" || reason == "userRateLimitExceeded";
}

bool GoogleError::passes() const {
  return limited() || status == 408 || (status >= 500 && status <= 504);
}

GoogleError google_error(const HttpResponse& response) {
  GoogleError out;
  out.status = response.status;
  auto body = json::parse(response.body, nullptr, false);
  if (body.is_discarded() || !body.is_object() || !body.contains("error")) return out;
  const json& error = body["error"];
  out.message = text_at(error, "message");
  if (out.message.size() > message_bytes_max) out.message.resize(message_bytes_max);
  out.message = valid_utf8(out.message);
  if (error.is_object() && error.contains("errors") && error["errors"].is_array() &&
      !error["errors"].empty())
    out.reason = text_at(error["errors"][0], "reason");
  // The newer form names the reason in a detail.
  if (error.is_object() && error.contains("details") && error["details"].is_array())
    for (const auto& detail : error["details"])
      if (auto reason = text_at(detail, "reason"); !reason.empty()) out.reason = reason;
  return out;
}

void throw_google_error(const GoogleError& error, const std::string& doing) {
  auto found = std::find_if(known.begin(), known.end(),
                            [&](const Known& each) { return each.reason == error.reason; });
  if (found != known.end())
    throw Error(fmt::format("cannot {}: {} ({})", doing, found->what, error.reason),
                std::string(found->hint));
  if (error.status == 401)
    throw Error(fmt::format("cannot {}: Google does not accept the sign-in any more", doing),
                "sign in again: probackup auth login google");
  if (error.is_gone())
    throw Error(
        fmt::format("cannot {}: it is not there any more, or not shared with the account", doing),
        "run it again; if the folder was shared away, name another with --folder");
  if (error.limited())
    throw Error(
        fmt::format("cannot {}: Google still answers that there are too many requests", doing),
        "run it again later: what is done is kept");
  throw Error(fmt::format("cannot {}: Google answered {}{}{}", doing, error.status,
                          error.message.empty() ? "" : ": ", error.message),
              "run it again; what is done is kept");
}

}  // namespace probackup
