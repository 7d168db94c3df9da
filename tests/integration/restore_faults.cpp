#include "restore_faults.h"

#include <random>

namespace probackup::test {

std::vector<std::string> restorable_apps() {
  return {"asana", "github:org-1", "github:user-1", "monday", "redmine", "trello"};
}

FaultPlan bad_world(std::uint64_t seed, std::uint64_t requests) {
  std::mt19937_64 random(seed);
  FaultPlan plan;
  plan.seed = seed;
  auto rule = [&](Fault fault, double probability, const std::string& methods) {
    FaultRule out;
    out.fault = fault;
    out.probability = probability;
    out.methods = methods;
    plan.rules.push_back(out);
  };
  rule(Fault::lost_to_error, 0.03, "POST,PUT,PATCH");
  rule(Fault::lost_to_cut, 0.03, "POST,PUT,PATCH");
  rule(Fault::error_500, 0.02, "");
  rule(Fault::limit_429, 0.03, "");
  if (random() % 4 != 0) {
    FaultRule gone;
    gone.fault = Fault::dropped;
    gone.from = 1 + random() % requests;
    plan.rules.push_back(gone);
  }
  return plan;
}

unsigned restore_somehow(RestoreRig& rig, std::uint64_t seed) {
  constexpr unsigned bad_runs = 6;
  unsigned ended_early = 0;
  const auto before = rig.source().catalog().restores(1);
  const auto is_begun = [&] {
    const auto now = rig.source().catalog().restores(1);
    return !now.empty() && (before.empty() || now[0].id != before[0].id);
  };
  for (unsigned run = 0; run <= bad_runs; ++run) {
    rig.server().set_faults(run == bad_runs ? FaultPlan{} : bad_world(seed * 100 + run, 300));
    try {
      auto report = is_begun() ? rig.resume() : rig.restore();
      const bool is_over = report.restore.state == "done" || report.restore.state == "gaps";
      using Kind = RestoreReport::Kind;
      if (is_over && report.count(&Kind::failed) + report.count(&Kind::incomplete) == 0) break;
      ended_early += !is_over;
    } catch (const Error&) {
      ++ended_early;
    }
  }
  rig.server().set_faults({});
  return ended_early;
}

}  // namespace probackup::test
