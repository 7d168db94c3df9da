#include <random>

#include "catch.h"
#include "job/layout.h"
#include "job_fixture.h"
#include "probackup/error.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

using Truth = std::map<std::string, std::string>;

std::string random_raw(std::mt19937_64& random, const std::string& key) {
  std::string text;
  for (std::size_t n = random() % 3000; text.size() < n;)
    text += std::to_string(random() % 1000) + " ";
  return R"({"id":")" + key + R"(","name":"item )" + key + R"(","text":")" + text + "\"}";
}

void mutate(std::mt19937_64& random, Truth& truth, std::size_t changes) {
  for (std::size_t i = 0; i < changes; ++i) {
    std::string key = "k" + std::to_string(random() % 900);
    if (random() % 4 == 0)
      truth.erase(key);
    else
      truth[key] = random_raw(random, key);
  }
}

Truth catalog_keys(Catalog& catalog, std::optional<std::int64_t> snapshot,
                   const std::string& stream) {
  Truth out;
  ItemQuery query;
  query.stream = stream;
  query.snapshot = snapshot;
  catalog.items(query, [&](const CatalogItem& item) {
    out[item.key] = item.title;
    return true;
  });
  return out;
}

}  // namespace

TEST_CASE("every snapshot equals the account at its time, whatever happens between") {
  auto seed = GENERATE(1u, 2u, 3u, 4u);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Fixture fixture;
  Truth truth;
  std::vector<std::pair<Id, Truth>> history;
  for (int run = 0; run < 8; ++run) {
    mutate(random, truth, run == 0 ? 1500 : random() % 60);
    auto report = fixture.run([&](BackupSink& sink, std::stop_token) {
      list_all(sink, fixture.describer, "parents", truth);
    });
    CHECK(report.gaps.empty());
    history.emplace_back(report.snapshot, truth);
    if (random() % 3 == 0) fixture.reopen();  // a machine without a catalog goes on
  }
  rebuild_catalog(fixture.context(), std::nullopt,
                  [&](const SourceRef&) { return &fixture.describer; }, {});
  for (const auto& [snapshot, expected] : history) {
    CHECK(fixture.records(snapshot, "parents") == expected);
    auto row = fixture.catalog->snapshot(snapshot);
    REQUIRE(row);
    auto keys = catalog_keys(*fixture.catalog, row->row, "parents");
    CHECK(keys.size() == expected.size());
    for (const auto& [key, raw] : expected) CHECK(keys[key] == "item " + key);
  }
  CHECK(fixture.repository->check(true, {}, {}).healthy());
}

TEST_CASE("a run over an unchanged account writes no data blob") {
  Fixture fixture;
  std::mt19937_64 random(7);
  Truth truth;
  mutate(random, truth, 500);
  auto feed = [&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents", truth);
  };
  fixture.run(feed);
  auto before = fixture.repository->stats().data_blobs_added;
  auto report = fixture.run(feed);
  CHECK(report.count(&StreamReport::added) == 0);
  CHECK(fixture.repository->stats().data_blobs_added == before);
}

TEST_CASE("a listing with a gap deletes nothing, and the gap is told") {
  Fixture fixture;
  Truth truth = {{"a", R"({"id":"a"})"}, {"b", R"({"id":"b"})"}};
  fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents", truth);
  });
  auto report = fixture.run([&](BackupSink& sink, std::stop_token) {
    sink.begin_stream("parents", true);
    sink.record(make_record(fixture.describer, "parents", "a", R"({"id":"a","v":2})"));
    sink.gap({"parents", "", "", "", "https://example.com/items", 500, "the server failed"});
    sink.listed("parents", "", false);
    StreamResult result;
    result.stream = "parents";
    sink.end_stream(result);
  });
  CHECK(report.gaps.size() == 1);
  auto records = fixture.records(report.snapshot, "parents");
  CHECK(records == Truth{{"a", R"({"id":"a","v":2})"}, {"b", R"({"id":"b"})"}});
  SnapshotReader reader(*fixture.repository, fixture.repository->load_snapshot(report.snapshot));
  REQUIRE(reader.gaps().size() == 1);
  CHECK(reader.gaps()[0].reason == "the server failed");
}

