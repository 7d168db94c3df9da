// The requests that GithubAccount answers.
#include <algorithm>

#include "fake/github_account.h"
#include "fake/github_view_parts.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr std::int64_t page_default = 30;
constexpr std::int64_t page_max = 100;

[[noreturn]] void refuse_unknown() {
  refuse_github(404, "Not Found");
}

std::vector<std::string> vector_of(const std::set<std::string>& keys) {
  return {keys.begin(), keys.end()};
}

std::vector<std::string> newest_first(const std::set<std::string>& keys) {
  return {keys.rbegin(), keys.rend()};
}

}  // namespace

void GithubAccount::on(const std::string& path, ApiHandler handler) {
  server_.route("GET", path, [this, handler](const ApiRequest& request) {
    const std::lock_guard lock(mutex_);
    try {
      return handler(request);
    } catch (const GithubRefused& refused) {
      return refused.answer;
    }
  });
}

void GithubAccount::on_repo(const std::string& path, RepoHandler handler) {
  for (const auto* prefix : {"/repos/:owner/:repo", "/repositories/:repository_id"}) {
    on(prefix + path, [this, handler](const ApiRequest& request) {
      const auto repo = repo_of(request);
      git_.sync(data_, repo);
      return handler(repo, request);
    });
  }
}

std::string GithubAccount::repo_of(const ApiRequest& request) const {
  if (const auto id = request.params.find("repository_id"); id != request.params.end()) {
    for (const auto& [repo, record] : data_.repos.all()) {
      if (std::to_string(record.at("id").get<std::int64_t>()) == id->second) return repo;
    }
    refuse_unknown();
  }
  const auto repo = request.param("owner") + "/" + request.param("repo");
  if (data_.repos.find(repo) == nullptr) refuse_unknown();
  return repo;
}

// One page and its Link header (RFC 8288).
ApiAnswer GithubAccount::page(const ApiRequest& request, const std::string& path, const Keys& all,
                              const Render& render) const {
  const auto size =
      std::clamp<std::int64_t>(request.query_number("per_page", page_default), 1, page_max);
  const auto number = std::max<std::int64_t>(request.query_number("page", 1), 1);
  const auto count = static_cast<std::int64_t>(all.size());
  const auto last = std::max<std::int64_t>((count + size - 1) / size, 1);
  const auto begin = std::min((number - 1) * size, count);
  const auto end = std::min(begin + size, count);
  std::vector<std::string> texts;
  for (auto i = begin; i < end; ++i) texts.push_back(render(all[static_cast<std::size_t>(i)]));
  auto answer = json_answer(array_text(texts));

  const auto target = [&](std::int64_t to, const std::string& rel) {
    std::string url = server_.origin() + path + "?";
    for (const auto& [name, value] : request.query) {
      if (name != "page") url += url_encode(name) + "=" + url_encode(value) + "&";
    }
    return "<" + url + "page=" + std::to_string(to) + ">; rel=\"" + rel + "\"";
  };
  std::vector<std::string> links;
  if (number > 1) links.push_back(target(std::min(number - 1, last), "prev"));
  if (number < last) links.push_back(target(number + 1, "next"));
  if (number < last) links.push_back(target(last, "last"));
  if (number > 1) links.push_back(target(1, "first"));
  if (!links.empty()) answer.headers.emplace_back("Link", join(links, ", "));
  return answer;
}

ApiAnswer GithubAccount::repo_page(const ApiRequest& request, const std::string& repo,
                                   const Keys& all, const Render& render) const {
  const auto id = std::to_string(data_.repos.find(repo)->at("id").get<std::int64_t>());
  const bool by_name = request.params.contains("repo");
  const auto parts = split(request.path, '/');
  const std::vector<std::string> rest(parts.begin() + (by_name ? 4 : 3), parts.end());
  return page(request, "/repositories/" + id + "/" + join(rest, "/"), all, render);
}

GithubAccount::Render GithubAccount::with(View view) const {
  return [this, view](const std::string& key) { return text_of(key, view); };
}

