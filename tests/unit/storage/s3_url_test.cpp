#include "storage/s3_url.h"

#include "catch.h"

using namespace probackup;

TEST_CASE("an S3 URL names server, bucket and prefix") {
  auto url = parse_s3_url("s3:https://S3.example.org:443/bucket/a//b/");
  CHECK(url.scheme == "https");
  CHECK(url.host == "s3.example.org");
  CHECK(url.bucket == "bucket");
  CHECK(url.prefix == "a/b");
  CHECK(url.text() == "s3:https://s3.example.org/bucket/a/b");
  CHECK(url.key("config") == "a/b/config");
  CHECK(parse_s3_url("s3:host.example/bucket").text() == "s3:https://host.example/bucket");
  CHECK(parse_s3_url("s3://host.example/bucket").text() == "s3:https://host.example/bucket");
  CHECK(parse_s3_url("s3:http://127.0.0.1:9000/bucket").host == "127.0.0.1:9000");
  CHECK(parse_s3_url("s3:http://[::1]:9000/bucket").host == "[::1]:9000");
  auto escaped = parse_s3_url("s3:https://h.example/bucket/a%20b/c");
  CHECK(escaped.prefix == "a b/c");
  CHECK(escaped.text() == "s3:https://h.example/bucket/a%20b/c");
}

TEST_CASE("an S3 URL that is none shows the right form") {
  auto refused = [](const std::string& text, const std::string& why) {
    CAPTURE(text);
    try {
      parse_s3_url(text);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK_THAT(error.what(), ContainsSubstring(why));
      CHECK_THAT(error.hint(), ContainsSubstring("s3:https://HOST[:PORT]/BUCKET[/PREFIX]"));
    }
  };
  refused("s3:", "names no server");
  refused("s3:https:///bucket", "names no server");
  refused("s3:https://host", "names no bucket");
  refused("s3:https://host/", "names no bucket");
  refused("s3:https://host/b", "no bucket can be called");
  refused("s3:https://host/buck!et/x", "no bucket can be called");
  refused("s3:https://host/bucket/../other", "has a part that is");
  refused("s3:https://host/bucket?x=1", "behind ?");
  refused("s3:https://host/bucket/" + std::string(1000, 'x'), "too long");
}

TEST_CASE("a password in an S3 URL is refused and not shown") {
  try {
    parse_s3_url("s3:https://user:hunter22@host/bucket");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), ContainsSubstring("environment"));
    CHECK_THAT(error.what(), !ContainsSubstring("hunter22"));
  }
}

TEST_CASE("the style follows the server unless it is asked for") {
  auto amazon = parse_s3_url("s3:https://s3.eu-central-1.amazonaws.com/bucket");
  auto dotted = parse_s3_url("s3:s3.amazonaws.com/my.bucket");
  auto other = parse_s3_url("s3:https://minio.example/bucket");
  CHECK(uses_virtual_host(amazon, S3Options::Style::by_host));
  CHECK_FALSE(uses_virtual_host(dotted, S3Options::Style::by_host));
  CHECK_FALSE(uses_virtual_host(other, S3Options::Style::by_host));
  CHECK(uses_virtual_host(other, S3Options::Style::virtual_host));
  CHECK_FALSE(uses_virtual_host(amazon, S3Options::Style::path));
  CHECK_FALSE(is_amazon(parse_s3_url("s3:https://amazonaws.com.evil.example/bucket")));
}

TEST_CASE("Amazon's host names tell their region") {
  auto region = [](const std::string& host) {
    return region_of_host(parse_s3_url("s3:https://" + host + "/bucket"));
  };
  CHECK(region("s3.eu-central-1.amazonaws.com") == "eu-central-1");
  CHECK(region("s3.dualstack.eu-west-1.amazonaws.com") == "eu-west-1");
  CHECK(region("s3-eu-west-1.amazonaws.com") == "eu-west-1");
  CHECK(region("s3.cn-north-1.amazonaws.com.cn") == "cn-north-1");
  CHECK(region("s3.amazonaws.com").empty());
  CHECK(region("s3.eu-central-1.example.org").empty());
}
