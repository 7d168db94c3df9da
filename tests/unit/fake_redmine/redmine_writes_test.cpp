// Writing to a Redmine: projects and what is in them. The refusals are those of Redmine 5.0.4.
#include "redmine_client.h"
#include "util/text.h"

using namespace probackup;
using Json = nlohmann::ordered_json;
using probackup::test::RedmineSite;

namespace {

struct Project : RedmineSite {
  explicit Project(const RedmineOptions& options = {}) : RedmineSite(options) {}
  int id = id_of_new("/projects.json", "project", {{"name", "One"}, {"identifier", "one"}});
  std::string path = "/projects/" + std::to_string(id);
};

}  // namespace

TEST_CASE("an empty Redmine has what no call can make, its administrator, and nothing else") {
  RedmineSite site;
  for (const char* stream : {"projects", "versions", "issue_categories", "memberships", "groups",
                             "issues", "relations", "time_entries", "news", "files", "wiki_pages"})
    CHECK(site.account.truth(stream).empty());
  for (const char* stream : {"trackers", "issue_statuses", "issue_priorities", "roles",
                             "time_entry_activities", "custom_fields"})
    CHECK_FALSE(site.account.truth(stream).empty());
  CHECK(site.account.truth("users").size() == 1);
}

TEST_CASE("two Redmines need not have an id in common") {
  RedmineOptions options;
  options.ids_after = 5000;
  Project site(options);
  CHECK(site.id == 5001);
  CHECK(site.get("/users/current.json").at("user").at("id") == 5001);
  const auto issue =
      site.create("/issues.json", "issue", {{"project_id", "one"}, {"subject", "x"}});
  CHECK(issue.at("tracker") == Json{{"id", 5001}, {"name", "Bug"}});
  CHECK(issue.at("status").at("name") == "New");
  CHECK(issue.at("priority").at("name") == "Normal");

  RedmineAccount filled(3, {}, options);
  filled.mutate(4, 100);
  for (const auto& [id, text] : filled.truth("issues")) CHECK(std::stoi(id) > 5000);
}

TEST_CASE("a project is made, changed, closed, archived and deleted") {
  Project site;
  CHECK(site.result("POST", "/projects.json", {{"project", Json::object()}}) ==
        "422 Name cannot be blank; Identifier cannot be blank");
  CHECK(site.result("POST", "/projects.json",
                    {{"project", {{"name", "x"}, {"identifier", "one"}}}}) ==
        "422 Identifier has already been taken");
  CHECK(site.result("POST", "/projects.json",
                    {{"project", {{"name", "x"}, {"identifier", "A b"}}}}) ==
        "422 Identifier is invalid");
  const int below =
      site.id_of_new("/projects.json", "project",
                     {{"name", "Below"},
                      {"identifier", "below"},
                      {"parent_id", site.id},
                      {"is_public", false},
                      {"enabled_module_names", {"wiki"}},
                      {"tracker_ids", {2}},
                      {"custom_fields", Json::array({{{"id", 3}, {"value", "4711"}}})},
                      {"created_on", "2001-01-01T00:00:00Z"}});
  const auto path = "/projects/" + std::to_string(below) + ".json";
  const auto made = site.get(path + "?include=enabled_modules,trackers").at("project");
  CHECK(made.at("parent").at("id") == site.id);
  CHECK(made.at("is_public") == false);
  CHECK(made.at("enabled_modules").size() == 1);
  CHECK(made.at("trackers").size() == 1);
  CHECK(made.at("custom_fields")[0].at("value") == "4711");
  CHECK(made.at("created_on") > "2024");
  CHECK(site.result("PUT", path, {{"project", {{"name", "New"}, {"identifier", "x"}}}}) == "204");
  CHECK(site.get(path).at("project").at("name") == "New");
  CHECK(site.get(path).at("project").at("identifier") == "below");  // stays for ever
  CHECK(site.result("PUT", site.path + ".json", {{"project", {{"parent_id", below}}}}) ==
        "422 Subproject of is invalid");

  CHECK(site.result("PUT", site.path + "/close.json") == "204");
  CHECK(site.get(path).at("project").at("status") == 5);  // what is below closes, too
  CHECK(site.result("PUT", path, {{"project", {{"name", "x"}}}}) == "403");
  CHECK(site.result("POST", "/issues.json", {{"issue", {{"project_id", "one"}, {"subject", "x"}}}})
            .starts_with("422 Project cannot be blank"));
  CHECK(site.result("POST", site.path + "/reopen.json") == "204");
  CHECK(site.result("PUT", site.path + "/archive.json") == "204");
  CHECK(site.http.Get(path)->status == 403);
  CHECK(site.result("PUT", site.path + "/close.json") == "403");
  CHECK(site.result("PUT", "/projects/below/unarchive.json") == "204");
  CHECK(site.get(site.path + ".json").at("project").at("status") == 1);
  CHECK(site.result("PUT", site.path + "/nonsense.json") == "404");
  CHECK(site.result("DELETE", site.path + ".json") == "204");
  CHECK(site.account.truth("projects").empty());
}

