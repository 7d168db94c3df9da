#include "rig.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "connector/model.h"
#include "git/backup.h"
#include "job/settings.h"
#include "unit/git/git_fixture.h"
#include "util/raw_json.h"
#include "util/text.h"

namespace probackup::test {
namespace {

constexpr const char* password = "password";

nlohmann::json settings_of(const Connector& connector, App& app) {
  SettingSources from;
  from.credentials = app.account().settings();
  from.credentials.merge(app.settings());
  from.environment = [](const std::string&) { return std::nullopt; };
  return resolve_settings(connector, {app.account().app(), ""}, from);
}

// The first place where two documents differ, for a message.
std::string first_difference(const std::string& got, const std::string& want) {
  const auto a = nlohmann::json::parse(got), b = nlohmann::json::parse(want);
  const auto patch = nlohmann::json::diff(b, a);
  if (patch.empty()) return "the same values, written differently";
  return patch.at(0).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 300);
}

// The folders below git/.
std::set<std::string> mirrors_of(SnapshotReader& reader) {
  std::set<std::string> out;
  reader.git([&](const std::string& path, const Node&) {
    out.insert(path.substr(0, path.find('/')));
    return true;
  });
  return out;
}

// As git_test::names_of() prints those of a repository.
std::string names_in(const RefTable& refs) {
  std::vector<std::string> lines;
  for (const auto& [name, id] : refs.ids) lines.push_back(id + " " + name);
  const std::string head = refs.head.empty() ? "refs/heads/main" : refs.head;  // as restored
  return join(lines, "\n") + "\nHEAD ref: " + head + "\n";
}

}  // namespace

Rig::Rig(const std::string& app, std::uint64_t seed, const AppOptions& options, Storage& storage)
    : app_(make_app(app, seed, options, clock_)) {
  RepositoryOptions repository;
  repository.workers = 2;
  Repository::init(storage, password, beside_, repository);
  repository_ = Repository::open(storage, password, beside_, repository);
  catalog_ = Catalog::open(":memory:", repository_->id());
  Connector connector = ConnectorSet().get(account().app());
  auto settings = settings_of(connector, *app_);
  source_ = std::make_unique<ConnectorSource>(std::move(connector),
                                              SourceRef{account().app(), app_->owner()},
                                              std::move(settings), *http_, clock_);
  source_->check({});
}

BackupReport Rig::backup() {
  auto source = source_->backup_source({}, [](const EngineProgress&) {});
  source.local_git = true;
  source.git_cache = (folder_.path() / "mirrors").string();
  return probackup::backup({*repository_, *catalog_, beside_}, source, {}, {});
}

std::optional<Id> Rig::newest() {
  const auto all = source_snapshots(*repository_);
  if (all.empty()) return std::nullopt;
  return all.back().id;
}

Contents Rig::contents(const Id& snapshot) {
  Contents out;
  SnapshotReader reader(*repository_, repository_->load_snapshot(snapshot));
  for (const auto& stream : reader.streams()) {
    auto& records = out.streams[stream];
    reader.records(stream, [&](const SnapshotRecord& record) {
      const bool is_new = records.emplace(record.key, record.raw).second;
      if (!is_new) records[std::string(record.key) + " (twice)"] = record.raw;
      return true;
    });
  }
  reader.files([&](const SnapshotFile& file) {
    auto& bytes = out.files[file.key + "/" + file.id];
    read_file_node(*repository_, file.node, [&](std::string_view piece) { bytes += piece; });
    return true;
  });
  for (const auto& mirror : mirrors_of(reader))
    out.git[mirror] = names_in(load_git(*repository_, reader.git_tree(mirror)).refs);
  out.gaps = reader.gaps();
  return out;
}

std::map<std::string, std::string> Rig::restored_git(const Id& snapshot) {
  std::map<std::string, std::string> out;
  SnapshotReader reader(*repository_, repository_->load_snapshot(snapshot));
  for (const auto& mirror : mirrors_of(reader)) {
    const auto tree = reader.git_tree(mirror);
    SnapshotGitFiles files(*repository_, tree);
    TempFolder target;
    restore_git(load_git(*repository_, tree), files, target.path() / "repository");
    out[mirror] = git_test::names_of(target.path() / "repository");
  }
  return out;
}

