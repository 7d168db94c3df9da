// Which snapshots may go, and the rules under which none does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probackup/job.h"
#include "probackup/retention.h"

namespace probackup {

struct ForgetRequest {
  // By policy: of these sources; none: of all that probackup backed up.
  std::vector<SourceRef> sources;
  RetentionPolicy policy;
  // Or these snapshots, whoever wrote them.
  std::vector<Id> ids;
  // With `ids`: also when the newest run of their source failed.
  bool despite_failed_run = false;
};

// What happens to the snapshots of one source.
struct ForgetGroup {
  struct Kept {
    Snapshot snapshot;
    std::vector<std::string> reasons;
  };
  SourceRef source;  // empty for snapshots that probackup did not write
  // Why nothing of this source may go, and what to do about it; `remove` is empty then.
  std::string refusal, hint;
  std::vector<Kept> keep;  // oldest first
  std::vector<Snapshot> remove;
};

// Decides; changes nothing. A source whose newest run failed, broke off or is suspicious keeps all,
// and so does one that the policy would leave without any snapshot. Of runs that made no snapshot
// only this machine's catalog knows. A suspicious snapshot and the last good one before it stay
// until the suspicious one is named by its id. Throws Error(usage) for a request without policy and
// ids, and Error when a snapshot cannot be read.
std::vector<ForgetGroup> plan_forget(const JobContext& context, const ForgetRequest& request);

// Removes what the plan says, from the repository and then from the catalog; `lock` is exclusive.
// Returns how many.
std::size_t forget(const JobContext& context, const std::vector<ForgetGroup>& plan,
                   RepositoryLock& lock);

}  // namespace probackup
