// Each way in which a store refuses has its own message and hint.
#include "catch.h"
#include "s3_server.h"
#include "s3_test.h"
#include "storage/s3_storage.h"
#include "unit/http/fake_clock.h"
#include "unit/http/loopback_server.h"

using namespace probackup;

namespace {

const ObjectName pack{ObjectKind::data, std::string(64, 'a')};

struct Failure {
  ErrorKind kind{};
  std::string what, hint;
};

template <typename Call>
Failure failure_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.kind(), error.what(), error.hint()};
  }
  FAIL("no error");
  return {};
}

// Options that try once.
StorageOptions once(const S3Server& server) {
  auto options = s3_test_options(server);
  options.retry.total_max = std::chrono::seconds(0);
  return options;
}

S3Server::Fault answer(int status, const std::string& code, const std::string& more = {}) {
  return [=](const httplib::Request&, httplib::Response& response) {
    s3_refuse(response, status, code, more);
    return true;
  };
}

}  // namespace

TEST_CASE("an access key that the server does not know is named with its source") {
  S3Server server;
  server.add_bucket("bucket");
  auto options = once(server);
  options.environment = s3_environment(
      {{"AWS_ACCESS_KEY_ID", "AKIAOTHER"}, {"AWS_SECRET_ACCESS_KEY", "secretsecret"}});
  auto storage = open_storage(server.repository("bucket"), options);
  for (auto& error :
       {failure_of([&] { storage->load(pack); }), failure_of([&] { storage->size(pack); }),
        failure_of([&] { storage->list(ObjectKind::key); })}) {
    CHECK_THAT(error.what, ContainsSubstring("does not know the access key AKIAOTHER"));
    CHECK_THAT(error.what, ContainsSubstring("from the environment"));
    CHECK_THAT(error.hint, ContainsSubstring("AWS_ACCESS_KEY_ID"));
  }
}

TEST_CASE("a wrong secret key is told apart, and not shown") {
  S3Server server;
  server.add_bucket("bucket");
  auto options = once(server);
  options.environment = s3_environment(
      {{"AWS_ACCESS_KEY_ID", "TESTACCESS"}, {"AWS_SECRET_ACCESS_KEY", "wrongwrong"}});
  auto error = failure_of([&] { open_storage(server.repository("bucket"), options)->load(pack); });
  CHECK_THAT(error.what, ContainsSubstring("secret key does not fit"));
  CHECK_THAT(error.what, !ContainsSubstring("wrongwrong"));
}

TEST_CASE("a clock that is wrong is shown beside the server's") {
  FakeClock clock;
  S3Server server;  // has the machine's
  server.add_bucket("bucket");
  auto options = once(server);
  options.clock = &clock;
  auto storage = open_storage(server.repository("bucket"), options);
  auto error = failure_of([&] { storage->save(pack, "x"); });
  CHECK_THAT(error.what,
             ContainsSubstring("clocks differ: it is 2023-11-14T22:13:20Z here and 20"));
  CHECK_THAT(error.what, ContainsSubstring("there"));
  CHECK_THAT(error.hint, ContainsSubstring("clock"));
  // A HEAD has no body: the reason is asked for.
  CHECK_THAT(failure_of([&] { storage->size(pack); }).what, ContainsSubstring("clocks differ"));
}

TEST_CASE("a bucket that is not there is no repository") {
  S3Server server;
  auto storage = open_storage(server.repository("nowhere"), once(server));
  auto error = failure_of([&] { storage->load({ObjectKind::config, {}}); });
  CHECK(error.kind == ErrorKind::no_repository);
  CHECK_THAT(error.what, ContainsSubstring("no bucket nowhere"));
  CHECK_THAT(error.hint, ContainsSubstring("probackup init"));
}

TEST_CASE("a missing permission names the operation, the object and the permission") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), once(server));
  server.add_fault(answer(403, "AccessDenied"));
  auto error = failure_of([&] { storage->save(pack, "x"); });
  CHECK_THAT(error.what, ContainsSubstring("may not do PutObject on pack aaa"));
  CHECK_THAT(error.hint, ContainsSubstring("s3:PutObject"));
  server.add_faults(2, answer(403, "AccessDenied"));
  CHECK_THAT(failure_of([&] { storage->size(pack); }).hint, ContainsSubstring("s3:GetObject"));
  server.add_fault(answer(403, "AccessDenied"));
  CHECK_THAT(failure_of([&] { storage->list(ObjectKind::lock); }).hint,
             ContainsSubstring("s3:ListBucket"));
}

TEST_CASE("a region that the server does not accept twice is an error") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), once(server));
  server.add_fault(answer(301, "PermanentRedirect", "<Region>eu-one-1</Region>"));
  server.add_fault(answer(301, "PermanentRedirect", "<Region>eu-two-1</Region>"));
  auto error = failure_of([&] { storage->load(pack); });
  CHECK_THAT(error.what, ContainsSubstring("eu-two-1"));
  CHECK_THAT(error.hint, ContainsSubstring("AWS_REGION"));
}

