#include "util/raw_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "probackup/error.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t document_bytes_max = 1u << 30;
constexpr std::size_t depth_max = 512;

// Walks JSON text. The strict methods check the grammar of RFC 8259; the others are for text that
// was checked and minified: what they find in any other is of no use, but they end, and within the
// text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Checks the whole text.
  void check_document() {
    check_value(0);
    skip_space();
    if (at_ != text_.size()) bad("something follows the value");
  }

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void step() {
    if (at_ < text_.size()) ++at_;
  }

  // Trusting: the raw text of the value here; the position moves behind it.
  std::string_view value() {
    std::size_t start = at_;
    std::size_t depth = 0;
    do {
      switch (peek()) {
        case '"':
          skip_string();
          break;
        case '{':
        case '[':
          ++depth, ++at_;
          break;
        case '}':
        case ']':
          --depth, ++at_;
          break;
        case ',':
        case ':':
          ++at_;
          break;
        default:
          skip_plain();
          break;
      }
    } while (depth > 0 && at_ < text_.size());
    return text_.substr(start, at_ - start);
  }

 private:
  [[noreturn]] void bad(const char* why) const {
    throw Error(fmt::format("not JSON: {} at byte {}", why, at_));
  }
  void skip_space() {
    while (at_ < text_.size() && std::memchr(" \t\r\n", text_[at_], 4)) ++at_;
  }
  void skip_string() {
    for (++at_;;) {
      const void* quote = std::memchr(text_.data() + at_, '"', text_.size() - at_);
      if (!quote) {
        at_ = text_.size();
        return;
      }
      std::size_t end = static_cast<std::size_t>(static_cast<const char*>(quote) - text_.data());
      std::size_t backslashes = 0;
      while (backslashes < end - at_ && text_[end - 1 - backslashes] == '\\') ++backslashes;
      at_ = end + 1;
      if (backslashes % 2 == 0) return;
    }
  }
  void skip_plain() {
    std::size_t start = at_;
    while (at_ < text_.size() && !std::memchr(",:]}", text_[at_], 4)) ++at_;
    if (at_ == start) step();  // never stand still
  }

  void check_value(std::size_t depth) {
    if (depth > depth_max) bad("nested too deeply");
    skip_space();
    switch (peek()) {
      case '{':
        return check_members(depth, '}', true);
      case '[':
        return check_members(depth, ']', false);
      case '"':
        return check_string();
      case 't':
        return check_word("true");
      case 'f':
        return check_word("false");
      case 'n':
        return check_word("null");
      default:
        return check_number();
    }
  }
  void check_members(std::size_t depth, char close, bool named) {
    ++at_;
    skip_space();
    if (peek() == close) return step();
    for (;;) {
      skip_space();
      if (named) {
        if (peek() != '"') bad("a member name is missing");
        check_string();
        skip_space();
        if (peek() != ':') bad("':' is missing");
        ++at_;
      }
      check_value(depth + 1);
      skip_space();
      char c = peek();
      if (c != ',' && c != close) bad(at_end() ? "the text ends too early" : "',' is missing");
      ++at_;
      if (c == close) return;
    }
  }
  void check_string() {
    ++at_;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') return step();
      if (static_cast<unsigned char>(c) < 0x20) bad("a control character in a string");
      if (c != '\\') continue;
      ++at_;
      if (peek() == 'u') {
        for (int i = 0; i < 4; ++i)
          if (++at_ >= text_.size() || !std::isxdigit(static_cast<unsigned char>(text_[at_])))
            bad("a broken \\u escape");
      } else if (at_end() || !std::memchr("\"\\/bfnrt", text_[at_], 8)) {
        bad("an unknown escape");
      }
    }
    bad("the text ends inside a string");
  }
  void check_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) bad("an unknown word");
    at_ += word.size();
  }
  bool digits() {
    std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > start;
  }
  void check_number() {
    if (peek() == '-') ++at_;
    if (peek() == '0')
      ++at_;
    else if (!digits())
      bad(at_end() ? "the text ends too early" : "no value");
    if (peek() == '.') {
      ++at_;
      if (!digits()) bad("a broken number");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) bad("a broken number");
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string unescape(std::string_view quoted) {
  std::string_view inner = quoted.substr(1, quoted.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return std::string(inner);
  auto parsed = parse_json(quoted);
  if (!parsed.is_string()) throw Error("not JSON: a name that is no text");
  return parsed.get<std::string>();
}

// Calls fn(name, value) for each member of an object, fn({}, value) for each element of an array;
// `fn` returns false to stop.
template <typename Fn>
void for_each_child(std::string_view raw, Fn fn) {
  bool object = raw.starts_with('{');
  if (!object && !raw.starts_with('[')) return;
  Scanner scan(raw);
  scan.step();
  while (scan.peek() != '}' && scan.peek() != ']' && !scan.at_end()) {
    std::string_view name;
    if (object) {
      name = scan.value();
      scan.step();
    }
    if (!fn(name, scan.value())) return;
    if (scan.peek() == ',') scan.step();
  }
}

bool names(std::string_view quoted, std::string_view name) {
  if (quoted.size() == name.size() + 2 && quoted.substr(1, name.size()) == name) return true;
  return quoted.find('\\') != std::string_view::npos && unescape(quoted) == name;
}

std::string_view member(std::string_view object, std::string_view name) {
  std::string_view found;
  for_each_child(object, [&](std::string_view key, std::string_view value) {
    if (key.empty() || !names(key, name)) return true;
    found = value;
    return false;
  });
  return found;
}

struct Step {
  std::string name;
  bool each = false;
};

std::vector<Step> parse_path(std::string_view path) {
  std::vector<Step> steps;
  if (path.empty()) return steps;
  for (const auto& part : split(path, '.')) {
    std::string_view rest = part;
    std::size_t lists = 0;
    for (; rest.ends_with("[*]"); ++lists) rest.remove_suffix(3);
    if (!rest.empty()) steps.push_back({std::string(rest), false});
    steps.insert(steps.end(), lists, {"", true});
  }
  return steps;
}

void walk(std::string_view raw, const std::vector<Step>& steps, std::size_t i,
          const std::function<void(std::string_view)>& each) {
  if (raw.empty() || raw == "null") return;
  if (i == steps.size()) {
    if (!raw.starts_with('[')) return each(raw);
    for_each_child(raw, [&](std::string_view, std::string_view element) {
      if (element != "null") each(element);
      return true;
    });
    return;
  }
  if (!steps[i].each) return walk(member(raw, steps[i].name), steps, i + 1, each);
  if (!raw.starts_with('[')) return;
  for_each_child(raw, [&](std::string_view, std::string_view element) {
    walk(element, steps, i + 1, each);
    return true;
  });
}

void copy_without(std::string_view raw, const std::vector<std::vector<Step>>& paths,
                  std::string& out) {
  if (paths.empty() || (!raw.starts_with('{') && !raw.starts_with('['))) {
    out += raw;
    return;
  }
  bool object = raw.starts_with('{');
  out += object ? '{' : '[';
  bool first = true;
  for_each_child(raw, [&](std::string_view key, std::string_view value) {
    std::vector<std::vector<Step>> below;
    for (const auto& path : paths) {
      bool applies = path[0].each || (object && names(key, path[0].name));
      if (!applies) continue;
      if (path.size() == 1) return true;
      below.emplace_back(path.begin() + 1, path.end());
    }
    if (!first) out += ',';
    first = false;
    if (object) (out += key) += ':';
    copy_without(value, below, out);
    return true;
  });
  out += object ? '}' : ']';
}

// nlohmann's values are copied and printed by recursion, and its parser sets no limit.
void refuse_deep(std::string_view json) {
  if (json.size() <= depth_max) return;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    char c = json[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max) throw Error("not JSON: nested too deeply");
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
}

std::optional<std::string> as_text(std::string_view raw) {
  if (raw.empty() || raw == "null") return std::nullopt;
  if (raw.starts_with('"')) return unescape(raw);
  return std::string(raw);
}

// Replaces escapes of lone surrogates, which the grammar allows and nlohmann refuses.
std::string without_lone_surrogates(std::string_view json) {
  std::string out(json);
  auto unit = [&](std::size_t at) -> int {
    if (at + 6 > out.size() || out[at] != '\\' || out[at + 1] != 'u') return -1;
    return static_cast<int>(std::strtol(out.substr(at + 2, 4).c_str(), nullptr, 16));
  };
  for (std::size_t at = 0; (at = out.find('\\', at)) != std::string::npos;) {
    int code = unit(at);
    if (code < 0) {
      at += 2;
      continue;
    }
    bool high = code >= 0xD800 && code <= 0xDBFF, low = code >= 0xDC00 && code <= 0xDFFF;
    int next = high ? unit(at + 6) : -1;
    if (high && next >= 0xDC00 && next <= 0xDFFF) {
      at += 12;
      continue;
    }
    if (high || low) out.replace(at + 2, 4, "fffd");
    at += 6;
  }
  return out;
}

}  // namespace

struct RawJson::State {
  simdjson::dom::parser parser;
  std::string buffer;  // padded copy of the document

  // Checks the text and returns it minified; the view lives until the next call.
  std::string_view prepare(std::string_view json) {
    if (json.size() > document_bytes_max) throw Error("not JSON: over 1 GiB");
    buffer.reserve(json.size() + simdjson::SIMDJSON_PADDING);
    buffer.assign(json);
    if (!parser.allocate(std::max<std::size_t>(json.size(), 1 << 16), depth_max) &&
        !parser.parse(buffer.data(), json.size(), false).error())
      return minify_by_tokens();
    // simdjson refuses numbers over 64 bits and lone surrogates; the grammar does not.
    if (!simdjson::validate_utf8(json)) throw Error("not JSON: invalid UTF-8");
    Scanner(json).check_document();
    minified = minify_json(json);
    return minified;
  }

  // The parser knows where every token begins, and white space between tokens stands before one.
  // Most text has none and is passed on as it is.
  std::string_view minify_by_tokens() {
    const auto& found = *parser.implementation;
    std::string_view text = buffer;
    text = text.substr(0, text.find_last_not_of(" \t\n\r") + 1);
    auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    minified.clear();
    std::size_t begin = found.structural_indexes[0];  // of what is not copied yet
    const std::size_t first = begin;
    for (std::uint32_t i = 1; i < found.n_structural_indexes; ++i) {
      std::size_t token = found.structural_indexes[i], end = token;
      if (token >= text.size() || !is_space(text[token - 1])) continue;
      while (is_space(text[end - 1])) --end;
      minified.append(text, begin, end - begin);
      begin = token;
    }
    if (begin == first) return text.substr(first);
    return minified.append(text, begin);
  }

  std::string minified;
};

RawJson::RawJson() : state_(std::make_unique<State>()) {}
RawJson::~RawJson() = default;
RawJson::RawJson(RawJson&&) noexcept = default;
RawJson& RawJson::operator=(RawJson&&) noexcept = default;

std::string_view RawJson::prepare(std::string_view document) {
  return state_->prepare(document);
}

std::string_view raw_value(std::string_view prepared, std::string_view path) {
  while (!path.empty() && !prepared.empty()) {
    auto dot = path.find('.');
    prepared = member(prepared, path.substr(0, dot));
    path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  }
  return prepared == "null" ? std::string_view{} : prepared;
}

std::optional<std::string> text_value(std::string_view prepared, std::string_view path) {
  return as_text(raw_value(prepared, path));
}

void RawJson::select(std::string_view document, std::string_view path,
                     const std::function<void(std::string_view)>& each) {
  // `each` may use this parser again: the text it looks at must not be the shared buffer.
  std::string text(state_->prepare(document));
  walk(text, parse_path(path), 0, each);
}

std::optional<std::string> RawJson::text_at(std::string_view record, std::string_view path) {
  return texts_at(record, {std::string(path)})[0];
}

std::vector<std::optional<std::string>> RawJson::texts_at(std::string_view record,
                                                          const std::vector<std::string>& paths) {
  std::string_view text = state_->prepare(record);
  std::vector<std::optional<std::string>> out;
  out.reserve(paths.size());
  for (const auto& path : paths) out.push_back(text_value(text, path));
  return out;
}

std::string RawJson::without(std::string_view record, const std::vector<std::string>& paths) {
  std::vector<std::vector<Step>> parsed;
  for (const auto& path : paths)
    if (auto steps = parse_path(path); !steps.empty()) parsed.push_back(std::move(steps));
  std::string out;
  copy_without(state_->prepare(record), parsed, out);
  return out;
}

std::string minify_json(std::string_view json) {
  std::string out(json.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t length = 0;
  if (simdjson::minify(json.data(), json.size(), out.data(), length))
    throw Error("not JSON: the text ends inside a string");
  out.resize(length);
  return out;
}

nlohmann::json parse_json(std::string_view json) {
  refuse_deep(json);
  try {
    return nlohmann::json::parse(json);
  } catch (const nlohmann::json::exception&) {
    try {
      return nlohmann::json::parse(without_lone_surrogates(json));
    } catch (const nlohmann::json::exception& error) {
      throw Error(fmt::format("not JSON: {}", error.what()));
    }
  }
}

}  // namespace probackup
