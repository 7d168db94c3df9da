// What a request to GitHub's API carries, and how GitHub refuses it.
// https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "demo/api_message.h"
#include "demo/record_table.h"

namespace probackup {

// Thrown while a request is handled; becomes its answer.
struct GithubRefused {
  ApiAnswer answer;
};

[[noreturn]] void refuse_github(int status, const std::string& message);
// 422 with one entry in "errors". Codes: missing, missing_field, invalid, already_exists, custom
// (which has a message).
[[noreturn]] void refuse_invalid(const std::string& resource, const std::string& field,
                                 const std::string& code, const std::string& message = {});
// The longest texts that GitHub takes, in characters.
constexpr std::size_t github_body_max = 65'536;
constexpr std::size_t github_title_max = 256;

// Members of a JSON body. Everything throws GithubRefused: 400 for a body that is no JSON object,
// 422 for members of the wrong type.
class GithubBody {
 public:
  // `resource` is named in refusals: "Issue". No body at all is an empty object.
  GithubBody(const ApiRequest& request, std::string resource);
  GithubBody(JsonRecord members, std::string resource);

  bool has(const std::string& name) const { return members_.contains(name); }
  bool is_null(const std::string& name) const { return has(name) && members_.at(name).is_null(); }
  const JsonRecord& at(const std::string& name) const { return members_.at(name); }
  // The text, or nothing if it is missing or null; no longer than `max` characters.
  std::optional<std::string> text(const std::string& name, std::size_t max = github_body_max) const;
  // As text(), and 422 missing_field for what is missing, null or blank.
  std::string required(const std::string& name, std::size_t max = github_body_max) const;
  std::optional<std::string> one_of(const std::string& name,
                                    std::initializer_list<const char*> choices) const;
  std::optional<bool> flag(const std::string& name) const;
  std::optional<std::int64_t> number(const std::string& name) const;
  std::optional<std::vector<std::string>> texts(const std::string& name) const;
  // The entries of a list of objects; none if it is missing.
  std::vector<GithubBody> objects(const std::string& name) const;
  // Adds the text, or null for a null or "", to `changes` if it was sent.
  void put_text(JsonRecord& changes, const std::string& name,
                std::size_t max = github_body_max) const;
  void put_flag(JsonRecord& changes, const std::string& name) const;

 private:
  [[noreturn]] void wrong(const std::string& name, const std::string& type) const;

  JsonRecord members_;
  std::string resource_;
};

}  // namespace probackup
