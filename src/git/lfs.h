// Git LFS objects: the large files that a repository's commits only point to.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "git/files.h"
#include "git/program.h"

namespace probackup {

// True when a commit that the next bundle holds brings a .gitattributes with "filter=lfs".
// `full` as in next_range().
bool asks_for_lfs(const GitProgram& git, bool full, std::stop_token stop);

// Fetches all LFS objects that the refs reach with `git lfs`, and gives those to `files` that
// `known` lacks; they are added to it. Returns false, with a reason in `gaps`, when some could not
// be read.
bool add_lfs_objects(const GitProgram& git, const GitRemote& remote, std::vector<GitFile>& known,
                     GitFiles& files, std::vector<std::string>& gaps, std::stop_token stop);

// Where Git LFS looks for the object named "lfs/<64 hex digits>" in a bare repository. Throws Error
// for any other name.
std::filesystem::path lfs_path(const std::filesystem::path& repository, const std::string& name);

}  // namespace probackup
