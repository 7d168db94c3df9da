// Takes values out of the objects of a connector file, and reports what is wrong with them instead
// of stopping: the tool of the loader's parts.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"
#include "probackup/connector.h"

namespace probackup {

using Roots = std::vector<std::string>;

// A value and its place; `value` is null when there is none.
struct Found {
  const nlohmann::json* value = nullptr;
  std::string pointer;
  explicit operator bool() const { return value != nullptr; }
};

// What one load shares. Not for concurrent use.
class LoadContext {
 public:
  explicit LoadContext(std::string file) : file_(std::move(file)) {}

  void add(const std::string& pointer, const std::string& message);
  std::vector<LintProblem>& problems() { return problems_; }

  // The declared settings by name; true for secrets.
  std::map<std::string, bool> settings;
  std::set<std::string> settings_used;
  std::vector<std::string> streams;  // the names of all streams of the file
  bool graphql_endpoint = false;     // http.graphql is there
  // Kinds of the restore section that expressions name, and where.
  std::vector<std::pair<std::string, std::string>> kinds_used;

  // A template or an expression whose settings exist. Nothing after a mistake.
  std::optional<Template> parse_template(const Found& found, const Roots& roots);
  std::optional<Expression> parse_expression(const Found& found, const Roots& roots);
  // Reports a template that puts a secret setting into a place that logs and servers show.
  void refuse_secrets(const Template& value, const std::string& pointer);

 private:
  template <class Parsed>
  void note_names(const Parsed& parsed, const std::string& pointer);

  std::string file_;
  std::vector<LintProblem> problems_;
};

// One object of the file. Keys that are asked for are known; finish() reports the others.
class ObjectReader {
 public:
  // Reports a value that is no object, and reads it as an empty one then.
  ObjectReader(LoadContext& context, Found object);
  // Keys in `keys` that this object does not have are taken from `lower`; null here hides them.
  void add_layer(const Found& lower, std::span<const std::string_view> keys);

  bool has(std::string_view key) { return static_cast<bool>(find(key)); }
  Found find(std::string_view key);
  Found require(std::string_view key);

  std::string text(std::string_view key);           // "" when it is not there
  std::string required_text(std::string_view key);  // reports absence and ""
  bool flag(std::string_view key);
  std::int64_t number(std::string_view key, std::int64_t min, std::int64_t max,
                      std::int64_t otherwise);
  std::chrono::nanoseconds duration(std::string_view key);
  std::vector<std::string> texts(std::string_view key);  // a list of texts
  // The index of the word in `words`; `otherwise` when the key is not there or is wrong.
  std::size_t word(std::string_view key, std::initializer_list<std::string_view> words,
                   std::size_t otherwise);
  std::optional<Template> templated(std::string_view key, const Roots& roots);
  std::optional<Expression> expression(std::string_view key, const Roots& roots);
  // An object of templates; members of layers are merged, null takes one away.
  std::map<std::string, Template> templates(std::string_view key, const Roots& roots);
  // A dotted path in a record; `through_lists` allows "[*]" and "".
  std::string path(std::string_view key, bool through_lists);
  // A text without "${" is a path in the record.
  std::optional<Template> path_or_template(std::string_view key, const Roots& roots);

  // The objects of a list.
  std::vector<Found> objects(std::string_view key);

  void know(std::span<const std::string_view> keys);
  // Reports `key`, and no longer as unknown.
  void refuse(std::string_view key, const std::string& why);
  // Reports every own key that nobody asked for.
  void finish();

  const Found& own() const { return layers_.front().object; }
  const std::string& pointer() const { return layers_.front().object.pointer; }
  LoadContext& context() { return context_; }

 private:
  struct Layer {
    Found object;
    std::span<const std::string_view> keys;  // empty: all
  };
  std::vector<Found> find_all(std::string_view key);

  LoadContext& context_;
  std::vector<Layer> layers_;
  std::set<std::string, std::less<>> known_;
};

// Reports what is no path; true for a good one.
bool check_path(LoadContext& context, const Found& found, bool through_lists);
// The expression `record['a']['b']` for the path "a.b".
std::string record_expression(std::string_view path);
// The text at `found`, which must be one; else nothing, reported.
std::optional<std::string> text_at(LoadContext& context, const Found& found);

}  // namespace probackup
