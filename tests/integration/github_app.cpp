#include <set>

#include "apps.h"
#include "connector/model.h"
#include "fake/github_account.h"
#include "probackup/connector.h"
#include "unit/git/git_fixture.h"
#include "util/file.h"
#include "util/text.h"

namespace probackup::test {
namespace {

using Truth = TestAccount::Truth;

// What a GraphQL query of the connector asks of each record of a stream.
std::vector<GraphqlField> selection_of(const std::string& stream) {
  const auto connector = ConnectorSet().get("github");
  const auto& query = connector.model().stream(stream)->sources.at(0).request.graphql;
  const auto begin = query.find('{', query.find("nodes{"));
  std::size_t end = begin;
  for (int depth = 0; depth > 0 || end == begin; ++end) {
    if (query.at(end) == '{') ++depth;
    if (query.at(end) == '}') --depth;
  }
  return parse_graphql(query.substr(begin, end - begin), JsonRecord::object());
}

// The git repositories of the account, which change apart from the records of the API.
class GitOrigins {
 public:
  std::string folder() const { return folder_.path().string(); }
  std::string base() const { return "file://" + folder(); }
  // Made here, not through the API.
  bool has(const std::string& name) const { return names_.contains(name); }
  bool knows(const std::string& name) const {
    return has(name) || std::filesystem::exists(path(name));
  }
  void make(const std::string& name) {
    const git_test::Origin origin(path(name));
    origin.commit("README.md", name);
    names_[name] = git_test::names_of(path(name));
  }
  void change(const std::string& name, Seeded& dice) {
    const git_test::Origin origin(path(name));
    origin.commit("file-" + dice.hex(2), dice.prose());
    if (dice.chance(0.3)) origin.run({"branch", "-f", "branch-" + dice.hex(1)});
    if (dice.chance(0.2)) origin.run({"tag", "tag-" + dice.hex(8)});
    names_[name] = git_test::names_of(path(name));
  }
  // A branch with one commit of its own that adds a file. Returns the commit's id.
  std::string add_branch(const std::string& name, const std::string& branch,
                         const std::string& file, const std::string& text) {
    const git_test::Origin origin(path(name));
    origin.run({"checkout", "-q", "-b", branch});
    origin.commit(file, text);
    const auto id = origin.run({"rev-parse", "HEAD"});
    origin.run({"checkout", "-q", "main"});
    names_[name] = git_test::names_of(path(name));
    return id;
  }
  // A wiki that nobody wrote to is an empty repository. What was made through the API changes by
  // pushes.
  std::string names(const std::string& name) const {
    if (has(name)) return names_.at(name);
    if (std::filesystem::exists(path(name))) return git_test::names_of(path(name));
    return "\nHEAD ref: refs/heads/main\n";
  }

 private:
  std::filesystem::path path(const std::string& name) const {
    return folder_.path() / (name + ".git");
  }
  TempFolder folder_;
  std::map<std::string, std::string> names_;  // of each repository
};

class GithubApp final : public App {
 public:
  GithubApp(const std::string& owner, std::uint64_t seed, const AppOptions& options, Clock& clock)
      : owner_(owner), account_(seed, size_of(options), options_of(options), clock) {
    change_git(seed);
    propose_changes(seed);
  }

  TestAccount& account() override { return account_; }
  std::string owner() const override { return owner_; }
  std::map<std::string, std::string> settings() const override {
    return {{"alerts", "yes"}, {"packages", "yes"}};
  }
  std::chrono::hours seen_after() const override { return std::chrono::hours(3); }
  void mutate(std::uint64_t seed, unsigned changes) override {
    account_.mutate(seed, changes);
    change_git(seed);
  }

  Expected expected() override {
    return account_.change([&](const GithubData& data) { return Reader(*this, data).read(); });
  }

  Truth expected_files() override {
    return account_.change([&](const GithubData& data) {
      Truth out;
      for (const auto& repo : data.repos.keys_of(owner_))
        for (const auto& release : data.releases.keys_of(repo))
          for (const auto& asset : data.assets.keys_of(release))
            out[release + "/" + asset] = data.bytes.at(asset);
      return out;
    });
  }

  Truth expected_git() override {
    Truth out;
    for (const auto& [name, has_wiki] : repositories()) {
      out[safe_file_name(name)] = origins_.names(name);
      if (has_wiki) out[safe_file_name(name + ".wiki")] = origins_.names(name + ".wiki");
    }
    return out;
  }

 private:
  // The truth of every stream of the connector, from the data under the account's lock.
  class Reader {
   public:
    Reader(GithubApp& app, const GithubData& data)
        : data_(data),
          owner_(app.owner_),
          links_(app.account_.links()),
          views_(data, links_),
          graph_(data, links_) {}

    Expected read() {
      put("owner", id_of(owner_record()), views_.full_user(owner_), owner_);
      if (is_organization()) read_organization();
      for (const auto& repo : data_.repos.keys_of(owner_)) read_repository(repo);
      for (const auto& key : data_.projects.keys_of(owner_)) read_project(key);
      return std::move(out_);
    }