bool Rig::is_same(const std::string& stream, const std::string& got, const std::string& want,
                  bool exact) const {
  if (got == want) return true;
  auto left_out = app_->signed_fields();
  const auto* model = source_->connector().model().stream(stream);
  if (model && !exact)
    left_out.insert(left_out.end(), model->volatile_fields.begin(), model->volatile_fields.end());
  RawJson json;
  return !left_out.empty() && json.without(got, left_out) == json.without(want, left_out);
}

std::vector<std::string> Rig::differences(const Contents& got, bool exact) {
  const auto want = app_->expected();
  std::vector<std::string> out;
  const auto compare = [&](const std::string& name, const TestAccount::Truth& have,
                           const TestAccount::Truth& truth, const auto& same, const auto& say) {
    for (const auto& [key, raw] : truth) {
      const auto found = have.find(key);
      if (found == have.end())
        out.push_back(fmt::format("{}/{}: missing", name, key));
      else if (!same(found->second, raw))
        out.push_back(fmt::format("{}/{}: {}", name, key, say(found->second, raw)));
    }
    for (const auto& [key, raw] : have)
      if (!truth.contains(key)) out.push_back(fmt::format("{}/{}: should not be there", name, key));
  };
  static const TestAccount::Truth none;
  auto names = want;
  for (const auto& [stream, records] : got.streams) names[stream];
  for (const auto& [stream, ignored] : names) {
    const auto have = got.streams.find(stream);
    const auto truth = want.find(stream);
    compare(
        stream, have == got.streams.end() ? none : have->second,
        truth == want.end() ? none : truth->second,
        [&](const auto& a, const auto& b) { return is_same(stream, a, b, exact); },
        first_difference);
  }
  const auto sizes = [](const auto& a, const auto& b) {
    return fmt::format("{} bytes instead of {}", a.size(), b.size());
  };
  const auto texts = [](const auto& a, const auto& b) {
    return fmt::format("{} instead of {}", a, b);
  };
  compare("files", got.files, app_->expected_files(), std::equal_to<>(), sizes);
  compare("git", got.git, app_->expected_git(), std::equal_to<>(), texts);
  return out;
}

bool Rig::is_explained(const std::string& difference, const std::vector<Gap>& gaps) const {
  const auto slash = difference.find('/');
  const std::string stream = difference.substr(0, slash);
  const std::string rest = difference.substr(slash + 1);
  const auto hangs_below = [&](const std::string& above) {
    std::set<std::string> seen;
    std::vector<std::string> open{stream};
    while (!open.empty()) {
      const std::string name = open.back();
      open.pop_back();
      if (name == above) return true;
      const auto* model = source_->connector().model().stream(name);
      if (!model || !seen.insert(name).second) continue;
      for (const auto& from : model->sources)
        open.insert(open.end(), from.each.begin(), from.each.end());
    }
    return false;
  };
  // Nothing counts as deleted in a listing that has a gap anywhere.
  const bool is_left = rest.ends_with(": should not be there");
  for (const auto& gap : gaps) {
    if (is_left && (stream == "files" || hangs_below(gap.stream))) return true;
    if (stream == "files") {
      if (rest.starts_with(gap.key + "/") || gap.key.empty()) return true;
      continue;
    }
    if (gap.stream == stream && !gap.key.empty() && gap.file.empty() &&
        rest.starts_with(gap.key + ":"))
      return true;
    const bool is_listing = gap.key.empty() && gap.file.empty();
    if (is_listing && hangs_below(gap.stream)) return true;
  }
  return false;
}

unsigned seed_count(unsigned quick) {
  const char* wanted = std::getenv("PROBACKUP_SEEDS");
  const long count = wanted ? std::strtol(wanted, nullptr, 10) : 0;
  return count > 0 ? static_cast<unsigned>(count) : quick;
}

}  // namespace probackup::test
