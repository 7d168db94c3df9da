#include "fake/github_graph.h"

#include <algorithm>

#include "fake/github_view_parts.h"
#include "util/text.h"

namespace probackup {

namespace {

JsonRecord connection(JsonRecord nodes) {
  return {{"__connection", std::move(nodes)}};
}

JsonRecord empty_connection() {
  return connection(JsonRecord::array());
}

JsonRecord reaction_groups() {
  auto groups = JsonRecord::array();
  for (const auto* content :
       {"THUMBS_UP", "THUMBS_DOWN", "LAUGH", "HOORAY", "CONFUSED", "HEART", "ROCKET", "EYES"}) {
    groups.push_back(
        {{"__typename", "ReactionGroup"}, {"content", content}, {"reactors", empty_connection()}});
  }
  return groups;
}

// The "type" of an error that GraphQL answers give beside the message.
JsonRecord error_of(const std::string& message, const std::string& type) {
  JsonRecord error{{"message", message}};
  if (!type.empty()) error["type"] = type;
  return error;
}

std::string text_argument(const GraphqlField& field, const std::string& name) {
  const auto found = field.arguments.find(name);
  if (found == field.arguments.end() || !found->second.is_string()) {
    throw GraphqlError("Field '" + field.name + "' is missing required arguments: " + name);
  }
  return found->second;
}

}  // namespace

JsonRecord GithubGraph::actor(const std::string& login) const {
  const auto& record = *data_.users.find(login);
  return {{"__typename", "User"},
          {"login", login},
          {"name", nullptr},
          {"id", github_node_id("U", record)},
          {"databaseId", record.at("id")},
          {"url", links_.html + "/" + login},
          {"avatarUrl", links_.html + "/" + login + ".png"}};
}

JsonRecord GithubGraph::discussion_comment(const std::string& key) const {
  const auto& record = *data_.discussion_comments.find(key);
  const auto& discussion = data_.discussion_comments.owner_of(key);
  const auto& reply_to = record.at("reply_to");
  auto replies = JsonRecord::array();
  for (const auto& own : data_.discussion_comments.keys_of(discussion)) {
    const auto& reply = *data_.discussion_comments.find(own);
    if (reply.at("reply_to") == key) replies.push_back(this->discussion_comment(own));
  }
  JsonRecord parent = nullptr;
  if (!reply_to.is_null()) {
    const auto& first = *data_.discussion_comments.find(reply_to);
    parent = {{"__typename", "DiscussionComment"},
              {"id", github_node_id("DC", first)},
              {"databaseId", first.at("id")}};
  }
  return {{"__typename", "DiscussionComment"},
          {"id", github_node_id("DC", record)},
          {"databaseId", record.at("id")},
          {"body", record.at("body")},
          {"bodyText", record.at("body")},
          {"author", actor(record.at("user"))},
          {"authorAssociation", "MEMBER"},
          {"createdAt", record.at("created_at")},
          {"updatedAt", record.at("updated_at")},
          {"publishedAt", record.at("created_at")},
          {"lastEditedAt", nullptr},
          {"editor", nullptr},
          {"includesCreatedEdit", false},
          {"createdViaEmail", false},
          {"reactionGroups", reaction_groups()},
          {"deletedAt", nullptr},
          {"isAnswer", data_.discussions.find(discussion)->at("answer") == key},
          {"isMinimized", false},
          {"minimizedReason", nullptr},
          {"upvoteCount", 1},
          {"replyTo", std::move(parent)},
          {"replies", connection(std::move(replies))},
          {"url", links_.html + "/discussions#discussioncomment-" + key}};
}

JsonRecord GithubGraph::discussion(const std::string& key) const {
  const auto& record = *data_.discussions.find(key);
  const auto& repo = data_.discussions.owner_of(key);
  const auto number = std::to_string(record.at("number").get<int>());
  auto comments = JsonRecord::array();
  for (const auto& own : data_.discussion_comments.keys_of(key)) {
    const bool is_reply = !data_.discussion_comments.find(own)->at("reply_to").is_null();
    if (!is_reply) comments.push_back(discussion_comment(own));
  }
  const std::string category_name = record.at("category");
  const bool answerable = category_name == "Q&A";
  const auto& answer = record.at("answer");
  return {{"__typename", "Discussion"},
          {"id", github_node_id("D", record)},
          {"databaseId", record.at("id")},
          {"number", record.at("number")},
          {"title", record.at("title")},
          {"body", record.at("body")},
          {"bodyText", record.at("body")},
          {"author", actor(record.at("user"))},
          {"authorAssociation", "MEMBER"},
          {"category", category(repo, category_name)},
          {"createdAt", record.at("created_at")},
          {"updatedAt", record.at("updated_at")},
          {"publishedAt", record.at("created_at")},
          {"lastEditedAt", nullptr},
          {"editor", nullptr},
          {"includesCreatedEdit", false},
          {"createdViaEmail", false},
          {"reactionGroups", reaction_groups()},
          {"closed", record.at("closed")},
          {"closedAt", record.at("closed_at")},
          {"stateReason", record.at("state_reason")},
          {"locked", record.at("locked")},
          {"activeLockReason", nullptr},
          {"isAnswered", answerable ? JsonRecord(!answer.is_null()) : JsonRecord(nullptr)},
          {"answer", answer.is_null() ? JsonRecord(nullptr) : discussion_comment(answer)},
          {"answerChosenAt", answer.is_null() ? JsonRecord(nullptr) : record.at("updated_at")},
          {"answerChosenBy", answer.is_null() ? JsonRecord(nullptr) : actor(data_.token_user())},
          {"upvoteCount", 1},
          {"poll", nullptr},
          {"labels", empty_connection()},
          {"comments", connection(std::move(comments))},
          {"url", links_.html + "/" + repo + "/discussions/" + number},
          {"resourcePath", "/" + repo + "/discussions/" + number}};
}

JsonRecord GithubGraph::project_item(const JsonRecord& item, const JsonRecord& status_field) const {
  const std::string issue_key = item.at("issue");
  const auto& issue = *data_.issues.find(issue_key);
  const bool is_pull = !issue.at("pull").is_null();
  const auto number = std::to_string(issue.at("number").get<int>());
  const auto& repo = data_.issues.owner_of(issue_key);
  JsonRecord content{{"__typename", is_pull ? "PullRequest" : "Issue"},
                     {"id", github_node_id(is_pull ? "PR" : "I", issue)},
                     {"number", issue.at("number")},
                     {"title", issue.at("title")},
                     {"url", links_.html + "/" + repo + (is_pull ? "/pull/" : "/issues/") + number},
                     {"repository", {{"__typename", "Repository"}, {"nameWithOwner", repo}}}};
  JsonRecord status{{"__typename", "ProjectV2ItemFieldSingleSelectValue"},
                    {"id", github_node_id("PVTFSV", item)},
                    {"name", item.at("status")},
                    {"optionId", "f75ad846"},
                    {"field", status_field},
                    {"createdAt", item.at("created_at")},
                    {"updatedAt", item.at("updated_at")}};
  auto values = JsonRecord::array();
  values.push_back(std::move(status));
  return {{"__typename", "ProjectV2Item"},
          {"id", github_node_id("PVTI", item)},
          {"databaseId", item.at("id")},
          {"fullDatabaseId", std::to_string(item.at("id").get<std::int64_t>())},
          {"type", is_pull ? "PULL_REQUEST" : "ISSUE"},
          {"isArchived", false},
          {"createdAt", item.at("created_at")},
          {"updatedAt", item.at("updated_at")},
          {"creator", actor(data_.token_user())},
          {"content", std::move(content)},
          {"fieldValues", connection(std::move(values))}};
}

JsonRecord GithubGraph::project(const std::string& key) const {
  const auto& record = *data_.projects.find(key);
  const auto& organization = data_.projects.owner_of(key);
  const auto number = std::to_string(record.at("number").get<int>());
  const auto url = links_.html + "/orgs/" + organization + "/projects/" + number;
  auto options = JsonRecord::array();
  for (const auto* name : {"Todo", "Done"}) {
    options.push_back({{"__typename", "ProjectV2SingleSelectFieldOption"},
                       {"id", std::string("f75ad84") + name[0]},
                       {"name", name},
                       {"color", "GREEN"},
                       {"description", ""}});
  }
  JsonRecord status_field{{"__typename", "ProjectV2SingleSelectField"},
                          {"id", github_node_id("PVTSSF", record)},
                          {"databaseId", record.at("id")},
                          {"name", "Status"},
                          {"dataType", "SINGLE_SELECT"},
                          {"createdAt", record.at("created_at")},
                          {"updatedAt", record.at("created_at")},
                          {"options", std::move(options)}};
  auto items = JsonRecord::array();
  for (const auto& item : record.at("items")) items.push_back(project_item(item, status_field));
  auto fields = JsonRecord::array();
  fields.push_back(std::move(status_field));
  return {{"__typename", "ProjectV2"},
          {"id", github_node_id("PVT", record)},
          {"databaseId", record.at("id")},
          {"fullDatabaseId", std::to_string(record.at("id").get<std::int64_t>())},
          {"number", record.at("number")},
          {"title", record.at("title")},
          {"shortDescription", nullptr},
          {"readme", nullptr},
          {"public", false},
          {"template", false},
          {"closed", false},
          {"closedAt", nullptr},
          {"createdAt", record.at("created_at")},
          {"updatedAt", record.at("updated_at")},
          {"creator", actor(data_.token_user())},
          {"owner", {{"__typename", "Organization"}, {"login", organization}}},
          {"url", url},
          {"resourcePath", "/orgs/" + organization + "/projects/" + number},
          {"fields", connection(std::move(fields))},
          {"views", empty_connection()},
          {"workflows", empty_connection()},
          {"statusUpdates", empty_connection()},
          {"repositories", empty_connection()},
          {"teams", empty_connection()},
          {"items", connection(std::move(items))}};
}

JsonRecord GithubGraph::repository(const std::string& repo) const {
  const auto& record = *data_.repos.find(repo);
  auto discussions = JsonRecord::array();
  for (const auto& key : data_.discussions.keys_of(repo)) discussions.push_back(discussion(key));
  auto categories = JsonRecord::array();
  if (record.at("has_discussions").get<bool>()) {
    for (const auto& name : record.at("categories")) categories.push_back(category(repo, name));
  }
  auto rules = JsonRecord::array();
  for (const auto& key : data_.protection_rules.keys_of(repo))
    rules.push_back(protection_rule(key));
  return {{"__typename", "Repository"},
          {"id", github_node_id("R", record)},
          {"databaseId", record.at("id")},
          {"name", record.at("name")},
          {"nameWithOwner", repo},
          {"url", links_.html + "/" + repo},
          {"hasDiscussionsEnabled", record.at("has_discussions")},
          {"projectsV2", empty_connection()},
          {"branchProtectionRules", connection(std::move(rules))},
          {"discussionCategories", connection(std::move(categories))},
          {"discussions", connection(std::move(discussions))}};
}

JsonRecord GithubGraph::category(const std::string& repo, const std::string& name) const {
  const auto& record = *data_.repos.find(repo);
  const auto& names = record.at("categories");
  const auto at = std::find(names.begin(), names.end(), name) - names.begin();
  const JsonRecord numbered{{"id", record.at("id").get<std::int64_t>() * 16 + at}};
  auto slug = to_lower(name);
  std::replace(slug.begin(), slug.end(), ' ', '-');
  return {{"__typename", "DiscussionCategory"},
          {"id", github_node_id("DIC", numbered)},
          {"name", name},
          {"slug", slug == "q&a" ? "q-a" : slug},
          {"emoji", ":speech_balloon:"},
          {"description", "Talk about anything"},
          {"createdAt", record.at("created_at")},
          {"updatedAt", record.at("created_at")},
          {"isAnswerable", name == "Q&A"}};
}

std::string GithubGraph::category_named(const std::string& repo, const std::string& id) const {
  for (const auto& name : data_.repos.find(repo)->at("categories")) {
    if (category(repo, name).at("id") == id) return name;
  }
  return {};
}

const JsonRecord& GithubGraph::protection_defaults() {
  static const JsonRecord defaults{{"allowsDeletions", false},
                                   {"allowsForcePushes", false},
                                   {"blocksCreations", false},
                                   {"dismissesStaleReviews", false},
                                   {"isAdminEnforced", false},
                                   {"lockAllowsFetchAndMerge", false},
                                   {"lockBranch", false},
                                   {"requireLastPushApproval", false},
                                   {"requiredApprovingReviewCount", nullptr},
                                   {"requiredDeploymentEnvironments", JsonRecord::array()},
                                   {"requiresApprovingReviews", false},
                                   {"requiresCodeOwnerReviews", false},
                                   {"requiresCommitSignatures", false},
                                   {"requiresConversationResolution", false},
                                   {"requiresDeployments", false},
                                   {"requiresLinearHistory", false},
                                   {"requiresStatusChecks", false},
                                   {"requiresStrictStatusChecks", false},
                                   {"restrictsPushes", false},
                                   {"restrictsReviewDismissals", false}};
  return defaults;
}

JsonRecord GithubGraph::protection_rule(const std::string& key) const {
  const auto& record = *data_.protection_rules.find(key);
  JsonRecord view{{"__typename", "BranchProtectionRule"},
                  {"id", github_node_id("BPR", record)},
                  {"databaseId", record.at("id")},
                  {"pattern", record.at("pattern")},
                  {"creator", actor(data_.token_user())}};
  for (const auto& [flag, value] : protection_defaults().items()) view[flag] = record.at(flag);
  auto checks = JsonRecord::array();
  for (const auto& context : record.at("contexts")) {
    checks.push_back(
        {{"__typename", "RequiredStatusCheckDescription"}, {"context", context}, {"app", nullptr}});
  }
  view["requiredStatusChecks"] = std::move(checks);
  for (const auto* list : {"pushAllowances", "reviewDismissalAllowances",
                           "bypassForcePushAllowances", "bypassPullRequestAllowances"}) {
    view[list] = empty_connection();
  }
  return view;
}

JsonRecord GithubGraph::owner(const std::string& login, const std::string& type) const {
  const auto* record = type == "User" ? data_.users.find(login) : data_.organizations.find(login);
  auto projects = JsonRecord::array();
  for (const auto& key : data_.projects.keys_of(login)) projects.push_back(project(key));
  return {{"__typename", type},
          {"id", github_node_id(type.substr(0, 1), *record)},
          {"databaseId", record->at("id")},
          {"login", login},
          {"url", links_.html + "/" + login},
          {"projectsV2", connection(std::move(projects))}};
}

// The object with that global id, of the kinds that have listings of their own; or null.
JsonRecord GithubGraph::node(const std::string& id) const {
  for (const auto& [repo, record] : data_.repos.all()) {
    if (github_node_id("R", record) == id) return repository(repo);
  }
  for (const auto& [key, record] : data_.discussions.all()) {
    if (github_node_id("D", record) == id) return discussion(key);
  }
  for (const auto& [key, record] : data_.discussion_comments.all()) {
    if (github_node_id("DC", record) == id) return discussion_comment(key);
  }
  for (const auto& [key, record] : data_.projects.all()) {
    if (github_node_id("PVT", record) == id) return project(key);
  }
  return nullptr;
}

JsonRecord GithubGraph::root_field(const GraphqlField& field) const {
  if (field.name == "viewer") return owner(data_.token_user(), "User");
  if (field.name == "rateLimit") {
    return {{"__typename", "RateLimit"},
            {"cost", 1},
            {"limit", 5000},
            {"remaining", 4999},
            {"used", 1},
            {"nodeCount", 1},
            {"resetAt", "2030-01-01T00:00:00Z"}};
  }
  if (field.name == "repository") {
    const auto repo = text_argument(field, "owner") + "/" + text_argument(field, "name");
    return data_.repos.find(repo) == nullptr ? JsonRecord(nullptr) : repository(repo);
  }
  if (field.name == "node") return node(text_argument(field, "id"));
  const bool any = field.name == "repositoryOwner";
  if (any || field.name == "organization" || field.name == "user") {
    const auto login = text_argument(field, "login");
    const bool is_user = data_.users.find(login) != nullptr;
    if (is_user && (any || field.name == "user")) return owner(login, "User");
    const bool is_organization = data_.organizations.find(login) != nullptr;
    if (is_organization && (any || field.name == "organization")) {
      return owner(login, "Organization");
    }
    return nullptr;
  }
  throw GraphqlError("Field '" + field.name + "' doesn't exist on type 'Query'");
}

JsonRecord GithubGraph::answer(const JsonRecord& body) const {
  auto errors = JsonRecord::array();
  try {
    const auto variables = body.contains("variables") && body.at("variables").is_object()
                               ? body.at("variables")
                               : JsonRecord::object();
    auto data = JsonRecord::object();
    for (const auto& field : parse_graphql(body.value("query", ""), variables)) {
      const auto value = root_field(field);
      if (value.is_null()) {
        auto error = error_of("Could not resolve to a " + field.name, "NOT_FOUND");
        error["path"] = {field.alias};
        errors.push_back(std::move(error));
        data[field.alias] = nullptr;
        continue;
      }
      data[field.alias] = select_graphql(value, field.fields);
    }
    JsonRecord answer{{"data", std::move(data)}};
    if (!errors.empty()) answer["errors"] = std::move(errors);
    return answer;
  } catch (const GraphqlError& error) {
    errors.push_back(error_of(error.what(), ""));
    return {{"errors", std::move(errors)}};
  }
}

}  // namespace probackup
