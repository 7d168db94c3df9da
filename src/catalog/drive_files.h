// The files of readable copies: where each lies, and which items a spreadsheet holds.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// See the functions of the same names in Catalog.
void drive_files(sqlite::Database& database, const std::string& target,
                 const std::function<void(const CatalogDriveFile&)>& each);
void put_drive_file(sqlite::Database& database, const CatalogDriveFile& file);
void remove_drive_file(sqlite::Database& database, const std::string& target,
                       const std::string& key);
bool has_drive_items(sqlite::Database& database, const std::string& target,
                     const std::string& sheet);
void put_drive_items(sqlite::Database& database, const std::string& target,
                     const std::string& source, const std::string& sheet, const DriveItems& items);
std::string drive_item_url(sqlite::Database& database, const SourceRef& source,
                           const std::string& stream, const std::string& key);
std::optional<Time> drive_since(sqlite::Database& database, const std::string& target,
                                const SourceRef& source);
void put_drive_since(sqlite::Database& database, const std::string& target, const SourceRef& source,
                     Time since);

}  // namespace probackup::catalog
