#include "fake/github_account.h"

#include "fake/github_view_parts.h"
#include "probackup/error.h"
#include "util/text.h"

namespace probackup {

namespace {

constexpr unsigned history_days = 400;

}  // namespace

GithubAccount::GithubAccount(std::uint64_t seed, const GithubSize& size,
                             const GithubOptions& options, Clock& clock)
    : options_(options),
      token_("ghp_" + Seeded(mix_seed(seed, "token")).hex(36)),
      signature_(Seeded(mix_seed(seed, "signature")).hex(32)),
      clock_(clock),
      data_(seed, clock, history_days),
      git_(options.git_folder),
      views_(data_, links_),
      graph_(data_, links_),
      hour_begin_(clock.now()),
      pace_(options.creations_per_minute, options.creations_per_hour, clock),
      writes_(server_, mutex_, data_, views_, git_),
      file_server_(options.server, clock),
      upload_server_(options.server, clock),
      server_(options.server, clock) {
  links_.api = server_.origin();
  links_.git = options_.git_base;
  links_.html = options_.html_base;
  links_.uploads = upload_server().origin();
  for (auto* server : {&server_, &upload_server_, &file_server_}) {
    server->add_secret(token_);
    server->add_secret(signature_);
  }
  for (auto* server : {&server_, &upload_server_}) set_up(*server);
  server_.set_change_hook([this](std::uint64_t change_seed) { mutate(change_seed, 1); });
  add_account_routes();
  add_repo_lists();
  add_repo_routes();
  add_issue_routes();
  add_release_routes();
  add_empty_routes();
  add_setup_routes();
  add_graphql();
  add_writes();
  file_server_.route("GET", "/assets/:asset",
                     [this](const ApiRequest& request) { return get_file(request); });
  fill_randomly(data_, seed, size);
}

void GithubAccount::set_up(ApiServer& server) {
  server.set_fault_answer(
      Fault::limit_429,
      github_refusal(
          403,
          "You have exceeded a secondary rate limit. Please wait a few minutes before you "
          "try again."));
  server.set_fault_answer(Fault::error_500, github_refusal(502, "Server Error"));
  server.set_gate([this](const ApiRequest& request) { return refuse(request); });
  server.set_finish(
      [this](const ApiRequest& request, ApiAnswer& answer) { finish(request, answer); });
  server.set_fallback([](const ApiRequest&) { return github_refusal(404, "Not Found"); });
}

void GithubAccount::add_writes() {
  writes_.wikis_take_pushes = options_.wikis_take_pushes;
  const bool may_delete = options_.scopes.find("delete_repo") != std::string::npos;
  add_github_repo_writes(writes_, may_delete);
  add_github_label_writes(writes_);
  add_github_issue_writes(writes_);
  add_github_pull_writes(writes_);
  add_github_review_writes(writes_);
  add_github_release_writes(writes_, upload_server(), [this] {
    auto left = failing_uploads_.load();
    while (left > 0 && !failing_uploads_.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
  });
  add_github_setup_writes(writes_);
  add_github_environment_writes(writes_);
}

void GithubAccount::make_first_wiki_page(const std::string& repo) {
  const std::lock_guard lock(mutex_);
  git_.create(repo + ".wiki", "master");
  git_.add_first_commit(repo + ".wiki", "master");
}

void GithubAccount::sync_git() const {
  if (!git_.is_on()) return;
  for (const auto& [repo, record] : data_.repos.all()) git_.sync(data_, repo);
}

std::map<std::string, std::string> GithubAccount::settings() const {
  return {{"base_url", server_.origin()}, {"token", token_}};
}

std::int64_t GithubAccount::quota_used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

std::optional<ApiAnswer> GithubAccount::refuse(const ApiRequest& request) {
  if (!request.header("user-agent")) {
    return text_answer(
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent "
        "header",
        403);
  }
  const auto given = request.header("authorization");
  if (!given) return github_refusal(401, "Requires authentication");
  if (*given != "Bearer " + token_ && *given != "token " + token_) {
    return github_refusal(401, "Bad credentials");
  }
  const std::lock_guard lock(mutex_);
  if (clock_.now() - hour_begin_ >= std::chrono::hours(1)) {
    hour_begin_ = clock_.now();
    used_ = 0;
  }
  if (used_ >= options_.hourly_quota) {
    return github_refusal(
        403,
        "API rate limit exceeded for user ID 1. If you reach out to GitHub Support "
        "for help, please include the request ID.");
  }
  return pace_.refuse(request);
}

// Every answer but a 304 costs one of the hour's requests.
void GithubAccount::finish(const ApiRequest& request, ApiAnswer& answer) {
  add_etag(request, answer);
  if (answer.status == 401) return;
  const std::lock_guard lock(mutex_);
  const bool counts = answer.status != 304 && used_ < options_.hourly_quota;
  if (counts) ++used_;
  const auto reset = std::chrono::duration_cast<std::chrono::seconds>(
                         (hour_begin_ + std::chrono::hours(1)).time_since_epoch())
                         .count();
  const bool is_graph = request.path == "/graphql";
  answer.headers.insert(
      answer.headers.end(),
      {{"x-ratelimit-limit", std::to_string(options_.hourly_quota)},
       {"x-ratelimit-remaining", std::to_string(options_.hourly_quota - used_)},
       {"x-ratelimit-used", std::to_string(used_)},
       {"x-ratelimit-reset", std::to_string(reset)},
       {"x-ratelimit-resource", is_graph ? "graphql" : "core"},
       {"x-oauth-scopes", options_.scopes},
       {"x-accepted-oauth-scopes", request.path.ends_with("/hooks") ? "admin:repo_hook" : "repo"},
       {"x-github-media-type", "github.v3; format=json"}});
}

std::vector<std::string> GithubAccount::streams() const {
  return {"user",
          "organizations",
          "repos",
          "topics",
          "branches",
          "collaborators",
          "labels",
          "milestones",
          "issues",
          "issue_comments",
          "pulls",
          "pull_comments",
          "reviews",
          "releases",
          "assets",
          "commit_comments",
          "hooks",
          "issue_events",
          "timeline",
          "members",
          "teams",
          "deploy_keys",
          "autolinks",
          "invitations",
          "environments",
          "variables",
          "rulesets",
          "discussions",
          "discussion_comments",
          "projects"};
}

std::string GithubAccount::text_of(const std::string& key, View view) const {
  return record_text((views_.*view)(key), key);
}

TestAccount::Truth GithubAccount::truth(const std::string& stream, const std::string& query) const {
  const std::lock_guard lock(mutex_);
  sync_git();
  Truth records;
  const std::map<std::string, std::pair<const RecordTable*, View>> plain{
      {"labels", {&data_.labels, &GithubViews::label}},
      {"milestones", {&data_.milestones, &GithubViews::milestone}},
      {"issues", {&data_.issues, &GithubViews::issue}},
      {"issue_comments", {&data_.comments, &GithubViews::comment}},
      {"pulls", {&data_.pulls, &GithubViews::pull}},
      {"pull_comments", {&data_.review_comments, &GithubViews::review_comment}},
      {"reviews", {&data_.reviews, &GithubViews::review}},
      {"releases", {&data_.releases, &GithubViews::release}},
      {"assets", {&data_.assets, &GithubViews::asset}},
      {"commit_comments", {&data_.commit_comments, &GithubViews::commit_comment}},
      {"issue_events", {&data_.events, &GithubViews::event}},
      {"teams", {&data_.teams, &GithubViews::team}},
      {"branches", {&data_.branches, &GithubViews::branch}},
      {"timeline", {&data_.events, &GithubViews::timeline_event}},
      {"topics", {&data_.repos, &GithubViews::topics}},
      {"deploy_keys", {&data_.keys, &GithubViews::deploy_key}},
      {"autolinks", {&data_.autolinks, &GithubViews::autolink}},
      {"invitations", {&data_.invitations, &GithubViews::invitation}},
      {"environments", {&data_.environments, &GithubViews::environment}},
      {"variables", {&data_.variables, &GithubViews::variable}},
      {"rulesets", {&data_.rulesets, &GithubViews::ruleset}}};
  if (const auto found = plain.find(stream); found != plain.end()) {
    for (const auto& [key, record] : found->second.first->all()) {
      const auto prefix = stream == "timeline" ? record.at("issue").get<std::string>() + "/" : "";
      records[prefix + key] = text_of(key, found->second.second);
    }
    return records;
  }
  const auto put = [&](const std::string& prefix, const JsonRecord& view, const std::string& key) {
    records[prefix + std::to_string(view.at("id").get<std::int64_t>())] = record_text(view, key);
  };
  if (stream == "user") {
    const auto& login = data_.token_user();
    put("", views_.me(login), login);
  } else if (stream == "organizations") {
    for (const auto& [login, record] : data_.organizations.all()) {
      put("", views_.organization(login), login);
    }
  } else if (stream == "repos") {
    for (const auto& [repo, record] : data_.repos.all()) {
      put("", query == "listed" ? views_.listed_repository(repo) : views_.repository(repo), repo);
    }
  } else if (stream == "members") {
    for (const auto& [key, record] : data_.members.all()) {
      const std::string login = record.at("login");
      put(data_.members.owner_of(key) + "/", views_.user(login), login);
    }
  } else if (stream == "collaborators" || stream == "hooks") {
    for (const auto& [repo, record] : data_.repos.all()) {
      if (!record.at("may_administer").get<bool>()) continue;
      if (stream == "hooks") {
        for (const auto& key : data_.hooks.keys_of(repo)) put("", views_.hook(key), key);
        continue;
      }
      for (const auto& [login, role] : data_.collaborators_of(repo)) {
        put(repo + "/", views_.collaborator(repo, login), login);
      }
    }
  } else {
    return graph_truth(stream, query);
  }
  return records;
}

TestAccount::Truth GithubAccount::graph_truth(const std::string& stream,
                                              const std::string& query) const {
  const std::map<std::string, std::pair<const RecordTable*,
                                        JsonRecord (GithubGraph::*)(const std::string&) const>>
      views{{"discussions", {&data_.discussions, &GithubGraph::discussion}},
            {"discussion_comments", {&data_.discussion_comments, &GithubGraph::discussion_comment}},
            {"projects", {&data_.projects, &GithubGraph::project}}};
  const auto found = views.find(stream);
  if (found == views.end()) throw Error("the GitHub account has no stream " + stream);
  Truth records;
  const auto fields = parse_graphql(query.empty() ? "{ id }" : query, JsonRecord::object());
  const auto& [table, view] = found->second;
  for (const auto& [key, record] : table->all()) {
    const auto whole = (graph_.*view)(key);
    records[whole.at("id")] = select_graphql(whole, fields).dump();
  }
  return records;
}

TestAccount::Truth GithubAccount::files() const {
  const std::lock_guard lock(mutex_);
  Truth files;
  for (const auto& [key, content] : data_.bytes) {
    files[data_.assets.owner_of(key) + "/" + key] = content;
  }
  return files;
}

void GithubAccount::mutate(std::uint64_t seed, unsigned changes) {
  const std::lock_guard lock(mutex_);
  data_.catch_up();
  for (unsigned i = 0; i < changes; ++i) {
    change_randomly(data_, mix_seed(seed, std::to_string(i)), options_.only_dated_changes);
  }
}

}  // namespace probackup
