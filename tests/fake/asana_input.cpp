// What requests to an AsanaAccount may hold.
#include <algorithm>
#include <set>

#include "fake/asana_account.h"

namespace probackup {

namespace {

// https://developers.asana.com/docs/rich-text
const std::set<std::string>& known_elements() {
  static const std::set<std::string> names{"body", "h1", "h2",  "strong", "em", "u",  "s",
                                           "code", "ol", "ul",  "li",     "a",  "p",  "blockquote",
                                           "pre",  "hr", "img", "table",  "tr", "td", "object"};
  return names;
}

// Why the text is no rich text; "" if it is.
std::string problem_of(const std::string& html) {
  if (!html.starts_with("<body>") || !html.ends_with("</body>")) return "XML is invalid";
  std::vector<std::string> open;
  for (auto at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const auto end = html.find('>', at);
    if (end == std::string::npos) return "XML is invalid";
    const bool closes = html[at + 1] == '/', is_empty = html[end - 1] == '/';
    const auto begin = at + (closes ? 2 : 1);
    const auto name = html.substr(begin, html.find_first_of(" />", begin) - begin);
    if (!known_elements().contains(name)) return "XML contains an unsupported tag: " + name;
    if (is_empty) continue;
    if (!closes) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "XML is invalid";
    } else {
      open.pop_back();
    }
    if (open.empty() && end + 1 != html.size()) return "XML is invalid";
  }
  return open.empty() ? "" : "XML is invalid";
}

}  // namespace

JsonRecord asana_input(const ApiRequest& request) {
  const auto type = request.header("content-type").value_or("");
  if (!type.starts_with("application/json"))
    throw AsanaError(400, "Could not parse request data, expected JSON");
  const auto body = JsonRecord::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains("data") || !body.at("data").is_object())
    throw AsanaError(400, "Could not parse request data, invalid JSON");
  return body.at("data");
}

std::string asana_required(const JsonRecord& given, const std::string& name) {
  if (!given.contains(name) || !given.at(name).is_string() ||
      given.at(name).get_ref<const std::string&>().empty())
    throw AsanaError(400, name + ": Missing input");
  return given.at(name);
}

void asana_only(const JsonRecord& given, const std::vector<std::string>& names) {
  for (const auto& [name, value] : given.items())
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw AsanaError(400, name + ": Cannot write this property");
}

void asana_check_html(const JsonRecord& given, const std::string& name) {
  if (!given.contains(name)) return;
  const auto problem = given.at(name).is_string() ? problem_of(given.at(name)) : "Not a string";
  if (!problem.empty()) throw AsanaError(400, name + ": " + problem);
}

std::string asana_place(const JsonRecord& given, std::vector<std::string> order,
                        const std::string& moved, const std::string& before,
                        const std::string& after) {
  order.erase(std::remove(order.begin(), order.end(), moved), order.end());
  const auto find = [&](const std::string& name) {
    const auto found = std::find(order.begin(), order.end(), given.at(name).get<std::string>());
    if (found == order.end()) throw AsanaError(404, name + ": Unknown object");
    return found;
  };
  if (given.contains(before) && given.contains(after))
    throw AsanaError(400, "You may only specify one of " + before + " and " + after);
  if (given.contains(before)) return given.at(before).is_null() ? "" : *find(before);
  if (!given.contains(after) || order.empty()) return {};
  if (given.at(after).is_null()) return order.front();
  const auto next = find(after) + 1;
  return next == order.end() ? "" : *next;
}

JsonRecord asana_plain_members(const JsonRecord& given, std::initializer_list<const char*> names) {
  JsonRecord out = JsonRecord::object();
  for (const auto* name : names)
    if (given.contains(name)) out[name] = given.at(name);
  return out;
}

void asana_set_rich(const JsonRecord& given, const std::string& html, const std::string& text,
                    JsonRecord& changes) {
  asana_check_html(given, html);
  if (given.contains(html)) {
    changes[html] = given.at(html);
    changes[text] = asana_plain(given.at(html));
  } else if (given.contains(text)) {
    changes[text] = given.at(text);
    changes[html] = asana_html(given.at(text));
  }
}

}  // namespace probackup
