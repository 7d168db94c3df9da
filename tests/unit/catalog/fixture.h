// A catalog in a temporary folder and short ways to fill it.
#pragma once

#include <string>
#include <vector>

#include "catch.h"
#include "probackup/catalog.h"
#include "probackup/error.h"
#include "util/file.h"
#include "util/hash.h"

namespace probackup {

inline const SourceRef app{"app", "main"};

struct Fixture {
  TempFolder folder;
  std::string path = folder.path() / "catalog.db";
  std::unique_ptr<Catalog> catalog = open();

  std::unique_ptr<Catalog> open() const { return Catalog::open(path, "repository-1"); }
};

inline CatalogItem make_item(const std::string& key, const std::string& title) {
  CatalogItem item;
  item.key = key;
  item.title = title;
  return item;
}

inline Gap make_gap(const std::string& url) {
  Gap gap;
  gap.stream = "cards";
  gap.url = url;
  gap.status = 403;
  gap.reason = "refused";
  return gap;
}

// Ends an update with a snapshot of this name.
inline std::int64_t commit(CatalogUpdate& update, const std::string& name) {
  CatalogSnapshot snapshot;
  snapshot.id = sha256(name);
  return update.commit(snapshot);
}

// "key=title" of each item that the query gives.
inline std::vector<std::string> list(Catalog& catalog, const ItemQuery& query = {}) {
  std::vector<std::string> out;
  catalog.items(query, [&](const CatalogItem& item) {
    out.push_back(item.key + "=" + item.title);
    return true;
  });
  return out;
}

inline std::vector<std::string> found(Catalog& catalog, const std::string& text,
                                      const ItemQuery& query = {}) {
  std::vector<std::string> out;
  for (const FindHit& hit : catalog.find(text, query)) out.push_back(hit.item.key);
  return out;
}

using Strings = std::vector<std::string>;

}  // namespace probackup
