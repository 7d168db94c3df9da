// Random runs against a catalog and a plain model of what it must say.
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "fixture.h"

using namespace probackup;

namespace {

// A version as both sides tell it: stream, key, title, parent, file, first, last (0: living).
using Version = std::tuple<std::string, std::string, std::string, std::string, std::uint32_t,
                           std::int64_t, std::int64_t>;

Version version_of(const CatalogItem& item) {
  return {item.stream, item.key,   item.title,           item.parent,
          item.file,   item.first, item.last.value_or(0)};
}

struct ModelItem {
  std::string title, parent, text;
  std::uint32_t file = 0;
  bool webhook = false;
  int content = 0;  // stands for the record: another number is another version
  bool operator==(const ModelItem&) const = default;
};

using Key = std::pair<std::string, std::string>;  // stream, key
using State = std::map<Key, ModelItem>;
using FileState = std::map<std::tuple<std::string, std::string, std::string>, std::string>;

struct ModelSnapshot {
  std::int64_t row;
  Id id;
  State items;
  FileState files;
};

const Strings streams{"boards", "cards", "hooks"};

class Model {
 public:
  // `moves`: records also move between stream files, which no older snapshot remembers.
  Model(unsigned seed, bool moves) : random_(seed), moves_(moves) {}

  // One more run on both sides.
  void run(Catalog& catalog) {
    auto update = catalog.begin_update(app);
    State before = items_;
    for (int i = 0; i < 30; ++i) change_item(*update);
    for (int i = 0; i < 8; ++i) change_file(*update);
    Id id = sha256("run " + std::to_string(++runs_));
    CatalogSnapshot snapshot;
    snapshot.id = id;
    std::int64_t row = update->commit(snapshot);
    snapshots_.push_back({row, id, items_, files_});
  }

  // Drops some snapshots at random on both sides.
  void drop(Catalog& catalog) {
    std::vector<Id> gone;
    std::erase_if(snapshots_, [&](const ModelSnapshot& snapshot) {
      if (pick(3) != 0) return false;
      gone.push_back(snapshot.id);
      return true;
    });
    catalog.drop_snapshots(gone);
    items_ = snapshots_.empty() ? State() : snapshots_.back().items;
    files_ = snapshots_.empty() ? FileState() : snapshots_.back().files;
  }

  void check(Catalog& catalog) const {
    std::vector<Version> newest;
    catalog.items({}, [&](const CatalogItem& item) {
      newest.push_back(version_of(item));
      return true;
    });
    CHECK(newest == living());
    std::set<Key> ever;
    for (const ModelSnapshot& snapshot : snapshots_) {
      check_snapshot(catalog, snapshot);
      for (const auto& [key, item] : snapshot.items) ever.insert(key);
    }
    Strings deleted;
    for (const Key& key : ever) {
      check_versions(catalog, key);
      if (!items_.contains(key)) deleted.push_back(key.second + "=" + last_title(key));
    }
    ItemQuery gone;
    gone.deleted = true;
    CHECK(list(catalog, gone) == deleted);
    check_counts(catalog);
    check_find(catalog);
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }

  void change_item(CatalogUpdate& update) {
    Key key{streams[pick(streams.size())], "k" + std::to_string(pick(25))};
    auto at = items_.find(key);
    if (pick(4) == 0) {
      update.remove_item(key.first, key.second);
      items_.erase(key);
      return;
    }
    ModelItem item = at == items_.end() ? ModelItem() : at->second;
    bool moved_only = moves_ && at != items_.end() && pick(5) == 0;
    if (moved_only) {
      item.file = static_cast<std::uint32_t>(pick(4));
    } else {
      item.content = ++contents_;
      if (pick(2) == 0) item.title = "title" + std::to_string(pick(6));
      if (pick(3) == 0) item.text = pick(2) == 0 ? "" : "word" + std::to_string(pick(6));
      if (pick(3) == 0) item.parent = pick(2) == 0 ? "" : "p" + std::to_string(pick(3));
      item.webhook = key.first == "hooks";
    }
    CatalogItem row = make_item(key.second, item.title);
    row.parent = item.parent;
    row.parent_stream = item.parent.empty() ? "" : "boards";
    row.file = item.file;
    row.webhook = item.webhook;
    // What the caller says of an item that was put or removed before in the same run is only about
    // the last snapshot, as in a real run.
    bool known = !snapshots_.empty() && snapshots_.back().items.contains(key);
    bool same = known && snapshots_.back().items.at(key).content == item.content;
    Change change = !known ? Change::added : same ? Change::unchanged : Change::changed;
    update.put_item(key.first, change, row, item.text);
    items_[key] = item;
  }

  void change_file(CatalogUpdate& update) {
    std::string stream = streams[pick(2)], key = "k" + std::to_string(pick(5)),
                id = "f" + std::to_string(pick(2));
    if (pick(3) == 0) {
      update.remove_file(stream, key, id);
      files_.erase({stream, key, id});
      return;
    }
    CatalogFile file;
    file.stream = stream;
    file.key = key;
    file.id = id;
    file.name = "n" + std::to_string(pick(3));
    file.content = std::string(32, 'c');
    update.put_file(file);
    files_[{stream, key, id}] = file.name;
  }

