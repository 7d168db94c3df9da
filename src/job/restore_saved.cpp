#include "job/restore_saved.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "catalog/sqlite_journal.h"
#include "job/layout.h"
#include "job/snapshot_tree.h"
#include "probackup/error.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;

constexpr int document_version = 1;
constexpr std::string_view journal_name = "journal.jsonl", run_name = "run.json";

std::string print(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json source_json(const SourceRef& source) {
  return {{"app", source.app}, {"account", source.account}};
}

std::string print_run(const CatalogRestore& restore) {
  Json out;
  out["probackup"] = document_version;
  out["restore"] = restore.id;
  out["snapshot"] = restore.snapshot.hex();
  out["source"] = source_json(restore.source);
  out["target"] = source_json(restore.target);
  out["choice"] = Json::parse(restore.choice);
  out["options"] = Json::parse(restore.options);
  out["state"] = restore.state;
  out["message"] = restore.message;
  out["started"] = format_rfc3339(restore.started);
  if (restore.ended) out["ended"] = format_rfc3339(*restore.ended);
  if (restore.paused_until) out["paused_until"] = format_rfc3339(*restore.paused_until);
  out["requests"] = restore.requests;
  out["saved"] = restore.saved;
  out["program_version"] = PROBACKUP_VERSION;
  return print(out, 2);
}

std::optional<Time> time_at(const nlohmann::json& in, const char* name) {
  auto found = in.find(name);
  if (found == in.end()) return std::nullopt;
  return parse_rfc3339(found->get<std::string>());
}

SourceRef parse_source(const nlohmann::json& in) {
  return {in.at("app").get<std::string>(), in.at("account").get<std::string>()};
}

CatalogRestore parse_run(const std::string& text) {
  try {
    auto in = nlohmann::json::parse(text);
    if (in.at("probackup").get<int>() > document_version)
      throw Error("a restore was saved by a newer probackup", "update probackup");
    CatalogRestore out;
    out.id = in.at("restore").get<std::string>();
    auto snapshot = Id::from_hex(in.at("snapshot").get<std::string>());
    if (!snapshot) throw Error("a restore's run.json is damaged: it names no snapshot");
    out.snapshot = *snapshot;
    out.source = parse_source(in.at("source"));
    out.target = parse_source(in.at("target"));
    out.choice = in.at("choice").dump();
    out.options = in.at("options").dump();
    out.state = in.at("state").get<std::string>();
    out.message = in.value("message", "");
    out.started = time_at(in, "started").value_or(Time{});
    out.ended = time_at(in, "ended");
    out.paused_until = time_at(in, "paused_until");
    out.requests = in.value("requests", std::uint64_t{0});
    out.saved = in.at("saved").get<std::uint64_t>();
    return out;
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("a restore's run.json is damaged: ") + error.what(),
                "run: probackup check --read-data");
  }
}

std::string print_entry(const JournalEntry& entry) {
  Json out;
  out["kind"] = entry.kind;
  out["old"] = entry.old_id;
  out["state"] = catalog::state_name(entry.state);
  if (entry.adopted) out["adopted"] = true;
  if (entry.relink) out["relink"] = true;
  if (!entry.new_id.empty()) out["new"] = entry.new_id;
  if (!entry.old_url.empty()) out["old_url"] = entry.old_url;
  if (!entry.new_url.empty()) out["new_url"] = entry.new_url;
  if (!entry.title.empty()) out["title"] = entry.title;
  if (entry.sent != Time{}) out["sent"] = format_rfc3339(entry.sent);
  if (!entry.notes.empty()) out["notes"] = entry.notes;
  return print(out);
}

JournalEntry parse_entry(std::string_view line) {
  try {
    auto in = nlohmann::json::parse(line);
    return {.kind = in.at("kind").get<std::string>(),
            .old_id = in.at("old").get<std::string>(),
            .state = catalog::parse_state(in.at("state").get<std::string>()),
            .adopted = in.value("adopted", false),
            .relink = in.value("relink", false),
            .new_id = in.value("new", ""),
            .old_url = in.value("old_url", ""),
            .new_url = in.value("new_url", ""),
            .title = in.value("title", ""),
            .sent = time_at(in, "sent").value_or(Time{}),
            .notes = in.value("notes", std::vector<std::string>{})};
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("a restore's journal.jsonl is damaged: ") + error.what(),
                "run: probackup check --read-data");
  }
}

// The lines of a file, one blob at a time.
class Lines {
 public:
  Lines(Repository& repository, Node file) : repository_(repository), file_(std::move(file)) {}

  std::optional<std::string> next() {
    for (;;) {
      if (auto end = text_.find('\n', at_); end != std::string::npos) {
        std::string line = text_.substr(at_, end - at_);
        at_ = end + 1;
        return line;
      }
      if (blob_ == file_.content.size()) return std::nullopt;
      text_.erase(0, at_);
      at_ = 0;
      text_ += repository_.load_blob(BlobType::data, file_.content[blob_++]);
    }
  }

