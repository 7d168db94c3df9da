// A connector with a restore section, a snapshot, a journal, and an app to restore into.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "memory_restore.h"
#include "notes_server.h"
#include "probackup/connector.h"
#include "unit/http/fake_clock.h"

namespace probackup::test {

inline nlohmann::json notes_file() {
  return nlohmann::json::parse(R"json({
    "connector": 1, "app": "notes", "title": "Notes", "version": "1.0",
    "config": {"token": {"help": "Token", "secret": true}},
    "auth": {"kind": "bearer", "token": "${config.token}"},
    "http": {"base": "https://api.notes.example/v1"},
    "defaults": {"id": "id", "name": "name", "url": "url"},
    "streams": {
      "people": {"get": "/people"},
      "boards": {"get": "/boards"},
      "cards": {"each": "boards", "get": "/boards/${parent.id}/cards"}
    },
    "restore": {
      "people": {"stream": "people", "match": ["email"], "get": "/people", "id": "${found.id}"},
      "note": "[by ${record.author | person_name}]",
      "lossy": ["who wrote a card"],
      "steps": [
        {"make": "boards", "post": "/boards", "body": {"name": "${record.name}"},
         "new_id": "${body.id}", "new_url": "${body.url}",
         "confirm": {"get": "/boards", "where": "${found.name == record.name}"},
         "remove": {"delete": "/boards/${new.id}"}},
        {"make": "cards", "parents": [{"of": "boards", "id": "${parent_key}"}],
         "order": "${record.position}",
         "post": "/boards/${parent_key | ref('boards')}/cards",
         "body": {"name": "${record.name}", "text": "${note} ${record.text | relink}",
                  "owners": "${record.owners | people}"},
         "new_id": "${body.id}", "new_url": "${body.url}",
         "confirm": {"get": "/boards/${parent_key | ref('boards')}/cards",
                     "where": "${found.name == record.name}"},
         "relink": {"put": "/cards/${new.id}", "body": {"text": "${note} ${record.text | relink}"}},
         "finish": [{"if": "${record.closed}", "put": "/cards/${new.id}", "body": {"closed": true},
                     "say": "that it was closed"}],
         "compare": {"ignore": ["author", "position", "url"],
                     "expect": {"text": "${note} ${record.text | relink}",
                                "board": "${parent_key | ref('boards')}",
                                "owners": "${record.owners | people}"}}}
      ]
    }
  })json");
}

inline RestoreRecord record(const std::string& key, nlohmann::json raw,
                            const std::string& scope = {}) {
  raw["id"] = key;
  raw["url"] = "https://notes.example/" + key;
  return {key, scope, scope.empty() ? "" : "boards", scope, raw.dump()};
}

struct RestoreRig {
  explicit RestoreRig(const nlohmann::json& file = notes_file())
      : connector(Connector::parse(file.dump(), "notes.json")),
        http([this](const Asked& asked) { return network ? network(asked) : server(asked); }) {
    source.streams["people"] = {record("old-person-1", {{"name", "Ada"}, {"email", "A@x.example"}}),
                                record("old-person-2", {{"name", "Bo"}, {"email", "b@x.example"}})};
    server.people = {{{"id", "new-person-7"}, {"email", "a@X.example"}}};
  }

  // A board with cards; card `i` is at position `count - i`, so the order is the other way round.
  void add_board(const std::string& id, unsigned count) {
    source.streams["boards"].push_back(record(id, {{"name", "Board " + id}}));
    for (unsigned i = 0; i < count; ++i)
      source.streams["cards"].push_back(record(id + "-card-" + std::to_string(i),
                                               {{"name", "Card"},
                                                {"position", count - i},
                                                {"author", "old-person-1"},
                                                {"owners", {"old-person-1"}},
                                                {"closed", i % 2 == 1},
                                                {"text", "text " + std::to_string(i)}},
                                               id));
  }
  RestoreEngine engine() {
    options.account = "acme";
    options.settings = &settings;
    return RestoreEngine(connector, options, source, journal, http, clock);
  }
  RestoreOutcome run() { return engine().run({}); }
  const JournalEntry& entry(const std::string& kind, const std::string& old_id) {
    for (const auto& entry : journal.entries)
      if (entry.kind == kind && entry.old_id == old_id) return entry;
    throw Error("the journal has no " + kind + " " + old_id);
  }
  const nlohmann::json& made(const std::string& kind, const std::string& old_id) {
    return server.things[kind].at(entry(kind, old_id).new_id);
  }

  Connector connector;
  NotesServer server;
  MemorySource source;
  MemoryJournal journal;
  FakeHttp::Handler network;  // instead of the server alone
  FakeHttp http;
  FakeClock clock;
  nlohmann::json settings = {{"token", "s3cret-token"}};
  RestoreOptions options;
};

}  // namespace probackup::test