// The keys whose record was updated at or after `since`, sorted as asked for, oldest first by
// default. Keys come in the order of creation.
GithubAccount::Keys GithubAccount::dated(Keys keys, const RecordTable& table,
                                         const ApiRequest& request) const {
  const auto updated = [&](const std::string& key) {
    return table.find(key)->at("updated_at").get<std::string>();
  };
  if (const auto since = parse_rfc3339(request.query_value("since").value_or(""))) {
    const auto from = format_rfc3339_seconds(*since);
    std::erase_if(keys, [&](const std::string& key) { return updated(key) < from; });
  }
  const auto sort = request.query_value("sort").value_or("");
  if (sort.empty()) return keys;
  if (sort.starts_with("updated")) {
    std::vector<std::pair<std::string, std::string>> by_time;
    for (auto& key : keys) by_time.emplace_back(updated(key), std::move(key));
    std::sort(by_time.begin(), by_time.end());
    keys.clear();
    for (auto& [time, key] : by_time) keys.push_back(std::move(key));
  }
  if (request.query_value("direction").value_or("desc") == "desc") {
    std::reverse(keys.begin(), keys.end());
  }
  return keys;
}

GithubAccount::Keys GithubAccount::sorted_issues(const std::string& repo,
                                                 const ApiRequest& request) const {
  auto keys = vector_of(data_.issues.keys_of(repo));
  const auto state = request.query_value("state").value_or("open");
  if (state != "all") {
    std::erase_if(
        keys, [&](const std::string& key) { return data_.issues.find(key)->at("state") != state; });
  }
  auto sorted = request;
  if (!request.query_value("sort")) sorted.query.emplace_back("sort", "created");
  return dated(std::move(keys), data_.issues, sorted);
}

void GithubAccount::add_account_routes() {
  on("/user", [this](const ApiRequest&) {
    const auto& login = data_.token_user();
    return json_answer(record_text(views_.me(login), login));
  });
  on("/users/:login", [this](const ApiRequest& request) {
    const auto& login = request.param("login");
    const bool known =
        data_.users.find(login) != nullptr || data_.organizations.find(login) != nullptr;
    if (!known) refuse_unknown();
    return json_answer(record_text(views_.full_user(login), login));
  });
  on("/user/orgs", [this](const ApiRequest& request) {
    Keys logins;
    for (const auto& [login, record] : data_.organizations.all()) logins.push_back(login);
    return page(request, request.path, logins, with(&GithubViews::listed_organization));
  });
  const auto organization_of = [this](const ApiRequest& request) {
    const auto& login = request.param("org");
    if (data_.organizations.find(login) == nullptr) refuse_unknown();
    return login;
  };
  on("/orgs/:org", [this, organization_of](const ApiRequest& request) {
    const auto login = organization_of(request);
    return json_answer(record_text(views_.organization(login), login));
  });
  on("/orgs/:org/members", [this, organization_of](const ApiRequest& request) {
    Keys logins;
    for (const auto& key : data_.members.keys_of(organization_of(request))) {
      const std::string login = data_.members.find(key)->at("login");
      const bool is_admin = login == data_.token_user();
      const auto role = request.query_value("role").value_or("all");
      if (role == "all" || is_admin == (role == "admin")) logins.push_back(login);
    }
    return page(request, request.path, logins, with(&GithubViews::user));
  });
  on("/orgs/:org/teams", [this, organization_of](const ApiRequest& request) {
    const auto keys = vector_of(data_.teams.keys_of(organization_of(request)));
    return page(request, request.path, keys, with(&GithubViews::team));
  });
}

