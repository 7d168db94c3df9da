// A whole repository with one object that somebody else made, or that a disk damaged. Whatever it
// says, no file ever reads as other bytes than were stored, what check calls healthy can be
// restored, and repair index loses nothing. The first byte chooses the kind of object.
#include "fuzz.h"
#include "probackup/repair.h"
#include "repository/blob_codec.h"
#include "repository/pack.h"
#include "small_world.h"
#include "util/log.h"

using namespace probackup;
using fuzz::accepts;
using fuzz::require;

namespace {

using Files = std::map<std::string, std::string>;

struct World {
  MemoryStorage storage;
  std::map<Id, Files> snapshots;
  std::vector<std::string> paths;  // of its objects
};

Node file_node(Repository& repository, const std::string& name, const std::string& content) {
  Node node;
  node.name = name;
  node.size = content.size();
  for (std::size_t at = 0; at < content.size(); at += 500)
    node.content.push_back(repository.save_blob(BlobType::data, content.substr(at, 500)).get().id);
  return node;
}

Id save(Repository& repository, const Files& files, int second) {
  std::vector<Node> nodes;
  for (const auto& [name, content] : files) nodes.push_back(file_node(repository, name, content));
  Node folder;
  folder.name = "app";
  folder.folder = true;
  folder.subtree = repository.save_tree(nodes);
  Snapshot snapshot;
  snapshot.time = Time{std::chrono::seconds{1'600'000'000 + second}};
  snapshot.tree = repository.save_tree({folder});
  snapshot.paths = {"/app"};
  snapshot.tags = {"app=app", "account=one"};
  return repository.save_snapshot(snapshot);
}

const World& world() {
  static const World made = [] {
    World out;
    fuzz::Clockwork clock;
    fuzz::init(out.storage);
    Files files{{"a.jsonl", "{\"id\":1}\n{\"id\":2}\n"}, {"b.bin", ""}, {"c.txt", ""}};
    for (int i = 0; i < 700; ++i) files["b.bin"] += static_cast<char>(i * i * 7 + i / 3);
    for (int i = 0; i < 90; ++i) files["c.txt"] += "{\"id\":" + std::to_string(i) + "}\n";
    for (int i = 0; i < 2; ++i) {
      auto repository = Repository::open(out.storage, fuzz::password, clock, fuzz::one_worker());
      files["a.jsonl"] += "{\"id\":" + std::to_string(10 + i) + "}\n";
      Id id = save(*repository, files, i);
      out.snapshots[id] = files;
    }
    for (const auto& [path, bytes] : out.storage.objects()) out.paths.push_back(path);
    return out;
  }();
  return made;
}

std::unique_ptr<Repository> open(MemoryStorage& storage, Clock& clock) {
  return Repository::open(storage, fuzz::password, clock, fuzz::one_worker());
}

// Reads every snapshot of the world. False when something does not read; wrong bytes end the run.
bool all_read(Repository& repository) {
  bool whole = true;
  for (const auto& [id, files] : world().snapshots) {
    whole &= accepts([&, &expected = files, &snapshot_id = id] {
      auto folder = find_node(repository, repository.load_snapshot(snapshot_id).tree, "/app");
      require(folder && folder->subtree, "a snapshot lost its folder");
      auto nodes = repository.load_tree(*folder->subtree);
      require(nodes.size() == expected.size(), "a folder has other files");
      for (const auto& node : nodes) {
        bool read = accepts([&] {
          require(read_small_file(repository, node) == expected.at(node.name), "wrong bytes");
        });
        if (!read) throw Error("a file does not read");
      }
    });
  }
  return whole;
}

CheckReport check(MemoryStorage& storage, Clock& clock) {
  CheckReport report;
  bool looked = accepts([&] { report = open(storage, clock)->check(true, {}, {}); });
  if (!looked) report.problems.push_back({"it does not open"});
  return report;
}

// Reads, checks, repairs and reads again. `intact`: nothing that was there is damaged or gone.
void live_with(MemoryStorage& storage, bool intact) {
  fuzz::Clockwork clock;
  bool whole = false;
  accepts([&] { whole = all_read(*open(storage, clock)); });
  auto report = check(storage, clock);
  require(!report.healthy() || whole, "check calls healthy what cannot be read");
  require(report.problems.size() < 10'000, "problems without bound");
  for (const auto& problem : report.problems)
    require(!problem.what.empty(), "a problem without a word");

  accepts([&] {
    auto repository = open(storage, clock);
    RepositoryLock lock(*repository, true, clock);
    auto planned = repair_index(*repository, lock, {.dry_run = true}, clock, {}, {});
    auto done = repair_index(*repository, lock, {}, clock, {}, {});
    require(planned.changed == done.changed && planned.blobs_lost == done.blobs_lost,
            "a dry run promises something else");
  });
  if (!accepts([&] { open(storage, clock); })) return;
  bool repaired = false;
  accepts([&] { repaired = all_read(*open(storage, clock)); });
  require(repaired || !whole, "repair index lost what could be read");
  require(repaired || !intact, "repair index does not find intact packs");
}

void try_index(MemoryStorage& storage, fuzz::Input input) {
  bool alone = input.byte() % 2;
  if (alone)
    for (const auto& path : world().paths)
      if (path.starts_with("index/")) storage.drop(path);
  BlobCodec codec(fuzz::master_key(), 2);
  fuzz::put(storage, ObjectKind::index, codec.seal_document(input.rest()));
  live_with(storage, true);
}

// A pack with a header of its own and whatever blobs come before it.
void try_pack(MemoryStorage& storage, fuzz::Input input) {
  std::size_t header_bytes = input.byte() * std::size_t{41};
  auto header = input.rest().substr(0, header_bytes);
  std::string pack(input.rest().substr(header.size()));
  std::string sealed = fuzz::sealed(header);
  pack += sealed + print_pack_footer(sealed.size());
  fuzz::put(storage, ObjectKind::data, pack);
  live_with(storage, true);
}

void try_snapshot(MemoryStorage& storage, fuzz::Input input) {
  BlobCodec codec(fuzz::master_key(), 2);
  fuzz::put(storage, ObjectKind::snapshot, codec.seal_document(input.rest()));
  fuzz::Clockwork clock;
  auto repository = open(storage, clock);
  std::size_t damaged = 0;
  auto snapshots =
      repository->snapshots([&](const std::string&, const std::string&) { ++damaged; });
  require(snapshots.size() + damaged == world().snapshots.size() + 1,
          "one bad snapshot hides others");
  live_with(storage, true);
}

// A tree under its true name, which only who knows the key can write.
void try_tree(MemoryStorage& storage, fuzz::Input input) {
  if (input.empty()) return;
  fuzz::Clockwork clock;
  auto repository = open(storage, clock);
  Snapshot snapshot;
  snapshot.time = Time{std::chrono::seconds{1'650'000'000}};
  snapshot.tree = repository->save_blob(BlobType::tree, std::string(input.rest())).get().id;
  Id id = repository->save_snapshot(snapshot);
  accepts([&] {
    for (const auto& node : repository->load_tree(snapshot.tree)) {
      auto found = find_node(*repository, snapshot.tree, "/" + node.name);
      require(found.has_value(), "a file that is listed is not found");
      accepts([&] { read_small_file(*repository, *found, 1 << 20); });
    }
  });
  accepts([&] { TreeRepair(*repository, true).repair(snapshot.tree); });
  live_with(storage, true);
  require(storage.size({ObjectKind::snapshot, id.hex()}).has_value(), "a snapshot is gone");
}

void try_lock(MemoryStorage& storage, fuzz::Input input) {
  bool exclusive = input.byte() % 2;
  fuzz::Clockwork clock;
  auto repository = open(storage, clock);
  repository->save_document(ObjectKind::lock, input.rest());
  auto take = [&] { return accepts([&] { RepositoryLock lock(*repository, exclusive, clock); }); };
  bool taken = take();
  std::size_t stale = unlock(*repository, false, clock);
  require(stale <= 1 && (!taken || !exclusive || stale == 0), "a lock that is and is not stale");
  unlock(*repository, true, clock);
  require(take(), "a lock that unlock --all does not remove");
  require(storage.list(ObjectKind::lock).empty(), "a lock stays behind");
}

void try_config(MemoryStorage& storage, fuzz::Input input) {
  storage.put("config", fuzz::sealed(input.rest()));
  fuzz::Clockwork clock;
  accepts([&] { require(all_read(*open(storage, clock)), "another config hides what is there"); });
}

void try_key(MemoryStorage& storage, fuzz::Input input) {
  // Its numbers must cost nothing here: format_fuzz looks at those.
  std::string json(input.rest());
  if (json.find("\"N\":2,\"r\":1,\"p\":1,") == std::string::npos) return;
  if (json.find("\"N\"") != json.rfind("\"N\"") || json.find('\\') != std::string::npos) return;
  fuzz::put(storage, ObjectKind::key, json);
  fuzz::Clockwork clock;
  require(all_read(*open(storage, clock)), "one bad key hides the others");
}

// Bytes that changed on the disk, or are not there any more.
void try_damage(MemoryStorage& storage, fuzz::Input input) {
  const std::string& path = world().paths[input.byte() % world().paths.size()];
  std::string bytes = storage.objects().at(path), before = bytes;
  if (input.byte() % 2) bytes.resize(input.number() % (bytes.size() + 1));
  for (int i = 0; i < 8 && !input.empty() && !bytes.empty(); ++i) {
    std::size_t at = (input.byte() * 256u + input.byte()) % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ input.byte());
  }
  storage.put(path, bytes);
  if (bytes != before && !path.starts_with("keys/") && path != "config") {
    fuzz::Clockwork clock;
    require(!check(storage, clock).healthy(), "check does not see the damage of " + path);
  }
  live_with(storage, bytes == before || path.starts_with("index/"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  set_log_sink([](LogLevel, std::string_view) {});
  fuzz::Input input(data, size);
  auto kind = input.byte();
  MemoryStorage storage(world().storage);
  switch (kind % 8) {
    case 0:
      try_index(storage, input);
      break;
    case 1:
      try_pack(storage, input);
      break;
    case 2:
      try_snapshot(storage, input);
      break;
    case 3:
      try_tree(storage, input);
      break;
    case 4:
      try_lock(storage, input);
      break;
    case 5:
      try_config(storage, input);
      break;
    case 6:
      try_key(storage, input);
      break;
    default:
      try_damage(storage, input);
      break;
  }
  return 0;
}
