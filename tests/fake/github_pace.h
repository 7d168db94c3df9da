// GitHub's secondary rate limits on what creates content.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
#pragma once

#include <deque>
#include <optional>

#include "demo/api_message.h"
#include "probackup/clock.h"

namespace probackup {

// Counts the requests of the last minute and the last hour. Not for concurrent calls.
class GithubPace {
 public:
  // 0: no such limit.
  GithubPace(unsigned per_minute, unsigned per_hour, Clock& clock)
      : per_minute_(per_minute), per_hour_(per_hour), clock_(clock) {}

  // Counts the request, or says that it must wait; GETs and queries always pass. Every POST counts,
  // since GitHub does not list what it counts, and so does an invitation.
  std::optional<ApiAnswer> refuse(const ApiRequest& request);

 private:
  const unsigned per_minute_, per_hour_;
  Clock& clock_;
  std::deque<Time> times_;  // oldest first
};

}  // namespace probackup
