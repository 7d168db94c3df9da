#include "restore/refs.h"

#include <fmt/format.h>

#include "engine/mentions.h"
#include "expr/expr_node.h"
#include "util/hash.h"
#include "util/raw_json.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;

std::string digest(const std::string& text) {
  Id id = sha256(text);
  return {reinterpret_cast<const char*>(id.bytes.data()), 16};
}

// The text or number at a dotted path, in lower case; "" for anything else.
std::string value_at(const json& record, const std::string& path) {
  const json* at = &record;
  for (const auto& name : split(path, '.')) {
    if (!at->is_object() || !at->contains(name)) return "";
    at = &at->at(name);
  }
  return at->is_string() || at->is_number() ? to_lower(as_text(*at)) : "";
}

bool ends_address(char c) {
  return static_cast<unsigned char>(c) <= ' ' ||
         std::string_view("\"'<>()[]{}|\\^`").find(c) != std::string_view::npos;
}

}  // namespace

void RestoreRefs::choose(const std::string& kind, const std::string& old_id,
                         const std::string& old_url) {
  chosen_.insert(digest(kind + "/" + old_id));
  if (!old_url.empty()) old_urls_.insert(digest(old_url));
}

bool RestoreRefs::is_original(const std::string& kind, const std::string& id) const {
  return parts_.options.same_account && chosen_.contains(digest(kind + "/" + id));
}

void RestoreRefs::alias(const std::string& kind, const std::string& old_id,
                        const std::string& new_id) {
  aliases_[kind + "/" + old_id] = new_id;
}

void RestoreRefs::begin_item() {
  aliases_.clear();
  met_pending_ = met_unsettled_ = false;
  notes_.clear();
}

std::optional<std::string> RestoreRefs::ref(const std::string& old_id,
                                            const std::vector<std::string>& kinds) {
  for (const auto& kind : kinds)
    if (auto found = ref_one(kind, old_id)) return found;
  return std::nullopt;
}

std::optional<std::string> RestoreRefs::ref_one(const std::string& kind,
                                                const std::string& old_id) {
  if (old_id.empty()) return std::nullopt;
  const std::string name = kind + "/" + old_id;
  if (auto alias = aliases_.find(name); alias != aliases_.end()) return alias->second;
  using State = JournalEntry::State;
  if (auto entry = parts_.journal.find(kind, old_id)) {
    bool there = entry->state == State::made || entry->state == State::done ||
                 entry->state == State::finished;
    if (there && !entry->new_id.empty()) return entry->new_id;
    // Without it the thing would be made incomplete, though the next run may know better.
    // A failure without a reason was none of the app's: it was in the middle of its tries.
    const bool is_unsettled =
        entry->state == State::sent || (entry->state == State::failed && entry->notes.empty());
    if (is_unsettled) {
      met_unsettled_ = true;
      throw Error(fmt::format("whether {} {}, which it refers to, was made is not known yet", kind,
                              old_id));
    }
    if (entry->state == State::failed)
      notes_.insert(fmt::format("{} {}, which it refers to, could not be made", kind, old_id));
  }
  if (auto known = parts_.options.known.find(name); known != parts_.options.known.end())
    return known->second;
  if (chosen_.contains(digest(name))) return std::nullopt;
  if (auto found = found_.find(name); found != found_.end()) return found->second;
  return found_[name] = find_unchosen(kind, old_id);
}

std::optional<std::string> RestoreRefs::find_unchosen(const std::string& kind,
                                                      const std::string& old_id) {
  const StepModel* step = parts_.model.step(kind);
  if (!step)
    return parts_.model.step_of_map(kind) ? still_there(kind, old_id) : find_part(kind, old_id);
  if (parts_.options.same_account && step->exists &&
      look_ups_.exists(kind, *step->exists, old_id, stop_))
    return old_id;
  std::optional<std::string> out;
  if (StepItems* items = step->find ? all_items(*step) : nullptr)
    items->with(old_id, [&](RestoreItem& item) {
      if (auto hit = find(*step, item)) out = hit->id;
    });
  return out;
}

std::optional<std::string> RestoreRefs::still_there(const std::string& map,
                                                    const std::string& old_id) {
  const StepModel* step = parts_.model.step_of_map(map);
  if (!step || !step->exists || !parts_.options.same_account || is_original(step->make, old_id) ||
      !look_ups_.exists(step->make, *step->exists, old_id, stop_))
    return std::nullopt;
  for (const auto& also : step->also) {
    if (also.map != map || also.old_id) continue;
    std::string id = look_ups_.value_of(step->make, old_id, also.new_id);
    if (!id.empty()) return id;
  }
  return std::nullopt;
}

std::optional<std::string> RestoreRefs::find_part(const std::string& map,
                                                  const std::string& old_id) {
  std::optional<std::string> out;
  for (const auto& step : parts_.model.steps)
    for (const auto& also : step.also) {
      StepItems* items = !out && also.map == map ? all_items(step) : nullptr;
      if (!items) continue;
      items->each([&](RestoreItem& item) {
        if (!chosen_.contains(digest(step.make + "/" + item.old_id())))
          out = part_of(step, also, item, old_id);
        return !out;
      });
    }
  return out;
}

