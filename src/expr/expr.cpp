#include "expr/expr.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/expr_node.h"

namespace probackup {
namespace {

using Node = Expression::Node;

template <typename Visit>
void visit_nodes(const Node& node, const Visit& visit) {
  visit(node);
  for (const auto& argument : node.args) visit_nodes(*argument, visit);
  for (const auto& step : node.steps)
    if (step.index) visit_nodes(*step.index, visit);
}

bool is_root(const Node& node, std::string_view root) {
  return node.op == Op::root && node.name == root;
}

}  // namespace

void Scope::set(std::string_view name, const nlohmann::json* value) {
  for (auto& [known, old] : names_) {
    if (known != name) continue;
    old = value;
    return;
  }
  names_.emplace_back(name, value);
}

const nlohmann::json* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope; scope = scope->outer_)
    for (const auto& [known, value] : scope->names_)
      if (known == name) return value;
  return nullptr;
}

References* Scope::references() const {
  for (const Scope* scope = this; scope; scope = scope->outer_)
    if (scope->references_) return scope->references_;
  return nullptr;
}

Expression Expression::parse(std::string_view text, const std::vector<std::string>& roots) {
  Expression out;
  out.node_ = parse_expression(text, roots);
  out.text_ = std::make_shared<const std::string>(text);
  return out;
}

nlohmann::json Expression::evaluate(const Scope& scope) const {
  if (!node_) return nullptr;
  try {
    return evaluate_node(*node_, scope);
  } catch (const Error& error) {
    throw Error(fmt::format("${{{}}}: {}", *text_, error.what()));
  }
}

bool Expression::holds(const Scope& scope) const {
  return is_true(evaluate(scope));
}

const std::string& Expression::text() const {
  static const std::string none;
  return text_ ? *text_ : none;
}

bool Expression::uses(std::string_view root) const {
  bool found = false;
  if (node_) visit_nodes(*node_, [&](const Node& node) { found = found || is_root(node, root); });
  return found;
}

std::vector<std::string> Expression::members(std::string_view root) const {
  std::vector<std::string> out;
  if (!node_) return out;
  visit_nodes(*node_, [&](const Node& node) {
    if (node.op != Op::path || !is_root(*node.args[0], root)) return;
    if (node.steps[0].kind == Node::Step::Kind::member) out.push_back(node.steps[0].name);
  });
  return out;
}

std::vector<std::string> Expression::ref_kinds() const {
  std::vector<std::string> out;
  if (!node_) return out;
  visit_nodes(*node_, [&](const Node& node) {
    bool names_kinds =
        node.op == Op::call && (node.function->name == "ref" || node.function->name == "refs");
    for (std::size_t i = 1; names_kinds && i < node.args.size(); ++i)
      if (node.args[i]->op == Op::literal && node.args[i]->value.is_string())
        out.push_back(node.args[i]->value.get<std::string>());
  });
  return out;
}

std::optional<std::string> Expression::plain_path(std::string_view root) const {
  if (!node_ || node_->op != Op::path || !is_root(*node_->args[0], root)) return std::nullopt;
  std::string out;
  for (const auto& step : node_->steps) {
    if (step.kind != Node::Step::Kind::member) return std::nullopt;
    if (step.name.empty() || step.name.find_first_of(".[]") != std::string::npos)
      return std::nullopt;
    if (!out.empty()) out += '.';
    out += step.name;
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> expression_functions() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& function : all_functions()) out.emplace_back(function.call, function.help);
  return out;
}

}  // namespace probackup
