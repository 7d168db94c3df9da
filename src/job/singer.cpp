#include "job/singer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "probackup/error.h"
#include "util/hash.h"
#include "util/hash_set.h"
#include "util/raw_json.h"

namespace probackup {
namespace {

constexpr std::size_t line_bytes_max = 256 << 20;
constexpr std::size_t read_bytes = 1 << 20;
constexpr std::size_t gaps_max =
    1000;  // a file that is no tap output at all must not fill the disk
constexpr const char* messages_stream = "singer_messages";

// Reads a file line by line; lines are views into one buffer.
class LineReader {
 public:
  LineReader(const std::string& path, std::stop_token stop) : stop_(stop) {
    descriptor_ = path == "-" ? ::dup(0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0)
      throw Error(fmt::format("cannot read {}: {}", path, std::strerror(errno)),
                  "--tap names a file with a tap's output, or - for standard input");
    buffer_.resize(read_bytes);
  }
  ~LineReader() { ::close(descriptor_); }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  std::optional<std::string_view> next() {
    for (;;) {
      std::string_view rest(buffer_.data() + begin_, end_ - begin_);
      auto newline = rest.find('\n', searched_);
      if (newline != std::string_view::npos) {
        begin_ += newline + 1;
        searched_ = 0;
        return rest.substr(0, newline);
      }
      searched_ = rest.size();
      if (!fill()) {
        if (rest.empty()) return std::nullopt;
        begin_ = end_;
        searched_ = 0;
        return rest;
      }
    }
  }

 private:
  bool fill() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == buffer_.size()) {
      if (buffer_.size() >= line_bytes_max) throw Error("the tap wrote a line of over 256 MiB");
      buffer_.resize(buffer_.size() * 2);
    }
    wait();
    ssize_t n;
    do n = ::read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
    while (n < 0 && errno == EINTR);
    if (n < 0) throw Error(fmt::format("cannot read the tap's output: {}", std::strerror(errno)));
    end_ += static_cast<std::size_t>(n);
    return n > 0;
  }

  // A tap may be silent for long; an interrupt must not have to wait for it.
  void wait() {
    pollfd ready{descriptor_, POLLIN, 0};
    while (::poll(&ready, 1, 200) == 0)
      if (stop_.stop_requested()) break;
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the backup was interrupted");
  }

  std::stop_token stop_;
  int descriptor_ = -1;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0, searched_ = 0;
};

std::string compare_of(std::string_view raw) {
  Id hash = sha256(raw);
  return {reinterpret_cast<const char*>(hash.bytes.data()), 16};
}

// One run over a tap's output.
class SingerFeed {
 public:
  SingerFeed(BackupSink& sink, RecordDescriber& describer) : sink_(sink), describer_(describer) {}

  void read(const std::string& path, std::stop_token stop) {
    LineReader lines(path, stop);
    while (auto line = lines.next()) {
      ++line_number_;
      if (line_number_ % 1024 == 0 && stop.stop_requested())
        throw Error(ErrorKind::interrupted, "the backup was interrupted");
      if (!line->empty() && *line != "\r") message(*line);
    }
    for (const auto& [name, stream] : streams_) end(name, stream);
  }

 private:
  struct Stream {
    std::vector<std::string> keys;
    bool incremental = false;
    std::unordered_map<std::uint64_t, std::uint32_t> repeats;  // of records without a key
    bool complete = true;
  };

  void message(std::string_view line) {
    try {
      std::string_view text = parser_.prepare(line);
      auto type = raw_value(text, "type");
      if (type == "\"RECORD\"") return record(text);
      if (type == "\"SCHEMA\"") return schema(text);
      if (type == "\"STATE\"") return keep_message("STATE", text);
      if (type == "\"ACTIVATE_VERSION\"" || type == "\"BATCH\"") return;
      gap("", fmt::format("line {} is no Singer message", line_number_));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::failed ||
          !std::string_view(error.what()).starts_with("not JSON"))
        throw;
      gap("", fmt::format("line {}: {}", line_number_, error.what()));
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

  void schema(std::string_view text) {
    std::string name = text_value(text, "stream").value_or("");
    if (name.empty())
      return gap("", fmt::format("line {}: a SCHEMA without a stream", line_number_));
    auto& stream = open(name);
    auto parsed = parse_json(text);
    stream.keys = parsed.value("key_properties", std::vector<std::string>{});
    stream.incremental = !parsed.value("bookmark_properties", std::vector<std::string>{}).empty();
    begin(name, stream);
    keep_message("SCHEMA/" + name, text);
  }

  void keep_message(const std::string& key, std::string_view text) {
    auto& stream = open(messages_stream);
    stream.incremental = true;
    begin(messages_stream, stream);
    messages_[key] = text;
  }

  void record(std::string_view text) {
    auto name = raw_value(text, "stream");
    if (name.size() < 3)
      return gap("", fmt::format("line {}: a RECORD without a stream", line_number_));
    if (name != last_name_) {
      last_name_ = name;
      last_stream_ = text_value(text, "stream").value();
      last_ = &open(last_stream_);
      begin(last_stream_, *last_);
    }
    auto raw = raw_value(text, "record");
    if (!raw.starts_with('{'))
      return gap(last_stream_, fmt::format("line {}: a RECORD without a record", line_number_));
    Record record;
    record.stream = last_stream_;
    record.raw = raw;
    record.key = key_of(*last_, raw);
    if (record.key.empty())
      return gap(last_stream_, fmt::format("line {}: a record without {}", line_number_,
                                           fmt::join(last_->keys, ", ")));
    describer_.describe(record);
    sink_.record(std::move(record));
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
    if (!stream.empty()) streams_[stream].complete = false;
    if (++gaps_ > gaps_max) {
      if (gaps_ == gaps_max + 1) sink_.gap({stream, "", "", "", "", 0, "more lines were unusable"});
      return;
    }
    sink_.gap({stream, "", "", "", "", 0, reason});
    // A line that names no stream may have been a record of any.
    if (stream.empty())
      for (auto& [name, open] : streams_) open.complete = false;
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
  RecordDescriber& describer_;
  RawJson parser_;
  std::map<std::string, Stream> streams_;
  std::set<std::string> begun_;
  std::map<std::string, std::string> messages_;
  std::string last_name_, last_stream_;
  Stream* last_ = nullptr;
  std::uint64_t line_number_ = 0;
  std::size_t gaps_ = 0;
};

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
                           RecordDescriber& describer) {
  BackupSource source;
  source.source = {"singer", name};
  source.title = "Singer tap " + name;
  source.version = "1";
  source.settings = "{}";
  source.describer = &describer;
  source.feed = [path, &describer](BackupSink& sink, std::stop_token stop) {
    SingerFeed(sink, describer).read(path, stop);
  };
  return source;
}

}  // namespace probackup
