#include "repository/tree.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <iterator>

#include "repository/document.h"
#include "repository/go_text.h"
#include "util/time.h"

namespace probackup {
namespace {

using simdjson::dom::element;

constexpr std::uint32_t file_mode = 0644, folder_mode = 0x80000000u | 0755;  // Go's fs.FileMode

// Names for messages may hold anything: shown quoted and cut.
std::string shown(std::string_view name) {
  return "\"" + go_quote(name.substr(0, 80)) + "\"";
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

void append_node(std::string& out, const Node& node) {
  std::string time = format_rfc3339(node.time);
  out += R"({"name":)";
  append_go_json(out, go_quote(node.name));
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"(,"type":"{}","mode":{},"mtime":"{}","atime":"{}","ctime":"{}")",
                 node.folder ? "dir" : "file", node.folder ? folder_mode : file_mode, time, time,
                 time);
  out += R"(,"uid":0,"gid":0)";
  if (node.folder) {
    fmt::format_to(to, R"(,"content":null,"subtree":"{}"}})", node.subtree->hex());
    return;
  }
  if (node.size != 0) fmt::format_to(to, R"(,"size":{})", node.size);
  out += R"(,"content":[)";
  for (std::size_t i = 0; i < node.content.size(); ++i)
    fmt::format_to(to, R"({}"{}")", i == 0 ? "" : ",", node.content[i].hex());
  out += "]}";
}

Id id_of(const element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw Error("an id is no text");
  auto id = Id::from_hex(text);
  if (!id || id->is_null()) throw Error("an id is not 64 hex digits");
  return *id;
}

std::string_view text_of(const element& value, const char* what) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw Error(fmt::format("a {} is no text", what));
  return text;
}

std::vector<Id> content_of(const element& value) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) throw Error("a file's content is no list");
  std::vector<Id> out;
  out.reserve(list.size());
  for (element item : list) out.push_back(id_of(item));
  return out;
}

Node node_of(const element& value) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) throw Error("a node is no object");
  Node node;
  bool has_content = false;
  for (auto [key, member] : members) {
    if (key == "name") {
      auto name = go_unquote(text_of(member, "name"));
      if (!name) throw Error("a name has a broken escape");
      node.name = std::move(*name);
    } else if (key == "type") {
      node.type = text_of(member, "type");
    } else if (key == "mtime") {
      auto time = parse_time(text_of(member, "time"));
      if (!time) throw Error("a time is not RFC 3339");
      node.time = *time;
    } else if (key == "size") {
      if (member.get(node.size) != simdjson::SUCCESS) throw Error("a size is no whole number");
    } else if (key == "content" && !member.is_null()) {
      node.content = content_of(member);
      has_content = true;
    } else if (key == "subtree" && !member.is_null()) {
      node.subtree = id_of(member);
    }
  }
  node.folder = node.type == "dir";
  if (!is_file_name(node.name)) throw Error(fmt::format("{} is no file name", shown(node.name)));
  if (node.type.empty()) throw Error(fmt::format("{} has no type", shown(node.name)));
  if (node.folder && !node.subtree)
    throw Error(fmt::format("the folder {} has no subtree", shown(node.name)));
  if (node.type == "file" && !has_content)
    throw Error(fmt::format("the file {} has no content", shown(node.name)));
  return node;
}

}  // namespace

std::string print_tree(std::vector<Node> nodes) {
  std::sort(nodes.begin(), nodes.end(),
            [](const Node& a, const Node& b) { return a.name < b.name; });
  std::string out = R"({"nodes":[)";
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (!is_file_name(node.name)) throw Error(fmt::format("{} is no file name", shown(node.name)));
    if (i > 0 && node.name == nodes[i - 1].name)
      throw Error(fmt::format("the name {} comes twice in one folder", shown(node.name)));
    if (node.folder && !node.subtree)
      throw Error(fmt::format("the folder {} has no subtree", shown(node.name)));
    if (i > 0) out += ',';
    append_node(out, node);
  }
  return out + "]}\n";
}

std::vector<Node> parse_tree(std::string_view json) {
  simdjson::dom::parser parser;
  element document;
  auto error = parser.parse(json.data(), json.size()).get(document);
  if (error) throw Error(fmt::format("not JSON: {}", simdjson::error_message(error)));
  element list;
  simdjson::dom::array items;
  if (document["nodes"].get(list) != simdjson::SUCCESS) throw Error("it has no list of nodes");
  std::vector<Node> nodes;
  if (list.is_null()) return nodes;  // Go's empty list
  if (list.get(items) != simdjson::SUCCESS) throw Error("its nodes are no list");
  nodes.reserve(items.size());
  for (element item : items) nodes.push_back(node_of(item));
  return nodes;
}

}  // namespace probackup
