// Evaluation of expressions, and the rules of types and null.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "expr/expr_node.h"

namespace probackup {
namespace {

using nlohmann::json;
using Node = Expression::Node;
using Step = Node::Step;

// A result that borrows where it can, so that `record.a.b` does not copy the record.
class Value {
 public:
  explicit Value(json owned) : owned_(std::move(owned)) {}
  explicit Value(const json* borrowed) : borrowed_(borrowed) {}
  const json& operator*() const { return borrowed_ ? *borrowed_ : owned_; }
  const json* operator->() const { return &**this; }
  json take() && { return borrowed_ ? *borrowed_ : std::move(owned_); }

 private:
  const json* borrowed_ = nullptr;
  json owned_;
};

Value evaluate(const Node& node, const Scope& scope);

const json& null_value() {
  static const json null;
  return null;
}

const json& member(const json& of, const std::string& name) {
  if (!of.is_object()) return null_value();
  auto found = of.find(name);
  return found == of.end() ? null_value() : *found;
}

const json& element(const json& of, std::int64_t index) {
  if (!of.is_array()) return null_value();
  auto size = static_cast<std::int64_t>(of.size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return null_value();
  return of[static_cast<std::size_t>(index)];
}

const json& at_index(const json& of, const json& index) {
  if (index.is_string()) return member(of, index.get_ref<const std::string&>());
  if (index.is_number_integer()) return element(of, index.get<std::int64_t>());
  if (index.is_null()) return null_value();
  throw Error(fmt::format("{} cannot stand between [ and ]", kind_of(index)));
}

// One step; `[*]` is not among them.
const json& step_into(const json& at, const Step& step, const Scope& scope) {
  if (step.kind == Step::Kind::member) return member(at, step.name);
  return at_index(at, *evaluate(*step.index, scope));
}

// Adds what the steps from `first` on reach below `at`, nulls left out.
void collect(const json& at, const std::vector<Step>& steps, std::size_t first, const Scope& scope,
             json& out) {
  const json* here = &at;
  for (std::size_t i = first; i < steps.size(); ++i) {
    if (steps[i].kind != Step::Kind::all) {
      here = &step_into(*here, steps[i], scope);
      continue;
    }
    if (!here->is_array()) return;
    for (const json& each : *here) collect(each, steps, i + 1, scope, out);
    return;
  }
  if (!here->is_null()) out.push_back(*here);
}

bool goes_through_list(const Node& node) {
  return std::any_of(node.steps.begin(), node.steps.end(),
                     [](const Step& step) { return step.kind == Step::Kind::all; });
}

Value evaluate_path(const Node& node, const Scope& scope) {
  Value base = evaluate(*node.args[0], scope);
  if (goes_through_list(node)) {
    json out = json::array();
    collect(*base, node.steps, 0, scope, out);
    return Value(std::move(out));
  }
  const json* here = &*base;
  for (const Step& step : node.steps) here = &step_into(*here, step, scope);
  // What was borrowed outlives this call; a piece of an own value must be copied out of it.
  return node.args[0]->op == Op::root ? Value(here) : Value(json(*here));
}

Value evaluate_call(const Node& node, const Scope& scope) {
  std::vector<Value> values;
  values.reserve(node.args.size());
  for (const auto& argument : node.args) values.push_back(evaluate(*argument, scope));
  if (!node.function->takes_null && values[0]->is_null()) return Value(json());
  std::vector<const json*> arguments;
  arguments.reserve(values.size());
  for (const Value& value : values) arguments.push_back(&*value);
  if (!node.function->run_restore) return Value(node.function->run(arguments));
  References* references = scope.references();
  if (!references) throw Error(fmt::format("{} is known in a restore only", node.function->name));
  return Value(node.function->run_restore(arguments, *references));
}

bool compare(Op op, const json& a, const json& b) {
  if (a.is_null() || b.is_null()) return false;
  if (!(a.is_number() && b.is_number()) && !(a.is_string() && b.is_string()))
    throw Error(fmt::format("{} cannot be compared with {}", kind_of(a), kind_of(b)));
  switch (op) {
    case Op::less:
      return a < b;
    case Op::less_equal:
      return a <= b;
    case Op::greater:
      return a > b;
    default:
      return a >= b;
  }
}

bool contains(const json& value, const json& in) {
  switch (in.type()) {
    case json::value_t::null:
      return false;
    case json::value_t::array:
      return std::find(in.begin(), in.end(), value) != in.end();
    case json::value_t::object:
      return value.is_string() && in.contains(value.get_ref<const std::string&>());
    case json::value_t::string:
      if (value.is_null()) return false;
      if (value.is_string())
        return in.get_ref<const std::string&>().find(value.get_ref<const std::string&>()) !=
               std::string::npos;
      break;
    default:
      break;
  }
  throw Error(fmt::format("{} cannot be in {}", kind_of(value), kind_of(in)));
}

[[noreturn]] void wrong_types(std::string_view symbol, const json& a, const json& b) {
  throw Error(fmt::format("'{}' does not take {} and {}", symbol, kind_of(a), kind_of(b)));
}

std::string_view symbol_of(Op op) {
  switch (op) {
    case Op::add:
      return "+";
    case Op::subtract:
      return "-";
    case Op::multiply:
      return "*";
    case Op::divide:
      return "/";
    default:
      return "%";
  }
}

// The exact result where it is a whole number that fits.
std::optional<std::int64_t> whole_result(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  switch (op) {
    case Op::add:
      overflow = __builtin_add_overflow(a, b, &out);
      break;
    case Op::subtract:
      overflow = __builtin_sub_overflow(a, b, &out);
      break;
    case Op::multiply:
      overflow = __builtin_mul_overflow(a, b, &out);
      break;
    default:  // the smallest number divided by -1 does not fit
      if (b == -1)
        return whole_result(op == Op::divide ? Op::multiply : Op::subtract, a,
                            op == Op::divide ? b : a);
      if (op == Op::divide && a % b != 0) return std::nullopt;
      out = op == Op::divide ? a / b : a % b;
  }
  return overflow ? std::nullopt : std::optional(out);
}

bool is_whole(const json& value) {
  return value.is_number_integer() &&
         (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
}

json arithmetic(Op op, const json& a, const json& b) {
  if (a.is_null() || b.is_null()) return nullptr;
  if (!a.is_number() || !b.is_number()) wrong_types(symbol_of(op), a, b);
  double right = b.get<double>();
  if ((op == Op::divide || op == Op::modulo) && right == 0) throw Error("division by zero");
  if (is_whole(a) && is_whole(b))
    if (auto whole = whole_result(op, a.get<std::int64_t>(), b.get<std::int64_t>())) return *whole;
  double left = a.get<double>();
  double out = op == Op::add        ? left + right
               : op == Op::subtract ? left - right
               : op == Op::multiply ? left * right
               : op == Op::divide   ? left / right
                                    : std::fmod(left, right);
  if (!std::isfinite(out)) throw Error("a number that is too large");
  return out;
}

json sum(const json& a, const json& b) {
  if (a.is_string() && b.is_string()) {
    const auto& left = a.get_ref<const std::string&>();
    const auto& right = b.get_ref<const std::string&>();
    if (left.size() + right.size() > expression_result_max) throw Error("a text that is too long");
    return left + right;
  }
  if (a.is_array() && b.is_array()) {
    if (a.size() + b.size() > expression_result_max / 64) throw Error("a list that is too long");
    json out = a;
    out.insert(out.end(), b.begin(), b.end());
    return out;
  }
  return arithmetic(Op::add, a, b);
}

Value evaluate_binary(const Node& node, const Scope& scope) {
  Value a = evaluate(*node.args[0], scope);
  Value b = evaluate(*node.args[1], scope);
  switch (node.op) {
    case Op::equal:
      return Value(json(*a == *b));
    case Op::unequal:
      return Value(json(*a != *b));
    case Op::in:
      return Value(json(contains(*a, *b)));
    case Op::add:
      return Value(sum(*a, *b));
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
      return Value(arithmetic(node.op, *a, *b));
    default:
      return Value(json(compare(node.op, *a, *b)));
  }
}

Value evaluate_list(const Node& node, const Scope& scope) {
  json out = json::array();
  for (const auto& element_node : node.args) out.push_back(evaluate(*element_node, scope).take());
  return Value(std::move(out));
}

Value negated(const json& value) {
  if (!value.is_null() && !value.is_number())
    throw Error(fmt::format("'-' does not take {}", kind_of(value)));
  return Value(arithmetic(Op::subtract, json(0), value));
}

Value evaluate(const Node& node, const Scope& scope) {
  auto argument = [&](std::size_t i) { return evaluate(*node.args[i], scope); };
  switch (node.op) {
    case Op::literal:
      return Value(&node.value);
    case Op::root: {
      const json* found = scope.find(node.name);
      return Value(found ? found : &null_value());
    }
    case Op::path:
      return evaluate_path(node, scope);
    case Op::call:
      return evaluate_call(node, scope);
    case Op::list:
      return evaluate_list(node, scope);
    case Op::either: {
      Value left = argument(0);
      return is_empty(*left) ? argument(1) : left;
    }
    case Op::choose:
      return argument(is_true(*argument(0)) ? 1 : 2);
    case Op::logical_or:
      return Value(json(is_true(*argument(0)) || is_true(*argument(1))));
    case Op::logical_and:
      return Value(json(is_true(*argument(0)) && is_true(*argument(1))));
    case Op::logical_not:
      return Value(json(!is_true(*argument(0))));
    case Op::negate:
      return negated(*argument(0));
    default:
      return evaluate_binary(node, scope);
  }
}

}  // namespace

json evaluate_node(const Node& node, const Scope& scope) {
  return evaluate(node, scope).take();
}

bool is_empty(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.is_null() || ((value.is_array() || value.is_object()) && value.empty());
}

bool is_true(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != 0;
  return !is_empty(value);
}

std::string as_text(const json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view kind_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::boolean:
      return "true or false";
    case json::value_t::string:
      return "a text";
    case json::value_t::array:
      return "a list";
    case json::value_t::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace probackup
