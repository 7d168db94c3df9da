// Random accounts, random changes, random faults: whatever happens, the backup ends with the truth,
// or with a gap that names what is missing.
#include <algorithm>
#include <random>
#include <set>

#include "catch.h"
#include "rig.h"
#include "util/hash.h"

using namespace probackup;
using nlohmann::json;

namespace {

const char* const streams = R"({
  "boards": {"id": "id", "from": [
    {"get": "/boards", "records": "data",
     "page": {"by": "number", "into": "query.page", "size": "limit=3", "total": "${body.total}"}},
    {"get": "/shared", "records": "data",
     "page": {"by": "cursor", "next": "${body.next}", "into": "query.after"}}]},
  "cards": {"each": "boards", "get": "/boards/${parent.id}/cards", "id": "id", "records": "data",
    "page": {"by": "offset", "into": "query.offset", "size": "limit=4", "total": "${body.total}"},
    "conditional": true},
  "comments": {"each": "cards", "get": "/cards/${parent.id}/comments", "id": "id", "records": "data",
    "page": {"by": "link"}, "reuse_if_unchanged": true},
  "tasks": {"id": "id", "from": [
    {"each": "boards", "get": "/boards/${parent.id}/tasks", "records": "data",
     "page": {"by": "cursor", "next": "${body.next}", "into": "query.after"}},
    {"each": "tasks", "depth": 6, "get": "/tasks/${parent.id}/tasks", "records": "data",
     "page": {"by": "cursor", "next": "${body.next}", "into": "query.after"}}]},
  "events": {"each": "boards", "get": "/boards/${parent.id}/events", "id": "id", "records": "data",
    "page": {"by": "cursor", "next": "${body.next}", "into": "query.after"},
    "since": {"into": "query.since", "format": "unix", "lookback": "1m"}},
  "docs": {"get": "/docs", "id": "id", "records": "data", "changed": "v",
    "page": {"by": "url", "next": "${body.next}"},
    "detail": {"get": "/docs/${record.id}"},
    "files": [{"each": "files", "id": "${item.id}", "size": "${item.size}", "get": "/files/${item.id}"}]}
})";

// An app with a tree of things. A thing's version moves when it or what lies below it changes.
class Account {
 public:
  explicit Account(unsigned seed) : random_(seed) {
    for (int i = pick(8); i >= 0; --i) add("boards", "");
    for (int i = pick(40); i >= 0; --i) add_anything();
  }

  struct Thing {
    std::string id, parent;
    int version = 1;
    std::int64_t at = 0;  // when it changed last, seconds
    bool shared = false;
  };

  // `now`: seconds, the time of the changes.
  void change(std::int64_t now) {
    now_ = now;
    for (int i = pick(12); i > 0; --i) {
      int what = pick(4);
      if (what == 0) add_anything();
      if (what == 1) touch(any_id());
      if (what == 2) remove(any_id());
    }
  }

  // The things of a kind below a parent, in the order of their ids.
  std::vector<Thing> below(const std::string& kind, const std::string& parent) const {
    std::vector<Thing> out;
    auto at = things_.find(kind);
    if (at == things_.end()) return out;
    for (const auto& [id, thing] : at->second)
      if (thing.parent == parent) out.push_back(thing);
    return out;
  }
  const std::map<std::string, std::map<std::string, Thing>>& things() const { return things_; }

  static json listed(const std::string& kind, const Thing& thing) {
    return {{"id", thing.id}, {"kind", kind}, {"v", thing.version}};
  }
  static std::string file_bytes(const Thing& doc) {
    return doc.id + " version " + std::to_string(doc.version);
  }
  static json whole(const std::string& kind, const Thing& thing) {
    json out = listed(kind, thing);
    if (kind == "docs")
      out["files"] = {{{"id", thing.id + "-" + std::to_string(thing.version)},
                       {"size", file_bytes(thing).size()}}};
    return out;
  }

 private:
  int pick(int below_this) {
    return static_cast<int>(random_() % static_cast<unsigned>(below_this));
  }

