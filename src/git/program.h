// Runs the `git` program cut off from this machine's git settings: no system or user configuration,
// hooks, credential helpers, prompts or GIT_* variables of the caller.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/error.h"

namespace probackup {

// A remote repository did not answer as wished.
class GitRemoteError : public Error {
 public:
  // `status`: 404 it is not there, 401 or 403 the credentials are refused, 0 anything else.
  GitRemoteError(const std::string& message, int status, std::string hint = {})
      : Error(message, std::move(hint)), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

// Where a remote repository is and how to get in.
struct GitRemote {
  std::string url;                // https://…, http://… on loopback; no user or password in it
  std::string authorization;      // value for the Authorization header, "" for none; secret
  bool allow_plain_http = false;  // http:// on any host
  bool allow_file = false;        // file://, for tests
  bool write = false;             // it is pushed to; changes only what messages say
};

// Throws Error(usage) for a URL that GitRemote does not allow, so that it can be handed to git.
void check_git_url(const GitRemote& remote);

struct GitAnswer {
  int exit_code = 0;
  std::string errors;  // standard error, without secrets
};

// One repository folder, which need not exist yet. Not for concurrent calls.
class GitProgram {
 public:
  using Output = std::function<void(std::string_view)>;

  // `home`: an existing folder for git to take as HOME; `repository`: a bare repository, below it.
  GitProgram(std::filesystem::path home, std::filesystem::path repository);

  // Makes an empty bare repository; `id_digits` 64 takes SHA-256 names, 40 SHA-1.
  void init(std::size_t id_digits, std::stop_token stop) const;
  // Runs `git ARGUMENTS` in the repository without network. Throws Error when stopped or not
  // started.
  GitAnswer run(std::vector<std::string> arguments, std::stop_token stop,
                const Output& output = {}) const;
  // The same, but any exit code other than 0 is an Error that says `doing` ("pack the objects").
  void must(const std::string& doing, std::vector<std::string> arguments, std::stop_token stop,
            const Output& output = {}) const;
  // Runs `git ARGUMENTS` with the remote's credentials; with `in_repository` false outside of any.
  // Throws GitRemoteError when git fails.
  void remote(const GitRemote& remote, std::vector<std::string> arguments, bool in_repository,
              std::stop_token stop, const Output& output = {}) const;
  // True where the Git LFS extension is installed.
  bool has_lfs(std::stop_token stop) const;

  // Makes `ids` the only refs of the repository, and `head` its HEAD.
  void set_refs(const std::map<std::string, std::string>& ids, const std::string& head) const;
  // Makes HEAD name a ref, or an object when it is an id; "" takes refs/heads/main.
  void set_head(const std::string& head) const;
  const std::filesystem::path& repository() const { return repository_; }

 private:
  GitAnswer start(std::vector<std::string> arguments, const std::filesystem::path& folder,
                  std::map<std::string, std::string> environment,
                  std::vector<std::pair<std::string, std::string>> settings, std::stop_token stop,
                  const Output& output) const;

  std::filesystem::path home_, repository_;
};

}  // namespace probackup
