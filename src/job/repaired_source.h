// Puts the folder of a source in order after pieces of it were lost.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "job/manifest.h"
#include "job/snapshot_tree.h"
#include "probackup/job.h"
#include "probackup/repair.h"

namespace probackup {

// The repaired folder of one source in one snapshot: index files fit their stream files again, the
// list of attachments names only those that are there, and what is lost is a gap. Used once.
class RepairedSource {
 public:
  // `before` is the folder as it was, `after` without what is lost. A path of `lost` is one below
  // the folder.
  RepairedSource(const JobContext& context, const SourceRef& source, const Snapshot& snapshot,
                 const Id& before, const Id& after, const std::vector<LostPiece>& lost);
  // The folder's new tree. With `dry_run` nothing is written, and the tree means nothing.
  Id make(bool dry_run);
  // For people, one line a loss.
  const std::vector<std::string>& lines() const { return lines_; }

  // "streams/cards/more-0001/0007.jsonl": the parts that matter.
  struct StreamPath {
    std::string top, stream;
  };

 private:
  void lose_segments(const LostPiece& piece, const StreamPath& path);
  void lose_stream_folder(const LostPiece& piece, const std::string& stream);
  void lose_file(const LostPiece& piece);
  void remake_index(const std::string& path);
  void drop_listed_files();
  void write_documents();
  void add_gap(Gap gap);
  std::vector<std::string> index_lines(const std::string& path);
  std::vector<std::string> names_in(const Id& tree, const std::string& path);
  std::string line_of_segment(const std::string& stream, const Id& blob);
  void put_text(const std::string& path, std::string text);

  const JobContext& context_;
  const SourceRef& source_;
  const Snapshot& snapshot_;
  const Id before_, after_;
  const std::vector<LostPiece>& lost_;
  SnapshotTree tree_;
  bool dry_run_ = false;
  std::vector<std::string> lines_;
  std::vector<Gap> gaps_;
  std::set<std::string> streams_;  // that lost something
  std::set<std::string> broken_indexes_;
  std::set<std::string> lost_files_;                              // "files/STREAM/ID/NAME"
  std::map<std::string, std::uint64_t> records_lost_;             // by stream
  std::map<std::string, std::map<Id, std::string>> known_lines_;  // by stream, from the catalog
};

}  // namespace probackup
