// From JSON to the tree of a template, with every mistake placed.
#include <fmt/format.h>

#include <algorithm>

#include "expr/expr_node.h"
#include "expr/template_node.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t template_depth_max = 64;

using nlohmann::json;
using Node = Template::Node;
using Pointer = Node::Pointer;
using Kind = Node::Kind;
using Mistakes = std::vector<std::pair<std::string, std::string>>;

// The end of an expression that begins at `at`: the position of its "}". Texts may hold one.
std::size_t closing_brace(std::string_view text, std::size_t at) {
  for (bool quoted = false; at < text.size(); ++at) {
    if (quoted && text[at] == '\\')
      ++at;
    else if (text[at] == '\'')
      quoted = !quoted;
    else if (!quoted && text[at] == '}')
      return at;
  }
  throw Error("'${' without its '}'");
}

std::vector<Node::Part> parse_parts(std::string_view text, const std::vector<std::string>& roots) {
  std::vector<Node::Part> parts;
  std::string literal;
  auto flush = [&] {
    if (!literal.empty()) parts.push_back({std::exchange(literal, {}), std::nullopt});
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 3) == "$${") {
      literal += "${";
      at += 3;
    } else if (text.substr(at, 2) == "${") {
      std::size_t end = closing_brace(text, at + 2);
      flush();
      parts.push_back({{}, Expression::parse(text.substr(at + 2, end - at - 2), roots)});
      at = end + 1;
    } else {
      literal += text[at++];
    }
  }
  flush();
  return parts;
}

class TemplateParser {
 public:
  explicit TemplateParser(Mistakes& mistakes) : mistakes_(mistakes) {}

  // Null after a mistake.
  Pointer parse(const json& value, const std::vector<std::string>& roots, const std::string& path,
                std::size_t depth = 0) {
    if (depth > template_depth_max) return mistake(path, "nested too deeply");
    if (value.is_string()) return parse_text(value.get_ref<const std::string&>(), roots, path);
    if (value.is_array()) return parse_list(value, roots, path, depth);
    if (!value.is_object()) return literal(value);
    if (value.contains("$each")) return parse_each(value, roots, path, depth);
    if (value.contains("$case")) return parse_case(value, roots, path, depth);
    if (value.contains("$json")) return parse_print(value, roots, path, depth);
    return parse_object(value, roots, path, depth);
  }

 private:
  Pointer mistake(const std::string& path, const std::string& message) {
    mistakes_.emplace_back(path, message);
    return nullptr;
  }

  static Pointer make(Node node) { return std::make_shared<const Node>(std::move(node)); }
  static Pointer literal(json value) {
    Node node{};
    node.value = std::move(value);
    return make(std::move(node));
  }

  Pointer parse_text(const std::string& text, const std::vector<std::string>& roots,
                     const std::string& path) {
    try {
      auto parts = parse_parts(text, roots);
      if (parts.empty()) return literal("");
      if (parts.size() == 1 && !parts[0].expression) return literal(parts[0].text);
      Node node{};
      node.kind = Kind::mixed;
      if (parts.size() == 1) {
        node.kind = Kind::expression;
        node.source = std::move(parts[0].expression);
      } else {
        node.parts = std::move(parts);
      }
      return make(std::move(node));
    } catch (const Error& error) {
      return mistake(path, error.what());
    }
  }

  std::optional<Expression> parse_expression_at(const json& object, const char* key,
                                                const std::vector<std::string>& roots,
                                                const std::string& path) {
    std::string place = path + pointer_step(key);
    const json& value = object.at(key);
    Pointer node = literal(value);
    if (value.is_string()) node = parse_text(value.get_ref<const std::string&>(), roots, place);
    if (node && node->kind == Kind::expression) return node->source;
    if (node) mistake(place, "expected an expression, \"${…}\"");
    return std::nullopt;
  }

  Pointer parse_list(const json& value, const std::vector<std::string>& roots,
                     const std::string& path, std::size_t depth) {
    Node node{};
    node.kind = Kind::list;
    for (std::size_t i = 0; i < value.size(); ++i)
      node.children.emplace_back(
          "", parse(value[i], roots, path + pointer_step(std::to_string(i)), depth + 1));
    return finish(std::move(node), value);
  }

  Pointer parse_object(const json& value, const std::vector<std::string>& roots,
                       const std::string& path, std::size_t depth) {
    Node node{};
    node.kind = Kind::object;
    for (const auto& [name, member] : value.items()) {
      if (name.starts_with('$'))
        mistake(path + pointer_step(name), "there are only $each, $case and $json");
      node.children.emplace_back(name, parse(member, roots, path + pointer_step(name), depth + 1));
    }
    return finish(std::move(node), value);
  }

  // A list or object without expressions is kept as the value it is.
  static Pointer finish(Node node, const json& value) {
    bool fixed = std::all_of(node.children.begin(), node.children.end(), [](const auto& child) {
      return child.second && child.second->kind == Kind::literal;
    });
    if (!fixed) return make(std::move(node));
    json out = value;
    std::size_t i = 0;
    for (auto& element : out) element = node.children[i++].second->value;  // "$${" unescaped
    return literal(std::move(out));
  }

  void only_members(const json& value, const std::vector<std::string>& known,
                    const std::string& path) {
    for (const auto& [name, member] : value.items())
      if (std::find(known.begin(), known.end(), name) == known.end())
        mistake(path + pointer_step(name), fmt::format("unknown key{}", did_you_mean(name, known)));
  }

  Pointer parse_each(const json& value, const std::vector<std::string>& roots,
                     const std::string& path, std::size_t depth) {
    only_members(value, {"$each", "if", "key", "value"}, path);
    if (each_level_ == each_level_max) return mistake(path, "$each inside $each too deeply");
    Node node{};
    node.kind = Kind::each;
    node.source = parse_expression_at(value, "$each", roots, path);
    std::vector<std::string> inside = roots;
    inside.emplace_back("item");
    if (value.contains("if")) node.when = parse_expression_at(value, "if", inside, path);
    if (!value.contains("value")) return mistake(path, "$each without \"value\"");
    ++each_level_;
    for (const char* key : {"key", "value"})
      if (value.contains(key))
        node.children.emplace_back(
            key, parse(value.at(key), inside, path + pointer_step(key), depth + 1));
    --each_level_;
    return make(std::move(node));
  }

  Pointer parse_case(const json& value, const std::vector<std::string>& roots,
                     const std::string& path, std::size_t depth) {
    Node node{};
    node.kind = Kind::pick;
    node.source = parse_expression_at(value, "$case", roots, path);
    for (const auto& [name, member] : value.items())
      if (name != "$case")
        node.children.emplace_back(name,
                                   parse(member, roots, path + pointer_step(name), depth + 1));
    if (node.children.empty()) return mistake(path, "$case without a member to pick");
    return make(std::move(node));
  }

  Pointer parse_print(const json& value, const std::vector<std::string>& roots,
                      const std::string& path, std::size_t depth) {
    only_members(value, {"$json"}, path);
    Node node{};
    node.kind = Kind::print;
    node.children.emplace_back("", parse(value.at("$json"), roots, path + "/$json", depth + 1));
    return make(std::move(node));
  }

  // The work of nested loops multiplies.
  static constexpr std::size_t each_level_max = 3;
  Mistakes& mistakes_;
  std::size_t each_level_ = 0;
};

}  // namespace

Pointer parse_template(const json& value, const std::vector<std::string>& roots,
                       Mistakes& mistakes) {
  return TemplateParser(mistakes).parse(value, roots, "");
}

std::string pointer_step(std::string_view name) {
  std::string out = "/";
  for (char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace probackup
