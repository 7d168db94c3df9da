// What the commands print: text for people, JSON for scripts, progress on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace probackup {

// Standard output and standard error of one run. Safe for concurrent calls.
class Output {
 public:
  Output(bool json, bool quiet);
  bool json() const { return json_; }

  // A line of the answer, on standard output; control characters are escaped.
  void line(std::string_view text);
  // Bytes of the answer as they are.
  void raw(std::string_view bytes);
  // The whole answer as one JSON document, or one JSON line of long work.
  void document(const nlohmann::ordered_json& document);
  void event(const nlohmann::ordered_json& event);
  // For people, on standard error; nothing with --quiet.
  void message(std::string_view text);
  // Aligned columns on standard output; numbers right-aligned where `right` says so.
  void table(const std::vector<std::string>& header,
             const std::vector<std::vector<std::string>>& rows,
             const std::vector<bool>& right = {});

  // A line that is redrawn on a terminal, at most five times a second; nothing elsewhere.
  void progress(const std::string& text);
  void clear_progress();

 private:
  void erase_progress();
  bool json_, quiet_, terminal_;
  std::mutex mutex_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_{};
};

// JSON text that is always valid, whatever bytes its strings hold.
std::string dump(const nlohmann::ordered_json& json, int indent = -1);
// Text that cannot steer the terminal: control characters as \xNN, invalid UTF-8 replaced.
std::string printable(std::string_view text);

}  // namespace probackup
