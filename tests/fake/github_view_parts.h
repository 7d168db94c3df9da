// What GitHub's answers have in common.
#pragma once

#include <string>

#include "demo/api_message.h"
#include "demo/record_table.h"

namespace probackup {

// The opaque global id of a record: a prefix for its kind, then its number in disguise.
std::string github_node_id(const std::string& kind, const JsonRecord& record);
// url, id and node_id.
JsonRecord github_head(const std::string& url, const JsonRecord& record, const std::string& kind);
// created_at and updated_at.
void add_github_times(JsonRecord& view, const JsonRecord& record);
// How GitHub refuses a request.
ApiAnswer github_refusal(int status, const std::string& message);
// What GitHub calls an uploaded file: letters, digits and a few signs stay, the rest is renamed,
// and so are points at either end.
std::string github_asset_name(std::string name);
// {"href": url}
JsonRecord github_link(const std::string& url);

}  // namespace probackup
