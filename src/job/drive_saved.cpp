// Where the files of a copy lie, saved into the repository: who loses the catalog keeps the URLs.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "job/layout.h"
#include "job/snapshot_tree.h"
#include "probackup/drive_job.h"
#include "probackup/error.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;

constexpr int document_version = 1;
constexpr std::string_view tag_name = "drive=";
constexpr std::string_view file_name = "files.jsonl";

std::string tag_of(const std::string& target) {
  return std::string(tag_name) + sha256(target).hex().substr(0, 16);
}
std::string path_of(const std::string& target) {
  return "/drive/" + sha256(target).hex().substr(0, 16);
}

std::string print(const Json& line) {
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string print_file(const CatalogDriveFile& file) {
  Json line{{"key", file.key}, {"source", file.source}, {"kind", file.kind}};
  if (!file.stream.empty()) line["stream"] = file.stream;
  if (!file.item.empty()) line["item"] = file.item;
  if (!file.file.empty()) line["file"] = file.file;
  line["name"] = file.name;
  line["id"] = file.id;
  line["url"] = file.url;
  return print(line);
}

CatalogDriveFile parse_file(const nlohmann::json& in, const std::string& target) {
  return {.target = target,
          .key = in.at("key").get<std::string>(),
          .source = in.at("source").get<std::string>(),
          .kind = in.at("kind").get<std::string>(),
          .stream = in.value("stream", ""),
          .item = in.value("item", ""),
          .file = in.value("file", ""),
          .name = in.at("name").get<std::string>(),
          .id = in.at("id").get<std::string>(),
          .url = in.at("url").get<std::string>()};
}

// The saves of all targets, or of one, oldest first.
std::vector<Snapshot> saves(Repository& repository, const std::string& tag = {}) {
  auto all = repository.snapshots([](const std::string& id, const std::string& why) {
    log_warning(fmt::format("snapshot {} cannot be read: {}", id.substr(0, 8), why));
  });
  std::erase_if(all, [&](const Snapshot& snapshot) {
    return std::none_of(snapshot.tags.begin(), snapshot.tags.end(), [&](const std::string& each) {
      return tag.empty() ? each.starts_with(tag_name) : each == tag;
    });
  });
  return all;
}

void remove_saves(const JobContext& context, const std::vector<Snapshot>& old) {
  if (old.empty()) return;
  try {
    RepositoryLock lock(context.repository, true, context.clock);
    for (const auto& snapshot : old) context.repository.remove_snapshot(snapshot.id);
  } catch (const Error& error) {
    // It goes the next time.
    log_verbose(fmt::format("an earlier list of the copy's files stays in the repository: {}",
                            error.what()));
  }
}

void import_save(const JobContext& context, const Snapshot& save) {
  auto node =
      find_node(context.repository, save.tree, save.paths.at(0) + "/" + std::string(file_name));
  if (!node) throw Error(fmt::format("snapshot {} holds no list of files", save.id.short_hex()));
  std::string text;
  for (const auto& blob : node->content) text += context.repository.load_blob(BlobType::data, blob);
  std::string target;
  for (const auto& line : split(text, '\n')) {
    if (line.empty()) continue;
    auto in = nlohmann::json::parse(line);
    if (in.contains("probackup")) {
      if (in.at("probackup").get<int>() > document_version)
        throw Error("a list of a copy's files was saved by a newer probackup", "update probackup");
      target = in.at("target").get<std::string>();
      bool known = false;
      context.catalog.drive_files(target, [&](const CatalogDriveFile&) { known = true; });
      if (known) return;
    } else {
      context.catalog.put_drive_file(parse_file(in, target));
    }
  }
}

}  // namespace

void save_drive_files(const JobContext& context, const std::string& target) {
  Repository& repository = context.repository;
  const Time now = context.clock.now();
  auto old = saves(repository, tag_of(target));
  {
    RepositoryLock lock(repository, false, context.clock);
    FileWriter out(repository);
    out.write(print({{"probackup", document_version}, {"target", target}}));
    context.catalog.drive_files(target,
                                [&](const CatalogDriveFile& file) { out.write(print_file(file)); });
    Node node = out.finish();
    std::string path = path_of(target) + "/" + std::string(file_name);
    if (!old.empty()) {
      auto before = find_node(repository, old.back().tree, path);
      if (before && before->content == node.content) return;
    }
    SnapshotTree tree(repository, std::nullopt, now);
    tree.put(path.substr(1), node);
    Snapshot snapshot;
    snapshot.time = now;
    snapshot.tree = tree.save().value();
    snapshot.paths = {path_of(target)};
    snapshot.tags = {tag_of(target)};
    snapshot.program_version = "probackup " PROBACKUP_VERSION;
    repository.save_snapshot(snapshot);
  }
  remove_saves(context, old);
}

std::size_t import_drive_files(const JobContext& context) {
  std::map<std::string, Snapshot> newest;
  for (const auto& save : saves(context.repository)) newest[save.tags.at(0)] = save;
  for (const auto& [tag, save] : newest) {
    try {
      import_save(context, save);
    } catch (const nlohmann::json::exception& error) {
      throw Error(std::string("a list of a copy's files is damaged: ") + error.what(),
                  "run: probackup check --read-data");
    }
  }
  return newest.size();
}

}  // namespace probackup
