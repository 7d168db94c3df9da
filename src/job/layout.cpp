#include "job/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "job/json_count.h"
#include "probackup/error.h"
#include "util/hash.h"
#include "util/text.h"

namespace probackup {

std::string source_path(const SourceRef& source) {
  return "/" + safe_file_name(source.app) + "/" + safe_file_name(source.account);
}

std::vector<std::string> source_tags(const SourceRef& source) {
  // restic splits its --tag argument at commas, so a tag holds none.
  std::string account;
  for (char c : source.account) account += c == ',' ? "%2C" : c == '%' ? "%25" : std::string(1, c);
  return {"app=" + source.app, "account=" + account};
}

std::optional<SourceRef> source_of(const Snapshot& snapshot) {
  std::string app, account;
  for (std::string_view tag : snapshot.tags) {
    if (tag.starts_with("app=")) app = tag.substr(4);
    if (tag.starts_with("account=")) account = tag.substr(8);
  }
  if (app.empty()) return std::nullopt;
  // Snapshots of 0.1.0 had neither escapes nor commas; the path tells which it is.
  std::string with_commas = account;
  std::replace(with_commas.begin(), with_commas.end(), ';', ',');
  const SourceRef written{app, url_decode(account)};
  for (const auto& source : {written, SourceRef{app, account}, SourceRef{app, with_commas}})
    if (!snapshot.paths.empty() && source_path(source) == snapshot.paths.front()) return source;
  return written;
}

namespace {

constexpr std::string_view restore_tag_name = "restore=";

}  // namespace

std::optional<std::string> restore_of(const Snapshot& snapshot) {
  for (std::string_view tag : snapshot.tags)
    if (tag.starts_with(restore_tag_name)) return std::string(tag.substr(restore_tag_name.size()));
  return std::nullopt;
}

std::string restore_tag(const std::string& restore) {
  return std::string(restore_tag_name) + restore;
}

std::string restore_path(const std::string& restore) {
  return "/restores/" + safe_file_name(restore);
}

bool has_tag(const Snapshot& snapshot, std::string_view tag) {
  return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
}

std::string print_file_line(const SnapshotFile& file) {
  nlohmann::ordered_json line;
  line["stream"] = file.stream;
  line["key"] = file.key;
  line["id"] = file.id;
  line["name"] = file.name;
  line["size"] = file.node.size;
  line["hash"] = file.hash;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

SnapshotFile parse_file_line(std::string_view line) {
  try {
    auto in = nlohmann::json::parse(line);
    SnapshotFile file;
    file.stream = in.at("stream").get<std::string>();
    file.key = in.at("key").get<std::string>();
    file.id = in.at("id").get<std::string>();
    file.name = in.at("name").get<std::string>();
    file.hash = in.value("hash", "");
    file.node.size = count_at(in, "size");
    return file;
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("a line of a snapshot's list of attachments is damaged: ") +
                error.what());
  }
}

std::string file_key(const std::string& stream, const std::string& id) {
  return stream + "/" + id;
}

std::string file_scope(const std::string& stream, const std::string& key) {
  return stream + "/" + key;
}

Record file_record(const SnapshotFile& file, std::string line) {
  Record record;
  record.stream = files_stream;
  record.key = file_key(file.stream, file.id);
  record.scope = file_scope(file.stream, file.key);
  record.parent_stream = file.stream;
  record.parent = record.scope;
  Id hash = sha256(line);
  record.compare.assign(reinterpret_cast<const char*>(hash.bytes.data()), 16);
  record.raw = std::move(line);
  return record;
}

std::string file_path(const std::string& stream, const std::string& id, const std::string& name) {
  return "files/" + safe_file_name(stream) + "/" + safe_file_name(id) + "/" + safe_file_name(name);
}

std::string pack_ids(const std::vector<Id>& ids) {
  std::string out;
  out.reserve(ids.size() * 32);
  for (const auto& id : ids)
    out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  return out;
}

std::string stream_file_name(std::uint32_t file) {
  return fmt::format("{:04}.jsonl", file);
}

std::string stream_group_name(std::uint32_t group) {
  return group == 0 ? "" : fmt::format("more-{:04}", group);
}

std::optional<std::uint32_t> parse_stream_file_name(std::string_view name) {
  if (!name.ends_with(".jsonl")) return std::nullopt;
  name.remove_suffix(6);
  std::uint32_t file = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), file);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return file;
}

}  // namespace probackup