 private:
  Repository& repository_;
  Node file_;
  std::string text_;
  std::size_t at_ = 0, blob_ = 0;
};

// One save of a restore.
struct Saved {
  Snapshot snapshot;
  CatalogRestore restore;
};

Node file_of(Repository& repository, const Snapshot& snapshot, const std::string& restore,
             std::string_view name) {
  auto node =
      find_node(repository, snapshot.tree, fmt::format("{}/{}", restore_path(restore), name));
  if (!node)
    throw Error(
        fmt::format("snapshot {} has no {} of restore {}", snapshot.id.short_hex(), name, restore),
        "run: probackup check");
  return *node;
}

std::vector<Snapshot> saves(Repository& repository) {
  auto all = repository.snapshots([](const std::string& id, const std::string& why) {
    log_warning(fmt::format("snapshot {} cannot be read: {}", id.substr(0, 8), why));
  });
  std::erase_if(all, [](const Snapshot& snapshot) { return !restore_of(snapshot); });
  return all;
}

// The newest save of each restore whose id begins like this.
std::map<std::string, Saved> newest_saves(Repository& repository, const std::string& prefix) {
  std::map<std::string, Saved> out;
  for (const Snapshot& snapshot : saves(repository)) {
    std::string id = *restore_of(snapshot);
    if (!id.starts_with(prefix)) continue;
    auto restore =
        parse_run(read_small_file(repository, file_of(repository, snapshot, id, run_name)));
    auto [at, is_new] = out.try_emplace(id, Saved{snapshot, restore});
    if (!is_new && restore.saved >= at->second.restore.saved) at->second = {snapshot, restore};
  }
  return out;
}

// A save of a run that had just begun: its catalog alone knows what the run made.
CatalogRestore as_read(const Saved& saved) {
  CatalogRestore out = saved.restore;
  if (out.state != "running") return out;
  out.state = "elsewhere";
  out.message = fmt::format("it goes on since {} with another catalog, on {}, or broke off there",
                            format_rfc3339_seconds(saved.snapshot.time), saved.snapshot.hostname);
  return out;
}

}  // namespace

Id save_restore(const JobContext& context, CatalogRestore& restore) {
  Repository& repository = context.repository;
  CatalogRestore saved = restore;
  ++saved.saved;
  const Time now = context.clock.now();
  SnapshotTree tree(repository, std::nullopt, now);
  const std::string folder = restore_path(restore.id).substr(1) + "/";

  FileWriter journal(repository);
  auto entries = context.catalog.open_journal(restore.id, JournalUse::read);
  entries->each("", [&](const JournalEntry& entry) {
    journal.write(print_entry(entry));
    return true;
  });
  tree.put(folder + std::string(journal_name), journal.finish());
  FileWriter run(repository);
  run.write(print_run(saved));
  tree.put(folder + std::string(run_name), run.finish());

  Snapshot snapshot;
  snapshot.time = now;
  snapshot.tree = tree.save().value();
  snapshot.paths = {restore_path(restore.id)};
  snapshot.tags = {restore_tag(restore.id)};
  snapshot.program_version = "probackup " PROBACKUP_VERSION;
  Id id = repository.save_snapshot(snapshot);
  restore.saved = saved.saved;
  context.catalog.update_restore(restore);
  return id;
}

void remove_earlier_saves(const JobContext& context, const CatalogRestore& restore,
                          const Id& kept) {
  try {
    std::optional<RepositoryLock> lock;
    for (const Snapshot& snapshot : saves(context.repository)) {
      if (snapshot.id == kept || restore_of(snapshot) != restore.id) continue;
      if (!lock) lock.emplace(context.repository, true, context.clock);
      context.repository.remove_snapshot(snapshot.id);
    }
  } catch (const Error& error) {
    log_verbose(fmt::format("an earlier journal of restore {} stays in the repository: {}",
                            restore.id, error.what()));
  }
}

std::size_t import_restores(const JobContext& context, const std::string& id) {
  std::size_t count = 0;
  for (const auto& [name, saved] : newest_saves(context.repository, to_lower(id))) {
    auto known = context.catalog.restore(name);
    if (known && (known->saved >= saved.restore.saved || known->state == "running")) continue;
    Lines lines(context.repository,
                file_of(context.repository, saved.snapshot, name, journal_name));
    context.catalog.import_restore(as_read(saved), [&]() -> std::optional<JournalEntry> {
      auto line = lines.next();
      return line ? std::optional(parse_entry(*line)) : std::nullopt;
    });
    ++count;
  }
  return count;
}

CatalogRestore find_restore(const JobContext& context, const std::string& id) {
  import_restores(context, id);
  if (auto found = context.catalog.restore(id)) return *found;
  std::vector<std::string> known;
  for (const auto& restore : context.catalog.restores(0)) known.push_back(restore.id);
  throw Error(ErrorKind::usage,
              fmt::format("there is no restore {}{}", id, did_you_mean(id, known)),
              known.empty() ? "nothing was restored into an app yet"
                            : "restores, newest first: " + join(known, ", "));
}

}  // namespace probackup
