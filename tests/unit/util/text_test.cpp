#include "util/text.h"
#include "catch.h"
#include "util/bytes.h"
#include "util/time.h"

using namespace probackup;

TEST_CASE("a file name from the app cannot leave its folder or confuse a file system") {
  for (std::string name : {"../../etc/passwd", "a/b", "..", ".", "", "con", "x\0y", "a\\b", "é"}) {
    std::string safe = safe_file_name(name);
    CAPTURE(name, safe);
    CHECK(safe.find('/') == std::string::npos);
    CHECK(safe.find('\\') == std::string::npos);
    CHECK_FALSE(safe.empty());
    CHECK(safe.front() != '.');
    CHECK(to_lower(safe) != "con");
  }
  CHECK(safe_file_name("report-2.pdf") == "report-2.pdf");
  CHECK(safe_file_name(std::string(10'000, 'a') + "1.pdf").size() <= 200);
  CHECK(safe_file_name(std::string(10'000, 'a') + "1") !=
        safe_file_name(std::string(10'000, 'a') + "2"));
  CHECK(safe_file_name(std::string(10'000, 'a') + ".pdf").ends_with(".pdf"));
}

TEST_CASE("times go to text and back") {
  for (const char* text :
       {"2024-02-29T23:59:59Z", "2024-01-01T00:00:00.5Z", "1999-12-31T12:00:00.123456789Z"})
    CHECK(format_rfc3339(*parse_rfc3339(text)) == text);
  CHECK(format_rfc3339(*parse_rfc3339("2024-01-01T02:00:00+02:00")) == "2024-01-01T00:00:00Z");
  CHECK(format_rfc3339(*parse_rfc3339("2024-01-01")) == "2024-01-01T00:00:00Z");
  for (const char* text : {"", "2024-13-01", "2024-02-30", "2024-01-01T25:00:00Z", "yesterday",
                           "2024-01-01T00:00:00Zx"})
    CHECK_FALSE(parse_rfc3339(text));
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == parse_rfc3339("1994-11-06T08:49:37Z"));
  CHECK(format_http_date(*parse_rfc3339("1994-11-06T08:49:37Z")) ==
        "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("durations are sums of units") {
  using namespace std::chrono_literals;
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("7d") == 168h);
  CHECK_FALSE(parse_duration("7"));
  CHECK_FALSE(parse_duration("x"));
  CHECK(format_duration(65s) == "1m 5s");
}

TEST_CASE("base64 refuses what it would not write itself") {
  CHECK(from_base64(to_base64(std::string("a\0b", 3))) == std::string("a\0b", 3));
  CHECK_FALSE(from_base64("YQ"));
  CHECK_FALSE(from_base64("YR=="));
  CHECK_FALSE(from_base64("Y Q="));
}

TEST_CASE("a misspelt word finds its neighbours") {
  CHECK(did_you_mean("trelo", {"trello", "github"}) == "; did you mean trello?");
  CHECK(did_you_mean("zzz", {"trello", "github"}).empty());
}

TEST_CASE("Times and durations that 64 bits of nanoseconds cannot count are refused") {
  CHECK_FALSE(parse_rfc3339("9999-12-31T23:59:59Z"));
  CHECK_FALSE(parse_rfc3339("2262-01-01"));
  CHECK_FALSE(parse_rfc3339("1677-12-31"));
  CHECK(parse_rfc3339("2261-12-31T23:59:59.999999999Z"));
  CHECK(parse_rfc3339("1678-01-01T00:00:00Z"));
  CHECK_FALSE(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT"));
  CHECK_FALSE(parse_duration("999999999d"));
  CHECK_FALSE(parse_duration("99999d99999d"));
  CHECK(parse_duration("99999d"));
}

TEST_CASE("A time whose leap second or offset leads out of the years that are read is refused") {
  CHECK_FALSE(parse_rfc3339("2261-12-31T23:59:60.999999999Z"));
  CHECK_FALSE(parse_rfc3339("2261-12-31T23:59:59-00:01"));
  CHECK_FALSE(parse_rfc3339("1678-01-01T00:00:00+00:01"));
}

TEST_CASE("the time between two moments is never more than a duration can say") {
  Time early = *parse_rfc3339("1678-01-01T00:00:00Z"),
       late = *parse_rfc3339("2261-12-31T00:00:00Z");
  CHECK(time_between(early, late) == std::chrono::nanoseconds::max());
  CHECK(time_between(late, early) == std::chrono::nanoseconds::min());
  CHECK(time_between(early, early + std::chrono::hours(1)) == std::chrono::hours(1));
}
