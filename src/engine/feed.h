// An app's own list of what changed, read in place of a listing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/pages.h"
#include "engine/run_parts.h"

namespace probackup {

struct FeedChange {
  std::string key;  // of a record that is gone
  bool gone = false;
  std::string raw;  // of one that is there
};

// The feed of one listing. Not for concurrent calls.
class Feed {
 public:
  // `names`: the listing's. All references must outlive the feed.
  Feed(const RunParts& parts, Counters& counters, const FeedModel& model, const Scope& names);

  // The token to ask for changes with from now on; nothing where the app gives none.
  std::optional<std::string> start();

  struct Answer {
    std::vector<FeedChange> changes;  // one for each record, as it is now
    std::string next;                 // the token of the next run
  };
  // What changed since `token`; nothing when the app cannot tell (it forgot the token, say), or
  // when it is so much that the listing is as good.
  std::optional<Answer> read(const std::string& token);

 private:
  struct Page {
    HttpResponse response;
    std::vector<std::string> records;
  };
  std::optional<Page> ask(const RequestModel& model, const Scope& names, Pager* pager,
                          const PageAsk& page, const std::vector<std::string>& selectors);
  void give_up(const std::string& why) const;

  const RunParts& parts_;
  Counters& counters_;
  const FeedModel& model_;
  const Scope& names_;
};

}  // namespace probackup
