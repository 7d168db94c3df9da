// Whatever goes wrong on the way, a snapshot holds the truth or says what it lacks.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "catch.h"
#include "http/url.h"
#include "rig.h"
#include "util/text.h"

using namespace probackup;
using namespace probackup::test;

namespace {

constexpr Fault faults[] = {Fault::limit_429, Fault::error_500, Fault::cut_body,     Fault::slow,
                            Fault::html,      Fault::half_json, Fault::repeated_page};

// All kinds of faults at once, often enough that each comes up.
FaultPlan bad_day(std::uint64_t seed, unsigned times_max) {
  FaultPlan plan;
  plan.seed = seed;
  for (const Fault fault : faults) plan.rules.push_back({fault, "", 0.05, 0, times_max});
  return plan;
}

std::vector<std::string> unexplained(Rig& rig, const std::vector<std::string>& lines,
                                     const std::vector<Gap>& gaps) {
  std::vector<std::string> out;
  for (const auto& line : lines)
    if (!rig.is_explained(line, gaps)) out.push_back(line);
  return out;
}

// A disturbed run; the snapshot that it left, if any. Only a network that gives no answers may end
// it: what else goes wrong must become a gap.
std::optional<Id> try_backup(Rig& rig) {
  const auto before = rig.newest();
  rig.server().clear_log();
  try {
    return rig.backup().snapshot;
  } catch (const NetworkError& error) {
    INFO("the run ended: " << error.what());
    REQUIRE(rig.server().fault_counts()[Fault::cut_body] > 0);
  }
  const auto after = rig.newest();
  return after == before ? std::nullopt : after;
}

// The path of a listing, however its pages name the repository that it belongs to.
std::string listing_of(const std::string& url) {
  auto path = parse_url(url)->path;
  const auto parts = split(path, '/');
  if (parts.size() > 3 && parts[1] == "repositories")
    return "/repos/*/" + join({parts.begin() + 3, parts.end()}, "/");
  if (parts.size() > 4 && parts[1] == "repos")
    return "/repos/*/" + join({parts.begin() + 4, parts.end()}, "/");
  return path;
}

// Gaps of whole listings that nobody disturbed. A gap of GraphQL counts as disturbed with any other
// request there.
std::vector<std::string> unprovoked(Rig& rig, const std::vector<Gap>& gaps) {
  std::set<std::string> disturbed;
  for (const auto& entry : rig.server().log())
    if (entry.fault != Fault::none)
      disturbed.insert(listing_of(rig.server().origin() + entry.path));
  std::vector<std::string> out;
  for (const auto& gap : gaps)
    if (gap.key.empty() && (gap.url.empty() || !disturbed.contains(listing_of(gap.url))))
      out.push_back(fmt::format("{} {}: {}", gap.stream, gap.url, gap.reason));
  return out;
}

// What is not there, and was there before and after a run, as it was: as "STREAM/KEY: missing". A
// record that moved from a list that was read later into one that was read earlier cannot be seen;
// neither can what hangs below it, which names it.
std::vector<std::string> lost_of(Rig& rig, const Expected& before, const Expected& after,
                                 const Contents& contents) {
  std::map<std::string, std::string> stayed;  // texts by line
  std::set<std::string> unseen;               // ids
  for (const auto& [stream, records] : before) {
    const auto now = after.find(stream);
    const auto have = contents.streams.find(stream);
    for (const auto& [key, raw] : records) {
      const auto line = fmt::format("{}/{}: missing", stream, key);
      if (have != contents.streams.end() && have->second.contains(key)) continue;
      if (rig.is_explained(line, contents.gaps)) continue;
      const bool is_same =
          now != after.end() && now->second.contains(key) && now->second.at(key) == raw;
      if (is_same)
        stayed.emplace(line, raw);
      else
        unseen.insert(key);
    }
  }
  const auto key_of = [](const std::string& line) {
    const auto begin = line.find('/') + 1;
    return line.substr(begin, line.rfind(':') - begin);
  };
  for (;;) {
    const auto is_below = [&](const auto& record) {
      return std::any_of(unseen.begin(), unseen.end(), [&](const std::string& id) {
        return record.second.find('"' + id + '"') != std::string::npos;
      });
    };
    const auto found = std::find_if(stayed.begin(), stayed.end(), is_below);
    if (found == stayed.end()) break;
    unseen.insert(key_of(found->first));
    stayed.erase(found);
  }
  std::vector<std::string> out;
  for (const auto& [line, raw] : stayed) out.push_back(line);
  return out;
}

void require_truth(Rig& rig) {
  rig.server().set_faults({});
  const auto report = rig.backup();
  const auto lines = rig.differences(rig.contents(report.snapshot), false);
  INFO(join(lines, "\n").substr(0, 3000));
  REQUIRE(lines.empty());
  CHECK(report.gaps.empty());
  for (const auto& stream : report.streams) {
    CAPTURE(stream.name);
    CHECK(stream.complete);
  }
}

}  // namespace

