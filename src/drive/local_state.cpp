#include "drive/local_state.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "probackup/error.h"
#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;

constexpr int file_version = 1;

std::string head() {
  return Json({{"probackup", file_version}}).dump() + "\n";
}

std::string print(const LocalEntry& entry) {
  Json line{{"key", entry.key},       {"kind", static_cast<int>(entry.kind)},
            {"source", entry.source}, {"parent", entry.parent},
            {"name", entry.name},     {"content", entry.content}};
  if (!entry.sheets.empty()) line["sheets"] = entry.sheets;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A name from the file must not lead out of the folder.
bool is_leaf(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

LocalEntry parse(const nlohmann::json& line) {
  LocalEntry out;
  out.key = line.at("key").get<std::string>();
  int kind = line.at("kind").get<int>();
  out.kind = kind == 0 ? DriveKind::folder : kind == 1 ? DriveKind::sheet : DriveKind::file;
  out.source = line.at("source").get<std::string>();
  out.parent = line.at("parent").get<std::string>();
  out.name = line.at("name").get<std::string>();
  out.content = line.at("content").get<std::string>();
  out.sheets = line.value("sheets", std::vector<std::string>{});
  bool good = is_leaf(out.name);
  for (const auto& sheet : out.sheets) good = good && is_leaf(sheet);
  if (!good) throw Error("it names a file outside of the folder");
  return out;
}

}  // namespace

LocalState::LocalState(std::filesystem::path file) : file_(std::move(file)) {
  if (std::filesystem::exists(file_)) read();
}

void LocalState::read() {
  auto lines = split(read_file(file_), '\n');
  try {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].empty()) continue;
      // The last line may have been cut off by a crash: then what it speaks of was not done.
      bool last = i + 1 == lines.size();
      if (last && !nlohmann::json::accept(lines[i])) break;
      auto line = nlohmann::json::parse(lines[i]);
      ++lines_;
      if (line.contains("probackup")) {
        if (line.at("probackup").get<int>() > file_version)
          throw Error("it was written by a newer probackup");
      } else if (line.value("removed", false)) {
        entries_.erase(line.at("key").get<std::string>());
      } else {
        LocalEntry entry = parse(line);
        entries_[entry.key] = entry;
      }
    }
  } catch (const std::exception& error) {
    throw Error(fmt::format("{} cannot be used: {}", file_.string(), error.what()),
                "move the copy away and make a new one");
  }
}

const LocalEntry* LocalState::find(const std::string& key) const {
  auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

void LocalState::append(const std::string& line) {
  if (!out_.is_open()) {
    compact();
    out_.open(file_, std::ios::app | std::ios::binary);
  }
  out_ << line << std::flush;
  ++lines_;
  if (!out_)
    throw Error(fmt::format("cannot write {}", file_.string()),
                "the disk may be full, or the folder not writable");
}

void LocalState::put(const LocalEntry& entry) {
  append(print(entry));
  entries_[entry.key] = entry;
}

void LocalState::remove(const std::string& key) {
  if (entries_.erase(key) == 0) return;
  append(Json({{"key", key}, {"removed", true}}).dump() + "\n");
}

void LocalState::compact() {
  if (lines_ == entries_.size() + 1) return;
  out_.close();
  std::string text = head();
  for (const auto& [key, entry] : entries_) text += print(entry);
  write_file_atomic(file_, text, 0600);
  lines_ = entries_.size() + 1;
}

}  // namespace probackup