TEST_CASE("children go with their parent and stay where only changes were listed") {
  Fixture fixture;
  auto child = [&](const std::string& key, const std::string& parent) {
    return make_record(fixture.describer, "children", key, R"({"id":")" + key + "\"}", parent);
  };
  auto end = [](BackupSink& sink, const std::string& stream, bool full) {
    StreamResult result;
    result.stream = stream;
    result.complete = true;
    result.full = full;
    sink.end_stream(result);
  };
  fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents",
             {{"p1", R"({"id":"p1"})"}, {"p2", R"({"id":"p2"})"}});
    sink.begin_stream("children", true);
    for (const auto& [key, parent] : Truth{{"c1", "p1"}, {"c2", "p1"}, {"c3", "p2"}})
      sink.record(child(key, parent));
    sink.listed("children", "p1", true);
    sink.listed("children", "p2", true);
    end(sink, "children", true);
  });
  // p2 is gone; of p1's children only c2 is listed again, completely.
  auto report = fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents", {{"p1", R"({"id":"p1"})"}});
    std::vector<std::string> parents;
    sink.parents("parents", false, [&](ParentRecord parent) {
      parents.push_back(parent.key);
      return true;
    });
    CHECK(parents == std::vector<std::string>{"p1"});
    sink.begin_stream("children", false);
    sink.record(child("c2", "p1"));
    sink.listed("children", "p1", true);
    end(sink, "children", false);
  });
  CHECK(fixture.records(report.snapshot, "children") == Truth{{"c2", R"({"id":"c2"})"}});
}

TEST_CASE("parents that a run did not list are still asked for their children") {
  Fixture fixture;
  fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents",
             {{"p1", R"({"id":"p1"})"}, {"p2", R"({"id":"p2"})"}});
  });
  fixture.run([&](BackupSink& sink, std::stop_token) {
    sink.begin_stream("parents", false);
    sink.record(make_record(fixture.describer, "parents", "p2", R"({"id":"p2","v":2})"));
    StreamResult result;
    result.stream = "parents";
    sink.end_stream(result);
    Truth all, changed;
    sink.parents("parents", false,
                 [&](ParentRecord p) { return all.emplace(p.key, p.raw).second; });
    sink.parents("parents", true,
                 [&](ParentRecord p) { return changed.emplace(p.key, p.raw).second; });
    CHECK(all == Truth{{"p1", R"({"id":"p1"})"}, {"p2", R"({"id":"p2","v":2})"}});
    CHECK(changed == Truth{{"p2", R"({"id":"p2","v":2})"}});
  });
}

TEST_CASE("attachments follow their record: kept, replaced, removed") {
  Fixture fixture;
  auto feed = [&](const std::string& raw, const Truth& files, bool again) {
    return [&fixture, raw, files, again](BackupSink& sink, std::stop_token) {
      sink.begin_stream("parents", true);
      Change change = sink.record(make_record(fixture.describer, "parents", "p", raw));
      if (change != Change::unchanged || again)
        for (const auto& [id, bytes] : files) {
          auto file = sink.file({"parents", "p", id, "../" + id + ".txt", bytes.size(), ""});
          if (!file) continue;
          file->write(bytes);
          file->finish();
        }
      sink.listed("parents", "", true);
      StreamResult result;
      result.stream = "parents";
      result.complete = result.full = true;
      sink.end_stream(result);
    };
  };
  auto files_in = [&](const Id& snapshot) {
    Truth out;
    SnapshotReader reader(*fixture.repository, fixture.repository->load_snapshot(snapshot));
    reader.files([&](const SnapshotFile& file) {
      CHECK(file.name == "../" + file.id + ".txt");
      out[file.id] = read_small_file(*fixture.repository, file.node);
      return true;
    });
    return out;
  };
  auto first = fixture.run(feed(R"({"v":1})", {{"f1", "one"}, {"f2", "two"}}, false));
  CHECK(files_in(first.snapshot) == Truth{{"f1", "one"}, {"f2", "two"}});
  auto second = fixture.run(feed(R"({"v":1})", {}, false));
  CHECK(files_in(second.snapshot) == Truth{{"f1", "one"}, {"f2", "two"}});
  fixture.reopen();
  auto third = fixture.run(feed(R"({"v":2})", {{"f2", "two"}, {"f3", "three"}}, false));
  CHECK(files_in(third.snapshot) == Truth{{"f2", "two"}, {"f3", "three"}});
  CHECK(third.files_added == 1);
  auto fourth = fixture.run(
      [&](BackupSink& sink, std::stop_token) { list_all(sink, fixture.describer, "parents", {}); });
  CHECK(files_in(fourth.snapshot).empty());
  CHECK(files_in(first.snapshot).size() == 2);
}