  void add(const std::string& kind, const std::string& parent) {
    std::string number = std::to_string(next_++);
    Thing thing{kind.substr(0, 2) + std::string(4 - number.size(), '0') + number, parent};
    thing.shared = pick(3) == 0;
    thing.at = now_;
    things_[kind][thing.id] = thing;
    bump(parent);
  }
  std::string any_of(const std::string& kind) {
    auto& all = things_[kind];
    if (all.empty()) return "";
    return std::next(all.begin(), pick(static_cast<int>(all.size())))->first;
  }
  std::string any_id() {
    static const std::vector<std::string> kinds{"boards", "cards", "comments",
                                                "tasks",  "docs",  "events"};
    return any_of(kinds[static_cast<std::size_t>(pick(6))]);
  }
  void add_anything() {
    int what = pick(8);
    std::string board = any_of("boards"), card = any_of("cards"), task = any_of("tasks");
    if (what == 0) add("boards", "");
    if (what == 1) add("docs", "");
    if ((what == 2 || what == 3) && !board.empty()) add("cards", board);
    if (what == 4 && !card.empty()) add("comments", card);
    if (what == 5 && !board.empty()) add("tasks", board);
    if (what == 7 && !board.empty()) add("events", board);
    if (what == 6 && !task.empty() && depth(task) < 5) add("tasks", task);
  }
  int depth(const std::string& id) {
    auto& tasks = things_["tasks"];
    auto at = tasks.find(id);
    return at == tasks.end() ? 0 : 1 + depth(at->second.parent);
  }
  Thing* find(const std::string& id) {
    for (auto& [kind, all] : things_)
      if (auto at = all.find(id); at != all.end()) return &at->second;
    return nullptr;
  }
  void bump(const std::string& id) {
    if (Thing* thing = find(id)) {
      ++thing->version;
      thing->at = now_;
    }
  }
  void touch(const std::string& id) {
    bump(id);
    if (Thing* thing = find(id)) bump(thing->parent);
  }
  void remove(const std::string& id) {
    Thing* thing = find(id);
    if (!thing) return;
    bump(thing->parent);
    std::vector<std::string> children;
    for (auto& [kind, all] : things_)
      for (auto& [child, other] : all)
        if (other.parent == id) children.push_back(child);
    for (const auto& child : children) remove(child);
    for (auto& [kind, all] : things_) all.erase(id);
  }

  std::mt19937 random_;
  int next_ = 1;
  std::int64_t now_ = 0;
  std::map<std::string, std::map<std::string, Thing>> things_;
};

// Serves the account, with faults in a share of the answers.
class App {
 public:
  App(Account& account, unsigned seed) : account_(account), seed_(seed) {}
  unsigned fault_percent = 0;  // of URLs that have a fault, passing or lasting

  HttpResponse answer(const Asked& asked) const {
    if (auto fault = fault_for(asked)) return *fault;
    auto parts = split(asked.path.substr(4), '/');  // behind "/v1/"
    if (parts[0] == "files") return file(parts[1]);
    if (parts[0] == "docs" && parts.size() == 2) return doc(parts[1]);
    if (parts[0] == "boards" && parts.size() == 1)
      return counted("boards", boards(false), asked, "page", 3);
    if (parts[0] == "shared") return cursor("boards", boards(true), asked);
    if (parts[0] == "docs") return by_url(asked);
    if (parts[2] == "cards")
      return counted("cards", account_.below("cards", parts[1]), asked, "offset", 4);
    if (parts[2] == "comments") return linked(parts[1], asked);
    if (parts[2] == "events") return cursor("events", events(parts[1], asked), asked);
    return cursor("tasks", account_.below("tasks", parts[1]), asked);
  }

 private:
  using Things = std::vector<Account::Thing>;

  unsigned roll(const std::string& what, unsigned sides) const {
    auto digest = sha256(std::to_string(seed_) + what).bytes;
    return (digest[0] + 256u * digest[1]) % sides;
  }

