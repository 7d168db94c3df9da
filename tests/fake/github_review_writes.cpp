// Reviews, and comments on lines of code.
#include "fake/github_writes.h"

namespace probackup {

namespace {

// 422 as validation-error-simple: "errors" holds texts.
[[noreturn]] void refuse_simply(const std::string& error) {
  ApiAnswer answer = json_answer("", 422);
  const JsonRecord body{{"message", "Unprocessable Entity"},
                        {"errors", JsonRecord::array({error})},
                        {"documentation_url", "https://docs.github.com/rest"},
                        {"status", "422"}};
  answer.body = body.dump();
  throw GithubRefused{std::move(answer)};
}

struct Place {
  std::string path, sha, side, subject;
  JsonRecord line, start_line, start_side, hunk;
};

bool covers(const GithubGit::Hunk& hunk, bool left, std::int64_t line) {
  const int first = left ? hunk.left : hunk.right;
  const int count = left ? hunk.left_lines : hunk.right_lines;
  return line >= first && line < first + count;
}

// Where a comment is to stand: a file, or a line, that the pull request shows.
Place place_of(const GithubWrites& writes, const std::string& repo, const JsonRecord& pull,
               const GithubBody& body, const std::string& sha) {
  Place place;
  place.path = body.required("path");
  place.sha = sha;
  place.side = body.one_of("side", {"LEFT", "RIGHT"}).value_or("RIGHT");
  place.subject = body.one_of("subject_type", {"line", "file"}).value_or("line");
  const auto line = body.number("line");
  const auto position = body.number("position");
  if (place.subject == "line" && !line && !position) {
    refuse_invalid("PullRequestReviewComment", "line", "missing_field");
  }
  place.line = line ? JsonRecord(*line) : position ? JsonRecord(*position) : JsonRecord(nullptr);
  const auto start = body.number("start_line");
  place.start_line = start ? JsonRecord(*start) : JsonRecord(nullptr);
  place.start_side =
      start ? JsonRecord(body.text("start_side").value_or(place.side)) : JsonRecord(nullptr);
  place.hunk = "@@ -1 +1 @@\n-old\n+new";
  if (!writes.git.has(repo)) return place;
  if (!writes.git.commit(repo, sha)) {
    refuse_invalid("PullRequestReviewComment", "commit_id", "custom",
                   "commit_id is not part of the pull request");
  }
  const auto hunks = writes.git.hunks(repo, pull.at("base_sha"), pull.at("sha"), place.path);
  if (hunks.empty()) {
    refuse_invalid("PullRequestReviewComment", "pull_request_review_thread.path", "invalid");
  }
  place.hunk = hunks.front().text;
  if (!line || place.subject == "file") return place;
  for (const auto& hunk : hunks) {
    if (!covers(hunk, place.side == "LEFT", *line)) continue;
    place.hunk = hunk.text;
    return place;
  }
  refuse_invalid("PullRequestReviewComment", "pull_request_review_thread.line", "custom",
                 "could not be resolved");
}

std::string add_comment(GithubWrites& writes, const std::string& pull, const std::string& review,
                        const std::string& body, const Place& place) {
  const auto key = writes.data.add_review_comment(pull, writes.me(), body);
  auto& comment = *writes.data.review_comments.find(key);
  comment["review"] = review;
  comment["path"] = place.path;
  comment["sha"] = place.sha;
  comment["side"] = place.side;
  comment["subject_type"] = place.subject;
  comment["line"] = place.line;
  comment["start_line"] = place.start_line;
  comment["start_side"] = place.start_side;
  comment["hunk"] = place.hunk;
  return key;
}

// Nobody judges their own pull request.
std::string state_of(const GithubWrites& writes, const GithubCall& call, const std::string& pull) {
  const auto event = call.body.one_of("event", {"APPROVE", "REQUEST_CHANGES", "COMMENT"});
  if (!event) return "PENDING";
  const auto& issue = *writes.data.issues.find(writes.data.issue_of(pull));
  const bool is_own = issue.at("user") == writes.me();
  if (*event == "APPROVE") {
    if (is_own) refuse_simply("Can not approve your own pull request");
    return "APPROVED";
  }
  if (*event == "REQUEST_CHANGES" && is_own) {
    refuse_simply("Can not request changes on your own pull request");
  }
  const bool says_something = !call.body.text("body").value_or("").empty() ||
                              (*event == "COMMENT" && !call.body.objects("comments").empty());
  if (!says_something) refuse_simply("Body is required");
  return *event == "COMMENT" ? "COMMENTED" : "CHANGES_REQUESTED";
}

ApiAnswer post_review(GithubWrites& writes, GithubCall& call) {
  const auto pull = writes.pull_of(call);
  const auto record = *writes.data.pulls.find(pull);
  const auto state = state_of(writes, call, pull);
  const auto sha = call.body.text("commit_id").value_or(record.at("sha").get<std::string>());
  std::vector<std::pair<std::string, Place>> comments;
  for (const auto& comment : call.body.objects("comments")) {
    comments.emplace_back(comment.required("body"),
                          place_of(writes, call.repo, record, comment, sha));
  }
  const auto key =
      writes.data.add_review(pull, writes.me(), call.body.text("body").value_or(""), state);
  (*writes.data.reviews.find(key))["sha"] = sha;
  for (const auto& [body, place] : comments) add_comment(writes, pull, key, body, place);
  return writes.changed(writes.views.review(key), key);
}

// A comment of its own stands in a review of its own.
std::string review_for(GithubWrites& writes, const std::string& pull) {
  return writes.data.add_review(pull, writes.me(), "", "COMMENTED");
}

ApiAnswer reply(GithubWrites& writes, const GithubCall& call, const std::string& pull,
                const std::string& to) {
  const auto body = call.body.required("body");
  if (writes.data.review_comments.find(to) == nullptr ||
      writes.data.review_comments.owner_of(to) != pull) {
    refuse_github(404, "Not Found");
  }
  const auto first = *writes.data.review_comments.find(to);
  const auto key = writes.data.add_review_comment(pull, writes.me(), body);
  auto comment = first;
  const auto& made = *writes.data.review_comments.find(key);
  for (const auto* own : {"id", "created_at", "updated_at", "user", "body"}) {
    comment[own] = made.at(own);
  }
  comment["review"] = review_for(writes, pull);
  comment["reply_to"] = first.at("reply_to").is_null() ? JsonRecord(to) : first.at("reply_to");
  writes.data.review_comments.put(key, pull, std::move(comment));
  return writes.created(writes.views.review_comment(key), key);
}

ApiAnswer post_review_comment(GithubWrites& writes, GithubCall& call) {
  const auto pull = writes.pull_of(call);
  if (const auto to = call.body.number("in_reply_to")) {
    return reply(writes, call, pull, std::to_string(*to));
  }
  const auto body = call.body.required("body");
  const auto sha = call.body.required("commit_id");
  const auto place = place_of(writes, call.repo, *writes.data.pulls.find(pull), call.body, sha);
  const auto key = add_comment(writes, pull, review_for(writes, pull), body, place);
  return writes.created(writes.views.review_comment(key), key);
}

// Without git data, the commits that the account speaks of are the ones there are.
bool knows_commit(const GithubWrites& writes, const std::string& repo, const std::string& sha) {
  if (writes.git.has(repo)) return writes.git.commit(repo, sha) == sha;
  for (const auto& key : writes.data.branches.keys_of(repo)) {
    if (writes.data.branches.find(key)->at("sha") == sha) return true;
  }
  for (const auto& key : writes.data.pulls.keys_of(repo)) {
    if (writes.data.pulls.find(key)->at("sha") == sha) return true;
  }
  return false;
}

ApiAnswer post_commit_comment(GithubWrites& writes, GithubCall& call) {
  const auto& sha = call.param("sha");
  if (!knows_commit(writes, call.repo, sha)) {
    refuse_github(422, "No commit found for SHA: " + sha);
  }
  const auto key =
      writes.data.add_commit_comment(call.repo, writes.me(), call.body.required("body"));
  auto& comment = *writes.data.commit_comments.find(key);
  comment["sha"] = sha;
  call.body.put_text(comment, "path");
  if (const auto line = call.body.number("line")) comment["line"] = *line;
  if (const auto position = call.body.number("position")) comment["position"] = *position;
  return writes.created(writes.views.commit_comment(key), key);
}

}  // namespace

void add_github_review_writes(GithubWrites& writes) {
  const auto need = GithubNeed::read;
  writes.on_repo("POST", "/pulls/:number/reviews", "PullRequestReview", need,
                 [&writes](GithubCall& call) { return post_review(writes, call); });
  writes.on_repo("POST", "/pulls/:number/comments", "PullRequestReviewComment", need,
                 [&writes](GithubCall& call) { return post_review_comment(writes, call); });
  writes.on_repo("POST", "/pulls/:number/comments/:comment/replies", "PullRequestReviewComment",
                 need, [&writes](GithubCall& call) {
                   return reply(writes, call, writes.pull_of(call), call.param("comment"));
                 });
  writes.on_repo("POST", "/commits/:sha/comments", "CommitComment", need,
                 [&writes](GithubCall& call) { return post_commit_comment(writes, call); });
  writes.on_repo("PATCH", "/pulls/comments/:comment", "PullRequestReviewComment", need,
                 [&writes](GithubCall& call) {
                   const auto& key = call.param("comment");
                   if (writes.data.review_comments.find(key) == nullptr) {
                     refuse_github(404, "Not Found");
                   }
                   writes.below(writes.data.pulls, call.repo,
                                writes.data.review_comments.owner_of(key));
                   writes.data.update(writes.data.review_comments, key,
                                      {{"body", call.body.required("body")}});
                   return writes.changed(writes.views.review_comment(key), key);
                 });
  writes.on_repo("PATCH", "/comments/:comment", "CommitComment", need, [&writes](GithubCall& call) {
    const auto key = writes.below(writes.data.commit_comments, call.repo, call.param("comment"));
    writes.data.update(writes.data.commit_comments, key, {{"body", call.body.required("body")}});
    return writes.changed(writes.views.commit_comment(key), key);
  });
}

}  // namespace probackup
