#include "fake/redmine_server.h"

#include <httplib.h>

#include "catch.h"
#include "util/text.h"
#include "util/time.h"

using namespace probackup;
using Json = nlohmann::ordered_json;

namespace {

class FixedClock : public Clock {
 public:
  Time now() override { return time; }
  std::chrono::nanoseconds steady() override { return time.time_since_epoch(); }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token) override {
    time += std::chrono::duration_cast<Time::duration>(duration);
    return true;
  }
  Time time = *parse_rfc3339("2024-06-01T00:00:00Z");
};

struct Site {
  explicit Site(const RedmineOptions& options = {}, std::uint64_t seed = 1)
      : account(seed, {}, options, clock), client(account.server().origin()) {
    client.set_default_headers({{"X-Redmine-API-Key", account.settings().at("key")}});
  }
  httplib::Result get(const std::string& path) { return client.Get(path.c_str()); }
  Json json(const std::string& path) {
    auto answer = get(path);
    CAPTURE(path);
    REQUIRE(answer->status == 200);
    return Json::parse(answer->body);
  }
  // All pages of a listing as record texts by id.
  TestAccount::Truth list(const std::string& path, const std::string& noun) {
    TestAccount::Truth out;
    for (std::size_t offset = 0;; offset += 100) {
      auto page = json(path + "&limit=1000&offset=" + std::to_string(offset));
      CHECK(page.at("limit") == 100);
      for (const auto& record : page.at(noun))
        out[record.at("id").dump()] = RedmineViews::text(record);
      if (offset + 100 >= page.at("total_count").get<std::size_t>()) return out;
    }
  }

  FixedClock clock;
  RedmineAccount account;
  httplib::Client client;
};

}  // namespace

TEST_CASE("paging through a listing gives the truth") {
  Site site;
  site.account.mutate(5, 120);
  CHECK(site.list("/issues.json?status_id=*", "issues") == site.account.truth("issues"));
  CHECK(site.list("/issues.json?status_id=*&sort=updated_on:desc&include=attachments,relations",
                  "issues") == site.account.truth("issues", "include=attachments,relations"));
  CHECK(site.list("/projects.json?status=1%7C5", "projects") == site.account.truth("projects"));
  CHECK(site.list("/time_entries.json?", "time_entries") == site.account.truth("time_entries"));
  CHECK(site.list("/news.json?", "news") == site.account.truth("news"));
  CHECK(site.list("/users.json?status=", "users") == site.account.truth("users"));
}

TEST_CASE("each record's own URL gives the truth in full") {
  Site site;
  site.account.mutate(6, 60);
  const std::string parts = "include=children,attachments,relations,journals,watchers";
  for (const auto& [id, text] : site.account.truth("issues", "form=show&" + parts))
    CHECK(RedmineViews::text(site.json("/issues/" + id + ".json?" + parts).at("issue")) == text);
  for (const auto& [key, text] :
       site.account.truth("wiki_pages", "form=show&include=attachments")) {
    auto slash = key.find('/');
    auto path = "/projects/" + key.substr(0, slash) + "/wiki/" + url_encode(key.substr(slash + 1)) +
                ".json?include=attachments";
    CHECK(RedmineViews::text(site.json(path).at("wiki_page")) == text);
  }
}

TEST_CASE("attachments are downloaded from their content_url") {
  Site site;
  unsigned count = 0;
  auto files = site.account.files();
  for (const auto& [id, text] : site.account.truth("issues", "include=attachments")) {
    const auto issue = Json::parse(text);
    for (const auto& attachment : issue.at("attachments")) {
      auto url = attachment.at("content_url").get<std::string>();
      auto answer = site.get(url.substr(site.account.server().origin().size()));
      CHECK(answer->body == files.at(id + "/" + attachment.at("id").dump()));
      CHECK(answer->body.size() == attachment.at("filesize"));
      ++count;
    }
  }
  CHECK(count > 0);
}

TEST_CASE("closed issues, closed projects and locked users hide unless asked for") {
  Site site;
  auto all = site.list("/issues.json?status_id=*", "issues").size();
  auto open = site.list("/issues.json?", "issues").size();
  CHECK(open < all);
  CHECK(site.list("/issues.json?status_id=closed", "issues").size() == all - open);
  CHECK(site.json("/projects.json").at("total_count") == 2);
  CHECK(site.json("/projects.json?status=5").at("total_count") == 1);
  CHECK(site.json("/users.json").at("total_count") == 5);
  CHECK(site.json("/users.json?status=3").at("total_count") == 1);
}

