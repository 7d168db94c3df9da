// A small connector that uses most of the format, for tests to load, change and break.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

inline const char* const tiny_connector = R"json({
  "connector": 1, "app": "tiny", "title": "Tiny", "version": "1.0", "docs": "https://tiny.example/api",
  "config": {
    "token": {"help": "Token", "secret": true},
    "boards": {"help": "Boards to read; empty: all", "list": true, "optional": true},
    "state": {"help": "Which cards", "default": "all"}
  },
  "let": {"fields": "id name", "agent": "backup of ${config.state}"},
  "auth": {"any": [
    {"if": "${config.token}", "kind": "bearer", "token": "${config.token}"},
    {"kind": "none"}
  ]},
  "http": {
    "base": "https://api.tiny.example/1", "graphql": "/graphql",
    "headers": {"User-Agent": "${agent}"},
    "concurrency": 3,
    "limits": [{"rate": "90/10s"}, {"match": "/members/", "rate": "90/900s"}],
    "quota": {"remaining": "${headers['X-Remaining'] | number}", "reset": "${headers['x-reset']}", "floor": 10}
  },
  "errors": [
    {"when": "${status == 429}", "do": "retry", "wait": "${headers['retry-after'] | seconds}",
     "tries": 10, "then": "fail", "limited": true},
    {"when": "${status == 403}", "do": "gap", "say": "no scope: ${body.message}"}
  ],
  "check": {"get": "/me", "account": "${body.name}", "show": "${body.name} <${body.mail}>"},
  "defaults": {"id": "id", "query": {"limit_fields": "all", "pretty": false}, "page": {"by": "link"}},
  "streams": {
    "comments": {"each": "cards", "get": "/cards/${parent.id}/comments", "reuse_if_unchanged": true,
                 "since": {"into": "query.since", "lookback": "5m", "full_every": "7d"}},
    "boards": {
      "from": [{"get": "/me/boards"}, {"each": "groups", "get": "/groups/${parent.id}/boards"}],
      "keep": "${empty(config.boards) || record.id in config.boards}",
      "changed": "dates.changed", "name": "name", "url": "https://tiny.example/b/${record.id}",
      "query": {"pretty": null}
    },
    "groups": {"get": "/groups", "page": null, "records": ["data[*].groups", "data"]},
    "lists": {"each": "boards", "get": "/boards/${parent.id}/lists"},
    "cards": {
      "title": "Cards", "each": "boards", "get": "/boards/${parent.id}/cards",
      "page": {"by": "cursor", "next": "${last.id}", "into": "query.before", "size": "limit=1000"},
      "belongs_to": {"stream": "lists", "id": "idList"},
      "volatile": ["views", "attachments[*].link"], "text": ["desc"],
      "detail": {"get": "/cards/${record.id}", "record": "card"},
      "files": [{"each": "attachments", "if": "${item.upload}", "id": "${item.id}", "name": "${item.name}",
                 "get": "/cards/${record.id}/attachments/${item.id}",
                 "renew": {"get": "/attachments/${item.id}", "url": "data.url"}}]
    },
    "tasks": {"from": [
      {"each": "cards", "graphql": ["query($c:ID!){card(id:$c){", "tasks{${fields}}}}"],
       "vars": {"c": "${parent.id}"}, "records": "data.card.tasks",
       "page": {"by": "number", "into": "vars.page", "size": 50}},
      {"each": "tasks", "depth": 5, "if": "${parent.children > 0}", "get": "/tasks/${parent.id}/tasks"}
    ], "id": "${parent.id}-${record.id}"}
  },
  "restore": {"lossy": ["votes"], "steps": [{"make": "boards", "post": "/boards", "new_id": "${body.id}"}]},
  "not_read": ["votes"]
})json";

inline nlohmann::json tiny() {
  return nlohmann::json::parse(tiny_connector);
}
