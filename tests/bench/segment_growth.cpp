// A year of daily runs on the real code: how a repository grows for several sizes of segments.
//
//   segment_growth FOLDER [RECORDS] [DAYS]     FOLDER must not exist; restic must be on the PATH
//
// Every day 1 % of the records change, uniformly or preferring a tenth of them nine times in ten.
// It prints the growth a day, scaled to a million records, and what is left after `restic forget
// --keep-daily 30 --keep-monthly 12 --prune`.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "job/singer.h"
#include "probackup/job.h"
#include "util/process.h"

using namespace probackup;

namespace {

// One run a day, at noon.
class DailyClock final : public Clock {
 public:
  Time now() override { return day_ + (step_ += std::chrono::milliseconds(1)); }
  std::chrono::nanoseconds steady() override { return now().time_since_epoch(); }
  // Short waits pass at once; the long ones of the lock's refresh last until they are stopped.
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    if (duration < std::chrono::minutes(1)) return !stop.stop_requested();
    return system_clock().sleep(std::chrono::hours(24), stop);
  }
  void next_day() {
    day_ += std::chrono::hours(24);
    step_ = {};
  }

 private:
  Time day_{std::chrono::hours(24 * 19'900 + 12)};
  std::chrono::nanoseconds step_{};
};

std::string make_record(std::mt19937_64& random, std::uint64_t number) {
  static const std::vector<std::string> words = {
      "account",  "archive",  "assign",  "backup",   "board",    "branch",   "budget",   "card",
      "change",   "client",   "comment", "contract", "customer", "deadline", "delivery", "design",
      "document", "draft",    "email",   "estimate", "feature",  "field",    "follow",   "goal",
      "group",    "import",   "invoice", "issue",    "label",    "launch",   "letter",   "market",
      "meeting",  "message",  "month",   "network",  "number",   "offer",    "order",    "owner",
      "panel",    "payment",  "phone",   "plan",     "price",    "print",    "process",  "product",
      "profile",  "project",  "quarter", "question", "queue",    "release",  "report",   "request",
      "review",   "schedule", "section", "server",   "share",    "sprint",   "status",   "story",
      "summary",  "support",  "target",  "team",     "template", "title",    "update",   "value"};
  std::string text;
  for (int i = 0; i < 100; ++i) text += words[random() % words.size()] + " ";
  return fmt::format(
      R"({{"id":{},"gid":"{:016x}{:08x}","name":"{} {}","notes":"{}","completed":{},)"
      R"("created_at":"2024-{:02}-{:02}T10:{:02}:{:02}.{:03}Z","modified_at":"2025-{:02}-{:02}T10:{:02}:{:02}.{:03}Z",)"
      R"("assignee":{{"gid":"{}","resource_type":"user"}},"memberships":[{{"project":{{"gid":"{}"}}}}],)"
      R"("permalink_url":"https://app.example.com/0/{}/{}"}})",
      number, random(), static_cast<std::uint32_t>(random()), words[random() % words.size()],
      words[random() % words.size()], text, random() % 2 ? "true" : "false", random() % 12 + 1,
      random() % 28 + 1, random() % 60, random() % 60, random() % 1000, random() % 12 + 1,
      random() % 28 + 1, random() % 60, random() % 60, random() % 1000, random() % 10'000'000'000,
      1'200'000'000 + random() % 400, random() % 10'000'000'000, number);
}

std::uintmax_t size_of(const std::filesystem::path& folder) {
  std::uintmax_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) sum += entry.file_size();
  return sum;
}

void simulate(const std::filesystem::path& folder, const SegmentPolicy& policy, bool skewed,
              std::uint64_t records, int days) {
  DailyClock clock;
  auto storage = local_storage(folder.string());
  Repository::init(*storage, "growth", clock);
  auto repository = Repository::open(*storage, "growth", clock);
  auto catalog = Catalog::open(":memory:", repository->id());
  PlainDescriber describer;
  std::mt19937_64 random(1);
  BackupOptions options;
  options.segments = policy;
  std::vector<std::uint64_t> changed;
  BackupSource source;
  source.source = {"simulated", skewed ? "skewed" : "uniform"};
  source.settings = "{}";
  source.describer = &describer;
  source.feed = [&](BackupSink& sink, std::stop_token) {
    sink.begin_stream("tasks", false);
    for (auto number : changed) {
      Record record;
      record.stream = "tasks";
      record.key = std::to_string(number);
      record.raw = make_record(random, number);
      describer.describe(record);
      sink.record(std::move(record));
    }
    StreamResult result;
    result.stream = "tasks";
    result.complete = true;
    sink.end_stream(result);
  };
  for (std::uint64_t i = 0; i < records; ++i) changed.push_back(i);
  backup({*repository, *catalog, clock}, source, options, {});
  auto base = size_of(folder);
  std::uintmax_t after_month = 0;
  for (int day = 1; day <= days; ++day) {
    clock.next_day();
    changed.clear();
    for (std::uint64_t i = 0; i < records / 100; ++i) {
      bool hot = skewed && random() % 10 != 0;
      changed.push_back(hot ? random() % (records / 10) * 10 : random() % records);
    }
    backup({*repository, *catalog, clock}, source, options, {});
    if (day == days - 30) after_month = size_of(folder);
  }
  auto grown = size_of(folder);
  double scale = 1e6 / static_cast<double>(records);
  ProcessOptions process;
  process.environment = {{"RESTIC_PASSWORD", "growth"}};
  auto result = run_process({"restic", "-q", "-r", folder.string(), "--no-cache", "forget",
                             "--keep-daily", "30", "--keep-monthly", "12", "--prune"},
                            process);
  double kept = result.exit_code == 0 ? static_cast<double>(size_of(folder)) * scale / 1e9 : NAN;
  fmt::print("{:<8} {:>5} {:>8} {:>9.3f} {:>12.1f} {:>12.1f} {:>10.2f} {:>10.2f}\n",
             skewed ? "skewed" : "uniform", policy.fresh_bytes >> 10, policy.touched_bytes >> 10,
             static_cast<double>(base) * scale / 1e9,
             static_cast<double>(grown - base) * scale / 1e6 / days,
             days > 30 ? static_cast<double>(grown - after_month) * scale / 1e6 / 30 : NAN,
             static_cast<double>(grown) * scale / 1e9, kept);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print("usage: segment_growth FOLDER [RECORDS] [DAYS]\n");
    return 2;
  }
  std::filesystem::path folder = argv[1];
  std::uint64_t records = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 50'000;
  int days = argc > 3 ? std::atoi(argv[3]) : 365;
  fmt::print("{} records, {} days, 1 % changed a day; all figures for a million records\n", records,
             days);
  fmt::print("{:<8} {:>5} {:>8} {:>9} {:>12} {:>12} {:>10} {:>10}\n", "changes", "fresh", "touched",
             "base GB", "MB/day", "last 30 d", "year GB", "kept GB");
  int number = 0;
  for (bool skewed : {false, true})
    for (auto [fresh, touched] :
         {std::pair{64, 64}, {32, 32}, {16, 16}, {64, 16}, {64, 8}, {64, 4}, {128, 8}}) {
      SegmentPolicy policy;
      policy.fresh_bytes = static_cast<std::size_t>(fresh) << 10;
      policy.touched_bytes = static_cast<std::size_t>(touched) << 10;
      auto place = folder / std::to_string(++number);
      simulate(place, policy, skewed, records, days);
      std::filesystem::remove_all(place);
    }
  return 0;
}
