// How snapshots say whose they are.
#include "job/layout.h"

#include "catch.h"

using namespace probackup;

namespace {

Snapshot snapshot_of(const SourceRef& source) {
  Snapshot snapshot;
  snapshot.paths = {source_path(source)};
  snapshot.tags = source_tags(source);
  return snapshot;
}

}  // namespace

TEST_CASE("A snapshot names its source, whatever the account is called") {
  for (const std::string& account :
       std::vector<std::string>{"acme", "a,b", "a;b", "50%", "100%25", "%2C", "a,b;c%",
                                "\xC3\xA4/\xC3\xB6 x", "..", std::string(300, 'x') + ",", ""}) {
    CAPTURE(account);
    SourceRef source{"singer", account};
    auto snapshot = snapshot_of(source);
    for (const auto& tag : snapshot.tags) CHECK(tag.find(',') == std::string::npos);
    CHECK(source_of(snapshot) == source);
  }
}

TEST_CASE("Snapshots whose tags have no escapes still name their source") {
  auto snapshot = snapshot_of({"singer", "a,b"});
  snapshot.tags = {"app=singer", "account=a;b"};
  CHECK(source_of(snapshot) == SourceRef{"singer", "a,b"});
  snapshot = snapshot_of({"singer", "100%25"});
  snapshot.tags = {"app=singer", "account=100%25"};
  CHECK(source_of(snapshot) == SourceRef{"singer", "100%25"});
}
