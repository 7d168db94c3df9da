// Pull requests: made from branches that are there.
#include <algorithm>

#include "fake/github_writes.h"

namespace probackup {

namespace {

const JsonRecord* branch_of(const GithubWrites& writes, const std::string& repo,
                            const std::string& name) {
  return writes.data.branches.find(repo + "/" + name);
}

// The branch that "BRANCH" or "OWNER:BRANCH" names; other owners have no forks here.
std::string head_of(const GithubWrites& writes, const GithubCall& call) {
  auto head = call.body.required("head");
  const auto owner = writes.data.repos.find(call.repo)->at("owner").get<std::string>() + ":";
  if (head.starts_with(owner)) head = head.substr(owner.size());
  if (branch_of(writes, call.repo, head) == nullptr) {
    refuse_invalid("PullRequest", "head", "invalid");
  }
  return head;
}

void refuse_without_difference(const GithubWrites& writes, const std::string& repo,
                               const std::string& base, const std::string& head) {
  const std::string from = branch_of(writes, repo, base)->at("sha");
  const std::string to = branch_of(writes, repo, head)->at("sha");
  std::optional<int> ahead = from == to ? 0 : 1;
  if (writes.git.has(repo)) ahead = writes.git.ahead(repo, from, to);
  if (!ahead) {
    refuse_invalid("PullRequest", "base", "custom",
                   "The " + head + " branch has no history in common with " + base);
  }
  if (*ahead == 0) {
    refuse_invalid("PullRequest", "base", "custom", "No commits between " + base + " and " + head);
  }
}

void refuse_second(const GithubWrites& writes, const GithubCall& call, const std::string& base,
                   const std::string& head) {
  for (const auto& key : writes.data.pulls.keys_of(call.repo)) {
    const auto& pull = *writes.data.pulls.find(key);
    const bool is_open = writes.data.issues.find(writes.data.issue_of(key))->at("state") == "open";
    if (is_open && pull.at("head") == head && pull.at("base") == base) {
      const std::string owner = writes.data.repos.find(call.repo)->at("owner");
      refuse_invalid("PullRequest", "head", "custom",
                     "A pull request already exists for " + owner + ":" + head + ".");
    }
  }
}

ApiAnswer post_pull(GithubWrites& writes, GithubCall& call) {
  const auto title = call.body.required("title", github_title_max);
  const auto base = call.body.required("base");
  const auto head = head_of(writes, call);
  if (branch_of(writes, call.repo, base) == nullptr) {
    refuse_invalid("PullRequest", "base", "invalid");
  }
  refuse_second(writes, call, base, head);
  refuse_without_difference(writes, call.repo, base, head);
  const auto key = writes.data.add_pull(call.repo, writes.me(), title,
                                        call.body.text("body").value_or(""), head, base);
  auto& pull = *writes.data.pulls.find(key);
  pull["draft"] = call.body.flag("draft").value_or(false);
  pull["maintainer_can_modify"] = false;  // only of forks
  if (writes.git.has(call.repo)) {
    const auto number = writes.data.issues.find(writes.data.issue_of(key))->at("number").get<int>();
    writes.git.set_ref(call.repo, "refs/pull/" + std::to_string(number) + "/head", pull.at("sha"));
  }
  return writes.created(writes.views.full_pull(key), key);
}

ApiAnswer patch_pull(GithubWrites& writes, GithubCall& call) {
  const auto key = writes.pull_of(call);
  const auto issue = writes.data.issue_of(key);
  const auto before = *writes.data.issues.find(issue);
  auto changes = JsonRecord::object();
  if (call.body.has("title")) {
    const auto title = call.body.required("title", github_title_max);
    if (before.at("title") != title) changes["title"] = title;
  }
  call.body.put_text(changes, "body");
  if (const auto state = call.body.one_of("state", {"open", "closed"})) {
    if (before.at("state") != *state) changes["state"] = *state;
    const std::string head = writes.data.pulls.find(key)->at("head");
    if (*state == "open" && branch_of(writes, call.repo, head) == nullptr) {
      refuse_invalid("PullRequest", "state", "custom",
                     "state cannot be changed. The " + head + " branch has been deleted.");
    }
  }
  if (const auto base = call.body.text("base")) {
    const auto* branch = branch_of(writes, call.repo, *base);
    if (branch == nullptr) refuse_invalid("PullRequest", "base", "invalid");
    auto& pull = *writes.data.pulls.find(key);
    pull["base"] = *base;
    pull["base_sha"] = branch->at("sha");
  }
  writes.data.update_issue(issue, changes);
  return writes.changed(writes.views.full_pull(key), key);
}

ApiAnswer request_reviewers(GithubWrites& writes, GithubCall& call) {
  const auto key = writes.pull_of(call);
  const auto issue = writes.data.issue_of(key);
  auto reviewers = writes.data.pulls.find(key)->at("reviewers");
  const auto roles = writes.data.collaborators_of(call.repo);
  for (const auto& login : call.body.texts("reviewers").value_or(std::vector<std::string>{})) {
    if (login == writes.data.issues.find(issue)->at("user")) {
      refuse_github(422, "Review cannot be requested from pull request author.");
    }
    if (!roles.contains(login)) {
      refuse_github(422,
                    "Reviews may only be requested from collaborators. One or more of the users or "
                    "teams you specified is not a collaborator of the " +
                        call.repo + " repository.");
    }
    if (std::find(reviewers.begin(), reviewers.end(), login) == reviewers.end()) {
      reviewers.push_back(login);
    }
  }
  (*writes.data.pulls.find(key))["reviewers"] = std::move(reviewers);
  writes.data.update_issue(issue, JsonRecord::object());
  return writes.created(writes.views.pull(key), key);
}

}  // namespace

void add_github_pull_writes(GithubWrites& writes) {
  writes.on_repo("POST", "/pulls", "PullRequest", GithubNeed::push,
                 [&writes](GithubCall& call) { return post_pull(writes, call); });
  writes.on_repo("GET", "/pulls/:number", "PullRequest", GithubNeed::read,
                 [&writes](GithubCall& call) {
                   const auto key = writes.pull_of(call);
                   return writes.changed(writes.views.full_pull(key), key);
                 });
  writes.on_repo("PATCH", "/pulls/:number", "PullRequest", GithubNeed::push,
                 [&writes](GithubCall& call) { return patch_pull(writes, call); });
  writes.on_repo("POST", "/pulls/:number/requested_reviewers", "PullRequest", GithubNeed::push,
                 [&writes](GithubCall& call) { return request_reviewers(writes, call); });
}

}  // namespace probackup