   private:
    bool is_organization() const { return data_.organizations.find(owner_) != nullptr; }
    const JsonRecord& owner_record() const {
      return is_organization() ? *data_.organizations.find(owner_) : *data_.users.find(owner_);
    }
    static std::string id_of(const JsonRecord& record) { return record.at("id").dump(); }
    // `name`: what the server chooses the escapes of the text by.
    void put(const std::string& stream, const std::string& key, const JsonRecord& view,
             const std::string& name) {
      out_[stream][key] = record_text(view, name);
    }
    void select(const std::string& stream, const JsonRecord& whole) {
      auto& fields = selections_[stream];
      if (fields.empty()) fields = selection_of(stream);
      out_[stream][whole.at("id")] = select_graphql(whole, fields).dump();
    }
    void select_all(const std::string& stream, const JsonRecord& connection) {
      for (const auto& whole : connection.at("__connection")) select(stream, whole);
    }

    void read_organization() {
      put("organization", id_of(owner_record()), views_.organization(owner_), owner_);
      const auto& token_owner = data_.users.all().begin()->first;
      for (const auto& key : data_.members.keys_of(owner_)) {
        const std::string login = data_.members.find(key)->at("login");
        const auto* stream = login == token_owner ? "organization_owners" : "organization_members";
        put(stream, id_of(*data_.users.find(login)), views_.user(login), login);
      }
      for (const auto& key : data_.teams.keys_of(owner_)) put("teams", key, views_.team(key), key);
    }

    void read_repository(const std::string& repo) {
      const auto& record = *data_.repos.find(repo);
      const auto id = id_of(record);
      put("repositories", id, views_.listed_repository(repo), repo);
      put("repository_settings", id, views_.repository(repo), repo);
      for (const auto& key : data_.labels.keys_of(repo)) put("labels", key, views_.label(key), key);
      for (const auto& key : data_.milestones.keys_of(repo))
        put("milestones", key, views_.milestone(key), key);
      for (const auto& key : data_.branches.keys_of(repo)) {
        const std::string name = data_.branches.find(key)->at("name");
        put("branches", id + "/" + name, views_.branch(key), key);
      }
      for (const auto& key : data_.commit_comments.keys_of(repo))
        put("commit_comments", key, views_.commit_comment(key), key);
      for (const auto& key : data_.releases.keys_of(repo))
        put("releases", key, views_.release(key), key);
      for (const auto& key : data_.rulesets.keys_of(repo))
        put("rulesets", key, views_.ruleset(key), key);
      read_issues(repo, id);
      read_discussions(repo);
      if (record.at("may_administer").get<bool>()) read_administration(repo, id);
    }

    void read_environments(const std::string& repo) {
      for (const auto& key : data_.environments.keys_of(repo)) {
        put("environments", key, views_.environment(key), key);
        for (const auto& variable : data_.environment_variables.keys_of(key)) {
          const std::string name = data_.environment_variables.find(variable)->at("name");
          put("environment_variables", key + "/" + name, views_.environment_variable(variable),
              variable);
        }
        for (const auto& policy : data_.environment_policies.keys_of(key))
          put("environment_branch_policies", policy, views_.environment_policy(policy), policy);
      }
    }

    void read_issues(const std::string& repo, const std::string& id) {
      const auto numbered = [&](const std::string& issue) {
        return id + "#" + data_.issues.find(issue)->at("number").dump();
      };
      for (const auto& key : data_.issues.keys_of(repo)) {
        put("issues", numbered(key), views_.issue(key), key);
        for (const auto& comment : data_.comments.keys_of(key))
          put("issue_comments", comment, views_.comment(comment), comment);
        for (const std::string blocker : data_.issues.find(key)->at("blocked_by"))
          put("issue_dependencies", key + "/" + blocker, views_.issue(blocker), blocker);
      }
      for (const auto& key : data_.events.keys_of(repo)) {
        const auto& event = *data_.events.find(key);
        const auto& issue = *data_.issues.find(event.at("issue").get<std::string>());
        put("timeline",
            id_of(issue) + "/" + event.at("event").get<std::string>() + "/" + key + "/" +
                event.at("created_at").get<std::string>(),
            views_.timeline_event(key), key);
      }
      for (const auto& key : data_.pulls.keys_of(repo)) {
        put("pulls", numbered(data_.issue_of(key)), views_.pull(key), key);
        for (const auto& review : data_.reviews.keys_of(key))
          put("reviews", review, views_.review(review), review);
        for (const auto& comment : data_.review_comments.keys_of(key))
          put("review_comments", comment, views_.review_comment(comment), comment);
      }
    }

    void read_discussions(const std::string& repo) {
      const auto whole = graph_.repository(repo);
      select_all("discussion_categories", whole.at("discussionCategories"));
      for (const auto& discussion : whole.at("discussions").at("__connection")) {
        select("discussions", discussion);
        select_all("discussion_comments", discussion.at("comments"));
        for (const auto& comment : discussion.at("comments").at("__connection"))
          select_all("discussion_replies", comment.at("replies"));
      }
    }

