// The grammar of expressions: recursive descent, one function per level of binding.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "expr/expr_node.h"
#include "expr/expr_token.h"
#include "util/text.h"

namespace probackup {
namespace {

using Node = Expression::Node;
using Pointer = Node::Pointer;

class Parser {
 public:
  Parser(std::string_view text, const std::vector<std::string>& roots)
      : tokens_(text), roots_(roots), token_(tokens_.next()) {}

  Pointer whole() {
    Pointer node = choice();
    if (token_.kind != Token::Kind::end) unexpected("an operator or the end");
    return node;
  }

 private:
  // Counts the nesting of the functions below, so that a hostile text cannot exhaust the stack.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.level_ > expression_depth_max) parser_.too_deep();
    }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  [[noreturn]] void too_deep() const { fail_at(token_.position, "nested too deeply"); }

  [[noreturn]] void unexpected(std::string_view wanted) const {
    std::string found = token_.kind == Token::Kind::end ? "the end" : "'" + token_.text + "'";
    fail_at(token_.position, fmt::format("expected {}, found {}", wanted, found));
  }

  bool at(std::string_view symbol) const {
    return token_.kind == Token::Kind::symbol && token_.text == symbol;
  }
  bool at_word(std::string_view word) const {
    return token_.kind == Token::Kind::name && token_.text == word;
  }
  Token take() { return std::exchange(token_, tokens_.next()); }
  bool accept(std::string_view symbol) {
    if (!at(symbol)) return false;
    take();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!accept(symbol)) unexpected(fmt::format("'{}'", symbol));
  }
  std::string expect_name(std::string_view wanted) {
    if (token_.kind != Token::Kind::name) unexpected(wanted);
    return take().text;
  }

  // A chain of operators of one level is a deep tree without nesting, so depth is checked here too.
  Pointer make(Node node) const {
    for (const auto& argument : node.args) node.depth = std::max(node.depth, argument->depth + 1);
    for (const auto& step : node.steps)
      if (step.index) node.depth = std::max(node.depth, step.index->depth + 1);
    if (node.depth > expression_depth_max) too_deep();
    return std::make_shared<const Node>(std::move(node));
  }
  Pointer make(Op op, std::vector<Pointer> args) const {
    Node node;
    node.op = op;
    node.args = std::move(args);
    return make(std::move(node));
  }
  Pointer literal(nlohmann::json value) const {
    Node node;
    node.value = std::move(value);
    return make(std::move(node));
  }

  Pointer choice() {
    Level level(*this);
    Pointer left = binary(0);
    if (accept("?:")) return make(Op::either, {left, choice()});
    if (!accept("?")) return left;
    Pointer yes = choice();
    expect(":");
    return make(Op::choose, {left, yes, choice()});
  }

  struct Operator {
    std::string_view symbol;
    Op op;
    int binding;  // higher binds tighter
  };

  const Operator* operator_here() const {
    static constexpr std::array<Operator, 14> operators{{
        {"||", Op::logical_or, 0},
        {"&&", Op::logical_and, 1},
        {"==", Op::equal, 2},
        {"!=", Op::unequal, 2},
        {"<", Op::less, 2},
        {"<=", Op::less_equal, 2},
        {">", Op::greater, 2},
        {">=", Op::greater_equal, 2},
        {"in", Op::in, 2},
        {"+", Op::add, 3},
        {"-", Op::subtract, 3},
        {"*", Op::multiply, 4},
        {"/", Op::divide, 4},
        {"%", Op::modulo, 4},
    }};
    for (const auto& candidate : operators)
      if (candidate.op == Op::in ? at_word("in") : at(candidate.symbol)) return &candidate;
    return nullptr;
  }

  Pointer binary(int binding) {
    Pointer left = unary();
    for (;;) {
      const Operator* found = operator_here();
      if (!found || found->binding < binding) return left;
      take();
      left = make(found->op, {left, binary(found->binding + 1)});
    }
  }

  Pointer unary() {
    Level level(*this);
    if (accept("!")) return make(Op::logical_not, {unary()});
    if (accept("-")) return make(Op::negate, {unary()});
    return pipe();
  }

  Pointer pipe() {
    Pointer value = postfix();
    while (accept("|")) {
      std::size_t position = token_.position;
      std::string name = expect_name("a function");
      std::vector<Pointer> args{value};
      if (accept("(")) arguments(")", args);
      value = call(name, std::move(args), position);
    }
    return value;
  }

