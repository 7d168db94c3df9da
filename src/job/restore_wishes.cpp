#include "job/restore_wishes.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "probackup/error.h"

namespace probackup {
namespace {

constexpr std::array<std::pair<Conflict, const char*>, 3> conflicts = {
    {{Conflict::copy, "copy"}, {Conflict::skip, "skip"}, {Conflict::replace, "replace"}}};

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Snapshot earlier_snapshot(Repository& repository, const std::string& id) {
  auto parsed = Id::from_hex(id);
  if (!parsed) throw Error("a restore's choice is damaged: it names no snapshot");
  try {
    return repository.load_snapshot(*parsed);
  } catch (const NotFound&) {
    throw Error(fmt::format("snapshot {}, which the restore takes deleted records from, is not in "
                            "the repository any more",
                            parsed->short_hex()),
                "begin a new restore");
  }
}

}  // namespace

std::string print_choice(const RestoreChoice& choice) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  if (!choice.only.empty()) out["only"] = choice.only;
  if (!choice.include.empty()) out["include"] = choice.include;
  if (choice.deleted_since) out["deleted_since"] = choice.deleted_since->id.hex();
  if (choice.sample > 0) out["sample"] = choice.sample;
  return dump(out);
}

std::string print_options(const RestoreWishes& wishes) {
  nlohmann::ordered_json out;
  for (const auto& [value, name] : conflicts)
    if (value == wishes.conflict) out["conflict"] = name;
  out["notify"] = wishes.notify;
  if (!wishes.target.empty()) out["target"] = wishes.target;
  if (!wishes.known.empty()) out["known"] = wishes.known;
  return dump(out);
}

RestoreWishes parse_wishes(Repository& repository, const CatalogRestore& restore) {
  using Map = std::map<std::string, std::string>;
  try {
    RestoreWishes out;
    auto choice = nlohmann::json::parse(restore.choice);
    out.choice.only = choice.value("only", std::vector<std::string>{});
    out.choice.include = choice.value("include", std::vector<std::string>{});
    out.choice.sample = choice.value("sample", std::uint64_t{0});
    if (choice.contains("deleted_since"))
      out.choice.deleted_since =
          earlier_snapshot(repository, choice["deleted_since"].get<std::string>());
    auto options = nlohmann::json::parse(restore.options);
    std::string conflict = options.value("conflict", "copy");
    for (const auto& [value, name] : conflicts)
      if (conflict == name) out.conflict = value;
    out.notify = options.value("notify", false);
    out.target = options.value("target", Map{});
    out.known = options.value("known", Map{});
    return out;
  } catch (const nlohmann::json::exception& error) {
    throw Error(
        fmt::format("what was asked of restore {} cannot be read: {}", restore.id, error.what()));
  }
}

}  // namespace probackup
