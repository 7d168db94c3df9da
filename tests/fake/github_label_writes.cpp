// Labels and milestones of a repository.
#include "fake/github_writes.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr std::size_t label_name_max = 50, label_description_max = 100;
constexpr auto color_default = "ededed";

std::string color_of(const GithubCall& call) {
  auto color = to_lower(call.body.text("color").value_or(color_default));
  if (color.size() != 6 || color.find_first_not_of("0123456789abcdef") != std::string::npos) {
    refuse_invalid("Label", "color", "invalid");
  }
  return color;
}

ApiAnswer post_label(GithubWrites& writes, GithubCall& call) {
  const auto name = call.body.required("name", label_name_max);
  const auto color = color_of(call);
  const auto description = call.body.text("description", label_description_max).value_or("");
  if (!find_github_label(writes.data, call.repo, name).empty()) {
    refuse_invalid("Label", "name", "already_exists");
  }
  const auto key = writes.data.add_label(call.repo, name, color, description);
  (*writes.data.labels.find(key))["default"] = false;
  return writes.created(writes.views.label(key), key);
}

ApiAnswer patch_label(GithubWrites& writes, GithubCall& call) {
  const auto key = writes.label_of(call);
  auto changes = JsonRecord::object();
  if (const auto name = call.body.text("new_name", label_name_max)) {
    const auto taken = find_github_label(writes.data, call.repo, *name);
    if (!taken.empty() && taken != key) refuse_invalid("Label", "name", "already_exists");
    changes["name"] = *name;
  }
  if (call.body.has("color")) changes["color"] = color_of(call);
  call.body.put_text(changes, "description", label_description_max);
  writes.data.update(writes.data.labels, key, changes);
  return writes.changed(writes.views.label(key), key);
}

JsonRecord milestone_changes(GithubWrites& writes, GithubCall& call, const std::string& self) {
  auto changes = JsonRecord::object();
  if (const auto title = call.body.text("title")) {
    for (const auto& key : writes.data.milestones.keys_of(call.repo)) {
      if (key != self && writes.data.milestones.find(key)->at("title") == *title) {
        refuse_invalid("Milestone", "title", "already_exists");
      }
    }
    changes["title"] = *title;
  }
  call.body.put_text(changes, "description");
  if (call.body.has("due_on")) {
    call.body.put_text(changes, "due_on");
    if (const auto text = call.body.text("due_on")) {
      const auto due = parse_rfc3339(*text);
      if (!due) refuse_invalid("Milestone", "due_on", "invalid");
      changes["due_on"] = format_rfc3339_seconds(*due);
    }
  }
  if (const auto state = call.body.one_of("state", {"open", "closed"})) changes["state"] = *state;
  return changes;
}

void apply(GithubWrites& writes, const std::string& key, const JsonRecord& changes) {
  const bool was_closed = writes.data.milestones.find(key)->at("state") == "closed";
  writes.data.update(writes.data.milestones, key, changes);
  auto& record = *writes.data.milestones.find(key);
  const bool is_closed = record.at("state") == "closed";
  if (is_closed != was_closed) {
    record["closed_at"] = is_closed ? record.at("updated_at") : JsonRecord(nullptr);
  }
}

ApiAnswer post_milestone(GithubWrites& writes, GithubCall& call) {
  const auto title = call.body.required("title");
  const auto changes = milestone_changes(writes, call, "");
  const auto key = writes.data.add_milestone(call.repo, title);
  apply(writes, key, changes);
  return writes.created(writes.views.milestone(key), key);
}

std::string milestone_of(const GithubWrites& writes, const GithubCall& call) {
  for (const auto& key : writes.data.milestones.keys_of(call.repo)) {
    if (writes.data.milestones.find(key)->at("number").dump() == call.param("number")) return key;
  }
  refuse_github(404, "Not Found");
}

}  // namespace

void add_github_label_writes(GithubWrites& writes) {
  const auto need = GithubNeed::push;
  writes.on_repo("POST", "/labels", "Label", need,
                 [&writes](GithubCall& call) { return post_label(writes, call); });
  writes.on_repo("GET", "/labels/:name", "Label", GithubNeed::read, [&writes](GithubCall& call) {
    const auto key = writes.label_of(call);
    return writes.changed(writes.views.label(key), key);
  });
  writes.on_repo("PATCH", "/labels/:name", "Label", need,
                 [&writes](GithubCall& call) { return patch_label(writes, call); });
  writes.on_repo("DELETE", "/labels/:name", "Label", need, [&writes](GithubCall& call) {
    writes.data.delete_label(writes.label_of(call));
    return GithubWrites::done();
  });
  writes.on_repo("POST", "/milestones", "Milestone", need,
                 [&writes](GithubCall& call) { return post_milestone(writes, call); });
  writes.on_repo("GET", "/milestones/:number", "Milestone", GithubNeed::read,
                 [&writes](GithubCall& call) {
                   const auto key = milestone_of(writes, call);
                   return writes.changed(writes.views.milestone(key), key);
                 });
  writes.on_repo("PATCH", "/milestones/:number", "Milestone", need, [&writes](GithubCall& call) {
    const auto key = milestone_of(writes, call);
    apply(writes, key, milestone_changes(writes, call, key));
    return writes.changed(writes.views.milestone(key), key);
  });
  writes.on_repo("DELETE", "/milestones/:number", "Milestone", need, [&writes](GithubCall& call) {
    writes.data.delete_milestone(milestone_of(writes, call));
    return GithubWrites::done();
  });
}

}  // namespace probackup
