// The expressions and templates of connector files: `${record.board.id}`. Typed, without loops,
// assignment or input and output; an expression always ends.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probackup/error.h"

namespace probackup {

// What a restore knows of its target; the functions ref, person and relink ask it.
class References {
 public:
  virtual ~References() = default;
  // The new id of a thing of one of these kinds, as text; nothing where there is none.
  virtual std::optional<std::string> ref(const std::string& old_id,
                                         const std::vector<std::string>& kinds) = 0;
  virtual std::optional<std::string> person(const std::string& old_id) = 0;
  virtual std::optional<std::string> person_name(const std::string& old_id) = 0;
  virtual std::string relink(const std::string& text) = 0;
  // The text such that it tells nobody whom it mentions, unless people are to be told.
  virtual std::string mute(const std::string& text) = 0;
};

// The root that only the restore section has.
inline constexpr std::string_view restore_root = "target";

// The names that an expression sees. Values must outlive the scope. Scopes may be chained: a name
// that is not here is looked up in `outer`.
class Scope {
 public:
  explicit Scope(const Scope* outer = nullptr) : outer_(outer) {}
  void set(std::string_view name, const nlohmann::json* value);
  const nlohmann::json* find(std::string_view name) const;
  // Must outlive the scope.
  void set_references(References* references) { references_ = references; }
  // Null outside of a restore.
  References* references() const;

 private:
  const Scope* outer_;
  References* references_ = nullptr;
  std::vector<std::pair<std::string, const nlohmann::json*>> names_;
};

// A parsed expression (without "${" and "}"). Immutable, cheap to copy, safe for concurrent use.
//   path      record.a.b[0]['odd name'], record.list[*].id (a list); a missing member is null
//   literals  'text', 12, 1.5, true, false, null, [a, b]
//   operators ! && || == != < <= > >= in + - * / %, c ? a : b, a ?: b (b where a is null or empty)
//   calls     x | f(a) and f(x, a): see expression_functions()
// docs/connectors/README.md has the rules for null and for types.
class Expression {
 public:
  // `roots`: the names that may stand at the front of a path; with restore_root among them the
  // functions of a restore may be called. Throws Error with the position and what was expected, for
  // unknown roots and functions too.
  static Expression parse(std::string_view text, const std::vector<std::string>& roots);
  // Throws Error naming the expression for a type error (a number subtracted from a text).
  nlohmann::json evaluate(const Scope& scope) const;
  bool holds(const Scope& scope) const;  // null, false, "", 0, [] and {} are false
  const std::string& text() const;
  // True if the expression mentions this root.
  bool uses(std::string_view root) const;
  // The member names that stand directly behind this root: {"token"} for `config.token`.
  std::vector<std::string> members(std::string_view root) const;
  // The kinds that its calls of ref and refs name.
  std::vector<std::string> ref_kinds() const;
  // Set when the expression is exactly `root.a.b` with plain member names: "a.b".
  std::optional<std::string> plain_path(std::string_view root) const;

  struct Node;

 private:
  std::shared_ptr<const Node> node_;
  std::shared_ptr<const std::string> text_;
};

// Call and one line of help of every function ("split(text, separator)"), for docs and lint.
std::vector<std::pair<std::string, std::string>> expression_functions();

// A JSON value with `${…}` inside its strings. A string that is exactly one `${…}` keeps its type;
// mixed text concatenates; a member whose expression gives null is dropped, a literal null stays.
// {"$each": "${list}", "if": E, "key": K, "value": V} makes an object, or a list without "key";
// {"$case": "${x}", "a": A, "*": other} picks a member; {"$json": T} is T printed as JSON text.
class Template {
 public:
  Template();  // gives null
  // Throws Error for the first mistake.
  static Template parse(const nlohmann::json& value, const std::vector<std::string>& roots);
  // The same, but adds every mistake to `mistakes` as {JSON pointer inside `value`, message}.
  static Template parse(const nlohmann::json& value, const std::vector<std::string>& roots,
                        std::vector<std::pair<std::string, std::string>>& mistakes);
  // Throws Error, as Expression::evaluate does.
  nlohmann::json evaluate(const Scope& scope) const;
  // As text: strings as they are, null as "", numbers and booleans printed, others as JSON.
  std::string text(const Scope& scope) const;
  bool empty() const;  // made by the default constructor
  bool uses(std::string_view root) const;
  std::vector<std::string> members(std::string_view root) const;
  std::vector<std::string> ref_kinds() const;
  // False when it is the same whatever the scope says.
  bool varies() const;
  // Set when the template is exactly `${root.a.b}` with plain member names: "a.b".
  std::optional<std::string> plain_path(std::string_view root) const;

  struct Node;

 private:
  std::shared_ptr<const Node> node_;
};

}  // namespace probackup
