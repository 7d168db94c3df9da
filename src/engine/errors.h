// What to make of an answer: the connector's rules in their order, then the built-in ones.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "engine/context.h"
#include "probackup/http.h"

namespace probackup {

struct Verdict {
  enum class Action {
    good,
    not_modified,
    empty,
    retry,
    gap,
    fail,
    restart,
    pause
  } action = Action::good;
  std::string reason;  // for people, unless good
  std::string hint;    // with fail
  // With retry:
  int rule = 0;        // counts tries of the same kind: the connector's are 0, 1, …
  unsigned tries = 0;  // how often to try again
  std::optional<std::chrono::nanoseconds> wait;  // else longer and longer
  Action then = Action::gap;  // pause: of the API's own requests only, else a gap
  bool limited = false;       // all requests are to slow down
};

// What the request allows beside a good answer.
struct Allowed {
  bool missing_is_empty = false;  // 404 and 410
  bool not_modified = false;      // 304
  int status = 0;                 // this one is as good as 200
};

// Throws Error when a rule's expression fails.
Verdict judge_answer(const HttpResponse& response, const RunContext& context,
                     const Allowed& allowed, Time now);
// A request without an answer.
Verdict judge_failure(const NetworkError& error, const RunContext& context);
// A good answer that is not what was asked for: HTML, half a JSON, a wrong shape.
Verdict judge_unusable(const std::string& why);

}  // namespace probackup
