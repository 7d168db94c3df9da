// Where every record of a snapshot has its place in the copy: which folder, which spreadsheet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "export/database.h"
#include "export/html_tree.h"
#include "probackup/drive.h"

namespace probackup {

// A folder of the copy: 0 is that of the account, any other the number of a record.
using FolderNumber = std::int64_t;

// The items of one stream in one folder.
struct CopyTable {
  FolderNumber folder = 0;
  std::size_t stream = 0;
  std::uint64_t items = 0, deleted = 0;
};

// Lives in temporary files; memory does not grow with the account. Not for concurrent calls. Throws
// Error when the temporary folder is full.
class CopyModel {
 public:
  // Reads the records and the list of attachments. `folders`: streams whose records become folders.
  CopyModel(ExportSource& snapshot, const std::set<std::string>& folders, std::stop_token stop,
            const std::function<void(std::uint64_t records)>& progress);

  // Before the first question below.
  void add_deleted(const DeletedItem& item);
  void finish();

  const std::vector<StreamFolder>& streams() const { return streams_; }
  Tree& tree() { return tree_; }
  // Folders that hold anything, those above first, and the folder that each lies in.
  struct Folder {
    FolderNumber number = 0, above = 0;
  };
  std::vector<Folder> folders();
  // Those that hold anything, in an order in which streams come after the streams above them.
  std::vector<CopyTable> tables();
  // Calls `each` in the order of the snapshot, until it returns false.
  void items(const CopyTable& table, std::int64_t after,
             const std::function<bool(const RecordNode&)>& each);
  void deleted(const CopyTable& table, const std::function<void(const DeletedItem&)>& each);
  // The folder that the record stands in; for one that is a folder itself, the one above.
  FolderNumber folder_of(const RecordNode& node) { return folder_below(node.parent); }
  bool is_folder(const RecordNode& node) const { return is_folder_[node.stream]; }
  std::optional<std::size_t> stream_number(const std::string& name) const;
  // Place of a stream in the order of tables().
  std::size_t rank(std::size_t stream) const { return ranks_[stream]; }

 private:
  struct Above {
    FolderNumber folder = 0;
    unsigned depth = 0;
  };
  FolderNumber folder_below(std::optional<std::int64_t> parent);
  void place_records(std::stop_token stop);
  void place_deleted();
  FolderNumber folder_of_deleted(std::string parent_stream, std::string parent);
  void rank_streams();

  std::vector<StreamFolder> streams_;
  std::vector<bool> is_folder_;
  std::vector<std::size_t> ranks_;
  Tree tree_;
  Database database_;
  std::unique_ptr<Statement> add_deleted_, parent_of_deleted_;
  std::unordered_map<std::int64_t, Above> above_;  // a cache of bounded size
};

}  // namespace probackup
