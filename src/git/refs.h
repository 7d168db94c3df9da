// What a git repository's names point to: branches, tags, and everything else below refs/.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace probackup {

// The names of one repository at one moment. It is the truth about them; bundles only carry
// objects.
struct RefTable {
  std::map<std::string, std::string> ids;  // "refs/heads/main" → object id in lower-case hex
  std::string head;  // what HEAD names ("refs/heads/main"), an object id when detached, "" unknown
  // Git LFS: no commit ever asked for it; every object is there; some could not be read.
  enum class Lfs { none, complete, incomplete } lfs = Lfs::none;

  bool operator==(const RefTable&) const = default;
  // Ids of all names and of a detached HEAD, sorted, each once.
  std::vector<std::string> tips() const;

  // JSON lines: {"head":…,"lfs":…} first, then {"ref":…,"id":…} sorted by name; a name that is not
  // UTF-8 is given as "head_base64" or "ref_base64".
  std::string to_json_lines() const;
  // Inverse of to_json_lines(). Throws Error for anything else, for names and ids that are not
  // safe.
  static RefTable from_json_lines(std::string_view text);
};

// True for 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
bool is_object_id(std::string_view text);
// True for a full name below refs/ that git-check-ref-format(1) accepts.
bool is_ref_name(std::string_view name);
// True for names that the host computes by itself and that cannot be pushed: trial merges of open
// pull and merge requests. They change with every push to the target branch. The patterns are those
// of trial_merge_patterns.
bool is_trial_merge(std::string_view name);

// Reads the output of `git ls-remote --symref`. Peeled tags and trial merges are left out; a name
// that is not safe or lies below own_refs is added to `refused`. Throws Error for what is no such
// output.
RefTable parse_ls_remote(std::string_view output, std::vector<std::string>& refused);

// The `packed-refs` file of a repository (gitrepository-layout(5)) holding exactly these names.
std::string packed_refs(const std::map<std::string, std::string>& ids);

// Where a mirror keeps names of its own; never taken from a remote.
inline constexpr std::string_view own_refs = "refs/probackup/";
// As refspecs, with one * each.
inline constexpr std::string_view trial_merge_patterns[] = {"refs/pull/*/merge",
                                                            "refs/merge-requests/*/merge"};

}  // namespace probackup
