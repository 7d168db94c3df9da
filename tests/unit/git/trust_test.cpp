// What git is given and what it is kept from: credentials, this machine's settings, hostile URLs.
#include <sys/stat.h>

#include <cstdlib>

#include "demo/api_server.h"
#include "git_fixture.h"

using namespace probackup;
using namespace probackup::git_test;

namespace {

const std::string secret = "c2VjcmV0LXRva2VuLTEyMzQ1";

// Sets a variable of this process until the end of the scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* present = std::getenv(name)) before_ = present;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

// Serves a repository's files, as the plain HTTP protocol of git wants them, to who shows the
// secret.
class GitSite {
 public:
  explicit GitSite(const Origin& origin, const std::string& wanted = "Basic " + secret)
      : folder_(origin.path() / ".git") {
    origin.run({"update-server-info"});
    server_.set_gate([wanted](const ApiRequest& request) -> std::optional<ApiAnswer> {
      if (request.header("authorization") == wanted) return std::nullopt;
      auto answer = text_answer("who are you?", 401);
      answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"git\"");
      return answer;
    });
    server_.route("GET", "/repository.git/*path", [this](const ApiRequest& request) {
      auto path = folder_ / request.param("path");
      if (!std::filesystem::is_regular_file(path)) return text_answer("nothing here", 404);
      return ApiAnswer{200, read_file(path), "application/octet-stream", {}};
    });
    server_.route("GET", "/moved.git/*path", [this](const ApiRequest& request) {
      ApiAnswer answer{302, "", "text/plain", {}};
      answer.headers.emplace_back(
          "Location",
          elsewhere + "/repository.git/" + request.param("path") + "?service=git-upload-pack");
      return answer;
    });
  }
  GitRemote remote(const std::string& name, const std::string& authorization) const {
    GitRemote out;
    out.url = server_.origin() + "/" + name;
    out.authorization = authorization;
    return out;
  }
  ApiServer& server() { return server_; }
  std::string elsewhere;

 private:
  std::filesystem::path folder_;
  ApiServer server_;
};

int status_of(GitMirror& mirror, const GitRemote& remote, std::string* message = nullptr) {
  MemoryFiles files;
  try {
    mirror.update(remote, {}, false, files);
  } catch (const GitRemoteError& error) {
    if (message) *message = std::string(error.what()) + error.hint();
    return error.status();
  }
  return 200;
}

}  // namespace

TEST_CASE("credentials reach the server in the Authorization header") {
  Runs runs;
  runs.origin.commit("a", "one");
  GitSite site(runs.origin);
  auto remote = site.remote("repository.git", "Basic " + secret);
  runs.last = runs.mirror.update(remote, {}, false, runs.files).now;
  CHECK(runs.last->refs.ids.size() == 1);
  runs.check_restore();
}

TEST_CASE("refused credentials and missing repositories are told apart, without the secret") {
  Runs runs;
  runs.origin.commit("a", "one");
  GitSite site(runs.origin);
  std::string message;
  CHECK(status_of(runs.mirror, site.remote("repository.git", "Basic bm90LXRoaXMtb25l"), &message) ==
        401);
  CHECK(message.find("bm90LXRoaXMtb25l") == std::string::npos);
  CHECK(status_of(runs.mirror, site.remote("repository.git", "")) == 401);
  CHECK(status_of(runs.mirror, site.remote("nothing.git", "Basic " + secret), &message) == 404);
  CHECK(message.find(secret) == std::string::npos);
  CHECK(runs.mirror.update(site.remote("nothing.git", "Basic " + secret), {}, true, runs.files)
            .now.refs.ids.empty());
}

TEST_CASE("credentials do not follow a redirect to another host") {
  Runs runs;
  runs.origin.commit("a", "one");
  GitSite here(runs.origin), there(runs.origin);
  here.elsewhere = there.server().origin();
  CHECK(status_of(runs.mirror, here.remote("moved.git", "Basic " + secret)) == 0);
  CHECK(there.server().request_count() == 0);
}

TEST_CASE("the secret is no argument, and git gets no settings of this machine") {
  Runs runs;
  runs.origin.commit("a", "one");
  GitSite site(runs.origin);
  const auto folder = runs.folder.path() / "machine";
  std::filesystem::create_directories(folder);
  write_file_atomic(folder / "git",
                    fmt::format("#!/bin/sh\nprintf '%s\\n' \"$@\" >>{0}/arguments\n"
                                "env >>{0}/environment\nPATH=${{PATH#*:}} exec git \"$@\"\n",
                                folder.string()),
                    0755);
  write_file_atomic(folder / ".gitconfig",
                    "[url \"http://127.0.0.1:1/\"]\n insteadOf = http://127.0.0.1\n"
                    "[core]\n hooksPath = " +
                        folder.string() + "\n");
  write_file_atomic(folder / "reference-transaction",
                    "#!/bin/sh\ntouch " + folder.string() + "/hook-ran\n", 0755);
  {
    Variable path("PATH", folder.string() + ":" + std::getenv("PATH"));
    Variable home("HOME", folder.string());
    Variable verify("GIT_SSL_NO_VERIFY", "1");
    Variable trace("GIT_TRACE_CURL", (folder / "trace").string());
    Variable objects("GIT_OBJECT_DIRECTORY", folder.string());
    auto result =
        runs.mirror.update(site.remote("repository.git", "Basic " + secret), {}, false, runs.files);
    CHECK(result.now.bundles.size() == 1);
  }
  auto arguments = read_file(folder / "arguments"), environment = read_file(folder / "environment");
  CHECK(arguments.find(secret) == std::string::npos);
  CHECK(environment.find(secret) != std::string::npos);
  CHECK(environment.find("GIT_TERMINAL_PROMPT=0") != std::string::npos);
  for (const char* dropped : {"GIT_SSL_NO_VERIFY", "GIT_TRACE_CURL", "GIT_OBJECT_DIRECTORY"})
    CHECK(environment.find(dropped) == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "hook-ran"));
  CHECK_FALSE(std::filesystem::exists(folder / "trace"));
}

TEST_CASE("URLs that are no plain web addresses are refused before git sees them") {
  TempFolder folder;
  GitMirror mirror(folder.path() / "cache");
  MemoryFiles files;
  for (const std::string& url :
       {std::string("--upload-pack=touch /tmp/x"), std::string("-uhttps://example.com/x"),
        std::string("ext::sh -c true"), std::string("ssh://example.com/x"),
        std::string("git@example.com:x"), std::string("file:///etc"), std::string("/etc"),
        std::string("https://user:password@example.com/x"), std::string("https://"),
        std::string("https://example.com/a b"), std::string("https://example.com/\n--x"),
        std::string("http://example.com/x"), "https://example.com/" + std::string(5000, 'x'),
        std::string("http://127.0.0.1.example.com/x"), std::string("https://[::1]@example.com/")}) {
    CAPTURE(url);
    GitRemote remote;
    remote.url = url;
    CHECK_THROWS_AS(mirror.update(remote, {}, false, files), Error);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "cache"));
  }
}
