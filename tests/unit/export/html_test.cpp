// The readable archive.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "board_account.h"
#include "catch.h"
#include "readers.h"
#include "util/file.h"
#include "util/text.h"

using namespace probackup;
using namespace probackup::test;

namespace {

using Files = std::map<std::string, std::string>;

Files archive_of(MemorySource& source, std::set<ExportFormat> formats = {ExportFormat::html}) {
  TempFolder folder;
  export_snapshot(source, folder.path(), {std::move(formats), true}, false, {});
  return read_tree(folder.path());
}

std::string all_pages(const Files& files) {
  std::string out;
  for (const auto& [path, bytes] : files)
    if (path.ends_with(".html")) out += bytes;
  return out;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
    ++found;
  return found;
}

// Each relative link and image of every page leads to a file of the archive.
void check_links(const Files& files) {
  for (const auto& [path, bytes] : files) {
    if (!path.ends_with(".html")) continue;
    for (const char* attribute : {"href=\"", "src=\""})
      for (std::size_t at = 0; (at = bytes.find(attribute, at)) != std::string::npos;) {
        at += std::string_view(attribute).size();
        std::string url = bytes.substr(at, bytes.find('"', at) - at);
        if (url.starts_with("http://") || url.starts_with("https://")) continue;
        auto file =
            std::filesystem::path(path).parent_path() / url_decode(url.substr(0, url.find('#')));
        CAPTURE(path, url);
        CHECK(files.contains(file.lexically_normal().string()));
      }
  }
}

}  // namespace

TEST_CASE("every page is well-formed, every link leads somewhere, nothing comes from outside") {
  MemorySource source = board_account();
  auto files = archive_of(source, {ExportFormat::html, ExportFormat::json});
  for (const auto& [path, bytes] : files) {
    if (!path.ends_with(".html")) continue;
    CAPTURE(path);
    CHECK(html_fault(bytes) == "");
    CHECK_THAT(bytes, ContainsSubstring("default-src 'none'"));
    CHECK(bytes.find("<style") == std::string::npos);
    CHECK(bytes.find(" style=") == std::string::npos);
    CHECK(count(bytes, "<script") == 1);
    CHECK(bytes.find("src=\"http") == std::string::npos);
  }
  check_links(files);
  CHECK(files["html/style.css"].find("url(") == std::string::npos);
  CHECK(files["html/style.css"].find("@import") == std::string::npos);
}

TEST_CASE("the tree is there from the workspace to the comment") {
  MemorySource source = board_account();
  auto files = archive_of(source);
  CHECK_THAT(files["index.html"], ContainsSubstring("acme") &&
                                      ContainsSubstring("2024-05-31 16:08") &&
                                      ContainsSubstring(">Website</a>") &&
                                      ContainsSubstring("may not read the comments") &&
                                      ContainsSubstring("all of <a href=\"html/pages/cards/"));
  CHECK_THAT(files["html/pages/boards/5f02ab000000000000000001.html"],
             ContainsSubstring(">In progress</a>") && ContainsSubstring(">New logo</a>"));
  const auto& card = files["html/pages/cards/5f04ab000000000000000004.html"];
  CHECK_THAT(card, ContainsSubstring("The shop must take orders in **three** currencies") &&
                       ContainsSubstring("2024-09-30 16:00 UTC") &&
                       ContainsSubstring("Price list in EUR and GBP") &&
                       ContainsSubstring("The bank says yes") && ContainsSubstring("Member 2") &&
                       ContainsSubstring("Raw JSON"));
  CHECK(card.find("<script>alert") == std::string::npos);
  CHECK_THAT(files["html/pages/cards/5f04ab000000000000000006.html"],
             ContainsSubstring("<img src=\"../../../files/cards/att-1/logo.png\"") &&
                 ContainsSubstring("Brand%2520guide.pdf"));
  CHECK_THAT(files["html/pages/cards/5f04ab000000000000000005.html"],
             ContainsSubstring("Not complete (comments)"));
}

TEST_CASE("addresses that run code are never links") {
  MemorySource source;
  source.stream("cards");
  for (const char* url : {"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<b>",
                          "file:///etc/passwd", " javascript:x", "vbscript:x", "//evil.example/x",
                          "https://a\" onclick=\"x", "http://a\nb"})
    source.add(
        "cards",
        {url, "", "", url, url,
         nlohmann::json{{"url", url}, {"body", std::string("see ") + url}, {"link", url}}.dump()});
  auto files = archive_of(source);
  std::string pages = to_lower(all_pages(files));
  for (const char* scheme :
       {"javascript:", "data:", "file:///", "vbscript:", "//evil", " javascript"})
    CHECK(pages.find(std::string("href=\"") + scheme) == std::string::npos);
  for (const auto& [path, bytes] : files)
    if (path.ends_with(".html")) CHECK(html_fault(bytes) == "");
  CHECK(pages.find("onclick=\"") == std::string::npos);
}

