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
  lost_to_error,  // carried out, but answered with a 500, 502 or 504
  lost_to_cut,    // carried out, but the connection closes without an answer
  dropped,        // not carried out: the connection closes without an answer
};
// "limit_429" …
std::string_view fault_name(Fault fault);

// A fault for part of the requests: each with a probability, the n-th, or all from the n-th on.
struct FaultRule {
  Fault fault = Fault::none;
  std::string match;       // part of the path; empty for every request
  double probability = 0;  // for each matching request, or
  std::uint64_t nth = 0;   // the n-th matching request, counted from 1
  unsigned times_max = 2;  // for one and the same request, so that retries get through
  std::string methods{};   // "POST,PUT"; empty for every method
  // Every matching request from the n-th on, whatever times_max says: with Fault::dropped, all that
  // a server sees of a client that was killed, and all that a client sees of a dead server. A
  // request that an earlier rule hit is not counted.
  std::uint64_t from = 0;
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
  // how often it was made before. Without `has_last_page`, no page is repeated. Requests with
  // different bodies are different requests.
  Fault decide(std::string_view method, std::string_view target, std::string_view body,
               bool has_last_page, std::uint64_t& seed);
  // Whether the plan knows that fault at all.
  bool uses(Fault fault) const;
  const FaultPlan& plan() const { return plan_; }
  const std::map<Fault, std::uint64_t>& counts() const { return counts_; }

 private:
  FaultPlan plan_;
  std::vector<std::uint64_t> matched_;                            // per rule
  std::map<std::string, std::uint64_t> asked_;                    // per request
  std::map<std::pair<std::size_t, std::string>, unsigned> hits_;  // per rule and request
  std::map<Fault, std::uint64_t> counts_;
};

}  // namespace probackup
