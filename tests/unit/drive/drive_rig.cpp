#include "drive_rig.h"

#include <fmt/format.h>

#include "probackup/error.h"

namespace probackup::test {

MemorySource small_account() {
  MemorySource out;
  out.stream("boards", {}, "Boards");
  out.stream("cards", {"boards"}, "Cards");
  out.stream("comments", {"cards"}, "Comments");
  return out;
}

std::unique_ptr<DriveTarget> DriveRig::target(std::stop_token stop) {
  GoogleDriveOptions google;
  google.folder = folder;
  google.repository = "0123456789abcdef0123456789abcdef";
  google.base_url = server.url();
  google.stop = stop;
  google.token = [this](bool renew) {
    if (renew) {
      if (next_token.empty())
        throw Error("Google does not renew the sign-in (invalid_grant)",
                    "sign in again: probackup auth login google");
      token = next_token;
    }
    return token;
  };
  return google_drive(*http, clock, std::move(google));
}

DriveReport DriveRig::sync_to(DriveTarget& to, std::stop_token stop) {
  DriveInput input{source,
                   [&](const auto& each) {
                     for (const auto& item : deleted) each(item);
                   },
                   [](const ExportFile&) { return true; }};
  return sync_drive(input, to, memory, options, stop);
}

DriveReport DriveRig::sync(std::stop_token stop) {
  auto to = target(stop);
  try {
    DriveReport report = sync_to(*to, stop);
    requests = to->requests();
    return report;
  } catch (...) {
    requests = to->requests();
    throw;
  }
}

std::string DriveRig::sync_error() {
  try {
    sync();
  } catch (const Error& error) {
    return std::string(error.what()) + " / " + error.hint();
  }
  return "";
}

std::vector<std::string> DriveRig::paths() const {
  std::vector<std::string> out;
  for (const auto& [path, object] : server.tree()) out.push_back(path);
  return out;
}

void DriveRig::add_board(const std::string& key, const std::string& title, int cards) {
  if (source.stream_list.empty()) source = small_account();
  source.add("boards", {key, "", "", title, "https://app.example/" + key,
                        fmt::format(R"({{"id":"{}","name":"{}"}})", key, title)});
  for (int i = 0; i < cards; ++i) {
    std::string card = fmt::format("{}-card-{:04d}", key, i);
    source.add("cards", {card, "boards", key, fmt::format("Card {} of {}", i, title), "",
                         fmt::format(R"({{"id":"{}","n":{},"created_at":"2024-05-01T10:00:00Z"}})",
                                     card, i)});
    source.add("comments", {card + "-c", "cards", card, "", "",
                            fmt::format(R"({{"id":"{}-c","text":"Hello {}"}})", card, i)});
  }
}

}  // namespace probackup::test