TEST_CASE("a record that a listing names twice counts once, and the later one changes it") {
  Fixture fixture;
  auto named = [&](const std::vector<std::string>& raws) {
    return fixture.run([&, raws](BackupSink& sink, std::stop_token) {
      sink.begin_stream("parents", true);
      for (const auto& raw : raws) {
        if (sink.record(make_record(fixture.describer, "parents", "p", raw)) == Change::unchanged)
          continue;
        if (auto file = sink.file({"parents", "p", "f", "f.txt", 3, ""})) {
          file->write("one");
          file->finish();
        }
      }
      sink.listed("parents", "", true);
      StreamResult result;
      result.stream = "parents";
      result.complete = result.full = true;
      sink.end_stream(result);
    });
  };
  auto holds = [&](const Id& snapshot) {
    SnapshotReader reader(*fixture.repository, fixture.repository->load_snapshot(snapshot));
    std::size_t files = 0;
    reader.files([&](const SnapshotFile& file) {
      CHECK(read_small_file(*fixture.repository, file.node) == "one");
      ++files;
      return true;
    });
    CHECK(files == 1);
    return fixture.records(snapshot, "parents");
  };
  CHECK(holds(named({R"({"v":1})", R"({"v":1})"}).snapshot) == Truth{{"p", R"({"v":1})"}});
  CHECK(holds(named({R"({"v":2})", R"({"v":3})"}).snapshot) == Truth{{"p", R"({"v":3})"}});
  CHECK(holds(named({R"({"v":4})", R"({"v":3})"}).snapshot) == Truth{{"p", R"({"v":3})"}});
}

TEST_CASE("a run that is cut short keeps what it read and deletes nothing") {
  Fixture fixture;
  Truth truth = {{"a", R"({"id":"a"})"}, {"b", R"({"id":"b"})"}};
  fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents", truth);
  });
  auto source = fixture.source([&](BackupSink& sink, std::stop_token) {
    sink.begin_stream("parents", true);
    sink.record(make_record(fixture.describer, "parents", "c", R"({"id":"c"})"));
    throw Error(ErrorKind::interrupted, "stopped");
  });
  BackupOptions options;
  std::vector<BackupReport> told;
  options.partial = [&](const BackupReport& report) { told.push_back(report); };
  CHECK_THROWS_AS(backup(fixture.context(), source, options, {}), Error);
  auto snapshots = source_snapshots(*fixture.repository);
  REQUIRE(snapshots.size() == 2);
  REQUIRE(told.size() == 1);
  CHECK(told[0].snapshot == snapshots[1].id);
  CHECK(told[0].partial);
  CHECK(fixture.records(snapshots[1].id, "parents").size() == 3);
  auto runs = fixture.catalog->runs(std::nullopt, 10);
  REQUIRE(runs.size() == 2);
  CHECK((runs[0].status == "interrupted" || runs[1].status == "interrupted"));
}

TEST_CASE("files that a broken run did not come to are read by the next one") {
  Fixture fixture;
  bool breaks = false;
  std::string version = "1";
  int asked = 0;
  auto run = [&] {
    return fixture.run([&](BackupSink& sink, std::stop_token) {
      sink.begin_stream("parents", true);
      for (const char* key : {"a", "b"}) {
        auto change =
            sink.record(make_record(fixture.describer, "parents", key, "{\"v\":" + version + "}"));
        if (change == Change::unchanged) continue;
        if (breaks && key == std::string("b")) throw Error("the token has ended");
        ++asked;
        if (auto file = sink.file({"parents", key, key + version, "f.txt", 1, ""})) {
          file->write(version);
          file->finish();
        }
        sink.record_done("parents", key);
      }
      sink.listed("parents", "", true);
      StreamResult result;
      result.stream = "parents";
      result.complete = true;
      sink.end_stream(result);
    });
  };
  auto files_in = [&](const Id& snapshot) {
    Truth out;
    SnapshotReader reader(*fixture.repository, fixture.repository->load_snapshot(snapshot));
    reader.files([&](const SnapshotFile& file) {
      out[file.id] = read_small_file(*fixture.repository, file.node);
      return true;
    });
    return out;
  };
  for (int start = 0; start < 2; ++start) {  // without and with files of an earlier version
    breaks = true;
    CHECK_THROWS_AS(run(), Error);
    auto partial = source_snapshots(*fixture.repository).back();
    SnapshotReader reader(*fixture.repository, partial);
    REQUIRE(reader.gaps().size() == 1);
    CHECK(reader.gaps()[0].key == "b");
    breaks = false;
    asked = 0;
    auto report = run();
    CHECK(report.gaps.empty());
    CHECK(asked == 1);  // what was done is not asked for again
    CHECK(files_in(report.snapshot) == Truth{{"a" + version, version}, {"b" + version, version}});
    version = "2";
  }
}

