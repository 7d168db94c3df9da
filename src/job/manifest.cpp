#include "job/manifest.h"

#include <algorithm>

#include "job/json_count.h"
#include "job/segment.h"
#include "probackup/error.h"
#include "util/raw_json.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr unsigned manifest_version = 1;

std::optional<Time> get_time(const nlohmann::json& json, const char* name) {
  auto found = json.find(name);
  if (found == json.end()) return std::nullopt;
  return parse_rfc3339(found->get<std::string>());
}

[[noreturn]] void damaged(const std::exception& why) {
  throw Error(std::string("the snapshot's manifest.json is damaged: ") + why.what());
}

nlohmann::json checked(std::string_view json) {
  try {
    return parse_json(json);
  } catch (const Error& error) {
    damaged(error);
  }
}

}  // namespace

std::string Manifest::print() const {
  nlohmann::ordered_json out;
  out["probackup"] = manifest_version;
  out["app"] = app;
  out["app_title"] = app_title;
  out["account"] = account;
  out["connector"] = connector;
  out["program_version"] = program_version;
  out["started"] = format_rfc3339_seconds(started);
  out["settings"] = settings;
  auto& list = out["streams"] = nlohmann::ordered_json::object();
  for (const auto& [name, stream] : streams) {
    auto& entry = list[name];
    entry["title"] = stream.title;
    if (!stream.parents.empty()) entry["parents"] = stream.parents;
    entry["records"] = stream.records;
    entry["complete"] = stream.complete;
    if (stream.behind) entry["behind"] = true;
    if (stream.since) entry["since"] = format_rfc3339(*stream.since);
    if (stream.last_full) entry["last_full"] = format_rfc3339(*stream.last_full);
    if (stream.last_refresh) entry["last_refresh"] = format_rfc3339(*stream.last_refresh);
    if (!stream.feeds.empty()) entry["feeds"] = stream.feeds;
    if (stream.read) entry["read"] = format_rfc3339(*stream.read);
    entry["requests"] = stream.requests;
    if (!stream.shared.empty()) entry["shared"] = stream.shared;
  }
  out["gaps"] = gaps;
  if (!suspicious.empty()) out["suspicious"] = suspicious;
  if (partial) out["partial"] = true;
  if (paused)
    out["paused"] = {{"until", format_rfc3339_seconds(paused->until)},
                     {"why", paused->why},
                     {"unread", paused->unread}};
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Manifest Manifest::parse(std::string_view json) {
  auto in = checked(json);
  try {
    if (in.at("probackup").get_ref<const std::uint64_t&>() > manifest_version)
      throw Error("the snapshot was written by a newer probackup", "update probackup");
    Manifest out;
    out.app = in.at("app").get<std::string>();
    out.app_title = in.value("app_title", out.app);
    out.account = in.at("account").get<std::string>();
    out.connector = in.value("connector", "");
    out.program_version = in.value("program_version", "");
    out.started = get_time(in, "started").value_or(Time{});
    out.settings = in.value("settings", nlohmann::json::object());
    for (const auto& [name, entry] : in.at("streams").items()) {
      ManifestStream stream;
      stream.title = entry.value("title", name);
      stream.parents = entry.value("parents", std::vector<std::string>{});
      stream.records = count_at(entry, "records");
      stream.complete = entry.value("complete", false);
      stream.behind = entry.value("behind", false);
      stream.since = get_time(entry, "since");
      stream.last_full = get_time(entry, "last_full");
      stream.last_refresh = get_time(entry, "last_refresh");
      stream.feeds = entry.value("feeds", std::map<std::string, std::string>{});
      stream.read = get_time(entry, "read");
      stream.requests = count_at(entry, "requests");
      stream.shared = entry.value("shared", std::set<std::string>{});
      out.streams[name] = stream;
    }
    out.gaps = count_at(in, "gaps");
    out.suspicious = in.value("suspicious", std::vector<std::string>{});
    out.partial = in.value("partial", false);
    if (auto paused = in.find("paused"); paused != in.end())
      out.paused = {get_time(*paused, "until").value_or(Time{}), paused->value("why", ""),
                    paused->value("unread", std::vector<std::string>{})};
    return out;
  } catch (const nlohmann::json::exception& error) {
    damaged(error);
  }
}

nlohmann::ordered_json gap_to_json(const Gap& gap) {
  nlohmann::ordered_json out;
  out["stream"] = gap.stream;
  if (!gap.scope.empty()) out["scope"] = gap.scope;
  if (!gap.key.empty()) out["key"] = gap.key;
  if (!gap.file.empty()) out["file"] = gap.file;
  if (!gap.url.empty()) out["url"] = gap.url;
  if (gap.status) out["status"] = gap.status;
  out["reason"] = gap.reason;
  return out;
}

std::string print_gap(const Gap& gap) {
  return gap_to_json(gap).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

std::vector<Gap> parse_gaps(std::string_view jsonl) {
  std::vector<Gap> out;
  try {
    for_each_line(jsonl, [&](std::string_view line) {
      auto in = nlohmann::json::parse(line);
      Gap gap;
      gap.stream = in.value("stream", "");
      gap.scope = in.value("scope", "");
      gap.key = in.value("key", "");
      gap.file = in.value("file", "");
      gap.url = in.value("url", "");
      gap.status = static_cast<int>(std::min<std::uint64_t>(count_at(in, "status"), 999));
      gap.reason = in.value("reason", "");
      out.push_back(std::move(gap));
    });
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("the snapshot's gaps.jsonl is damaged: ") + error.what());
  }
  return out;
}

}  // namespace probackup
