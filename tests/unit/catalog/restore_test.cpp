// Restores into apps and their journals.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "catalog/sqlite.h"
#include "fixture.h"
#include "util/bytes.h"
#include "util/random.h"

using namespace probackup;
using State = JournalEntry::State;

namespace {

CatalogRestore make_restore(int started = 1) {
  CatalogRestore out;
  out.snapshot = sha256("snapshot");
  out.source = {"trello", "acme"};
  out.target = {"trello", "sandbox"};
  out.choice = R"({"only":["cards"]})";
  out.options = R"({"conflict":"copy"})";
  out.started = Time(std::chrono::seconds(started));
  return out;
}

JournalEntry make_entry(const std::string& kind, const std::string& old_id,
                        const std::string& new_id = {}) {
  JournalEntry out;
  out.kind = kind;
  out.old_id = old_id;
  out.new_id = new_id;
  out.state = new_id.empty() ? State::sent : State::made;
  return out;
}

Strings old_ids(RestoreJournal& journal, const std::string& kind = {}) {
  Strings out;
  journal.each(kind, [&](const JournalEntry& entry) {
    out.push_back(entry.kind + "/" + entry.old_id);
    return true;
  });
  return out;
}

ErrorKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind{0};
}

}  // namespace

TEST_CASE("a restore is found by the first digits of its id, and listed newest first") {
  Fixture fixture;
  CHECK(fixture.catalog->restores(0).empty());
  std::string first = fixture.catalog->begin_restore(make_restore(1));
  std::string second = fixture.catalog->begin_restore(make_restore(2));
  CHECK(first.size() == 8);
  CHECK(first != second);
  auto all = fixture.catalog->restores(0);
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == second);
  CHECK(fixture.catalog->restores(1).size() == 1);
  CatalogRestore expected = make_restore(1);
  CHECK(all[1].snapshot == expected.snapshot);
  CHECK(all[1].source == expected.source);
  CHECK(all[1].target == expected.target);
  CHECK(all[1].choice == expected.choice);
  CHECK(all[1].options == expected.options);
  CHECK(all[1].started == expected.started);

  CHECK(fixture.catalog->restore(first)->id == first);
  CHECK(fixture.catalog->restore("").has_value() == false);
  CHECK(fixture.catalog->restore("*").has_value() == false);
  CatalogRestore named = make_restore();
  named.id = "abcd0001";
  CHECK(fixture.catalog->begin_restore(named) == "abcd0001");
  named.id = "abcd0002";
  fixture.catalog->begin_restore(named);
  CHECK(fixture.catalog->restore("ABCD0001")->id == "abcd0001");
  CHECK(kind_of([&] { fixture.catalog->restore("abcd"); }) == ErrorKind::usage);
  CHECK_THROWS_AS(fixture.catalog->open_journal("ffff", JournalUse::read), Error);
}

TEST_CASE("how a restore stands is kept") {
  Fixture fixture;
  CatalogRestore restore = make_restore();
  restore.id = fixture.catalog->begin_restore(restore);
  restore.state = "paused";
  restore.message = "500 creates an hour";
  restore.paused_until = Time(std::chrono::seconds(100));
  restore.requests = 77;
  restore.saved = 3;
  fixture.catalog->update_restore(restore);
  auto got = fixture.open()->restore(restore.id);
  REQUIRE(got);
  CHECK(got->state == "paused");
  CHECK(got->message == restore.message);
  CHECK(got->paused_until == restore.paused_until);
  CHECK_FALSE(got->ended);
  CHECK(got->requests == 77);
  CHECK(got->saved == 3);
}

