#include "git/program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "git/refs.h"
#include "util/file.h"
#include "util/log.h"
#include "util/process.h"
#include "util/text.h"

namespace probackup {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t url_bytes_max = 4096;
constexpr std::size_t error_line_bytes_max = 300;

// Every git command runs with these.
const Settings common_settings = {
    {"core.hooksPath", "/dev/null"},
    {"core.fsmonitor", "false"},
    {"core.fsync", "none"},  // a copy that a power cut damages is made again
    {"credential.helper", ""},
    {"gc.auto", "0"},
    {"maintenance.auto", "false"},
    {"transfer.unpackLimit", "1"},  // a pack per fetch, not thousands of loose files
    // Memory must not follow the size of the repository.
    {"pack.windowMemory", "32m"},
    {"pack.deltaCacheSize", "32m"},
    {"core.bigFileThreshold", "32m"},
    // A server that sends nothing for ten minutes is gone.
    {"http.lowSpeedLimit", "1"},
    {"http.lowSpeedTime", "600"},
    {"http.sslVerify", "true"},
    {"lfs.locksverify", "false"},
    {"lfs.transfer.maxretries", "3"},
};

struct UrlParts {
  std::string scheme, authority, host;
};

UrlParts parts_of(std::string_view url) {
  UrlParts out;
  auto colon = url.find("://");
  if (colon == std::string_view::npos) return out;
  out.scheme = to_lower(url.substr(0, colon));
  auto rest = url.substr(colon + 3);
  out.authority = to_lower(rest.substr(0, rest.find_first_of("/?#")));
  auto bracket = out.authority.find(']');
  out.host = bracket == std::string::npos ? out.authority.substr(0, out.authority.find(':'))
                                          : out.authority.substr(0, bracket + 1);
  return out;
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Trust roots are the only GIT_* settings of the caller that stay in force.
bool inherited(std::string_view name) {
  return !name.starts_with("GIT_") || name == "GIT_SSL_CAINFO" || name == "GIT_SSL_CAPATH" ||
         name == "GIT_EXEC_PATH";
}

// The command that runs git without the caller's GIT_* variables. Setting them to "" would not do:
// some, such as GIT_SSL_NO_VERIFY, count by being there.
std::vector<std::string> clean_git(const std::map<std::string, std::string>& kept) {
  std::set<std::string> dropped;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text(*entry);
    std::string name(text.substr(0, text.find('=')));
    if (!inherited(name) && !kept.contains(name)) dropped.insert(name);
  }
  std::vector<std::string> out = {"env"};
  for (const auto& name : dropped) {
    out.emplace_back("-u");
    out.push_back(name);
  }
  out.emplace_back("git");
  return out;
}

// What git complained about, in one line: its last "fatal:", "error:" or "remote:" lines.
std::string complaint(const std::string& errors) {
  std::string last, fatal;
  for (const auto& line : split(errors, '\n')) {
    if (trim(line).empty()) continue;
    last = trim(line);
    if (line.starts_with("fatal: ") && fatal.empty()) fatal = trim(line.substr(7));
  }
  auto text = fatal.empty() ? last : fatal;
  return valid_utf8(text.substr(0, error_line_bytes_max));
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw Error(fmt::format("cannot write {}", path.string()), "free space on that disk");
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](auto part) { return text.find(part) != std::string_view::npos; });
}

// git tells a refusal from a failure by its words only.
GitRemoteError remote_error(const GitRemote& remote, const GitAnswer& answer) {
  auto text = to_lower(answer.errors);
  auto message =
      redact(fmt::format("cannot {} the git repository {}: {}", remote.write ? "push to" : "read",
                         remote.url, complaint(answer.errors)));
  std::string token_hint =
      fmt::format("give a token that may {} this repository", remote.write ? "write to" : "read");
  if (has_any(text, {"error: 404", "error: 410", "not found", "does not appear to be a git"}))
    return {message, 404, "it was removed, renamed, or the token may not see it"};
  if (has_any(text, {"error: 401", "could not read username", "could not read password",
                     "authentication failed"}))
    return {message, 401, token_hint};
  if (has_any(text, {"error: 403"})) return {message, 403, token_hint};
  if (has_any(text, {"error: 301", "error: 302", "error: 307", "error: 308", "redirect"}))
    return {message, 0, "the server sends git elsewhere, and credentials do not follow there"};
  return {message, 0};
}

}  // namespace

void check_git_url(const GitRemote& remote) {
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorKind::usage, redact(fmt::format("the git URL {} is refused: {}",
                                                     remote.url.substr(0, 200), why)));
  };
  for (char c : remote.url)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '\\')
      refuse("it holds a character that URLs do not have");
  if (remote.url.size() > url_bytes_max) refuse("it is too long");
  auto url = parts_of(remote.url);
  if (url.scheme == "file" && remote.allow_file) return;
  if (url.scheme != "https" && url.scheme != "http") refuse("only https:// is read");
  if (url.host.empty()) refuse("it names no host");
  if (url.authority.find('@') != std::string::npos)
    throw Error(ErrorKind::usage, "a git URL with a user or password in it is refused",
                "give the credentials as a token");
  if (url.scheme == "http" && !remote.allow_plain_http && !is_loopback_host(url.host))
    refuse("http:// would send the credentials in the clear");
}

