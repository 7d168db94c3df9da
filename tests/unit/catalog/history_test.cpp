// Sources, runs, snapshots, gaps and validators.
#include "fixture.h"

using namespace probackup;

TEST_CASE("a snapshot comes back as it was committed") {
  Fixture fixture;
  CatalogSnapshot in;
  in.id = sha256("s");
  in.time = Time(std::chrono::nanoseconds(1'700'000'000'123'456'789));
  in.complete = false;
  in.suspicious = true;
  in.items = 1, in.added = 2, in.changed = 3, in.removed = 4, in.files = 5, in.gaps = 6,
  in.requests = 7;
  auto row = fixture.catalog->begin_update(app)->commit(in);
  auto out = fixture.catalog->snapshot(in.id);
  REQUIRE(out);
  CHECK(out->row == row);
  CHECK(out->source == app);
  CHECK(out->time == in.time);
  CHECK(out->complete == in.complete);
  CHECK(out->suspicious == in.suspicious);
  CHECK(out->items == 1);
  CHECK(out->added == 2);
  CHECK(out->changed == 3);
  CHECK(out->removed == 4);
  CHECK(out->files == 5);
  CHECK(out->gaps == 6);
  CHECK(out->requests == 7);
  CHECK_FALSE(fixture.catalog->snapshot(sha256("unknown")));
}

TEST_CASE("snapshots, streams and gaps are told by source") {
  Fixture fixture;
  SourceRef other{"other", ""};
  for (const SourceRef& source : {app, other, app}) {
    auto update = fixture.catalog->begin_update(source);
    auto number = std::to_string(fixture.catalog->snapshots().size());
    update->put_item("s" + number, Change::added, make_item("1", ""), "");
    update->put_gap(make_gap("https://example.org/" + number));
    commit(*update, number);
  }
  CHECK(fixture.catalog->sources() == std::vector<SourceRef>{app, other});
  CHECK(fixture.catalog->snapshots().size() == 3);
  CHECK(fixture.catalog->snapshots(app).size() == 2);
  CHECK(fixture.catalog->streams({}, {}).size() == 3);
  CHECK(fixture.catalog->streams(other, {}).at(0).stream == "s1");
  auto gaps = fixture.catalog->gaps({}, {});
  REQUIRE(gaps.size() == 2);  // of the newest snapshot of each
  CHECK(gaps[0].gap.url == "https://example.org/2");
  CHECK(gaps[0].gap.status == 403);
  CHECK(gaps[1].source == other);
  auto first = fixture.catalog->snapshot(sha256("0"))->row;
  CHECK(fixture.catalog->gaps({}, first).at(0).gap.url == "https://example.org/0");
  CHECK(fixture.catalog->streams({}, first).size() == 1);
}

TEST_CASE("a run that died counts as interrupted once the next one begins") {
  Fixture fixture;
  Time start(std::chrono::seconds(100));
  fixture.catalog->begin_run(app, start);
  auto second = fixture.catalog->begin_run(app, start);
  auto other = fixture.catalog->begin_run({"other", ""}, start);
  fixture.catalog->end_run(second, start + std::chrono::seconds(5), "failed", "no network", {});
  fixture.catalog->end_run(other, start, "done", "", sha256("x"));
  auto runs = fixture.catalog->runs({}, 0);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].snapshot == sha256("x"));
  CHECK(runs[1].status == "failed");
  CHECK(runs[1].message == "no network");
  CHECK(runs[1].ended == start + std::chrono::seconds(5));
  CHECK(runs[2].status == "interrupted");
  CHECK_FALSE(runs[2].ended);
  CHECK(fixture.catalog->runs(app, 1).size() == 1);
}

TEST_CASE("validators are replaced, and forgotten when an answer has none") {
  Fixture fixture;
  auto put = [&](const Validators& validators, const char* name) {
    auto update = fixture.catalog->begin_update(app);
    update->put_validators("GET /issues", validators);
    commit(*update, name);
  };
  put({"\"e1\"", ""}, "1");
  put({"\"e2\"", "Sun, 06 Nov 1994 08:49:37 GMT"}, "2");
  auto known = fixture.catalog->validators(app, "GET /issues");
  REQUIRE(known);
  CHECK(known->etag == "\"e2\"");
  CHECK(known->last_modified == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK_FALSE(fixture.catalog->validators({"other", ""}, "GET /issues"));
  put({}, "3");
  CHECK_FALSE(fixture.catalog->validators(app, "GET /issues"));
}
