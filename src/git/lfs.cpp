#include "git/lfs.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "git/chain.h"
#include "git/refs.h"
#include "probackup/error.h"
#include "util/hash.h"

namespace probackup {
namespace {

constexpr std::string_view name_prefix = "lfs/";
constexpr std::size_t objects_max = 5'000'000;
constexpr std::size_t read_bytes = 1 << 20;

bool is_lfs_id(std::string_view text) {
  return text.size() == 64 && is_object_id(text);
}

// Gives one object to `files`. False when its bytes are not those that its name stands for.
bool store(const std::filesystem::path& path, GitFile& object, GitFiles& files) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read {}", path.string()));
  auto sink = files.create(object.name);
  Sha256 digest;
  std::string buffer(read_bytes, '\0');
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    std::string_view piece(buffer.data(), static_cast<std::size_t>(in.gcount()));
    digest.update(piece);
    sink->write(piece);
    object.size += piece.size();
  }
  if (in.bad()) throw Error(fmt::format("cannot read {}", path.string()));
  if (name_prefix.data() + digest.finish().hex() != object.name) return false;
  sink->finish();
  return true;
}

// The objects in the local copy whose names `known` lacks, sorted.
std::vector<std::filesystem::path> new_objects(const std::filesystem::path& folder,
                                               const std::vector<GitFile>& known) {
  std::vector<std::filesystem::path> out;
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, missing)) {
    auto id = entry.path().filename().string();
    if (!is_lfs_id(id) || !entry.is_regular_file()) continue;
    if (out.size() >= objects_max)
      throw Error(fmt::format("more than {} LFS objects", objects_max));
    auto place = std::ranges::lower_bound(known, name_prefix.data() + id, {}, &GitFile::name);
    if (place == known.end() || place->name != name_prefix.data() + id) out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

bool asks_for_lfs(const GitProgram& git, bool full, std::stop_token stop) {
  bool found = false;
  std::vector<std::string> arguments = {"log", "--max-count=1", "--format=%H",   "--no-patch",
                                        "-m",  "--no-textconv", "--no-ext-diff", "-Gfilter=lfs"};
  auto range = next_range(full);
  arguments.insert(arguments.end(), range.begin(), range.end());
  arguments.insert(arguments.end(), {"--", ":(glob)**/.gitattributes"});
  git.must("look for Git LFS files", arguments, stop,
           [&](std::string_view piece) { found = found || !piece.empty(); });
  return found;
}

bool add_lfs_objects(const GitProgram& git, const GitRemote& remote, std::vector<GitFile>& known,
                     GitFiles& files, std::vector<std::string>& gaps, std::stop_token stop) {
  bool complete = true;
  if (!git.has_lfs(stop)) {
    gaps.push_back(
        "the large files (Git LFS) were not read: install git-lfs on this machine and run again");
    return false;
  }
  try {
    git.remote(remote, {"lfs", "fetch", "--all", "origin"}, true, stop);
  } catch (const GitRemoteError& error) {
    gaps.push_back(fmt::format("some large files (Git LFS) were not read: {}", error.what()));
    complete = false;
  }
  std::vector<GitFile> added;
  for (const auto& path : new_objects(git.repository() / "lfs" / "objects", known)) {
    GitFile object{name_prefix.data() + path.filename().string()};
    if (store(path, object, files)) {
      added.push_back(std::move(object));
      continue;
    }
    gaps.push_back(fmt::format("the large file {} was damaged in the local copy", object.name));
    std::filesystem::remove(path);
    complete = false;
  }
  known.insert(known.end(), added.begin(), added.end());
  std::ranges::sort(known, {}, &GitFile::name);
  return complete;
}

std::filesystem::path lfs_path(const std::filesystem::path& repository, const std::string& name) {
  auto id = name.starts_with(name_prefix) ? name.substr(name_prefix.size()) : "";
  if (!is_lfs_id(id)) throw Error(fmt::format("\"{}\" names no Git LFS object", name));
  return repository / "lfs" / "objects" / id.substr(0, 2) / id.substr(2, 2) / id;
}

}  // namespace probackup
