#include "catalog/sorted_spool.h"

#include <map>
#include <random>

#include "fixture.h"

using namespace probackup;

TEST_CASE(
    "a spool gives every key once, in order, with its last value, however little memory it has") {
  for (std::size_t memory :
       {std::size_t{1}, std::size_t{200}, std::size_t{5000}, std::size_t{1} << 20}) {
    CAPTURE(memory);
    std::mt19937 random(static_cast<unsigned>(memory));
    catalog::SortedSpool spool(memory);
    std::map<std::string, std::string> expected;
    for (int i = 0; i < 2000; ++i) {
      std::string key(random() % 3, static_cast<char>(random()));
      key += std::to_string(random() % 500);
      std::string value(random() % 20 == 0 ? 20'000 : random() % 50, static_cast<char>(random()));
      spool.put(key, value);
      expected[key] = value;
    }
    std::map<std::string, std::string> given;
    std::string last;
    bool sorted = true;
    spool.each([&](std::string_view key, std::string_view value) {
      sorted = sorted && (given.empty() || last < key);
      last = key;
      given[last] = value;
    });
    CHECK(sorted);
    CHECK(given == expected);
  }
}

TEST_CASE("an empty spool gives nothing") {
  catalog::SortedSpool spool;
  spool.each([](std::string_view, std::string_view) { FAIL("something was given"); });
  SUCCEED();
}