TEST_CASE("With faults on the way a run holds the truth or names what is missing") {
  const auto app = GENERATE(from_range(app_names()));
  // Faults that retries overcome, and faults that stay.
  const unsigned times_max = GENERATE(2U, 1000U);
  for (std::uint64_t seed = 1; seed <= seed_count(2); ++seed) {
    CAPTURE(app, seed, times_max);
    MemoryStorage storage;
    Rig rig(app, seed, {}, storage);
    for (unsigned round = 0; round < 2; ++round) {
      CAPTURE(round);
      rig.server().set_faults(bad_day(seed * 10 + round, times_max));
      if (const auto snapshot = try_backup(rig)) {
        const auto contents = rig.contents(*snapshot);
        const auto lines = unexplained(rig, rig.differences(contents, false), contents.gaps);
        INFO(join(lines, "\n").substr(0, 3000));
        REQUIRE(lines.empty());
        const auto whole_listings = unprovoked(rig, contents.gaps);
        INFO(join(whole_listings, "\n").substr(0, 3000));
        REQUIRE(whole_listings.empty());
      }
      rig.clock().sleep(rig.app().seen_after(), {});
      rig.app().mutate(seed * 1000 + round, 10);
      rig.clock().sleep(rig.app().seen_after(), {});
      require_truth(rig);
      rig.clock().sleep(rig.app().seen_after(), {});
      rig.app().mutate(seed * 1000 + 500 + round, 10);
    }
  }
}

TEST_CASE("While the account changes, no record that stays the same is lost") {
  const auto app = GENERATE(from_range(app_names()));
  for (std::uint64_t seed = 1; seed <= seed_count(2); ++seed) {
    CAPTURE(app, seed);
    MemoryStorage storage;
    Rig rig(app, seed, {}, storage);
    for (unsigned round = 0; round < 2; ++round) {
      CAPTURE(round);
      FaultPlan plan;
      plan.seed = seed + round;
      plan.rules.push_back({Fault::data_changes, "", 0.3, 0, 1});
      rig.server().set_faults(plan);
      const auto before = rig.app().expected();
      const auto snapshot = try_backup(rig);
      REQUIRE(snapshot);
      const auto after = rig.app().expected();
      const auto contents = rig.contents(*snapshot);
      const auto lost = lost_of(rig, before, after, contents);
      INFO(join(lost, "\n").substr(0, 3000));
      REQUIRE(lost.empty());
      // What hangs below a record that was deleted meanwhile is not there to be listed.
      auto gaps = contents.gaps;
      std::erase_if(gaps, [](const Gap& gap) { return gap.status == 404 || gap.status == 410; });
      const auto whole_listings = unprovoked(rig, gaps);
      INFO(join(whole_listings, "\n").substr(0, 3000));
      REQUIRE(whole_listings.empty());
      rig.clock().sleep(rig.app().seen_after(), {});
      require_truth(rig);
      rig.clock().sleep(rig.app().seen_after(), {});
    }
  }
}

TEST_CASE("A network without answers ends the run, and the next run is complete") {
  const auto app = GENERATE(from_range(app_names()));
  CAPTURE(app);
  MemoryStorage storage;
  Rig rig(app, 4, {}, storage);
  FaultPlan plan;
  plan.rules.push_back({Fault::cut_body, "", 1, 0, 1000});
  rig.server().set_faults(plan);
  CHECK_THROWS_AS(rig.backup(), NetworkError);
  CHECK_FALSE(rig.newest());
  require_truth(rig);
}

TEST_CASE("A quota of a day that is too small for a run pauses it until all is read") {
  const auto app = GENERATE(from_range(app_names()));
  CAPTURE(app);
  MemoryStorage measured;
  Rig whole(app, 5, {}, measured);
  const auto calls = whole.backup().requests;

  MemoryStorage storage;
  Rig rig(app, 5, {}, storage);
  FaultPlan plan;
  plan.retry_after = std::chrono::hours(20);
  plan.rules.push_back({Fault::limit_429, "", 0, 0, 0, {}, 1 + calls * 3 / 4});
  std::uint64_t asked = 0;
  bool is_whole = false;
  for (int day = 0; !is_whole; ++day) {
    REQUIRE(day < 5);
    CAPTURE(day);
    rig.server().set_faults(plan);
    const auto before = rig.clock().now();
    const auto report = rig.backup();
    asked += report.requests;
    is_whole = !report.partial;
    CHECK(is_whole == !report.paused_until);
    CHECK(is_whole == report.unread.empty());
    CHECK(rig.clock().now() - before < std::chrono::hours(2));
    if (report.paused_until) {
      CHECK(*report.paused_until - before >= std::chrono::hours(20));
      rig.clock().sleep(*report.paused_until - rig.clock().now(), {});
    }
  }
  CHECK(asked < calls * 2);
  const auto lines = rig.differences(rig.contents(*rig.newest()), false);
  INFO(join(lines, "\n").substr(0, 3000));
  CHECK(lines.empty());
  require_truth(rig);
}
