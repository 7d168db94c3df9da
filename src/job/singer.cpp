#include "job/singer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "job/singer_lines.h"
#include "job/tap_process.h"
#include "probackup/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/raw_json.h"

namespace probackup {
namespace {

constexpr std::size_t gaps_max =
    1000;  // a file that is no tap output at all must not fill the disk
constexpr const char* messages_stream = "singer_messages";

std::string compare_of(std::string_view raw) {
  Id hash = sha256(raw);
  return {reinterpret_cast<const char*>(hash.bytes.data()), 16};
}

// A list of names in a SCHEMA message. Taps that have none leave it out or write null; nothing for
// any other value.
std::optional<std::vector<std::string>> names_in(const nlohmann::json& message,
                                                 const char* member) {
  std::vector<std::string> out;
  auto list = message.find(member);
  if (list == message.end() || list->is_null()) return out;
  if (!list->is_array()) return std::nullopt;
  for (const auto& name : *list) {
    if (!name.is_string()) return std::nullopt;
    out.push_back(name.get<std::string>());
  }
  return out;
}

// Which streams give only what changed since the last run.
class Replication {
 public:
  Replication() = default;
  explicit Replication(const TapCommand& tap) : full_(tap.full) {
    if (!tap.catalog.empty()) read_catalog(parse_json(read_file(tap.catalog)));
    if (!tap.state.empty()) state_ = parse_json(tap.state);
  }

  // `says_so`: the stream's SCHEMA has bookmark properties.
  bool is_incremental(const std::string& stream, bool says_so) const {
    if (full_) return false;
    if (auto method = methods_.find(stream); method != methods_.end())
      return method->second != "FULL_TABLE";
    return says_so || has_bookmark(stream);
  }

 private:
  void read_catalog(const nlohmann::json& catalog) {
    if (!catalog.is_object() || !catalog.contains("streams")) return;
    for (const auto& stream : catalog["streams"]) {
      if (!stream.is_object()) continue;
      std::string name = text_in(stream, "stream"), method = text_in(stream, "replication_method");
      if (name.empty()) name = text_in(stream, "tap_stream_id");
      if (stream.contains("metadata") && stream["metadata"].is_array())
        for (const auto& entry : stream["metadata"])
          if (entry.is_object() && entry.value("breadcrumb", nlohmann::json()).empty() &&
              entry.contains("metadata"))
            for (const char* key : {"replication-method", "forced-replication-method"})
              if (auto found = text_in(entry["metadata"], key); !found.empty()) method = found;
      if (!name.empty() && !method.empty()) methods_[name] = method;
    }
  }

  static std::string text_in(const nlohmann::json& object, const char* name) {
    if (!object.is_object()) return "";
    auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  }

  // The tap goes on from there, whatever its SCHEMA says.
  bool has_bookmark(const std::string& stream) const {
    for (const char* place : {"/bookmarks", ""}) {
      nlohmann::json::json_pointer pointer(place);
      if (!state_.contains(pointer) || !state_[pointer].is_object()) continue;
      auto found = state_[pointer].find(stream);
      if (found != state_[pointer].end() && !found->empty()) return true;
    }
    return false;
  }

  bool full_ = false;
  std::map<std::string, std::string> methods_;
  nlohmann::json state_;
};

// One run over a tap's output.
class SingerFeed {
 public:
  SingerFeed(BackupSink& sink, PlainDescriber& describer) : sink_(sink), describer_(describer) {}
  SingerFeed(BackupSink& sink, PlainDescriber& describer, const TapCommand& tap)
      : sink_(sink), describer_(describer), replication_(tap) {}

  void read(int input, std::stop_token stop,
            const std::function<void(const TapProgress&)>& progress) {
    read_tap(
        input, describer_, stop,
        [&](TapLine& line) {
          in_sink_ = true;
          message(line);
          in_sink_ = false;
        },
        progress);
  }

  void end() {
    for (const auto& [name, stream] : streams_) end(name, stream);
  }

  // Keeps what came before the input broke off. False where the sink itself failed.
  bool end_early() {
    if (in_sink_) return false;
    for (auto& [name, stream] : streams_) stream.complete = false;
    end();
    return true;
  }

 private:
  struct Stream {
    std::vector<std::string> keys;
    bool incremental = false;
    std::unordered_map<std::uint64_t, std::uint32_t> repeats;  // of records without a key
    bool complete = true;
  };

  void message(TapLine& line) {
    switch (line.kind) {
      case TapLine::Kind::record:
        return record(line);
      case TapLine::Kind::schema:
        return schema(line);
      case TapLine::Kind::state:
        return keep_message("STATE", line.text);
      case TapLine::Kind::other:
        return;
      case TapLine::Kind::unusable:
        return gap(line.stream, fmt::format("line {}: {}", line.number, line.problem));
    }
  }

  Stream& open(const std::string& name) {
    auto [found, added] = streams_.try_emplace(name);
    return found->second;
  }

  void begin(const std::string& name, Stream& stream) {
    if (!begun_.insert(name).second) return;
    sink_.begin_stream(name, !stream.incremental);
  }

  void schema(const TapLine& line) {
    auto& stream = open(line.stream);
    auto parsed = parse_json(line.text);
    auto keys = names_in(parsed, "key_properties");
    auto bookmarks = names_in(parsed, "bookmark_properties");
    stream.keys = keys.value_or(std::vector<std::string>{});
    stream.incremental =
        replication_.is_incremental(line.stream, !bookmarks || !bookmarks->empty());
    begin(line.stream, stream);
    if (!keys || !bookmarks)
      gap(line.stream, fmt::format("line {}: a SCHEMA whose {}_properties are no list of names",
                                   line.number, keys ? "bookmark" : "key"));
    keep_message("SCHEMA/" + line.stream, line.text);
  }

