// Records as raw JSON text: ids and single values are taken out without parsing and printing the
// whole, so that every digit, escape and unknown field of a record stays as the app sent it.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace probackup {

// The text without insignificant white space (RFC 8259, section 2), so that a record is one line.
// The input must be valid JSON; strings are copied as they are.
std::string minify_json(std::string_view json);

// The text parsed for looking at (expressions, listings), never for storing: numbers may lose
// digits, and lone surrogates become U+FFFD. Throws Error("not JSON: …"), also with depth over 512.
nlohmann::json parse_json(std::string_view json);

// A parser that keeps its buffers; one per thread. Every method throws Error("not JSON: …") for
// text that is no JSON, with depth over 512, or over 1 GiB.
class RawJson {
 public:
  RawJson();
  ~RawJson();
  RawJson(RawJson&&) noexcept;
  RawJson& operator=(RawJson&&) noexcept;

  // The document checked and minified. The view lives until the next call of any method.
  std::string_view prepare(std::string_view document);

  // The raw text of each value that `path` selects in `document`, minified, in document order. A
  // path is member names joined by dots, "[*]" for all elements of an array: "data",
  // "data[*].items",
  // "" for the document itself. An array at the end of the path gives its elements, an object
  // itself, null and a missing member nothing.
  void select(std::string_view document, std::string_view path,
              const std::function<void(std::string_view)>& each);

  // The value at a dotted path inside one record: a string unescaped, a number with all its digits,
  // true or false as such, an object or array as minified JSON; nothing for null or a missing
  // member.
  std::optional<std::string> text_at(std::string_view record, std::string_view path);
  // Several paths of one record in one pass.
  std::vector<std::optional<std::string>> texts_at(std::string_view record,
                                                   const std::vector<std::string>& paths);

  // The record without the members at the given dotted paths ("[*]" goes through the elements of an
  // array and the members of an object), for comparing records whose volatile fields do not count.
  // Not for storing.
  std::string without(std::string_view record, const std::vector<std::string>& paths);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The raw value at a dotted path of text that prepare() gave; "" for a missing member or null.
std::string_view raw_value(std::string_view prepared, std::string_view path);
// The same as RawJson::text_at.
std::optional<std::string> text_value(std::string_view prepared, std::string_view path);

}  // namespace probackup