TEST_CASE("text of the app is escaped wherever it stands") {
  const std::string evil = "\"><img src=x onerror=alert(1)>'&amp;<!--";
  MemorySource source;
  source.app_title_text = source.account_name = evil;
  source.stream(evil, {}, evil);
  source.stream("below", {evil});
  source.add(evil, {evil, "", "", evil, "https://example.com/" + evil,
                    nlohmann::json{{evil, evil},
                                   {"list", {{{evil, evil}, {"name", evil}}}},
                                   {"body", evil},
                                   {"when", "2024-01-01T00:00:00Z"},
                                   {"user", {{"name", evil}}}}
                        .dump()});
  source.add("below", {"1", evil, evil, evil, "", nlohmann::json{{"text", evil}}.dump()});
  source.attach(evil, evil, evil, evil + ".png", "bytes");
  source.attach("gone", "gone", evil, evil, "bytes");
  source.gap_list.push_back({evil, evil, "", "", evil, 500, evil});
  auto files = archive_of(source);
  for (const auto& [path, bytes] : files) {
    if (!path.ends_with(".html")) continue;
    CAPTURE(path);
    CHECK(html_fault(bytes) == "");
    CHECK(bytes.find("<img src=x") == std::string::npos);
  }
  check_links(files);
  CHECK(files.contains("html/files.html"));
}

TEST_CASE("large listings are cut into pages of bounded size that are linked") {
  MemorySource source;
  source.stream("issues");
  source.stream("comments", {"issues"});
  source.add("issues", {"1", "", "", "Long", "", "{}"});
  for (int i = 0; i < 3000; ++i)
    source.add(
        "comments",
        {std::to_string(i), "issues", "1", "", "",
         nlohmann::json{{"body", fmt::format("comment {} ", i) + std::string(600, '&')}}.dump()});
  auto files = archive_of(source);
  std::size_t pages = 0, comments = 0;
  for (const auto& [path, bytes] : files) {
    if (!path.starts_with("html/pages/issues/")) continue;
    ++pages;
    comments += count(bytes, "<article");
    CHECK(bytes.size() < 2'000'000);
    CHECK(html_fault(bytes) == "");
  }
  CHECK(pages > 3);
  CHECK(comments == 3000);
  check_links(files);
}

TEST_CASE("a long list of links is cut at a link, and each part is well-formed") {
  MemorySource source;
  source.stream("issues");
  source.stream("comments", {"issues"});
  for (int i = 0; i < 800; ++i)
    source.add("issues", {std::to_string(i), "", "", std::string(300, '&'), "", "{}"});
  source.add("comments", {"c", "issues", "1", "", "", "{}"});
  auto files = archive_of(source);
  CHECK(files.contains("html/lists/issues~p2.html"));
  std::size_t rows = 0;
  for (const auto& [path, bytes] : files) {
    CHECK(html_fault(bytes.substr(0, path.ends_with(".html") ? bytes.size() : 0)) == "");
    if (path.starts_with("html/lists/issues")) rows += count(bytes, "<li>");
  }
  CHECK(rows == 800);
  check_links(files);
}

TEST_CASE("a huge record is cut in its page, with a word about it") {
  MemorySource source;
  source.stream("cards");
  nlohmann::json record{{"body", std::string(5'000'000, '<')}};
  for (int i = 0; i < 3000; ++i) record[fmt::format("text{}", i)] = std::string(5000, '&');
  source.add("cards", {"1", "", "", std::string(100'000, 'T'), "", record.dump()});
  auto files = archive_of(source);
  for (const auto& [path, bytes] : files) {
    CAPTURE(path);
    CHECK(bytes.size() < 2'000'000);
  }
  CHECK_THAT(files["html/lists/cards.html"],
             ContainsSubstring("More is in the raw JSON") || ContainsSubstring("Cut here"));
}

TEST_CASE("no record is lost: orphans, rings, deep threads and their own parents are all shown") {
  MemorySource source;
  source.stream("notes", {"notes"});
  auto add = [&](const std::string& key, const std::string& parent) {
    source.add("notes", {key, parent.empty() ? "" : "notes", parent, "note " + key + ".", "",
                         nlohmann::json{{"body", "text of " + key + "."}}.dump()});
  };
  add("orphan", "missing");
  add("self", "self");
  add("ring-a", "ring-b");
  add("ring-b", "ring-a");
  add("below-ring", "ring-a");
  add("thread", "");
  add("reply", "thread");
  add("answer", "reply");
  int depth = GENERATE(0, 300);  // with a deep thread the stream gets pages of its own
  for (int i = 1; i <= depth; ++i)
    add(fmt::format("d{}", i), i == 1 ? "" : fmt::format("d{}", i - 1));
  auto files = archive_of(source);
  std::string pages = all_pages(files);
  for (const auto& record : source.rows["notes"]) {
    CAPTURE(record.key);
    CHECK(count(pages, ">text of " + record.key + ".<") == 1);
  }
  if (depth == 0)
    CHECK_THAT(files["html/lists/notes.html"],
               ContainsSubstring("record n1") && ContainsSubstring("record n2"));
  check_links(files);
}

TEST_CASE("the search index names every title with a page that has it") {
  MemorySource source = board_account();
  source.add("labels", {"odd", "boards", "5f02ab000000000000000001", "</script>\"\\\n", "", "{}"});
  auto files = archive_of(source);
  std::string index = files["html/search/1.js"];
  REQUIRE(index.starts_with("probackupIndex(1, "));
  auto entries = nlohmann::json::parse(index.substr(18, index.rfind(')') - 18));
  std::set<std::string> titles;
  for (const auto& entry : entries) {
    titles.insert(entry[0]);
    std::string url = entry[2];
    CHECK(files.contains(url_decode(url.substr(0, url.find('#')))));
  }
  for (const auto& [stream, records] : source.rows)
    for (const auto& record : records)
      if (!record.title.empty()) CHECK(titles.contains(record.title));
  CHECK_THAT(files["html/search.js"], ContainsSubstring("probackupChunks = 1;"));
}
