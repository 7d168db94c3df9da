#include "fake/redmine_server.h"

#include <fmt/format.h>

#include "fake/redmine_input.h"
#include "probackup/error.h"
#include "util/bytes.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::int64_t default_limit = 25, limit_max = 100;

ApiAnswer refusal(int status, const std::vector<std::string>& errors) {
  if (!errors.empty()) return json_answer(nlohmann::json{{"errors", errors}}.dump(), status);
  ApiAnswer out;
  out.status = status;
  if (status == 401) out.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Redmine API\"");
  return out;
}

// The user name of Basic authentication, where a key may stand.
std::string basic_user(const std::string& header) {
  if (!header.starts_with("Basic ")) return "";
  auto pair = from_base64(trim(std::string_view(header).substr(6)));
  return pair ? pair->substr(0, pair->find(':')) : "";
}

}  // namespace

RedmineAccount::RedmineAccount(std::uint64_t seed, const RedmineSize& size,
                               const RedmineOptions& options, Clock& clock)
    : options_(options),
      key_(Seeded(mix_seed(seed, "key")).hex(40)),
      data_(seed, clock, options.ids_after),
      server_(options.server, clock) {
  origin_ = server_.origin();
  fill_randomly(data_, seed, size);
  server_.add_secret(key_);
  server_.set_gate([this](const ApiRequest& request) { return refuse(request); });
  server_.set_finish(add_etag);
  server_.set_change_hook([this](std::uint64_t change_seed) { mutate(change_seed, 1); });
  add_routes();
  add_write_routes();
}

std::map<std::string, std::string> RedmineAccount::settings() const {
  return {{"base_url", origin_}, {"key", key_}};
}

void RedmineAccount::mutate(std::uint64_t seed, unsigned changes) {
  const std::lock_guard lock(mutex_);
  for (unsigned i = 0; i < changes; ++i)
    change_randomly(data_, mix_seed(seed, std::to_string(i)), options_.silent_changes);
}

std::optional<ApiAnswer> RedmineAccount::refuse(const ApiRequest& request) const {
  const bool known = request.header("x-redmine-api-key") == key_ ||
                     request.query_value("key") == key_ ||
                     basic_user(request.header("authorization").value_or("")) == key_;
  if (known) return std::nullopt;
  return refusal(401, {});
}

// Calls are in the name of the key's user, or of whom an administrator names by login.
template <typename Answer>
ApiAnswer RedmineAccount::answered(const ApiRequest& request, Answer answer) {
  const std::lock_guard lock(mutex_);
  const int user = data_.first_id();
  try {
    data_.actor = user;
    const auto login = request.header("x-redmine-switch-user");
    if (login && acts_as_admin()) {
      data_.actor = 0;
      for (const auto& [id, row] : data_.table("users"))
        if (row.at("login") == *login && row.at("status") == 1) data_.actor = id;
      if (data_.actor == 0) throw RedmineRefusal(412);
    }
    auto reply = answer();
    data_.actor = user;
    return reply;
  } catch (const RedmineRefusal& error) {
    data_.actor = user;
    return refusal(error.status(), error.errors());
  } catch (const std::out_of_range&) {  // no record of that id
    data_.actor = user;
    return refusal(404, {});
  }
}

bool RedmineAccount::acts_as_admin() const {
  return options_.is_admin && data_.table("users").at(data_.actor).at("admin") == true;
}

void RedmineAccount::on(const std::string& method, const std::string& path, Handler handler) {
  server_.route(method, path, [this, handler](const ApiRequest& request) {
    return answered(request, [&] { return (this->*handler)(request); });
  });
}

void RedmineAccount::add_write_routes() {
  for (const auto* writes : {&redmine_project_writes(), &redmine_issue_writes(),
                             &redmine_content_writes(), &redmine_people_writes()})
    for (const auto& write : *writes)
      server_.route(write.method, write.path, [this, &write](const ApiRequest& request) {
        return answered(request, [&] {
          const auto shown = views();
          return write.write({data_, request, shown, acts_as_admin(), options_.upload_bytes_max});
        });
      });
}

// A listing that comes whole, whatever limit is asked for.
void RedmineAccount::on_table(const std::string& path, const std::string& noun, bool admin_only) {
  server_.route("GET", path, [this, noun, admin_only](const ApiRequest& request) {
    return answered(request, [&] {
      if (admin_only && !acts_as_admin()) throw RedmineRefusal(403);
      std::vector<std::string> texts;
      for (int id : visible(noun))
        texts.push_back(RedmineViews::text(views().record(noun, id, {})));
      return json_answer(fmt::format("{{\"{}\":[{}]}}", noun, join(texts, ",")));
    });
  });
}

