#include "fake/github_graph.h"
#include "fake/github_random.h"

namespace probackup {

namespace {

void add_environment(GithubData& data, Seeded& dice, const std::string& repo) {
  const bool has_policy = dice.chance(0.5);
  JsonRecord members{{"name", "stage/" + dice.hex(3)},
                     {"wait_timer", dice.below(3) * 10},
                     {"prevent_self_review", dice.chance(0.3)},
                     {"reviewers", JsonRecord::array()},
                     {"policy", nullptr}};
  if (dice.chance(0.5)) members["reviewers"].push_back(data.token_user());
  if (has_policy) {
    members["policy"] = {{"protected_branches", false}, {"custom_branch_policies", true}};
  }
  const auto key = data.add(data.environments, repo, members);
  data.add(data.environment_variables, key, {{"name", "STAGE"}, {"value", dice.prose()}});
  if (has_policy) {
    data.add(data.environment_policies, key, {{"name", "release/*"}, {"type", "branch"}});
  }
}

void add_ruleset(GithubData& data, Seeded& dice, const std::string& repo) {
  const JsonRecord names{{"exclude", JsonRecord::array()},
                         {"include", JsonRecord::array({"~DEFAULT_BRANCH"})}};
  JsonRecord conditions;
  conditions["ref_name"] = names;
  const JsonRecord rule{{"type", dice.chance(0.5) ? "deletion" : "non_fast_forward"}};
  data.add(data.rulesets, repo,
           {{"name", dice.words(2)},
            {"target", "branch"},
            {"enforcement", "active"},
            {"conditions", conditions},
            {"rules", JsonRecord::array({rule})},
            {"bypass_actors", JsonRecord::array()}});
}

void add_protection(GithubData& data, Seeded& dice, const std::string& repo) {
  auto members = GithubGraph::protection_defaults();
  members["pattern"] = "main";
  members["requiresApprovingReviews"] = dice.chance(0.5);
  members["contexts"] = JsonRecord::array({"build"});
  data.add(data.protection_rules, repo, members);
}

// A blocked issue shows the state of the other, and no date moves with that one's changes.
void add_blocker(GithubData& data, Seeded& dice, const std::string& repo) {
  const auto blocked = any_key(dice, data.issues.keys_of(repo));
  const auto blocker = any_key(dice, data.issues.keys_of(repo));
  if (!blocked || blocked == blocker) return;
  for (const auto& issue : {*blocked, *blocker}) {
    if (!data.issues.find(issue)->at("pull").is_null()) return;
  }
  data.set_blockers(*blocked, *blocker, true);
  data.update_issue(*blocked, JsonRecord::object());
}

void add_reply(GithubData& data, Seeded& dice, const std::string& repo) {
  const auto discussion = any_key(dice, data.discussions.keys_of(repo));
  if (!discussion) return;
  const auto comment = data.add_discussion_comment(*discussion, data.token_user(), dice.prose());
  data.add_discussion_comment(*discussion, data.token_user(), dice.prose(), comment);
}

}  // namespace

void furnish_randomly(GithubData& data, std::uint64_t seed, const std::string& repo) {
  Seeded dice(seed);
  if (dice.chance(0.5)) {
    data.add(data.keys, repo,
             {{"key", "ssh-ed25519 AAAA" + dice.hex(20)},
              {"title", dice.words(2)},
              {"read_only", dice.chance(0.5)}});
  }
  if (dice.chance(0.5)) {
    data.add(data.autolinks, repo,
             {{"key_prefix", "T-"},
              {"url_template", "https://example.com/<num>"},
              {"is_alphanumeric", dice.chance(0.5)}});
  }
  for (auto left = dice.below(3); left > 0; --left) {
    data.add(data.variables, repo,
             {{"name", "V_" + std::to_string(left)}, {"value", dice.prose()}});
  }
  if (dice.chance(0.5)) add_environment(data, dice, repo);
  if (dice.chance(0.5)) add_ruleset(data, dice, repo);
  if (dice.chance(0.5)) add_protection(data, dice, repo);
  if (dice.chance(0.3)) {
    data.add(data.invitations, repo, {{"login", *any_key(dice, data.users)}, {"role", "write"}});
  }
  add_reply(data, dice, repo);
  add_blocker(data, dice, repo);
}

}  // namespace probackup
