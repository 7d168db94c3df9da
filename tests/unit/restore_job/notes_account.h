// An app with two accounts, a repository, and what it takes to restore from one into the other.
#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "job/connector_source.h"
#include "job/layout.h"
#include "probackup/restore_job.h"
#include "unit/job/job_fixture.h"
#include "unit/restore/rig.h"

namespace probackup::test {

struct NotesAccount : Fixture {
  NotesServer acme, sandbox;
  nlohmann::json file = notes_file();
  nlohmann::json settings = {{"token", "s3cret-token"}};
  std::mutex mutex;  // a backup asks on many threads
  FakeHttp acme_http{[this](const Asked& asked) { return answer(acme, asked); }};
  FakeHttp sandbox_http{[this](const Asked& asked) { return answer(sandbox, asked); }};
  std::vector<RestoreReport> partial;

  NotesAccount() {
    acme.people = {{{"id", "p1"}, {"name", "Ada"}, {"email", "ada@example.com"}}};
    sandbox.people = {{{"id", "q1"}, {"name", "Ada"}, {"email", "ADA@example.com"}}};
    for (const char* board : {"board-b1", "board-b2"}) {
      add("boards", {{"id", board}, {"name", std::string("Board ") + board}});
      for (int i = 0; i < 3; ++i)
        add("cards", {{"id", std::string(board) + "-c" + std::to_string(i)},
                      {"name", "Card"},
                      {"position", i},
                      {"author", "p1"},
                      {"owners", {"p1"}},
                      {"closed", i == 2},
                      {"text", "text " + std::to_string(i)},
                      {"board", board}});
    }
  }

  void add(const std::string& kind, nlohmann::json thing) {
    std::string id = thing["id"];
    thing["url"] = "https://notes.example/" + id;
    acme.things[kind][id] = std::move(thing);
    acme.order.push_back(id);
  }
  Connector connector() const { return Connector::parse(file.dump(), "notes.json"); }
  Snapshot back_up() {
    ConnectorSource source(connector(), {"notes", "acme"}, settings, acme_http, clock);
    return repository->load_snapshot(
        backup(context(), source.backup_source({}, {}), {}, {}).snapshot);
  }
  RestoreTarget target() {
    return {.connector = connector(),
            .source = {"notes", "sandbox"},
            .settings = &settings,
            .http = sandbox_http,
            .partial = [this](const RestoreReport& report) { partial.push_back(report); }};
  }
  RestoreReport restore(const Snapshot& snapshot, const RestoreWishes& wishes = {},
                        std::stop_token stop = {}) {
    return restore_into(context(), target(), snapshot, wishes, stop);
  }
  RestoreReport resume(const std::string& id) {
    return resume_restore(context(), target(), find_restore(context(), id), {});
  }
  std::size_t in_sandbox(const std::string& kind) { return sandbox.things[kind].size(); }
  // The sandbox answers like this to each create after the first `count`.
  void fail_after(unsigned count, HttpResponse response) {
    sandbox.before = [count, response,
                      seen = 0u](const Asked& asked) mutable -> std::optional<HttpResponse> {
      if (asked.request.method != "POST" || seen++ < count) return std::nullopt;
      return response;
    };
  }
  std::size_t saves() {
    std::size_t count = 0;
    for (const auto& snapshot : repository->snapshots())
      if (restore_of(snapshot)) ++count;
    return count;
  }

 private:
  HttpResponse answer(NotesServer& server, const Asked& asked) {
    std::lock_guard lock(mutex);
    return server(asked);
  }
};

}  // namespace probackup::test
