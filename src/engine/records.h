// From the raw text of a record to what the sink needs to know about it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/context.h"
#include "engine/since.h"
#include "probackup/engine.h"
#include "util/raw_json.h"

namespace probackup {

// Which listing records come from.
struct ListingPlace {
  std::string scope;          // "" at the top
  std::string parent_stream;  // "" at the top
  std::string parent_key;
};

// A record as its listing shows it.
struct ListedRecord {
  bool keep = true;
  std::string key;   // "" when there is none
  std::string mark;  // value of the `changed` field
};

// Looks into the records of one stream. Immutable; safe for concurrent use, with one RawJson per
// thread.
class RecordReader {
 public:
  explicit RecordReader(const StreamModel& stream);
  // `names`: the listing's, with `parent`. Throws Error when the record is not what the expressions
  // expect.
  ListedRecord look(RawJson& json, const std::string& raw, const Scope& names) const;
  // The key alone; "" when there is none. Throws Error.
  std::string key(RawJson& json, const std::string& raw, const Scope& names) const;
  // The whole record for the sink; `raw` may be the answer of a detail request. Throws Error.
  Record make(RawJson& json, std::string raw, const ListedRecord& listed, const ListingPlace& place,
              const Scope& names) const;

 private:
  std::string value_of(const std::optional<Template>& value, const std::optional<std::string>& path,
                       RawJson& json, const std::string& raw, const Scope& record_names) const;

  const StreamModel& stream_;
  std::optional<std::string> title_path_, url_path_, belongs_path_;  // of plain templates
  std::vector<std::string> look_paths_;             // of id and mark, where they are plain paths
  bool look_parses_ = false, make_parses_ = false;  // some expression needs `record`
};

// The records that one of `selectors` finds in an answer, minified, in order; scalars wrapped.
// Throws Error when the answer is no JSON or, unless `missing_is_empty`, has none of the places.
std::vector<std::string> select_records(RawJson& json, const std::string& body,
                                        const std::vector<std::string>& selectors,
                                        const std::optional<std::string>& wrap,
                                        bool missing_is_empty = false);

}  // namespace probackup
