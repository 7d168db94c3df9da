#include "catch.h"
#include "probackup/http.h"

using namespace probackup;

namespace {

std::optional<std::string> next(const std::string& value) {
  return link_target({{"Link", value}}, "next", "https://h/a/b?page=1");
}

}  // namespace

TEST_CASE("a link is found by its relation among several") {
  Headers headers{
      {"link", "<https://h/items?page=2>; rel=\"next\", <https://h/items?page=9>; rel=\"last\""}};
  CHECK(link_target(headers, "next", "https://h/") == "https://h/items?page=2");
  CHECK(link_target(headers, "last", "https://h/") == "https://h/items?page=9");
  CHECK_FALSE(link_target(headers, "prev", "https://h/"));
}

TEST_CASE("links may be relative, unquoted, in several headers, with commas in the target") {
  CHECK(next("<?page=2>; rel=next") == "https://h/a/b?page=2");
  CHECK(next("<c,d;e>;title=\"a, \\\"b\\\"; rel=x\" ; REL = \"prev NEXT\"") == "https://h/a/c,d;e");
  Headers two{{"Link", "</1>; rel=first"}, {"Link", "</2>; rel=next"}};
  CHECK(link_target(two, "next", "https://h/") == "https://h/2");
}

TEST_CASE("of two rel parameters the first counts, and anchored links are about another page") {
  CHECK_FALSE(next("</x>; rel=prev; rel=next"));
  CHECK_FALSE(next("</x>; rel=next; anchor=\"#foo\""));
}

TEST_CASE("broken Link headers give no link and no crash") {
  for (const char* value : {"", "next", "<", "<x", "<x>", "<x>;", "<x>; rel", "<x>; rel=\"", ";,<>",
                            "<h ttp://x>; rel=next", "<x>; rel=\"\\"}) {
    CAPTURE(value);
    CHECK_FALSE(next(value));
  }
}
