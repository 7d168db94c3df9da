// The filters and sort orders of GET /issues.json.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "demo/api_message.h"
#include "fake/redmine_data.h"

namespace probackup {

// An answer that is none: 403 and 404 come without a body, 422 with the list of errors.
class RedmineRefusal : public std::runtime_error {
 public:
  explicit RedmineRefusal(int status, std::vector<std::string> errors = {})
      : std::runtime_error("refused"), status_(status), errors_(std::move(errors)) {}
  int status() const { return status_; }
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  int status_;
  std::vector<std::string> errors_;
};

// The visible issues that the request asks for, in its order. Throws RedmineRefusal(422) for a
// filter that Redmine calls invalid. status_id, project_id, subproject_id=!*, tracker_id,
// parent_id, issue_id, created_on, updated_on, closed_on; sort by any plain member.
std::vector<int> query_issues(const RedmineData& data, const ApiRequest& request);

// The id of the project named by number or identifier, visible or not; nothing if there is none.
std::optional<int> find_project(const RedmineData& data, const std::string& name);

}  // namespace probackup
