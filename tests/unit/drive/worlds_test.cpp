// Random accounts, changes, deletions, people's hands, lost answers, cuts, restarts and lost
// memories: after each sync that ends, the tree in Drive is the expected one, with nothing twice.
// PROBACKUP_WORLDS=N plays N of them.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

#include "catch.h"
#include "drive_rig.h"
#include "probackup/error.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;

namespace {

struct Card {
  std::string board, title, text;
  std::set<std::string> comments;
  std::map<std::string, std::string> files;  // id to bytes
};

// An account, and what it once had.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) add_board();
    for (int i = 0; i < 6; ++i) add_card();
  }

  void change() {
    switch (pick(9)) {
      case 0:
        return add_board();
      case 1:
        return remove_board();
      case 2:
        return rename_board();
      case 3:
        return add_card();
      case 4:
        return remove_card();
      case 5:
        return edit_card();
      case 6:
        return move_card();
      case 7:
        return add_file();
      default:
        return add_comment();
    }
  }

  void fill(DriveRig& rig) const {
    rig.source = small_account();
    rig.source.app_name = "board";
    for (const auto& [key, title] : boards_)
      rig.source.add("boards", {key, "", "", title, "", "{\"id\":\"" + key + "\"}"});
    for (const auto& [key, card] : cards_) {
      rig.source.add("cards", {key, "boards", card.board, card.title, "",
                               "{\"id\":\"" + key + "\",\"text\":\"" + card.text + "\"}"});
      for (const auto& comment : card.comments)
        rig.source.add("comments", {comment, "cards", key, "", "", "{\"id\":\"" + comment + "\"}"});
      for (const auto& [id, bytes] : card.files) {
        rig.source.attach("cards", key, id, id + ".txt", bytes);
        rig.source.file_list.back().file.content = bytes;
      }
    }
    rig.deleted = gone_;
  }

  // Paths of everything, from the rules in docs/drive.md.
  std::set<std::string> expected() const {
    const std::string top = "probackup/Board/acme";
    std::set<std::string> out{"probackup", "probackup/Board", top, top + "/Index"};
    if (!boards_.empty()) out.insert(top + "/Boards");
    auto hold = [&](const std::string& board, const std::string& sheet) {
      auto found = boards_.find(board);
      std::string folder = found == boards_.end() ? top : top + "/" + found->second;
      out.insert(folder);
      out.insert(folder + "/" + sheet);
    };
    for (const auto& [key, card] : cards_) {
      hold(card.board, "Cards");
      if (!card.comments.empty()) hold(card.board, "Comments");
      for (const auto& [id, bytes] : card.files) {
        hold(card.board, "Attached files");
        hold(card.board, "Attached files/" + id + ".txt");
      }
    }
    for (const auto& item : gone_) {
      if (item.stream == "boards") out.insert(top + "/Boards");
      if (item.stream == "cards") hold(item.parent, "Cards");
      if (item.stream == "comments") hold(board_of_comment(item.parent), "Comments");
    }
    return out;
  }

  std::map<std::string, std::string> file_bytes() const {
    std::map<std::string, std::string> out;
    for (const auto& [key, card] : cards_)
      for (const auto& [id, bytes] : card.files) out[id + ".txt"] = bytes;
    return out;
  }

  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
  unsigned number() { return static_cast<unsigned>(random_()); }

 private:
  std::string board_of_comment(const std::string& card) const {
    if (auto found = cards_.find(card); found != cards_.end()) return found->second.board;
    for (const auto& item : gone_)
      if (item.stream == "cards" && item.key == card) return item.parent;
    return "";
  }
  template <typename Map>
  auto any(Map& map) {
    return std::next(map.begin(),
                     static_cast<std::ptrdiff_t>(pick(static_cast<unsigned>(map.size()))));
  }
  std::string name(const char* what) { return std::string(what) + std::to_string(++next_); }
  void add_board() { boards_[name("board-key-")] = name("Board "); }
  void rename_board() {
    if (!boards_.empty()) any(boards_)->second = name("Renamed ");
  }
  void add_card() {
    if (boards_.empty()) return;
    cards_[name("card-key-")] = {any(boards_)->first, name("Card "), name("text "), {}, {}};
  }
  void edit_card() {
    if (!cards_.empty()) any(cards_)->second.text = name("edited ");
  }
  void move_card() {
    if (!cards_.empty() && !boards_.empty()) any(cards_)->second.board = any(boards_)->first;
  }
  void add_file() {
    if (cards_.empty()) return;
    auto& files = any(cards_)->second.files;
    if (!files.empty() && pick(3) == 0) {
      files.erase(any(files));
    } else if (!files.empty() && pick(2) == 0) {
      any(files)->second = name("other bytes ");
    } else {
      files[name("file")] = name("bytes ");
    }
  }
  void add_comment() {
    if (!cards_.empty()) any(cards_)->second.comments.insert(name("comment-key-"));
  }
  void bury(const std::string& stream, const std::string& key, const std::string& parent_stream,
            const std::string& parent, const std::string& title) {
    Time last(std::chrono::seconds(1'700'000'000 + next_));
    gone_.push_back({stream, key, parent_stream, parent, title, "", last,
                     last + std::chrono::hours(24), "1a2b3c4d"});
  }
  void remove_card() {
    if (!cards_.empty()) remove_card(any(cards_));
  }
  std::map<std::string, Card>::iterator remove_card(std::map<std::string, Card>::iterator card) {
    for (const auto& comment : card->second.comments)
      bury("comments", comment, "cards", card->first, "");
    bury("cards", card->first, "boards", card->second.board, card->second.title);
    return cards_.erase(card);
  }
  void remove_board() {
    if (boards_.size() < 2) return;
    auto board = any(boards_);
    for (auto card = cards_.begin(); card != cards_.end();)
      card = card->second.board == board->first ? remove_card(card) : std::next(card);
    bury("boards", board->first, "", "", board->second);
    boards_.erase(board);
  }

  std::mt19937 random_;
  unsigned next_ = 0;
  std::map<std::string, std::string> boards_;
  std::map<std::string, Card> cards_;
  std::vector<DeletedItem> gone_;
};

FaultPlan faults(World& world) {
  FaultPlan plan;
  plan.seed = world.number();
  plan.rules = {{.fault = Fault::lost_to_cut, .match = "", .probability = 0.1},
                {.fault = Fault::lost_to_error, .match = "", .probability = 0.1},
                {.fault = Fault::dropped, .match = "", .probability = 0.05},
                {.fault = Fault::limit_429, .match = "", .probability = 0.05}};
  // The network, or this process, is gone from some request on.
  if (world.pick(2))
    plan.rules.insert(plan.rules.begin(),
                      {.fault = world.pick(2) ? Fault::dropped : Fault::lost_to_cut,
                       .match = "",
                       .from = 1 + world.pick(25)});
  return plan;
}

void disturb(World& world, DriveRig& rig) {
  auto tree = rig.server.tree();
  if (tree.size() < 4) return;
  auto any = std::next(tree.begin(), 1 + world.pick(static_cast<unsigned>(tree.size() - 1)));
  if (world.pick(2))
    rig.server.trash(any->second.id);
  else
    rig.server.erase(any->second.id);
}

std::set<std::string> paths_of(const DriveRig& rig) {
  std::set<std::string> out;
  for (const auto& path : rig.paths()) out.insert(path);
  return out;
}

void check_tree(const World& world, const DriveRig& rig) {
  CHECK(paths_of(rig) == world.expected());
  auto bytes = world.file_bytes();
  for (const auto& [path, object] : rig.server.tree())
    if (path.find("/Attached files/") != std::string::npos)
      CHECK(object.bytes == bytes[path.substr(path.rfind('/') + 1)]);
}

// Returns how many syncs broke off.
unsigned play(unsigned seed) {
  INFO("seed " << seed);
  World world(seed);
  DriveRig rig;
  unsigned broken = 0;
  for (int step = 0; step < 8; ++step) {
    for (unsigned i = world.pick(6); i > 0; --i) world.change();
    world.fill(rig);
    if (step > 1 && world.pick(3) == 0) disturb(world, rig);
    if (world.pick(4) == 0) rig.memory = {};  // the catalog is lost
    rig.server.server().set_faults(faults(world));
    bool done = false;
    try {
      rig.sync();
      done = true;
    } catch (const Error&) {
      ++broken;
    }
    rig.server.server().set_faults({});
    INFO("step " << step << (done ? ", done" : ", broken off"));
    if (!done) rig.sync();
    check_tree(world, rig);
    auto again = rig.sync();
    // What was lost on the way may have been made twice and cleared up in the sync before.
    CHECK(again.created + again.updated + again.renamed + again.moved + again.removed == 0);
  }
  return broken;
}

}  // namespace