TEST_CASE("a stream that was read before its parents is listed whole by the next run") {
  Fixture fixture;
  auto children_are_behind = [&] {
    bool behind = false;
    fixture.run([&](BackupSink& sink, std::stop_token) {
      behind = sink.prior("children").behind;
      list_all(sink, fixture.describer, "parents", {{"a", "{}"}});
      list_all(sink, fixture.describer, "children", {{"c", "{}"}});
    });
    return behind;
  };
  CHECK_FALSE(children_are_behind());
  CHECK_FALSE(children_are_behind());
  fixture.run([&](BackupSink& sink, std::stop_token) {  // --only parents
    list_all(sink, fixture.describer, "parents", {{"a", "{\"v\":2}"}});
  });
  CHECK(children_are_behind());
  CHECK_FALSE(children_are_behind());
  CHECK_THROWS_AS(fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents", {{"a", "{\"v\":3}"}});
    sink.begin_stream("children", true);
    throw Error("the token has ended");
  }),
                  Error);
  CHECK(children_are_behind());
}

TEST_CASE("a newest snapshot that cannot be read now is not passed over") {
  // The run would build on the one before it, while the catalog knows the newest.
  Fixture fixture;
  auto run = [&](const Truth& truth) {
    return fixture.run([&, truth](BackupSink& sink, std::stop_token) {
      list_all(sink, fixture.describer, "parents", truth);
    });
  };
  run({{"a", "{}"}});
  Truth newest = {{"a", "{}"}, {"b", "{}"}};
  run(newest);
  int failed = 0;
  for (std::uint64_t call = 0; call < 16; ++call) {
    fixture.reopen();
    fixture.storage.fail_call(call);
    try {
      auto snapshot = run(newest).snapshot;
      fixture.storage.heal();
      CHECK(fixture.records(snapshot, "parents") == newest);
    } catch (const Error&) {
      ++failed;
    }
    fixture.storage.heal();
  }
  CHECK(failed > 2);
}

TEST_CASE("whichever call of the storage fails, the next run is complete") {
  Fixture fixture;
  int version = 0, failed = 0;
  for (std::uint64_t call = 0; call < 24; ++call) {
    Truth records, files;
    ++version;
    auto run = [&] {
      return fixture.run([&](BackupSink& sink, std::stop_token) {
        sink.begin_stream("parents", true);
        for (int i = 0; i < 6; ++i) {
          std::string key = "k" + std::to_string((i + version) % 8);
          int of = i % 2 == 0 ? version : 0;  // every other record stays as it is
          records[key] = "{\"v\":" + std::to_string(of) + "}";
          std::string id = key + "-" + std::to_string(of);
          files[id] = id;
          if (sink.record(make_record(fixture.describer, "parents", key, records[key])) ==
              Change::unchanged)
            continue;
          if (auto file = sink.file({"parents", key, id, "f.txt", id.size(), ""})) {
            file->write(id);
            file->finish();
          }
          sink.record_done("parents", key);
        }
        sink.listed("parents", "", true);
        StreamResult result;
        result.stream = "parents";
        result.complete = true;
        sink.end_stream(result);
      });
    };
    fixture.storage.fail_call(call);
    try {
      run();
    } catch (const Error& error) {
      ++failed;
      UNSCOPED_INFO(error.what());
    }
    fixture.storage.heal();
    fixture.repository = Repository::open(fixture.storage, "secret", fixture.clock);
    records.clear();
    files.clear();
    auto report = run();
    CAPTURE(call);
    CHECK(fixture.records(report.snapshot, "parents") == records);
    Truth held;
    SnapshotReader reader(*fixture.repository, fixture.repository->load_snapshot(report.snapshot));
    reader.files([&](const SnapshotFile& file) {
      held[file.id] = read_small_file(*fixture.repository, file.node);
      return true;
    });
    CHECK(held == files);
  }
  CHECK(failed > 3);
}

