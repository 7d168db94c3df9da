// What only a store behind a network has to show.
#include <algorithm>

#include "catch.h"
#include "s3_server.h"
#include "s3_test.h"
#include "unit/http/loopback_server.h"

using namespace probackup;

namespace {

const ObjectName pack{ObjectKind::data, std::string(64, 'a')};

std::string numbered(unsigned n) {
  std::string digits = std::to_string(n);
  return std::string(64 - digits.size(), '0') + digits;
}

}  // namespace

TEST_CASE("listings of many pages are read to their end") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket/deep/er"), s3_test_options(server));
  for (unsigned i = 0; i < 10; ++i) storage->save({ObjectKind::snapshot, numbered(i)}, "x");
  CHECK(storage->list(ObjectKind::snapshot).size() == 10);
  auto requests = server.requests();
  CHECK(std::count_if(requests.begin(), requests.end(), [](const std::string& request) {
          return request.find("list-type") != std::string::npos;
        }) == 4);
}

TEST_CASE("what is in the bucket besides the repository is not listed") {
  S3Server server;
  server.add_bucket("bucket");
  auto options = s3_test_options(server);
  auto storage = open_storage(server.repository("bucket/one"), options);
  open_storage(server.repository("bucket/one/keys"), options)->save(pack, "below a kind's folder");
  open_storage(server.repository("bucket"), options)->save({ObjectKind::key, numbered(1)}, "above");
  CHECK(storage->list(ObjectKind::key).empty());
}

TEST_CASE("init makes a bucket that is not there, in the region that is named") {
  S3ServerOptions server_options;
  server_options.region = "eu-test-1";
  S3Server server(server_options);
  auto options = s3_test_options(server);
  options.s3.region = "eu-test-1";
  auto storage = open_storage(server.repository("fresh"), options);
  CHECK_FALSE(storage->size({ObjectKind::config, {}}));
  storage->create();
  storage->create();
  storage->save(pack, "x");
  CHECK(storage->load(pack) == "x");
}

TEST_CASE("what lies below a prefix besides a repository is found") {
  S3Server server;
  auto fresh = open_storage(server.repository("fresh"), s3_test_options(server));
  CHECK_FALSE(fresh->stranger());  // there is no bucket yet
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket/a"), s3_test_options(server));
  CHECK_FALSE(storage->stranger());
  auto beside = open_storage(server.repository("bucket/ab"), s3_test_options(server));
  beside->save({ObjectKind::config, ""}, "x");
  CHECK_FALSE(storage->stranger());
  auto below = open_storage(server.repository("bucket/a/deeper"), s3_test_options(server));
  below->save({ObjectKind::config, ""}, "x");
  CHECK(storage->stranger() == "deeper/config");
}

TEST_CASE("the region that the server names is followed once") {
  S3ServerOptions server_options;
  server_options.region = "eu-test-1";
  S3Server server(server_options);
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), s3_test_options(server));
  storage->save(pack, "x");
  CHECK(storage->load(pack) == "x");
  CHECK(server.requests().size() == 3);  // only the first one went wrong
}

TEST_CASE("a bucket's name can stand in the host's") {
  LoopbackServer server([](const std::string&, const auto& send) {
    send("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 2\r\n\r\nok");
  });
  StorageOptions options;
  options.environment =
      s3_environment({{"AWS_ACCESS_KEY_ID", "KEYKEY"}, {"AWS_SECRET_ACCESS_KEY", "secret"}});
  options.allow_plain_http = true;
  auto url = "s3:http://localhost:" + std::to_string(server.port()) + "/bucket/p";
  CHECK(open_storage(url, options)->load(pack) == "ok");
  set_storage_option(options, "s3.style=virtual");
  CHECK(open_storage(url, options)->load(pack) == "ok");
  auto requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK_THAT(requests[0], ContainsSubstring("GET /bucket/p/data/aa/"));
  CHECK_THAT(requests[0], ContainsSubstring("Host: localhost:"));
  CHECK_THAT(requests[1], ContainsSubstring("GET /p/data/aa/"));
  CHECK_THAT(requests[1], ContainsSubstring("Host: bucket.localhost:"));
}

