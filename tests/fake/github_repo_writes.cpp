// Repositories: made, changed, deleted; their topics.
#include "fake/github_writes.h"
#include "util/text.h"

namespace probackup {

namespace {

constexpr std::size_t repo_name_max = 100;
constexpr std::size_t topics_max = 20, topic_length_max = 50;

// GitHub writes other characters as hyphens.
std::string repository_name(std::string name) {
  for (auto& c : name) {
    const bool stays = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
    if (!stays) c = '-';
  }
  return name;
}

void refuse_taken_name(const GithubWrites& writes, const std::string& owner,
                       const std::string& name) {
  for (const auto& repo : writes.data.repos.keys_of(owner)) {
    if (to_lower(repo) == to_lower(owner + "/" + name)) {
      refuse_invalid("Repository", "name", "custom", "name already exists on this account");
    }
  }
}

void apply_settings(GithubWrites& writes, GithubCall& call, const std::string& repo) {
  auto changes = JsonRecord::object();
  call.body.put_text(changes, "description");
  call.body.put_text(changes, "homepage");
  for (const auto* name : {"private", "has_issues", "has_projects", "has_wiki", "is_template"}) {
    call.body.put_flag(changes, name);
  }
  if (const auto visibility = call.body.one_of("visibility", {"public", "private"})) {
    changes["private"] = *visibility == "private";
  }
  auto merging = writes.data.repos.find(repo)->at("merging");
  for (const auto* name : {"allow_squash_merge", "allow_merge_commit", "allow_rebase_merge",
                           "allow_auto_merge", "delete_branch_on_merge", "allow_update_branch",
                           "use_squash_pr_title_as_default", "web_commit_signoff_required"}) {
    call.body.put_flag(merging, name);
  }
  const auto choose = [&](const char* name, std::initializer_list<const char*> choices) {
    if (const auto chosen = call.body.one_of(name, choices)) merging[name] = *chosen;
  };
  choose("squash_merge_commit_title", {"PR_TITLE", "COMMIT_OR_PR_TITLE"});
  choose("squash_merge_commit_message", {"PR_BODY", "COMMIT_MESSAGES", "BLANK"});
  choose("merge_commit_title", {"PR_TITLE", "MERGE_MESSAGE"});
  choose("merge_commit_message", {"PR_BODY", "PR_TITLE", "BLANK"});
  changes["merging"] = std::move(merging);
  writes.data.update(writes.data.repos, repo, changes);
}

void open_wiki(GithubWrites& writes, const std::string& repo) {
  const bool has_wiki = writes.data.repos.find(repo)->at("has_wiki");
  const auto wiki = repo + ".wiki";
  if (!writes.wikis_take_pushes || !has_wiki || !writes.git.has(repo)) return;
  if (!writes.git.has(wiki)) writes.git.create(wiki, "master");
}

ApiAnswer post_repository(GithubWrites& writes, GithubCall& call, const std::string& owner) {
  const auto name = repository_name(call.body.required("name", repo_name_max));
  refuse_taken_name(writes, owner, name);
  const auto repo = writes.data.create_repository(owner, name);
  apply_settings(writes, call, repo);
  const bool of_user = writes.data.users.find(owner) != nullptr;
  if (of_user && call.body.flag("has_discussions").value_or(false)) {
    writes.data.update(writes.data.repos, repo, {{"has_discussions", true}});
  }
  if (writes.git.is_on()) writes.git.create(repo, "main");
  open_wiki(writes, repo);
  if (call.body.flag("auto_init").value_or(false)) {
    if (writes.git.is_on()) {
      writes.git.add_first_commit(repo, "main");
      writes.git.sync(writes.data, repo);
    } else {
      writes.data.add_branch(repo, "main");
    }
  }
  return writes.created(writes.views.repository(repo), repo);
}

ApiAnswer patch_repository(GithubWrites& writes, GithubCall& call) {
  auto repo = call.repo;
  if (!writes.may_push(repo)) refuse_github(403, "Must have admin rights to Repository.");
  const bool was_archived = writes.data.repos.find(repo)->at("archived");
  const auto archived = call.body.flag("archived");
  if (was_archived && archived.value_or(true)) {
    refuse_github(403, "Repository was archived so is read-only.");
  }
  if (const auto branch = call.body.text("default_branch")) {
    if (writes.data.branches.find(repo + "/" + *branch) == nullptr) {
      refuse_invalid("Repository", "default_branch", "invalid",
                     "The branch " + *branch +
                         " was not found. Please push that ref first or create it via the Git "
                         "Data API.");
    }
    writes.data.update(writes.data.repos, repo, {{"default_branch", *branch}});
    if (writes.git.has(repo)) writes.git.set_head(repo, *branch);
  }
  apply_settings(writes, call, repo);
  open_wiki(writes, repo);
  if (archived) writes.data.update(writes.data.repos, repo, {{"archived", *archived}});
  if (const auto name = call.body.text("name", repo_name_max)) {
    const std::string owner = writes.data.repos.find(repo)->at("owner");
    const auto renamed = owner + "/" + repository_name(*name);
    if (renamed != repo) {
      if (to_lower(renamed) != to_lower(repo)) refuse_taken_name(writes, owner, *name);
      writes.data.rename_repository(repo, repository_name(*name));
      writes.git.rename(repo, renamed);
      writes.git.rename(repo + ".wiki", renamed + ".wiki");
      repo = renamed;
    }
  }
  return writes.changed(writes.views.repository(repo), repo);
}

ApiAnswer put_topics(GithubWrites& writes, GithubCall& call) {
  const auto names = call.body.texts("names");
  if (!names) refuse_invalid("Repository", "names", "missing_field");
  if (names->size() > topics_max) refuse_github(422, "A repository can have 20 topics at most.");
  for (const auto& name : *names) {
    const bool fits =
        !name.empty() && name.size() <= topic_length_max && name[0] != '-' &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!fits) {
      refuse_github(422,
                    "Topics must start with a lowercase letter or number, consist of 50 characters "
                    "or less, and can include hyphens.");
    }
  }
  writes.data.update(writes.data.repos, call.repo, {{"topics", *names}});
  return writes.changed(writes.views.topics(call.repo), call.repo);
}

}  // namespace

