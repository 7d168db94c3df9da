// An API's answer, and the names under which expressions see it.
#pragma once

#include <nlohmann/json.hpp>

#include "expr/expr.h"
#include "probackup/http.h"

namespace probackup {

// Not for concurrent use. The response must stay as it is while this lives.
class AnswerNames {
 public:
  // `status`, `headers` (names in lower case) and, when `with_body`, `body`: parsed, or the first
  // 1,000 bytes as a text when it is no JSON.
  AnswerNames(const Scope& outer, const HttpResponse& response, bool with_body);
  AnswerNames(const AnswerNames&) = delete;
  AnswerNames& operator=(const AnswerNames&) = delete;
  const Scope& scope() const { return scope_; }

 private:
  nlohmann::json status_, headers_, body_;
  Scope scope_;
};

// How long the server asks to wait (RFC 9110, section 10.2.3), or nothing.
std::optional<std::chrono::nanoseconds> retry_after(const Headers& headers, Time now);
// True for "you are too fast": 429, or 403 with the headers that go with it.
bool says_too_fast(const HttpResponse& response);

}  // namespace probackup
