// One step of the restore section.
#include <fmt/format.h>

#include <algorithm>

#include "connector/loader_parts.h"
#include "expr/expr_node.h"
#include "util/text.h"

namespace probackup {
namespace {

// The roots of a section, of a step, and what its requests see besides.
struct StepRoots {
  Roots section, step, request;

  Roots step_and(std::initializer_list<std::string_view> more) const { return plus(step, more); }
  Roots and_more(std::initializer_list<std::string_view> more) const { return plus(request, more); }

 private:
  static Roots plus(Roots roots, std::initializer_list<std::string_view> more) {
    roots.insert(roots.end(), more.begin(), more.end());
    return roots;
  }
};

void read_each(ObjectReader& reader, StepRoots& roots, StepModel& step) {
  Found found = reader.find("each");
  if (!found) return;
  std::vector<Found> lists{found};
  if (found.value->is_array()) lists = reader.objects("each");
  if (lists.empty() || lists.size() > 2)
    reader.context().add(found.pointer, "expected one list, or two");
  for (const Found& list : lists) {
    if (auto each = reader.context().parse_expression(list, roots.step)) step.each.push_back(*each);
    if (roots.step.back() == "item") roots.step.emplace_back("outer");
    if (step.each.size() == 1) roots.step.emplace_back("item");
  }
}

PartModel read_part(LoadContext& context, const Found& found, const Roots& roots,
                    bool may_be_text) {
  PartModel part;
  ObjectReader reader(context, found);
  reader.require("file");
  part.file = reader.templated("file", roots).value_or(Template());
  part.type = reader.templated("type", roots).value_or(Template());
  if (may_be_text) part.is_text = reader.flag("text");
  reader.finish();
  return part;
}

std::map<std::string, PartModel> read_parts(ObjectReader& reader, std::string_view key,
                                            const Roots& roots) {
  std::map<std::string, PartModel> out;
  Found found = reader.find(key);
  if (!found) return out;
  ObjectReader parts(reader.context(), found);
  for (const auto& [name, value] : found.value->items()) {
    Found member = parts.find(name);
    if (!member) continue;
    if (value.is_object() && value.contains("file")) {
      out[name] = read_part(reader.context(), member, roots, key == "multipart");
    } else if (auto parsed = reader.context().parse_template(member, roots)) {
      out[name].value = std::move(*parsed);
    }
  }
  return out;
}

// `reader` is not finished.
WriteModel read_write(ObjectReader& reader, const Lets& lets, const Roots& roots) {
  WriteModel write;
  write.request = read_request(reader, lets, roots, Methods::writing);
  write.multipart = read_parts(reader, "multipart", roots);
  write.base64 = read_parts(reader, "base64", roots);
  write.form = reader.templates("form", roots);
  if (Found upload = reader.find("upload"))
    write.upload = read_part(reader.context(), upload, roots, false);
  std::size_t bodies = 0;
  for (const char* key : {"body", "multipart", "base64", "form", "upload", "graphql"})
    bodies += reader.has(key);
  if (bodies > 1)
    reader.context().add(reader.pointer(),
                         "a request has one content: \"body\", \"form\", "
                         "\"multipart\", \"base64\" or \"upload\"");
  if (write.request.method == "GET")
    for (const char* key : {"multipart", "base64", "form", "upload"})
      reader.refuse(key, fmt::format("\"{}\" does not belong to a get request", key));
  return write;
}

std::optional<WriteModel> read_own_write(ObjectReader& step, std::string_view key, const Lets& lets,
                                         const Roots& roots) {
  Found found = step.find(key);
  if (!found) return std::nullopt;
  ObjectReader reader(step.context(), found);
  WriteModel write = read_write(reader, lets, roots);
  reader.finish();
  return write;
}

std::optional<LookUpModel> read_own_look_up(ObjectReader& step, std::string_view key,
                                            const Lets& lets, const Roots& roots) {
  Found found = step.find(key);
  if (!found) return std::nullopt;
  ObjectReader reader(step.context(), found);
  reader.require("where");
  LookUpModel look_up = read_look_up(reader, lets, roots);
  reader.finish();
  return look_up;
}

std::vector<FollowUpModel> read_follow_ups(ObjectReader& step, std::string_view key,
                                           const Lets& lets, Roots step_roots) {
  std::vector<FollowUpModel> out;
  for (const Found& found : step.objects(key)) {
    ObjectReader reader(step.context(), found);
    FollowUpModel model;
    Roots roots = step_roots;
    model.each = reader.expression("each", roots);
    if (reader.has("each"))
      for (const char* root : {"item", "outer"}) roots.emplace_back(root);
    model.when = reader.expression("if", roots);
    model.write = read_write(reader, lets, roots);
    if (key == "before") {
      model.as = reader.required_text("as");
      reader.require("give");
      for (const char* root : {"status", "headers", "body"}) roots.emplace_back(root);
      model.give = reader.templated("give", roots).value_or(Template());
      step_roots.push_back(model.as);
    } else {
      model.say = reader.text("say");
    }
    reader.finish();
    out.push_back(std::move(model));
  }
  return out;
}

std::vector<ParentModel> read_parents(ObjectReader& step, const Lets& lets,
                                      const StepRoots& roots) {
  std::vector<ParentModel> out;
  LoadContext& context = step.context();
  for (const Found& found : step.objects("parents")) {
    ObjectReader reader(context, found);
    ParentModel parent;
    Found of = reader.require("of");
    if (of && of.value->is_array())
      parent.of = reader.texts("of");
    else if (of)
      parent.of = {reader.required_text("of")};
    for (const auto& kind : parent.of) context.kinds_used.emplace_back(kind, of.pointer);
    reader.require("id");
    parent.id = reader.templated("id", roots.step).value_or(Template());
    if (Found inside = reader.find("stand_in")) {
      ObjectReader stand_in(context, inside);
      StandInModel model;
      stand_in.require("id");
      model.id = stand_in.templated("id", roots.step).value_or(Template());
      model.find = read_own_look_up(stand_in, "find", lets, roots.request);
      model.write = read_write(stand_in, lets, roots.request);
      stand_in.require("new_id");
      model.new_id = stand_in.templated("new_id", roots.and_more({"status", "headers", "body"}))
                         .value_or(Template());
      model.say = stand_in.text("say");
      stand_in.finish();
      parent.stand_in = std::move(model);
    }
    parent.optional = reader.flag("optional");
    if (parent.stand_in && parent.optional)
      reader.refuse("optional", "\"optional\" does not go with \"stand_in\"");
    reader.finish();
    out.push_back(std::move(parent));
  }
  return out;
}

std::vector<LossModel> read_losses(ObjectReader& step, std::string_view key, const Roots& roots) {
  std::vector<LossModel> out;
  for (const Found& found : step.objects(key)) {
    ObjectReader reader(step.context(), found);
    LossModel loss;
    reader.require("if");
    if (auto when = reader.expression("if", roots)) loss.when = std::move(*when);
    loss.say = reader.required_text("say");
    reader.finish();
    out.push_back(std::move(loss));
  }
  return out;
}

std::vector<AlsoModel> read_also(ObjectReader& step, const StepRoots& roots) {
  std::vector<AlsoModel> out;
  for (const Found& found : step.objects("also")) {
    ObjectReader reader(step.context(), found);
    AlsoModel also;
    also.map = reader.required_text("map");
    Roots inside = roots.and_more({"status", "headers", "body", "new"});
    also.each = reader.expression("each", inside);
    if (also.each) inside.emplace_back("item");
    if (also.each) reader.require("old");
    reader.require("new");
    also.old_id = reader.templated("old", inside);
    also.new_id = reader.templated("new", inside).value_or(Template());
    reader.finish();
    out.push_back(std::move(also));
  }
  return out;
}

std::vector<InsteadModel> read_instead(ObjectReader& step, const Lets& lets, const StepRoots& roots,
                                       const Roots& create) {
  std::vector<InsteadModel> out;
  const Roots answer = roots.and_more({"status", "headers", "body"});
  for (const Found& found : step.objects("instead")) {
    ObjectReader reader(step.context(), found);
    InsteadModel model;
    reader.require("if");
    if (auto when = reader.expression("if", answer)) model.when = std::move(*when);
    bool writes = false;
    for (const char* method : {"post", "put", "patch", "graphql"}) writes |= reader.has(method);
    model.say = writes ? reader.text("say") : reader.required_text("say");
    if (writes) {
      model.write = read_write(reader, lets, create);
      model.new_id = reader.templated("new_id", answer);
      model.confirm = read_own_look_up(reader, "confirm", lets, roots.and_more({"sent"}));
    }
    reader.finish();
    out.push_back(std::move(model));
  }
  return out;
}

std::optional<LeftoverModel> read_leftover(ObjectReader& step, const Lets& lets,
                                           const StepRoots& roots) {
  Found found = step.find("leftover");
  if (!found) return std::nullopt;
  ObjectReader reader(step.context(), found);
  LeftoverModel model;
  reader.require("where");
  reader.require("remove");
  model.look_up = read_look_up(reader, lets, roots.request);
  if (auto remove = read_own_write(reader, "remove", lets, roots.and_more({"found"})))
    model.remove = std::move(*remove);
  reader.finish();
  return model;
}

std::vector<BesideModel> read_beside(ObjectReader& step, StepRoots& roots) {
  std::vector<BesideModel> out;
  Found found = step.find("beside");
  if (!found) return out;
  ObjectReader reader(step.context(), found);
  for (const auto& [name, value] : found.value->items()) {
    Found member = reader.find(name);
    if (!member) continue;
    if (std::find(roots.step.begin(), roots.step.end(), name) != roots.step.end())
      step.context().add(member.pointer, "is a root already");
    ObjectReader one(step.context(), member);
    BesideModel model;
    model.name = name;
    model.stream = one.required_text("stream");
    one.require("id");
    model.id = one.templated("id", roots.step).value_or(Template());
    one.finish();
    roots.step.emplace_back(name);
    out.push_back(std::move(model));
  }
  return out;
}

std::optional<ExistsModel> read_exists(ObjectReader& step, const Lets& lets,
                                       const StepRoots& roots) {
  Found found = step.find("exists");
  if (!found) return std::nullopt;
  ObjectReader reader(step.context(), found);
  ExistsModel exists;
  // It is also asked for things that were not chosen, so there is no record.
  Roots inside = roots.section;
  inside.emplace_back("old_id");
  exists.request = read_request(reader, lets, inside);
  for (const char* root : {"status", "headers", "body"}) inside.emplace_back(root);
  exists.where = reader.expression("where", inside);
  reader.finish();
  return exists;
}

// Kinds by selector: "project.id": "projects".
void read_refs(ObjectReader& compare, CompareModel& model) {
  Found found = compare.find("refs");
  if (!found) return;
  ObjectReader reader(compare.context(), found);
  for (const auto& [selector, value] : found.value->items()) {
    Found member = reader.find(selector);
    if (!member) continue;
    auto& kinds = model.refs[selector];
    if (value.is_array())
      kinds = reader.texts(selector);
    else if (auto kind = text_at(compare.context(), member))
      kinds = {*kind};
    for (const auto& kind : kinds) compare.context().kinds_used.emplace_back(kind, member.pointer);
  }
}

// Elements that are not compared: "values": "${item.computed}".
void read_skip(ObjectReader& compare, CompareModel& model) {
  Found found = compare.find("skip");
  if (!found) return;
  ObjectReader reader(compare.context(), found);
  for (const auto& [selector, value] : found.value->items())
    if (auto when = reader.expression(selector, {"item"})) model.skip.emplace(selector, *when);
  reader.finish();
}

CompareModel read_compare(ObjectReader& step, const StepRoots& roots, const std::string& from) {
  CompareModel model;
  model.stream = from;
  Found found = step.find("compare");
  if (!found) return model;
  ObjectReader reader(step.context(), found);
  if (Found stream = reader.find("stream"); stream && *stream.value == false)
    model.stream.clear();
  else if (stream)
    model.stream = reader.required_text("stream");
  model.ignore = read_paths(reader, "ignore", true);
  model.unordered = read_paths(reader, "unordered", true);
  model.expect = reader.templates("expect", roots.and_more({"new"}));
  model.seen = reader.templates("seen", roots.and_more({"new"}));
  read_refs(reader, model);
  read_skip(reader, model);
  reader.finish();
  return model;
}

// What a step that only finds things cannot have.
void check_missing(ObjectReader& reader, const StepModel& step) {
  if (!step.find)
    reader.refuse("missing", "\"missing\" needs \"find\": nothing else tells what is there");
  for (const char* key :
       {"get", "post", "put", "patch", "delete", "graphql", "before", "claim", "confirm", "instead",
        "leftover", "new_id", "then", "finish", "git", "relink", "remove"})
    reader.refuse(key, fmt::format("\"{}\" does not go with \"missing\"", key));
}

void check_create(ObjectReader& reader, const StepModel& step) {
  LoadContext& context = reader.context();
  if (!step.missing.empty()) return check_missing(reader, step);
  const std::string& method = step.create.request.method;
  if (method == "GET" || method == "DELETE")
    context.add(reader.pointer(),
                "a step makes things: \"post\", \"put\", \"patch\" or \"graphql\"");
  for (const char* key : {"also", "relink", "remove", "exists", "update", "claim"})
    if (!step.new_id && !step.learn_id)
      reader.refuse(key, fmt::format("\"{}\" needs \"new_id\"", key));
  if (step.learn_id && (step.new_id || !step.confirm))
    reader.refuse("learn_id", "\"learn_id\" goes with \"confirm\", and without \"new_id\"");
  if (step.claim && (step.parents.empty() || step.then.empty()))
    reader.refuse("claim",
                  "\"claim\" needs \"parents\", which made the thing, and \"then\", which "
                  "gives it its values");
  if (step.leftover && !step.confirm)
    reader.refuse("leftover", "\"leftover\" needs \"confirm\", which finds what is whole");
  if (step.update && !step.exists)
    reader.refuse("update", "\"update\" needs \"exists\", which tells what is still there");
  if (step.after && !step.each.empty())
    reader.refuse("after", "\"after\" is for steps without \"each\"");
  if (!step.sequence.empty() && !step.order)
    reader.refuse("sequence", "\"sequence\" needs \"order\", which tells what comes first");
  if (!step.sequence.empty() && step.after)
    reader.refuse("after", "\"after\" does not go with \"sequence\"");
}

}  // namespace

StepModel read_step(LoadContext& context, const Found& found, const Lets& lets,
                    const Roots& section, bool has_note) {
  StepModel step;
  ObjectReader reader(context, found);
  step.make = reader.required_text("make");
  step.title = reader.text("title");
  step.from = reader.has("from") ? reader.required_text("from") : step.make;
  StepRoots roots{section, section, {}};
  for (const char* root : {"record", "key", "parent_key", "parent_stream"})
    roots.step.emplace_back(root);
  step.beside = read_beside(reader, roots);
  read_each(reader, roots, step);
  roots.request = roots.step;
  if (has_note) roots.request.emplace_back("note");
  roots.request.emplace_back("old_id");

  step.when = reader.expression("if", roots.step);
  step.lost = read_losses(reader, "lost", roots.step);
  step.without = read_losses(reader, "without", roots.step_and({"new"}));
  step.id = reader.templated("id", roots.step);
  if (!step.id && !step.each.empty()) step.id = Template::parse("${item.id}", {"item"});
  step.sequence = reader.text("sequence");
  step.order = reader.templated("order", roots.step);
  step.after = reader.templated("after", roots.step);
  step.parents = read_parents(reader, lets, roots);
  step.find = read_own_look_up(reader, "find", lets, roots.request);
  step.claim = read_own_look_up(reader, "claim", lets, roots.request);
  step.exists = read_exists(reader, lets, roots);
  step.before = read_follow_ups(reader, "before", lets, roots.request);
  Roots create = roots.request;
  for (const auto& before : step.before) create.push_back(before.as);
  step.missing = reader.text("missing");
  if (step.missing.empty()) step.create = read_write(reader, lets, create);
  step.instead = read_instead(reader, lets, roots, create);
  Roots answer = roots.and_more({"status", "headers", "body"});
  step.new_id = reader.templated("new_id", answer);
  answer.emplace_back("new");
  step.new_url = reader.templated("new_url", answer);
  step.old_url = reader.templated("old_url", roots.step);
  step.also = read_also(reader, roots);
  step.confirm = read_own_look_up(reader, "confirm", lets, roots.and_more({"sent"}));
  step.leftover = read_leftover(reader, lets, roots);
  step.learn_id = reader.flag("learn_id");
  bool safe = step.create.request.method == "PUT" || step.create.request.method == "PATCH";
  step.repeatable = reader.has("repeatable") ? reader.flag("repeatable") : safe;
  Roots made = roots.and_more({"new"});
  step.then = read_follow_ups(reader, "then", lets, answer);
  step.git = read_git_list(reader, lets, answer, "record", true);
  step.finish = read_follow_ups(reader, "finish", lets, made);
  step.update = read_own_write(reader, "update", lets, made);
  step.relink = read_own_write(reader, "relink", lets, made);
  step.remove = read_own_write(reader, "remove", lets, [&] {
    Roots only = roots.section;
    for (const char* root : {"new", "old_id"}) only.emplace_back(root);
    return only;
  }());
  step.compare = read_compare(reader, roots, step.from);
  check_create(reader, step);
  reader.finish();
  return step;
}

}  // namespace probackup
