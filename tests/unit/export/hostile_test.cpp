// Names and folders that want out of the target.
#include <unistd.h>

#include "catch.h"
#include "memory_source.h"
#include "readers.h"
#include "util/file.h"
#include "util/text.h"

using namespace probackup;
using namespace probackup::test;

namespace {

const ExportOptions everything{
    {ExportFormat::jsonl, ExportFormat::json, ExportFormat::csv, ExportFormat::html}, true};

// Every path below `target` fits any common file system, and no two differ in case only.
void check_paths(const std::filesystem::path& target) {
  std::set<std::string> lower;
  for (const auto& [path, bytes] : read_tree(target)) {
    CAPTURE(path);
    CHECK(lower.insert(to_lower(path)).second);
    for (const auto& part : split(path, '/')) {
      CHECK(part.size() <= 240);
      CHECK(part.find_first_of(std::string_view("\0\n\\:*?\"<>|", 10)) == std::string::npos);
    }
  }
}

}  // namespace

TEST_CASE("hostile ids and names stay below the target, each with its own bytes") {
  const std::vector<std::string> names{"../../etc/passwd",
                                       "..",
                                       ".",
                                       "",
                                       "/",
                                       "a/b",
                                       std::string("nul\0byte", 8),
                                       "CON",
                                       "con",
                                       "Readme.TXT",
                                       "README.txt",
                                       "a\nb",
                                       "\xF0\x9F\x92\x8C",
                                       "\xFF\xFE broken",
                                       std::string(10'000, 'x'),
                                       std::string(10'000, 'x') + "y",
                                       std::string(10'000, 'X'),
                                       ".partial~1.json",
                                       "<script>alert(1)</script>"};
  MemorySource source;
  source.stream("../up");
  source.stream("UP", {"../up"});
  source.stream("up");
  for (const auto& stream : {"../up", "UP", "up"})
    for (const auto& name : names) {
      source.add(stream, {name, stream == std::string("UP") ? "../up" : "", name, name, name,
                          "{\"number\":" + std::to_string(source.rows[stream].size()) + "}"});
      source.attach(stream, name, name, name, name + "'s bytes");
    }
  TempFolder folder;
  auto target = folder.path() / "a/b/target";
  auto result = export_snapshot(source, target, everything, false, {});
  CHECK(result.records == 3 * names.size());
  CHECK(result.files == 3 * names.size());
  check_paths(target);

  auto files = read_tree(folder.path());
  std::size_t items = 0;
  std::multiset<std::string> bytes;
  for (const auto& [path, content] : files) {
    CHECK(path.starts_with("a/b/target/"));
    if (path.starts_with("a/b/target/items/")) ++items;
    if (path.starts_with("a/b/target/files/")) bytes.insert(content);
    CAPTURE(path);
    if (path.ends_with(".html")) CHECK(html_fault(content) == "");
  }
  CHECK(items == 3 * names.size());
  for (const auto& name : names) CHECK(bytes.count(name + "'s bytes") == 3);
}

TEST_CASE("the same id twice gives two files") {
  MemorySource source;
  source.stream("cards");
  for (int i = 0; i < 4; ++i)
    source.add("cards", {"same", "", "", "same", "", fmt::format("{{\"n\":{}}}", i)});
  TempFolder folder;
  export_snapshot(source, folder.path(), everything, false, {});
  std::set<std::string> contents;
  for (const auto& [path, bytes] : read_tree(folder.path() / "items")) contents.insert(bytes);
  CHECK(contents.size() == 4);
}

TEST_CASE("planted symbolic links are not followed") {
  MemorySource source;
  source.stream("cards");
  source.add("cards", {"1", "", "", "one", "", "{\"id\":1}"});
  source.attach("cards", "1", "att", "name.txt", "attachment");
  TempFolder folder;
  auto target = folder.path() / "target", outside = folder.path() / "outside";
  std::filesystem::create_directories(target);
  std::filesystem::create_directories(outside);
  write_file_atomic(outside / "victim", "untouched");

  SECTION("a folder that is a link is refused") {
    const char* name = GENERATE("records", "items", "tables", "files", "html");
    std::filesystem::create_directory_symlink(outside, target / name);
    CHECK_THROWS_AS(export_snapshot(source, target, everything, true, {}), Error);
  }
  SECTION("a file that is a link is replaced, not written through") {
    std::filesystem::create_directories(target / "records");
    std::filesystem::create_symlink(outside / "victim", target / "records/cards.jsonl");
    std::filesystem::create_symlink(outside / "victim", target / "index.html");
    std::filesystem::create_symlink(outside / "victim", target / ".partial~index.html");
    std::filesystem::create_symlink(outside / "new", target / "manifest.json");
    CHECK_THROWS_AS(export_snapshot(source, target, everything, false, {}), Error);
    export_snapshot(source, target, everything, true, {});
    CHECK_FALSE(std::filesystem::is_symlink(target / "records/cards.jsonl"));
    CHECK(read_file(target / "records/cards.jsonl") == "{\"id\":1}\n");
  }
  CHECK(read_tree(outside) == std::map<std::string, std::string>{{"victim", "untouched"}});
}
