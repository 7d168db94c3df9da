#include "restore/items.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "engine/request.h"
#include "expr/expr_node.h"
#include "util/raw_json.h"

namespace probackup {
namespace {

using nlohmann::json;

constexpr std::size_t id_bytes_max = 2048;
constexpr std::size_t title_bytes_max = 200;

json as_list(json value) {
  if (value.is_null()) return json::array();
  return value.is_array() ? value : json::array({std::move(value)});
}

std::string pack(const RestoreRecord& record) {
  json head = {record.key, record.scope, record.parent_stream, record.parent};
  return head.dump(-1, ' ', false, json::error_handler_t::replace) + '\n' + record.raw;
}

RestoreRecord unpack(const std::string& bytes) {
  auto line = bytes.find('\n');
  json head = json::parse(bytes.substr(0, line));
  return {head.at(0), head.at(1), head.at(2), head.at(3), bytes.substr(line + 1)};
}

// Numbers before texts; what is missing last.
int rank(const json& value) {
  if (value.is_number()) return 0;
  return value.is_null() ? 2 : 1;
}

}  // namespace

bool comes_first(const json& a, const json& b) {
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (a.is_number()) return a < b;
  return as_text(a) < as_text(b);
}

BesideRecords::BesideRecords(const StepModel& step, RestoreSource& source) {
  for (const auto& model : step.beside) {
    Table table{model, {}};
    source.all_records(model.stream, [&](const RestoreRecord& record) {
      table.places[record.key] = {spool_.append(record.raw), record.raw.size()};
      return true;
    });
    tables_.push_back(std::move(table));
  }
  spool_.flush();
}

void BesideRecords::add_to(Names& names) const {
  for (const auto& table : tables_) {
    auto place = table.places.find(table.model.id.text(names.scope()));
    names.set(table.model.name,
              place == table.places.end()
                  ? json()
                  : parse_json(spool_.read(place->second.first, place->second.second)));
  }
}

ListingParent listing_parent(const StreamModel* stream, const std::string& scope) {
  if (!stream || scope.empty()) return {};
  std::set<std::string> above;
  for (const auto& source : stream->sources) above.insert(source.each.begin(), source.each.end());
  if (above.size() == 1) return {*above.begin(), scope};
  auto slash = scope.find('/');
  if (slash == std::string::npos) return {"", scope};
  return {scope.substr(0, slash), scope.substr(slash + 1)};
}

RestoreItem::RestoreItem(const Scope& names, const StepModel& step, const StreamModel* stream,
                         const BesideRecords& beside, const RestoreRecord& record,
                         const json& parsed, const json* outer, const json* element)
    : step_(step), stream_(stream), record_(record), names_(&names) {
  names_.set("record", parsed);
  names_.set("key", record.key);
  auto above = listing_parent(stream, record.scope);
  names_.set("parent_key", above.key.empty() ? json() : json(above.key));
  names_.set("parent_stream", above.stream.empty() ? json() : json(above.stream));
  beside.add_to(names_);
  if (!step.each.empty()) {
    names_.set("item", element ? *element : json());
    names_.set("outer", outer ? *outer : json());
  }
  old_id_ = step.id ? step.id->text(scope()) : record.key;
  if (old_id_.empty()) throw Error("it has no id");
  if (old_id_.size() > id_bytes_max) throw Error(fmt::format("an id of {} bytes", old_id_.size()));
  names_.set("old_id", old_id_);
}

std::string RestoreItem::text_of(const std::optional<Template>& value) const {
  if (!value) return "";
  try {
    return value->text(scope());
  } catch (const Error&) {
    return "";  // only people read it
  }
}

std::string RestoreItem::title() const {
  std::string title = step_.each.empty() && stream_ ? text_of(stream_->title_of) : "";
  if (title.size() > title_bytes_max) title = title.substr(0, title_bytes_max);
  return title;
}

std::string RestoreItem::old_url() const {
  if (step_.old_url) return text_of(step_.old_url);
  return step_.each.empty() && stream_ ? text_of(stream_->url_of) : "";
}

StepItems::StepItems(const StepModel& step, const StreamModel* stream, const Scope& names,
                     RestoreSource& source, Which which)
    : step_(step), stream_(stream), names_(names), beside_(step, source) {
  auto take = [&](const RestoreRecord& record) {
    add(record);
    return true;
  };
  if (which == Which::chosen)
    source.records(step.from, take);
  else
    source.all_records(step.from, take);
  spool_.flush();
  sort();
  put_after();
}

void StepItems::elements(const RestoreRecord& record, const json& parsed, const Use& use) const {
  auto one = [&](const json* outer, const json* element, std::uint32_t i, std::uint32_t j) {
    RestoreItem item(names_, step_, stream_, beside_, record, parsed, outer, element);
    use(item, i, j);
  };
  if (step_.each.empty()) return one(nullptr, nullptr, 0, 0);
  Names of_record(&names_);
  of_record.set("record", parsed);
  of_record.set("key", record.key);
  beside_.add_to(of_record);
  const json list = as_list(step_.each[0].evaluate(of_record.scope()));
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    if (step_.each.size() == 1) {
      one(nullptr, &list[i], 0, i);
      continue;
    }
    Names of_element(&of_record.scope());
    of_element.set("item", list[i]);
    const json inner = as_list(step_.each[1].evaluate(of_element.scope()));
    for (std::uint32_t j = 0; j < inner.size(); ++j) one(&list[i], &inner[j], i, j);
  }
}

