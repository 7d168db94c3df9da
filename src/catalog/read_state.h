// The state of the newest snapshot, as the next run's merge needs it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// See the functions of the same names in Catalog.
std::optional<Id> state_of(sqlite::Database& database, const SourceRef& source);
void segments(sqlite::Database& database, const SourceRef& source, const std::string& stream,
              std::optional<std::uint32_t> file,
              const std::function<void(const SegmentRow&)>& each);
std::optional<std::uint32_t> file_of(sqlite::Database& database, const SourceRef& source,
                                     const std::string& stream, std::string_view key);
std::optional<Validators> validators(sqlite::Database& database, const SourceRef& source,
                                     const std::string& request);

}  // namespace probackup::catalog
