#include "expr/expr_token.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "probackup/error.h"

namespace probackup {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
  return is_name_start(c) || is_digit(c);
}

nlohmann::json value_of(const std::string& digits, bool fraction, std::size_t position) {
  const char* end = digits.data() + digits.size();
  std::int64_t whole = 0;
  double real = 0;
  auto result = fraction ? std::from_chars(digits.data(), end, real)
                         : std::from_chars(digits.data(), end, whole);
  if (result.ec != std::errc{}) fail_at(position, "a number that is too large");
  return fraction ? nlohmann::json(real) : nlohmann::json(whole);
}

}  // namespace

void fail_at(std::size_t position, const std::string& why) {
  throw Error(fmt::format("character {}: {}", position + 1, why));
}

Token Tokenizer::next() {
  while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  Token token;
  token.position = at_;
  if (at_ == text_.size()) return token;
  char c = text_[at_];
  if (is_name_start(c)) return name(std::move(token));
  if (is_digit(c)) return number(std::move(token));
  if (c == '\'') return quoted(std::move(token));
  return symbol(std::move(token));
}

Token Tokenizer::name(Token token) {
  std::size_t start = at_;
  while (at_ < text_.size() && is_name(text_[at_])) ++at_;
  token.kind = Token::Kind::name;
  token.text = text_.substr(start, at_ - start);
  return token;
}

Token Tokenizer::number(Token token) {
  std::size_t start = at_;
  bool fraction = false;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
    fraction = true;
    for (++at_; at_ < text_.size() && is_digit(text_[at_]);) ++at_;
  }
  token.kind = Token::Kind::number;
  token.text = text_.substr(start, at_ - start);
  token.number = value_of(token.text, fraction, start);
  return token;
}

Token Tokenizer::quoted(Token token) {
  token.kind = Token::Kind::text;
  for (++at_; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == '\'') {
      ++at_;
      return token;
    }
    if (c == '\\') c = escaped();
    token.text += c;
  }
  fail_at(token.position, "a text without its closing '");
}

char Tokenizer::escaped() {
  char c = ++at_ < text_.size() ? text_[at_] : '\0';
  switch (c) {
    case '\'':
    case '\\':
      return c;
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      fail_at(at_ - 1, R"(an unknown escape (there are \' \\ \n \r \t))");
  }
}

Token Tokenizer::symbol(Token token) {
  static constexpr std::array<std::string_view, 24> symbols{
      "&&", "||", "==", "!=", "<=", ">=", "?:", "<", ">", "!", "+", "-",
      "*",  "/",  "%",  "?",  ":",  "|",  "(",  ")", "[", "]", ",", "."};
  for (std::string_view symbol : symbols) {
    if (text_.substr(at_, symbol.size()) != symbol) continue;
    at_ += symbol.size();
    token.kind = Token::Kind::symbol;
    token.text = symbol;
    return token;
  }
  if (text_[at_] == '=') fail_at(at_, "'=' (write '==' to compare)");
  if (text_[at_] == '"') fail_at(at_, "'\"' (texts stand in single quotes)");
  fail_at(at_, "an unexpected character");
}

}  // namespace probackup
