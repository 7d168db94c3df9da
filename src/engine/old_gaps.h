// The gaps of the last run that this run did not come to close: they are still open.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/engine.h"

namespace probackup {

// Safe for concurrent use.
class OldGaps {
 public:
  explicit OldGaps(const std::vector<Gap>& gaps);
  // A listing named this record; what is missing of it is asked for again.
  void saw(std::string_view key);
  // The listing for a scope ended; with `whole` it named everything that is there.
  void ended(const std::string& scope, bool whole);
  // What nobody looked at. `all_listed`: a scope without a listing is one whose parent is gone.
  std::vector<Gap> open(bool all_listed) const;

 private:
  std::vector<Gap> gaps_;
  std::set<std::string, std::less<>> keys_;  // those in gaps_
  mutable std::mutex mutex_;                 // guards what follows
  std::set<std::string, std::less<>> seen_;
  std::map<std::string, bool> scopes_;  // those in gaps_ that were listed, and whether whole
};

}  // namespace probackup
