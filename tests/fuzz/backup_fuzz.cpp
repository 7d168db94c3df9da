// Backups over what others wrote: a tap's output, and a last snapshot whose files say anything.
// What a tap wrote is in the snapshot or a gap tells that it is not; a run over a strange snapshot
// is refused, or its own snapshot is right. The first byte chooses.
#include <algorithm>
#include <set>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "account_world.h"
#include "fuzz.h"
#include "job/layout.h"
#include "job/segment.h"
#include "util/descriptor.h"
#include "util/log.h"
#include "util/raw_json.h"
#include "util/text.h"

using namespace probackup;
using fuzz::accepts;
using fuzz::Bench;
using fuzz::boards;
using fuzz::records_of;
using fuzz::require;
using fuzz::world;

namespace {

// A file without a name that holds these bytes.
class NamelessFile {
 public:
  explicit NamelessFile(std::string_view bytes) : file_(::memfd_create("tap", MFD_CLOEXEC)) {
    require(::write(file_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
            "no memory for a file");
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

 private:
  Descriptor file_;
};

void try_tap(std::string_view lines) {
  NamelessFile tap(lines);
  Bench bench;
  auto source = singer_source("tap", tap.path(), bench.describer);
  BackupReport first;
  if (!accepts([&] { first = bench.run(source); })) return;

  RawJson parser;
  std::vector<std::string> messages;
  for_each_line(lines, [&](std::string_view line) {
    accepts([&] { messages.emplace_back(parser.prepare(line)); });
  });
  std::set<std::string> kept;
  SnapshotReader reader(*bench.repository, bench.repository->load_snapshot(first.snapshot));
  for (const auto& stream : reader.streams())
    for (const auto& [key, raw] : records_of(*bench.repository, first.snapshot, stream)) {
      kept.insert(raw);
      require(!key.empty(), "a record without a key");
      require(std::ranges::any_of(messages,
                                  [&text = raw](const std::string& message) {
                                    return message.find(text) != std::string::npos;
                                  }),
              "a record that the tap did not write: " + raw);
      require(reader.record(stream, key) == raw, "a record is not found by its key: " + key);
    }
  reader.files([](const SnapshotFile&) { return true; });  // a tap has none, and none is damaged
  require(messages.empty() || !kept.empty() || !first.gaps.empty(),
          "lines are lost without a word");
  require(bench.healthy(), "the repository is not healthy");

  // The same output again changes nothing, whatever it was.
  auto again = bench.run(source);
  require(again.count(&StreamReport::added) == 0 && again.count(&StreamReport::removed) == 0 &&
              again.count(&StreamReport::changed) == 0,
          "the same output is another one the second time");
  require(again.gaps.size() == first.gaps.size(), "gaps come or go by themselves");
}

// The tree with other content in one of its files: a blob for each part of the text.
Id with_file(Repository& repository, const Id& tree, std::string_view path, fuzz::Input content) {
  path.remove_prefix(1);
  auto slash = path.find('/');
  auto nodes = repository.load_tree(tree);
  for (auto& node : nodes) {
    if (node.name != path.substr(0, slash)) continue;
    if (slash != std::string_view::npos) {
      node.subtree = with_file(repository, *node.subtree, path.substr(slash), content);
      continue;
    }
    node.content.clear();
    node.size = 0;
    while (!content.empty()) {
      std::string part(content.until("\n\n"));
      if (part.empty()) continue;
      if (!part.ends_with('\n')) part += '\n';
      node.size += part.size();
      node.content.push_back(repository.save_blob(BlobType::data, std::move(part)).get().id);
    }
  }
  return repository.save_tree(std::move(nodes));
}

void read_everything(Repository& repository, const Snapshot& snapshot) {
  accepts([&] {
    SnapshotReader reader(repository, snapshot);
    accepts([&] { reader.gaps(); });
    accepts([&] { reader.files([](const SnapshotFile&) { return true; }); });
    accepts([&] { reader.record("cards", "12"); });
    for (const auto& stream : reader.streams())
      accepts([&] { reader.records(stream, [](const SnapshotRecord&) { return true; }); });
  });
}

void try_snapshot(fuzz::Input input) {
  const auto& files = world().files;
  const std::string& path = std::next(files.begin(), input.byte() % files.size())->first;
  Bench bench(world().storage);
  Snapshot strange = bench.repository->load_snapshot(world().snapshot);
  strange.time += std::chrono::hours(24);
  strange.tree = with_file(*bench.repository, strange.tree, path, input);
  strange.id = bench.repository->save_snapshot(strange);
  bench.clock.forward(std::chrono::hours(48));

  read_everything(*bench.repository, strange);
  accepts([&] {
    rebuild_catalog(bench.context(), {}, [&](const SourceRef&) { return &bench.describer; }, {});
  });
  accepts([&] {
    auto before = bench.repository->load_snapshot(world().snapshot);
    diff_snapshots(*bench.repository, before, strange, [](const DiffEntry&) { return true; });
  });

  // A run reads the whole account, so what was in the last snapshot does not matter. Only an index
  // is believed: it goes along with stream files that do not change.
  bench.open();
  BackupReport report;
  if (!accepts([&] { report = bench.run(fuzz::account(bench)); })) return;
  require(bench.healthy(), "the run's snapshot is not whole");
  if (path.find("/index/") != std::string::npos) return;
  require(records_of(*bench.repository, report.snapshot, "boards") == boards(),
          "the run wrote other boards over a strange " + path);
  require(records_of(*bench.repository, report.snapshot, "cards") == world().cards,
          "the run wrote other cards over a strange " + path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  set_log_sink([](LogLevel, std::string_view) {});
  fuzz::Input input(data, size);
  if (input.byte() % 2 == 0)
    try_tap(input.rest());
  else
    try_snapshot(input);
  return 0;
}