TEST_CASE("versions and categories belong to a project, with names of their own") {
  Project site;
  const auto versions = site.path + "/versions.json";
  const int id = site.id_of_new(versions, "version",
                                {{"name", "1.0"},
                                 {"status", "closed"},
                                 {"due_date", "2024-05-01"},
                                 {"sharing", "nonsense"},
                                 {"custom_fields", Json::array({{{"id", 5}, {"value", "Oak"}}})}});
  const auto version = site.get("/versions/" + std::to_string(id) + ".json").at("version");
  CHECK(version.at("status") == "closed");
  CHECK(version.at("sharing") == "none");
  CHECK(version.at("custom_fields")[0].at("value") == "Oak");
  CHECK(site.result("POST", versions, {{"version", {{"name", "1.0"}}}}) ==
        "422 Name has already been taken");
  CHECK(site.result("POST", versions,
                    {{"version", {{"name", "2"}, {"status", "x"}, {"due_date", "y"}}}}) ==
        "422 Due date is not a valid date; Status is not included in the list");
  CHECK(site.result("POST", versions, {{"version", {{"name", std::string(61, 'x')}}}}) ==
        "422 Name is too long (maximum is 60 characters)");

  const int issue =
      site.id_of_new("/issues.json", "issue", {{"project_id", site.id}, {"subject", "x"}});
  const auto issue_path = "/issues/" + std::to_string(issue) + ".json";
  const Json use{{"issue", {{"fixed_version_id", id}}}};
  CHECK(site.result("PUT", issue_path, use) == "422 Target version is not included in the list");
  const auto path = "/versions/" + std::to_string(id) + ".json";
  CHECK(site.result("PUT", path, {{"version", {{"status", "open"}}}}) == "204");
  CHECK(site.result("PUT", issue_path, use) == "204");
  CHECK(site.result("DELETE", path) == "422");  // an issue needs it
  CHECK(site.result("PUT", issue_path, {{"issue", {{"fixed_version_id", ""}}}}) == "204");
  CHECK(site.result("DELETE", path) == "204");

  const auto categories = site.path + "/issue_categories.json";
  const int category = site.id_of_new(categories, "issue_category", {{"name", "Doors"}});
  CHECK(site.result("POST", categories, {{"issue_category", {{"name", "Doors"}}}}) ==
        "422 Name has already been taken");
  CHECK(site.result("PUT", issue_path, {{"issue", {{"category_id", category}}}}) == "204");
  const auto category_path = "/issue_categories/" + std::to_string(category) + ".json";
  CHECK(site.result("PUT", category_path, {{"issue_category", {{"name", "Gates"}}}}) == "204");
  CHECK(site.get(issue_path).at("issue").at("category").at("name") == "Gates");
  CHECK(site.result("DELETE", category_path) == "204");
  CHECK_FALSE(site.get(issue_path).at("issue").contains("category"));
}

