#include "engine/old_gaps.h"

#include <algorithm>

namespace probackup {

OldGaps::OldGaps(const std::vector<Gap>& gaps) : gaps_(gaps) {
  for (const auto& gap : gaps_)
    if (!gap.key.empty()) keys_.insert(gap.key);
}

void OldGaps::saw(std::string_view key) {
  if (!keys_.contains(key)) return;
  std::lock_guard lock(mutex_);
  seen_.emplace(key);
}

void OldGaps::ended(const std::string& scope, bool whole) {
  if (std::none_of(gaps_.begin(), gaps_.end(), [&](const Gap& gap) { return gap.scope == scope; }))
    return;
  std::lock_guard lock(mutex_);
  auto [at, is_new] = scopes_.try_emplace(scope, whole);
  at->second = at->second && whole;
}

std::vector<Gap> OldGaps::open(bool all_listed) const {
  std::lock_guard lock(mutex_);
  std::vector<Gap> out;
  for (const auto& gap : gaps_) {
    auto scope = scopes_.find(gap.scope);
    bool listed = scope != scopes_.end();
    bool closed = gap.key.empty() ? listed : seen_.contains(gap.key) || (listed && scope->second);
    if (!closed && (listed || !all_listed)) out.push_back(gap);
  }
  return out;
}

}  // namespace probackup
