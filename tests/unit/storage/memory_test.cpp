#include "storage/memory.h"

#include "catch.h"

using namespace probackup;

namespace {

ObjectName named(char digit) {
  return {ObjectKind::data, std::string(64, digit)};
}

}  // namespace

TEST_CASE("a call that is told to fail fails once") {
  MemoryStorage storage;
  storage.fail_call(1);
  storage.save(named('a'), "a");
  CHECK_THROWS_AS(storage.save(named('b'), "b"), Error);
  storage.save(named('b'), "b");
  CHECK(storage.list(ObjectKind::data).size() == 2);
}

TEST_CASE("after a crash nothing works until the machine runs again") {
  MemoryStorage storage;
  storage.crash_at_write(1);
  storage.save(named('a'), "a");
  CHECK_THROWS_AS(storage.save(named('b'), "b"), Error);
  CHECK(storage.crashed());
  CHECK_THROWS_AS(storage.load(named('a')), Error);
  storage.heal();
  CHECK(storage.load(named('a')) == "a");
  CHECK_FALSE(storage.size(named('b')));
}

TEST_CASE("a torn write leaves half of the object") {
  MemoryStorage storage;
  storage.crash_at_write(0, true);
  CHECK_THROWS_AS(storage.save(named('a'), "abcdef"), Error);
  storage.heal();
  CHECK(storage.load(named('a')) == "abc");
}

TEST_CASE("a disk that lied loses what was saved last") {
  MemoryStorage storage;
  for (char digit : std::string("abc")) storage.save(named(digit), "x");
  storage.lose_last(2);
  REQUIRE(storage.list(ObjectKind::data).size() == 1);
  CHECK(storage.size(named('a')) == 1u);
}
