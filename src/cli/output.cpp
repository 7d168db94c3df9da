#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "probackup/error.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;

constexpr auto progress_interval = 200ms;

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// Columns that the text takes on a terminal, near enough: one for each code point.
std::size_t width(std::string_view text) {
  std::size_t n = 0;
  for (char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

void write_out(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
    throw Error("cannot write to standard output");
}

}  // namespace

std::string dump(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string printable(std::string_view text) {
  std::string out;
  for (char c : valid_utf8(text)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

Output::Output(bool json, bool quiet)
    : json_(json), quiet_(quiet), terminal_(::isatty(2) && !quiet && !json) {
  set_log_sink([this](LogLevel level, std::string_view text) {
    std::lock_guard lock(mutex_);
    erase_progress();
    const char* prefix = level == LogLevel::error     ? "error: "
                         : level == LogLevel::warning ? "warning: "
                                                      : "";
    std::fprintf(stderr, "%s%s\n", prefix, printable(text).c_str());
  });
}

void Output::line(std::string_view text) {
  raw(printable(text) + "\n");
}

void Output::raw(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  erase_progress();
  write_out(bytes);
}

void Output::document(const nlohmann::ordered_json& document) {
  raw(dump(document, 2) + "\n");
}

void Output::event(const nlohmann::ordered_json& event) {
  raw(dump(event) + "\n");
  std::fflush(stdout);
}

void Output::message(std::string_view text) {
  if (quiet_) return;
  std::lock_guard lock(mutex_);
  erase_progress();
  std::fprintf(stderr, "%s\n", redact(text).c_str());
}

void Output::table(const std::vector<std::string>& header,
                   const std::vector<std::vector<std::string>>& rows,
                   const std::vector<bool>& right) {
  std::vector<std::size_t> widths;
  for (const auto& cell : header) widths.push_back(width(cell));
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    auto& out = cells.emplace_back();
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      out.push_back(printable(row[i]));
      widths[i] = std::max(widths[i], width(out.back()));
    }
  }
  auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string pad(widths[i] - width(row[i]), ' ');
      bool numeric = i < right.size() && right[i];
      line += numeric ? pad + row[i] : i + 1 < row.size() ? row[i] + pad : row[i];
      if (i + 1 < row.size()) line += "  ";
    }
    raw(line + "\n");
  };
  if (!header.empty()) print(header);
  for (const auto& row : cells) print(row);
}

void Output::progress(const std::string& text) {
  if (!terminal_) return;
  auto now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  if (now - last_ < progress_interval) return;
  last_ = now;
  std::string cut = printable(text);
  std::size_t columns = terminal_columns() - 1;
  while (width(cut) > columns) cut.pop_back();
  std::fprintf(stderr, "\r\x1b[K%s", valid_utf8(cut).c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Output::clear_progress() {
  std::lock_guard lock(mutex_);
  erase_progress();
}

void Output::erase_progress() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace probackup
