// Verifies a repository from what is stored alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "probackup/repository.h"
#include "repository/index.h"
#include "repository/sealed_storage.h"

namespace probackup {

// One check; used once. See Repository::check.
class Checker {
 public:
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

  Checker(SealedStorage& objects, unsigned threads, std::stop_token stop, Progress progress);
  CheckReport run(const CheckOptions& options);

 private:
  struct Place {
    Id pack;
    PackEntry blob;
    auto operator<=>(const Place&) const = default;
  };

  void check_keys();
  void load_indexes();
  void check_packs();
  void read_packs(const CheckOptions& options);
  std::vector<Id> packs_to_read(const CheckOptions& options) const;
  void read_pack(const Id& id, const std::vector<PackEntry>& entries);
  void check_header(std::string_view bytes, const std::vector<PackEntry>& entries);
  void check_snapshots(bool show_progress);
  bool check_tree(const Id& id, const std::string& place, unsigned depth);
  bool check_nodes(const Id& id, const std::string& place, unsigned depth);
  bool check_content(const Node& node, const std::string& place);
  std::optional<BlobLocation> intact_copy(BlobType type, const Id& id);

  void report(std::string what, bool fatal = true);
  void report(CheckProblem problem);
  void advance(std::uint64_t amount, std::uint64_t total);
  void stop_if_asked() const;

  SealedStorage& objects_;
  const unsigned threads_;
  const std::stop_token stop_;
  const Progress progress_;

  Index index_;
  std::map<Id, std::vector<PackEntry>> packs_;  // as the index files tell, by offset
  std::map<Id, std::uint64_t> stored_;          // sizes of the packs that are there
  std::unordered_map<Id, bool> trees_;          // those looked at: whether all below is intact

  std::mutex mutex_;  // guards what follows while threads read packs
  CheckReport report_;
  Id root_;  // of the snapshot that is looked at
  std::uint64_t done_ = 0, unreported_ = 0;
  std::set<Place> damaged_;
};

}  // namespace probackup
