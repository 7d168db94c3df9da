#include "util/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>

#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t secret_bytes_min = 4;

std::atomic<LogLevel> level_now{LogLevel::info};
std::mutex mutex;  // guards what follows
std::function<void(LogLevel, std::string_view)> sink_now;
// Longest first, so that a secret that contains another is taken out whole.
struct LongestFirst {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};
std::set<std::string, LongestFirst> secrets;

}  // namespace

void set_log_level(LogLevel level) {
  level_now = level;
}
LogLevel log_level() {
  return level_now;
}

void set_log_sink(std::function<void(LogLevel, std::string_view)> sink) {
  std::lock_guard lock(mutex);
  sink_now = std::move(sink);
}

void add_secret(std::string_view value) {
  if (value.size() < secret_bytes_min) return;
  std::lock_guard lock(mutex);
  secrets.emplace(value);
  secrets.insert(url_encode(value));
}

std::string redact(std::string_view text) {
  std::string out(text);
  std::lock_guard lock(mutex);
  for (const auto& secret : secrets)
    for (std::size_t at = 0; (at = out.find(secret, at)) != std::string::npos; at += 3)
      out.replace(at, secret.size(), "***");
  return out;
}

void log(LogLevel level, std::string_view message) {
  if (level > level_now) return;
  std::string line = redact(message);
  std::lock_guard lock(mutex);
  if (sink_now) return sink_now(level, line);
  const char* prefix = level == LogLevel::error     ? "error: "
                       : level == LogLevel::warning ? "warning: "
                                                    : "";
  std::fprintf(stderr, "%s%s\n", prefix, line.c_str());
}

}  // namespace probackup
