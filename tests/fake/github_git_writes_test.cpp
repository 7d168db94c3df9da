// Git data of a GitHub test account: pushes, pull requests, reviews, releases.
#include <fstream>

#include "fake/github_test_client.h"
#include "unit/git/git_fixture.h"

using namespace probackup;
using namespace probackup::github_test;
using Values = std::vector<json>;

namespace {

// An account whose repositories tests push to, and a repository to push.
struct Pushed {
  explicit Pushed(GithubOptions options = {})
      : account(51, empty_github(1), with_git(std::move(options))), client(account) {
    origin.commit("README.md", "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
    origin.run({"branch", "feature"});
    origin.run({"tag", "v1"});
    origin.run({"checkout", "-q", "feature"});
    origin.commit("README.md", "one\ntwo\nTHREE\nfour\nfive\nsix\nseven\neight\nnine\n");
    origin.run({"checkout", "-q", "main"});
  }
  GithubOptions with_git(GithubOptions options) {
    options.git_folder = (folder.path() / "hub").string();
    options.git_base = options.html_base = "file://" + options.git_folder;
    return options;
  }
  // A new repository with everything pushed to it.
  std::string pushed(const std::string& name) {
    auto path = client.make_repository(name);
    origin.run({"push", "-q", "--mirror", client.get(path).body["clone_url"]});
    return path;
  }
  // Whether a push is accepted.
  bool takes(const std::string& url, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"git", "push", "-q", url});
    ProcessOptions options;
    options.folder = origin.path().string();
    return run_process(arguments, options).exit_code == 0;
  }
  std::string sha(const std::string& name) const { return origin.run({"rev-parse", name}); }

  TempFolder folder;
  git_test::Origin origin{folder.path() / "origin"};
  GithubAccount account;
  Client client;
};

}  // namespace

TEST_CASE("a mirror can be pushed to a new GitHub repository") {
  Pushed at;
  const auto path = at.pushed("one");
  CHECK(at.client.list(path + "/branches", "name") == Values{"feature", "main"});
  CHECK(at.client.get(path + "/branches").body[1]["commit"]["sha"] == at.sha("main"));
  CHECK(at.account.truth("branches").size() == 2);
  const auto url = at.client.get(path).body["clone_url"].get<std::string>();
  const auto copy = at.folder.path() / "copy";
  git_test::git(at.folder.path(), {"clone", "-q", "--mirror", url, copy.string()});
  CHECK(git_test::names_of(copy) == git_test::names_of(at.origin.path()));
  CHECK(at.client.patch(path, {{"default_branch", "feature"}}).status == 200);
  CHECK(git_test::git(at.folder.path(), {"ls-remote", "--symref", url, "HEAD"})
            .starts_with("ref: refs/heads/feature"));
}

TEST_CASE("without main, another pushed branch becomes GitHub's default") {
  Pushed at;
  const auto path = at.client.make_repository("one");
  const auto url = at.client.get(path).body["clone_url"].get<std::string>();
  CHECK(at.takes(url, {"feature:trunk"}));
  CHECK(at.client.get(path).body["default_branch"] == "trunk");
}

TEST_CASE("GitHub refuses pushes to pull requests and deleting the default branch") {
  Pushed at;
  const auto path = at.pushed("one");
  const auto url = at.client.get(path).body["clone_url"].get<std::string>();
  CHECK_FALSE(at.takes(url, {"main:refs/pull/7/head"}));
  CHECK_FALSE(at.takes(url, {":main"}));
  CHECK(at.takes(url, {":feature"}));
  CHECK(at.client.list(path + "/branches", "name") == Values{"main"});
}

TEST_CASE("a wiki of GitHub takes pushes after its first page") {
  Pushed at;
  const auto path = at.pushed("one");
  const auto html = at.client.get(path).body["html_url"].get<std::string>();
  CHECK_FALSE(at.takes(html + ".wiki.git", {"main:master"}));
  at.account.make_first_wiki_page("guest-1/one");
  CHECK(at.takes(html + ".wiki.git", {"--force", "main:master"}));

  GithubOptions options;
  options.wikis_take_pushes = true;
  Pushed lenient(options);
  const auto other = lenient.client.get(lenient.client.make_repository("two")).body["html_url"];
  CHECK(lenient.takes(other.get<std::string>() + ".wiki.git", {"main:master"}));
}

