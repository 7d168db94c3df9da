#include "restore/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "connector/model.h"
#include "expr/expr_node.h"
#include "restore/items.h"
#include "util/hash.h"
#include "util/raw_json.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;
using State = JournalEntry::State;

// Shorter ids (1, 2, …) mean other things elsewhere: they are only replaced where `refs` says.
constexpr std::size_t unique_id_bytes_min = 8;

// Calls `use` for every value that a selector reaches; `use` may change it.
void at_selector(json& value, const std::vector<std::string>& steps, std::size_t i,
                 const std::function<void(json& parent, const std::string& name)>& use) {
  if (i == steps.size()) return;
  std::string name = steps[i];
  std::size_t lists = 0;
  while (name.ends_with("[*]")) {
    name.resize(name.size() - 3);
    ++lists;
  }
  if (!name.empty() && (!value.is_object() || !value.contains(name))) return;
  if (lists == 0 && i + 1 == steps.size()) return use(value, name);
  std::vector<json*> here{name.empty() ? &value : &value[name]};
  for (; lists > 0; --lists) {
    std::vector<json*> below;
    for (json* list : here)
      if (list->is_array())
        for (json& element : *list) below.push_back(&element);
    here = std::move(below);
  }
  for (json* next : here) {
    if (i + 1 == steps.size()) {
      json box{{"", std::move(*next)}};
      use(box, "");
      *next = box.contains("") ? std::move(box[""]) : json();
    } else {
      at_selector(*next, steps, i + 1, use);
    }
  }
}

void for_selector(json& record, const std::string& selector,
                  const std::function<void(json&, const std::string&)>& use) {
  at_selector(record, split(selector, '.'), 0, use);
}

json new_id_like(const json& old_id, const std::string& new_id) {
  if (!old_id.is_number()) return new_id;
  auto number = json::parse(new_id, nullptr, false);
  return number.is_number() ? number : json(new_id);
}

class Comparer {
 public:
  Comparer(const RestoreParts& parts, RestoreRefs& refs) : parts_(parts), refs_(refs) {
    parts_.journal.each("", [&](const JournalEntry& entry) {
      if (!entry.new_id.empty() && entry.old_id.size() >= unique_id_bytes_min)
        new_ids_.emplace(entry.old_id, entry.new_id);
      return true;
    });
  }

  // The original as it should be in the target.
  json expected(const StepModel& step, const RestoreItem& item, const JournalEntry& entry) {
    json record = *item.scope().find("record");
    for (const auto& ref : step.compare.refs)
      for_selector(record, ref.first, [&](json& parent, const std::string& name) {
        json& value = parent[name];
        if (auto id = refs_.ref(as_text(value), ref.second)) value = new_id_like(value, *id);
      });
    replace(record);
    Names names(&item.scope());
    names.set("new", {{"id", entry.new_id}, {"url", entry.new_url}});
    if (parts_.model.note) names.set("note", parts_.model.note->evaluate(item.scope()));
    for (const auto& [selector, value] : step.compare.expect) {
      json wanted = value.evaluate(names.scope());
      set(record, selector, wanted);
    }
    strip(step, record);
    return record;
  }

  // What was read back, in the form that is compared.
  json got(const StepModel& step, const RestoreItem& item, const JournalEntry& entry, json record) {
    Names names(&item.scope());
    names.set("new", {{"id", entry.new_id}, {"url", entry.new_url}});
    names.set("record", record);
    for (const auto& [selector, value] : step.compare.seen)
      set(record, selector, value.evaluate(names.scope()));
    strip(step, record);
    return record;
  }

  static void strip(const StepModel& step, json& record) {
    for (const auto& skip : step.compare.skip)
      for_selector(record, skip.first, [&](json& parent, const std::string& name) {
        leave_out(parent[name], skip.second);
      });
    for (const auto& selector : step.compare.ignore)
      for_selector(record, selector,
                   [](json& parent, const std::string& name) { parent.erase(name); });
    for (const auto& selector : step.compare.unordered)
      for_selector(record, selector, [](json& parent, const std::string& name) {
        json& list = parent[name];
        if (!list.is_array()) return;
        std::vector<json> sorted(list.begin(), list.end());
        std::sort(sorted.begin(), sorted.end());
        list = sorted;
      });
  }