TEST_CASE("a stream that loses most of its records raises an alarm") {
  Fixture fixture;
  Truth truth;
  for (int i = 0; i < 40; ++i)
    truth["k" + std::to_string(i)] = "{\"id\":" + std::to_string(i) + "}";
  fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents", truth);
  });
  auto report = fixture.run(
      [&](BackupSink& sink, std::stop_token) { list_all(sink, fixture.describer, "parents", {}); });
  REQUIRE(report.suspicious.size() == 1);
  CHECK(report.suspicious[0] == "parents: 40 of 40 records are gone");
}

TEST_CASE("a board that is not there any more is named, once") {
  Fixture fixture;
  auto back_up = [&](const Truth& truth, double max_delete = 0.2) {
    auto source = fixture.source([&](BackupSink& sink, std::stop_token) {
      list_all(sink, fixture.describer, "parents", truth);
    });
    source.streams[0].is_container = true;
    BackupOptions options;
    options.max_delete = max_delete;
    return backup(fixture.context(), source, options, {}).gone_containers;
  };
  const Truth three{{"a", R"({"title":"Plans"})"}, {"b", "{}"}, {"c", R"({"title":"Team"})"}};
  CHECK(back_up(three).empty());
  const auto gone = back_up({{"b", "{}"}});
  REQUIRE(gone.size() == 2);
  CHECK(gone[0].stream == "parents");
  CHECK(gone[0].key == "a");
  CHECK(gone[0].title == "Plans");
  CHECK(gone[1].title == "Team");
  CHECK(back_up({{"b", "{}"}}).empty());
  CHECK(back_up({}, 1).empty());
}

TEST_CASE("two snapshots are compared record by record") {
  Fixture fixture;
  auto first = fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents",
             {{"a", "{\"v\":1}"}, {"b", "{\"v\":1}"}, {"c", "{\"v\":1}"}});
  });
  auto second = fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents",
             {{"a", "{\"v\":1}"}, {"b", "{\"v\":2}"}, {"d", "{\"v\":1}"}});
  });
  Truth seen;
  auto& repository = *fixture.repository;
  diff_snapshots(repository, repository.load_snapshot(first.snapshot),
                 repository.load_snapshot(second.snapshot), [&](const DiffEntry& entry) {
                   seen[entry.key] = entry.kind + " " + entry.before + " " + entry.after;
                   return true;
                 });
  CHECK(seen == Truth{{"b", R"(changed {"v":1} {"v":2})"},
                      {"c", R"(removed {"v":1} )"},
                      {"d", R"(added  {"v":1})"}});
}

TEST_CASE("snapshots are found by id, source and time, and a wrong name says what there is") {
  Fixture fixture;
  auto report = fixture.run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, fixture.describer, "parents", {{"a", "{}"}});
  });
  auto& repository = *fixture.repository;
  CHECK(find_snapshot(repository, "latest").id == report.snapshot);
  CHECK(find_snapshot(repository, "latest:testapp:main").id == report.snapshot);
  CHECK(find_snapshot(repository, report.snapshot.hex().substr(0, 6)).id == report.snapshot);
  CHECK_THROWS_WITH(find_snapshot(repository, "latest:testap"),
                    ContainsSubstring("did you mean testapp:main"));
  CHECK_THROWS_AS(find_snapshot(repository, "ffffffff"), Error);
  CHECK_THROWS_AS(find_snapshot(repository, "latest", Time{}), Error);
}