    void read_administration(const std::string& repo, const std::string& id) {
      for (const auto& [login, role] : data_.collaborators_of(repo))
        put("collaborators", id + "/" + id_of(*data_.users.find(login)),
            views_.collaborator(repo, login), login);
      for (const auto& key : data_.hooks.keys_of(repo)) put("hooks", key, views_.hook(key), key);
      for (const auto& key : data_.keys.keys_of(repo))
        put("deploy_keys", key, views_.deploy_key(key), key);
      for (const auto& key : data_.autolinks.keys_of(repo))
        put("autolinks", key, views_.autolink(key), key);
      for (const auto& key : data_.invitations.keys_of(repo))
        put("repository_invitations", key, views_.invitation(key), key);
      for (const auto& key : data_.variables.keys_of(repo)) {
        const std::string name = data_.variables.find(key)->at("name");
        put("actions_variables", id + "/" + name, views_.variable(key), key);
      }
      read_environments(repo);
      select_all("branch_protection_rules", graph_.repository(repo).at("branchProtectionRules"));
      out_["actions_permissions"][id] = views_.actions_permissions(repo).dump();
    }

    void read_project(const std::string& key) {
      const auto whole = graph_.project(key);
      select("projects", whole);
      select_all("project_fields", whole.at("fields"));
      select_all("project_items", whole.at("items"));
    }

    const GithubData& data_;
    const std::string owner_;
    const GithubLinks links_;
    const GithubViews views_;
    const GithubGraph graph_;
    std::map<std::string, std::vector<GraphqlField>> selections_;
    Expected out_;
  };

  // Names of the repositories, and whether they have a wiki.
  std::map<std::string, bool> repositories() {
    return account_.change([&](const GithubData& data) {
      std::map<std::string, bool> out;
      for (const auto& name : data.repos.keys_of(owner_))
        out[name] = data.repos.find(name)->at("has_wiki");
      return out;
    });
  }

  void change_git(std::uint64_t seed) {
    for (const auto& [name, has_wiki] : repositories()) {
      Seeded dice(mix_seed(seed, name));
      const auto wiki = name + ".wiki";
      if (!origins_.knows(name)) origins_.make(name);
      if (has_wiki && !origins_.knows(wiki) && dice.chance(0.5)) origins_.make(wiki);
      if (origins_.has(name) && dice.chance(0.3)) origins_.change(name, dice);
      if (origins_.has(wiki) && dice.chance(0.3)) origins_.change(wiki, dice);
    }
  }

  // Pull requests whose branches git has: an open one with a thread on a line of code, and one that
  // was closed. Comments on commits that are there.
  void propose_changes(std::uint64_t seed) {
    for (const auto& [repo, has_wiki] : repositories()) {
      Seeded dice(mix_seed(seed, repo + " changes"));
      for (const std::string branch : {"topic/a", "topic-b"}) {
        const auto file = "src/" + branch + ".txt";
        const auto id = origins_.add_branch(repo, branch, file, "one\ntwo\n");
        const auto& name = repo;
        account_.change([&](GithubData& data) { propose(data, dice, name, branch, file, id); });
      }
    }
  }

  static void propose(GithubData& data, Seeded& dice, const std::string& repo,
                      const std::string& branch, const std::string& file, const std::string& id) {
    const auto anybody = [&] { return *any_key(dice, data.users); };
    data.add_branch(repo, branch);
    (*data.branches.find(repo + "/" + branch))["sha"] = id;
    const auto pull = data.add_pull(repo, anybody(), dice.words(4), dice.prose(), branch);
    (*data.pulls.find(pull))["draft"] = dice.chance(0.5);
    const auto review = data.add_review(pull, anybody(), dice.prose(), "CHANGES_REQUESTED");
    std::string first;
    for (int i = 0; i < 2; ++i) {
      const auto comment = data.add_review_comment(pull, anybody(), dice.prose());
      auto& record = *data.review_comments.find(comment);
      record["path"] = file;
      record["line"] = 2;
      record["review"] = review;
      if (i > 0) record["reply_to"] = first;
      first = comment;
    }
    if (branch == "topic-b") data.update_issue(data.issue_of(pull), {{"state", "closed"}});
    const auto comment = data.add_commit_comment(repo, anybody(), dice.prose());
    (*data.commit_comments.find(comment))["sha"] = id;
  }

  static GithubSize size_of(const AppOptions& options) {
    GithubSize size;
    size.repositories = 4;
    size.issues = options.large ? 130 : 12;
    size.pulls = options.large ? 30 : 5;
    return size;
  }
  GithubOptions options_of(const AppOptions& options) const {
    GithubOptions out;
    out.only_dated_changes = options.dated_only;
    out.git_base = out.html_base = origins_.base();
    out.git_folder = origins_.folder();
    out.own_upload_host = false;  // tests have no name for another host that is the app's own
    return out;
  }

  const std::string owner_;
  GitOrigins origins_;
  GithubAccount account_;
};

}  // namespace

std::unique_ptr<App> make_github(const std::string& owner, std::uint64_t seed,
                                 const AppOptions& options, Clock& clock) {
  return std::make_unique<GithubApp>(owner, seed, options, clock);
}

}  // namespace probackup::test