std::optional<std::string> RestoreRefs::part_of(const StepModel& step, const AlsoModel& also,
                                                RestoreItem& item, const std::string& old_id) {
  // What is still there has its parts as they were.
  if (parts_.options.same_account && step.exists && new_id_of_part(also, item.scope(), old_id)) {
    bool there = look_ups_.exists(step.make, *step.exists, item.old_id(), stop_);
    return there ? std::optional(old_id) : std::nullopt;
  }
  auto hit = step.find ? find(step, item) : std::nullopt;
  if (!hit) return std::nullopt;
  Names names(&item.scope());
  names.set("body", hit->body);
  auto found = new_id_of_part(also, names.scope(), old_id);
  return found && !found->empty() ? found : std::nullopt;
}

// "" for a part that has no new id there; nothing for what is no part.
std::optional<std::string> RestoreRefs::new_id_of_part(const AlsoModel& also, const Scope& names,
                                                       const std::string& old_id) {
  json list = also.each ? also.each->evaluate(names) : json::array({nullptr});
  if (!list.is_array()) return std::nullopt;
  for (const json& element : list) {
    Names with_item(&names);
    if (also.each) with_item.set("item", element);
    if (also.old_id && also.old_id->text(with_item.scope()) == old_id)
      return also.new_id.text(with_item.scope());
  }
  return std::nullopt;
}

std::optional<Hit> RestoreRefs::find(const StepModel& step, RestoreItem& item) {
  return look_ups_.first(*step.find, item.scope(), true, stop_,
                         [](const std::string&) { return true; });
}

// All that the step could make of the snapshot; null while that is being read.
StepItems* RestoreRefs::all_items(const StepModel& step) {
  auto [items, is_new] = all_.try_emplace(step.make);
  if (is_new) {
    all_names_.set_references(this);
    items->second =
        std::make_unique<StepItems>(step, parts_.context.model().stream(step.from),
                                    all_names_.scope(), parts_.source, StepItems::Which::all);
  }
  return items->second.get();
}

void RestoreRefs::load_people() {
  if (people_loaded_ || !parts_.model.people) return;
  people_loaded_ = true;
  const PeopleModel& model = *parts_.model.people;
  parts_.source.all_records(model.stream, [&](const RestoreRecord& record) {
    json parsed = parse_json(record.raw);
    Person person;
    for (const auto& path : model.match) person.values.push_back(value_at(parsed, path));
    Names names(&parts_.names);
    names.set("record", std::move(parsed));
    if (model.name) person.name = model.name->text(names.scope());
    people_.emplace(record.key, std::move(person));
    return true;
  });
}

void RestoreRefs::load_target_people() {
  const PeopleModel& model = *parts_.model.people;
  if (target_loaded_ || !model.look_up) return;
  target_loaded_ = true;
  target_people_.resize(model.match.size());
  look_ups_.list(*model.look_up, parts_.names, false, stop_, [&](const json& found) {
    Names names(&parts_.names);
    names.set("found", found);
    std::string id = model.look_up->id.text(names.scope());
    for (std::size_t i = 0; i < model.match.size(); ++i)
      if (auto value = value_at(found, model.match[i]); !value.empty() && !id.empty())
        target_people_[i].emplace(value, id);
    return true;
  });
}

std::optional<std::string> RestoreRefs::person(const std::string& old_id) {
  if (!parts_.model.people || old_id.empty()) return std::nullopt;
  if (!parts_.model.people->look_up)
    return parts_.options.same_account ? std::optional(old_id) : std::nullopt;
  load_people();
  load_target_people();
  auto person = people_.find(old_id);
  if (person == people_.end()) return std::nullopt;
  for (std::size_t i = 0; i < person->second.values.size(); ++i) {
    auto found = target_people_[i].find(person->second.values[i]);
    if (found != target_people_[i].end()) return found->second;
  }
  const std::string& name = person->second.name;
  notes_.insert(fmt::format("{}{}, who is not among the people of the target", without_note,
                            name.empty() ? old_id : name));
  return std::nullopt;
}

std::optional<std::string> RestoreRefs::person_name(const std::string& old_id) {
  load_people();
  auto person = people_.find(old_id);
  if (person == people_.end() || person->second.name.empty()) return std::nullopt;
  return person->second.name;
}

std::string RestoreRefs::mute(const std::string& text) {
  return parts_.options.notify ? text : without_mentions(text);
}

// The address itself, or the longest known one in front of it with the rest behind.
std::optional<std::string> RestoreRefs::new_address(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  for (std::size_t end = url.size(); end > host && end != std::string::npos;
       end = url.find_last_of("/?#", end - 1)) {
    const std::string front = url.substr(0, end);
    if (!old_urls_.contains(digest(front))) continue;
    if (auto found = parts_.journal.new_url(front)) return *found + url.substr(end);
    met_pending_ = true;
    return std::nullopt;
  }
  return std::nullopt;
}

std::string RestoreRefs::relink(const std::string& text) {
  std::string out;
  for (std::size_t at = 0;;) {
    std::size_t start = std::min(text.find("https://", at), text.find("http://", at));
    if (start == std::string::npos) return out + text.substr(at);
    std::size_t end = start;
    while (end < text.size() && !ends_address(text[end])) ++end;
    // A sentence's end is none of the address.
    while (end > start && std::string_view(".,;:!?").find(text[end - 1]) != std::string_view::npos)
      --end;
    const std::string url = text.substr(start, end - start);
    out += text.substr(at, start - at);
    out += new_address(url).value_or(url);
    at = end;
  }
}

}  // namespace probackup
