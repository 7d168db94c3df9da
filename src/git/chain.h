// A git repository as files: refs and a chain of incremental bundles, and back.
//
// Bundles (git-bundle(1)) are ordered oldest first; each carries only objects that those before it
// do not have. The refs are the truth about names; what a force push or a deletion took away stays
// in the earlier bundles.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "git/files.h"
#include "git/program.h"
#include "git/refs.h"

namespace probackup {

// What a snapshot holds of one repository.
struct GitSnapshot {
  std::vector<GitFile> bundles;  // oldest first
  std::vector<GitFile> lfs;      // sorted by name
  RefTable refs;
};

// Names under which a mirror keeps the tips that the bundles before hold.
inline constexpr std::string_view base_refs = "refs/probackup/base/";
// Where a mirror keeps a HEAD that no name holds.
inline constexpr std::string_view detached_ref = "refs/probackup/head";

// "refs/probackup/base/0" and so on → id.
std::map<std::string, std::string> base_names(const std::vector<std::string>& tips);

// The objects that the next bundle is to hold, as arguments of git-rev-list(1): everything that the
// refs reach and, unless `full`, the base_refs do not.
std::vector<std::string> next_range(bool full);

// Puts the objects of all bundles into the repository of `git`, which must be new. Its refs are
// undefined afterwards. `scratch`: a folder for one bundle at a time. Throws Error.
void import_bundles(const GitProgram& git, const std::vector<GitFile>& bundles, GitFiles& files,
                    const std::filesystem::path& scratch, std::stop_token stop);

// Adds a bundle of next_range(full), or nothing when that is empty: only names changed. Throws
// Error.
void append_bundle(const GitProgram& git, bool full, const RefTable& refs,
                   std::vector<GitFile>& bundles, GitFiles& files, std::stop_token stop);

// Makes the bare repository `target` (a folder that does not exist or is empty) with exactly the
// refs of `snapshot` and every object of its bundles, LFS objects included. Throws Error, also when
// an object that a ref reaches is missing in the end.
void restore_git(const GitSnapshot& snapshot, GitFiles& files, const std::filesystem::path& target,
                 std::stop_token stop = {});

}  // namespace probackup