  // The same URL has the same trouble in one run: one that passes after a try, or one that lasts.
  std::optional<HttpResponse> fault_for(const Asked& asked) const {
    const std::string& url = asked.request.url;
    if (roll("fault" + url, 100) >= fault_percent) return std::nullopt;
    bool lasting = roll("lasting" + url, 3) == 0;
    if (!lasting && asked.count > 0) return std::nullopt;
    switch (roll("kind" + url, 8)) {
      case 0:
        return reply("slow down", 429, {{"Retry-After", "1"}});
      case 1:
        return reply("", 500);
      case 2:
        // One that lasts would be a network that is down, which ends a run.
        if (!lasting) throw NetworkError("cut short", true);
        return reply("", 503);
      case 3:
        return reply("<html>maintenance</html>");
      case 4:
        return reply(R"({"data": [{"id": "half)");
      case 5:
        return reply(R"({"message": "something else"})");
      case 6:
        return reply("", 502);
      default:
        return lasting ? std::optional(reply("", 403)) : std::nullopt;
    }
  }

  Things boards(bool shared) const {
    Things out;
    for (auto& thing : account_.below("boards", ""))
      if (!shared || thing.shared) out.push_back(thing);
    return out;
  }
  Things events(const std::string& board, const Asked& asked) const {
    auto all = account_.below("events", board);
    auto since = static_cast<std::int64_t>(number(asked.parameter("since"), 0));
    std::erase_if(all, [&](const Account::Thing& event) { return event.at < since; });
    return all;
  }
  static json page_of(const std::string& kind, const Things& all, std::size_t from,
                      std::size_t size) {
    json list = json::array();
    for (std::size_t i = from; i < std::min(all.size(), from + size); ++i)
      list.push_back(Account::listed(kind, all[i]));
    return list;
  }
  static std::size_t number(const std::string& text, std::size_t otherwise) {
    return text.empty() ? otherwise : std::stoul(text);
  }

  HttpResponse counted(const std::string& kind, const Things& all, const Asked& asked,
                       const std::string& name, std::size_t size) const {
    std::size_t from = name == "page" ? (number(asked.parameter(name), 1) - 1) * size
                                      : number(asked.parameter(name), 0);
    std::string body = json{{"data", page_of(kind, all, from, size)}, {"total", all.size()}}.dump();
    std::string etag = '"' + sha256(body).hex() + '"';
    if (header(asked.request.headers, "If-None-Match") == etag) return reply("", 304);
    return reply(body, 200, {{"ETag", etag}});
  }
  HttpResponse cursor(const std::string& kind, const Things& all, const Asked& asked) const {
    std::size_t from = number(asked.parameter("after"), 0);
    json next;
    if (from + 3 < all.size()) next = std::to_string(from + 3);
    // A token that comes again and again.
    if (fault_percent > 0 && from > 0 && roll("token" + asked.path, 100) < fault_percent)
      next = std::to_string(from);
    return reply(json{{"data", page_of(kind, all, from, 3)}, {"next", next}}.dump());
  }
  HttpResponse linked(const std::string& card, const Asked& asked) const {
    auto all = account_.below("comments", card);
    std::size_t page = number(asked.parameter("page"), 1);
    Headers headers;
    auto link = [&](std::size_t to, const std::string& rel) {
      headers.emplace_back("Link",
                           "<" + asked.path + "?page=" + std::to_string(to) + ">; rel=" + rel);
    };
    if (page * 2 < all.size()) {
      link(page + 1, "next");
      link((all.size() + 1) / 2, "last");
    }
    return reply(json{{"data", page_of("comments", all, (page - 1) * 2, 2)}}.dump(), 200, headers);
  }
  HttpResponse by_url(const Asked& asked) const {
    auto all = account_.below("docs", "");
    std::size_t from = number(asked.parameter("from"), 0);
    json next;
    if (from + 4 < all.size()) next = "/v1/docs?from=" + std::to_string(from + 4);
    return reply(json{{"data", page_of("docs", all, from, 4)}, {"next", next}}.dump());
  }
  HttpResponse doc(const std::string& id) const {
    for (const auto& thing : account_.below("docs", ""))
      if (thing.id == id) return reply(Account::whole("docs", thing).dump());
    return reply("", 404);
  }
  HttpResponse file(const std::string& id) const {
    for (const auto& thing : account_.below("docs", ""))
      if (id.starts_with(thing.id + "-")) return reply(Account::file_bytes(thing));
    return reply("", 404);
  }

  Account& account_;
  const unsigned seed_;
};

