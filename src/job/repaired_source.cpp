#include "job/repaired_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "job/layout.h"
#include "job/segment.h"
#include "probackup/error.h"
#include "probackup/repair_snapshots.h"
#include "util/text.h"

namespace probackup {
namespace {

// Beyond this many lost records of one run of a repair a gap names the stream alone.
constexpr std::size_t gaps_max = 10'000;
constexpr std::size_t keys_shown_max = 5;
constexpr const char* lost_reason = "lost by damage to the repository";

std::optional<RepairedSource::StreamPath> parse_stream_path(const std::string& path) {
  auto first = path.find('/');
  if (first == std::string::npos) return std::nullopt;
  auto second = path.find('/', first + 1);
  RepairedSource::StreamPath out{path.substr(0, first), {}};
  out.stream = url_decode(path.substr(first + 1, second - first - 1));
  return out;
}

std::string index_path_of(const std::string& records_path) {
  return "index" + records_path.substr(records_path.find('/'));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for_each_line(text, [&](std::string_view line) { out.emplace_back(line); });
  return out;
}

// The index line of records whose keys nobody knows any more.
std::string guessed_line(const std::string& blob) {
  std::vector<std::string> keys;
  std::size_t number = 0;
  for_each_line(blob, [&](std::string_view line) {
    std::string key = fmt::format("unknown-{}", ++number);
    auto record = nlohmann::json::parse(line, nullptr, false);
    if (record.is_object() && record.contains("id")) {
      const auto& id = record["id"];
      key = id.is_string() ? id.get<std::string>() : id.dump();
    }
    keys.push_back(key);
  });
  std::vector<DirectoryEntry> entries(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) entries[i].key = keys[i];
  return index_line(entries);
}

}  // namespace

std::vector<std::string> keys_of_segment(Repository& repository, const Id& tree,
                                         const std::string& path, std::size_t position) {
  // "/APP/ACCOUNT/streams/…"
  auto parts = split(path, '/');
  if (parts.size() < 6 || parts[3] != "streams") return {};
  parts[3] = "index";
  try {
    auto node = find_node(repository, tree, join(parts, "/"));
    if (!node) return {};
    auto lines = lines_of(read_small_file(repository, *node));
    std::vector<std::string> keys;
    if (position < lines.size())
      for (const auto& record : parse_index_line(lines[position])) keys.push_back(record.key);
    return keys;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    return {};  // the index is damaged too
  }
}

RepairedSource::RepairedSource(const JobContext& context, const SourceRef& source,
                               const Snapshot& snapshot, const Id& before, const Id& after,
                               const std::vector<LostPiece>& lost)
    : context_(context),
      source_(source),
      snapshot_(snapshot),
      before_(before),
      after_(after),
      lost_(lost),
      tree_(context.repository, after, snapshot.time) {}

Id RepairedSource::make(bool dry_run) {
  dry_run_ = dry_run;
  for (const LostPiece& piece : lost_) {
    auto path = parse_stream_path(piece.path);
    if (piece.path == "streams") {
      for (const std::string& stream : names_in(before_, "/index"))
        if (stream != files_stream) lose_stream_folder(piece, url_decode(stream));
    } else if (piece.path == "index") {
      for (const std::string& stream : names_in(after_, "/streams"))
        broken_indexes_.insert("index/" + stream);
    } else if (path && path->top == "streams") {
      if (piece.folder)
        lose_stream_folder(piece, path->stream);
      else
        lose_segments(piece, *path);
    } else if (path && path->top == "index" && path->stream != files_stream) {
      broken_indexes_.insert(piece.path);
    } else {
      lose_file(piece);
    }
  }
  for (const std::string& path : broken_indexes_) remake_index(path);
  drop_listed_files();
  write_documents();
  if (dry_run_) return after_;
  return tree_.save().value();
}

// What a folder holds; nothing when it cannot be read.
std::vector<std::string> RepairedSource::names_in(const Id& tree, const std::string& path) {
  std::vector<std::string> out;
  try {
    auto node = find_node(context_.repository, tree, path);
    if (node && node->subtree)
      for (const Node& below : context_.repository.load_tree(*node->subtree))
        out.push_back(below.name);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
  }
  return out;
}

// The lines of an index file as it was; none when it cannot be read.
std::vector<std::string> RepairedSource::index_lines(const std::string& path) {
  try {
    auto node = find_node(context_.repository, before_, "/" + path);
    return node ? lines_of(read_small_file(context_.repository, *node))
                : std::vector<std::string>{};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    return {};
  }
}

void RepairedSource::lose_segments(const LostPiece& piece, const StreamPath& path) {
  streams_.insert(path.stream);
  std::string index_path = index_path_of(piece.path);
  auto lines = index_lines(index_path);
  bool known = lines.size() == piece.file.content.size();
  std::vector<std::string> keys;
  std::string left;
  for (std::size_t i = 0, next = 0; known && i < lines.size(); ++i) {
    if (next == piece.positions.size() || piece.positions[next] != i) {
      left += lines[i] + "\n";
      continue;
    }
    ++next;
    for (const IndexedRecord& record : parse_index_line(lines[i])) {
      keys.push_back(record.key);
      add_gap(
          {.stream = path.stream, .scope = record.scope, .key = record.key, .reason = lost_reason});
    }
  }
  records_lost_[path.stream] += keys.size();
  bool whole = piece.positions.size() == piece.file.content.size();
  if (whole) {
    tree_.remove(piece.path);
    tree_.remove(index_path);
  } else if (known) {
    put_text(index_path, left);
  }
  if (!known) {
    add_gap({.stream = path.stream, .reason = lost_reason});
    broken_indexes_.insert(index_path);
  }
  std::string shown;
  for (std::size_t i = 0; i < keys.size() && i < keys_shown_max; ++i)
    shown += (i == 0 ? ": " : ", ") + keys[i];
  if (keys.size() > keys_shown_max) shown += "…";
  lines_.push_back(fmt::format("{}: {} of {} segments{}{}", piece.path, piece.positions.size(),
                               piece.file.content.size(),
                               known ? fmt::format(", {} records", keys.size()) : "", shown));
}

void RepairedSource::lose_stream_folder(const LostPiece& piece, const std::string& stream) {
  streams_.insert(stream);
  // The folder of the stream, or of some of its files.
  if (piece.path == "streams")
    tree_.remove("index/" + safe_file_name(stream));
  else
    tree_.remove(index_path_of(piece.path));
  add_gap({.stream = stream, .reason = lost_reason});
  lines_.push_back(fmt::format("{}: the whole folder, with records of {}", piece.path, stream));
}

void RepairedSource::lose_file(const LostPiece& piece) {
  auto path = parse_stream_path(piece.path);
  std::string stream = path && path->top == "files" ? path->stream : "";
  lines_.push_back(piece.path);
  if (piece.path == "manifest.json" || piece.path == "gaps.jsonl") return;  // made anew below
  if (piece.path == "files" || (path && path->top == "files")) {
    // Half an attachment is worse than none.
    if (!piece.folder) tree_.remove(piece.path);
    lost_files_.insert(piece.path);
    if (!stream.empty()) streams_.insert(stream);
    return;  // the list of attachments tells whose it was
  }
  if (path && path->top == "git" && !piece.folder) tree_.remove(piece.path);
  add_gap({.stream = stream, .reason = fmt::format("{} {}", piece.path, lost_reason)});
}

// From the catalog if it knows the segment, else from the records themselves.
std::string RepairedSource::line_of_segment(const std::string& stream, const Id& blob) {
  auto [at, fresh] = known_lines_.try_emplace(stream);
  auto& known = at->second;
  if (fresh)
    context_.catalog.segments(source_, stream, std::nullopt, [&](const SegmentRow& row) {
      known[row.blob] = index_line(read_directory(row.directory));
    });
  auto line = known.find(blob);
  return line != known.end() ? line->second
                             : guessed_line(context_.repository.load_blob(BlobType::data, blob));
}

void RepairedSource::remake_index(const std::string& path) {
  auto parsed = *parse_stream_path(path);
  streams_.insert(parsed.stream);
  lines_.push_back(path + ": made again");
  if (dry_run_) return;
  auto remake = [&](const std::string& records_path, const Node& records) {
    std::string text;
    for (const Id& blob : records.content) text += line_of_segment(parsed.stream, blob);
    std::string index_path = index_path_of(records_path);
    text.empty() ? tree_.remove(index_path) : put_text(index_path, std::move(text));
  };
  std::function<void(const std::string&)> walk = [&](const std::string& at) {
    auto node = find_node(context_.repository, after_, "/" + at);
    if (!node) return;
    if (!node->subtree) return remake(at, *node);
    for (const Node& below : context_.repository.load_tree(*node->subtree))
      walk(at + "/" + below.name);
  };
  walk("streams" + path.substr(path.find('/')));
}

void RepairedSource::drop_listed_files() {
  if (lost_files_.empty()) return;
  auto is_lost = [&](const SnapshotFile& file) {
    std::string path = file_path(file.stream, file.id, file.name);
    for (std::size_t at = path.size(); at != std::string::npos; at = path.rfind('/', at - 1)) {
      if (lost_files_.contains(path.substr(0, at))) return true;
      if (at == 0) break;
    }
    return false;
  };
  std::function<void(const std::string&)> walk = [&](const std::string& at) {
    auto node = find_node(context_.repository, after_, "/" + at);
    if (!node) return;
    if (node->subtree) {
      for (const Node& below : context_.repository.load_tree(*node->subtree))
        walk(at + "/" + below.name);
      return;
    }
    std::string left, text = read_small_file(context_.repository, *node);
    for_each_line(text, [&](std::string_view line) {
      SnapshotFile file = parse_file_line(line);
      if (!is_lost(file)) {
        left += std::string(line) + "\n";
        return;
      }
      add_gap({.stream = file.stream, .key = file.key, .file = file.id, .reason = lost_reason});
    });
    if (left == text) return;
    left.empty() ? tree_.remove(at) : put_text(at, std::move(left));
  };
  walk("index/" + std::string(files_stream));
}

void RepairedSource::write_documents() {
  if (dry_run_) return;
  Manifest manifest;
  try {
    auto node = find_node(context_.repository, before_, "/manifest.json");
    if (node) manifest = Manifest::parse(read_small_file(context_.repository, *node));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
  }
  if (manifest.app.empty()) {
    // Lost: the next run reads everything, which puts this right.
    manifest.app = source_.app;
    manifest.account = source_.account;
    manifest.started = snapshot_.time;
    manifest.settings = nlohmann::json::object();
    for (const std::string& name : names_in(after_, "/streams")) {
      manifest.streams[url_decode(name)].title = url_decode(name);
      streams_.insert(url_decode(name));
    }
  }
  std::vector<Gap> gaps;
  try {
    auto node = find_node(context_.repository, before_, "/gaps.jsonl");
    if (node) gaps = parse_gaps(read_small_file(context_.repository, *node));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
  }
  gaps.insert(gaps.end(), gaps_.begin(), gaps_.end());
  std::string text;
  for (const Gap& gap : gaps) text += print_gap(gap);
  if (!text.empty()) put_text("gaps.jsonl", std::move(text));
  for (const std::string& name : streams_) {
    auto stream = manifest.streams.find(name);
    if (stream == manifest.streams.end()) continue;
    stream->second.complete = false;
    // The next run must ask for everything: what is lost has not changed in the app.
    stream->second.since.reset();
    stream->second.last_full.reset();
    stream->second.records -= std::min(stream->second.records, records_lost_[name]);
  }
  manifest.gaps = gaps.size();
  put_text("manifest.json", manifest.print());
}

void RepairedSource::add_gap(Gap gap) {
  if (gaps_.size() < gaps_max) gaps_.push_back(std::move(gap));
}

void RepairedSource::put_text(const std::string& path, std::string text) {
  if (dry_run_) return;
  Node node;
  node.size = text.size();
  node.content.push_back(context_.repository.save_blob(BlobType::data, std::move(text)).get().id);
  tree_.put(path, node);
}

}  // namespace probackup