void StepItems::add(const RestoreRecord& record) {
  std::optional<std::uint64_t> offset;
  std::string packed;
  try {
    elements(record, parse_json(record.raw),
             [&](RestoreItem& item, std::uint32_t i, std::uint32_t j) {
               if (step_.when && !step_.when->holds(item.scope())) return;
               if (!offset) {
                 packed = pack(record);
                 offset = spool_.append(packed);
               }
               Place place;
               place.offset = *offset;
               place.length = static_cast<std::uint32_t>(packed.size());
               place.number = places_.size();
               place.outer = i;
               place.element = j;
               place.old_id = item.old_id();
               if (step_.order) place.order = step_.order->evaluate(item.scope());
               if (step_.after) place.after = step_.after->text(item.scope());
               places_.push_back(std::move(place));
             });
  } catch (const Error& error) {
    broken_.push_back({record.key, error.what()});
  }
}

void StepItems::sort() {
  if (!step_.order) return;
  std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
    if (comes_first(a.order, b.order)) return true;
    if (comes_first(b.order, a.order)) return false;
    return a.number < b.number;
  });
}

// Moves each thing behind the one that must be made first; a circle is cut where it is entered.
void StepItems::put_after() {
  if (!step_.after) return;
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < places_.size(); ++i) index.emplace(places_[i].old_id, i);
  std::vector<bool> seen(places_.size());
  std::vector<std::size_t> order, chain;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    for (std::size_t at = i; !seen[at];) {
      seen[at] = true;
      chain.push_back(at);
      auto first = index.find(places_[at].after);
      if (places_[at].after.empty() || first == index.end()) break;
      at = first->second;
    }
    for (; !chain.empty(); chain.pop_back()) order.push_back(chain.back());
  }
  std::vector<Place> sorted;
  sorted.reserve(places_.size());
  for (std::size_t i : order) sorted.push_back(std::move(places_[i]));
  places_ = std::move(sorted);
}

void StepItems::each(const std::function<bool(RestoreItem&)>& each) {
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (!at(i, each)) return;
}

void StepItems::with(const std::string& old_id, const std::function<void(RestoreItem&)>& use) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].old_id != old_id) continue;
    at(i, [&](RestoreItem& item) {
      use(item);
      return true;
    });
    return;
  }
}

bool StepItems::at(std::size_t i, const std::function<bool(RestoreItem&)>& use) {
  const Place& place = places_[i];
  // `use` may come back here for another one.
  auto loaded = loaded_;
  if (!loaded || loaded->offset != place.offset) {
    Loaded fresh{place.offset, unpack(spool_.read(place.offset, place.length)), {}};
    fresh.parsed = parse_json(fresh.record.raw);
    loaded = loaded_ = std::make_shared<const Loaded>(std::move(fresh));
  }
  bool result = true;
  elements(loaded->record, loaded->parsed,
           [&](RestoreItem& item, std::uint32_t outer, std::uint32_t element) {
             if (outer == place.outer && element == place.element) result = use(item);
           });
  return result;
}

}  // namespace probackup
