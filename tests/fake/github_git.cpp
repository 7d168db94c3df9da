#include "fake/github_git.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <tuple>

#include "probackup/error.h"
#include "util/file.h"
#include "util/process.h"
#include "util/text.h"

namespace probackup {

namespace {

namespace fs = std::filesystem;

const std::string branch_prefix = "refs/heads/";

bool is_hex(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "12,3" or "12", as hunk headers count lines.
std::pair<int, int> range_of(std::string_view text) {
  int first = 0;
  int count = 1;
  const auto comma = std::min(text.find(','), text.size());
  std::from_chars(text.data(), text.data() + comma, first);
  if (comma < text.size()) {
    std::from_chars(text.data() + comma + 1, text.data() + text.size(), count);
  }
  return {first, count};
}

}  // namespace

GithubGit::Output GithubGit::git(const std::string& name,
                                 std::vector<std::string> arguments) const {
  Output output;
  arguments.insert(arguments.begin(), {"git", "--git-dir=" + path(name).string()});
  ProcessOptions options;
  options.environment = {
      {"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_AUTHOR_NAME", "GitHub"},      {"GIT_AUTHOR_EMAIL", "noreply@example.com"},
      {"GIT_COMMITTER_NAME", "GitHub"},   {"GIT_COMMITTER_EMAIL", "noreply@example.com"}};
  options.output = [&](std::string_view piece) { output.text += piece; };
  output.exit_code = run_process(arguments, options).exit_code;
  return output;
}

std::string GithubGit::must(const std::string& name,
                            const std::vector<std::string>& arguments) const {
  const auto output = git(name, arguments);
  if (output.exit_code != 0) throw Error("git " + join(arguments, " ") + " failed in " + name);
  return std::string(trim(output.text));
}

bool GithubGit::has(const std::string& name) const {
  return is_on() && fs::exists(path(name) / "HEAD");
}

void GithubGit::create(const std::string& name, const std::string& default_branch) {
  fs::create_directories(path(name));
  must(name, {"init", "-q", "--bare", "--template=", "--initial-branch=" + default_branch});
  std::ofstream(path(name) / "config", std::ios::app)
      << "[core]\n\tfsync = none\n[gc]\n\tauto = 0\n[receive]\n\thideRefs = refs/pull\n"
         "\tautogc = false\n[http]\n\treceivepack = true\n";
}

void GithubGit::remove(const std::string& name) {
  if (has(name)) fs::remove_all(path(name));
}

void GithubGit::rename(const std::string& from, const std::string& to) {
  if (!has(from)) return;
  fs::create_directories(path(to).parent_path());
  fs::rename(path(from), path(to));
}

void GithubGit::add_first_commit(const std::string& name, const std::string& branch) {
  const auto tree = must(name, {"hash-object", "-t", "tree", "-w", "--", "/dev/null"});
  set_ref(name, branch_prefix + branch, must(name, {"commit-tree", "-m", "Initial commit", tree}));
}

std::map<std::string, std::string> GithubGit::refs(const std::string& name) const {
  std::map<std::string, std::string> found;
  const auto root = path(name);
  if (fs::exists(root / "packed-refs")) {
    for (const auto& line : split(read_file(root / "packed-refs"), '\n')) {
      const auto blank = line.find(' ');
      if (line.starts_with('#') || line.starts_with('^') || blank == std::string::npos) continue;
      found[line.substr(blank + 1)] = line.substr(0, blank);
    }
  }
  for (const auto& entry : fs::recursive_directory_iterator(root / "refs")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".lock") continue;
    try {
      const auto sha = std::string(trim(read_file(entry.path())));
      if (is_hex(sha)) found[fs::relative(entry.path(), root).generic_string()] = sha;
    } catch (const Error&) {
      // Deleted by a push at this moment.
    }
  }
  return found;
}

void GithubGit::set_ref(const std::string& name, const std::string& ref, const std::string& sha) {
  must(name, {"update-ref", ref, sha});
}

void GithubGit::set_head(const std::string& name, const std::string& branch) {
  std::ofstream(path(name) / "HEAD") << "ref: " << branch_prefix << branch << '\n';
}

std::optional<std::string> GithubGit::commit(const std::string& name,
                                             const std::string& revision) const {
  if (revision.empty() || revision.starts_with('-')) return std::nullopt;
  const auto output = git(name, {"rev-parse", "-q", "--verify", revision + "^{commit}"});
  if (output.exit_code != 0) return std::nullopt;
  return std::string(trim(output.text));
}

std::optional<int> GithubGit::ahead(const std::string& name, const std::string& base,
                                    const std::string& head) const {
  if (git(name, {"merge-base", base, head}).exit_code != 0) return std::nullopt;
  return std::stoi(must(name, {"rev-list", "--count", base + ".." + head}));
}

std::vector<GithubGit::Hunk> GithubGit::hunks(const std::string& name, const std::string& base,
                                              const std::string& head,
                                              const std::string& file) const {
  const auto output = git(name, {"diff", "-U3", base + "..." + head, "--", file});
  std::vector<Hunk> found;
  for (const auto& line : split(output.text, '\n')) {
    if (line.starts_with("@@ -")) {
      const auto parts = split(line, ' ');
      Hunk hunk;
      std::tie(hunk.left, hunk.left_lines) = range_of(std::string_view(parts[1]).substr(1));
      std::tie(hunk.right, hunk.right_lines) = range_of(std::string_view(parts[2]).substr(1));
      hunk.text = line;
      found.push_back(std::move(hunk));
    } else if (!found.empty()) {
      found.back().text += "\n" + line;
    }
  }
  return found;
}

void GithubGit::sync(GithubData& data, const std::string& repo) {
  if (!has(repo)) return;
  std::map<std::string, std::string> branches;
  for (const auto& [ref, sha] : refs(repo)) {
    if (ref.starts_with(branch_prefix)) branches[ref.substr(branch_prefix.size())] = sha;
  }
  const auto before = data.repos.find(repo)->at("default_branch").get<std::string>();
  data.set_branches(repo, branches);
  const auto after = data.repos.find(repo)->at("default_branch").get<std::string>();
  if (after != before) set_head(repo, after);
}

}  // namespace probackup
