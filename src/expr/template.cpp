// Evaluation of templates.
#include <fmt/format.h>

#include "expr/expr_node.h"
#include "expr/template_node.h"

namespace probackup {
namespace {

using nlohmann::json;
using Node = Template::Node;
using Kind = Node::Kind;
using Mistakes = std::vector<std::pair<std::string, std::string>>;

json evaluate(const Node& node, const Scope& scope);

// Whether null means "leave this member out" here: a null that is written in the file stays.
bool drops(const Node& node, const json& value) {
  return value.is_null() && node.kind != Kind::literal;
}

json evaluate_mixed(const Node& node, const Scope& scope) {
  std::string out;
  for (const auto& part : node.parts) {
    out += part.expression ? as_text(part.expression->evaluate(scope)) : part.text;
    if (out.size() > expression_result_max) throw Error("a template's text is too long");
  }
  return out;
}

json evaluate_members(const Node& node, const Scope& scope) {
  json out = node.kind == Kind::object ? json::object() : json::array();
  for (const auto& [name, child] : node.children) {
    json value = evaluate(*child, scope);
    if (drops(*child, value)) continue;
    if (node.kind == Kind::object)
      out[name] = std::move(value);
    else
      out.push_back(std::move(value));
  }
  return out;
}

json evaluate_each(const Node& node, const Scope& scope) {
  json list = node.source->evaluate(scope);
  if (list.is_null()) return nullptr;
  if (!list.is_array())
    throw Error(fmt::format("$each ${{{}}}: expected a list, found {}", node.source->text(),
                            kind_of(list)));
  const Node* key = node.children.size() == 2 ? node.children[0].second.get() : nullptr;
  const Node& value_node = *node.children.back().second;
  json out = key ? json::object() : json::array();
  for (const json& item : list) {
    Scope inside(&scope);
    inside.set("item", &item);
    if (node.when && !node.when->holds(inside)) continue;
    json value = evaluate(value_node, inside);
    if (drops(value_node, value)) continue;
    if (!key) {
      out.push_back(std::move(value));
      continue;
    }
    json name = evaluate(*key, inside);
    if (!name.is_null()) out[as_text(name)] = std::move(value);
  }
  return out;
}

json evaluate_case(const Node& node, const Scope& scope) {
  std::string wanted = as_text(node.source->evaluate(scope));
  const Node* other = nullptr;
  for (const auto& [name, child] : node.children) {
    if (name == wanted) return evaluate(*child, scope);
    if (name == "*") other = child.get();
  }
  return other ? evaluate(*other, scope) : json();
}

json evaluate(const Node& node, const Scope& scope) {
  switch (node.kind) {
    case Kind::literal:
      return node.value;
    case Kind::expression:
      return node.source->evaluate(scope);
    case Kind::mixed:
      return evaluate_mixed(node, scope);
    case Kind::object:
    case Kind::list:
      return evaluate_members(node, scope);
    case Kind::each:
      return evaluate_each(node, scope);
    case Kind::pick:
      return evaluate_case(node, scope);
    case Kind::print:
      break;
  }
  json value = evaluate(*node.children[0].second, scope);
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

template <typename Visit>
void visit_expressions(const Node& node, const Visit& visit) {
  for (const auto& expression : {&node.source, &node.when})
    if (*expression) visit(**expression);
  for (const auto& part : node.parts)
    if (part.expression) visit(*part.expression);
  for (const auto& [name, child] : node.children) visit_expressions(*child, visit);
}

}  // namespace

Template::Template() = default;

Template Template::parse(const json& value, const std::vector<std::string>& roots,
                         Mistakes& mistakes) {
  std::size_t before = mistakes.size();
  auto node = parse_template(value, roots, mistakes);
  Template out;
  if (mistakes.size() == before) out.node_ = std::move(node);
  return out;
}

Template Template::parse(const json& value, const std::vector<std::string>& roots) {
  Mistakes mistakes;
  Template out = parse(value, roots, mistakes);
  if (mistakes.empty()) return out;
  const auto& [path, message] = mistakes.front();
  throw Error(path.empty() ? message : path + ": " + message);
}

json Template::evaluate(const Scope& scope) const {
  return node_ ? probackup::evaluate(*node_, scope) : json();
}

std::string Template::text(const Scope& scope) const {
  return as_text(evaluate(scope));
}

bool Template::empty() const {
  return !node_;
}

bool Template::uses(std::string_view root) const {
  bool found = false;
  if (node_) visit_expressions(*node_, [&](const Expression& e) { found = found || e.uses(root); });
  return found;
}

std::vector<std::string> Template::members(std::string_view root) const {
  std::vector<std::string> out;
  if (!node_) return out;
  visit_expressions(*node_, [&](const Expression& expression) {
    for (auto& name : expression.members(root)) out.push_back(std::move(name));
  });
  return out;
}

std::vector<std::string> Template::ref_kinds() const {
  std::vector<std::string> out;
  if (!node_) return out;
  visit_expressions(*node_, [&](const Expression& expression) {
    for (auto& kind : expression.ref_kinds()) out.push_back(std::move(kind));
  });
  return out;
}

bool Template::varies() const {
  return node_ && node_->kind != Node::Kind::literal;
}

std::optional<std::string> Template::plain_path(std::string_view root) const {
  if (!node_ || node_->kind != Node::Kind::expression) return std::nullopt;
  return node_->source->plain_path(root);
}

}  // namespace probackup
