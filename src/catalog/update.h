// What one run changed: collected on disk, then applied in one transaction.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog/apply.h"
#include "catalog/sorted_spool.h"
#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// See CatalogUpdate. The database must outlive it.
class Update : public CatalogUpdate {
 public:
  Update(sqlite::Database& database, const SourceRef& source);

  void put_item(const std::string& stream, Change change, const CatalogItem& item,
                std::string_view text) override;
  void remove_item(const std::string& stream, std::string_view key) override;
  void put_segments(const std::string& stream, std::uint32_t file,
                    const std::vector<SegmentRow>& segments) override;
  void put_file(const CatalogFile& file) override;
  void remove_file(const std::string& stream, const std::string& key,
                   const std::string& id) override;
  void put_gap(const Gap& gap) override;
  void put_validators(const std::string& request, const Validators& validators) override;
  std::int64_t commit(const CatalogSnapshot& snapshot) override;

 private:
  std::uint32_t number_of(const std::string& stream);
  void start_key(Tag tag, const std::string* stream);

  sqlite::Database& database_;
  SourceRef source_;
  std::int64_t base_;  // the newest snapshot when the update began
  SortedSpool changes_;
  std::map<std::string, std::uint32_t> stream_numbers_;
  std::vector<std::string> streams_;
  std::uint64_t items_put_ = 0;
  std::uint32_t gaps_ = 0;
  std::string key_, value_;
  bool committed_ = false;
};

}  // namespace probackup::catalog
