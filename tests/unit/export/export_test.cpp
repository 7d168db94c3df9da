// Raw records, items, attachments, and how an export begins, stops and starts again.
#include "probackup/export.h"

#include <sys/resource.h>

#include <csignal>

#include "board_account.h"
#include "catch.h"
#include "readers.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;

namespace {

const std::set<ExportFormat> all_formats{ExportFormat::jsonl, ExportFormat::json, ExportFormat::csv,
                                         ExportFormat::html};

ExportResult export_all(MemorySource& source, const std::filesystem::path& target,
                        bool overwrite = false, std::stop_token stop = {}) {
  return export_snapshot(source, target, {all_formats, true}, overwrite, std::move(stop));
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool has_partial(const std::map<std::string, std::string>& files) {
  for (const auto& [path, bytes] : files)
    if (path.find("partial") != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("JSONL files are the raw lines byte for byte, in the order of the snapshot") {
  MemorySource source = board_account();
  source.add("cards", {"odd", "lists", "none", "odd", "",
                       R"({"n":12345678901234567890.10,"e":"\u00e9\ud83d","z":1e400})"});
  TempFolder folder;
  export_snapshot(source, folder.path() / "out", {{ExportFormat::jsonl}, true}, false, {});
  for (const auto& stream : source.stream_list) {
    std::string expected;
    for (const auto& record : source.rows[stream.name]) expected += record.raw + "\n";
    CHECK(read_file(folder.path() / "out/records" / (stream.name + ".jsonl")) == expected);
  }
}

TEST_CASE("an item's file keeps every digit and escape and is indented") {
  MemorySource source;
  source.stream("cards");
  source.add(
      "cards",
      {"1", "", "", "one", "",
       R"({"n":12345678901234567890.10,"e":"\u00e9 {[,:\"","l":[],"o":{},"d":[1,{"a":null}]})"});
  TempFolder folder;
  export_all(source, folder.path());
  CHECK(read_file(folder.path() / "items/cards/1.json") == R"({
  "n": 12345678901234567890.10,
  "e": "\u00e9 {[,:\"",
  "l": [],
  "o": {},
  "d": [
    1,
    {
      "a": null
    }
  ]
}
)");
}

TEST_CASE("attachments, gaps and the manifest are written, and counted") {
  MemorySource source = board_account();
  TempFolder folder;
  std::uint64_t reports = 0;
  auto result = export_snapshot(source, folder.path(), {all_formats, true}, false, {},
                                [&](const ExportResult&) { ++reports; });
  CHECK(result.records == 21);
  CHECK(result.files == 2);
  CHECK(reports > 20);
  CHECK(read_file(folder.path() / "files/cards/att-1/logo.png") == source.file_list[0].bytes);
  CHECK(read_file(folder.path() / "files/cards/att-2/Brand%20guide.pdf") ==
        source.file_list[1].bytes);
  CHECK(read_file(folder.path() / "manifest.json") == source.manifest());
  CHECK_THAT(read_file(folder.path() / "gaps.jsonl"),
             ContainsSubstring("\"status\":403") && ContainsSubstring("\"stream\":\"comments\""));
  std::uint64_t bytes = 0;
  for (const auto& [path, content] : read_tree(folder.path())) bytes += content.size();
  CHECK(result.bytes == bytes);
}

TEST_CASE("without attachments none is written, and the pages say so") {
  MemorySource source = board_account();
  TempFolder folder;
  auto result = export_snapshot(source, folder.path(), {{ExportFormat::html}, false}, false, {});
  CHECK(result.files == 0);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "files"));
  CHECK_THAT(read_file(folder.path() / "html/pages/cards/5f04ab000000000000000006.html"),
             ContainsSubstring("attachments were not exported"));
}

TEST_CASE("a second export into the same folder names what is in the way, or replaces it") {
  MemorySource source = board_account();
  TempFolder folder;
  export_all(source, folder.path());
  auto before = read_tree(folder.path());
  CHECK_THAT(error_of([&] { export_all(source, folder.path()); }),
             ContainsSubstring("manifest.json exists already"));
  CHECK(read_tree(folder.path()) == before);
  std::filesystem::remove(folder.path() / "manifest.json");
  std::filesystem::remove(folder.path() / "gaps.jsonl");
  CHECK_THAT(error_of([&] { export_all(source, folder.path()); }),
             ContainsSubstring("exists already"));
  export_all(source, folder.path(), true);
  CHECK(read_tree(folder.path()) == before);
}

TEST_CASE("an interrupted export leaves whole files only and is completed by a second run") {
  MemorySource source = board_account();
  TempFolder whole, folder;
  export_all(source, whole.path());
  int records = 0, stop_at = GENERATE(1, 7, 15, 30);
  std::stop_source stop;
  source.before_record = [&] {
    if (++records == stop_at) stop.request_stop();
  };
  try {
    export_all(source, folder.path(), false, stop.get_token());
    FAIL("it was not interrupted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
  auto files = read_tree(folder.path()), expected = read_tree(whole.path());
  CHECK_FALSE(has_partial(files));
  CHECK_FALSE(files.contains("manifest.json"));
  for (const auto& [path, bytes] : files) CHECK(expected[path] == bytes);
  source.before_record = {};
  // What a killed process would leave.
  std::filesystem::create_directories(folder.path() / "records");
  write_file_atomic(folder.path() / "records/.partial~cards.jsonl", "half");
  export_all(source, folder.path(), true);
  CHECK(read_tree(folder.path()) == expected);
}

TEST_CASE("an attachment of the wrong size or that cannot be read is reported after all others") {
  MemorySource source = board_account();
  source.file_list[0].file.size += 1;
  source.attach("cards", "x", "att-9", "late.txt", "late");
  TempFolder folder;
  CHECK_THAT(error_of([&] { export_all(source, folder.path()); }),
             ContainsSubstring("1 attachment(s)") && ContainsSubstring("logo.png"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "files/cards/att-1/logo.png"));
  CHECK(read_file(folder.path() / "files/cards/att-9/late.txt") == "late");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "manifest.json"));
  CHECK(std::filesystem::exists(folder.path() / "index.html"));
}

TEST_CASE("a file that cannot be written is named with the reason, and no half of it stays") {
  MemorySource source;
  source.stream("cards");
  source.attach("cards", "1", "big", "big.bin", std::string(3 << 20, 'x'));
  TempFolder folder;
  // A limit on file sizes stands in for a full disk.
  struct rlimit old {};
  getrlimit(RLIMIT_FSIZE, &old);
  struct rlimit tight = old;
  tight.rlim_cur = 1 << 20;
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &tight);
  std::string message = error_of([&] {
    export_snapshot(source, folder.path(), {{ExportFormat::jsonl}, true}, false, {});
  });
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  CHECK_THAT(message, ContainsSubstring("cannot write") && ContainsSubstring("big.bin") &&
                          ContainsSubstring("File too large"));
  CHECK_FALSE(has_partial(read_tree(folder.path())));
}

TEST_CASE("a target that is a file is refused") {
  MemorySource source = board_account();
  TempFolder folder;
  write_file_atomic(folder.path() / "out", "a file");
  CHECK_THROWS_AS(export_all(source, folder.path() / "out"), Error);
  CHECK_THROWS_AS(export_all(source, folder.path() / "out/below"), Error);
}

TEST_CASE("an account without records gives a complete export") {
  MemorySource source;
  source.stream("cards");
  TempFolder folder;
  CHECK(export_all(source, folder.path()).records == 0);
  auto files = read_tree(folder.path());
  CHECK(files["records/cards.jsonl"].empty());
  CHECK(read_csv(folder.path() / "tables/cards.csv").size() == 1);
  CHECK(html_fault(files["index.html"]) == "");
}
