// What GitHub gives through GraphQL alone: discussions and projects.
// https://docs.github.com/en/graphql/reference/objects
#pragma once

#include <string>
#include <vector>

#include "fake/github_views.h"
#include "fake/graphql_query.h"

namespace probackup {

// Whole objects for select_graphql().
class GithubGraph {
 public:
  GithubGraph(const GithubData& data, const GithubLinks& links) : data_(data), links_(links) {}

  JsonRecord discussion(const std::string& key) const;
  JsonRecord discussion_comment(const std::string& key) const;
  JsonRecord project(const std::string& key) const;
  JsonRecord repository(const std::string& repo) const;
  JsonRecord protection_rule(const std::string& key) const;
  // What a rule for branches says, unless told otherwise.
  static const JsonRecord& protection_defaults();
  // The name of the repository's category of discussions with that global id, or "".
  std::string category_named(const std::string& repo, const std::string& id) const;
  // The answer to a request body {"query", "variables"}: {"data": …} or {"errors": […]}. Fields of
  // the root: viewer, repository, organization, user, repositoryOwner, node, rateLimit.
  JsonRecord answer(const JsonRecord& body) const;

 private:
  JsonRecord root_field(const GraphqlField& field) const;
  JsonRecord actor(const std::string& login) const;
  JsonRecord owner(const std::string& login, const std::string& type) const;
  JsonRecord node(const std::string& id) const;
  JsonRecord category(const std::string& repo, const std::string& name) const;
  JsonRecord project_item(const JsonRecord& item, const JsonRecord& status_field) const;

  const GithubData& data_;
  const GithubLinks& links_;
};

}  // namespace probackup
