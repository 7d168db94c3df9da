#include "connector/loader_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "expr/expr_node.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;

// Builds the document from the parser's events (nlohmann's SAX interface).
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(std::string_view text, ConnectorDocument& document, const std::string& file,
          std::vector<LintProblem>& problems)
      : text_(text), document_(document), file_(file), problems_(problems) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // no such thing in JSON text
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (!level.seen.insert(name).second)
      problems_.push_back(
          {file_, level.pointer + pointer_step(name), "this key stands here twice"});
    else if (levels_.size() <= 2)
      document_.order[level.pointer].push_back(name);
    key_ = std::move(name);
    return true;
  }

  // `position`: how many bytes were read when the mistake showed.
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    std::string_view message = error.what();
    // "[json.exception…] parse error at line 3, column 7: …": what follows the place, or the id.
    auto column = message.find("column ");
    bool placed = column != message.npos;
    auto start = message.find(placed ? ": " : "] ", placed ? column : 0);
    if (start != message.npos) message.remove_prefix(start + 2);
    problems_.push_back({file_, "",
                         fmt::format("not JSON: {}: {}", place_of(position),
                                     valid_utf8(message.substr(0, message_bytes_max)))});
    return false;
  }

 private:
  static constexpr std::size_t message_bytes_max = 300;

  std::string place_of(std::size_t position) const {
    std::string_view before = text_.substr(0, position == 0 ? 0 : position - 1);
    auto line = std::count(before.begin(), before.end(), '\n') + 1;
    auto line_start = before.rfind('\n');
    auto column = before.size() - (line_start == before.npos ? 0 : line_start + 1) + 1;
    return fmt::format("line {}, column {}", line, column);
  }

  struct Level {
    json* value;
    std::string pointer;
    std::set<std::string> seen;
  };

  // Puts a value where the next one belongs.
  json* place(json value) {
    if (levels_.empty()) return &(document_.root = std::move(value));
    json& parent = *levels_.back().value;
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool add(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json empty) {
    std::string pointer;
    if (!levels_.empty()) {
      const Level& parent = levels_.back();
      pointer = parent.pointer + (parent.value->is_object()
                                      ? pointer_step(key_)
                                      : pointer_step(std::to_string(parent.value->size())));
    }
    if (levels_.size() == connector_depth_max) {
      problems_.push_back({file_, pointer, "nested too deeply"});
      return false;
    }
    json* value = place(std::move(empty));
    levels_.push_back({value, std::move(pointer), {}});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  std::string_view text_;
  ConnectorDocument& document_;
  const std::string& file_;
  std::vector<LintProblem>& problems_;
  std::vector<Level> levels_;  // a parent does not grow while a child is open, so pointers stay
  std::string key_;
};

}  // namespace

ConnectorDocument read_connector_document(std::string_view text, const std::string& file,
                                          std::vector<LintProblem>& problems) {
  ConnectorDocument document;
  if (text.size() > connector_bytes_max) {
    problems.push_back({file, "",
                        fmt::format("a file of {} bytes; at most {} are allowed", text.size(),
                                    connector_bytes_max)});
    return document;
  }
  Builder builder(text, document, file, problems);
  json::sax_parse(text, &builder);
  return document;
}

}  // namespace probackup
