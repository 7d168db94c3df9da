#include "catch.h"
#include "probackup/http.h"
#include "util/log.h"

using namespace probackup;

TEST_CASE("references resolve as RFC 3986, section 5.4, lists them") {
  const std::string base = "http://a/b/c/d;p?q";
  for (auto [reference, expected] :
       std::vector<std::pair<std::string, std::string>>{{"g:h", "g:h"},
                                                        {"g", "http://a/b/c/g"},
                                                        {"./g", "http://a/b/c/g"},
                                                        {"g/", "http://a/b/c/g/"},
                                                        {"/g", "http://a/g"},
                                                        {"//g", "http://g"},
                                                        {"?y", "http://a/b/c/d;p?y"},
                                                        {"g?y", "http://a/b/c/g?y"},
                                                        {"#s", "http://a/b/c/d;p?q#s"},
                                                        {"g?y#s", "http://a/b/c/g?y#s"},
                                                        {";x", "http://a/b/c/;x"},
                                                        {"", "http://a/b/c/d;p?q"},
                                                        {".", "http://a/b/c/"},
                                                        {"..", "http://a/b/"},
                                                        {"../g", "http://a/b/g"},
                                                        {"../..", "http://a/"},
                                                        {"../../g", "http://a/g"},
                                                        {"../../../g", "http://a/g"},
                                                        {"/./g", "http://a/g"},
                                                        {"/../g", "http://a/g"},
                                                        {"g.", "http://a/b/c/g."},
                                                        {"..g", "http://a/b/c/..g"},
                                                        {"./../g", "http://a/b/g"},
                                                        {"g/./h", "http://a/b/c/g/h"},
                                                        {"g/../h", "http://a/b/c/h"},
                                                        {"g?y/../x", "http://a/b/c/g?y/../x"}}) {
    CAPTURE(reference);
    CHECK(resolve_url(base, reference) == expected);
  }
}

TEST_CASE("an origin leaves out the default port and the case of the host") {
  CHECK(url_origin("HTTPS://Api.Example.COM:443/x?y") == "https://api.example.com");
  CHECK(url_origin("http://h:80") == "http://h");
  CHECK(url_origin("http://h:8080/") == "http://h:8080");
  CHECK(url_origin("https://[2001:DB8::1]:8443/") == "https://[2001:db8::1]:8443");
  CHECK(url_origin("https://user:pw@h/") == "https://h");
}

TEST_CASE("what two parsers could read differently is no web address") {
  for (const char* text :
       {"https://good.example\\@evil.example/", "https://a@b@c/", "https://h:99999/",
        "https://h:1x/", "https://h /", "https://h\r\nX: y/", "ftp://h/", "//h/", "/path", "",
        "https://", "https:///x", "https:h", "https://[::1", "https://[::1]x/"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(url_origin(text), Error);
  }
}

TEST_CASE("only this machine's names are loopback") {
  CHECK(is_loopback("http://127.0.0.1:80/"));
  CHECK(is_loopback("http://127.9.8.7"));
  CHECK(is_loopback("http://LOCALHOST/"));
  CHECK(is_loopback("http://[::1]:3000/"));
  CHECK_FALSE(is_loopback("http://127.0.0.1.example.com/"));
  CHECK_FALSE(is_loopback("http://localhost.example.com/"));
  CHECK_FALSE(is_loopback("http://128.0.0.1/"));
  CHECK_FALSE(is_loopback("http://example.com/?127.0.0.1"));
}

TEST_CASE("URLs in messages show no secrets") {
  CHECK(safe_url("https://u:pw@h/p?page=2&access_token=abc&key=k1#frag") ==
        "https://***@h/p?page=2&access_token=***&key=***");
  CHECK(safe_url("https://h/f?X-Amz-Signature=1f&X-Amz-Date=d&project=p") ==
        "https://h/f?X-Amz-Signature=***&X-Amz-Date=d&project=p");
  add_secret("s3cr3t-in-path");
  CHECK(safe_url("https://h/hooks/s3cr3t-in-path/x") == "https://h/hooks/***/x");
  CHECK(safe_url("https://h /?token=abc").find("abc") == std::string::npos);
}

TEST_CASE("the last header of a name counts, whatever its case") {
  Headers headers{{"ETag", "a"}, {"etag", "b"}};
  CHECK(header(headers, "ETAG") == "b");
  CHECK_FALSE(header(headers, "Date"));
}

TEST_CASE("a path does not turn into a host when it is resolved") {
  CHECK_THROWS_AS(resolve_url("https://api.example/v1", "http:..///evil.example/"), Error);
  CHECK_THROWS_AS(resolve_url("https://api.example/v1", "http:..///[::1]:80-/"), Error);
  CHECK(resolve_url("https://api.example/v1", "..//x/") == "https://api.example//x/");
}
