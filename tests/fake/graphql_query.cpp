#include "fake/graphql_query.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace probackup {

namespace {

constexpr unsigned depth_max = 30;
constexpr std::size_t page_max = 100;
// Fragments on these apply to whatever object they meet.
constexpr std::array interfaces{"Actor",
                                "Node",
                                "Comment",
                                "ProjectV2FieldCommon",
                                "ProjectV2ItemFieldValueCommon",
                                "RepositoryOwner",
                                "ProjectV2Owner"};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// A recursive-descent parser over one document.
class Parser {
 public:
  Parser(std::string_view text, const JsonRecord& variables) : text_(text), variables_(variables) {}

  GraphqlOperation document() {
    std::size_t operation = std::string_view::npos;
    bool is_mutation = false;
    for (skip(); at_ < text_.size(); skip()) {
      const auto begin = at_;
      const auto word = peek() == '{' ? std::string("query") : name();
      if (word == "fragment") {
        const auto fragment = name();
        skip_to('{');
        fragments_[fragment] = at_;
      } else if (word == "query" || word == "mutation") {
        is_mutation = word == "mutation";
        operation = begin;
        if (peek() != '{') skip_to('{');
      } else {
        throw GraphqlError("Expected a query, actual: " + word);
      }
      skip_block();
    }
    if (operation == std::string_view::npos) throw GraphqlError("A query is missing");
    at_ = operation;
    read_defaults();
    return {is_mutation, selections(0)};
  }

 private:
  void skip() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == ',') {
        ++at_;
      } else {
        return;
      }
    }
  }
  char peek() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) throw GraphqlError(std::string("Expected ") + c + " in the query");
  }
  std::string name() {
    skip();
    const auto begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ == begin) throw GraphqlError("Expected a name in the query");
    return std::string(text_.substr(begin, at_ - begin));
  }
  void skip_to(char c) {
    at_ = text_.find(c, at_);
    if (at_ == std::string_view::npos) throw GraphqlError("The query ends too early");
  }
  void skip_block() {
    int depth = 0;
    do {
      const char c = peek();
      if (c == '\0') throw GraphqlError("The query ends too early");
      if (c == '{') ++depth;
      if (c == '}') --depth;
      ++at_;
    } while (depth > 0);
  }

  // "query Name($a: Int = 5, $b: ID!)": only the default values matter here.
  void read_defaults() {
    if (peek() == '{') return;
    name();
    if (peek() != '(' && peek() != '{') name();
    if (!take('(')) return;
    while (!take(')')) {
      expect('$');
      const auto variable = name();
      expect(':');
      while (peek() != '$' && peek() != ')' && peek() != '=') ++at_;
      if (take('=')) defaults_[variable] = value();
    }
  }

  std::vector<GraphqlField> selections(unsigned depth) {
    if (depth > depth_max) throw GraphqlError("The query is too deep");
    expect('{');
    std::vector<GraphqlField> fields;
    while (!take('}')) {
      if (text_.substr(at_, 3) == "...") {
        fields.push_back(fragment(depth));
      } else {
        fields.push_back(field(depth));
      }
    }
    return fields;
  }

  GraphqlField fragment(unsigned depth) {
    at_ += 3;
    GraphqlField field;
    field.is_fragment = true;
    if (peek() != '{') field.on = name();
    if (field.on == "on") {
      field.on = name();
      field.fields = selections(depth + 1);
      return field;
    }
    if (field.on.empty()) {
      field.fields = selections(depth + 1);
      return field;
    }
    const auto found = fragments_.find(field.on);
    if (found == fragments_.end()) throw GraphqlError("Fragment " + field.on + " was not defined");
    const auto back = at_;
    at_ = found->second;
    field.on.clear();
    field.fields = selections(depth + 1);
    at_ = back;
    return field;
  }

  GraphqlField field(unsigned depth) {
    GraphqlField field;
    field.name = field.alias = name();
    if (take(':')) field.name = name();
    if (take('(')) {
      while (!take(')')) {
        const auto argument = name();
        expect(':');
        field.arguments[argument] = value();
      }
    }
    if (peek() == '{') field.fields = selections(depth + 1);
    return field;
  }

  JsonRecord value() {
    const char c = peek();
    if (c == '$') {
      ++at_;
      const auto variable = name();
      if (variables_.contains(variable)) return variables_.at(variable);
      const auto found = defaults_.find(variable);
      return found == defaults_.end() ? JsonRecord(nullptr) : found->second;
    }
    if (c == '"') return string_value();
    if (c == '[') {
      ++at_;
      auto list = JsonRecord::array();
      while (!take(']')) list.push_back(value());
      return list;
    }
    if (c == '{') {
      ++at_;
      auto object = JsonRecord::object();
      while (!take('}')) {
        const auto member = name();
        expect(':');
        object[member] = value();
      }
      return object;
    }
    if (c == '-') ++at_;
    auto word = name();
    if (c == '-') word.insert(0, "-");
    const auto parsed = JsonRecord::parse(word, nullptr, false);
    return parsed.is_discarded() ? JsonRecord(word) : parsed;  // an enum is a bare word
  }

  JsonRecord string_value() {
    const auto begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) throw GraphqlError("A string does not end");
    ++at_;
    const auto parsed = JsonRecord::parse(text_.substr(begin, at_ - begin), nullptr, false);
    if (parsed.is_discarded()) throw GraphqlError("A string is broken");
    return parsed;
  }

  std::string_view text_;
  const JsonRecord& variables_;
  std::size_t at_ = 0;
  std::map<std::string, std::size_t> fragments_;  // where their selections begin
  std::map<std::string, JsonRecord> defaults_;
};