  // The intervals of one item by looking at every snapshot.
  std::vector<Version> history(const Key& key) const {
    std::vector<Version> out;
    const ModelItem* before = nullptr;
    for (const ModelSnapshot& snapshot : snapshots_) {
      auto at = snapshot.items.find(key);
      const ModelItem* now = at == snapshot.items.end() ? nullptr : &at->second;
      bool goes_on = now && before && before->content == now->content;
      if (goes_on) {
        // What moved without a change is told as it is now.
        out.back() = {key.first,   key.second, now->title,
                      now->parent, now->file,  std::get<5>(out.back()),
                      snapshot.row};
      } else if (now) {
        out.emplace_back(key.first, key.second, now->title, now->parent, now->file, snapshot.row,
                         snapshot.row);
      }
      before = now;
    }
    if (before) std::get<6>(out.back()) = 0;
    return out;
  }

  std::vector<Version> living() const {
    std::vector<Version> out;
    for (const auto& [key, item] : items_) out.push_back(history(key).back());
    return out;
  }

  std::string last_title(const Key& key) const { return std::get<2>(history(key).back()); }

  void check_versions(Catalog& catalog, const Key& key) const {
    std::vector<Version> versions;
    for (const CatalogItem& item : catalog.versions(app, key.first, key.second))
      versions.push_back(version_of(item));
    CHECK(versions == history(key));
  }

  static void check_snapshot(Catalog& catalog, const ModelSnapshot& snapshot) {
    ItemQuery query;
    query.snapshot = snapshot.row;
    Strings expected, below, files;
    for (const auto& [key, item] : snapshot.items) {
      expected.push_back(key.second + "=" + item.title);
      if (item.parent == "p1") below.push_back(key.second + "=" + item.title);
    }
    CHECK(list(catalog, query) == expected);
    query.parent = "p1";
    query.parent_stream = "boards";
    CHECK(list(catalog, query) == below);
    query.parent = query.parent_stream = "";
    catalog.files(query, [&](const CatalogFile& file) {
      files.push_back(file.stream + file.key + file.id + file.name);
      return true;
    });
    Strings expected_files;
    for (const auto& [key, name] : snapshot.files)
      expected_files.push_back(std::get<0>(key) + std::get<1>(key) + std::get<2>(key) + name);
    CHECK(files == expected_files);
  }

  void check_counts(Catalog& catalog) const {
    for (const ModelSnapshot& snapshot : snapshots_) {
      std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> expected, counted;
      for (const auto& [key, item] : snapshot.items) ++expected[key.first].first;
      for (const auto& [key, name] : snapshot.files) ++expected[std::get<0>(key)].second;
      for (const CatalogStream& stream : catalog.streams(app, snapshot.row))
        counted[stream.stream] = {stream.items, stream.files};
      CHECK(counted == expected);
    }
  }

  void check_find(Catalog& catalog) const {
    for (int word = 0; word < 6; ++word) {
      std::string title = "title" + std::to_string(word), text = "word" + std::to_string(word);
      check_hits(catalog, title, {}, items_);
      check_hits(catalog, text, {}, items_);
      for (const ModelSnapshot& snapshot : snapshots_) {
        ItemQuery query;
        query.snapshot = snapshot.row;
        check_hits(catalog, title, query, snapshot.items);
        check_hits(catalog, text, query, snapshot.items);
      }
    }
  }

  static void check_hits(Catalog& catalog, const std::string& word, const ItemQuery& query,
                         const State& items) {
    std::set<Key> expected, hits;
    for (const auto& [key, item] : items)
      if (item.title == word || item.text == word) expected.insert(key);
    for (const FindHit& hit : catalog.find(word, query)) {
      hits.emplace(hit.item.stream, hit.item.key);
      CHECK(hit.snippet == word);
    }
    CHECK(hits == expected);
  }

  std::mt19937 random_;
  bool moves_;
  int contents_ = 0, runs_ = 0;
  State items_;
  FileState files_;
  std::vector<ModelSnapshot> snapshots_;
};

}  // namespace

TEST_CASE("after any runs the catalog tells every snapshot and every version as it was") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Fixture fixture;
    Model model(seed, true);
    for (int run = 0; run < 12; ++run) {
      CAPTURE(run);
      model.run(*fixture.catalog);
      if (run % 4 == 3) model.check(*fixture.catalog);
    }
  }
}

TEST_CASE("forgotten snapshots leave the others as they were") {
  for (unsigned seed = 11; seed <= 15; ++seed) {
    CAPTURE(seed);
    Fixture fixture;
    Model model(seed, false);
    for (int round = 0; round < 4; ++round) {
      for (int run = 0; run < 4; ++run) model.run(*fixture.catalog);
      model.drop(*fixture.catalog);
      model.check(*fixture.catalog);
    }
  }
}