  void keep_message(const std::string& key, std::string_view text) {
    auto& stream = open(messages_stream);
    stream.incremental = true;
    begin(messages_stream, stream);
    messages_[key] = text;
  }

  void record(TapLine& line) {
    if (!last_ || line.stream != last_name_) {
      last_name_ = line.stream;
      last_ = &open(last_name_);
      begin(last_name_, *last_);
    }
    line.record.key = key_of(*last_, line.record.raw);
    if (line.record.key.empty())
      return gap(last_name_, fmt::format("line {}: a record without {}", line.number,
                                         fmt::join(last_->keys, ", ")));
    sink_.record(std::move(line.record));
  }

  std::string key_of(Stream& stream, std::string_view raw) {
    std::string key;
    for (const auto& property : stream.keys) {
      auto value = text_value(raw, property);
      if (!value) return "";
      if (!key.empty()) key += '/';
      key += *value;
    }
    if (!stream.keys.empty()) return key;
    Id hash = sha256(raw);
    key = hash.hex().substr(0, 32);
    auto times = ++stream.repeats[std::hash<Id>{}(hash)];
    return times == 1 ? key : fmt::format("{}-{}", key, times);
  }

  void gap(const std::string& stream, const std::string& reason) {
    auto found = streams_.find(stream);
    if (found != streams_.end()) {
      found->second.complete = false;
    } else {  // it may have been a record of any
      for (auto& [name, open] : streams_) open.complete = false;
    }
    if (++gaps_ > gaps_max) {
      if (gaps_ == gaps_max + 1) sink_.gap({stream, "", "", "", "", 0, "more lines were unusable"});
      return;
    }
    sink_.gap({stream, "", "", "", "", 0, reason});
  }

  void end(const std::string& name, const Stream& stream) {
    if (name == messages_stream)
      for (const auto& [key, text] : messages_) {
        Record record;
        record.stream = name;
        record.key = key;
        record.raw = text;
        describer_.describe(record);
        sink_.record(std::move(record));
      }
    sink_.listed(name, "", stream.complete && !stream.incremental);
    StreamResult result;
    result.stream = name;
    result.complete = stream.complete;
    result.full = !stream.incremental;
    sink_.end_stream(result);
  }

  BackupSink& sink_;
  PlainDescriber& describer_;
  std::map<std::string, Stream> streams_;
  std::set<std::string> begun_;
  std::map<std::string, std::string> messages_;
  std::string last_name_;
  Stream* last_ = nullptr;
  std::size_t gaps_ = 0;
  Replication replication_;
  bool in_sink_ = false;
};

}  // namespace

namespace {

// The program's words, and the files that it is to read.
std::vector<std::string> tap_arguments(const TapCommand& tap, const std::filesystem::path& folder) {
  auto words = tap.words;
  auto add = [&](const char* option, const std::string& file) {
    words.emplace_back(option);
    words.push_back(file);
  };
  if (!tap.config.empty()) add("--config", tap.config);
  if (!tap.catalog.empty()) add("--catalog", tap.catalog);
  if (!tap.state.empty()) {
    auto file = folder / "state.json";
    write_file_atomic(file, tap.state, 0600);
    add("--state", file.string());
  }
  return words;
}

}  // namespace

void PlainDescriber::describe(Record& record) {
  record.compare = compare_of(record.raw);
  for (const char* name : {"name", "title", "subject", "summary", "email", "label"}) {
    auto value = raw_value(record.raw, name);
    if (!value.starts_with('"') || value.size() < 3 || value.size() > 512) continue;
    record.title = text_value(record.raw, name).value();
    return;
  }
}

BackupSource singer_source(const std::string& name, const std::string& path,
                           PlainDescriber& describer,
                           std::function<void(const TapProgress&)> progress) {
  BackupSource source;
  source.source = {"singer", name};
  source.title = "Singer tap " + name;
  source.version = "1";
  source.settings = "{}";
  source.describer = &describer;
  source.feed = [path, &describer, progress](BackupSink& sink, std::stop_token stop) {
    Descriptor input = open_tap_output(path);
    SingerFeed feed(sink, describer);
    feed.read(input.get(), stop, progress);
    feed.end();
  };
  return source;
}

BackupSource singer_tap(const std::string& name, const TapCommand& tap, PlainDescriber& describer,
                        std::function<void(const TapProgress&)> progress) {
  BackupSource source;
  source.source = {"singer", name};
  source.title = "Singer tap " + name;
  source.version = "1";
  source.settings =
      nlohmann::json({{"tap", std::filesystem::path(tap.words.at(0)).filename().string()}}).dump();
  source.describer = &describer;
  source.feed = [tap, &describer, progress](BackupSink& sink, std::stop_token stop) {
    SingerFeed feed(sink, describer, tap);
    TempFolder folder;  // of the state's file
    TapProcess process(tap_arguments(tap, folder.path()));
    try {
      feed.read(process.output(), stop, progress);
      process.finish(stop);
    } catch (const Error&) {
      // What a tap that failed wrote before it is kept, with its last STATE.
      process.end();
      feed.end_early();
      throw;
    }
    feed.end();
  };
  return source;
}

std::string last_tap_state(Repository& repository, const std::string& name) {
  auto snapshots = source_snapshots(repository, SourceRef{"singer", name});
  if (snapshots.empty()) return "";
  SnapshotReader reader(repository, snapshots.back());
  auto streams = reader.streams();
  if (std::find(streams.begin(), streams.end(), messages_stream) == streams.end()) return "";
  auto message = reader.record(messages_stream, "STATE");
  return message ? std::string(raw_value(*message, "value")) : "";
}

}  // namespace probackup
