#include "git/chain.h"

#include <fmt/format.h>

#include "git/lfs.h"
#include "util/bytes.h"
#include "util/file.h"
#include "util/hash.h"

namespace probackup {
namespace {

constexpr std::size_t listing_bytes_max = 512u << 20;

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

bool has_new_objects(const GitProgram& git, bool full, std::stop_token stop) {
  bool any = false;
  git.must("look for new objects",
           with({"rev-list", "--objects", "--max-count=1"}, next_range(full)), stop,
           [&](std::string_view piece) { any = any || !piece.empty(); });
  return any;
}

// "ID NAME" lines of `git bundle unbundle`.
void add_tips(std::string_view listing, std::vector<std::string>& tips) {
  while (!listing.empty()) {
    auto end = listing.find('\n');
    auto id = listing.substr(0, listing.find_first_of(" \n"));
    if (!is_object_id(id)) throw Error("git bundle unbundle printed a line without an object id");
    tips.emplace_back(id);
    listing.remove_prefix(end == std::string_view::npos ? listing.size() : end + 1);
  }
}

std::size_t id_digits_of(const RefTable& refs) {
  auto tips = refs.tips();
  return tips.empty() ? 40 : tips.front().size();
}

}  // namespace

std::map<std::string, std::string> base_names(const std::vector<std::string>& tips) {
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < tips.size(); ++i) out[fmt::format("{}{}", base_refs, i)] = tips[i];
  return out;
}

std::vector<std::string> next_range(bool full) {
  std::vector<std::string> out = {fmt::format("--exclude={}*", base_refs), "--all"};
  if (full) return out;
  out.emplace_back("--not");
  out.push_back(fmt::format("--glob={}*", base_refs));
  return out;
}

void import_bundles(const GitProgram& git, const std::vector<GitFile>& bundles, GitFiles& files,
                    const std::filesystem::path& scratch, std::stop_token stop) {
  std::vector<std::string> tips;
  const auto bundle = scratch / "incoming.bundle";
  for (const auto& file : bundles) {
    copy_out(files, file, bundle);
    std::string listing;
    git.must("read " + file.name, {"bundle", "unbundle", bundle.string()}, stop,
             [&](std::string_view piece) {
               if (listing.size() + piece.size() > listing_bytes_max)
                 throw Error(file.name + " names too many refs");
               listing += piece;
             });
    std::filesystem::remove(bundle);
    add_tips(listing, tips);
    // git takes the next bundle only if refs reach the commits that it builds on.
    git.set_refs(base_names(tips), "");
  }
}

void append_bundle(const GitProgram& git, bool full, const RefTable& refs,
                   std::vector<GitFile>& bundles, GitFiles& files, std::stop_token stop) {
  if (!has_new_objects(git, full, stop)) return;  // git refuses to make an empty bundle
  auto digest = sha256(refs.to_json_lines());
  GitFile file{fmt::format("{:04}-{}.bundle", bundles.size() + 1, digest.hex().substr(0, 16))};
  auto sink = files.create(file.name);
  git.must("pack the objects", with({"bundle", "create", "--quiet", "-"}, next_range(full)), stop,
           [&](std::string_view piece) {
             sink->write(piece);
             file.size += piece.size();
           });
  sink->finish();
  bundles.push_back(std::move(file));
}

void restore_git(const GitSnapshot& snapshot, GitFiles& files, const std::filesystem::path& target,
                 std::stop_token stop) {
  const auto folder = std::filesystem::absolute(target);
  if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder))
    throw Error(fmt::format("the folder {} is not empty", folder.string()),
                "name a folder that does not exist");
  make_folders(folder);
  TempFolder home;
  GitProgram git(home.path(), folder);
  git.init(id_digits_of(snapshot.refs), stop);
  import_bundles(git, snapshot.bundles, files, folder, stop);

  auto names = snapshot.refs.ids;
  git.set_refs(names, snapshot.refs.head);
  git.must("find every object", {"rev-list", "--objects", "--quiet", "--all"}, stop);
  for (const auto& object : snapshot.lfs) copy_out(files, object, lfs_path(folder, object.name));
}

}  // namespace probackup
