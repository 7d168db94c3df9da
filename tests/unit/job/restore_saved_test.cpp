// Journals of restores in the repository.
#include "job/restore_saved.h"

#include "catch.h"
#include "job/layout.h"
#include "job_fixture.h"
#include "probackup/copy.h"
#include "probackup/error.h"
#include "probackup/forget.h"
#include "probackup/prune.h"
#include "util/hash.h"

using namespace probackup;
using namespace probackup::test;
using State = JournalEntry::State;

namespace {

JournalEntry make_entry(int number) {
  JournalEntry out;
  out.kind = number % 3 ? "cards" : "lists";
  out.old_id = "old" + std::to_string(number);
  out.state = static_cast<State>(number % 7);
  out.adopted = number % 5 == 0;
  out.relink = number % 4 == 0;
  if (number % 7) out.new_id = "new" + std::to_string(number);
  out.old_url = "https://example.com/old/" + std::to_string(number);
  out.new_url = number % 2 ? "https://example.com/new/" + std::to_string(number) : "";
  out.title = "Title \"" + std::to_string(number) + "\"\n";
  if (number % 2) out.sent = Time(std::chrono::milliseconds(1'700'000'000'123 + number));
  if (number % 6 == 0) out.notes = {"who was assigned", "when"};
  return out;
}

struct Restores : Fixture {
  CatalogRestore restore;
  int entries = 0;

  Restores() {
    list(3);
    restore.snapshot = source_snapshots(*repository).back().id;
    restore.source = {"testapp", "main"};
    restore.target = {"testapp", "sandbox"};
    restore.choice = R"({"only":["cards"]})";
    restore.options = R"({"conflict":"copy"})";
    restore.started = clock.now();
    restore.id = catalog->begin_restore(restore);
  }
  void list(int count) {
    std::map<std::string, std::string> truth;
    for (int i = 0; i < count; ++i) truth["k" + std::to_string(i)] = "{}";
    run([&](BackupSink& sink, std::stop_token) { list_all(sink, describer, "parents", truth); });
  }
  void put(int count) {
    auto journal = catalog->open_journal(restore.id, JournalUse::write);
    for (int i = 0; i < count; ++i) journal->put(make_entry(entries++));
  }
  Id save(const std::string& state = "paused") {
    restore.state = state;
    Id id;
    {
      RepositoryLock lock(*repository, false, clock);
      id = save_restore(context(), restore);
    }
    remove_earlier_saves(context(), restore, id);
    return id;
  }
  std::vector<JournalEntry> journal_of(Catalog& of) {
    std::vector<JournalEntry> out;
    of.open_journal(restore.id, JournalUse::read)->each("", [&](const JournalEntry& entry) {
      out.push_back(entry);
      return true;
    });
    return out;
  }
  std::vector<Id> saves() {
    std::vector<Id> out;
    for (const auto& snapshot : repository->snapshots())
      if (restore_of(snapshot)) out.push_back(snapshot.id);
    return out;
  }
};

}  // namespace