void add_github_repo_writes(GithubWrites& writes, bool may_delete) {
  writes.on(writes.server, "POST", "/user/repos", "Repository",
            [&writes](GithubCall& call) { return post_repository(writes, call, writes.me()); });
  writes.on(writes.server, "POST", "/orgs/:org/repos", "Repository", [&writes](GithubCall& call) {
    const auto& owner = call.param("org");
    if (writes.data.organizations.find(owner) == nullptr) refuse_github(404, "Not Found");
    return post_repository(writes, call, owner);
  });
  writes.on_repo("PATCH", "", "Repository", GithubNeed::read,
                 [&writes](GithubCall& call) { return patch_repository(writes, call); });
  writes.on_repo("DELETE", "", "Repository", GithubNeed::read,
                 [&writes, may_delete](GithubCall& call) {
                   if (!may_delete || !writes.may_push(call.repo)) {
                     refuse_github(403, "Must have admin rights to Repository.");
                   }
                   writes.data.delete_repository(call.repo);
                   writes.git.remove(call.repo);
                   writes.git.remove(call.repo + ".wiki");
                   return GithubWrites::done();
                 });
  writes.on_repo("PUT", "/topics", "Repository", GithubNeed::admin,
                 [&writes](GithubCall& call) { return put_topics(writes, call); });
  writes.on_repo("PUT", "/actions/permissions", "Repository", GithubNeed::admin,
                 [&writes](GithubCall& call) {
                   auto actions = writes.data.repos.find(call.repo)->at("actions");
                   if (!call.body.flag("enabled")) {
                     refuse_invalid("Repository", "enabled", "missing_field");
                   }
                   call.body.put_flag(actions, "enabled");
                   call.body.put_flag(actions, "sha_pinning_required");
                   if (const auto allowed =
                           call.body.one_of("allowed_actions", {"all", "local_only", "selected"})) {
                     actions["allowed_actions"] = *allowed;
                   }
                   if (!actions.at("enabled").get<bool>()) actions.erase("allowed_actions");
                   writes.data.update(writes.data.repos, call.repo, {{"actions", actions}});
                   return GithubWrites::done();
                 });
}

}  // namespace probackup
