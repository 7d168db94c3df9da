#include "readers.h"

#include <set>
#include <stdexcept>

#include "util/file.h"

namespace probackup::test {

std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path) {
  std::string text = read_file(path);
  if (!text.starts_with("\xEF\xBB\xBF")) throw std::runtime_error("no mark of byte order");
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 3; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == ',') {
      row.push_back(std::move(cell));
      cell.clear();
    } else if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
      row.push_back(std::move(cell));
      cell.clear();
      rows.push_back(std::move(row));
      row.clear();
      if (rows.back().size() != rows.front().size()) throw std::runtime_error("unequal rows");
    } else if (c == '"' || c == '\n' || c == '\r') {
      throw std::runtime_error("a bare quote or line end");
    } else {
      cell += c;
    }
  }
  if (quoted || !cell.empty() || !row.empty()) throw std::runtime_error("the last row has no end");
  return rows;
}

std::map<std::string, std::string> read_tree(const std::filesystem::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      out[std::filesystem::relative(entry.path(), folder).string()] = read_file(entry.path());
  return out;
}

std::string html_fault(const std::string& html) {
  static const std::set<std::string> empty{"meta", "link", "img", "input", "!DOCTYPE"};
  std::vector<std::string> open;
  for (std::size_t at = 0; at < html.size(); ++at) {
    char c = html[at];
    if (c == '\0') return "a NUL";
    if (c == '>') return "a bare > at " + std::to_string(at);
    if (c == '&') {
      auto end = html.find(';', at);
      std::string name = html.substr(at + 1, end - at - 1);
      if (name != "amp" && name != "lt" && name != "gt" && name != "quot" && name != "#39")
        return "a bare & at " + std::to_string(at);
      at = end;
    }
    if (c != '<') continue;
    bool closing = html[at + 1] == '/';
    std::size_t start = at + (closing ? 2 : 1);
    auto name_end = html.find_first_of(" >\n", start);
    std::string name = html.substr(start, name_end - start);
    if (name.empty() || name.find_first_of("<&\"") != std::string::npos)
      return "a bare < at " + std::to_string(at);
    bool quoted = false;
    for (at = name_end; at < html.size() && (quoted || html[at] != '>'); ++at) {
      if (html[at] == '"') quoted = !quoted;
      if (html[at] == '<') return "a < inside the tag " + name;
      // An attribute that runs a script has no place in the archive.
      if (!quoted && html.compare(at, 3, " on") == 0) return "an event attribute in " + name;
    }
    if (at >= html.size()) return "an endless tag " + name;
    if (empty.contains(name)) continue;
    if (!closing) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back() + " is not closed";
}

}  // namespace probackup::test