TEST_CASE("a record below several parents stays while a listing that was not read may name it") {
  Fixture fixture;
  const auto parents = [&](BackupSink& sink, const Truth& all) {
    list_all(sink, fixture.describer, "parents", all);
  };
  // Lists "shared" below each scope; `full` and `names` as the engine would say.
  const auto children = [&](BackupSink& sink, bool full, const std::vector<std::string>& scopes,
                            bool names) {
    sink.begin_stream("children", full);
    for (const auto& scope : scopes) {
      if (names)
        sink.record(
            make_record(fixture.describer, "children", "shared", R"({"id":"shared"})", scope));
      sink.listed("children", scope, true);
    }
    StreamResult result;
    result.stream = "children";
    result.complete = true;
    result.full = full;
    sink.end_stream(result);
  };
  const Truth both{{"1", R"({"id":"1"})"}, {"2", R"({"id":"2"})"}};
  const Truth second{{"2", R"({"id":"2"})"}}, held{{"shared", R"({"id":"shared"})"}};
  fixture.run([&](BackupSink& sink, std::stop_token) {
    parents(sink, both);
    children(sink, true, {"1", "2"}, true);
  });
  if (GENERATE(false, true)) fixture.reopen();  // known from the repository alone
  auto report = fixture.run([&](BackupSink& sink, std::stop_token) {
    parents(sink, both);
    children(sink, false, {"1"}, false);  // the first changed, the second did not
  });
  CHECK(fixture.records(report.snapshot, "children") == held);
  report = fixture.run([&](BackupSink& sink, std::stop_token) {
    parents(sink, both);
    sink.begin_stream("children", true);
    sink.keep_scope("children", "2");  // not modified
    sink.listed("children", "1", true);
    StreamResult result;
    result.stream = "children";
    result.complete = result.full = result.refreshed = true;
    sink.end_stream(result);
  });
  CHECK(fixture.records(report.snapshot, "children") == held);
  report = fixture.run([&](BackupSink& sink, std::stop_token) {
    parents(sink, second);  // the first is gone
    children(sink, false, {}, false);
  });
  CHECK(fixture.records(report.snapshot, "children") == held);
  report = fixture.run([&](BackupSink& sink, std::stop_token) {
    parents(sink, second);
    children(sink, true, {"2"}, false);
  });
  CHECK(fixture.records(report.snapshot, "children").empty());
}

namespace {

// An account whose children are only reached while the quota lasts.
struct Limited : Fixture {
  Truth parents = {{"a", R"({"v":1})"}, {"b", R"({"v":1})"}}, children = {{"c", R"({"v":1})"}};
  std::vector<std::string> asked, kept;
  bool used_up = true, broken = false;
  std::string version = "1";