TEST_CASE("users, groups and memberships are made by an administrator") {
  Project site;
  CHECK(site.result("POST", "/users.json", {{"user", Json::object()}}) ==
        "422 Email cannot be blank; Login cannot be blank; First name cannot be blank; "
        "Last name cannot be blank");
  const Json person{{"login", "anna"},
                    {"firstname", "A"},
                    {"lastname", "B"},
                    {"mail", "anna@example.com"},
                    {"password", "long enough"}};
  const int user = site.id_of_new("/users.json", "user", person);
  CHECK(site.result("POST", "/users.json", {{"user", person}}) ==
        "422 Email has already been taken; Login has already been taken");
  const int group =
      site.id_of_new("/groups.json", "group", {{"name", "Team"}, {"user_ids", {user}}});
  CHECK(group != user);  // both are principals, with ids of one kind
  const auto path = site.path + "/memberships.json";
  CHECK(site.result("POST", path, {{"membership", Json::object()}}) ==
        "422 Principal cannot be blank; Role cannot be empty");
  const int member = site.id_of_new(path, "membership", {{"user_id", user}, {"role_ids", {3, 4}}});
  const int team = site.id_of_new(path, "membership", {{"user_id", group}, {"role_ids", {5}}});
  CHECK(site.result("POST", path, {{"membership", {{"user_id", user}, {"role_ids", {3}}}}}) ==
        "422 User has already been taken");
  const auto memberships = site.get(path).at("memberships");
  CHECK(memberships[0].at("roles").size() == 2);
  CHECK(memberships[1].at("group").at("name") == "Team");
  CHECK(site.result("PUT", "/memberships/" + std::to_string(member) + ".json",
                    {{"membership", {{"role_ids", {5}}}}}) == "204");
  CHECK(site.result("DELETE", "/memberships/" + std::to_string(team) + ".json") == "204");
  CHECK(site.get(path).at("memberships").size() == 1);
  CHECK(site.result("DELETE", "/groups/" + std::to_string(group) + "/users/" +
                                  std::to_string(user) + ".json") == "204");
  CHECK(site.result("PUT", "/users/" + std::to_string(user) + ".json",
                    {{"user", {{"status", 3}}}}) == "204");
  CHECK(site.get("/users.json?status=3").at("total_count") == 1);
  CHECK(site.result("DELETE", "/users/" + std::to_string(user) + ".json") == "204");
  CHECK(site.get(path).at("memberships").empty());

  RedmineOptions plain;
  plain.is_admin = false;
  RedmineSite member_site(plain);
  for (const char* noun : {"user", "group", "project"})
    CHECK(member_site.result("POST", "/" + std::string(noun) + "s.json", {{noun, person}}) ==
          "403");
}

TEST_CASE("an administrator writes in somebody else's name") {
  Project site;
  const Json person{
      {"login", "anna"}, {"firstname", "A"}, {"lastname", "B"}, {"mail", "anna@example.com"}};
  const int user = site.id_of_new("/users.json", "user", person);
  const Json issue{{"issue", {{"project_id", "one"}, {"subject", "x"}, {"author_id", 1}}}};
  CHECK(site.result("POST", "/issues.json", issue, "nobody") == "412");
  CHECK(site.result("PUT", site.path + ".json", {{"project", {{"is_public", false}}}}) == "204");
  CHECK(site.result("POST", "/issues.json", issue, "anna")
            .starts_with("422 Project cannot be blank"));  // no member yet
  CHECK(site.result("PUT", site.path + ".json", {{"project", {{"name", "x"}}}}, "anna") == "403");
  site.id_of_new(site.path + "/memberships.json", "membership",
                 {{"user_id", user}, {"role_ids", {3}}});
  const auto made = site.send("POST", "/issues.json", issue, "anna");
  REQUIRE(made->status == 201);
  CHECK(Json::parse(made->body).at("issue").at("author").at("id") == user);
  CHECK(site.result("POST", "/users.json", {{"user", person}}, "anna") == "403");
  const auto own = site.create("/issues.json", "issue", issue.at("issue"));
  CHECK(own.at("author").at("id") != user);  // only that one request was anna's
}

