#include "demo/fault_plan.h"

#include <algorithm>

#include "demo/seeded.h"
#include "util/text.h"

namespace probackup {

namespace {

bool is_for(const FaultRule& rule, std::string_view method, std::string_view path) {
  if (path.find(rule.match) == std::string_view::npos) return false;
  if (rule.methods.empty()) return true;
  const auto methods = split(rule.methods, ',');
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

}  // namespace

std::string_view fault_name(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::limit_429:
      return "limit_429";
    case Fault::error_500:
      return "error_500";
    case Fault::cut_body:
      return "cut_body";
    case Fault::slow:
      return "slow";
    case Fault::html:
      return "html";
    case Fault::half_json:
      return "half_json";
    case Fault::repeated_page:
      return "repeated_page";
    case Fault::data_changes:
      return "data_changes";
    case Fault::lost_to_error:
      return "lost_to_error";
    case Fault::lost_to_cut:
      return "lost_to_cut";
    case Fault::dropped:
      return "dropped";
  }
  return "none";
}

FaultDecider::FaultDecider(FaultPlan plan)
    : plan_(std::move(plan)), matched_(plan_.rules.size(), 0) {}

bool FaultDecider::uses(Fault fault) const {
  return std::any_of(plan_.rules.begin(), plan_.rules.end(),
                     [&](const FaultRule& rule) { return rule.fault == fault; });
}

Fault FaultDecider::decide(std::string_view method, std::string_view target, std::string_view body,
                           bool has_last_page, std::uint64_t& seed) {
  if (plan_.rules.empty()) return Fault::none;
  std::string request = std::string(method) + ' ' + std::string(target);
  if (!body.empty()) request += ' ' + std::to_string(mix_seed(0, body));
  const auto path = target.substr(0, target.find('?'));
  seed = mix_seed(plan_.seed + asked_[request]++, request);
  for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
    const auto& rule = plan_.rules[i];
    if (!is_for(rule, method, path)) continue;
    if (rule.fault == Fault::repeated_page && !has_last_page) continue;
    const auto number = ++matched_[i];
    Seeded dice(seed + i);
    const bool is_after = rule.from > 0 && number >= rule.from;
    const bool hit =
        is_after || (rule.nth > 0 ? number == rule.nth : dice.chance(rule.probability));
    if (!hit) continue;
    auto& times = hits_[{i, request}];
    if (!is_after && times >= rule.times_max) continue;
    ++times;
    ++counts_[rule.fault];
    return rule.fault;
  }
  return Fault::none;
}

}  // namespace probackup
