// The restore section: target, people, and what its steps have in common.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "connector/loader_parts.h"
#include "expr/expr_node.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t steps_max = 200;
constexpr std::string_view kind_mark = "$kind";

void read_target(LoadContext& context, const Found& found, RestoreModel& model) {
  if (!found) return;
  ObjectReader reader(context, found);
  for (const auto& [name, value] : found.value->items()) {
    Found member = reader.find(name);
    if (!member) continue;
    if (context.settings.contains(name))
      context.add(member.pointer, "is a setting of /config as well: --set could mean either");
    model.target.push_back(read_setting(context, name, member));
    if (model.target.back().secret)
      context.add(member.pointer, "secrets belong into /config, where they are sealed");
  }
}

void check_stream_name(LoadContext& context, const Found& found, const std::string& name) {
  if (name.empty() ||
      std::find(context.streams.begin(), context.streams.end(), name) != context.streams.end())
    return;
  context.add(found.pointer, fmt::format("there is no stream \"{}\"{}", name,
                                         did_you_mean(name, context.streams)));
}

void read_people(LoadContext& context, const Found& found, const Lets& lets, const Roots& roots,
                 const std::vector<StreamModel>& streams, RestoreModel& model) {
  if (!found) return;
  ObjectReader reader(context, found);
  PeopleModel people;
  people.stream = reader.required_text("stream");
  check_stream_name(context, reader.find("stream"), people.stream);
  people.match = read_paths(reader, "match", false);
  if (people.match.empty()) context.add(reader.pointer(), "\"match\" must name a path");
  people.name = reader.path_or_template("name", {"record"});
  for (const auto& stream : streams)
    if (!people.name && stream.name == people.stream) people.name = stream.title_of;
  if (reader.has("get") || reader.has("post") || reader.has("graphql")) {
    people.look_up = read_look_up(reader, lets, roots);
    reader.refuse("where", "people are matched by \"match\"");
    reader.refuse("if", "people are always asked for");
  }
  reader.finish();
  model.people = std::move(people);
}

void put_kind(nlohmann::json& value, const std::string& kind) {
  for (auto& inside : value)
    if (inside.is_structured()) {
      put_kind(inside, kind);
    } else if (inside.is_string()) {
      std::string text = inside.get<std::string>();
      for (std::size_t at = 0; (at = text.find(kind_mark, at)) != std::string::npos;
           at += kind.size())
        text.replace(at, kind_mark.size(), kind);
      inside = text;
    }
}

// The steps as they are read: one with `kinds` once for each of them, with its name in place of
// $kind. `written` holds those.
std::vector<Found> steps_of_kinds(LoadContext& context, const std::vector<Found>& steps,
                                  std::deque<nlohmann::json>& written) {
  std::vector<Found> out;
  for (const Found& step : steps) {
    ObjectReader reader(context, step);
    if (!reader.has("kinds")) {
      out.push_back(step);
      continue;
    }
    auto kinds = reader.texts("kinds");
    if (kinds.empty()) context.add(step.pointer + "/kinds", "must name a kind");
    for (const auto& kind : kinds) {
      auto& one = written.emplace_back(*step.value);
      one.erase("kinds");
      put_kind(one, kind);
      out.push_back({&one, step.pointer});
    }
  }
  return out;
}

// Steps of a sequence stand together: what lies between them would be made out of turn.
void check_sequences(LoadContext& context, const std::vector<Found>& steps,
                     const RestoreModel& model) {
  std::set<std::string> ended;
  for (std::size_t i = 0; i < model.steps.size(); ++i) {
    const std::string& sequence = model.steps[i].sequence;
    if (!sequence.empty() && ended.contains(sequence))
      context.add(steps[i].pointer + "/sequence",
                  fmt::format("the steps of \"{}\" do not stand together", sequence));
    if (i > 0 && model.steps[i - 1].sequence != sequence) ended.insert(model.steps[i - 1].sequence);
  }
}

// Every kind that is named must be made by some step, and before it is needed.
void check_kinds(LoadContext& context, const RestoreModel& model) {
  std::vector<std::string> kinds;
  for (const auto& step : model.steps) {
    kinds.push_back(step.make);
    for (const auto& also : step.also) kinds.push_back(also.map);
  }
  for (const auto& [kind, pointer] : context.kinds_used)
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      context.add(pointer, fmt::format("no step makes \"{}\"{}", kind, did_you_mean(kind, kinds)));
}

void check_names(LoadContext& context, const std::vector<Found>& steps, const RestoreModel& model) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < model.steps.size(); ++i) {
    const StepModel& step = model.steps[i];
    const std::string& pointer = steps[i].pointer;
    if (!step.make.empty() && !seen.insert(step.make).second)
      context.add(pointer + "/make", fmt::format("\"{}\" is made by an earlier step", step.make));
    check_stream_name(context, steps[i], step.from);
    for (const auto& beside : step.beside)
      check_stream_name(context, {steps[i].value, pointer + "/beside/" + beside.name},
                        beside.stream);
  }
}

}  // namespace

RestoreModel read_restore(LoadContext& context, const Found& found, const Lets& lets,
                          const std::vector<StreamModel>& streams) {
  RestoreModel model;
  ObjectReader reader(context, found);
  read_target(context, reader.find("target"), model);
  Roots roots = roots_with(lets, {restore_root});
  read_people(context, reader.find("people"), lets, roots, streams, model);
  Roots in_note = roots;
  for (const char* root : {"record", "item", "outer"}) in_note.emplace_back(root);
  model.note = reader.templated("note", in_note);
  model.limits = read_limits(reader);
  model.lossy = reader.texts("lossy");
  reader.require("lossy");
  auto steps = reader.objects("steps");
  if (Found list = reader.require("steps"); list && steps.empty())
    context.add(list.pointer, "must hold a step");
  std::deque<nlohmann::json> written;
  steps = steps_of_kinds(context, steps, written);
  if (steps.size() > steps_max) {
    context.add(reader.pointer() + "/steps", fmt::format("more than {} steps", steps_max));
    return model;
  }
  for (const Found& step : steps)
    model.steps.push_back(read_step(context, step, lets, roots, model.note.has_value()));
  check_names(context, steps, model);
  check_sequences(context, steps, model);
  check_kinds(context, model);
  reader.finish();
  return model;
}

LookUpModel read_look_up(ObjectReader& reader, const Lets& lets, const Roots& roots) {
  LookUpModel model;
  model.when = reader.expression("if", roots);
  model.request = read_request(reader, lets, roots);
  model.records = read_records(reader);
  model.page = read_page(reader, model.request, roots);
  Roots inside = roots;
  inside.emplace_back("found");
  model.where = reader.expression("where", inside);
  model.body = reader.templated("body_of", inside);
  model.id = reader.has("id") ? reader.templated("id", inside).value_or(Template())
                              : Template::parse("${found.id}", {"found"});
  return model;
}

const StepModel* RestoreModel::step(const std::string& kind) const {
  auto found = std::find_if(steps.begin(), steps.end(),
                            [&](const StepModel& step) { return step.make == kind; });
  return found == steps.end() ? nullptr : &*found;
}

const StepModel* RestoreModel::step_of_map(const std::string& map) const {
  auto found = std::find_if(steps.begin(), steps.end(), [&](const StepModel& step) {
    return std::any_of(step.also.begin(), step.also.end(),
                       [&](const AlsoModel& also) { return also.map == map && !also.old_id; });
  });
  return found == steps.end() ? nullptr : &*found;
}

}  // namespace probackup