TEST_CASE("success with an error inside is an error") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), once(server));
  server.add_fault(answer(200, "InternalError"));
  CHECK_THAT(failure_of([&] { storage->save(pack, "x"); }).what,
             ContainsSubstring("InternalError"));
  server.add_fault(answer(200, "InternalError"));
  CHECK_THROWS_AS(storage->list(ObjectKind::key), Error);
}

TEST_CASE("web pages are not taken for an S3 server") {
  for (int status : {200, 302, 403, 404}) {
    CAPTURE(status);
    S3Server server;
    server.add_bucket("bucket");
    auto storage = open_storage(server.repository("bucket"), once(server));
    server.add_faults(5, [&](const httplib::Request&, httplib::Response& response) {
      response.status = status;
      if (status == 302) response.set_header("Location", "https://login.example/");
      response.set_content("<!DOCTYPE html><html><body>Please sign in</body></html>", "text/html");
      return true;
    });
    for (auto& error :
         {failure_of([&] { storage->save(pack, "x"); }), failure_of([&] { storage->load(pack); }),
          failure_of([&] { storage->list(ObjectKind::key); }),
          failure_of([&] { storage->remove_many(ObjectKind::key, {pack.name}); })}) {
      CHECK_THAT(error.what, ContainsSubstring("does not answer as an S3 server"));
      CHECK_THAT(error.hint, ContainsSubstring("proxy"));
    }
  }
}

TEST_CASE("what a server says cannot break out of its line") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), once(server));
  server.add_fault([](const httplib::Request&, httplib::Response& response) {
    response.status = 400;
    response.set_content("<Error><Code>Odd</Code><Message>one\ntwo&#27;[31m" +
                             std::string(5000, 'x') + "</Message></Error>",
                         "application/xml");
    return true;
  });
  auto error = failure_of([&] { storage->save(pack, "x"); });
  CHECK_THAT(error.what, ContainsSubstring("400 Odd: one two [31mxxx"));
  CHECK(error.what.size() < 600);
}

TEST_CASE("an ended session token says so") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), once(server));
  server.add_fault(answer(400, "ExpiredToken"));
  auto error = failure_of([&] { storage->load(pack); });
  CHECK_THAT(error.what, ContainsSubstring("session token"));
  CHECK_THAT(error.hint, ContainsSubstring("AWS_SESSION_TOKEN"));
}

TEST_CASE("plain http is refused but for this machine") {
  StorageOptions options;
  options.environment =
      s3_environment({{"AWS_ACCESS_KEY_ID", "KEYKEY"}, {"AWS_SECRET_ACCESS_KEY", "secret"}});
  auto storage = open_storage("s3:http://storage.example/bucket", options);
  auto error = failure_of([&] { storage->load(pack); });
  CHECK_THAT(error.what, ContainsSubstring("http sends everything readable"));
}

TEST_CASE("a host that becomes unknown in the middle of a run is waited for") {
  struct Network final : Http {
    HttpResponse send(const HttpRequest&, std::stop_token) override {
      ++calls;
      if (calls == first_answer || calls > last_failure) return {404, {}, "", ""};
      throw NetworkError("no such host", false);
    }
    int calls = 0, first_answer = 1, last_failure = 3;
  };
  FakeClock clock;
  StorageOptions options;
  options.clock = &clock;
  options.environment =
      s3_environment({{"AWS_ACCESS_KEY_ID", "KEYKEY"}, {"AWS_SECRET_ACCESS_KEY", "secret"}});
  auto open = [&](Network& network) {
    return retrying_storage(
        s3_storage(parse_s3_url("s3:https://host.example/bucket"), options, network), {}, clock,
        [] { return 0.0; });
  };
  Network network;
  auto storage = open(network);
  CHECK_FALSE(storage->size(pack));
  CHECK_FALSE(storage->size(pack));
  CHECK(network.calls == 4);
  Network unknown;
  unknown.first_answer = 0;
  CHECK_THROWS_WITH(open(unknown)->size(pack), "no such host");
  CHECK(unknown.calls == 1);
}

TEST_CASE("listings that never end are not followed forever") {
  S3Server server;
  server.add_bucket("bucket");
  auto storage = open_storage(server.repository("bucket"), once(server));
  server.add_faults(5, [](const httplib::Request&, httplib::Response& response) {
    response.set_content(
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>"
        "same</NextContinuationToken></ListBucketResult>",
        "application/xml");
    return true;
  });
  CHECK_THAT(failure_of([&] { storage->list(ObjectKind::key); }).what,
             ContainsSubstring("without end"));
}

TEST_CASE("a listing that is cut, or holds nonsense, is refused") {
  for (const char* body :
       {"<ListBucketResult><Contents><Key>keys/", "{}", "",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    CAPTURE(body);
    S3Server server;
    server.add_bucket("bucket");
    auto storage = open_storage(server.repository("bucket"), once(server));
    server.add_fault([&](const httplib::Request&, httplib::Response& response) {
      response.set_content(body, "application/xml");
      return true;
    });
    CHECK_THROWS_AS(storage->list(ObjectKind::key), Error);
  }
}