void RedmineAccount::add_routes() {
  on_table("/trackers.json", "trackers", false);
  on_table("/issue_statuses.json", "issue_statuses", false);
  on_table("/enumerations/issue_priorities.json", "issue_priorities", false);
  on_table("/enumerations/time_entry_activities.json", "time_entry_activities", false);
  on_table("/enumerations/document_categories.json", "document_categories", false);
  on_table("/custom_fields.json", "custom_fields", true);
  on_table("/roles.json", "roles", false);
  on_table("/groups.json", "groups", true);
  on("GET", "/projects.json", &RedmineAccount::get_projects);
  on("GET", "/projects/:id", &RedmineAccount::get_project);
  on("GET", "/projects/:project/wiki/index.json", &RedmineAccount::get_wiki_index);
  on("GET", "/projects/:project/wiki/:title", &RedmineAccount::get_wiki_page);
  on("GET", "/projects/:project/wiki/:title/:version", &RedmineAccount::get_wiki_version);
  on("GET", "/projects/:project/files.json", &RedmineAccount::get_files);
  for (const char* noun : {"versions", "issue_categories", "memberships"})
    on("GET", fmt::format("/projects/:project/{}.json", noun), &RedmineAccount::get_below_project);
  on("GET", "/projects/:project/news.json", &RedmineAccount::get_news);
  on("GET", "/issues.json", &RedmineAccount::get_issues);
  on("GET", "/issues/:id", &RedmineAccount::get_issue);
  on("GET", "/issues/:issue/relations.json", &RedmineAccount::get_relations);
  on("GET", "/time_entries.json", &RedmineAccount::get_time_entries);
  on("GET", "/news.json", &RedmineAccount::get_news);
  on("GET", "/users.json", &RedmineAccount::get_users);
  on("GET", "/users/:id", &RedmineAccount::get_user);
  on("GET", "/attachments/download/:id", &RedmineAccount::get_download);
  on("GET", "/attachments/download/:id/*name", &RedmineAccount::get_download);
  server_.route("GET", "/queries.json", [this](const ApiRequest& request) {
    const std::lock_guard lock(mutex_);
    return page(request, "queries", visible("queries"));
  });
  for (const char* noun : {"versions", "issue_categories", "memberships", "time_entries", "news",
                           "groups", "roles", "attachments", "relations"})
    on("GET", fmt::format("/{}/:id", noun), &RedmineAccount::get_one);
}

ApiAnswer RedmineAccount::page(const ApiRequest& request, const std::string& noun,
                               const std::vector<int>& ids) const {
  auto limit = request.query_number("limit", 0);
  limit = limit < 1 ? default_limit : std::min(limit, limit_max);
  auto offset = std::max<std::int64_t>(request.query_number("offset", -1), -1);
  if (offset < 0) offset = std::max<std::int64_t>(request.query_number("page", 1) - 1, 0) * limit;
  RedmineShape shape = RedmineShape::of("include=" + request.query_value("include").value_or(""));
  std::vector<std::string> texts;
  for (auto i = offset; i < offset + limit && i < static_cast<std::int64_t>(ids.size()); ++i)
    texts.push_back(
        RedmineViews::text(views().record(noun, ids[static_cast<std::size_t>(i)], shape)));
  return json_answer(fmt::format("{{\"{}\":[{}],\"total_count\":{},\"offset\":{},\"limit\":{}}}",
                                 noun, join(texts, ","), ids.size(), offset, limit));
}

std::vector<std::string> RedmineAccount::streams() const {
  return {"projects",
          "versions",
          "issue_categories",
          "memberships",
          "trackers",
          "issue_statuses",
          "issue_priorities",
          "time_entry_activities",
          "document_categories",
          "custom_fields",
          "queries",
          "roles",
          "users",
          "groups",
          "issues",
          "relations",
          "time_entries",
          "news",
          "files",
          "wiki_pages",
          "wiki_versions"};
}

// The ids of a table's records that an administrator of the API can see.
std::vector<int> RedmineAccount::visible(const std::string& noun) const {
  std::vector<int> out;
  for (const auto& [id, row] : data_.table(noun)) {
    int project = noun == "projects" ? id : row.value("project", 0);
    if (noun == "relations")
      project = data_.table("issues").at(row.at("issue_id").get<int>()).at("project");
    bool hidden = project != 0 && !data_.is_visible(project);
    if (noun == "issue_categories")
      hidden = hidden || data_.table("projects").at(project).at("status") == RedmineData::closed;
    if (!hidden) out.push_back(id);
  }
  return out;
}

TestAccount::Truth RedmineAccount::truth(const std::string& stream,
                                         const std::string& query) const {
  const std::lock_guard lock(mutex_);
  const auto shape = RedmineShape::of(query);
  Truth out;
  if (stream == "wiki_pages" || stream == "wiki_versions") {
    for (const auto& [key, wiki_page] : data_.wiki) {
      const auto& [project, title] = key;
      if (!data_.has_module(project, "wiki")) continue;
      auto name = fmt::format("{}/{}", project, title);
      if (stream == "wiki_pages") {
        out[name] = RedmineViews::text(views().wiki_page(project, title, shape));
        continue;
      }
      for (std::size_t version = 1; version < wiki_page.versions.size(); ++version)
        out[fmt::format("{}/{}", name, version)] =
            RedmineViews::text(views().wiki_version(project, title, version));
    }
    return out;
  }
  if (stream == "files") {
    for (const auto& [container, ids] : data_.attached) {
      if (!container.starts_with("files/") || !data_.is_visible(std::stoi(container.substr(6))))
        continue;
      for (int id : ids) out[std::to_string(id)] = RedmineViews::text(views().project_file(id));
    }
    return out;
  }
  const auto known = streams();
  if (std::find(known.begin(), known.end(), stream) == known.end())
    throw Error("the Redmine account has no " + stream);
  for (int id : visible(stream))
    out[std::to_string(id)] = RedmineViews::text(views().record(stream, id, shape));
  return out;
}

TestAccount::Truth RedmineAccount::files() const {
  const std::lock_guard lock(mutex_);
  Truth out;
  for (const auto& [container, ids] : data_.attached) {
    if (container.empty()) continue;  // uploads that belong to nothing
    auto slash = container.find('/');
    auto kind = container.substr(0, slash);
    int owner = std::stoi(container.substr(slash + 1));
    int project = owner;  // of files/PROJECT and wiki/PROJECT/TITLE
    if (kind == "issues" || kind == "news") project = data_.table(kind).at(owner).at("project");
    if (kind == "wiki" ? !data_.has_module(project, kind) : !data_.is_visible(project)) continue;
    for (int id : ids)
      out[fmt::format("{}/{}", container.substr(slash + 1), id)] = data_.bytes.at(id);
  }
  return out;
}

}  // namespace probackup
