// The inside of a template: the checked tree, and its parser.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "expr/expr.h"

namespace probackup {

struct Template::Node {
  using Pointer = std::shared_ptr<const Node>;
  // One stretch of a mixed text: an expression, or the literal `text`.
  struct Part {
    std::string text;
    std::optional<Expression> expression;
  };

  enum class Kind { literal, expression, mixed, object, list, each, pick, print } kind;
  nlohmann::json value;              // literal
  std::optional<Expression> source;  // expression; the list of each; the selector of pick
  std::optional<Expression> when;    // each
  std::vector<Part> parts;           // mixed
  // object and pick: the members; list: the elements, unnamed; each: "key" (or not) and "value";
  // print: the value
  std::vector<std::pair<std::string, Pointer>> children;
};

// Adds mistakes to `mistakes` as Template::parse does; the result is null or has holes then.
Template::Node::Pointer parse_template(const nlohmann::json& value,
                                       const std::vector<std::string>& roots,
                                       std::vector<std::pair<std::string, std::string>>& mistakes);

}  // namespace probackup
