#include "fake/github_graph_writes.h"

#include <algorithm>

#include "fake/github_view_parts.h"

namespace probackup {

namespace {

// A refusal of one mutation, with its "type".
struct Refused {
  std::string message, type = "UNPROCESSABLE";
};

class Input {
 public:
  explicit Input(const GraphqlField& field) : name_(field.name) {
    const auto found = field.arguments.find("input");
    if (found == field.arguments.end() || !found->second.is_object()) {
      throw GraphqlError("Field '" + field.name + "' is missing required arguments: input");
    }
    members_ = found->second;
  }
  bool has(const std::string& member) const {
    return members_.contains(member) && !members_.at(member).is_null();
  }
  const JsonRecord& at(const std::string& member) const { return members_.at(member); }
  std::string text(const std::string& member) const {
    if (!has(member) || !members_.at(member).is_string()) {
      throw GraphqlError("Argument '" + member + "' on InputObject of " + name_ +
                         " is required. Expected type String!");
    }
    return members_.at(member);
  }
  std::string text_or(const std::string& member, const std::string& fallback) const {
    return has(member) ? text(member) : fallback;
  }

 private:
  std::string name_;
  JsonRecord members_;
};

// The key of the record with that global id.
std::string key_of(const RecordTable& table, const std::string& kind, const std::string& id) {
  for (const auto& [key, record] : table.all()) {
    if (github_node_id(kind, record) == id) return key;
  }
  throw Refused{"Could not resolve to a node with the global id of '" + id + "'", "NOT_FOUND"};
}

std::string text_required(const Input& input, const std::string& member) {
  auto text = input.text(member);
  if (text.empty()) throw Refused{member + " can't be blank"};
  return text;
}

class Mutations {
 public:
  Mutations(GithubWrites& writes, const GithubGraph& graph) : writes_(writes), graph_(graph) {}

  // The payload of a mutation.
  JsonRecord run(const GraphqlField& field) {
    const Input input(field);
    auto payload = payload_of(field.name, input);
    payload["clientMutationId"] =
        input.has("clientMutationId") ? input.at("clientMutationId") : JsonRecord(nullptr);
    return payload;
  }

 private:
  JsonRecord payload_of(const std::string& name, const Input& input) {
    if (name == "createDiscussion") return create_discussion(input);
    if (name == "addDiscussionComment") return add_comment(input);
    if (name == "closeDiscussion") return close_discussion(input);
    if (name == "updateDiscussion") return update_discussion(input);
    if (name == "updateDiscussionComment") return update_comment(input);
    if (name == "markDiscussionCommentAsAnswer") return mark_answer(input);
    if (name == "createBranchProtectionRule") return create_rule(input);
    if (name == "updateRepository") return update_repository(input);
    throw GraphqlError("Field '" + name + "' doesn't exist on type 'Mutation'");
  }

  std::string repository_of(const Input& input) const {
    auto repo = key_of(writes_.data.repos, "R", input.text("repositoryId"));
    if (writes_.data.repos.find(repo)->at("archived").get<bool>()) {
      throw Refused{"Repository was archived so is read-only."};
    }
    return repo;
  }
  std::string administered(const Input& input) const {
    auto repo = repository_of(input);
    if (!writes_.may_push(repo)) {
      throw Refused{
          writes_.me() + " does not have the correct permissions to execute this mutation",
          "FORBIDDEN"};
    }
    return repo;
  }

  static JsonRecord payload(const std::string& type, const std::string& member, JsonRecord value) {
    return {{"__typename", type + "Payload"}, {member, std::move(value)}};
  }

  JsonRecord create_discussion(const Input& input) {
    const auto repo = repository_of(input);
    if (!writes_.data.repos.find(repo)->at("has_discussions").get<bool>()) {
      throw Refused{"Discussions are disabled for this repository."};
    }
    const auto title = text_required(input, "title");
    const auto body = text_required(input, "body");
    const auto category = graph_.category_named(repo, input.text("categoryId"));
    if (category.empty()) throw Refused{"Could not resolve to a DiscussionCategory", "NOT_FOUND"};
    const auto key = writes_.data.add_discussion(repo, writes_.me(), title, body);
    (*writes_.data.discussions.find(key))["category"] = category;
    return payload("CreateDiscussion", "discussion", graph_.discussion(key));
  }

  JsonRecord add_comment(const Input& input) {
    const auto discussion = key_of(writes_.data.discussions, "D", input.text("discussionId"));
    const auto body = text_required(input, "body");
    std::string reply_to;
    if (input.has("replyToId")) {
      reply_to = key_of(writes_.data.discussion_comments, "DC", input.text("replyToId"));
      const bool is_reply =
          !writes_.data.discussion_comments.find(reply_to)->at("reply_to").is_null();
      if (is_reply) throw Refused{"Parent comment is already in a thread, cannot reply to it"};
    }
    const auto key = writes_.data.add_discussion_comment(discussion, writes_.me(), body, reply_to);
    return payload("AddDiscussionComment", "comment", graph_.discussion_comment(key));
  }

