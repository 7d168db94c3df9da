#include "git/mirror.h"

#include <fmt/format.h>

#include "git/lfs.h"
#include "probackup/error.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t listing_bytes_max = 512u << 20;

// Collects a listing that must fit in memory.
GitProgram::Output collect(std::string& out) {
  return [&out](std::string_view piece) {
    if (out.size() + piece.size() > listing_bytes_max)
      throw Error("a git repository has too many refs to be listed");
    out += piece;
  };
}

// The id on the line "ID\tNAME" of a listing, or "".
std::string id_of(std::string_view listing, std::string_view name) {
  auto end = listing.find(fmt::format("\t{}\n", name));
  if (end == std::string_view::npos) return "";
  auto line = listing.substr(0, end);
  return std::string(line.substr(line.rfind('\n') + 1));
}

bool same_names(const RefTable& a, const RefTable& b) {
  return a.ids == b.ids && a.head == b.head;
}

bool can_continue(const std::optional<GitSnapshot>& before, std::size_t id_digits) {
  if (!before || before->bundles.empty()) return false;
  if (before->bundles.size() >= GitMirror::bundles_max) return false;
  auto tips = before->refs.tips();
  return tips.empty() || tips.front().size() == id_digits;
}

}  // namespace

GitMirror::GitMirror(std::filesystem::path folder)
    : folder_(std::filesystem::absolute(folder)), git_(folder_ / "home", folder_ / "mirror.git") {}

GitResult GitMirror::update(const GitRemote& remote, const std::optional<GitSnapshot>& before,
                            bool missing_is_empty, GitFiles& files, std::stop_token stop) {
  check_git_url(remote);
  make_folders(folder_ / "home");
  bool never_held = !before || (before->refs.ids.empty() && before->bundles.empty());
  GitResult result;
  auto wanted = list(remote, missing_is_empty && never_held, result.gaps, stop);
  if (before) result.now = *before;
  if (before && same_names(wanted, before->refs) && before->refs.lfs != RefTable::Lfs::incomplete) {
    result.unchanged = true;
    return result;
  }
  if (wanted.tips().empty()) {  // nothing to fetch; what was there stays in the earlier bundles
    wanted.lfs = result.now.refs.lfs;
    result.now.refs = std::move(wanted);
    return result;
  }
  const auto start = result;
  for (bool again = false;; again = true) {
    try {
      read(remote, wanted, before, files, result, stop);
      return result;
    } catch (const Error& error) {
      auto refused = dynamic_cast<const GitRemoteError*>(&error);
      if (again || error.kind() == ErrorKind::interrupted || (refused && refused->status() != 0))
        throw;
      if (is_sound(stop)) throw;
      log_warning(fmt::format("the local copy {} is damaged and is made again",
                              git_.repository().string()));
      std::filesystem::remove_all(git_.repository());
      result = start;
    }
  }
}

RefTable GitMirror::list(const GitRemote& remote, bool missing_is_empty,
                         std::vector<std::string>& gaps, std::stop_token stop) const {
  std::string listing;
  try {
    git_.remote(remote, {"ls-remote", "--quiet", "--symref", "--", remote.url}, false, stop,
                collect(listing));
  } catch (const GitRemoteError& error) {
    if (error.status() == 404 && missing_is_empty) return {};
    throw;
  }
  std::vector<std::string> refused;
  auto out = parse_ls_remote(listing, refused);
  for (const auto& name : refused)
    gaps.push_back(fmt::format("the ref {} was not read: its name is not safe", valid_utf8(name)));
  return out;
}

void GitMirror::read(const GitRemote& remote, const RefTable& wanted,
                     const std::optional<GitSnapshot>& before, GitFiles& files, GitResult& result,
                     std::stop_token stop) const {
  auto& now = result.now;
  bool full = !prepare(before, wanted.tips().front().size(), files, stop);
  auto lfs = now.refs.lfs;
  now.refs = fetch(remote, wanted, stop);
  now.refs.lfs = lfs;
  if (lfs == RefTable::Lfs::none && asks_for_lfs(git_, full, stop))
    now.refs.lfs = RefTable::Lfs::incomplete;
  if (full) {
    result.restarted = !now.bundles.empty();
    now.bundles.clear();
  }
  append_bundle(git_, full, now.refs, now.bundles, files, stop);

  git_.set_refs(now.refs.ids, now.refs.head);
  if (result.restarted) git_.must("tidy up", {"gc", "--quiet", "--prune=now"}, stop);
  if (now.refs.lfs == RefTable::Lfs::none) return;
  bool complete = add_lfs_objects(git_, remote, now.lfs, files, result.gaps, stop);
  now.refs.lfs = complete ? RefTable::Lfs::complete : RefTable::Lfs::incomplete;
}

// Makes the local copy hold what the earlier bundles hold. False when the next bundle must be full.
bool GitMirror::prepare(const std::optional<GitSnapshot>& before, std::size_t id_digits,
                        GitFiles& files, std::stop_token stop) const {
  bool continues = can_continue(before, id_digits);
  if (before && take_as_base(before->refs, stop)) return continues;
  start_anew(id_digits, stop);
  if (!continues) return false;
  try {
    import_bundles(git_, before->bundles, files, folder_, stop);
    if (take_as_base(before->refs, stop)) return true;
    log_warning("the earlier bundles of a git repository lack objects; it is read anew");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    log_warning(
        fmt::format("the earlier bundles of a git repository cannot be used ({}); it is "
                    "read anew",
                    error.what()));
  }
  start_anew(id_digits, stop);
  return false;
}

// Makes the tips of `refs` the only names in the local copy. False when it does not hold them all.
bool GitMirror::take_as_base(const RefTable& refs, std::stop_token stop) const {
  if (!std::filesystem::exists(git_.repository() / "HEAD")) return false;
  git_.set_refs(base_names(refs.tips()), "");
  return git_.run({"for-each-ref", "--format=%(objecttype)"}, stop).exit_code == 0;
}

RefTable GitMirror::fetch(const GitRemote& remote, const RefTable& wanted,
                          std::stop_token stop) const {
  std::vector<std::string> arguments = {"fetch",
                                        "--quiet",
                                        "--no-tags",
                                        "--no-write-fetch-head",
                                        "--no-auto-maintenance",
                                        "--no-recurse-submodules",
                                        "--",
                                        remote.url,
                                        "+refs/*:refs/*",
                                        fmt::format("^{}*", own_refs)};
  for (auto pattern : trial_merge_patterns) arguments.push_back(fmt::format("^{}", pattern));
  if (is_object_id(wanted.head)) arguments.push_back(fmt::format("+HEAD:{}", detached_ref));
  git_.remote(remote, arguments, true, stop);

  // The remote may have moved since it was listed: what was fetched is the truth.
  std::string listing;
  git_.must("list the refs", {"for-each-ref", "--format=%(objectname)%09%(refname)"}, stop,
            collect(listing));
  std::vector<std::string> own;
  auto out = parse_ls_remote(listing, own);
  out.head = is_object_id(wanted.head) ? id_of(listing, detached_ref) : wanted.head;
  git_.set_head(out.head);
  return out;
}

bool GitMirror::is_sound(std::stop_token stop) const {
  return std::filesystem::exists(git_.repository() / "HEAD") &&
         git_.run({"fsck", "--no-dangling", "--no-progress"}, stop).exit_code == 0;
}

void GitMirror::start_anew(std::size_t id_digits, std::stop_token stop) const {
  std::filesystem::remove_all(git_.repository());
  git_.init(id_digits, stop);
}

}  // namespace probackup
