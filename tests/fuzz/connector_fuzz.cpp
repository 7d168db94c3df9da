// Connector files, expressions and templates from anyone: they may be refused, but nothing else may
// go wrong. The first byte of the input chooses what the rest is.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "expr/expr.h"
#include "probackup/connector.h"

using namespace probackup;

namespace {

const std::vector<std::string> roots{"record", "config", "headers", "body", "now"};

const nlohmann::json& names() {
  static const nlohmann::json values = nlohmann::json::parse(R"({
    "record": {"id": 7, "name": "a", "list": [{"id": 1}, {"id": "x", "tags": ["y"]}, null],
               "max": 9223372036854775807, "min": -9223372036854775808, "real": 0.1},
    "config": {"ids": ["7"], "empty": ""},
    "headers": {"retry-after": "30", "date": "Wed, 01 May 2024 10:30:00 GMT"},
    "body": [10, "20", {"text": "{\"a\": [1]}"}], "now": "2024-05-01T10:30:00Z"})");
  return values;
}

Scope scope() {
  Scope out;
  for (const auto& [name, value] : names().items()) out.set(name, &value);
  return out;
}

void try_expression(std::string_view text) {
  auto expression = Expression::parse(text, roots);
  expression.uses("record");
  expression.members("config");
  expression.plain_path("record");
  expression.evaluate(scope()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void try_template(std::string_view text) {
  auto value = nlohmann::json::parse(text.substr(0, 4096), nullptr, false);
  if (!value.is_discarded()) Template::parse(value, roots).text(scope());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 3) {
      case 0:
        Connector::lint(text, "fuzz.json");
        break;
      case 1:
        try_expression(text);
        break;
      default:
        try_template(text);
        break;
    }
  } catch (const Error&) {
    // Refused with a message, as it should be.
  }
  return 0;
}
