#include <algorithm>

#include "catch.h"
#include "rig.h"
#include "util/bytes.h"

using namespace probackup;

namespace {

const std::string notes = R"([{"id": "n", "files": [
    {"id": "f1", "name": "a.bin", "url": "https://cdn.example/f1?sig=abc", "size": 5},
    {"id": "f2", "name": "b.bin", "url": "/files/f2"},
    {"id": "f3", "name": "c.bin", "url": "http://127.0.0.1/secret", "draft": true}]}])";
const std::string streams = R"({"notes": {"get": "/notes", "id": "id", "files": [
    {"each": "files", "if": "${!item.draft}", "id": "${item.id}", "name": "${item.name}",
     "size": "${item.size}", "get": "${item.url}"}]}})";

}  // namespace

TEST_CASE("files are read once, and the token does not follow them to other hosts") {
  Rig rig(streams, [&](const Asked& asked) {
    if (asked.path == "/v1/notes") return reply(notes);
    bool own = asked.path == "/v1/files/f2";
    CHECK(header(asked.request.headers, "authorization").has_value() == own);
    return reply(own ? "more bytes" : "bytes");
  });
  rig.run();
  CHECK(rig.sink.gaps().empty());
  auto& files = rig.sink.stream("notes").records.at("n").files;
  CHECK(files.size() == 2);
  CHECK(files.at("f1") == "bytes");
  CHECK(files.at("f2") == "more bytes");
  rig.run();
  CHECK(rig.http.requests() == 1);
  CHECK(rig.sink.stream("notes").records.at("n").files.size() == 2);
}

TEST_CASE(
    "a file of the wrong size, a sign-in page and a cut download are tried again, then gaps") {
  int trouble = GENERATE(0, 1, 2);
  bool lasting = GENERATE(false, true);
  CAPTURE(trouble, lasting);
  Rig rig(streams, [&](const Asked& asked) -> HttpResponse {
    if (asked.path == "/v1/notes") return reply(notes);
    bool bad = lasting || asked.count == 0;
    if (bad && asked.path == "/f1" && trouble == 0) return reply("too many bytes");
    if (bad && asked.path == "/v1/files/f2" && trouble == 1)
      return reply("<html>", 200, {{"Content-Type", "text/html; charset=utf-8"}});
    if (bad && asked.path == "/f1" && trouble == 2) {
      asked.request.sink("by");
      throw NetworkError("cut short", true);
    }
    return reply("bytes");
  });
  rig.run();
  auto& files = rig.sink.stream("notes").records.at("n").files;
  if (!lasting) {
    CHECK(rig.sink.gaps().empty());
    CHECK(files.size() == 2);
    CHECK(files.at("f1") == "bytes");
    return;
  }
  REQUIRE(rig.sink.gaps().size() == 1);
  const Gap& gap = rig.sink.gaps()[0];
  CHECK(gap.key == "n");
  CHECK(gap.file == (trouble == 1 ? "f2" : "f1"));
  CHECK(gap.url.find("abc") == std::string::npos);
  CHECK(files.size() == 1);
  CHECK_FALSE(rig.sink.stream("notes").result.complete);
}

TEST_CASE("a refused address is asked for once more, with the credentials for the app alone") {
  const bool helps = GENERATE(true, false);
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "files": [
              {"id": "${record.id}", "get": "${record.url}", "auth": "none",
               "renew": {"get": "/notes/${record.id}", "query": {"fields": "url"}, "url": "data.url"}}]}})",
          [&](const Asked& asked) {
            const bool to_app = asked.path.starts_with("/v1/");
            CHECK(header(asked.request.headers, "authorization").has_value() == to_app);
            if (asked.path == "/v1/notes")
              return reply(R"([{"id": "n", "url": "https://cdn.example/old?sig=abc"}])");
            if (asked.path == "/v1/notes/n" && asked.parameter("fields") == "url")
              return reply(R"({"data": {"url": "https://cdn.example/new?sig=def"}})");
            const bool expired = asked.path == "/old" || !helps;
            return expired ? reply("<Error/>", 403) : reply("bytes");
          });
  rig.run();
  CHECK(rig.http.requests() == 4);
  auto& files = rig.sink.stream("notes").records.at("n").files;
  if (helps) {
    CHECK(rig.sink.gaps().empty());
    CHECK(files.at("n") == "bytes");
    return;
  }
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].status == 403);
  CHECK(rig.sink.gaps()[0].url.find("def") == std::string::npos);
  CHECK(files.empty());
}

