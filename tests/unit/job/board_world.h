// A small account whose streams hang below one another in every way there is.
#pragma once

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "job/restore_choice.h"
#include "job_fixture.h"

namespace probackup::test {

struct Row {
  std::string stream, key, scope, parent_stream, parent;
  std::string text = {};
};

// boards, cards below boards, comments listed below cards and boards, pages below pages, members.
struct BoardWorld : Fixture {
  const std::vector<std::string> streams = {"boards", "cards", "comments", "members", "pages"};
  const ListedBelow below = {
      {"cards", {"boards"}}, {"comments", {"boards", "cards"}}, {"pages", {"pages"}}};
  std::vector<Row> rows = {
      {"boards", "b1", "", "", ""},
      {"boards", "b2", "", "", ""},
      {"cards", "c1", "b1", "boards", "b1"},
      {"cards", "c2", "b1", "boards", "b1"},
      {"cards", "c3", "b2", "boards", "b2"},
      {"comments", "x1", "cards/c1", "cards", "c1"},
      {"comments", "x2", "boards/b2", "", ""},  // only its listing tells where it hangs
      {"comments", "x3", "cards/c3", "cards", "c3"},
      {"members", "m1", "", "", ""},
      {"pages", "p1", "", "", ""},
      {"pages", "p2", "p1", "pages", "p1"},
      {"pages", "p3", "p2", "pages", "p2"},
  };
  // "STREAM/KEY/FILE" to its bytes; named "FILE.txt".
  std::map<std::string, std::string> files = {{"cards/c1/f1", "one"}, {"cards/c3/f2", "three"}};

  BackupSource board_source(const SourceRef& ref = {"testapp", "main"}) {
    BackupSource out;
    out.source = ref;
    out.title = "Boards";
    out.version = "1.2";
    out.settings = "{}";
    for (const auto& name : streams) out.streams.push_back({name, name, {}, {}, true});
    out.describer = &describer;
    out.feed = [this](BackupSink& sink, std::stop_token) { feed(sink); };
    return out;
  }
  Snapshot back_up(const SourceRef& ref = {"testapp", "main"}) {
    return repository->load_snapshot(backup(context(), board_source(ref), {}, {}).snapshot);
  }
  void remove(const std::string& stream, const std::string& key) {
    std::erase_if(rows, [&](const Row& row) { return row.stream == stream && row.key == key; });
  }

 private:
  void feed(BackupSink& sink) {
    for (const auto& stream : streams) {
      sink.begin_stream(stream, true);
      std::set<std::string> scopes = {""};
      for (const auto& row : rows) {
        if (row.stream != stream) continue;
        scopes.insert(row.scope);
        Record record;
        record.stream = row.stream;
        record.key = row.key;
        record.scope = row.scope;
        record.parent_stream = row.parent_stream;
        record.parent = row.parent;
        record.raw = fmt::format(R"({{"id":"{}","text":"{}"}})", row.key, row.text);
        describer.describe(record);
        sink.record(record);
        feed_files(sink, row);
        sink.record_done(stream, row.key);
      }
      for (const auto& scope : scopes) sink.listed(stream, scope, true);
      StreamResult result;
      result.stream = stream;
      result.complete = result.full = true;
      sink.end_stream(result);
    }
  }
  void feed_files(BackupSink& sink, const Row& row) {
    std::string place = row.stream + "/" + row.key + "/";
    for (const auto& [name, bytes] : files) {
      if (!name.starts_with(place)) continue;
      std::string id = name.substr(place.size());
      auto file = sink.file({row.stream, row.key, id, id + ".txt", bytes.size(), ""});
      if (!file) continue;
      file->write(bytes);
      file->finish();
    }
  }
};

}  // namespace probackup::test