  // Calls `each` for every member that differs.
  static void differences(
      const json& a, const json& b, const std::string& path,
      const std::function<void(const std::string&, const json&, const json&)>& each) {
    if (a.is_object() && b.is_object()) {
      std::set<std::string> names;
      for (const auto& [name, value] : a.items()) names.insert(name);
      for (const auto& [name, value] : b.items()) names.insert(name);
      for (const auto& name : names)
        differences(a.value(name, json()), b.value(name, json()),
                    path.empty() ? name : path + "." + name, each);
      return;
    }
    if (a.is_array() && b.is_array() && a.size() == b.size()) {
      for (std::size_t i = 0; i < a.size(); ++i)
        differences(a[i], b[i], fmt::format("{}[{}]", path, i), each);
      return;
    }
    if (a != b) each(path, a, b);
  }

 private:
  static void set(json& record, const std::string& selector, const json& value) {
    json* at = &record;
    for (const auto& name : split(selector, '.')) {
      if (!at->is_object()) *at = json::object();
      at = &(*at)[name];
    }
    *at = value;
  }

  static void leave_out(json& list, const Expression& when) {
    if (!list.is_array()) return;
    json kept = json::array();
    for (json& element : list) {
      Names names;
      names.set("item", element);
      if (!when.holds(names.scope())) kept.push_back(std::move(element));
    }
    list = std::move(kept);
  }

  // Ids and addresses by the new ones, in every member.
  void replace(json& value) {
    if (value.is_structured()) {
      for (auto& element : value) replace(element);
    } else if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      auto id = new_ids_.find(text);
      value = id != new_ids_.end() ? json(id->second) : json(refs_.relink(text));
    } else if (value.is_number()) {
      auto id = new_ids_.find(as_text(value));
      if (id != new_ids_.end()) value = new_id_like(value, id->second);
    }
  }

  const RestoreParts& parts_;
  RestoreRefs& refs_;
  std::unordered_map<std::string, std::string> new_ids_;
};

// What was read back, by key; the records wait on disk.
class ReadBack {
 public:
  ReadBack(RestoreSource& restored, const std::string& stream) {
    restored.all_records(stream, [&](const RestoreRecord& record) {
      places_[record.key] = {spool_.append(record.raw), record.raw.size()};
      return true;
    });
  }
  std::optional<json> find(const std::string& key) {
    auto place = places_.find(key);
    if (place == places_.end()) return std::nullopt;
    return parse_json(spool_.read(place->second.first, place->second.second));
  }

 private:
  SpoolFile spool_;
  std::unordered_map<std::string, std::pair<std::uint64_t, std::size_t>> places_;
};

// The attachment that a request sends, by its file id; "" for none.
std::string sent_file(const WriteModel& write, const Scope& names) {
  const PartModel* part = write.upload ? &*write.upload : nullptr;
  for (const auto* parts : {&write.multipart, &write.base64})
    for (const auto& [name, candidate] : *parts)
      if (!candidate.value) part = &candidate;
  return part ? part->file.text(names) : "";
}

std::string content_digest(RestoreSource& source, const std::string& stream, const std::string& key,
                           const std::string& id) {
  Sha256 hash;
  source.read_file(stream, key, id, [&](std::string_view piece) { hash.update(piece); });
  return hash.finish().hex();
}

// Attachments byte by byte, under the new id. One that is sent for an element is in the record that
// `parents` names first, one that is a record itself is in that record.
void compare_files(const StepModel& step, StepItems& items, const RestoreParts& parts,
                   RestoreRefs& refs, RestoreSource& restored, RestoreEngine::Comparison& out,
                   const std::function<void(const RestoreDifference&)>& each) {
  if (!step.each.empty() && step.parents.empty()) return;
  items.each([&](RestoreItem& item) {
    const std::string id = sent_file(step.create, item.scope());
    auto entry = parts.journal.find(step.make, item.old_id());
    if (id.empty() || !entry || entry->new_id.empty() || entry->adopted) return true;
    ++out.compared;
    RestoreDifference difference{step.make, item.old_id(), entry->new_id, "content", "", ""};
    difference.expected = content_digest(parts.source, step.from, item.record().key, id);
    std::optional<std::string> record = entry->new_id;
    if (!step.each.empty())
      record = refs.ref(step.parents[0].id.text(item.scope()), step.parents[0].of);
    if (record && restored.file(step.from, *record, entry->new_id))
      difference.got = content_digest(restored, step.from, *record, entry->new_id);
    if (difference.got == difference.expected)
      ++out.equal;
    else
      each(difference);
    return true;
  });
}

