#include "job/singer_lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "job/layout.h"
#include "probackup/error.h"
#include "util/descriptor.h"
#include "util/raw_json.h"

namespace probackup {
namespace {

constexpr std::size_t line_bytes_max = 256 << 20;
constexpr std::size_t piece_bytes = 1 << 20;

// Some whole lines, and what they say. Kept for the next ones, because its memory is warm.
struct Piece {
  std::string bytes;
  std::size_t used = 0;
  std::vector<TapLine> lines;  // numbered from the first one of the piece
  std::uint64_t count = 0;     // lines, empty ones too
  RawJson parser;
};

void parse_record(std::string_view text, PlainDescriber& describer, TapLine& line) {
  auto raw = raw_value(text, "record");
  if (line.stream.empty()) {
    line.problem = "a RECORD without a stream";
  } else if (!raw.starts_with('{')) {
    line.problem = "a RECORD without a record";
  } else if (line.stream == files_stream) {
    line.problem =
        fmt::format("a RECORD of the stream {}, a name that snapshots need", files_stream);
  } else {
    line.kind = TapLine::Kind::record;
    line.record.stream = line.stream;
    line.record.raw = raw;
    describer.describe(line.record);
  }
}

void parse_line(std::string_view bytes, RawJson& parser, PlainDescriber& describer, TapLine& line) {
  try {
    std::string_view text = parser.prepare(bytes);
    auto type = raw_value(text, "type");
    line.stream = text_value(text, "stream").value_or("");
    if (type == "\"RECORD\"") return parse_record(text, describer, line);
    if (type == "\"SCHEMA\"" && line.stream.empty()) {
      line.problem = "a SCHEMA without a stream";
    } else if (type == "\"SCHEMA\"" && line.stream == files_stream) {
      line.problem =
          fmt::format("a SCHEMA of the stream {}, a name that snapshots need", files_stream);
    } else if (type == "\"SCHEMA\"" || type == "\"STATE\"") {
      line.kind = type == "\"SCHEMA\"" ? TapLine::Kind::schema : TapLine::Kind::state;
      line.text = text;
    } else if (type == "\"ACTIVATE_VERSION\"" || type == "\"BATCH\"") {
      line.kind = TapLine::Kind::other;
    } else {
      line.problem = "no Singer message";
    }
  } catch (const Error& error) {
    line.problem = error.what();
  }
}

void parse_piece(Piece& piece, PlainDescriber& describer) {
  std::string_view rest(piece.bytes.data(), piece.used);
  piece.lines.clear();
  for (piece.count = 0; !rest.empty();) {
    ++piece.count;
    auto end = std::min(rest.find('\n'), rest.size());
    auto bytes = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (bytes.empty() || bytes == "\r") continue;
    piece.lines.emplace_back().number = piece.count;
    parse_line(bytes, piece.parser, describer, piece.lines.back());
  }
}

class TapReader {
 public:
  TapReader(int input, std::stop_token stop) : stop_(stop), input_(input) {}

  // Bytes of a file; 0 of a pipe.
  std::uint64_t size() const {
    struct stat status {};
    bool file = ::fstat(input_, &status) == 0 && S_ISREG(status.st_mode);
    return file ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

  // A tap may be silent for long; an interrupt must not have to wait for it.
  bool ready(int milliseconds) {
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the backup was interrupted");
    pollfd input{input_, POLLIN, 0};
    return ::poll(&input, 1, milliseconds) != 0;
  }

  // Whole lines; false at the end of the input.
  bool fill(Piece& piece) {
    piece.bytes.resize(std::max({piece.bytes.size(), piece_bytes, rest_.size() + 1}));
    piece.bytes.replace(0, rest_.size(), rest_);
    std::size_t used = rest_.size();
    for (;;) {
      std::size_t n = read_some(piece.bytes.data() + used, piece.bytes.size() - used);
      auto begin = piece.bytes.begin();
      auto fresh = std::make_reverse_iterator(begin + static_cast<std::ptrdiff_t>(used));
      auto last = std::find(
          std::make_reverse_iterator(begin + static_cast<std::ptrdiff_t>(used + n)), fresh, '\n');
      used += n;
      piece.used = last == fresh ? 0 : static_cast<std::size_t>(last.base() - begin);
      if (n == 0) piece.used = used;
      if (piece.used > 0 || n == 0) break;
      if (used == piece.bytes.size()) grow(piece.bytes);
      while (!ready(200)) {
      }
    }
    rest_.assign(piece.bytes, piece.used, used - piece.used);
    return piece.used > 0;
  }

 private:
  std::size_t read_some(char* to, std::size_t bytes_max) {
    ssize_t n;
    do n = ::read(input_, to, bytes_max);
    while (n < 0 && errno == EINTR);
    if (n < 0) throw Error(fmt::format("cannot read the tap's output: {}", std::strerror(errno)));
    return static_cast<std::size_t>(n);
  }
  static void grow(std::string& bytes) {
    if (bytes.size() >= line_bytes_max) throw Error("the tap wrote a line of over 256 MiB");
    bytes.resize(bytes.size() * 2);
  }

  std::stop_token stop_;
  const int input_;
  std::string rest_;  // the begin of a line whose end has not come yet
};

}  // namespace

Descriptor open_tap_output(const std::string& path) {
  Descriptor input(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (input.get() < 0)
    throw Error(fmt::format("cannot read {}: {}", path, std::strerror(errno)),
                "--tap names a command, a file with a tap's output, or - for standard input");
  return input;
}

void read_tap(int input, PlainDescriber& describer, std::stop_token stop,
              const std::function<void(TapLine&)>& each,
              const std::function<void(const TapProgress&)>& progress) {
  using Pending = std::future<std::unique_ptr<Piece>>;
  const std::size_t pending_max = std::clamp(std::thread::hardware_concurrency(), 2u, 8u) + 1;
  TapReader reader(input, stop);
  std::deque<Pending> pending;
  std::vector<std::unique_ptr<Piece>> idle;
  TapProgress done{0, 0, reader.size()};
  for (bool more = true; more || !pending.empty();) {
    bool full = !more || pending.size() >= pending_max;
    if (full || !reader.ready(pending.empty() ? 200 : 0)) {
      if (pending.empty()) continue;
      auto piece = pending.front().get();
      pending.pop_front();
      for (auto& line : piece->lines) {
        line.number += done.lines;
        each(line);
      }
      done.lines += piece->count;
      done.bytes += piece->used;
      if (progress) progress(done);
      idle.push_back(std::move(piece));
      continue;
    }
    if (idle.empty()) idle.push_back(std::make_unique<Piece>());
    auto piece = std::move(idle.back());
    idle.pop_back();
    more = reader.fill(*piece);
    if (more)
      pending.push_back(
          std::async(std::launch::async, [&describer, piece = std::move(piece)]() mutable {
            parse_piece(*piece, describer);
            return std::move(piece);
          }));
  }
}

}  // namespace probackup
