#include "catalog/search_text.h"

#include <sqlite3.h>

#include <algorithm>
#include <optional>

#include "probackup/error.h"
#include "util/text.h"

namespace probackup::catalog {
namespace {

constexpr std::size_t text_bytes_max = 256 << 10;
constexpr std::size_t terms_max = 64;
constexpr std::size_t snippet_before = 60, snippet_bytes = 160;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

struct CodePoint {
  char32_t value;
  std::size_t bytes;
};

// The text is valid UTF-8 and not empty.
CodePoint code_point(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  bytes = std::min(bytes, text.size());
  char32_t value = bytes == 1 ? lead : lead & (0x7F >> bytes);
  for (std::size_t i = 1; i < bytes; ++i)
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return {value, bytes};
}

// Characters of scripts without spaces between words: kana, Han and their extensions.
bool is_unspaced(char32_t c) {
  return (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

// Length of the run of such characters at the start of the text, in bytes.
std::size_t unspaced_run(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size()) {
    CodePoint c = code_point(text.substr(end));
    if (!is_unspaced(c.value)) break;
    end += c.bytes;
  }
  return end;
}

// "ABC" as " AB BC C ": each pair, and the last alone, so that every character begins a term.
void append_pairs(std::string& out, std::string_view run) {
  while (!run.empty()) {
    std::size_t first = code_point(run).bytes;
    std::size_t second = first < run.size() ? code_point(run.substr(first)).bytes : 0;
    out.append(" ").append(run.substr(0, first + second));
    run.remove_prefix(first);
  }
  out += ' ';
}

// The terms of one token of a query: the pairs of an unspaced run say enough, one character alone
// begins a pair.
void add_terms(std::vector<Term>& out, std::string_view token) {
  while (!token.empty()) {
    std::size_t bytes = unspaced_run(token);
    if (bytes == 0) {
      while (bytes < token.size() && unspaced_run(token.substr(bytes)) == 0)
        bytes += code_point(token.substr(bytes)).bytes;
      out.push_back({std::string(token.substr(0, bytes))});
      token.remove_prefix(bytes);
      continue;
    }
    std::size_t first = code_point(token).bytes;
    if (first == bytes) {
      out.push_back({std::string(token.substr(0, first)), true});
      token.remove_prefix(first);
      continue;
    }
    for (std::size_t end = first; end < bytes; end = first) {
      std::size_t second = code_point(token.substr(first)).bytes;
      out.push_back({std::string(token.substr(0, first + second))});
      token.remove_prefix(first);
      bytes -= first;
      first = second;
    }
    token.remove_prefix(bytes);
  }
}

std::string pair_up(std::string text) {
  // Kana begin at U+3041, which is E3 81 81.
  if (std::none_of(text.begin(), text.end(),
                   [](char c) { return static_cast<unsigned char>(c) >= 0xE3; }))
    return text;
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t bytes = unspaced_run(rest);
    if (bytes > 0) {
      append_pairs(out, rest.substr(0, bytes));
    } else {
      bytes = code_point(rest).bytes;
      out.append(rest.substr(0, bytes));
    }
    rest.remove_prefix(bytes);
  }
  return out;
}

std::string on_one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return std::string(trim(text));
}

// `text` from `begin`, `bytes` long or less, whole characters, with an ellipsis where it was cut.
std::string excerpt(std::string_view text, std::size_t begin, std::size_t bytes) {
  std::size_t end = std::min(begin + bytes, text.size());
  while (begin < end && is_continuation(text[begin])) ++begin;
  while (end > begin && end < text.size() && is_continuation(text[end])) --end;
  std::string out = on_one_line(std::string(text.substr(begin, end - begin)));
  return (begin > 0 ? "…" : "") + out + (end < text.size() ? "…" : "");
}

bool matches(std::string_view token, const Term& term) {
  if (token == term.token) return true;
  if (term.prefix && token.starts_with(term.token)) return true;
  // Pairs of an unspaced run stand inside the one token that the tokenizer sees here.
  return !term.token.empty() && unspaced_run(term.token) == term.token.size() &&
         token.find(term.token) != std::string_view::npos;
}

}  // namespace

