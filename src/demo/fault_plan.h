// Which requests go wrong, and how: decided from a seed and the request alone, so that a run
// replays whatever order its threads come in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace probackup {

enum class Fault {
  none,
  limit_429,  // 429 with Retry-After
  error_500,
  cut_body,       // Content-Length promises more than is sent, then the connection closes
  slow,           // the answer comes after FaultPlan::slow
  html,           // 200 with a web page instead of JSON
  half_json,      // the first half of the body, well-formed as HTTP
  repeated_page,  // the page before this one once more, its page token included
  data_changes,   // the account changes right before the answer
};
// "limit_429" …
std::string_view fault_name(Fault fault);

// A fault for part of the requests: either each with a probability, or the n-th.
struct FaultRule {
  Fault fault = Fault::none;
  std::string match;       // part of the path; empty for every request
  double probability = 0;  // for each matching request, or
  std::uint64_t nth = 0;   // the n-th matching request, counted from 1
  unsigned times_max = 2;  // for one and the same method and target, so that retries get through
};

struct FaultPlan {
  std::uint64_t seed = 0;
  std::vector<FaultRule> rules;         // the first that hits wins
  std::chrono::seconds retry_after{1};  // zero: a 429 without Retry-After
  std::chrono::milliseconds slow{300};
};

// Applies a plan to one request after the other. Not for concurrent calls.
class FaultDecider {
 public:
  explicit FaultDecider(FaultPlan plan = {});
  // The fault of this request; `seed` becomes a number made from the plan's seed, the request, and
  // how often it was made before. Without `has_last_page`, no page is repeated.
  Fault decide(std::string_view method, std::string_view target, bool has_last_page,
               std::uint64_t& seed);
  // Whether the plan knows that fault at all.
  bool uses(Fault fault) const;
  const FaultPlan& plan() const { return plan_; }
  const std::map<Fault, std::uint64_t>& counts() const { return counts_; }

 private:
  FaultPlan plan_;
  std::vector<std::uint64_t> matched_;                            // per rule
  std::map<std::string, std::uint64_t> asked_;                    // per method and target
  std::map<std::pair<std::size_t, std::string>, unsigned> hits_;  // per rule, method and target
  std::map<Fault, std::uint64_t> counts_;
};

}  // namespace probackup