TEST_CASE("deleting a GitHub repository deletes its git data") {
  GithubOptions options;
  options.scopes = "repo, delete_repo";
  Pushed at(options);
  const auto path = at.pushed("one");
  const auto url = at.client.get(path).body["clone_url"].get<std::string>();
  CHECK(at.client.remove(path).status == 204);
  CHECK_FALSE(at.takes(url, {"main"}));
  CHECK(at.client.list(at.client.make_repository("one") + "/branches", "name").empty());
}

TEST_CASE("GitHub makes pull requests from branches that differ") {
  Pushed at;
  const auto path = at.pushed("one");
  at.client.post(path + "/issues", {{"title", "First"}});
  const json wanted{{"title", "Change"}, {"head", "feature"}, {"base", "main"}, {"body", "Text"}};
  const auto made = at.client.post(path + "/pulls", wanted);
  REQUIRE(made.status == 201);
  CHECK(made.body["number"] == 2);
  CHECK(made.body["head"]["sha"] == at.sha("feature"));
  CHECK(made.body["base"]["sha"] == at.sha("main"));
  CHECK(at.client.list(path + "/pulls", "number") == Values{2});
  CHECK(at.client.get(path + "/issues/2").body["pull_request"].is_object());
  CHECK(at.client.get(path + "/pulls/1").status == 404);
  CHECK(at.client.get(path + "/pulls/2").body == made.body);
  const auto error = [&](const std::string& head, const std::string& base) {
    return at.client.post(path + "/pulls", {{"title", "x"}, {"head", head}, {"base", base}})
        .error();
  };
  CHECK(error("feature", "main") == "head custom");
  CHECK(error("gone", "main") == "head invalid");
  CHECK(error("feature", "gone") == "base invalid");
  CHECK(error("main", "feature") == "base custom");
  CHECK(git_test::git(at.account.git().path("guest-1/one"), {"rev-parse", "refs/pull/2/head"}) ==
        at.sha("feature"));
  const auto closed = at.client.patch(path + "/pulls/2", {{"state", "closed"}});
  CHECK(closed.body["state"] == "closed");
  CHECK(closed.body["merged"] == false);
  CHECK(at.client.post(path + "/pulls", wanted).body["number"] == 3);
}

TEST_CASE("GitHub takes reviews of one's own pull request as comments only") {
  Pushed at;
  const auto path = at.pushed("one");
  at.client.post(path + "/pulls", {{"title", "Change"}, {"head", "feature"}, {"base", "main"}});
  const auto pull = path + "/pulls/1";
  const auto approved = at.client.post(pull + "/reviews", {{"event", "APPROVE"}});
  CHECK(approved.status == 422);
  CHECK(approved.body["errors"][0] == "Can not approve your own pull request");
  const auto review = at.client.post(
      pull + "/reviews", {{"event", "COMMENT"},
                          {"body", "Fine"},
                          {"comments", {{{"path", "README.md"}, {"line", 3}, {"body", "Why?"}}}}});
  REQUIRE(review.status == 200);
  CHECK(review.body["state"] == "COMMENTED");
  CHECK(at.client.get(pull + "/reviews").body[0] == review.body);
  const auto first = at.client.get(path + "/pulls/comments").body[0];
  CHECK(first["pull_request_review_id"] == review.body["id"]);
  CHECK(first["line"] == 3);
  const json wanted{{"body", "Here"},
                    {"commit_id", at.sha("feature")},
                    {"path", "README.md"},
                    {"line", 4},
                    {"side", "RIGHT"}};
  const auto comment = at.client.post(pull + "/comments", wanted);
  REQUIRE(comment.status == 201);
  CHECK_THAT(comment.body["diff_hunk"].get<std::string>(), ContainsSubstring("+THREE"));
  auto wrong = wanted;
  wrong["path"] = "missing.txt";
  CHECK(at.client.post(pull + "/comments", wrong).status == 422);
  wrong = wanted;
  wrong["line"] = 40;
  CHECK(at.client.post(pull + "/comments", wrong).status == 422);
  wrong = wanted;
  wrong["commit_id"] = std::string(40, 'a');
  CHECK(at.client.post(pull + "/comments", wrong).status == 422);
  const auto reply = at.client.post(pull + "/comments/" + comment.body["id"].dump() + "/replies",
                                    {{"body", "Yes"}});
  CHECK(reply.status == 201);
  CHECK(reply.body["in_reply_to_id"] == comment.body["id"]);
  // A comment of its own is a review of its own.
  CHECK(at.client.get(pull + "/reviews").body.size() == 3);
  CHECK(at.client.get(path + "/pulls/comments").body.size() == 3);
  CHECK(at.client.post(pull + "/requested_reviewers", {{"reviewers", {"guest-1"}}}).status == 422);
}