GitProgram::GitProgram(std::filesystem::path home, std::filesystem::path repository)
    : home_(std::move(home)), repository_(std::move(repository)) {}

GitAnswer GitProgram::start(std::vector<std::string> arguments, const std::filesystem::path& folder,
                            std::map<std::string, std::string> environment, Settings settings,
                            std::stop_token stop, const Output& output) const {
  environment.insert({{"HOME", home_.string()},
                      {"XDG_CONFIG_HOME", home_.string()},
                      {"GIT_CONFIG_NOSYSTEM", "1"},
                      {"GIT_CONFIG_GLOBAL", "/dev/null"},
                      {"GIT_CEILING_DIRECTORIES", home_.parent_path().string()},
                      {"GIT_ATTR_NOSYSTEM", "1"},
                      {"GIT_TERMINAL_PROMPT", "0"},
                      {"GIT_ASKPASS", ""},
                      {"SSH_ASKPASS", ""},
                      {"GIT_ALLOW_PROTOCOL", "none"},
                      {"LC_ALL", "C"}});
  settings.insert(settings.begin(), common_settings.begin(), common_settings.end());
  environment["GIT_CONFIG_COUNT"] = std::to_string(settings.size());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    environment[fmt::format("GIT_CONFIG_KEY_{}", i)] = settings[i].first;
    environment[fmt::format("GIT_CONFIG_VALUE_{}", i)] = settings[i].second;
  }
  auto command = clean_git(environment);
  command.insert(command.end(), arguments.begin(), arguments.end());
  ProcessOptions options{std::move(environment), folder.string(), output};
  auto result = run_process(command, options, stop);
  if (result.exit_code == 127)  // of `env`
    throw Error("cannot run git: it was not found", "install git or put it on the PATH");
  return {result.exit_code, redact(result.errors)};
}

GitAnswer GitProgram::run(std::vector<std::string> arguments, std::stop_token stop,
                          const Output& output) const {
  return start(std::move(arguments), repository_, {{"GIT_DIR", repository_.string()}}, {}, stop,
               output);
}

void GitProgram::must(const std::string& doing, std::vector<std::string> arguments,
                      std::stop_token stop, const Output& output) const {
  auto answer = run(std::move(arguments), stop, output);
  if (answer.exit_code != 0)
    throw Error(fmt::format("git cannot {} in {}: {}", doing, repository_.string(),
                            complaint(answer.errors)));
}

void GitProgram::init(std::size_t id_digits, std::stop_token stop) const {
  auto answer = start({"init", "--quiet", "--bare", "--template=", "--initial-branch=main",
                       id_digits == 64 ? "--object-format=sha256" : "--object-format=sha1", "--",
                       repository_.string()},
                      home_, {{"GIT_DEFAULT_REF_FORMAT", "files"}}, {}, stop, {});
  if (answer.exit_code != 0)
    throw Error(fmt::format("git cannot make the repository {}: {}", repository_.string(),
                            complaint(answer.errors)));
}

void GitProgram::remote(const GitRemote& remote, std::vector<std::string> arguments,
                        bool in_repository, std::stop_token stop, const Output& output) const {
  check_git_url(remote);
  auto url = parts_of(remote.url);
  Settings settings;
  if (!remote.authorization.empty()) {
    // git would repeat the header to whatever host a redirect names.
    settings.emplace_back("http.followRedirects", "false");
    settings.emplace_back(fmt::format("http.{}://{}/.extraHeader", url.scheme, url.authority),
                          "Authorization: " + remote.authorization);
  }
  std::map<std::string, std::string> environment = {{"GIT_ALLOW_PROTOCOL", url.scheme}};
  if (in_repository) environment["GIT_DIR"] = repository_.string();
  if (url.scheme != "file" && in_repository)  // before any .lfsconfig that the repository brings
    settings.emplace_back("lfs.url", remote.url + "/info/lfs");
  settings.emplace_back("remote.origin.url", remote.url);
  auto answer = start(std::move(arguments), in_repository ? repository_ : home_,
                      std::move(environment), std::move(settings), stop, output);
  if (answer.exit_code != 0) throw remote_error(remote, answer);
}

bool GitProgram::has_lfs(std::stop_token stop) const {
  return run({"lfs", "version"}, stop).exit_code == 0;
}

void GitProgram::set_refs(const std::map<std::string, std::string>& ids,
                          const std::string& head) const {
  std::filesystem::remove_all(repository_ / "refs");
  make_folders(repository_ / "refs" / "heads");
  write(repository_ / "packed-refs", packed_refs(ids));
  set_head(head);
}

void GitProgram::set_head(const std::string& head) const {
  auto target = is_object_id(head) ? head : "ref: " + (head.empty() ? "refs/heads/main" : head);
  write(repository_ / "HEAD", target + "\n");
}

}  // namespace probackup
