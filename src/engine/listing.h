// One listing: the records that one source gives for one parent, over all its pages.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "engine/files.h"
#include "engine/old_gaps.h"
#include "engine/pages.h"
#include "engine/records.h"
#include "engine/run_parts.h"
#include "engine/since.h"

namespace probackup {

// Keys that were seen, 16 bytes each. Safe for concurrent use.
class KeySet {
 public:
  // False if the key was there already.
  bool insert(std::string_view key);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_set<std::string> digests_;
};

// What the listings of one stream share in one run.
struct StreamShared {
  StreamShared(const RunParts& parts, const StreamModel& stream, const PriorStream& prior,
               ReadPlan read_plan);

  const RunParts& parts;
  const StreamModel& model;
  const ReadPlan plan;
  Names names;  // the stream's `let`
  Counters counters;
  RecordReader reader;
  FileReader files;
  std::atomic<bool> has_gaps{false}, has_gaps_at_top{false};
  OldGaps old_gaps;
  std::optional<KeySet> seen;  // where several listings may give the same record
  // Called for each record that may have records of this stream below it; may be empty.
  std::function<void(const std::string& key, const std::string& raw, Change change)> on_parent;

  void gap(Gap gap, const std::string& scope);
  // The token that the next run asks a listing's feed with.
  void remember_feed(const std::string& scope, std::string token);
  std::map<std::string, std::string> take_feeds();

 private:
  std::mutex mutex_;  // guards feeds_
  std::map<std::string, std::string> feeds_;
};

class Listing {
 public:
  // `parent` is null at the top.
  Listing(StreamShared& stream, const SourceModel& source, ListingPlace place,
          const ParentRecord* parent);

  enum class End {
    whole,    // what it did not name is not there
    partial,  // ended well, but names only what changed
    broken,   // something is missing; the gap is reported
    kept,     // not modified: the sink was told to keep the scope
  };
  // Reads it. Throws what ends the run.
  End read();

 private:
  struct Page;
  void choose_since(const ParentRecord* parent);
  // True when what changed is all that has to be read.
  bool read_feed();
  void render();
  void read_all();
  void read_round(Pager& pager);
  void read_side_by_side(Pager& pager, const Pager::Spread& spread, std::optional<Page>& last);
  std::optional<Pager::Spread> look_at_first(Pager& pager, const Page& page);
  std::optional<PageAsk> look_for_next(Pager& pager, const Page& page);
  // `token`: as in Ask; pages behind one another are read with the same.
  std::optional<Page> read_page(Pager& pager, const PageAsk& ask,
                                std::optional<std::size_t>* token);
  void add_validators(HttpRequest& request);
  // False for a record that the connector's `keep` drops.
  bool take(RawJson& json, std::string raw);
  void ask_detail(std::string raw, const ListedRecord& listed);
  void read_detail(std::string raw, const ListedRecord& listed);
  void deliver(RawJson& json, std::string raw, const ListedRecord& listed);
  bool keep_unchanged(const std::string& raw, const ListedRecord& listed);
  void broken(Gap gap);
  void bad_record(const std::string& why);
  void report_bad_records();
  void check_cap();
  bool looks_skipped(const Pager& pager) const;
  bool may_restart();
  void remember_validators();

  StreamShared& stream_;
  const RunParts& parts_;
  const SourceModel& source_;
  const ListingPlace place_;
  Names names_;
  const bool distrusted_;
  bool incremental_ = false, may_feed_ = false;
  std::optional<std::string> next_feed_;
  RequestParts request_;
  std::string request_name_;  // for validators; "" when they are not used
  std::atomic<bool> broken_{false}, kept_{false}, file_gap_{false}, restart_{false};
  std::atomic<std::uint64_t> records_{0};
  std::uint64_t pages_ = 0;
  Validators validators_;        // of the only page
  std::optional<KeySet> keys_;   // where the API says how many there are, or a page's token may end
  std::size_t keys_before_ = 0;  // when it was read anew last
  int restarts_ = 0;
  std::mutex mutex_;  // guards what follows
  std::uint64_t bad_records_ = 0;
  std::string first_bad_;
  Workers::Group group_;  // last: its tasks use all of the above
};

}  // namespace probackup
