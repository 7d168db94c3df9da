// The syntax tree of an expression, its parser and its evaluation: the inside of expr.h.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"
#include "expr/functions.h"

namespace probackup {

// Deepest nesting and longest text of one expression, and the largest text or list one may build.
inline constexpr std::size_t expression_depth_max = 100;
inline constexpr std::size_t expression_bytes_max = 8192;
inline constexpr std::size_t expression_result_max = std::size_t{16} << 20;

enum class Op {
  literal,  // `value`
  list,     // `args` are the elements
  root,     // `name`
  path,     // `args[0]` and then `steps`
  call,     // `function` over `args`
  either,   // a ?: b
  choose,   // a ? b : c
  logical_or,
  logical_and,
  logical_not,
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
};

struct Expression::Node {
  using Pointer = std::shared_ptr<const Node>;

  // One piece of a path: ".name" and "['name']", "[index]", or "[*]".
  struct Step {
    enum class Kind { member, index, all } kind = Kind::member;
    std::string name;
    Pointer index;
  };

  Op op = Op::literal;
  nlohmann::json value;
  std::string name;
  std::vector<Pointer> args;
  std::vector<Step> steps;
  const Function* function = nullptr;
  std::size_t depth = 1;
};

// Parses a whole expression. Throws Error as Expression::parse does.
Expression::Node::Pointer parse_expression(std::string_view text,
                                           const std::vector<std::string>& roots);
// Throws Error without the expression's text.
nlohmann::json evaluate_node(const Expression::Node& node, const Scope& scope);

// How a value counts as a condition: null, false, "", 0, [] and {} are false.
bool is_true(const nlohmann::json& value);
// Null, "", [] and {}.
bool is_empty(const nlohmann::json& value);
// Strings as they are, null as "", everything else as JSON.
std::string as_text(const nlohmann::json& value);
// "a text", "a number", …: for messages, which never show values.
std::string_view kind_of(const nlohmann::json& value);

// "/name" with the escapes of a JSON pointer (RFC 6901).
std::string pointer_step(std::string_view name);

}  // namespace probackup
