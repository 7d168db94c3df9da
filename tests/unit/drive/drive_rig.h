// A source, a Drive server, and syncs between them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../export/memory_source.h"
#include "fake/drive_server.h"
#include "memory_drive.h"
#include "probackup/drive.h"

namespace probackup::test {

// Waits end at once and are added up.
class InstantClock final : public Clock {
 public:
  Time now() override { return Time(std::chrono::seconds(1'717'171'717)) + slept; }
  std::chrono::nanoseconds steady() override { return slept; }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    slept += duration;
    return !stop.stop_requested();
  }
  std::chrono::nanoseconds slept{0};
};

struct DriveRig {
  MemorySource source;
  std::vector<DeletedItem> deleted;
  DriveServer server;
  InstantClock clock;
  std::unique_ptr<Http> http = curl_http();
  MemoryOfDrive memory;
  DriveOptions options;
  std::string folder;  // of Drive, "" for the default
  std::string token = "good-token";
  std::string next_token;      // given when the first one is refused
  std::uint64_t requests = 0;  // of the last sync

  DriveRig() { options.folders = {"boards"}; }
  std::unique_ptr<DriveTarget> target(std::stop_token stop = {});
  DriveReport sync(std::stop_token stop = {});
  DriveReport sync_to(DriveTarget& target, std::stop_token stop = {});
  // The error's message, and its hint.
  std::string sync_error();
  std::vector<std::string> paths() const;

  // A board with cards; each card has a comment.
  void add_board(const std::string& key, const std::string& title, int cards);
};

// The streams of an account of boards, cards and comments.
MemorySource small_account();

// What a spreadsheet would hold: sheet name, then rows of texts, the header first.
using SheetTexts = std::vector<std::pair<std::string, std::vector<std::vector<std::string>>>>;

}  // namespace probackup::test