TEST_CASE("GitHub takes comments on commits that were pushed") {
  Pushed at;
  const auto path = at.pushed("one");
  const auto made = at.client.post(path + "/commits/" + at.sha("feature") + "/comments",
                                   {{"body", "Good"}, {"path", "README.md"}, {"position", 2}});
  REQUIRE(made.status == 201);
  CHECK(at.client.get(path + "/comments").body[0] == made.body);
  CHECK(made.body["path"] == "README.md");
  const auto missing = path + "/commits/" + std::string(40, 'b') + "/comments";
  CHECK(at.client.post(missing, {{"body", "x"}}).status == 422);
}

TEST_CASE("releases of GitHub make their tag, and keep one that was pushed") {
  Pushed at;
  const auto empty = at.client.make_repository("empty");
  CHECK(at.client.post(empty + "/releases", {{"tag_name", "v1"}}).status == 422);
  const auto path = at.pushed("one");
  const auto made = at.client.post(path + "/releases", {{"tag_name", "v1"}, {"body", "Notes"}});
  REQUIRE(made.status == 201);
  CHECK(made.body["published_at"].is_string());
  CHECK(at.client.post(path + "/releases", {{"tag_name", "v1"}}).error() ==
        "tag_name already_exists");
  CHECK(at.client.post(path + "/releases", {{"tag_name", "v2"}, {"target_commitish", "feature"}})
            .status == 201);
  const auto git = at.account.git().path("guest-1/one");
  CHECK(git_test::git(git, {"rev-parse", "v2"}) == at.sha("feature"));
  CHECK(git_test::git(git, {"rev-parse", "v1"}) == at.sha("v1"));
  const auto draft = at.client.post(path + "/releases", {{"tag_name", "v3"}, {"draft", true}});
  CHECK(draft.body["published_at"].is_null());
  CHECK(at.client.get(path + "/releases/tags/v3").status == 404);
  const auto draft_path = path + "/releases/" + draft.body["id"].dump();
  const auto published = at.client.patch(draft_path, {{"draft", false}, {"name", "Third"}});
  CHECK(published.body["published_at"].is_string());
  CHECK(published.body["name"] == "Third");
  CHECK(at.client.get(path + "/releases/tags/v3").body == published.body);
  CHECK(at.client.remove(draft_path).status == 204);
  CHECK(at.client.get(path + "/releases").body.size() == 2);
}

TEST_CASE("files of releases are uploaded to the host that GitHub names") {
  GithubAccount account(52, empty_github());
  Client client(account);
  const auto path = client.make_repository("one");
  const auto release = client.post(path + "/releases", {{"tag_name", "v9"}, {"draft", true}}).body;
  const auto upload_url = release["upload_url"].get<std::string>();
  const auto origin = account.upload_server().origin();
  REQUIRE(upload_url.starts_with(origin));
  CHECK(origin != account.server().origin());
  const auto target = upload_url.substr(origin.size(), upload_url.find('{') - origin.size()) +
                      "?name=my%20tool.bin";
  Client uploads(account, account.upload_server().port());
  const std::string bytes("\0\1\2binary", 9);
  const auto upload = [&](const std::string& to) {
    return uploads.http().Post(to, bytes, "application/octet-stream");
  };
  httplib::Client stranger("127.0.0.1", account.upload_server().port());
  stranger.set_default_headers({{"User-Agent", "test"}});
  CHECK(stranger.Post(target, bytes, "application/octet-stream")->status == 401);
  const auto made = upload(target);
  REQUIRE(made->status == 201);
  const auto asset = json::parse(made->body);
  CHECK(asset["name"] == "my.tool.bin");
  CHECK(asset["size"] == 9);
  CHECK(upload(target)->status == 422);
  CHECK(account.files().at(release["id"].dump() + "/" + asset["id"].dump()) == bytes);
  const auto releases = client.get(path + "/releases").body;
  CHECK(releases[0]["assets"][0]["digest"] == asset["digest"]);

  account.fail_uploads(1);
  const auto second = target.substr(0, target.find('?')) + "?name=second";
  CHECK(upload(second)->status == 502);
  const auto left = client.get(path + "/releases/" + release["id"].dump() + "/assets");
  REQUIRE(left.body.size() == 2);
  CHECK(left.body[1]["state"] == "starter");
  CHECK(upload(second)->status == 422);
  CHECK(client.remove(path + "/releases/assets/" + left.body[1]["id"].dump()).status == 204);
  CHECK(upload(second)->status == 201);
}