void GithubAccount::add_repo_lists() {
  const auto repos_page = [this](const ApiRequest& request, const std::string& owner) {
    Keys repos;
    for (const auto& [repo, record] : data_.repos.all()) {
      if (!owner.empty() && record.at("owner") != owner) continue;
      const auto visibility = request.query_value("visibility").value_or("all");
      const bool is_private = record.at("private").get<bool>();
      const bool is_public_list = request.path.starts_with("/users/");
      if (is_public_list ? !is_private
                         : visibility == "all" || is_private == (visibility == "private"))
        repos.push_back(repo);
    }
    return page(request, request.path, repos, with(&GithubViews::listed_repository));
  };
  on("/user/repos", [repos_page](const ApiRequest& request) { return repos_page(request, ""); });
  on("/users/:login/repos", [repos_page](const ApiRequest& request) {
    return repos_page(request, request.param("login"));
  });
  on("/orgs/:org/repos", [this, repos_page](const ApiRequest& request) {
    if (data_.organizations.find(request.param("org")) == nullptr) refuse_unknown();
    return repos_page(request, request.param("org"));
  });
}

void GithubAccount::add_listing(const std::string& path, const RecordTable& table, View view) {
  on_repo(path, [this, &table, view](const std::string& repo, const ApiRequest& request) {
    return repo_page(request, repo, vector_of(table.keys_of(repo)), with(view));
  });
}

void GithubAccount::add_repo_routes() {
  on_repo("", [this](const std::string& repo, const ApiRequest&) {
    return json_answer(record_text(views_.repository(repo), repo));
  });
  on_repo("/topics", [this](const std::string& repo, const ApiRequest&) {
    return json_answer(text_of(repo, &GithubViews::topics));
  });
  on_repo("/collaborators", [this](const std::string& repo, const ApiRequest& request) {
    if (!data_.repos.find(repo)->at("may_administer").get<bool>()) {
      return github_refusal(403, "Must have push access to view repository collaborators.");
    }
    Keys logins;
    for (const auto& [login, role] : data_.collaborators_of(repo)) logins.push_back(login);
    return repo_page(request, repo, logins, [&](const std::string& login) {
      return record_text(views_.collaborator(repo, login), login);
    });
  });
  on_repo("/hooks", [this](const std::string& repo, const ApiRequest& request) {
    if (!data_.repos.find(repo)->at("may_administer").get<bool>()) refuse_unknown();
    return repo_page(request, repo, vector_of(data_.hooks.keys_of(repo)), with(&GithubViews::hook));
  });
  add_listing("/branches", data_.branches, &GithubViews::branch);
  add_listing("/labels", data_.labels, &GithubViews::label);
  add_listing("/comments", data_.commit_comments, &GithubViews::commit_comment);
  on_repo("/milestones", [this](const std::string& repo, const ApiRequest& request) {
    const auto state = request.query_value("state").value_or("open");
    auto keys = vector_of(data_.milestones.keys_of(repo));
    std::erase_if(keys, [&](const std::string& key) {
      return state != "all" && data_.milestones.find(key)->at("state") != state;
    });
    return repo_page(request, repo, keys, with(&GithubViews::milestone));
  });
}

// The issue whose number stands in the path.
std::string GithubAccount::issue_of(const ApiRequest& request, const std::string& repo) const {
  for (const auto& key : data_.issues.keys_of(repo)) {
    const auto number = data_.issues.find(key)->at("number").get<int>();
    if (std::to_string(number) == request.param("number")) return key;
  }
  refuse_unknown();
}

