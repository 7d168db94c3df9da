#include "fake/github_view_parts.h"

#include "util/bytes.h"

namespace probackup {

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

JsonRecord github_link(const std::string& url) {
  return {{"href", url}};
}

}  // namespace probackup
