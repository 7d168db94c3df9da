// manifest.json and gaps.jsonl: what a snapshot says about itself.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/catalog.h"
#include "probackup/clock.h"

namespace probackup {

struct ManifestStream {
  std::string title;
  std::vector<std::string> parents;  // streams that its records hang below
  std::uint64_t records = 0;
  bool complete = true;           // every listing ended without a gap
  bool behind = false;            // as in PriorStream
  std::optional<Time> since;      // the next run may ask for changes from here on
  std::optional<Time> last_full;  // as in PriorStream
  std::optional<Time> last_refresh;
  std::map<std::string, std::string> feeds;  // as in StreamResult
  // Start of the run that read it through; only while a run that paused is to be gone on with.
  std::optional<Time> read;
  std::uint64_t requests = 0;    // API calls
  std::set<std::string> shared;  // keys of records that several listings name

  bool operator==(const ManifestStream&) const = default;
};

// Why and until when a run paused.
struct ManifestPause {
  Time until{};
  std::string why;
  std::vector<std::string> unread;  // streams that were not read through
};

struct Manifest {
  std::string app, app_title, account;
  std::string connector;  // its version
  std::string program_version;
  Time started{};
  nlohmann::json settings;  // of the connector, without secrets
  std::map<std::string, ManifestStream> streams;
  std::uint64_t gaps = 0;
  std::vector<std::string> suspicious;  // why this snapshot wants a look
  bool partial = false;                 // the run was cut short
  std::optional<ManifestPause> paused;  // by the app's limits

  std::string print() const;
  // Throws Error for text that is no manifest, or one of a later version.
  static Manifest parse(std::string_view json);
};

// One line of gaps.jsonl, with its '\n'.
std::string print_gap(const Gap& gap);
std::vector<Gap> parse_gaps(std::string_view jsonl);
nlohmann::ordered_json gap_to_json(const Gap& gap);

}  // namespace probackup
