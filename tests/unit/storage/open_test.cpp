#include "catch.h"
#include "probackup/storage.h"

using namespace probackup;

TEST_CASE("a path is a repository's place, with or without its scheme") {
  CHECK(open_storage("/backup/main")->location() == "/backup/main");
  CHECK(open_storage("local:/backup/main")->location() == "/backup/main");
  CHECK(open_storage("./a:b")->location() == "./a:b");
  CHECK(open_storage("relative/path")->location() == "relative/path");
}

TEST_CASE("other kinds of repository are wrong usage") {
  for (const char* url :
       {"s3:https://host", "sftp:host:/path", "rest:http://host/", "", "local:", "  "}) {
    CAPTURE(url);
    try {
      open_storage(url);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
    }
  }
}