using Digests = std::multiset<std::string>;

// Calls `use` for each element that a rule of attachments makes one of, with the names it sees.
void for_elements(const std::optional<Expression>& list_of, const std::optional<Expression>& when,
                  const Scope& scope, const std::function<void(const Scope&)>& use) {
  json list = list_of ? list_of->evaluate(scope) : json::array({nullptr});
  if (list.is_null()) return;
  if (!list.is_array()) list = json::array({list});
  for (const json& element : list) {
    Names names(&scope);
    if (list_of) names.set("item", element);
    if (!when || when->holds(names.scope())) use(names.scope());
  }
}

// Of the attachments that a step uploads for a thing before it makes it, as far as the snapshot
// holds them.
Digests uploaded_before(const StepModel& step, const RestoreItem& item, RestoreSource& source) {
  Digests out;
  Names answers(&item.scope());
  for (const auto& call : step.before) answers.set(call.as, json::array());
  for (const auto& call : step.before)
    for_elements(call.each, call.when, answers.scope(), [&](const Scope& names) {
      const std::string id = sent_file(call.write, names), &key = item.record().key;
      if (!id.empty() && source.file(step.from, key, id))
        out.insert(content_digest(source, step.from, key, id));
    });
  return out;
}

// Of the attachments that a record which was read back names.
Digests held(const StreamModel& stream, const std::string& key, const json& record,
             const Scope& outer, RestoreSource& restored) {
  Digests out;
  Names names(&outer);
  names.set("record", record);
  for (const auto& rule : stream.files)
    for_elements(rule.each, rule.when, names.scope(), [&](const Scope& element) {
      const std::string id = rule.id.text(element);
      if (restored.file(stream.name, key, id))
        out.insert(content_digest(restored, stream.name, key, id));
    });
  return out;
}

// Calls `each` for what was uploaded and is not there byte by byte.
void compare_uploads(const Digests& wanted, Digests there, RestoreDifference difference,
                     const std::function<void(const RestoreDifference&)>& each) {
  difference.path = "content";
  for (const auto& digest : wanted) {
    if (auto found = there.find(digest); found != there.end()) {
      there.erase(found);
      continue;
    }
    difference.expected = digest;
    each(difference);
  }
}

}  // namespace

RestoreEngine::Comparison compare_restored(
    const Connector& connector, const RestoreParts& parts, const Scope& names, RestoreRefs& refs,
    RestoreSource& restored, const std::function<void(const RestoreDifference&)>& each) {
  RestoreEngine::Comparison out;
  Comparer comparer(parts, refs);
  for (const auto& step : parts.model.steps) {
    if (step.compare.stream.empty() || (!step.new_id && !step.learn_id)) continue;
    StepItems items(step, connector.model().stream(step.from), names, parts.source);
    if (items.size() == 0) continue;
    compare_files(step, items, parts, refs, restored, out, each);
    if (!step.each.empty()) continue;
    ReadBack back(restored, step.compare.stream);
    const StreamModel& read_back = *connector.model().stream(step.compare.stream);
    items.each([&](RestoreItem& item) {
      auto entry = parts.journal.find(step.make, item.old_id());
      if (!entry || entry->new_id.empty() || entry->adopted) return true;
      ++out.compared;
      RestoreDifference difference{step.make, item.old_id(), entry->new_id, "", "", ""};
      auto got = back.find(entry->new_id);
      if (!got) {
        each(difference);
        return true;
      }
      bool equal = true;
      if (const auto uploads = uploaded_before(step, item, parts.source); !uploads.empty())
        compare_uploads(uploads, held(read_back, entry->new_id, *got, names, restored), difference,
                        [&](const RestoreDifference& found) {
                          equal = false;
                          each(found);
                        });
      json wanted = comparer.expected(step, item, *entry);
      Comparer::differences(wanted, comparer.got(step, item, *entry, std::move(*got)), "",
                            [&](const std::string& path, const json& a, const json& b) {
                              equal = false;
                              difference.path = path;
                              difference.expected = a.dump();
                              difference.got = b.dump();
                              each(difference);
                            });
      out.equal += equal;
      return true;
    });
  }
  return out;
}

}  // namespace probackup
