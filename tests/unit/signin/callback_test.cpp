// What the browser brings back.
#include "signin/callback.h"
#include "catch.h"

using namespace probackup;
using Kind = Callback::Kind;

TEST_CASE("A code counts only with our state, at our address") {
  auto good = read_callback("/back?code=a%2Bb&state=s1", "/back", "s1");
  CHECK(good.kind == Kind::code);
  CHECK(good.code == "a+b");
  CHECK(read_callback("http://127.0.0.1:5/back?state=s1&code=x", "/back", "s1").code == "x");
  for (const char* target :
       {"/back?code=x", "/back?code=x&state=", "/back?code=x&state=s2", "/other?code=x&state=s1",
        "/back?state=s1", "/back?code=&state=s1", "/back?code=x&state=s1&state=s2",
        "/back?code=x&code=y&state=s1", "/back", "", "back and forth", "/back?error=x&state=s2"})
    CHECK(read_callback(target, "/back", "s1").kind == Kind::stranger);
}

TEST_CASE("What the app refuses is told in its words, without control characters") {
  auto refused =
      read_callback("/?error=access_denied&error_description=No%1b[2J+way&state=s", "/", "s");
  CHECK(refused.kind == Kind::refused);
  CHECK(refused.reason == "access_denied: No [2J way");
}
