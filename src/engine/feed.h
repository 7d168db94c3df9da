// An app's own list of what changed, read in place of a listing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/pages.h"
#include "engine/run_parts.h"
#include "engine/workers.h"

namespace probackup {

struct FeedChange {
  std::string key;  // of a record that is gone
  bool gone = false;
  std::string raw;  // of one that is there: the record
};

// The feed of one listing. Not for concurrent calls.
class Feed {
 public:
  // `names`: the listing's. `group`: for requests that may run side by side; empty when read()
  // ends. All references must outlive the feed.
  Feed(const RunParts& parts, Counters& counters, const FeedModel& model, const Scope& names,
       Workers::Group& group);

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
  std::optional<Page> ask(const RequestModel& model, const Scope& names,
                          const std::vector<std::string>& selectors, int status = 0,
                          Pager* pager = nullptr, const PageAsk& page = {});
  // Puts the records in place of what was told of them. False where one cannot be had.
  bool read_details(std::vector<FeedChange>& changes);
  // Leaves out changes of records that other listings have.
  void drop_others(std::vector<FeedChange>& changes) const;
  void give_up(const std::string& why) const;

  const RunParts& parts_;
  Counters& counters_;
  const FeedModel& model_;
  const Scope& names_;
  Workers::Group& group_;
};

}  // namespace probackup