  void read(BackupSink& sink, const std::string& stream, const Truth& truth) {
    auto prior = sink.prior(stream);
    if (!prior.kept) {
      asked.push_back(stream);
      return list_all(sink, describer, stream, truth);
    }
    kept.push_back(stream);
    sink.begin_stream(stream, false);
    StreamResult result;
    result.stream = stream;
    result.complete = prior.complete;
    result.kept = true;
    sink.end_stream(result);
  }
  void feed(BackupSink& sink) {
    read(sink, "parents", parents);
    if (used_up) throw QuotaUsedUp("the calls of the day are used up", clock.now(), 20h);
    if (broken) throw Error("the network is gone");
    read(sink, "children", children);
  }
  BackupReport run() {
    asked.clear();
    kept.clear();
    auto from = source([this](BackupSink& sink, std::stop_token) { feed(sink); });
    from.version = version;
    return backup(context(), from, {}, {});
  }
  std::string manifest(const Id& snapshot) {
    return SnapshotReader(*repository, repository->load_snapshot(snapshot)).manifest_text();
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("A run that the app's limits end is partial, and the next one goes on where it stopped") {
  Limited account;
  auto paused = account.run();
  REQUIRE(paused.paused_until);
  CHECK(*paused.paused_until > account.clock.now() + 19h);
  CHECK(paused.paused_why == "the calls of the day are used up");
  CHECK(paused.partial);
  CHECK(paused.unread == Names{"children"});
  CHECK(has_tag(account.repository->load_snapshot(paused.snapshot), tag_partial));
  CHECK_THAT(account.manifest(paused.snapshot), ContainsSubstring("the calls of the day"));
  CHECK(account.records(paused.snapshot, "parents") == account.parents);
  CHECK(account.catalog->runs(std::nullopt, 1)[0].status == "paused");
  CHECK_FALSE(account.catalog->snapshots({}).at(0).complete);

  account.used_up = false;
  account.parents["b"] = R"({"v":2})";  // seen by the run after this one
  if (GENERATE(false, true)) account.reopen();
  auto done = account.run();
  CHECK(account.kept == Names{"parents"});
  CHECK(account.asked == Names{"children"});
  CHECK_FALSE(done.partial);
  CHECK(done.unread.empty());
  CHECK_FALSE(done.paused_until);
  CHECK(account.records(done.snapshot, "parents").at("b") == R"({"v":1})");
  CHECK(account.records(done.snapshot, "children") == account.children);
  CHECK_THAT(account.manifest(done.snapshot), !ContainsSubstring("\"read\""));

  auto next = account.run();
  CHECK(account.kept.empty());
  CHECK(account.records(next.snapshot, "parents") == account.parents);
}

TEST_CASE("A pause after nothing new was read is still gone on from") {
  Limited account;
  account.used_up = false;
  account.run();
  account.used_up = true;
  auto paused = account.run();
  CHECK(paused.partial);
  account.used_up = false;
  CHECK_FALSE(account.run().partial);
  CHECK(account.kept == Names{"parents"});
}

TEST_CASE("A run whose limits end it before it read anything through fails and says until when") {
  Fixture fixture;
  auto feed = [&](BackupSink& sink, std::stop_token) {
    sink.begin_stream("parents", true);
    throw QuotaUsedUp("used up", fixture.clock.now(), 20h);
  };
  CHECK_THROWS_AS(fixture.run(feed), QuotaUsedUp);
  CHECK(source_snapshots(*fixture.repository).empty());
  CHECK(fixture.catalog->runs(std::nullopt, 1)[0].status == "paused");
}

TEST_CASE("What a paused run read is read again after a week, and by another connector") {
  Limited account;
  account.run();
  account.used_up = false;
  if (GENERATE(false, true))
    account.version = "2";
  else
    account.clock.advance(std::chrono::days(7));
  CHECK_FALSE(account.run().partial);
  CHECK(account.kept.empty());
}

TEST_CASE("A pause lasts over further pauses and failures") {
  Limited account;
  account.run();
  CHECK_THROWS_AS(account.run(), QuotaUsedUp);  // the quota was not back yet
  CHECK(account.kept == Names{"parents"});
  account.used_up = false;
  account.broken = true;
  CHECK_THROWS_WITH(account.run(), "the network is gone");
  account.broken = false;
  CHECK_FALSE(account.run().partial);
  CHECK(account.kept == Names{"parents"});
}

TEST_CASE("What is below a stream that a pause kept stays behind until it is read through") {
  Limited account;
  bool ends = true;
  int number = 0;
  auto feed = [&](BackupSink& sink, std::stop_token) {
    account.read(sink, "parents", account.parents);
    CHECK(sink.prior("children").behind == (account.kept == Names{"parents"}));
    sink.begin_stream("children", false);
    sink.record(make_record(account.describer, "children", "c" + std::to_string(++number),
                            R"({"v":1})", "a"));
    if (ends) throw QuotaUsedUp("used up", account.clock.now(), 20h);
    list_all(sink, account.describer, "children", account.children);
  };
  auto run = [&] {
    account.kept.clear();
    return static_cast<Fixture&>(account).run(feed);
  };
  CHECK(run().partial);  // the children begin, and are behind from now on
  CHECK(run().partial);  // the parents are kept, the children broken off again
  ends = false;
  CHECK_FALSE(run().partial);
  CHECK(account.kept == Names{"parents"});
}

TEST_CASE("A run of some streams does not make a paused one whole") {
  Limited account;
  account.run();
  auto some = static_cast<Fixture&>(account).run([&](BackupSink& sink, std::stop_token) {
    list_all(sink, account.describer, "parents", account.parents);
  });
  CHECK(some.partial);
  CHECK_FALSE(some.paused_until);
  CHECK(some.unread == Names{"children"});
  account.used_up = false;
  CHECK_FALSE(account.run().partial);
  CHECK(account.asked.back() == "children");
}

TEST_CASE("An alarm over what a paused run read is not over when the run is gone on with") {
  Limited account;
  for (int i = 0; i < 40; ++i) account.parents["k" + std::to_string(i)] = R"({"v":1})";
  account.used_up = false;
  account.run();
  account.used_up = true;
  account.parents.erase(account.parents.begin(), std::next(account.parents.begin(), 30));
  CHECK(account.run().suspicious.size() == 1);
  account.used_up = false;
  auto done = account.run();
  CHECK_FALSE(done.partial);
  CHECK(done.suspicious.size() == 1);
  CHECK(account.run().suspicious.empty());
}
