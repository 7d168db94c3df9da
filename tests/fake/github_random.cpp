#include "fake/github_random.h"

#include <functional>
#include <vector>

#include "demo/sample_files.h"
#include "fake/github_body.h"
#include "fake/github_view_parts.h"

namespace probackup {

namespace {

constexpr std::size_t label_name_max = 50;

// No longer than GitHub takes it; names that are longer are plain ASCII.
std::string name_of(Seeded& dice, std::size_t max) {
  return dice.name().substr(0, max);
}

std::string any_user(const GithubData& data, Seeded& dice) {
  return *any_key(dice, data.users);
}

void add_issue(GithubData& data, Seeded& dice, const std::string& repo, unsigned comments) {
  const auto issue = data.add_issue(repo, any_user(data, dice), name_of(dice, github_title_max),
                                    dice.chance(0.9) ? dice.prose() : "");
  if (const auto label = any_key(dice, data.labels.keys_of(repo)); label && dice.chance(0.5)) {
    data.update_issue(issue, {{"labels", {*label}}});
  }
  if (const auto milestone = any_key(dice, data.milestones.keys_of(repo)); dice.chance(0.2)) {
    if (milestone) data.update_issue(issue, {{"milestone", *milestone}});
  }
  if (dice.chance(0.3)) data.update_issue(issue, {{"assignees", {any_user(data, dice)}}});
  for (auto left = dice.below(2 * comments + 1); left > 0; --left) {
    data.add_comment(issue, any_user(data, dice), dice.prose());
  }
  if (dice.chance(0.3)) data.update_issue(issue, {{"state", "closed"}});
}

void add_pull(GithubData& data, Seeded& dice, const std::string& repo, unsigned comments) {
  const auto pull =
      data.add_pull(repo, any_user(data, dice), name_of(dice, github_title_max), dice.prose());
  for (auto left = dice.below(comments + 1); left > 0; --left) {
    data.add_comment(data.issue_of(pull), any_user(data, dice), dice.prose());
  }
  if (!dice.chance(0.6)) return;
  data.add_review(pull, any_user(data, dice), dice.prose(),
                  dice.chance(0.5) ? "APPROVED" : "COMMENTED");
  for (auto left = dice.below(3); left > 0; --left) {
    data.add_review_comment(pull, any_user(data, dice), dice.prose());
  }
}

void add_release(GithubData& data, Seeded& dice, const std::string& repo) {
  const auto number = std::to_string(data.releases.keys_of(repo).size() + 1);
  const auto release = data.add_release(repo, "v1." + number, dice.prose());
  for (auto left = dice.below(3); left > 0; --left) {
    auto file = sample_file(dice);
    data.add_asset(release, github_asset_name(file.name), file.mime_type, std::move(file.bytes));
  }
}

std::string fill_repository(GithubData& data, Seeded& dice, const std::string& owner,
                            const GithubSize& size) {
  const auto name = "repo-" + std::to_string(data.repos.size() + 1);
  const auto repo = data.add_repository(owner, name, dice.chance(0.8));
  if (dice.chance(0.5)) {
    data.update(data.repos, repo, {{"topics", {"backup", "topic-" + dice.hex(3)}}});
  }
  if (dice.chance(0.5)) data.update(data.repos, repo, {{"description", dice.prose()}});
  if (dice.chance(0.4)) data.update(data.repos, repo, {{"private", true}});
  if (dice.chance(0.5)) data.update(data.repos, repo, {{"has_wiki", true}});
  data.add_branch(repo, "feature/" + dice.hex(4));
  data.add_label(repo, "bug", "d73a4a", "Something does not work");
  data.add_label(repo, "nice to have \xf0\x9f\x8c\xb1", "0e8a16", "");
  data.add_milestone(repo, dice.name());
  for (unsigned i = 0; i < size.issues; ++i) add_issue(data, dice, repo, size.comments);
  for (unsigned i = 0; i < size.pulls; ++i) add_pull(data, dice, repo, size.comments);
  for (auto left = dice.below(3); left > 0; --left) add_release(data, dice, repo);
  for (auto left = dice.below(3); left > 0; --left) {
    data.add_commit_comment(repo, any_user(data, dice), dice.prose());
  }
  if (dice.chance(0.6)) data.add_hook(repo, "https://example.com/hook", dice.chance(0.5));
  for (auto left = dice.below(4); left > 0; --left) {
    const auto discussion = data.add_discussion(repo, any_user(data, dice),
                                                name_of(dice, github_title_max), dice.prose());
    for (auto more = dice.below(4); more > 0; --more) {
      data.add_discussion_comment(discussion, any_user(data, dice), dice.prose());
    }
  }
  return repo;
}

using Change = std::function<void(GithubData&, Seeded&, const std::string& issue)>;

const std::vector<Change>& issue_changes() {
  static const std::vector<Change> changes{
      [](auto& data, auto& dice, const auto& issue) {
        data.update_issue(issue, {{"title", name_of(dice, github_title_max)}});
      },
      [](auto& data, auto& dice, const auto& issue) {
        data.update_issue(issue, {{"body", dice.prose()}});
      },
      [](auto& data, auto&, const auto& issue) {
        const bool open = data.issues.find(issue)->at("state") == "open";
        data.update_issue(issue, {{"state", open ? "closed" : "open"}});
      },
      [](auto& data, auto& dice, const auto& issue) {
        if (const auto label = any_key(dice, data.labels.keys_of(data.issues.owner_of(issue)))) {
          data.update_issue(issue, {{"labels", {*label}}});
        }
      },
      [](auto& data, auto& dice, const auto& issue) {
        data.add_comment(issue, any_user(data, dice), dice.prose());
      },
      [](auto& data, auto& dice, const auto& issue) {
        const auto comment = any_key(dice, data.comments.keys_of(issue));
        if (comment) data.update(data.comments, *comment, {{"body", dice.prose()}});
      },
      [](auto& data, auto& dice, const auto& issue) {
        add_issue(data, dice, data.issues.owner_of(issue), 2);
      },
      [](auto& data, auto& dice, const auto& issue) {
        add_pull(data, dice, data.issues.owner_of(issue), 2);
      },
      [](auto& data, auto& dice, const auto& issue) {
        add_release(data, dice, data.issues.owner_of(issue));
      },
      [](auto& data, auto& dice, const auto& issue) {
        const auto release = any_key(dice, data.releases.keys_of(data.issues.owner_of(issue)));
        if (release) data.delete_release(*release);
      },
      [](auto& data, auto& dice, const auto& issue) {
        const auto discussion =
            any_key(dice, data.discussions.keys_of(data.issues.owner_of(issue)));
        if (discussion) {
          data.add_discussion_comment(*discussion, any_user(data, dice), dice.prose());
        }
      },
      [](auto& data, auto& dice, const auto&) {
        const auto pull = any_key(dice, data.pulls);
        if (pull) data.add_review_comment(*pull, any_user(data, dice), dice.prose());
      },
  };
  return changes;
}

void change_undated(GithubData& data, Seeded& dice, const std::string& issue) {
  switch (dice.below(4)) {
    case 0: {
      auto& hearts = (*data.issues.find(issue))["hearts"];
      hearts = hearts.get<int>() + 1;
      return;
    }
    case 1:
      if (const auto label = any_key(dice, data.labels.keys_of(data.issues.owner_of(issue)))) {
        (*data.labels.find(*label))["name"] = name_of(dice, label_name_max);
      }
      return;
    case 2:
      if (const auto comment = any_key(dice, data.comments.keys_of(issue))) {
        data.delete_comment(*comment);
      }
      return;
    default:
      if (data.issues.find(issue)->at("pull").is_null()) data.delete_issue(issue);
      return;
  }
}

}  // namespace

GithubSize empty_github(unsigned others) {
  GithubSize size;
  size.users = 1 + others;
  size.organizations = 1;
  size.repositories = size.issues = size.pulls = size.comments = 0;
  size.user = "guest-";
  size.organization = "sandbox-";
  return size;
}

void fill_randomly(GithubData& data, std::uint64_t seed, const GithubSize& size) {
  Seeded dice(seed);
  for (unsigned i = 1; i <= size.users; ++i) data.add_user(size.user + std::to_string(i));
  std::vector<std::string> owners{size.user + "1"};
  for (unsigned i = 1; i <= size.organizations; ++i) {
    owners.push_back(size.organization + std::to_string(i));
    data.add_organization(owners.back());
    if (size.repositories > 0) data.add_team(owners.back(), dice.words(2));
  }
  for (unsigned i = 0; i < size.repositories; ++i) {
    const auto repo = fill_repository(data, dice, owners[i % owners.size()], size);
    furnish_randomly(data, mix_seed(seed, repo), repo);
  }
  if (size.repositories == 0) return;
  for (const auto& [login, organization] : data.organizations.all()) {
    const auto project = data.add_project(login, dice.name());
    for (const auto& repo : data.repos.keys_of(login)) {
      for (const auto& issue : data.issues.keys_of(repo)) {
        if (dice.chance(0.2)) data.add_project_item(project, issue);
      }
    }
  }
}

void change_randomly(GithubData& data, std::uint64_t seed, bool only_dated) {
  Seeded dice(seed);
  const auto issue = any_key(dice, data.issues);
  if (!issue) return;
  if (!only_dated && dice.chance(0.25)) return change_undated(data, dice, *issue);
  dice.pick(issue_changes())(data, dice, *issue);
}

}  // namespace probackup