bool applies(const std::string& condition, const JsonRecord& object) {
  if (condition.empty() || object.at("__typename") == condition) return true;
  return std::find(interfaces.begin(), interfaces.end(), condition) != interfaces.end();
}

// The nodes in the order that `orderBy` asks for; they come in ascending order.
JsonRecord ordered(const JsonRecord& nodes, const GraphqlField& field) {
  const auto order = field.arguments.find("orderBy");
  const bool descending = order != field.arguments.end() && order->second.is_object() &&
                          order->second.value("direction", "") == "DESC";
  if (!descending) return nodes;
  auto reversed = JsonRecord::array();
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) reversed.push_back(*node);
  return reversed;
}

bool asks_for_count_only(const GraphqlField& field) {
  return std::all_of(field.fields.begin(), field.fields.end(),
                     [](const GraphqlField& f) { return f.name == "totalCount"; });
}

// What a page goes on after. A cursor stays good when its record is deleted.
std::string cursor_of(const JsonRecord& node) {
  return node.contains("databaseId") ? node.at("databaseId").dump()
                                     : node.at("id").get<std::string>();
}

// The index behind the record that a cursor names, or named.
std::size_t index_after(const JsonRecord& nodes, const std::string& cursor) {
  const auto number = [](const JsonRecord& node) {
    return node.value("databaseId", std::int64_t{0});
  };
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (cursor_of(nodes[i]) == cursor) return i + 1;
  const auto wanted = JsonRecord::parse(cursor, nullptr, false);
  if (!wanted.is_number_integer())
    throw GraphqlError("`" + cursor + "` does not appear to be a valid cursor.");
  const bool descending = nodes.size() > 1 && number(nodes.front()) > number(nodes.back());
  std::size_t at = 0;
  while (at < nodes.size() && (number(nodes[at]) < wanted.get<std::int64_t>()) != descending) ++at;
  return at;
}

JsonRecord page_of(const JsonRecord& connection, const GraphqlField& field) {
  const auto all = ordered(connection.at("__connection"), field);
  if (asks_for_count_only(field)) return {{"__typename", "Connection"}, {"totalCount", all.size()}};
  const auto first = field.arguments.find("first");
  if (first == field.arguments.end() || !first->second.is_number_unsigned()) {
    throw GraphqlError("You must provide a `first` or `last` value to properly paginate the `" +
                       field.name + "` connection.");
  }
  const auto count = first->second.get<std::size_t>();
  if (count < 1 || count > page_max) {
    throw GraphqlError("Requesting " + std::to_string(count) + " records on the `" + field.name +
                       "` connection exceeds the `first` limit of 100 records.");
  }
  std::size_t begin = 0;
  if (const auto after = field.arguments.find("after");
      after != field.arguments.end() && after->second.is_string()) {
    begin = index_after(all, after->second.get_ref<const std::string&>());
  }
  const auto end = std::min(all.size(), begin + count);
  JsonRecord page{{"__typename", "Connection"}, {"totalCount", all.size()}};
  page["nodes"] = JsonRecord::array();
  page["edges"] = JsonRecord::array();
  for (auto i = begin; i < end; ++i) {
    page["nodes"].push_back(all[i]);
    page["edges"].push_back(
        {{"__typename", "Edge"}, {"cursor", cursor_of(all[i])}, {"node", all[i]}});
  }
  page["pageInfo"] = {
      {"__typename", "PageInfo"},
      {"hasNextPage", end < all.size()},
      {"hasPreviousPage", begin > 0},
      {"startCursor", begin < end ? JsonRecord(cursor_of(all[begin])) : JsonRecord(nullptr)},
      {"endCursor", begin < end ? JsonRecord(cursor_of(all[end - 1])) : JsonRecord(nullptr)}};
  return page;
}

JsonRecord select_value(const JsonRecord& value, const GraphqlField& field) {
  if (value.is_array()) {
    auto list = JsonRecord::array();
    for (const auto& entry : value) list.push_back(select_value(entry, field));
    return list;
  }
  if (!value.is_object()) return value;
  if (field.fields.empty()) {
    throw GraphqlError("Field must have selections (field '" + field.name + "')");
  }
  if (value.contains("__connection")) return select_graphql(page_of(value, field), field.fields);
  return select_graphql(value, field.fields);
}

}  // namespace

GraphqlOperation parse_graphql_operation(std::string_view document, const JsonRecord& variables) {
  return Parser(document, variables).document();
}

std::vector<GraphqlField> parse_graphql(std::string_view document, const JsonRecord& variables) {
  auto operation = parse_graphql_operation(document, variables);
  if (operation.is_mutation) throw GraphqlError("Expected a query, actual: mutation");
  return std::move(operation.fields);
}

JsonRecord select_graphql(const JsonRecord& object, const std::vector<GraphqlField>& fields) {
  auto selected = JsonRecord::object();
  for (const auto& field : fields) {
    if (field.is_fragment) {
      if (applies(field.on, object)) selected.update(select_graphql(object, field.fields));
      continue;
    }
    if (!object.contains(field.name)) {
      throw GraphqlError("Field '" + field.name + "' doesn't exist on type '" +
                         object.at("__typename").get<std::string>() + "'");
    }
    selected[field.alias] = select_value(object.at(field.name), field);
  }
  return selected;
}

}  // namespace probackup