  void arguments(std::string_view close, std::vector<Pointer>& out) {
    if (accept(close)) return;
    do out.push_back(choice());
    while (accept(","));
    expect(close);
  }

  Pointer call(const std::string& name, std::vector<Pointer> args, std::size_t position) const {
    const Function* function = find_function(name);
    if (!function) {
      std::vector<std::string> names;
      for (const auto& known : all_functions()) names.emplace_back(known.name);
      fail_at(position, fmt::format("unknown function '{}'{}", name, did_you_mean(name, names)));
    }
    if (function->run_restore &&
        std::find(roots_.begin(), roots_.end(), restore_root) == roots_.end())
      fail_at(position, fmt::format("'{}' belongs to the restore section", name));
    if (args.size() < function->arguments_min || args.size() > function->arguments_max)
      fail_at(position, fmt::format("wrong number of arguments for {}", function->call));
    Node node;
    node.op = Op::call;
    node.function = function;
    node.args = std::move(args);
    return make(std::move(node));
  }

  Pointer postfix() {
    Pointer base = primary();
    Node node;
    node.op = Op::path;
    for (;;) {
      if (accept("."))
        node.steps.push_back({Node::Step::Kind::member, expect_name("a member's name"), nullptr});
      else if (accept("["))
        node.steps.push_back(bracket());
      else
        break;
    }
    if (node.steps.empty()) return base;
    if (base->op == Op::root && base->name == "headers") lower_header(node.steps[0]);
    node.args.push_back(std::move(base));
    return make(std::move(node));
  }

  Node::Step bracket() {
    Node::Step step;
    if (accept("*")) {
      step.kind = Node::Step::Kind::all;
    } else {
      Pointer index = choice();
      if (index->op == Op::literal && index->value.is_string()) {
        step.name = index->value.get<std::string>();
      } else {
        step.kind = Node::Step::Kind::index;
        step.index = std::move(index);
      }
    }
    expect("]");
    return step;
  }

  // Header names are stored in lower case.
  void lower_header(Node::Step& step) const {
    if (step.kind == Node::Step::Kind::member) step.name = to_lower(step.name);
    if (step.kind == Node::Step::Kind::index)
      step.index = call("lower", {step.index}, token_.position);
  }

  Pointer primary() {
    switch (token_.kind) {
      case Token::Kind::number:
        return literal(take().number);
      case Token::Kind::text:
        return literal(take().text);
      case Token::Kind::name:
        return word();
      default:
        break;
    }
    if (accept("(")) {
      Pointer inside = choice();
      expect(")");
      return inside;
    }
    if (accept("[")) {
      std::vector<Pointer> elements;
      arguments("]", elements);
      return make(Op::list, std::move(elements));
    }
    unexpected("a value");
  }

  Pointer word() {
    std::size_t position = token_.position;
    std::string name = take().text;
    if (name == "true") return literal(true);
    if (name == "false") return literal(false);
    if (name == "null") return literal(nullptr);
    if (accept("(")) {
      std::vector<Pointer> args;
      arguments(")", args);
      return call(name, std::move(args), position);
    }
    if (std::find(roots_.begin(), roots_.end(), name) == roots_.end()) unknown(name, position);
    Node node;
    node.op = Op::root;
    node.name = std::move(name);
    return make(std::move(node));
  }

  [[noreturn]] void unknown(const std::string& name, std::size_t position) const {
    if (name == "in") fail_at(position, "'in' without a value in front");
    if (find_function(name)) fail_at(position, fmt::format("'{}' needs its arguments", name));
    fail_at(position, fmt::format("'{}' is not known here ({} are){}", name, join(roots_, ", "),
                                  did_you_mean(name, roots_)));
  }

  Tokenizer tokens_;
  const std::vector<std::string>& roots_;
  Token token_;
  std::size_t level_ = 0;
};

}  // namespace

Pointer parse_expression(std::string_view text, const std::vector<std::string>& roots) {
  if (text.size() > expression_bytes_max)
    throw Error(fmt::format("an expression of {} bytes; at most {} are allowed", text.size(),
                            expression_bytes_max));
  return Parser(text, roots).whole();
}

}  // namespace probackup
