#include "fake/redmine_random.h"

#include <fmt/format.h>

#include <functional>
#include <iterator>
#include <optional>

#include "demo/sample_files.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

const std::vector<std::string> relation_kinds = {"relates", "duplicates", "blocks", "precedes"};
const std::vector<std::string> page_titles = {"Wiki", "Plan", "Näme_with_ümlauts", "Q&A_(draft)",
                                              "100%_done"};
const std::set<std::string> all_modules = {"issue_tracking", "time_tracking", "news", "files",
                                           "wiki"};

template <typename Keys>
std::optional<typename Keys::value_type> any_of(Seeded& dice, const Keys& keys) {
  if (keys.empty()) return std::nullopt;
  return *std::next(keys.begin(), static_cast<std::ptrdiff_t>(dice.below(keys.size())));
}

std::set<int> keys_of(const RedmineData::Table& table) {
  std::set<int> out;
  for (const auto& [id, row] : table) out.insert(id);
  return out;
}

// One of the first `count` ids.
int one_of(RedmineData& data, std::size_t count) {
  return data.first_id() + static_cast<int>(data.dice.below(count));
}

void attach_sample(RedmineData& data, const std::string& container) {
  auto file = sample_file(data.dice);
  data.attach(container, file.name, file.mime_type, std::move(file.bytes));
}

// A change of an issue that its updated_on shows.
void edit(RedmineData& data, int issue) {
  auto& dice = data.dice;
  switch (dice.below(6)) {
    case 0:
      return data.edit_issue(issue, {{"subject", dice.words(4)}}, "");
    case 1: {
      const int status = one_of(data, 6);
      const auto notes = dice.prose();
      if (!data.may_get_status(issue, status)) return data.edit_issue(issue, Row::object(), notes);
      return data.edit_issue(issue, {{"status", status}}, notes);
    }
    case 2:
      return data.edit_issue(issue, {{"done_ratio", static_cast<int>(dice.below(11)) * 10}},
                             dice.prose());
    case 3: {
      data.set_custom(data.table("issues").at(issue), data.customer_field, dice.words(3));
      data.set_custom(data.table("issues").at(issue), data.platforms_field, {"desk", "phone"});
      return data.edit_issue(issue, Row::object(), dice.prose());
    }
    case 4:
      return attach_sample(data, fmt::format("issues/{}", issue));
    default:
      return data.edit_issue(issue, Row::object(), dice.prose(), dice.chance(0.2));
  }
}

// Redmine relates no issue to one that is above or below it.
void relate(RedmineData& data, int from, int to) {
  auto is_above = [&](int above, int issue) {
    for (; issue != 0; issue = data.table("issues").at(issue).value("parent", 0))
      if (issue == above) return true;
    return false;
  };
  if (!is_above(from, to) && !is_above(to, from))
    data.add_relation(from, to, data.dice.pick(relation_kinds));
}

// One that it does not show.
void edit_silently(RedmineData& data, int issue) {
  auto& dice = data.dice;
  switch (dice.below(5)) {
    case 0:
      return data.watch(issue, one_of(data, data.table("users").size()), dice.chance(0.7));
    case 1: {
      return relate(data, issue, *any_of(dice, data.visible_issues()));
    }
    case 2:
      if (auto relation = any_of(dice, keys_of(data.table("relations"))))
        data.delete_relation(*relation);
      return;
    case 3: {
      const auto files = data.attached[fmt::format("issues/{}", issue)];
      if (auto file = any_of(dice, files)) data.delete_attachment(*file);
      return;
    }
    default:
      if (!data.journals[issue].empty()) data.edit_note(issue, 0, dice.prose());
  }
}

int make_issue(RedmineData& data, int project, int parent) {
  auto& dice = data.dice;
  int issue = data.add_issue(project, dice.name(), dice.prose(), parent);
  if (dice.chance(0.2)) data.add_time_entry(issue, static_cast<double>(dice.between(1, 32)) / 4);
  if (dice.chance(0.3)) data.watch(issue, data.first_id(), true);
  for (const auto& [noun, member] :
       {std::pair("versions", "fixed_version"), std::pair("issue_categories", "category")})
    for (const auto& [id, row] : data.table(noun))
      if (row.at("project") == project && dice.chance(0.3))
        data.table("issues").at(issue)[member] = id;
  return issue;
}