TEST_CASE("class and encryption are asked for as the options say") {
  S3Server server;
  server.add_bucket("bucket");
  auto options = s3_test_options(server);
  for (const char* option : {"s3.storage-class=STANDARD_IA", "s3.encryption=aws:kms",
                             "s3.kms-key=alias/backup", "s3.connections=2"})
    set_storage_option(options, option);
  auto storage = open_storage(server.repository("bucket"), options);
  storage->save(pack, "x");
  storage->save({ObjectKind::config, {}}, "y");
  auto objects = server.objects("bucket");
  auto& headers = objects["data/aa/" + pack.name].headers;
  CHECK(headers["x-amz-storage-class"] == "STANDARD_IA");
  CHECK(headers["x-amz-server-side-encryption"] == "aws:kms");
  CHECK(headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/backup");
  // What every command reads stays where it is quick.
  CHECK_FALSE(objects["config"].headers.contains("x-amz-storage-class"));
}

TEST_CASE("options that cannot work are wrong usage") {
  StorageOptions options;
  auto usage = [&](const std::string& text) {
    CAPTURE(text);
    StorageOptions changed = options;
    try {
      set_storage_option(changed, text);
      open_storage("s3:https://host/bucket", changed);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
    }
  };
  for (const char* text :
       {"s3.region", "s3.regoin=x", "s3.style=round", "s3.connections=0", "s3.connections=many",
        "s3.encryption=rot13", "s3.kms-key=x", "s3.storage-class=DEEP_ARCHIVE"})
    usage(text);
  CHECK_THROWS_WITH(set_storage_option(options, "s3.regoin=x"),
                    ContainsSubstring("did you mean s3.region"));
}

TEST_CASE("an upload that is changed on its way is refused, and sent again") {
  S3ServerOptions server_options;
  server_options.checks_digest = false;  // Content-MD5 alone must do
  S3Server server(server_options);
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), s3_test_options(server));
  int left = 3;
  server.set_damage([&](std::string& body) {
    if (left == 0) return;
    if (--left % 2 == 0)
      body[body.size() / 2] ^= 1;
    else
      body.resize(body.size() - 1);
  });
  std::string bytes(100'000, 'b');
  storage->save(pack, bytes);
  CHECK(left == 0);
  CHECK(server.objects("bucket")["data/aa/" + pack.name].bytes == bytes);
  CHECK(storage->load(pack) == bytes);
}

TEST_CASE("an upload that always arrives damaged fails and leaves nothing") {
  S3Server server;
  server.add_bucket("bucket");
  auto options = s3_test_options(server);
  options.retry.total_max = std::chrono::milliseconds(20);
  auto storage = open_storage(server.repository("bucket"), options);
  server.set_damage([](std::string& body) { body += 'x'; });
  CHECK_THROWS_WITH(storage->save(pack, "bytes"), ContainsSubstring("arrived damaged"));
  CHECK(server.objects("bucket").empty());
}

TEST_CASE("an answer that is cut short is asked for again") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), s3_test_options(server));
  std::string bytes(200'000, 'c');
  storage->save(pack, bytes);
  server.add_faults(2, [](const httplib::Request&, httplib::Response& response) {
    response.set_header("ETag", "\"1\"");
    response.set_content_provider(200'000, "application/octet-stream",
                                  [](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    if (offset > 0) return false;
                                    std::string part(70'000, 'c');
                                    return sink.write(part.data(), part.size());
                                  });
    return true;
  });
  CHECK(storage->load(pack) == bytes);
}

TEST_CASE("what a multi-delete could not remove is told with the reason") {
  S3Server server;
  server.add_bucket("bucket");
  auto options = s3_test_options(server);
  auto storage = open_storage(server.repository("bucket"), options);
  options.s3.storage_class = "STUBBORN";
  auto stubborn = open_storage(server.repository("bucket"), options);
  std::vector<std::string> names;
  for (unsigned i = 0; i < 5; ++i) {
    names.push_back(numbered(i));
    (i == 3 ? stubborn : storage)->save({ObjectKind::data, numbered(i)}, "x");
  }
  auto failures = storage->remove_many(ObjectKind::data, names);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].name == numbered(3));
  CHECK_THAT(failures[0].why, ContainsSubstring("AccessDenied"));
  CHECK(storage->list(ObjectKind::data).size() == 1);
}

TEST_CASE("a multi-delete takes a thousand names at a time") {
  S3ServerOptions server_options;
  server_options.page_keys = 1000;
  S3Server server(server_options);
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), s3_test_options(server));
  std::vector<std::string> names;
  for (unsigned i = 0; i < 2001; ++i) names.push_back(numbered(i));
  for (unsigned i : {0u, 999u, 1000u, 2000u}) storage->save({ObjectKind::data, numbered(i)}, "x");
  auto before = server.requests().size();
  CHECK(storage->remove_many(ObjectKind::data, names).empty());
  CHECK(server.requests().size() - before == 4);  // and one question for object lock
  CHECK(storage->list(ObjectKind::data).empty());
}
