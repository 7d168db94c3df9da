// The views of what people write: issues, pull requests, comments, releases.
#include <algorithm>

#include "fake/github_view_parts.h"
#include "fake/github_views.h"
#include "util/hash.h"
#include "util/text.h"

namespace probackup {

std::string GithubViews::number_of(const std::string& issue) const {
  return std::to_string(data_.issues.find(issue)->at("number").get<int>());
}

JsonRecord GithubViews::label(const std::string& key) const {
  const auto& record = *data_.labels.find(key);
  return {{"id", record.at("id")},
          {"node_id", github_node_id("LA", record)},
          {"url", repo_url(data_.labels.owner_of(key)) + "/labels/" +
                      url_encode(record.at("name").get<std::string>())},
          {"name", record.at("name")},
          {"color", record.at("color")},
          {"default", record.at("default")},
          {"description", record.at("description")}};
}

JsonRecord GithubViews::milestone(const std::string& key) const {
  const auto& record = *data_.milestones.find(key);
  const auto& repo = data_.milestones.owner_of(key);
  const auto number = std::to_string(record.at("number").get<int>());
  const auto api = repo_url(repo) + "/milestones/" + number;
  auto view = github_head(api, record, "MI");
  view["html_url"] = page(repo) + "/milestone/" + number;
  view["labels_url"] = api + "/labels";
  view["number"] = record.at("number");
  view["title"] = record.at("title");
  view["description"] = record.at("description");
  view["creator"] = user(record.at("creator"));
  view["open_issues"] = record.at("open");
  view["closed_issues"] = record.at("closed");
  view["state"] = record.at("state");
  add_github_times(view, record);
  view["due_on"] = record.at("due_on");
  view["closed_at"] = record.at("closed_at");
  return view;
}

JsonRecord GithubViews::labels_of(const JsonRecord& issue) const {
  auto list = JsonRecord::array();
  for (const auto& key : issue.at("labels")) list.push_back(label(key));
  return list;
}

JsonRecord GithubViews::users_of(const JsonRecord& logins) const {
  auto list = JsonRecord::array();
  for (const auto& login : logins) list.push_back(user(login));
  return list;
}

JsonRecord GithubViews::reactions(const std::string& url, int hearts) const {
  JsonRecord view{{"url", url + "/reactions"}, {"total_count", hearts}};
  for (const auto* name : {"+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"}) {
    view[name] = 0;
  }
  view["heart"] = hearts;
  return view;
}

JsonRecord GithubViews::dependencies_of(const std::string& key) const {
  const auto is_open = [&](const std::string& issue) {
    return data_.issues.find(issue)->at("state") == "open";
  };
  int blocked_by = 0;
  int blocking = 0;
  int total_blocking = 0;
  const auto& blockers = data_.issues.find(key)->at("blocked_by");
  for (const auto& blocker : blockers) blocked_by += is_open(blocker) ? 1 : 0;
  for (const auto& other : data_.blocked_issues) {
    const auto& list = data_.issues.find(other)->at("blocked_by");
    if (std::find(list.begin(), list.end(), key) == list.end()) continue;
    ++total_blocking;
    blocking += is_open(other) ? 1 : 0;
  }
  return {{"blocked_by", blocked_by},
          {"blocking", blocking},
          {"total_blocked_by", blockers.size()},
          {"total_blocking", total_blocking}};
}

JsonRecord GithubViews::issue(const std::string& key) const {
  const auto& record = *data_.issues.find(key);
  const auto& repo = data_.issues.owner_of(key);
  const auto number = number_of(key);
  const auto api = repo_url(repo) + "/issues/" + number;
  const bool is_pull = !record.at("pull").is_null();
  const auto html = page(repo) + (is_pull ? "/pull/" : "/issues/") + number;
  JsonRecord view{{"url", api},
                  {"repository_url", repo_url(repo)},
                  {"labels_url", api + "/labels{/name}"},
                  {"comments_url", api + "/comments"},
                  {"events_url", api + "/events"},
                  {"html_url", html},
                  {"id", record.at("id")},
                  {"node_id", github_node_id(is_pull ? "PR" : "I", record)},
                  {"number", record.at("number")},
                  {"title", record.at("title")},
                  {"user", user(record.at("user"))},
                  {"labels", labels_of(record)},
                  {"state", record.at("state")},
                  {"locked", record.at("locked")}};
  const auto assignees = users_of(record.at("assignees"));
  view["assignee"] = assignees.empty() ? JsonRecord(nullptr) : assignees.front();
  view["assignees"] = assignees;
  view["milestone"] =
      record.at("milestone").is_null() ? JsonRecord(nullptr) : milestone(record.at("milestone"));
  view["comments"] = data_.comments.keys_of(key).size();
  add_github_times(view, record);
  view["closed_at"] = record.at("closed_at");
  view["author_association"] = "MEMBER";
  view["active_lock_reason"] = record.at("lock_reason");
  if (is_pull) {
    const auto& half = *data_.pulls.find(record.at("pull").get<std::string>());
    const auto pull_api = repo_url(repo) + "/pulls/" + number;
    view["draft"] = half.at("draft");
    view["pull_request"] = {{"url", pull_api},
                            {"html_url", html},
                            {"diff_url", html + ".diff"},
                            {"patch_url", html + ".patch"},
                            {"merged_at", half.at("merged_at")}};
  }
  view["body"] = record.at("body");
  view["closed_by"] = nullptr;
  view["reactions"] = reactions(api, record.at("hearts"));
  view["timeline_url"] = api + "/timeline";
  view["performed_via_github_app"] = nullptr;
  view["state_reason"] = is_pull ? JsonRecord(nullptr) : record.at("state_reason");
  view["issue_dependencies_summary"] = dependencies_of(key);
  return view;
}

JsonRecord GithubViews::comment(const std::string& key) const {
  const auto& record = *data_.comments.find(key);
  const auto& issue_key = data_.comments.owner_of(key);
  const auto& repo = data_.issues.owner_of(issue_key);
  const auto issue_api = repo_url(repo) + "/issues/" + number_of(issue_key);
  const auto api = repo_url(repo) + "/issues/comments/" + key;
  auto view = github_head(api, record, "IC");
  view["html_url"] = page(repo) + "/issues/" + number_of(issue_key) + "#issuecomment-" + key;
  view["issue_url"] = issue_api;
  view["user"] = user(record.at("user"));
  add_github_times(view, record);
  view["author_association"] = "MEMBER";
  view["body"] = record.at("body");
  view["reactions"] = reactions(api, record.at("hearts"));
  view["performed_via_github_app"] = nullptr;
  return view;
}

JsonRecord GithubViews::side_of_pull(const std::string& repo, const std::string& ref,
                                     const std::string& sha) const {
  const std::string owner = data_.repos.find(repo)->at("owner");
  return {{"label", owner + ":" + ref},
          {"ref", ref},
          {"sha", sha},
          {"user", user(owner)},
          {"repo", listed_repository(repo)}};
}

JsonRecord GithubViews::pull(const std::string& key) const {
  const auto& record = *data_.pulls.find(key);
  const std::string issue_key = record.at("issue");
  const auto& half = *data_.issues.find(issue_key);
  const auto& repo = data_.pulls.owner_of(key);
  const auto number = number_of(issue_key);
  const auto api = repo_url(repo) + "/pulls/" + number;
  const auto issue_api = repo_url(repo) + "/issues/" + number;
  const auto html = page(repo) + "/pull/" + number;
  const std::string sha = record.at("sha");
  const auto statuses = repo_url(repo) + "/statuses/" + sha;
  const auto review_comment_url = repo_url(repo) + "/pulls/comments{/number}";
  auto view = github_head(api, record, "PR");
  view["html_url"] = html;
  view["diff_url"] = html + ".diff";
  view["patch_url"] = html + ".patch";
  view["issue_url"] = issue_api;
  for (const auto* name : {"number", "state", "locked", "title"}) view[name] = half.at(name);
  view["user"] = user(half.at("user"));
  view["body"] = half.at("body");
  add_github_times(view, half);
  view["closed_at"] = half.at("closed_at");
  view["merged_at"] = record.at("merged_at");
  view["merge_commit_sha"] = nullptr;
  const auto assignees = users_of(half.at("assignees"));
  view["assignee"] = assignees.empty() ? JsonRecord(nullptr) : assignees.front();
  view["assignees"] = assignees;
  view["requested_reviewers"] = users_of(record.at("reviewers"));
  view["requested_teams"] = JsonRecord::array();
  view["labels"] = labels_of(half);
  view["milestone"] =
      half.at("milestone").is_null() ? JsonRecord(nullptr) : milestone(half.at("milestone"));
  view["draft"] = record.at("draft");
  view["commits_url"] = api + "/commits";
  view["review_comments_url"] = api + "/comments";
  view["review_comment_url"] = review_comment_url;
  view["comments_url"] = issue_api + "/comments";
  view["statuses_url"] = statuses;
  view["head"] = side_of_pull(repo, record.at("head"), sha);
  view["base"] = side_of_pull(repo, record.at("base"), record.at("base_sha"));
  view["_links"] = {{"self", github_link(api)},
                    {"html", github_link(html)},
                    {"issue", github_link(issue_api)},
                    {"comments", github_link(issue_api + "/comments")},
                    {"review_comments", github_link(api + "/comments")},
                    {"review_comment", github_link(review_comment_url)},
                    {"commits", github_link(api + "/commits")},
                    {"statuses", github_link(statuses)}};
  view["author_association"] = "MEMBER";
  view["auto_merge"] = nullptr;
  view["active_lock_reason"] = half.at("lock_reason");
  return view;
}

JsonRecord GithubViews::full_pull(const std::string& key) const {
  auto view = pull(key);
  const auto& record = *data_.pulls.find(key);
  view["merged"] = !record.at("merged_at").is_null();
  view["mergeable"] = nullptr;  // not worked out yet
  view["rebaseable"] = nullptr;
  view["mergeable_state"] = "unknown";
  view["merged_by"] = nullptr;
  view["comments"] = data_.comments.keys_of(record.at("issue")).size();
  view["review_comments"] = data_.review_comments.keys_of(key).size();
  view["maintainer_can_modify"] = record.at("maintainer_can_modify");
  view["commits"] = 1;
  view["additions"] = 1;
  view["deletions"] = 1;
  view["changed_files"] = 1;
  return view;
}

JsonRecord GithubViews::review(const std::string& key) const {
  const auto& record = *data_.reviews.find(key);
  const auto& pull_key = data_.reviews.owner_of(key);
  const auto& repo = data_.pulls.owner_of(pull_key);
  const auto number = number_of(data_.issue_of(pull_key));
  const auto html = page(repo) + "/pull/" + number + "#pullrequestreview-" + key;
  const auto pull_api = repo_url(repo) + "/pulls/" + number;
  JsonRecord view{
      {"id", record.at("id")},
      {"node_id", github_node_id("PRR", record)},
      {"user", user(record.at("user"))},
      {"body", record.at("body")},
      {"state", record.at("state")},
      {"html_url", html},
      {"pull_request_url", pull_api},
      {"author_association", "MEMBER"},
      {"_links", {{"html", github_link(html)}, {"pull_request", github_link(pull_api)}}},
      {"commit_id", record.at("sha")}};
  if (record.at("state") != "PENDING") view["submitted_at"] = record.at("created_at");
  return view;
}

JsonRecord GithubViews::review_comment(const std::string& key) const {
  const auto& record = *data_.review_comments.find(key);
  const auto& pull_key = data_.review_comments.owner_of(key);
  const auto& repo = data_.pulls.owner_of(pull_key);
  const auto number = number_of(data_.issue_of(pull_key));
  const auto api = repo_url(repo) + "/pulls/comments/" + key;
  const auto html = page(repo) + "/pull/" + number + "#discussion_r" + key;
  const auto pull_api = repo_url(repo) + "/pulls/" + number;
  auto view = github_head(api, record, "PRRC");
  view["pull_request_review_id"] =
      record.at("review").is_null()
          ? JsonRecord(nullptr)
          : JsonRecord(std::stoll(record.at("review").get<std::string>()));
  view["diff_hunk"] = record.at("hunk");
  view["path"] = record.at("path");
  view["commit_id"] = record.at("sha");
  view["original_commit_id"] = record.at("sha");
  view["user"] = user(record.at("user"));
  view["body"] = record.at("body");
  add_github_times(view, record);
  view["html_url"] = html;
  view["pull_request_url"] = pull_api;
  view["author_association"] = "MEMBER";
  view["_links"] = {{"self", github_link(api)},
                    {"html", github_link(html)},
                    {"pull_request", github_link(pull_api)}};
  view["reactions"] = reactions(api, 0);
  view["start_line"] = record.at("start_line");
  view["original_start_line"] = record.at("start_line");
  view["start_side"] = record.at("start_side");
  if (record.at("subject_type") == "line") {
    view["line"] = record.at("line");
    view["original_line"] = record.at("line");
  }
  view["side"] = record.at("side");
  view["original_position"] = 1;
  view["position"] = 1;
  view["subject_type"] = record.at("subject_type");
  if (!record.at("reply_to").is_null()) {
    view["in_reply_to_id"] = std::stoll(record.at("reply_to").get<std::string>());
  }
  return view;
}

JsonRecord GithubViews::asset(const std::string& key) const {
  const auto& record = *data_.assets.find(key);
  const auto& release_key = data_.assets.owner_of(key);
  const auto& repo = data_.releases.owner_of(release_key);
  const std::string tag = data_.releases.find(release_key)->at("tag");
  auto view = github_head(repo_url(repo) + "/releases/assets/" + key, record, "RA");
  view["name"] = record.at("name");
  view["label"] = record.at("label");
  view["uploader"] = user(data_.users.all().begin()->first);
  view["content_type"] = record.at("content_type");
  view["state"] = record.at("state");
  view["size"] = record.at("size");
  const bool is_whole = record.at("state") == "uploaded";
  view["digest"] =
      is_whole ? JsonRecord("sha256:" + sha256(data_.bytes.at(key)).hex()) : JsonRecord(nullptr);
  view["download_count"] = 0;
  add_github_times(view, record);
  view["browser_download_url"] = page(repo) + "/releases/download/" + tag + "/asset-" + key;
  return view;
}

JsonRecord GithubViews::release(const std::string& key) const {
  const auto& record = *data_.releases.find(key);
  const auto& repo = data_.releases.owner_of(key);
  const std::string tag = record.at("tag");
  const auto api = repo_url(repo) + "/releases/" + key;
  auto view = github_head(api, record, "RE");
  view["assets_url"] = api + "/assets";
  view["upload_url"] =
      links_.uploads + "/repos/" + repo + "/releases/" + key + "/assets{?name,label}";
  view["html_url"] = page(repo) + "/releases/tag/" + tag;
  view["author"] = user(record.at("author"));
  view["tag_name"] = tag;
  view["target_commitish"] = record.at("target");
  view["name"] = record.at("name");
  view["draft"] = record.at("draft");
  view["immutable"] = false;
  view["prerelease"] = record.at("prerelease");
  add_github_times(view, record);
  view["published_at"] = record.at("published_at");
  view["assets"] = JsonRecord::array();
  for (const auto& own : data_.assets.keys_of(key)) view["assets"].push_back(asset(own));
  view["tarball_url"] = repo_url(repo) + "/tarball/" + tag;
  view["zipball_url"] = repo_url(repo) + "/zipball/" + tag;
  view["body"] = record.at("body");
  return view;
}

JsonRecord GithubViews::commit_comment(const std::string& key) const {
  const auto& record = *data_.commit_comments.find(key);
  const auto& repo = data_.commit_comments.owner_of(key);
  const std::string sha = record.at("sha");
  const auto api = repo_url(repo) + "/comments/" + key;
  auto view = github_head(api, record, "CC");
  view["html_url"] = page(repo) + "/commit/" + sha + "#commitcomment-" + key;
  view["user"] = user(record.at("user"));
  view["position"] = record.at("position");
  view["line"] = record.at("line");
  view["path"] = record.at("path");
  view["commit_id"] = sha;
  add_github_times(view, record);
  view["author_association"] = "MEMBER";
  view["body"] = record.at("body");
  view["reactions"] = reactions(api, 0);
  return view;
}

JsonRecord GithubViews::hook(const std::string& key) const {
  const auto& record = *data_.hooks.find(key);
  const auto api = repo_url(data_.hooks.owner_of(key)) + "/hooks/" + key;
  JsonRecord config{{"content_type", record.at("content_type")},
                    {"insecure_ssl", record.at("insecure_ssl")},
                    {"url", record.at("url")}};
  if (record.at("with_secret").get<bool>()) config["secret"] = "********";
  return {{"type", "Repository"},
          {"id", record.at("id")},
          {"name", "web"},
          {"active", record.at("active")},
          {"events", record.at("events")},
          {"config", config},
          {"updated_at", record.at("updated_at")},
          {"created_at", record.at("created_at")},
          {"url", api},
          {"test_url", api + "/test"},
          {"ping_url", api + "/pings"},
          {"deliveries_url", api + "/deliveries"},
          {"last_response", {{"code", nullptr}, {"status", "unused"}, {"message", nullptr}}}};
}

JsonRecord GithubViews::timeline_event(const std::string& key) const {
  const auto& record = *data_.events.find(key);
  JsonRecord view{{"id", record.at("id")},
                  {"node_id", github_node_id("EV", record)},
                  {"url", repo_url(data_.events.owner_of(key)) + "/issues/events/" + key},
                  {"actor", user(record.at("actor"))},
                  {"event", record.at("event")},
                  {"commit_id", nullptr},
                  {"commit_url", nullptr},
                  {"created_at", record.at("created_at")}};
  for (const auto& [name, value] : record.at("details").items()) view[name] = value;
  view["performed_via_github_app"] = nullptr;
  return view;
}

JsonRecord GithubViews::event(const std::string& key) const {
  auto view = timeline_event(key);
  view["issue"] = issue(data_.events.find(key)->at("issue"));
  return view;
}

JsonRecord GithubViews::timeline_comment(const std::string& key) const {
  auto view = comment(key);
  view["event"] = "commented";
  view["actor"] = view.at("user");
  return view;
}

}  // namespace probackup
