// What happened to the tasks of a project, as GET /events tells it.
// https://developers.asana.com/reference/events
#include <algorithm>
#include <cstdlib>

#include "fake/asana_account.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr std::size_t events_max = 100;  // of one answer
constexpr auto sync_token_life = std::chrono::hours(24);

}  // namespace

void AsanaData::tell(const std::string& action, const JsonRecord& resource, const std::string& task,
                     const JsonRecord& parent) {
  Event event{{{"action", action},
               {"resource", resource},
               {"parent", parent},
               {"created_at", stamp()},
               {"type", resource.at("resource_type")},
               {"user", asana_ref("user", me_)}},
              {}};
  // Events of subtasks bubble up.
  for (std::string at_task = task; !at_task.empty();) {
    const auto& record = at("task", at_task);
    for (const auto& membership : record.at("memberships"))
      event.projects.insert(membership.at("project").at("gid").get<std::string>());
    at_task = asana_gid(record, "parent");
  }
  if (!event.projects.empty()) events_.push_back(std::move(event));
}

void AsanaAccount::add_event_reads() {
  on("GET", "/events", [this](const ApiRequest& request) {
    const auto project = request.query_value("resource").value_or("");
    named("project", project);
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
    const auto token = [&](std::size_t place) {
      return std::to_string(place) + ":" + std::to_string(now.time_since_epoch().count());
    };
    const auto& events = data_.events();
    const auto sync = request.query_value("sync");
    std::size_t place = 0;
    std::int64_t issued = 0;
    if (sync && sync->find(':') != std::string::npos) {
      place = std::strtoul(sync->c_str(), nullptr, 10);
      issued = std::strtoll(sync->c_str() + sync->find(':') + 1, nullptr, 10);
    }
    const bool is_known =
        issued > 0 && now.time_since_epoch() - std::chrono::seconds(issued) < sync_token_life;
    if (!is_known) {
      auto body = JsonRecord::parse(
          asana_refusal(412, "Sync token invalid or too old: fetch the full dataset").body);
      body["sync"] = token(events.size());
      return json_answer(body.dump(), 412);
    }
    auto data = JsonRecord::array();
    for (; place < events.size() && data.size() < events_max; ++place)
      if (events[place].projects.contains(project)) data.push_back(events[place].body);
    const bool has_more = std::any_of(
        events.begin() + static_cast<std::ptrdiff_t>(std::min(place, events.size())), events.end(),
        [&](const auto& event) { return event.projects.contains(project); });
    return json_answer(
        JsonRecord{{"data", data}, {"sync", token(place)}, {"has_more", has_more}}.dump());
  });
}

}  // namespace probackup