// What the backup holds against what the app holds.
class Judge {
 public:
  Judge(const Account& account, const MemorySink& sink) : account_(account), sink_(sink) {
    for (const auto& gap : sink.gaps()) {
      if (!gap.key.empty())
        keys_.insert(gap.stream + "/" + gap.key);
      else
        listings_.insert(gap.stream + "/" + gap.scope);
    }
  }

  // What is wrong without a gap that says so.
  std::vector<std::string> silent() const {
    std::vector<std::string> out;
    for (const auto& [kind, things] : account_.things()) {
      auto stored = sink_.raws(kind);
      for (const auto& [id, thing] : things) {
        bool same = stored.contains(id) && json::parse(stored[id]) == Account::whole(kind, thing);
        if (!same && !excused(kind, thing)) out.push_back("missing " + kind + " " + id);
        if (same && kind == "docs" && !has_file(thing) && !keys_.contains("docs/" + id))
          out.push_back("missing file of " + id);
        stored.erase(id);
      }
      for (const auto& [id, raw] : stored)
        if (!may_linger(kind)) out.push_back("deleted but there: " + kind + " " + id);
    }
    return out;
  }

 private:
  bool has_file(const Account::Thing& doc) const {
    const auto& files = sink_.stream("docs").records.at(doc.id).files;
    auto at = files.find(doc.id + "-" + std::to_string(doc.version));
    return at != files.end() && at->second == Account::file_bytes(doc);
  }
  std::string scope(const std::string& kind, const Account::Thing& thing) const {
    if (kind != "tasks" || thing.parent.empty()) return thing.parent;
    return (thing.parent.starts_with("bo") ? "boards/" : "tasks/") + thing.parent;
  }
  bool excused(const std::string& kind, const Account::Thing& thing) const {
    if (keys_.contains(kind + "/" + thing.id)) return true;
    if (listings_.contains(kind + "/" + scope(kind, thing))) return true;
    // Its parent may be missing or old, with a gap of its own.
    for (const auto& [parent_kind, things] : account_.things())
      if (auto at = things.find(thing.parent); at != things.end())
        return excused(parent_kind, at->second);
    return false;
  }
  // A deletion counts only where everything above was read.
  bool may_linger(const std::string& kind) const {
    static const std::map<std::string, std::vector<std::string>> above{
        {"boards", {"boards"}},
        {"cards", {"boards", "cards"}},
        {"comments", {"boards", "cards", "comments"}},
        {"tasks", {"boards", "tasks"}},
        {"docs", {"docs"}}};
    if (kind == "events") return true;  // changes do not name what is gone
    for (const auto& stream : above.at(kind))
      if (!sink_.stream(stream).result.complete) return true;
    return false;
  }

  const Account& account_;
  const MemorySink& sink_;
  std::set<std::string> keys_, listings_;
};

}  // namespace

TEST_CASE("whatever an app does, a backup holds the truth or says what is missing") {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    Account account(seed);
    App* app = nullptr;
    Rig rig(streams, [&](const Asked& asked) { return app->answer(asked); });
    rig.base_options.concurrency = 1 + seed % 8;
    for (unsigned round = 0; round < 5; ++round) {
      App now(account, seed * 100 + round);
      now.fault_percent = round == 4 ? 0 : (seed % 3) * 12;
      app = &now;
      rig.run();
      CAPTURE(seed, round);
      std::string wrong = join(Judge(account, rig.sink).silent(), "; ");
      CHECK(wrong == "");
      // Once the faults are over, nothing is missing any more.
      if (now.fault_percent == 0) CHECK(rig.sink.gaps().empty());
      rig.clock.advance(std::chrono::hours{1});
      account.change(
          std::chrono::floor<std::chrono::seconds>(rig.clock.now().time_since_epoch()).count());
      rig.clock.advance(std::chrono::hours{1});
    }
  }
}

TEST_CASE("a second run over an account that did not change asks for little") {
  Account account(7);
  App app(account, 7);
  Rig rig(streams, [&](const Asked& asked) { return app.answer(asked); });
  rig.run();
  rig.run();
  for (const auto& url : rig.asked()) {
    CHECK(url.find("/comments") == std::string::npos);
    CHECK(url.find("/docs/") == std::string::npos);
    CHECK(url.find("/files/") == std::string::npos);
  }
  CHECK(Judge(account, rig.sink).silent().empty());
}
