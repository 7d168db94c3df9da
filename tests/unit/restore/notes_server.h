// An app that keeps boards and cards, for restores into it: stateful, with faults.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "memory_restore.h"
#include "unit/engine/fake_http.h"
#include "util/time.h"

namespace probackup::test {

class NotesServer {
 public:
  using json = nlohmann::json;
  struct Made {
    std::string path;
    json body;
  };

  HttpResponse operator()(const Asked& asked) {
    const std::string& method = asked.request.method;
    const std::string path = asked.path.substr(3);  // without "/v1"
    ++requests;
    if (before) {
      if (auto early = before(asked)) return *early;
    }
    if (method == "GET") return get(path);
    if (method == "DELETE") return remove(path);
    if (method == "PUT") return change(path, asked.request.body);
    return create(path, asked);
  }

  // By kind ("boards", "cards"), by id.
  std::map<std::string, std::map<std::string, json>> things;
  std::vector<std::string> order;  // ids as they were made
  std::vector<json> people;
  unsigned requests = 0;
  // Answers instead of the server when it returns something.
  std::function<std::optional<HttpResponse>(const Asked&)> before;
  // Called when a thing was made; what it returns is the answer, or the connection breaks.
  std::function<HttpResponse(HttpResponse)> after_create;

 private:
  HttpResponse get(const std::string& path) {
    if (path == "/people") return reply(json(people).dump());
    auto slash = path.find('/', 1);
    std::string kind = path.substr(1, slash - 1);
    if (slash == std::string::npos) {
      json all = json::array();
      for (const auto& id : order)
        if (things[kind].contains(id)) all.push_back(things[kind][id]);
      return reply(all.dump());
    }
    std::string id = path.substr(slash + 1);
    if (auto sub = id.find('/'); sub != std::string::npos) {
      json inside = json::array();
      for (const auto& made : order)
        if (things["cards"].contains(made) && things["cards"][made]["board"] == id.substr(0, sub))
          inside.push_back(things["cards"][made]);
      return reply(inside.dump());
    }
    auto found = things[kind].find(id);
    return found == things[kind].end() ? reply("{}", 404) : reply(found->second.dump());
  }
  HttpResponse remove(const std::string& path) {
    auto slash = path.find('/', 1);
    bool gone = things[path.substr(1, slash - 1)].erase(path.substr(slash + 1)) > 0;
    return reply("{}", gone ? 200 : 404);
  }
  HttpResponse change(const std::string& path, const std::string& body) {
    auto slash = path.find('/', 1);
    auto& kind = things[path.substr(1, slash - 1)];
    auto found = kind.find(path.substr(slash + 1));
    if (found == kind.end()) return reply("{}", 404);
    found->second.merge_patch(json::parse(body));
    return reply(found->second.dump());
  }
  HttpResponse create(const std::string& path, const Asked& asked) {
    std::string kind = path.substr(1, path.find('/', 1) - 1);
    json thing = asked.request.body.empty() ? json::object() : json::parse(asked.request.body);
    if (kind == "boards" && path != "/boards") {  // POST /boards/ID/cards
      std::string board = path.substr(8, path.find('/', 8) - 8);
      if (!things["boards"].contains(board)) return reply(R"({"error":"no such board"})", 404);
      kind = "cards";
      thing["board"] = board;
      thing["closed"] = false;
    }
    if (asked.request.upload) {
      std::string bytes(asked.request.upload->size(), '\0');
      for (std::size_t at = 0; at < bytes.size();)
        at += asked.request.upload->read(at, bytes.data() + at, bytes.size() - at);
      thing["sent"] = bytes;
    }
    std::string id = "new-" + kind + "-" + std::to_string(1000 + order.size());
    thing["id"] = id;
    thing["url"] = "https://notes.example/" + id;
    things[kind][id] = thing;
    order.push_back(id);
    HttpResponse answer = reply(thing.dump(), 201);
    return after_create ? after_create(std::move(answer)) : answer;
  }
};

}  // namespace probackup::test
