// A record's fields for people: facts in short, texts in full, lists as tables. What only machines
// need (ids, addresses of the API, switches that are off) is left out: the raw JSON has it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace probackup {

struct FieldOptions {
  std::string title, url;            // shown elsewhere, so not repeated
  std::set<std::string> file_ids;    // attachments, shown elsewhere
  std::set<std::string> known_keys;  // of the record and those above it: not worth a word
  // HTML for a value that is another record's key; nothing when it is none.
  std::function<std::optional<std::string>(const std::string& key)> reference;
};

// `json`: checked and minified. At most some 400 KB of HTML; what goes beyond is left out with a
// word that says so.
std::string fields_html(std::string_view json, const FieldOptions& options);

}  // namespace probackup
