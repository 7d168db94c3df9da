#include "simulation/account.h"

namespace probackup::simulation {
namespace {

const std::string streams[] = {"tasks", "users"};

std::string text(std::mt19937_64& random, std::size_t length) {
  std::string out(length, ' ');
  for (char& c : out) c = static_cast<char>('a' + random() % 26);
  return out;
}

}  // namespace

Account::Account(std::string name) : name_(std::move(name)) {
  for (const auto& stream : streams) truth_.records[stream];
}

void Account::change(std::mt19937_64& random) {
  for (const auto& stream : streams) {
    auto& records = truth_.records[stream];
    auto put = [&](const std::string& key) {
      records[key] = "{\"id\":\"" + key + "\",\"v\":" + std::to_string(++next_) + ",\"name\":\"" +
                     text(random, 20 + random() % 400) + "\"}";
      if (stream == "users") return;
      std::erase_if(truth_.files, [&](const auto& f) { return f.first.starts_with(key + "/"); });
      if (random() % 3 == 0)
        truth_.files[key + "/f" + std::to_string(next_)] = text(random, 1 + random() % 30'000);
    };
    for (auto n = random() % 12; n > 0; --n) put("k" + std::to_string(++next_));
    for (auto n = random() % 6; n > 0 && !records.empty(); --n) {
      auto at = std::next(records.begin(), static_cast<std::ptrdiff_t>(random() % records.size()));
      std::string key = at->first;
      if (random() % 3 > 0) {
        put(key);
      } else {
        records.erase(at);
        std::erase_if(truth_.files, [&](const auto& f) { return f.first.starts_with(key + "/"); });
      }
    }
  }
}

BackupSource Account::source() {
  BackupSource out;
  out.source = {"simulated", name_};
  out.title = "Simulated";
  out.version = "1";
  out.settings = "{}";
  for (const auto& stream : streams)
    out.streams.push_back({stream, stream, {}, {}, stream == "tasks"});
  out.describer = &describer_;
  out.feed = [this](BackupSink& sink, const std::stop_token&) { feed(sink); };
  return out;
}

void Account::feed(BackupSink& sink) {
  for (const auto& stream : streams) {
    sink.begin_stream(stream, true);
    for (const auto& [key, raw] : truth_.records[stream]) {
      Record record;
      record.stream = stream;
      record.key = key;
      record.raw = raw;
      describer_.describe(record);
      bool same = sink.record(std::move(record)) == Change::unchanged;
      if (same || stream == "users") continue;
      auto file = truth_.files.lower_bound(key + "/");
      for (; file != truth_.files.end() && file->first.starts_with(key + "/"); ++file) {
        std::string id = file->first.substr(key.size() + 1);
        auto writer = sink.file({stream, key, id, id + ".txt", file->second.size(), ""});
        if (!writer) continue;
        writer->write(file->second);
        writer->finish();
      }
      sink.record_done(stream, key);
    }
    sink.listed(stream, "", true);
    StreamResult result;
    result.stream = stream;
    result.complete = result.full = result.refreshed = true;
    sink.end_stream(result);
  }
}

std::string difference(const Truth& found, const Truth& wanted) {
  auto compare = [](const auto& a, const auto& b, const std::string& what) -> std::string {
    for (const auto& [key, value] : b) {
      auto at = a.find(key);
      if (at == a.end()) return what + " " + key + " is missing";
      if (at->second != value) return what + " " + key + " is another version";
    }
    for (const auto& [key, value] : a)
      if (!b.contains(key)) return what + " " + key + " should be gone";
    return "";
  };
  for (const auto& stream : streams) {
    auto why = compare(found.records.at(stream), wanted.records.at(stream), stream);
    if (!why.empty()) return why;
  }
  return compare(found.files, wanted.files, "file");
}

Truth read_back(Repository& repository, const Snapshot& snapshot) {
  SnapshotReader reader(repository, snapshot);
  Truth out;
  for (const auto& stream : streams) out.records[stream];
  for (const auto& stream : reader.streams())
    reader.records(stream, [&](const SnapshotRecord& record) {
      bool added = out.records[stream].emplace(record.key, record.raw).second;
      if (!added) throw Error("a record came twice: " + std::string(record.key));
      return true;
    });
  reader.files([&](const SnapshotFile& file) {
    out.files[file.key + "/" + file.id] = read_small_file(repository, file.node);
    return true;
  });
  return out;
}

}  // namespace probackup::simulation
