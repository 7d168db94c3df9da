// The built-in connectors, and what their expressions see, for tests.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "connector/model.h"

namespace probackup {

// A built-in connector; throws with all mistakes if it has any.
inline Connector built_in(const std::string& app) {
  return ConnectorSet().get(app);
}

// A scope that owns its values: TestNames{{"record", {…}}, {"parent", {…}}}.
class TestNames {
 public:
  TestNames(std::initializer_list<std::pair<std::string, nlohmann::json>> values)
      : values_(values.begin(), values.end()) {
    for (const auto& [name, value] : values_) scope_.set(name, &value);
  }
  TestNames(const TestNames&) = delete;
  TestNames& operator=(const TestNames&) = delete;
  operator const Scope&() const { return scope_; }

 private:
  std::vector<std::pair<std::string, nlohmann::json>> values_;
  Scope scope_;
};

}  // namespace probackup