std::string kept_text(std::string_view text) {
  if (text.size() <= text_bytes_max) return valid_utf8(text);
  std::size_t end = text_bytes_max;
  while (end > text_bytes_max - 4 && is_continuation(text[end])) --end;
  return valid_utf8(text.substr(0, end));
}

std::string searchable(std::string_view title, std::string_view text) {
  std::string body = is_ascii(title) ? std::string(title) : valid_utf8(title);
  if (!text.empty()) body.append("\n").append(text);
  return pair_up(std::move(body));
}

struct Tokenizer::Handle {
  fts5_tokenizer interface {};
  Fts5Tokenizer* tokenizer = nullptr;
};

Tokenizer::Tokenizer(sqlite::Database& database) : handle_(std::make_unique<Handle>()) {
  // The documented way to the extension interface (SQLite, "FTS5 Extension", section 7).
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database.handle(), "SELECT fts5(?1)", -1, &statement, nullptr) ==
      SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
  }
  sqlite3_finalize(statement);
  void* context = nullptr;
  const char* arguments[] = {"remove_diacritics", "2"};
  if (!api || api->xFindTokenizer(api, "unicode61", &context, &handle_->interface) != SQLITE_OK ||
      handle_->interface.xCreate(context, arguments, 2, &handle_->tokenizer) != SQLITE_OK)
    throw Error("this SQLite library has no full-text search (FTS5)",
                "install the SQLite library of your distribution");
}

Tokenizer::~Tokenizer() {
  handle_->interface.xDelete(handle_->tokenizer);
}

void Tokenizer::tokens(std::string_view text, const Each& each) const {
  auto call = [](void* context, int, const char* token, int length, int begin, int end) {
    const Each& visit = *static_cast<const Each*>(context);
    bool go_on = visit(std::string_view(token, static_cast<std::size_t>(length)),
                       static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
    return go_on ? SQLITE_OK : SQLITE_DONE;
  };
  handle_->interface.xTokenize(handle_->tokenizer, const_cast<Each*>(&each), FTS5_TOKENIZE_QUERY,
                               text.data(), static_cast<int>(text.size()), call);
}

std::vector<Term> Tokenizer::terms(std::string_view query) const {
  std::vector<Term> out;
  std::string valid = valid_utf8(query.substr(0, text_bytes_max));
  for (char& c : valid)
    if (static_cast<unsigned char>(c) <= 0x20) c = ' ';
  for (const std::string& word : split(valid, ' ')) {
    std::size_t known = out.size();
    bool prefix = word.ends_with('*');
    tokens(word, [&](std::string_view token, std::size_t, std::size_t) {
      add_terms(out, token);
      return out.size() < terms_max;
    });
    if (prefix && out.size() > known) out.back().prefix = true;
    if (out.size() >= terms_max) break;
  }
  if (out.size() > terms_max) out.resize(terms_max);  // one word may bring several
  return out;
}

std::string Tokenizer::snippet(std::string_view title, std::string_view text,
                               const std::vector<Term>& terms) const {
  std::optional<std::size_t> hit;
  tokens(text, [&](std::string_view token, std::size_t begin, std::size_t) {
    if (std::any_of(terms.begin(), terms.end(), [&](const Term& t) { return matches(token, t); }))
      hit = begin;
    return !hit;
  });
  if (!hit) return excerpt(valid_utf8(title), 0, snippet_bytes);
  return excerpt(text, *hit > snippet_before ? *hit - snippet_before : 0, snippet_bytes);
}

std::string match_expression(const std::vector<Term>& terms) {
  std::string out;
  for (const Term& term : terms) {
    if (!out.empty()) out += ' ';
    // A quoted string of FTS5; a token holds no quotes, but nothing rests on that.
    out += '"';
    for (char c : term.token) out.append(c == '"' ? "\"\"" : std::string(1, c));
    out += term.prefix ? "\"*" : "\"";
  }
  return out;
}

}  // namespace probackup::catalog
