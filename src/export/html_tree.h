// The records of an account as a tree on disk: which hangs below which, and where its text is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "export/database.h"
#include "export/format.h"
#include "util/file.h"

namespace probackup {

struct RecordNode {
  std::int64_t number = 0;  // from 1, in the order of the snapshot
  std::size_t stream = 0;
  std::optional<std::int64_t> parent;
  std::string key, title, url;
  std::string name;  // safe, unique in the stream
  std::uint64_t offset = 0, length = 0;
};

struct ChildCount {
  std::size_t stream = 0;
  std::uint64_t count = 0;
};

struct NodeFile {
  std::int64_t number = 0;
  std::string id, name, path, reason;  // as in WrittenFile
  std::uint64_t size = 0;
};

// Filled with add() and add_file(), then link(), then read. Memory does not grow with the account.
// Not for concurrent calls. Throws Error when the temporary folder is full.
class Tree {
 public:
  explicit Tree(const std::vector<StreamFolder>& streams);

  void add(std::size_t stream, const ExportRecord& record, const std::string& name);
  void add_file(const WrittenFile& file);
  // Hangs each record below its parent. A record whose parent is not there stands at the top, and
  // so do all that hang in a ring.
  void link();

  // Whether the stream's records get pages of their own: they have records of other streams below
  // them, or nest deeply. The others are shown where their parent is.
  bool has_pages(std::size_t stream) const { return has_pages_[stream]; }
  // How deep a record of a stream without pages nests among its like: 0 to nest_max.
  static constexpr std::int64_t nest_max = 6;

  std::optional<RecordNode> find(std::int64_t number);
  // By its key in its stream.
  std::optional<RecordNode> find(std::size_t stream, const std::string& key);
  // The only record of all streams that has this key.
  std::optional<RecordNode> find_unique(const std::string& key);
  // Up to `count_max` children in `stream` after `after`, in order; no parent: those at the top.
  std::vector<RecordNode> children(std::optional<std::int64_t> parent, std::size_t stream,
                                   std::int64_t after, std::size_t count_max);
  // How many children there are by stream, in the order of the streams.
  std::vector<ChildCount> count_children(std::optional<std::int64_t> parent);
  // Up to `count_max` records of a stream after `after`, wherever they hang.
  std::vector<RecordNode> records(std::size_t stream, std::int64_t after, std::size_t count_max);

  // The record's text.
  std::string raw(const RecordNode& node);
  // The files of one record, `count_max` at most; with no node those of no known record.
  std::vector<NodeFile> files(std::optional<std::int64_t> node, std::int64_t after,
                              std::size_t count_max);
  std::uint64_t count_files(std::optional<std::int64_t> node);

 private:
  void break_rings();
  void choose_pages();
  RecordNode node(const Statement& row) const;

  const std::vector<StreamFolder>& streams_;
  Database database_;
  SpoolFile texts_;
  std::vector<bool> has_pages_;
  std::unique_ptr<Statement> add_, add_file_;
  std::unique_ptr<Statement> find_, find_key_, find_unique_, children_, count_, records_, files_,
      count_files_;
};

}  // namespace probackup
