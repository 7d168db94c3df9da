#include "account_world.h"

namespace probackup::fuzz {

Records records_of(Repository& repository, const Id& snapshot, const std::string& stream) {
  Records out;
  SnapshotReader reader(repository, repository.load_snapshot(snapshot));
  reader.records(stream, [&](const SnapshotRecord& record) {
    require(out.emplace(record.key, record.raw).second, "a record comes twice");
    return true;
  });
  return out;
}

const Records& boards() {
  static const Records out{{"1", R"({"id":1,"name":"one"})"}, {"2", R"({"id":2,"name":"two"})"}};
  return out;
}

// Ten records below two boards, and an attachment.
BackupSource account(Bench& bench) {
  BackupSource out;
  out.source = {"app", "one"};
  out.title = "App";
  out.version = "1";
  out.settings = R"({"only":["a"]})";
  out.streams = {{"boards", "Boards", {}, {}, true}, {"cards", "Cards", {"boards"}, {"boards"}}};
  out.describer = &bench.describer;
  out.feed = [&bench](BackupSink& sink, std::stop_token) {
    auto give = [&](Record record) {
      bench.describer.describe(record);
      sink.record(std::move(record));
    };
    auto end = [&](const std::string& stream) {
      StreamResult result;
      result.stream = stream;
      result.complete = result.full = result.refreshed = true;
      sink.end_stream(result);
    };
    sink.prior("boards");
    sink.begin_stream("boards", true);
    for (const auto& [key, raw] : boards()) {
      Record record;
      record.stream = "boards";
      record.key = key;
      record.raw = raw;
      give(std::move(record));
      if (auto file = sink.file({"boards", key, "f" + key, "a.txt", 5, ""})) {
        file->write("bytes");
        file->finish();
      }
      sink.record_done("boards", key);
    }
    sink.listed("boards", "", true);
    sink.gap({"boards", "", "1", "f9", "https://app.example/f9", 404, "gone"});
    end("boards");
    sink.prior("cards");
    sink.begin_stream("cards", true);
    for (int i = 0; i < 10; ++i) {
      Record record;
      record.stream = "cards";
      record.key = std::to_string(10 + i);
      record.parent_stream = "boards";
      record.parent = record.scope = i < 5 ? "1" : "2";
      record.raw = R"({"id":)" + record.key + R"(,"text":"card"})";
      give(std::move(record));
    }
    sink.listed("cards", "1", true);
    sink.listed("cards", "2", true);
    end("cards");
  };
  return out;
}

namespace {

void list_files(Repository& repository, const Id& tree, const std::string& path,
                std::map<std::string, std::string>& out) {
  for (const auto& node : repository.load_tree(tree)) {
    if (node.subtree)
      list_files(repository, *node.subtree, path + "/" + node.name, out);
    else
      out[path + "/" + node.name] = read_small_file(repository, node);
  }
}

}  // namespace

const World& world() {
  static const World made = [] {
    Bench bench;
    auto report = bench.run(account(bench));
    World out{bench.storage, report.snapshot, {}, {}};
    out.cards = records_of(*bench.repository, report.snapshot, "cards");
    list_files(*bench.repository, bench.repository->load_snapshot(report.snapshot).tree, "",
               out.files);
    return out;
  }();
  return made;
}

}  // namespace probackup::fuzz