TEST_CASE("updated_on finds what changed since, but not what Redmine does not date") {
  Site site;
  site.clock.time += std::chrono::hours(1);
  const auto since = "/issues.json?status_id=*&updated_on=" +
                     url_encode(">=" + format_rfc3339_seconds(site.clock.time));
  CHECK(site.json(since).at("total_count") == 0);
  int changed = 0, watched = 0;
  site.account.change([&](RedmineData& data) {
    auto issues = data.visible_issues();
    changed = *issues.begin();
    watched = *issues.rbegin();
    data.edit_issue(changed, {{"subject", "new"}}, "why");
    data.watch(watched, 2, true);
    data.add_time_entry(watched, 1.5);
  });
  auto found = site.json(since);
  REQUIRE(found.at("total_count") == 1);
  CHECK(found.at("issues")[0].at("id") == changed);
  auto journals = site.json("/issues/" + std::to_string(changed) + ".json?include=journals")
                      .at("issue")
                      .at("journals");
  CHECK(journals.back().at("notes") == "why");
  CHECK(journals.back().at("details")[0].at("new_value") == "new");
}

TEST_CASE("refusals look like Redmine's") {
  Site site;
  auto expect = [&](const std::string& path, int status, const std::string& body) {
    auto answer = site.get(path);
    CAPTURE(path);
    CHECK(answer->status == status);
    CHECK(answer->body == body);
  };
  expect("/issues/99999.json", 404, "");
  expect("/issues/x.json", 404, "");
  expect("/projects/nothing.json", 404, "");
  expect("/projects/4.json", 403, "");             // archived
  expect("/projects/4/wiki/index.json", 403, "");  // archived
  expect("/projects/3/wiki/index.json", 403, "");  // no wiki module
  expect("/issues.json?updated_on=%3E%3Dyesterday", 422, R"({"errors":["Updated is invalid"]})");
  expect("/issues.json?updated_on=2024-01-01T00:00:00.5Z", 422,
         R"({"errors":["Updated is invalid"]})");

  httplib::Client stranger(site.account.server().origin());
  CHECK(stranger.Get("/issues.json")->status == 401);
  CHECK(stranger.Get("/issues.json")->body == "");
  auto blank =
      site.client.Post("/issues.json", R"({"issue":{"project_id":1}})", "application/json");
  CHECK(blank->status == 422);
  CHECK(blank->body == R"({"errors":["Subject cannot be blank"]})");

  RedmineOptions plain;
  plain.is_admin = false;
  Site member(plain);
  for (const char* path : {"/users.json", "/groups.json", "/custom_fields.json"})
    CHECK(member.get(path)->status == 403);
}

TEST_CASE("issues can be made, changed and deleted") {
  Site site;
  auto made = site.client.Post("/issues.json", R"({"issue":{"project_id":1,"subject":"one"}})",
                               "application/json");
  REQUIRE(made->status == 201);
  auto path = "/issues/" + Json::parse(made->body).at("issue").at("id").dump() + ".json";
  CHECK(site.client
            .Put(path.c_str(), R"({"issue":{"status_id":5,"notes":"done"}})", "application/json")
            ->status == 204);
  auto issue = site.json(path + "?include=journals").at("issue");
  CHECK(issue.at("status").at("is_closed") == true);
  CHECK(issue.at("closed_on").is_string());
  CHECK(issue.at("journals").size() == 1);
  CHECK(site.client.Delete(path.c_str())->status == 204);
  CHECK(site.get(path)->status == 404);
}

TEST_CASE("an unchanged answer is confirmed by its ETag") {
  Site site;
  auto first = site.get("/issues/1.json");
  auto tag = first->get_header_value("ETag");
  httplib::Headers condition = {{"If-None-Match", tag}};
  CHECK(site.client.Get("/issues/1.json", condition)->status == 304);
}

// Servers differ in their port.
TestAccount::Truth without_port(Site& site, const std::string& stream) {
  auto out = site.account.truth(stream);
  const auto origin = site.account.server().origin();
  for (auto& [key, text] : out)
    for (auto at = text.find(origin); at != std::string::npos; at = text.find(origin, at))
      text.erase(at, origin.size());
  return out;
}

TEST_CASE("the same seed gives the same account, and the same changes") {
  Site one, two, other({}, 2);
  one.account.mutate(3, 50);
  two.account.mutate(3, 50);
  for (const auto& stream : one.account.streams()) {
    CAPTURE(stream);
    CHECK(without_port(one, stream) == without_port(two, stream));
    CHECK_FALSE(one.account.truth(stream).empty());
  }
  CHECK(one.account.truth("issues") != other.account.truth("issues"));
  CHECK(one.account.truth("issues") != Site().account.truth("issues"));
}
