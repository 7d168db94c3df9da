#include "fake/github_writes.h"

#include <optional>

#include "fake/github_view_parts.h"
#include "util/text.h"

namespace probackup {

ApiAnswer GithubWrites::handle(const ApiRequest& request, const std::string& resource,
                               const std::optional<GithubNeed>& need, const Handler& handler) {
  const std::lock_guard lock(mutex);
  try {
    const bool is_upload = request.path.ends_with("/assets");
    GithubCall call{
        request,
        {},
        is_upload ? GithubBody(JsonRecord::object(), resource) : GithubBody(request, resource)};
    if (need) {
      call.repo = call.param("owner") + "/" + call.param("repo");
      const auto* record = data.repos.find(call.repo);
      if (record == nullptr) refuse_github(404, "Not Found");
      git.sync(data, call.repo);
      if (*need != GithubNeed::read && !may_push(call.repo)) refuse_github(404, "Not Found");
      const bool is_about_repo = request.path == "/repos/" + call.repo;
      if (record->at("archived").get<bool>() && !is_about_repo && request.method != "GET") {
        refuse_github(403, "Repository was archived so is read-only.");
      }
    }
    if (request.method != "GET") data.catch_up();
    return handler(call);
  } catch (const GithubRefused& refused) {
    return refused.answer;
  }
}

void GithubWrites::on(ApiServer& where, const std::string& method, const std::string& path,
                      const std::string& resource, Handler handler) {
  where.route(method, path, [this, resource, handler](const ApiRequest& request) {
    return handle(request, resource, std::nullopt, handler);
  });
}

void GithubWrites::on_repo(ApiServer& where, const std::string& method, const std::string& path,
                           const std::string& resource, GithubNeed need, Handler handler) {
  where.route(method, "/repos/:owner/:repo" + path,
              [this, resource, need, handler](const ApiRequest& request) {
                return handle(request, resource, need, handler);
              });
}

void GithubWrites::on_repo(const std::string& method, const std::string& path,
                           const std::string& resource, GithubNeed need, Handler handler) {
  on_repo(server, method, path, resource, need, std::move(handler));
}

bool GithubWrites::may_push(const std::string& repo) const {
  return data.repos.find(repo)->at("may_administer").get<bool>();
}

std::string GithubWrites::issue_of(const GithubCall& call) const {
  for (const auto& key : data.issues.keys_of(call.repo)) {
    if (data.issues.find(key)->at("number").dump() == call.param("number")) return key;
  }
  refuse_github(404, "Not Found");
}

std::string GithubWrites::pull_of(const GithubCall& call) const {
  const auto& pull = data.issues.find(issue_of(call))->at("pull");
  if (pull.is_null()) refuse_github(404, "Not Found");
  return pull;
}

std::string find_github_label(const GithubData& data, const std::string& repo,
                              const std::string& name) {
  for (const auto& key : data.labels.keys_of(repo)) {
    if (to_lower(data.labels.find(key)->at("name").get<std::string>()) == to_lower(name)) {
      return key;
    }
  }
  return {};
}

std::string GithubWrites::label_of(const GithubCall& call) const {
  auto key = find_github_label(data, call.repo, call.param("name"));
  if (key.empty()) refuse_github(404, "Not Found");
  return key;
}

std::string GithubWrites::below(const RecordTable& table, const std::string& owner,
                                const std::string& key) const {
  if (table.find(key) == nullptr || table.owner_of(key) != owner) refuse_github(404, "Not Found");
  return key;
}

ApiAnswer GithubWrites::changed(const JsonRecord& view, const std::string& key) const {
  return json_answer(record_text(view, key));
}

ApiAnswer GithubWrites::created(const JsonRecord& view, const std::string& key) const {
  auto answer = json_answer(record_text(view, key), 201);
  if (view.contains("url")) answer.headers.emplace_back("Location", view.at("url"));
  return answer;
}

ApiAnswer GithubWrites::done() {
  auto answer = text_answer("", 204);
  return answer;
}

}  // namespace probackup
