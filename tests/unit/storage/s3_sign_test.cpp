// The examples of "Signature Calculations for the Authorization Header: Transferring Payload in a
// Single Chunk (AWS Signature Version 4)", Amazon S3 API Reference.
#include "storage/s3_sign.h"

#include "catch.h"
#include "util/time.h"

using namespace probackup;

namespace {

const S3Credentials example{
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", {}, "the example"};

std::string signature(const std::string& method, const std::string& path, const S3Query& query,
                      const Headers& headers, std::string_view body) {
  S3Unsigned request{method,
                     "examplebucket.s3.amazonaws.com",
                     canonical_path(path),
                     canonical_query(query),
                     headers,
                     body};
  auto sent = sign_s3(request, example, "us-east-1", *parse_rfc3339("2013-05-24T00:00:00Z"));
  auto line = header(sent, "authorization").value();
  return line.substr(line.find("Signature=") + 10);
}

}  // namespace

TEST_CASE("signatures are those of Amazon's examples") {
  CHECK(signature("GET", "/test.txt", {}, {{"Range", "bytes=0-9"}}, "") ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(signature("PUT", "/test$file.text", {},
                  {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                  "Welcome to Amazon S3.") ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  CHECK(signature("GET", "/", {{"lifecycle", ""}}, {}, "") ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(signature("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, "") ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("a session token is sent and signed") {
  S3Credentials keys = example;
  keys.session_token = "a-token";
  auto sent = sign_s3({"GET", "host", "/", "", {}, ""}, keys, "us-east-1", Time{});
  CHECK(header(sent, "x-amz-security-token") == "a-token");
  CHECK_THAT(header(sent, "authorization").value(), ContainsSubstring("x-amz-security-token"));
}

TEST_CASE("queries and paths have one form") {
  CHECK(canonical_query({{"b", "2 3"}, {"a", ""}, {"B", "ü/"}}) == "B=%C3%BC%2F&a=&b=2%203");
  CHECK(canonical_path("/bucket/a b/ü%/~x") == "/bucket/a%20b/%C3%BC%25/~x");
}
