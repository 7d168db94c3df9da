// Where keys come from, and in which order.
#include "storage/s3_credentials.h"

#include "catch.h"
#include "s3_test.h"
#include "unit/http/fake_clock.h"
#include "unit/http/loopback_server.h"
#include "util/file.h"
#include "util/time.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

using Variables = std::map<std::string, std::string>;

struct Rig {
  explicit Rig(Variables variables) {
    variables.emplace("HOME", home.path().string());
    variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
    chain = std::make_unique<CredentialChain>(s3_environment(variables), *http, clock,
                                              std::stop_token{});
  }
  void write(const std::string& name, const std::string& text) {
    make_folders(home.path() / ".aws");
    write_file_atomic(home.path() / ".aws" / name, text);
  }
  TempFolder home;
  FakeClock clock;
  std::unique_ptr<Http> http = curl_http();
  std::unique_ptr<CredentialChain> chain;
};

std::string json_answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("variables come first") {
  Rig rig(Variables{{"AWS_ACCESS_KEY_ID", "A"},
                    {"AWS_SECRET_ACCESS_KEY", "S"},
                    {"AWS_SESSION_TOKEN", "T"},
                    {"AWS_PROFILE", "work"}});
  rig.write("credentials", "[work]\naws_access_key_id = P\naws_secret_access_key = Q\n");
  auto keys = rig.chain->get();
  CHECK(keys.access_key == "A");
  CHECK(keys.secret_key == "S");
  CHECK(keys.session_token == "T");
}

TEST_CASE("half of the variables is a mistake") {
  Rig rig(Variables{{"AWS_ACCESS_KEY_ID", "A"}});
  CHECK_THROWS_WITH(rig.chain->get(), "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
}

TEST_CASE("a profile of the files is used") {
  Rig rig(Variables{{"AWS_PROFILE", "work"}});
  rig.write("credentials",
            "# comment\n[default]\naws_access_key_id=D\naws_secret_access_key=E\n"
            "[work]\r\naws_access_key_id = P \r\naws_secret_access_key = Q/+=  # mine\r\n");
  auto keys = rig.chain->get();
  CHECK(keys.access_key == "P");
  CHECK(keys.secret_key == "Q/+=");
  CHECK(keys.source == "profile work");
}

TEST_CASE("the region of a profile stands in the other file") {
  TempFolder folder;
  write_file_atomic(folder.path() / "config",
                    "[profile work]\nregion = eu-west-3\ns3 =\n  region = nested\n");
  auto profile = load_aws_profile(s3_environment(
      {{"AWS_PROFILE", "work"}, {"AWS_CONFIG_FILE", (folder.path() / "config").string()}}));
  CHECK(profile.found);
  CHECK(profile.setting("region") == "eu-west-3");
}

TEST_CASE("a profile that is not there, or that only other tools can use, says so") {
  Rig missing(Variables{{"AWS_PROFILE", "wrok"}});
  CHECK_THROWS_WITH(missing.chain->get(), ContainsSubstring("no profile wrok"));
  Rig other(Variables{{"AWS_PROFILE", "sso"}});
  other.write("config", "[profile sso]\nsso_session = x\n");
  try {
    other.chain->get();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.hint(), ContainsSubstring("export-credentials --profile sso"));
  }
}

TEST_CASE("a credential_process is run, again before its keys end") {
  Rig rig(Variables{});
  rig.write("count", "");
  std::string ends = format_rfc3339(rig.clock.now() + 1h);
  rig.write("process",
            "echo run >> \"$1/count\"\n"
            "echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"SECRETSECRET\", "
            "\"SessionToken\": \"T\", \"Expiration\": \"" +
                ends + "\"}'\n");
  std::string folder = (rig.home.path() / ".aws").string();
  rig.write("config", "[default]\ncredential_process = sh " + folder + "/process " + folder + "\n");
  CHECK(rig.chain->get().session_token == "T");
  rig.chain->get();
  CHECK(read_file(folder + "/count") == "run\n");
  rig.clock.advance(56min);
  rig.chain->get();
  CHECK(read_file(folder + "/count") == "run\nrun\n");
}

TEST_CASE("a credential_process that fails is named") {
  Rig rig(Variables{});
  rig.write("config", "[default]\ncredential_process = sh -c 'echo sign in first >&2; exit 3'\n");
  CHECK_THROWS_WITH(rig.chain->get(), ContainsSubstring("failed with 3: sign in first"));
  Rig empty(Variables{});
  empty.write("config", "[default]\ncredential_process = true\n");
  CHECK_THROWS_WITH(empty.chain->get(), ContainsSubstring("gives no AccessKeyId"));
}

TEST_CASE("a container's service is asked with its token") {
  LoopbackServer server([](const std::string& request, const auto& send) {
    bool right = request.find("Authorization: container-token") != std::string::npos;
    send(right ? json_answer("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
                             "\"Expiration\":\"2030-01-01T00:00:00Z\"}")
               : "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  });
  Rig rig(Variables{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/keys")},
                    {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token"}});
  CHECK(rig.chain->get().session_token == "T");
  CHECK(rig.chain->get().source == "the container's role");
  CHECK(server.requests().size() == 1);
  Rig elsewhere(Variables{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://keys.example/"}});
  CHECK_THROWS_WITH(elsewhere.chain->get(), ContainsSubstring("keys.example"));
}

TEST_CASE("a machine's role is asked for with a token of its own") {
  LoopbackServer server([](const std::string& request, const auto& send) {
    if (request.starts_with("PUT /latest/api/token"))
      return send(json_answer("imds-token")), void();
    bool right = request.find("X-aws-ec2-metadata-token: imds-token") != std::string::npos;
    if (!right) return send("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), void();
    if (request.starts_with("GET /latest/meta-data/iam/security-credentials/ "))
      return send(json_answer("backup-role\n")), void();
    send(
        json_answer("{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
                    "\"Token\":\"T\",\"Expiration\":\"2030-01-01T00:00:00Z\"}"));
  });
  auto http = curl_http();
  auto keys = machine_credentials(
      s3_environment({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}}), *http);
  REQUIRE(keys);
  CHECK(keys->session_token == "T");
  CHECK(server.requests().at(2).starts_with(
      "GET /latest/meta-data/iam/security-credentials/backup-role"));
}

TEST_CASE("without any keys the message says where they can be") {
  Rig rig(Variables{});
  try {
    rig.chain->get();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), ContainsSubstring("no keys for S3"));
    CHECK_THAT(error.hint(), ContainsSubstring("AWS_PROFILE"));
  }
}