TEST_CASE("a restore goes on from the repository when the catalog is lost") {
  Restores world;
  world.put(2000);
  world.restore.message = "500 creates an hour";
  world.restore.paused_until = Time(std::chrono::seconds(2'000'000'000));
  world.restore.requests = 4711;
  world.save();
  auto before = world.journal_of(*world.catalog);
  world.reopen();  // with an empty catalog
  CHECK(world.catalog->restores(0).empty());
  CatalogRestore found = find_restore(world.context(), world.restore.id.substr(0, 6));
  CHECK(found.id == world.restore.id);
  CHECK(found.snapshot == world.restore.snapshot);
  CHECK(found.source == world.restore.source);
  CHECK(found.target == world.restore.target);
  CHECK(found.choice == world.restore.choice);
  CHECK(found.options == world.restore.options);
  CHECK(found.state == "paused");
  CHECK(found.message == world.restore.message);
  CHECK(found.started == world.restore.started);
  CHECK(found.paused_until == world.restore.paused_until);
  CHECK(found.requests == 4711);
  CHECK(found.saved == 1);
  CHECK(world.journal_of(*world.catalog) == before);
  CHECK(before.size() == 2000);
}

TEST_CASE("a rebuild of the catalog brings the restores along, once") {
  Restores world;
  world.put(5);
  world.save();
  world.reopen();
  auto rebuild = [&] {
    return rebuild_catalog(world.context(), {}, [&](const SourceRef&) { return &world.describer; },
                           {});
  };
  CHECK(rebuild().restores == 1);
  CHECK(world.catalog->restores(0).size() == 1);
  CHECK(world.journal_of(*world.catalog).size() == 5);
  CHECK(rebuild().restores == 0);
}

TEST_CASE("each save replaces the earlier one of the same restore") {
  Restores world;
  world.put(3);
  Id first = world.save();
  world.put(3);
  Id second = world.save("done");
  CHECK(first != second);
  CHECK(world.saves() == std::vector<Id>{second});
  CatalogRestore other = world.restore;
  other.id.clear();
  other.saved = 0;
  other.id = world.catalog->begin_restore(other);
  Id third = save_restore(world.context(), other);
  remove_earlier_saves(world.context(), other, third);
  CHECK(world.saves().size() == 2);
  world.reopen();
  CHECK(find_restore(world.context(), world.restore.id).saved == 2);
  CHECK(world.journal_of(*world.catalog).size() == 6);
}

TEST_CASE("an earlier save stays while others are at work, and does no harm") {
  Restores world;
  world.put(3);
  world.save();
  world.put(3);
  {
    RepositoryLock backup(*world.repository, false, world.clock);
    world.save("done");
    CHECK(world.saves().size() == 2);
  }
  world.reopen();
  CHECK(find_restore(world.context(), world.restore.id).state == "done");
  CHECK(world.journal_of(*world.catalog).size() == 6);
}

TEST_CASE("what another machine did since is taken over, and less is not") {
  Restores world;
  world.put(3);
  world.save();
  auto elsewhere = Catalog::open(":memory:", world.repository->id());
  JobContext there{*world.repository, *elsewhere, world.clock};
  CatalogRestore same = find_restore(there, world.restore.id);
  elsewhere->open_journal(same.id, JournalUse::write)->put(make_entry(100));
  same.state = "done";
  Id id = save_restore(there, same);
  remove_earlier_saves(there, same, id);
  CHECK(import_restores(there) == 0);
  CHECK(find_restore(world.context(), world.restore.id).state == "done");
  CHECK(world.journal_of(*world.catalog).size() == 4);
  // Here it goes on without a save; what the repository says is no news.
  world.entries = 200;
  world.put(1);
  CHECK(import_restores(world.context()) == 0);
  CHECK(world.journal_of(*world.catalog).size() == 5);
}

TEST_CASE("a restore that another catalog goes on with is elsewhere until that one saves its end") {
  Restores world;
  world.put(3);
  world.save();
  auto there_catalog = Catalog::open(":memory:", world.repository->id());
  JobContext there{*world.repository, *there_catalog, world.clock};
  CatalogRestore same = find_restore(there, world.restore.id);
  same.state = "running";
  save_restore(there, same);
  auto found = find_restore(world.context(), world.restore.id);
  CHECK(found.state == "elsewhere");
  CHECK_THAT(found.message, ContainsSubstring("with another catalog"));
  CHECK(find_restore(there, world.restore.id).state != "elsewhere");
  same.state = "gaps";
  save_restore(there, same);
  CHECK(find_restore(world.context(), world.restore.id).state == "gaps");
}

TEST_CASE(
    "journals are of no source: forget leaves them, prune keeps them, copy takes them along") {
  Restores world;
  world.list(4);
  world.put(50);
  Id saved = world.save();
  CHECK(source_snapshots(*world.repository).size() == 2);
  CHECK(find_snapshot(*world.repository, "latest").id != saved);
  CHECK_THROWS_AS(find_snapshot(*world.repository, saved.hex()), Error);

  ForgetRequest request;
  request.policy.last = 1;
  auto plan = plan_forget(world.context(), request);
  REQUIRE(plan.size() == 1);
  {
    RepositoryLock lock(*world.repository, true, world.clock);
    CHECK(forget(world.context(), plan, lock) == 1);
    prune(*world.repository, lock, {}, world.clock, {}, {});
  }
  world.repository = Repository::open(world.storage, "secret", world.clock);
  CHECK(world.saves() == std::vector<Id>{saved});
  CHECK(world.repository->check(true, {}, {}).healthy());

  MemoryStorage second;
  Repository::init(second, "other", world.clock);
  auto copy = Repository::open(second, "other", world.clock);
  {
    RepositoryLock lock(*copy, false, world.clock);
    copy_snapshots(*world.repository, *copy, lock, world.repository->snapshots(), {}, {});
  }
  auto elsewhere = Catalog::open(":memory:", copy->id());
  CHECK(find_restore({*copy, *elsewhere, world.clock}, world.restore.id).state == "paused");
  CHECK(world.journal_of(*elsewhere) == world.journal_of(*world.catalog));
}

TEST_CASE("a restore that nobody knows is wrong usage") {
  Restores world;
  try {
    find_restore(world.context(), "zzzz");
    FAIL("it was found");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.hint(), ContainsSubstring(world.restore.id));
  }
}
