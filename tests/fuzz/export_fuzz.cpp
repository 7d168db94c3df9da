// Records and texts of an app on their way into CSV files, web pages and the search index: what is
// written can be read, and nothing in it acts. The first byte chooses what the rest is.
#include "catalog/search_text.h"
#include "export/csv_cell.h"
#include "export/field_kind.h"
#include "export/html_fields.h"
#include "export/html_text.h"
#include "export/json_text.h"
#include "fuzz.h"
#include "unit/export/readers.h"
#include "util/raw_json.h"
#include "util/text.h"

using namespace probackup;
using fuzz::accepts;
using fuzz::require;

namespace {

constexpr std::size_t page_bytes_max = 1 << 20;

// The text of a cell as a reader of RFC 4180 takes it.
std::string read_cell(const std::string& cell) {
  if (!cell.starts_with('"')) {
    require(cell.find_first_of("\",\r\n") == std::string::npos,
            "a cell that is not quoted: " + cell);
    return cell;
  }
  require(cell.size() >= 2 && cell.ends_with('"'), "a cell without an end: " + cell);
  std::string out;
  for (std::size_t at = 1; at + 1 < cell.size(); ++at) {
    if (cell[at] == '"') {
      ++at;
      require(at + 1 < cell.size() && cell[at] == '"', "a cell that ends too early: " + cell);
    }
    out += cell[at];
  }
  return out;
}

void try_cell(std::string_view text) {
  std::string cell = read_cell(csv_cell(text));
  require(valid_utf8(cell) == cell, "a cell that is no UTF-8");
  if (cell.empty()) return require(text.empty(), "a cell that lost its text");
  bool number = cell.find_first_not_of("0123456789+-.eE,") == std::string::npos;
  require(number || std::string_view("=+-@\t\r").find(cell[0]) == std::string_view::npos,
          "a cell that a spreadsheet runs: " + cell);
}

// Pages hold no script, no foreign picture and no link but to the web.
void look_at_html(const std::string& html) {
  require(html.size() <= page_bytes_max, "a page without bound");
  require(valid_utf8(html) == html, "a page that is no UTF-8");
  std::string fault = test::html_fault(html);
  require(fault.empty(), fault + " in " + html);
  const std::string lower = to_lower(html);
  for (std::size_t at = 0; (at = lower.find("href=", at)) != std::string::npos; at += 5) {
    auto target = std::string_view(lower).substr(at + 5);
    bool inside_text = at == 0 || lower[at - 1] != ' ' || !target.starts_with('"');
    require(inside_text || target.starts_with("\"http://") || target.starts_with("\"https://"),
            "a link that leads elsewhere: " + html.substr(at, 80));
  }
  for (const char* tag : {"<script", "<img", "<iframe", "<style", "<svg", "<object"})
    require(lower.find(tag) == std::string::npos, std::string(tag) + " in a page");
}

void try_html(std::string_view text) {
  look_at_html(escape_html(text));
  look_at_html(prose_html(text));
  require(clip_text(text, 100).size() <= 103, "a clipped text is not short");
  require(valid_utf8(humanize(valid_utf8(text))) == humanize(valid_utf8(text)), "a broken heading");
  if (is_web_url(text)) look_at_html(web_link(text, text));
  readable_time(text);
}

void try_record(std::string_view text) {
  RawJson parser;
  auto json = checked_json(parser, text);
  if (!json) return;
  FieldOptions options;
  options.title = "title";
  options.known_keys = {"1"};
  options.reference = [](const std::string& key) -> std::optional<std::string> {
    if (key != "7") return std::nullopt;
    return "<a href=\"https://example.org/7\">seven</a>";
  };
  look_at_html(fields_html(*json, options));
  name_of(*json);
  count_scalars(*json);
  std::string indented = indent_json(*json);
  require(parser.prepare(indented) == *json, "an indented record is another one");
  std::string quoted = json_quote(json_as_text(*json));
  require(json_as_text(quoted) == valid_utf8(json_as_text(*json)), "a quoted text is another one");
}

void try_search(fuzz::Input input) {
  auto query = input.until("\n"), title = input.until("\n");
  static sqlite::Database database(":memory:", 0);
  static catalog::Tokenizer tokenizer(database);
  std::string kept = catalog::kept_text(input.rest());
  require(valid_utf8(kept) == kept, "a kept text that is no UTF-8");
  auto searchable = catalog::searchable(title, kept);
  require(valid_utf8(searchable) == searchable, "a searchable text that is no UTF-8");
  auto terms = tokenizer.terms(query);
  require(terms.size() <= 64, "a query without bound");
  auto snippet = tokenizer.snippet(title, kept, terms);
  require(snippet.find('\n') == std::string::npos && snippet.size() <= 1024,
          "no snippet: " + snippet);
  auto expression = catalog::match_expression(terms);
  require(terms.empty() == expression.empty(), "a query that asks for nothing");
  static const bool made = [] {
    database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(body)");
    return true;
  }();
  if (made && !terms.empty()) {
    sqlite::Statement look(database, "SELECT rowid FROM search WHERE search MATCH ?");
    require(accepts([&] { look.run(expression); }), "a query that breaks: " + expression);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0:
      try_cell(input.rest());
      break;
    case 1:
      try_html(input.rest());
      break;
    case 2:
      try_record(input.rest());
      break;
    default:
      try_search(input);
      break;
  }
  return 0;
}
