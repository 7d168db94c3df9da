// The Link header field (RFC 8288, section 3).
#include "http/url.h"
#include "probackup/http.h"
#include "util/text.h"

namespace probackup {
namespace {

// Walks the value of one Link header; stops at the first thing that is no link.
class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : rest_(text) {}

  struct Link {
    std::string_view target;
    std::string rel;
    bool anchored = false;  // says something about another page than this one
  };

  std::optional<Link> next() {
    while (!rest_.empty() && (rest_[0] == ',' || is_space(rest_[0]))) rest_.remove_prefix(1);
    if (!rest_.starts_with('<')) return std::nullopt;
    auto end = rest_.find('>');
    if (end == std::string_view::npos) return std::nullopt;
    Link link{rest_.substr(1, end - 1), {}};
    rest_.remove_prefix(end + 1);
    bool has_rel = false;
    for (skip_space(); take(';'); skip_space()) {
      skip_space();
      std::string name = to_lower(token());
      skip_space();
      std::string value = take('=') ? parameter_value() : std::string();
      if (name == "rel" && !has_rel) {
        link.rel = value;
        has_rel = true;
      }
      link.anchored |= name == "anchor";
    }
    return link;
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t'; }
  void skip_space() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string token() {
    auto end = std::min(rest_.find_first_of(" \t=;,"), rest_.size());
    std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return out;
  }
  std::string parameter_value() {
    skip_space();
    if (!take('"')) return token();
    std::string out;
    while (!rest_.empty() && !take('"')) {
      if (take('\\') && rest_.empty()) break;
      out += rest_[0];
      rest_.remove_prefix(1);
    }
    return out;
  }

  std::string_view rest_;
};

bool names_relation(const std::string& rels, std::string_view rel) {
  for (const auto& one : split(rels, ' '))
    if (to_lower(one) == to_lower(rel)) return true;
  return false;
}

}  // namespace

std::optional<std::string> link_target(const Headers& headers, std::string_view rel,
                                       std::string_view base) {
  for (const auto& [name, value] : headers) {
    if (to_lower(name) != "link") continue;
    LinkReader reader(value);
    while (auto link = reader.next()) {
      if (link->anchored || !names_relation(link->rel, rel)) continue;
      if (parse_url(link->target)) return resolve_url(base, link->target);
    }
  }
  return std::nullopt;
}

}  // namespace probackup
