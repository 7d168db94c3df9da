// Text on its way to and from full-text search: terms, queries that user text cannot break,
// snippets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/sqlite.h"

namespace probackup::catalog {

// What is indexed for a title and a text: valid UTF-8, and scripts that write no spaces between
// words (Han, kana) cut into overlapping pairs, so that a word inside a sentence is found.
std::string searchable(std::string_view title, std::string_view text);

// The part of an item's text that is kept for search: valid UTF-8, 256 KiB at most.
std::string kept_text(std::string_view text);

// One term of a query, folded as the index folds it.
struct Term {
  std::string token;
  bool prefix = false;
};

// The same tokenizer that the index uses.
class Tokenizer {
 public:
  // Throws Error if SQLite was built without FTS5.
  explicit Tokenizer(sqlite::Database& database);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Calls `each` with every folded token and where it stands in `text`; until `each` returns false.
  using Each = std::function<bool(std::string_view token, std::size_t begin, std::size_t end)>;
  void tokens(std::string_view text, const Each& each) const;

  // The terms that words of a user's query stand for; "word*" is a prefix. Only the first 64 count.
  std::vector<Term> terms(std::string_view query) const;
  // The text around the first hit in `text`, else the start of `title`; on one line.
  std::string snippet(std::string_view title, std::string_view text,
                      const std::vector<Term>& terms) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// The FTS5 expression that wants every term; "" for no terms.
std::string match_expression(const std::vector<Term>& terms);

}  // namespace probackup::catalog
