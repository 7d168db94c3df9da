#include "expr/adf.h"

#include <nlohmann/json.hpp>

#include "probackup/error.h"

namespace probackup {
namespace {

using nlohmann::json;

json text_node(const std::string& text) {
  return {{"type", "text"}, {"text", text}};
}

json paragraph(const std::string& text) {
  return {{"type", "paragraph"}, {"content", json::array({text_node(text)})}};
}

std::string text_at(const json& node, const char* name) {
  auto found = node.find(name);
  return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json attributes(const json& node) {
  return node.value("attrs", json::object());
}

bool is_attached(const json& node) {
  return text_at(attributes(node), "type") != "external";
}

// What an attached picture or file is called, as far as the document says.
std::string media_name(const json& node) {
  const std::string name = text_at(attributes(node), "alt");
  return "[" + (name.empty() ? "attachment" : name) + "]";
}

json moved(const json& node);

json moved_list(const json& nodes) {
  json out = json::array();
  for (const json& node : nodes) out.push_back(node.is_object() ? moved(node) : node);
  return out;
}

json moved(const json& node) {
  const std::string type = text_at(node, "type");
  if (type == "mention") {
    const std::string name = text_at(attributes(node), "text");
    return text_node(name.empty() ? "@somebody" : name);
  }
  if (type == "mediaInline" && is_attached(node)) return text_node(media_name(node));
  const json content = node.value("content", json::array());
  if ((type == "mediaSingle" || type == "mediaGroup") && content.is_array()) {
    std::string names;
    for (const json& media : content)
      if (media.is_object() && text_at(media, "type") == "media" && is_attached(media))
        names += (names.empty() ? "" : " ") + media_name(media);
    if (!names.empty()) return paragraph(names);
  }
  json out = node;
  if (node.contains("content") && content.is_array()) out["content"] = moved_list(content);
  return out;
}

}  // namespace

json adf_elsewhere(const json& document, const std::string& note) {
  if (document.is_null() && note.empty()) return nullptr;
  json out = document.is_null() ? json{{"type", "doc"}, {"version", 1}, {"content", json::array()}}
                                : document;
  if (text_at(out.is_object() ? out : json::object(), "type") != "doc" ||
      !out.value("content", json()).is_array())
    throw Error("expected a document in Atlassian Document Format");
  json content = json::array();
  if (!note.empty()) content.push_back(paragraph(note));
  for (json& node : moved_list(out["content"])) content.push_back(std::move(node));
  out["content"] = std::move(content);
  return out;
}

}  // namespace probackup
