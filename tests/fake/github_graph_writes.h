// What GitHub lets people create through GraphQL alone: discussions, rules for branches.
// https://docs.github.com/en/graphql/reference/mutations
#pragma once

#include "fake/github_graph.h"
#include "fake/github_writes.h"

namespace probackup {

// As GithubGraph::answer(), and for mutations: createDiscussion, addDiscussionComment,
// closeDiscussion, markDiscussionCommentAsAnswer, createBranchProtectionRule, updateRepository. The
// mutex must be held.
JsonRecord answer_github_graphql(GithubWrites& writes, const GithubGraph& graph,
                                 const JsonRecord& body);

}  // namespace probackup