TEST_CASE("after any changes, cuts and restarts the tree in Drive is the expected one") {
  unsigned broken = 0;
  const char* more = std::getenv("PROBACKUP_WORLDS");
  unsigned worlds = more ? static_cast<unsigned>(std::atoi(more)) : 12;
  for (unsigned seed = 1; seed <= worlds; ++seed) broken += play(seed);
  CHECK(broken > 10);
}

TEST_CASE("after any changes and restarts the folder is the expected one") {
  for (unsigned seed = 100; seed < 106; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    DriveRig rig;
    TempFolder folder;
    for (int step = 0; step < 6; ++step) {
      for (unsigned i = world.pick(8); i > 0; --i) world.change();
      world.fill(rig);
      auto killed = 1 + world.pick(30);
      if (world.pick(2)) {
        auto stopped = std::make_shared<unsigned>(0);
        rig.source.before_record = [stopped, killed] {
          if (++*stopped == killed) throw Error("killed");
        };
        try {
          rig.sync_to(*local_drive(folder.path()));
        } catch (const Error&) {
        }
        rig.source.before_record = {};
      }
      rig.sync_to(*local_drive(folder.path()));
      std::set<std::string> found;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        auto path = entry.path().lexically_relative(folder.path()).string();
        if (path.starts_with(".probackup") || path.ends_with(".csv")) continue;
        if (path.ends_with(".xlsx")) path.resize(path.size() - 5);
        CHECK(found.insert("probackup/" + path).second);
      }
      found.insert("probackup");
      INFO("step " << step);
      CHECK(found == world.expected());
      auto again = rig.sync_to(*local_drive(folder.path()));
      CHECK(again.created + again.updated + again.removed == 0);
    }
  }
}
