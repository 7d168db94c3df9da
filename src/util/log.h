// Messages for people on standard error, with secrets taken out.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace probackup {

enum class LogLevel { error, warning, info, verbose };

// Everything printed is cut at this level; `info` at the start.
void set_log_level(LogLevel level);
LogLevel log_level();
// Where lines go instead of standard error (a progress bar, a test); an empty function restores it.
void set_log_sink(std::function<void(LogLevel, std::string_view)> sink);

// Every later message, URL or error text that passes redact() shows "***" for this value, as it is
// and percent-encoded. Values under 4 bytes are ignored: they would shred the text.
void add_secret(std::string_view value);
std::string redact(std::string_view text);

// One line; secrets are redacted. Safe for concurrent calls.
void log(LogLevel level, std::string_view message);
inline void log_warning(std::string_view message) {
  log(LogLevel::warning, message);
}
inline void log_info(std::string_view message) {
  log(LogLevel::info, message);
}
inline void log_verbose(std::string_view message) {
  log(LogLevel::verbose, message);
}

}  // namespace probackup
