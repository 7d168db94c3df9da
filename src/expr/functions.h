// The closed list of functions that expressions may call.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "expr/expr.h"

namespace probackup {

// The values that a call got; as many as the function's bounds allow.
using Arguments = std::span<const nlohmann::json* const>;

struct Function {
  std::string_view name;
  std::string_view call;  // "split(text, separator)"
  std::string_view help;  // one line
  std::size_t arguments_min, arguments_max;
  bool takes_null;  // false: null in front gives null without a call
  // Throws Error for arguments of the wrong type.
  nlohmann::json (*run)(Arguments arguments);
  // Instead of `run`: a function of the restore section.
  nlohmann::json (*run_restore)(Arguments arguments, References& references) = nullptr;
};

std::span<const Function> all_functions();
// Null if there is none.
const Function* find_function(std::string_view name);

}  // namespace probackup
