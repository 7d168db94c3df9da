// Atlassian Document Format
// (https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/): the rich text of
// Jira, made fit for another place.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace probackup {

// The document with a paragraph of `note` in front ("" for none), and without what holds in its old
// place alone or would call people: mentions become the name that they show, attached pictures and
// files their names. Null for null without a note. Throws Error for anything that is no document.
nlohmann::json adf_elsewhere(const nlohmann::json& document, const std::string& note);

}  // namespace probackup
