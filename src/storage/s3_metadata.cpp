// Keys of the role that a container or a machine in Amazon's cloud has.
#include <fmt/format.h>

#include "http/url.h"
#include "storage/s3_credentials.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view container_service = "http://169.254.170.2";
constexpr std::string_view machine_service = "http://169.254.169.254";
constexpr auto container_timeout = 5s;
// Elsewhere nobody answers at that address.
constexpr auto machine_timeout = 1s;
constexpr std::size_t answer_bytes_max = 1 << 20;

HttpRequest metadata_request(const std::string& url, std::chrono::milliseconds timeout) {
  HttpRequest request;
  request.url = url;
  request.timeout = timeout;
  request.allow_plain_http = true;
  request.redirects_max = 0;
  request.body_bytes_max = answer_bytes_max;
  return request;
}

std::string ask(Http& http, const HttpRequest& request, const std::string& source) {
  auto answer = http.send(request, {});
  if (answer.status != 200)
    throw Error(fmt::format("{} answered {}", source, answer.status),
                "check that a role is attached, or set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY");
  return answer.body;
}

// Who may be asked without TLS: this machine, and the addresses of ECS and EKS.
bool is_container_host(const std::string& url) {
  auto parsed = parse_url(url);
  if (!parsed) return false;
  return parsed->scheme == "https" || is_loopback(url) || parsed->host == "169.254.170.2" ||
         parsed->host == "169.254.170.23" || parsed->host == "[fd00:ec2::23]";
}

}  // namespace

std::optional<S3Credentials> container_credentials(const Environment& environment, Http& http) {
  std::string url;
  if (auto relative = variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
    url = std::string(container_service) + *relative;
  else if (auto full = variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI"))
    url = *full;
  else
    return std::nullopt;
  if (!is_container_host(url))
    throw Error(
        fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI names {}, which is not asked for "
                    "keys without TLS",
                    safe_url(url)));
  auto request = metadata_request(url, container_timeout);
  auto token = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (auto file = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    token = std::string(trim(read_file(*file)));
  if (token) {
    add_secret(*token);
    request.headers.emplace_back("Authorization", *token);
  }
  std::string source = "the container's role";
  return parse_credentials(ask(http, request, source), "Token", source);
}

std::optional<S3Credentials> machine_credentials(const Environment& environment, Http& http) {
  if (to_lower(variable(environment, "AWS_EC2_METADATA_DISABLED").value_or("")) == "true")
    return std::nullopt;
  std::string base = variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT")
                         .value_or(std::string(machine_service));
  while (base.ends_with('/')) base.pop_back();
  std::string source = "the machine's role";

  auto begin = metadata_request(base + "/latest/api/token", machine_timeout);
  begin.method = "PUT";
  begin.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}};
  HttpResponse token;
  try {
    token = http.send(begin, {});
  } catch (const NetworkError& error) {
    log_verbose(fmt::format("no metadata service: {}", error.what()));
    return std::nullopt;
  }
  // Some other thing that lives at this address in another cloud.
  if (token.status != 200) return std::nullopt;
  add_secret(token.body);

  std::string path = base + "/latest/meta-data/iam/security-credentials/";
  auto request = metadata_request(path, machine_timeout);
  request.headers = {{"X-aws-ec2-metadata-token", token.body}};
  auto roles = http.send(request, {});
  if (roles.status == 404) return std::nullopt;  // a machine without a role
  auto role = trim(std::string_view(roles.body).substr(0, roles.body.find('\n')));
  if (roles.status != 200 || role.empty())
    throw Error(
        fmt::format("{} cannot be read: the metadata service answered {}", source, roles.status));
  request.url = path + url_encode(role);
  return parse_credentials(ask(http, request, source), "Token", source);
}

}  // namespace probackup
