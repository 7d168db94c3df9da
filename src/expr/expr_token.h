// The tokens of an expression's text.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace probackup {

struct Token {
  enum class Kind { end, name, number, text, symbol } kind = Kind::end;
  std::string text;  // the name, the symbol, or the content of a text
  nlohmann::json number;
  std::size_t position = 0;  // of its first byte
};

// Throws Error("character N: why"), counted from 1.
[[noreturn]] void fail_at(std::size_t position, const std::string& why);

class Tokenizer {
 public:
  // `text` must outlive the object.
  explicit Tokenizer(std::string_view text) : text_(text) {}
  // The next token; `end` for ever after the last one. Throws Error for what is no token.
  Token next();

 private:
  Token name(Token token);
  Token number(Token token);
  Token quoted(Token token);
  char escaped();
  Token symbol(Token token);

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace probackup
