#include "fake/github_view_parts.h"

#include <cctype>
#include <string_view>

#include "util/bytes.h"

namespace probackup {

namespace {

constexpr std::size_t asset_name_max = 255;  // as file systems have it

}  // namespace

std::string github_node_id(const std::string& kind, const JsonRecord& record) {
  return kind + "_" + to_base64url(std::to_string(record.at("id").get<std::int64_t>()));
}

JsonRecord github_head(const std::string& url, const JsonRecord& record, const std::string& kind) {
  return {{"url", url}, {"id", record.at("id")}, {"node_id", github_node_id(kind, record)}};
}

void add_github_times(JsonRecord& view, const JsonRecord& record) {
  view["created_at"] = record.at("created_at");
  view["updated_at"] = record.at("updated_at");
}

ApiAnswer github_refusal(int status, const std::string& message) {
  const JsonRecord body{{"message", message},
                        {"documentation_url", "https://docs.github.com/rest"},
                        {"status", std::to_string(status)}};
  return json_answer(body.dump(), status);
}

std::string github_asset_name(std::string name) {
  for (auto& c : name) {
    const bool stays = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("._-+@").find(c) != std::string_view::npos;
    if (!stays) c = '.';
  }
  if (name.starts_with('.')) name.insert(0, "default");
  while (name.ends_with('.')) name.pop_back();
  return name.substr(0, asset_name_max);
}

JsonRecord github_link(const std::string& url) {
  return {{"href", url}};
}

}  // namespace probackup