void fill_project(RedmineData& data, int project, const RedmineSize& size) {
  auto& dice = data.dice;
  for (int i = 0; i < 2; ++i) {
    data.add_version(project);
    data.add_category(project);
    attach_sample(data, fmt::format("news/{}", data.add_news(project, dice.name())));
    attach_sample(data, fmt::format("files/{}", project));
  }
  for (const auto& [user, row] : data.table("users"))
    if (dice.chance(0.6)) data.add_membership(project, "user", user, data.first_role() + user % 3);
  for (const auto& [group, row] : data.table("groups"))
    data.add_membership(project, "group", group, data.first_role() + 2);
  for (const auto& title : page_titles) {
    for (auto edits = dice.between(1, 3); edits > 0; --edits)
      data.write_wiki(project, title, title == "Wiki" ? "" : "Wiki", dice.prose());
    if (dice.chance(0.4)) attach_sample(data, fmt::format("wiki/{}/{}", project, title));
  }
  int last = 0;
  for (unsigned i = 0; i < size.issues; ++i) {
    int parent = dice.chance(0.2) ? last : 0;
    // Redmine attaches no open issue to a closed one.
    if (parent != 0 && data.is_closed(data.table("issues").at(parent).at("status"))) parent = 0;
    int issue = make_issue(data, project, parent);
    for (auto left = dice.below(2 * size.comments + 1); left > 0; --left) edit(data, issue);
    if (last != 0 && dice.chance(0.1)) relate(data, issue, last);
    last = issue;
  }
}

}  // namespace

void fill_randomly(RedmineData& data, std::uint64_t seed, const RedmineSize& size) {
  data.dice = Seeded(mix_seed(seed, "fill"));
  for (unsigned i = 0; i < size.users; ++i)
    data.add_user(i > 0 && i + 1 == size.users ? 3 : 1);  // the last one is locked
  if (size.users > 1) data.add_group(keys_of(data.table("users")));
  for (unsigned i = 0; i < size.projects; ++i) {
    auto modules = all_modules;
    if (i == 2) modules.erase("wiki");
    fill_project(data, data.add_project(data.dice.name(), i == 1 ? data.first_id() : 0, modules),
                 size);
  }
  if (size.projects >= 4) {
    const int last = data.first_id() + static_cast<int>(size.projects) - 1;
    data.table("projects").at(last - 1)["status"] = RedmineData::closed;
    data.table("projects").at(last)["status"] = RedmineData::archived;
  }
  data.catch_up();
}

void change_randomly(RedmineData& data, std::uint64_t seed, bool silent) {
  data.dice = Seeded(mix_seed(seed, "change"));
  auto& dice = data.dice;
  auto issue = any_of(dice, data.visible_issues());
  auto project = any_of(dice, keys_of(data.table("projects")));
  if (!project || !data.is_visible(*project)) project = data.first_id();
  if (!issue) {
    if (data.is_visible(*project)) make_issue(data, *project, 0);
    return;
  }
  switch (dice.below(10)) {
    case 0:
    case 1:
      make_issue(data, *project, 0);
      return;
    case 2:
    case 3:
    case 4:
      return edit(data, *issue);
    case 5:
      return data.delete_issue(*issue);
    case 6:
      return data.write_wiki(*project, dice.pick(page_titles), "", dice.prose());
    case 7:
      if (data.wiki.contains({*project, "Plan"})) data.delete_wiki(*project, "Plan");
      return;
    case 8: {
      auto entry = any_of(dice, keys_of(data.table("time_entries")));
      if (entry && dice.chance(0.5)) return data.delete_time_entry(*entry);
      data.add_time_entry(*issue, 0.25);
      return;
    }
    default:
      return silent ? edit_silently(data, *issue) : edit(data, *issue);
  }
}

}  // namespace probackup
