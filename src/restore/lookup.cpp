#include "restore/lookup.h"

#include <fmt/format.h>

#include "engine/answer.h"
#include "engine/pages.h"
#include "engine/records.h"
#include "engine/request.h"
#include "restore/send.h"
#include "util/hash.h"
#include "util/raw_json.h"

namespace probackup {
namespace {

using nlohmann::json;

constexpr std::size_t remembered_max = 1000;  // listings
constexpr int restarts_max = 3;               // of one listing whose page token ended
constexpr std::size_t listing_max = 200'000;  // elements of one

std::uint64_t digest_of(const std::vector<std::string>& records) {
  Sha256 hash;
  for (const auto& raw : records) hash.update(raw);
  Id id = hash.finish();
  std::uint64_t out = 0;
  for (int i = 0; i < 8; ++i) out = out << 8 | id.bytes[static_cast<std::size_t>(i)];
  return out;
}

}  // namespace

std::vector<json> LookUps::read(const LookUpModel& model, const Scope& names, bool remember,
                                std::stop_token stop) {
  std::vector<json> out;
  std::optional<Pager> pager;
  pager.emplace(model.page, parts_.context, names);
  int restarts = 0;
  RawJson raw_json;
  for (std::optional<PageAsk> page = pager->first(); page;) {
    RequestParts request =
        evaluated([&] { return render_request(model.request, parts_.context, names); });
    pager->apply(*page, request);
    Ask ask;
    ask.request = finish_request(request, parts_.context);
    // Where the place itself is not there, nothing is in it; but that must not make a create be
    // sent again.
    ask.allowed.missing_is_empty = remember;
    std::vector<std::string> records;
    ask.check = [&](const HttpResponse& response) -> std::optional<std::string> {
      try {
        records = select_records(raw_json, response.body, model.records, std::nullopt, remember);
        return std::nullopt;
      } catch (const Error& error) {
        return error.what();
      }
    };
    Fetched fetched = parts_.fetcher.fetch(std::move(ask), stop);
    if (fetched.kind == Fetched::Kind::empty) return out;
    if (fetched.restart && page->number > 1 && ++restarts <= restarts_max) {
      out.clear();
      pager.emplace(model.page, parts_.context, names);
      page = pager->first();
      continue;
    }
    if (fetched.kind != Fetched::Kind::good) {
      std::string why = fmt::format("{}: {}", fetched.reason, fetched.url);
      if (fetched.unknown) throw UnsettledError(why);
      throw ItemError(why);
    }
    for (const auto& raw : records) out.push_back(parse_json(raw));
    if (out.size() > listing_max)
      throw ItemError(fmt::format("more than {} elements: {}", listing_max, fetched.url));
    PageSeen seen{&fetched.response, records.size(), records.empty() ? "" : records.back(),
                  digest_of(records)};
    evaluated([&] {
      pager->saw(seen);
      page = pager->next(*page, seen);
    });
  }
  return out;
}

void LookUps::list(const LookUpModel& model, const Scope& names, bool remember,
                   std::stop_token stop, const std::function<bool(const json&)>& each) {
  std::string name;
  const std::vector<json>* elements = nullptr;
  std::vector<json> fresh;
  if (remember) {
    name = evaluated(
        [&] { return request_name(render_request(model.request, parts_.context, names)); });
    if (auto known = remembered_.find(name); known != remembered_.end()) elements = &known->second;
  }
  if (!elements) {
    fresh = read(model, names, remember, stop);
    elements = &fresh;
    if (remember && remembered_.size() < remembered_max)
      elements = &remembered_.emplace(name, std::move(fresh)).first->second;
  }
  for (const json& found : *elements)
    if (!each(found)) return;
}

std::optional<Hit> LookUps::first(const LookUpModel& model, const Scope& names, bool remember,
                                  std::stop_token stop,
                                  const std::function<bool(const std::string&)>& may_take) {
  std::optional<Hit> out;
  if (model.when && !evaluated([&] { return model.when->holds(names); })) return out;
  list(model, names, remember, stop, [&](const json& found) {
    return evaluated([&] {
      Names with_found(&names);
      with_found.set("found", found);
      if (model.where && !model.where->holds(with_found.scope())) return true;
      std::string id = model.id.text(with_found.scope());
      if (id.empty() || !may_take(id)) return true;
      out = Hit{std::move(id), model.body ? model.body->evaluate(with_found.scope()) : found};
      return false;
    });
  });
  return out;
}

bool LookUps::exists(const std::string& kind, const ExistsModel& model, const std::string& old_id,
                     std::stop_token stop) {
  const std::string name = kind + "/" + old_id;
  if (auto known = there_.find(name); known != there_.end()) return !known->second.is_null();
  Names names(&parts_.names);
  names.set("old_id", old_id);
  Ask ask;
  ask.request =
      finish_request(render_request(model.request, parts_.context, names.scope()), parts_.context);
  ask.allowed.missing_is_empty = true;
  Fetched fetched = parts_.fetcher.fetch(std::move(ask), stop);
  bool there = fetched.kind == Fetched::Kind::good;
  if (there && model.where) {
    AnswerNames answer(names.scope(), fetched.response, true);
    there = model.where->holds(answer.scope());
  }
  json body = json::parse(fetched.response.body, nullptr, false);
  there_[name] = !there ? json() : body.is_discarded() || body.is_null() ? json::object() : body;
  return there;
}

std::string LookUps::value_of(const std::string& kind, const std::string& old_id,
                              const Template& value) {
  auto known = there_.find(kind + "/" + old_id);
  if (known == there_.end() || known->second.is_null()) return "";
  Names names(&parts_.names);
  names.set("old_id", old_id);
  names.set("key", old_id);
  names.set("status", 200);
  names.set("headers", json::object());
  names.set("body", known->second);
  names.set("new", {{"id", old_id}});
  return value.text(names.scope());
}

}  // namespace probackup