void GithubAccount::add_issue_routes() {
  on_repo("/issues", [this](const std::string& repo, const ApiRequest& request) {
    return repo_page(request, repo, sorted_issues(repo, request), with(&GithubViews::issue));
  });
  on_repo("/issues/comments", [this](const std::string& repo, const ApiRequest& request) {
    auto keys = vector_of(data_.comments_of_repo.keys_of(repo));
    keys = dated(std::move(keys), data_.comments, request);
    return repo_page(request, repo, keys, with(&GithubViews::comment));
  });
  on_repo("/issues/events", [this](const std::string& repo, const ApiRequest& request) {
    return repo_page(request, repo, newest_first(data_.events.keys_of(repo)),
                     with(&GithubViews::event));
  });
  on_repo("/issues/:number/comments", [this](const std::string& repo, const ApiRequest& request) {
    const auto keys = data_.comments.keys_of(issue_of(request, repo));
    return repo_page(request, repo, dated(vector_of(keys), data_.comments, request),
                     with(&GithubViews::comment));
  });
  on_repo("/pulls", [this](const std::string& repo, const ApiRequest& request) {
    Keys keys;
    for (const auto& issue : sorted_issues(repo, request)) {
      const auto& pull = data_.issues.find(issue)->at("pull");
      if (!pull.is_null()) keys.push_back(pull);
    }
    return repo_page(request, repo, keys, with(&GithubViews::pull));
  });
  on_repo("/pulls/comments", [this](const std::string& repo, const ApiRequest& request) {
    std::set<std::string> keys;
    for (const auto& pull : data_.pulls.keys_of(repo)) {
      const auto& own = data_.review_comments.keys_of(pull);
      keys.insert(own.begin(), own.end());
    }
    return repo_page(request, repo, dated(vector_of(keys), data_.review_comments, request),
                     with(&GithubViews::review_comment));
  });
  on_repo("/pulls/:number/reviews", [this](const std::string& repo, const ApiRequest& request) {
    const auto& pull = data_.issues.find(issue_of(request, repo))->at("pull");
    if (pull.is_null()) refuse_unknown();
    return repo_page(request, repo, vector_of(data_.reviews.keys_of(pull)),
                     with(&GithubViews::review));
  });
  on_repo("/issues/:number/timeline", [this](const std::string& repo, const ApiRequest& request) {
    const auto issue = issue_of(request, repo);
    auto keys = vector_of(data_.comments.keys_of(issue));
    for (const auto& key : data_.events.keys_of(repo)) {
      if (data_.events.find(key)->at("issue") == issue) keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    return repo_page(request, repo, keys, [&](const std::string& key) {
      const bool is_comment = data_.comments.find(key) != nullptr;
      return text_of(key,
                     is_comment ? &GithubViews::timeline_comment : &GithubViews::timeline_event);
    });
  });
}

void GithubAccount::add_release_routes() {
  on_repo("/releases", [this](const std::string& repo, const ApiRequest& request) {
    return repo_page(request, repo, newest_first(data_.releases.keys_of(repo)),
                     with(&GithubViews::release));
  });
  on_repo("/releases/:release/assets", [this](const std::string& repo, const ApiRequest& request) {
    return repo_page(request, repo, vector_of(data_.assets.keys_of(request.param("release"))),
                     with(&GithubViews::asset));
  });
  on_repo("/releases/assets/:asset", [this](const std::string& repo, const ApiRequest& request) {
    return get_asset(request, repo);
  });
}

ApiAnswer GithubAccount::get_asset(const ApiRequest& request, const std::string& repo) const {
  const auto& key = request.param("asset");
  if (data_.assets.find(key) == nullptr ||
      data_.releases.owner_of(data_.assets.owner_of(key)) != repo) {
    refuse_unknown();
  }
  if (request.header("accept") != "application/octet-stream") {
    return json_answer(text_of(key, &GithubViews::asset));
  }
  ApiAnswer answer;
  answer.status = 302;
  answer.type = "text/html;charset=utf-8";
  answer.headers.emplace_back(
      "Location", file_server_.origin() + "/assets/" + key + "?X-Amz-Signature=" + signature_);
  return answer;
}

// Object stores refuse a request that is authorized twice.
ApiAnswer GithubAccount::get_file(const ApiRequest& request) const {
  const std::lock_guard lock(mutex_);
  if (request.header("authorization")) {
    return text_answer("Only one auth mechanism allowed", 400);
  }
  const auto content = data_.bytes.find(request.param("asset"));
  if (request.query_value("X-Amz-Signature") != signature_ || content == data_.bytes.end()) {
    return text_answer("Access denied", 403);
  }
  auto answer = text_answer(content->second);
  answer.type = "application/octet-stream";
  return answer;
}

}  // namespace probackup