  JsonRecord update_discussion(const Input& input) {
    const auto key = key_of(writes_.data.discussions, "D", input.text("discussionId"));
    auto changes = JsonRecord::object();
    if (input.has("title")) changes["title"] = text_required(input, "title");
    if (input.has("body")) changes["body"] = text_required(input, "body");
    writes_.data.update(writes_.data.discussions, key, changes);
    return payload("UpdateDiscussion", "discussion", graph_.discussion(key));
  }

  JsonRecord update_comment(const Input& input) {
    const auto key = key_of(writes_.data.discussion_comments, "DC", input.text("commentId"));
    writes_.data.update(writes_.data.discussion_comments, key,
                        {{"body", text_required(input, "body")}});
    return payload("UpdateDiscussionComment", "comment", graph_.discussion_comment(key));
  }

  JsonRecord close_discussion(const Input& input) {
    const auto key = key_of(writes_.data.discussions, "D", input.text("discussionId"));
    writes_.data.update(writes_.data.discussions, key,
                        {{"closed", true}, {"state_reason", input.text_or("reason", "RESOLVED")}});
    auto& record = *writes_.data.discussions.find(key);
    record["closed_at"] = record.at("updated_at");
    return payload("CloseDiscussion", "discussion", graph_.discussion(key));
  }

  JsonRecord mark_answer(const Input& input) {
    const auto comment = key_of(writes_.data.discussion_comments, "DC", input.text("id"));
    const auto key = writes_.data.discussion_comments.owner_of(comment);
    if (writes_.data.discussions.find(key)->at("category") != "Q&A") {
      throw Refused{"Discussion's category does not support answers"};
    }
    writes_.data.update(writes_.data.discussions, key, {{"answer", comment}});
    return payload("MarkDiscussionCommentAsAnswer", "discussion", graph_.discussion(key));
  }

  JsonRecord create_rule(const Input& input) {
    const auto repo = administered(input);
    const auto pattern = text_required(input, "pattern");
    for (const auto& key : writes_.data.protection_rules.keys_of(repo)) {
      if (writes_.data.protection_rules.find(key)->at("pattern") == pattern) {
        throw Refused{"Name already protected: " + pattern};
      }
    }
    JsonRecord members{{"pattern", pattern}};
    for (const auto& [flag, fallback] : GithubGraph::protection_defaults().items()) {
      members[flag] = input.has(flag) ? input.at(flag) : fallback;
    }
    members["contexts"] = input.has("requiredStatusCheckContexts")
                              ? input.at("requiredStatusCheckContexts")
                              : JsonRecord(JsonRecord::array());
    if (input.has("requiredStatusChecks")) {
      for (const auto& check : input.at("requiredStatusChecks")) {
        members["contexts"].push_back(check.at("context"));
      }
    }
    const auto key = writes_.data.add(writes_.data.protection_rules, repo, members);
    if (auto* branch = writes_.data.branches.find(repo + "/" + pattern); branch != nullptr) {
      (*branch)["protected"] = true;
    }
    return payload("CreateBranchProtectionRule", "branchProtectionRule",
                   graph_.protection_rule(key));
  }

  JsonRecord update_repository(const Input& input) {
    const auto repo = administered(input);
    auto changes = JsonRecord::object();
    const std::pair<const char*, const char*> names[] = {
        {"description", "description"},
        {"homepageUrl", "homepage"},
        {"hasDiscussionsEnabled", "has_discussions"},
        {"hasIssuesEnabled", "has_issues"},
        {"hasProjectsEnabled", "has_projects"},
        {"hasWikiEnabled", "has_wiki"}};
    for (const auto& [from, to] : names) {
      if (input.has(from)) changes[to] = input.at(from);
    }
    writes_.data.update(writes_.data.repos, repo, changes);
    return payload("UpdateRepository", "repository", graph_.repository(repo));
  }

  GithubWrites& writes_;
  const GithubGraph& graph_;
};

JsonRecord answer_mutations(GithubWrites& writes, const GithubGraph& graph,
                            const std::vector<GraphqlField>& fields) {
  writes.data.catch_up();
  Mutations mutations(writes, graph);
  auto data = JsonRecord::object();
  auto errors = JsonRecord::array();
  for (const auto& field : fields) {
    try {
      data[field.alias] = select_graphql(mutations.run(field), field.fields);
    } catch (const Refused& refused) {
      data[field.alias] = nullptr;
      errors.push_back({{"type", refused.type},
                        {"path", JsonRecord::array({field.alias})},
                        {"message", refused.message}});
    }
  }
  JsonRecord answer{{"data", std::move(data)}};
  if (!errors.empty()) answer["errors"] = std::move(errors);
  return answer;
}

}  // namespace

JsonRecord answer_github_graphql(GithubWrites& writes, const GithubGraph& graph,
                                 const JsonRecord& body) {
  const auto variables = body.contains("variables") && body.at("variables").is_object()
                             ? body.at("variables")
                             : JsonRecord::object();
  try {
    const auto operation = parse_graphql_operation(body.value("query", ""), variables);
    if (operation.is_mutation) return answer_mutations(writes, graph, operation.fields);
  } catch (const GraphqlError& error) {
    return {{"errors", JsonRecord::array({{{"message", error.what()}}})}};
  }
  return graph.answer(body);
}

}  // namespace probackup