TEST_CASE("an entry of a journal comes back as it was put, by any of its names") {
  Fixture fixture;
  bool in_memory = GENERATE(false, true);
  auto catalog = in_memory ? Catalog::open(":memory:", "r") : fixture.open();
  std::string run = catalog->begin_restore(make_restore());
  std::string other = catalog->begin_restore(make_restore());
  auto journal = catalog->open_journal(run, JournalUse::write);
  JournalEntry entry = make_entry("cards", std::string("a\0'b", 4));
  entry.title = "\xff title";
  journal->put(entry);
  journal->put(make_entry("cards", "2", "n2"));
  CHECK(journal->find("cards", entry.old_id) == entry);
  for (State state : {State::sent, State::made, State::done, State::finished, State::lost,
                      State::failed, State::uncertain}) {
    entry.state = state;
    entry.adopted = entry.relink = state == State::done;
    entry.new_id = "n1";
    entry.old_url = "https://example.com/1";
    entry.new_url = "https://example.com/n1";
    entry.sent = Time(std::chrono::nanoseconds(1'700'000'000'123'456'789));
    entry.notes = {"who was assigned", "a \"note\""};
    journal->put(entry);
    CHECK(journal->find("cards", entry.old_id) == entry);
  }
  CHECK(journal->has_new("cards", "n1"));
  CHECK_FALSE(journal->has_new("lists", "n1"));
  CHECK_FALSE(journal->has_new("cards", ""));
  CHECK(journal->new_url("https://example.com/1") == "https://example.com/n1");
  CHECK_FALSE(journal->new_url("https://example.com/2"));
  CHECK_FALSE(journal->new_url(""));
  // In the order of the first put; another restore's journal is another one.
  journal->put(make_entry("lists", "1"));
  CHECK(old_ids(*journal) == Strings{"cards/" + entry.old_id, "cards/2", "lists/1"});
  CHECK(old_ids(*journal, "cards") == Strings{"cards/" + entry.old_id, "cards/2"});
  CHECK(old_ids(*catalog->open_journal(other, JournalUse::write)).empty());
  std::size_t seen = 0;
  journal->each("", [&](const JournalEntry&) { return ++seen < 2; });
  CHECK(seen == 2);
  journal->remove("cards", "2");
  journal->remove("cards", "nothing");
  CHECK(old_ids(*journal) == Strings{"cards/" + entry.old_id, "lists/1"});
}

TEST_CASE("one process at a time writes a journal, and its end frees it") {
  Fixture fixture;
  std::string run = fixture.catalog->begin_restore(make_restore());
  CHECK(fixture.catalog->restore(run)->state == "interrupted");  // nobody is at work
  auto journal = fixture.catalog->open_journal(run, JournalUse::write);
  CHECK(fixture.catalog->restore(run)->state == "running");
  auto other = fixture.open();
  CHECK(kind_of([&] { other->open_journal(run, JournalUse::write); }) == ErrorKind::locked);
  other->open_journal(other->begin_restore(make_restore()), JournalUse::write);
  auto reader = other->open_journal(run, JournalUse::read);
  journal->put(make_entry("cards", "1"));
  CHECK(old_ids(*reader).size() == 1);
  CHECK_THROWS_AS(reader->put(make_entry("cards", "2")), Error);
  journal.reset();
  other->open_journal(run, JournalUse::write);
}

TEST_CASE("what was put survives a kill right after it") {
  Fixture fixture;
  std::string run = fixture.catalog->begin_restore(make_restore());
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    auto catalog = fixture.open();
    auto journal = catalog->open_journal(run, JournalUse::write);
    for (int i = 0; i < 10; ++i) journal->put(make_entry("cards", std::to_string(i), "n"));
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(fixture.catalog->restore(run)->state == "running");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(fixture.catalog->restore(run)->state == "interrupted");
  CHECK(old_ids(*fixture.catalog->open_journal(run, JournalUse::write)).size() == 10);
}