TEST_CASE("another address is taken from the first place that the selector reaches") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "files": [
              {"id": "${record.id}", "get": "${record.url}", "auth": "none",
               "renew": {"get": "/notes/${record.id}", "url": "data[*].url"}}]}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/notes")
              return reply(R"([{"id": "n", "url": "https://cdn.example/old"}])");
            if (asked.path == "/v1/notes/n")
              return reply(R"({"data": [{"url": null}, {"url": "https:\/\/cdn.example/new"}]})");
            return asked.path == "/old" ? reply("<Error/>", 403) : reply("bytes");
          });
  rig.run();
  CHECK(rig.sink.gaps().empty());
  CHECK(rig.sink.stream("notes").records.at("n").files.at("n") == "bytes");
}

TEST_CASE("where the app gives no other address, the refusal of the first one is the gap") {
  const std::string answer = GENERATE(R"({"data": {"url": null}})", R"({})", "no JSON", "404");
  CAPTURE(answer);
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "files": [
              {"id": "${record.id}", "get": "/files/${record.id}",
               "renew": {"get": "/notes/${record.id}", "url": "data.url"}}]}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/notes") return reply(R"([{"id": "n"}])");
            if (asked.path == "/v1/files/n") return reply("", 410);
            return answer == "404" ? reply("", 404) : reply(answer);
          });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].status == 410);
  CHECK(rig.sink.gaps()[0].file == "n");
}

TEST_CASE("an address inside this machine is not fetched for an app elsewhere") {
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "files": [{"id": "${record.id}", "get": "${record.url}"}]}})",
      [&](const Asked&) { return reply(R"([{"id": "n", "url": "http://127.0.0.1:22/x"}])"); });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK_THAT(rig.sink.gaps()[0].reason, ContainsSubstring("this machine"));
  CHECK(rig.http.requests() == 1);
}

TEST_CASE("git repositories are handed on with credentials for the app's own site only") {
  Rig rig(R"({"repos": {"get": "/repos", "id": "id", "git": [
               {"id": "${record.id}", "url": "${record.clone}"},
               {"if": "${record.wiki}", "id": "${record.id}.wiki", "url": "https://elsewhere.example/w.git",
                "missing_is_empty": true},
               {"if": "${!record.wiki}", "id": "${record.id}.own", "url": "${record.clone}",
                "auth": {"kind": "basic", "user": "git", "password": "${config.token}"}}]}})",
          [&](const Asked&) {
            return reply(R"([{"id": "r", "clone": "https://notes.example/r.git", "wiki": true},
                             {"id": "s", "clone": "https://api.notes.example/s.git"}])");
          },
          R"({"http": {"hosts": ["notes.example"]}})");
  rig.run();
  auto gits = rig.sink.gits();
  std::sort(gits.begin(), gits.end(), [](const GitRef& a, const GitRef& b) { return a.id < b.id; });
  REQUIRE(gits.size() == 4);
  CHECK_THAT(gits[0].authorization, ContainsSubstring("Basic "));
  CHECK(gits[1].authorization.empty());
  CHECK(gits[1].missing_is_empty);
  CHECK(gits[2].authorization == "Basic " + to_base64("x-access-token:s3cret-token"));
  CHECK(gits[3].authorization == "Basic " + to_base64("git:s3cret-token"));
}

TEST_CASE("the hosts beside the vendor's server get nothing when the user's own server is read") {
  Rig rig(R"({"repos": {"get": "/repos", "id": "id", "git": [
               {"id": "${record.id}", "url": "https://notes.example/r.git"}]}})",
          [&](const Asked&) { return reply(R"([{"id": "r"}])"); },
          R"({"http": {"hosts": ["notes.example"]}})");
  rig.settings["base_url"] = "https://git.company.example/api";
  rig.run();
  REQUIRE(rig.sink.gits().size() == 1);
  CHECK(rig.sink.gits()[0].authorization.empty());
}