TEST_CASE("news and files of a project are written, though their answers name no id") {
  Project site;
  const auto news = site.path + "/news.json";
  CHECK(site.result("POST", news, {{"news", Json::object()}}) ==
        "422 Title cannot be blank; Description cannot be blank");
  CHECK(site.result("POST", news,
                    {{"news", {{"title", std::string(61, 'x')}, {"description", "d"}}}}) ==
        "422 Title is too long (maximum is 60 characters)");
  CHECK(site.result("POST", news,
                    {{"news",
                      {{"title", "Read"},
                       {"description", "this"},
                       {"uploads", Json::array({{{"token", site.upload("a.txt", "abc")}}})}}}}) ==
        "204");
  const auto listed = site.get(news).at("news")[0];
  const auto path = "/news/" + listed.at("id").dump() + ".json";
  CHECK(site.get(path + "?include=attachments").at("news").at("attachments").size() == 1);
  CHECK(site.result("PUT", path, {{"news", {{"summary", "short"}}}}) == "204");
  CHECK(site.get(path).at("news").at("summary") == "short");

  const int version = site.id_of_new(site.path + "/versions.json", "version", {{"name", "1.0"}});
  const auto files = site.path + "/files.json";
  CHECK(site.result("POST", files, {{"file", {{"token", "1.00"}}}}) == "404");
  CHECK(site.result("POST", files,
                    {{"file",
                      {{"token", site.upload("b.bin", "xyz")},
                       {"version_id", version},
                       {"filename", "c.bin"},
                       {"description", "all of it"}}}}) == "204");
  const auto file = site.get(files).at("files")[0];
  CHECK(file.at("filename") == "c.bin");
  CHECK(file.at("version").at("name") == "1.0");
  CHECK(site.http.Get("/attachments/download/" + file.at("id").dump())->body == "xyz");
  CHECK(site.result("DELETE", path) == "204");
  CHECK(site.account.files().size() == 1);
}

TEST_CASE("wiki pages have parents, versions and files") {
  Project site;
  const auto wiki = site.path + "/wiki/";
  const auto made = site.create(wiki + "some%20page.json", "wiki_page",
                                {{"text", "one"}, {"comments", "first"}}, "PUT");
  CHECK(made.at("title") == "Some_page");
  CHECK(made.at("version") == 1);
  CHECK(site.result("PUT", wiki + "Some_page.json",
                    {{"wiki_page", {{"text", "two"}, {"version", 7}}}}) == "409");
  CHECK(site.result("PUT", wiki + "Some_page.json",
                    {{"wiki_page",
                      {{"text", "two"},
                       {"version", 1},
                       {"uploads", Json::array({{{"token", site.upload("a.txt", "abc")}}})}}}}) ==
        "204");
  CHECK(site.result("PUT", wiki + "Child.json",
                    {{"wiki_page", {{"text", "x"}, {"parent_title", "Nowhere"}}}}) == "422");
  site.create(wiki + "Child.json", "wiki_page", {{"text", "x"}, {"parent_title", "Some_page"}},
              "PUT");
  CHECK(site.result("PUT", wiki + "Some_page.json",
                    {{"wiki_page", {{"text", "two"}, {"parent_title", "Child"}}}}) == "422");
  const auto page = site.get(wiki + "Some_page.json?include=attachments").at("wiki_page");
  CHECK(page.at("version") == 2);
  CHECK(page.at("attachments").size() == 1);
  CHECK(site.get(wiki + "Some_page/1.json").at("wiki_page").at("text") == "one");
  CHECK(site.get(wiki + "Child.json").at("wiki_page").at("parent").at("title") == "Some_page");
  CHECK(site.result("PUT", wiki + "X.json", {{"wiki_page", {{"text", ""}}}}) ==
        "422 Text field cannot be blank");
  CHECK(site.result("DELETE", wiki + "Some_page.json") == "204");
  CHECK(site.account.truth("wiki_pages").size() == 1);
  CHECK(site.account.files().empty());
}