TEST_CASE("a journal waits while a backup commits, and does not become part of it") {
  Fixture fixture;
  std::string run = fixture.catalog->begin_restore(make_restore());
  auto journal = fixture.catalog->open_journal(run, JournalUse::write);
  sqlite::Database backup(fixture.path, 0);
  backup.execute("BEGIN IMMEDIATE; INSERT INTO meta VALUES('x', 'y')");
  std::atomic<bool> put = false;
  std::thread thread([&] {
    journal->put(make_entry("cards", "1"));
    put = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK_FALSE(put);
  backup.execute("ROLLBACK");
  thread.join();
  CHECK(old_ids(*journal).size() == 1);
}

TEST_CASE("a rebuild of a source keeps its restores") {
  Fixture fixture;
  CatalogRestore restore = make_restore();
  restore.source = app;
  std::string run = fixture.catalog->begin_restore(restore);
  commit(*fixture.catalog->begin_update(app), "1");
  fixture.catalog->open_journal(run, JournalUse::write)->put(make_entry("cards", "1"));
  fixture.catalog->drop_source(app);
  CHECK(fixture.catalog->restores(0).size() == 1);
  CHECK(old_ids(*fixture.catalog->open_journal(run, JournalUse::read)).size() == 1);
}

TEST_CASE("an imported restore joins what is known already, and gives up nothing that was made") {
  Fixture fixture;
  CatalogRestore restore = make_restore();
  restore.id = "0a0b0c0d";
  restore.state = "paused";
  std::vector<JournalEntry> entries = {make_entry("cards", "1", "n1"), make_entry("cards", "2"),
                                       make_entry("cards", "3")};
  auto import = [&](Catalog& catalog) {
    std::size_t at = 0;
    catalog.import_restore(restore, [&]() -> std::optional<JournalEntry> {
      return at < entries.size() ? std::optional(entries[at++]) : std::nullopt;
    });
  };
  import(*fixture.catalog);
  CHECK(fixture.catalog->restore("0a0b")->state == "paused");
  auto journal = fixture.catalog->open_journal(restore.id, JournalUse::write);
  CHECK(old_ids(*journal) == Strings{"cards/1", "cards/2", "cards/3"});
  journal->put(make_entry("cards", "2", "here"));
  entries[2] = make_entry("cards", "3", "there");
  restore.message = "later";
  import(*fixture.catalog);
  CHECK(fixture.catalog->restores(0).size() == 1);
  CHECK(fixture.catalog->restore("0a0b")->message == "later");
  CHECK(journal->find("cards", "1")->new_id == "n1");
  CHECK(journal->find("cards", "2")->new_id == "here");
  CHECK(journal->find("cards", "3")->new_id == "there");
}

TEST_CASE("a journal says the same as a plain map after any puts") {
  auto seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  auto pick = [&](int count) { return std::to_string(random() % static_cast<unsigned>(count)); };
  Fixture fixture;
  auto catalog = Catalog::open(":memory:", "r");
  auto journal = catalog->open_journal(catalog->begin_restore(make_restore()), JournalUse::write);
  std::map<std::pair<std::string, std::string>, JournalEntry> model;
  for (int i = 0; i < 500; ++i) {
    JournalEntry entry = make_entry("kind" + pick(3), pick(40), random() % 2 ? "n" + pick(60) : "");
    entry.state = static_cast<State>(random() % 7);
    entry.old_url = entry.kind + "#" + entry.old_id;
    if (random() % 2) entry.new_url = "to" + pick(100);
    journal->put(entry);
    model[{entry.kind, entry.old_id}] = entry;
  }
  for (const auto& [name, entry] : model) {
    CHECK(journal->find(entry.kind, entry.old_id) == entry);
    CHECK(journal->new_url(entry.old_url) ==
          (entry.new_url.empty() ? std::nullopt : std::optional(entry.new_url)));
  }
  for (int i = 0; i < 60; ++i) {
    std::string id = "n" + std::to_string(i);
    bool there = std::any_of(model.begin(), model.end(), [&](const auto& one) {
      return one.second.kind == "kind1" && one.second.new_id == id;
    });
    CHECK(journal->has_new("kind1", id) == there);
  }
  CHECK(old_ids(*journal).size() == model.size());
}
