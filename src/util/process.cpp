#include "util/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "probackup/error.h"

extern char** environ;

namespace probackup {
namespace {

constexpr std::size_t errors_kept_bytes = 64 << 10;

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    read = ends[0];
    write = ends[1];
  }
  ~Pipe() {
    close_end(read);
    close_end(write);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
};

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) out.emplace_back(text);
  }
  for (const auto& [name, value] : added) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

// Waits for the child; ends it first if the scope is left by an exception.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ > 0) {
      terminate();
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void terminate() { ::kill(pid_, SIGTERM); }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
};

}  // namespace

std::vector<std::string> split_command(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  for (char c : command) {
    if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t') {
      if (open || !word.empty()) words.push_back(std::exchange(word, {}));
      open = false;
    } else {
      word += c;
    }
  }
  if (open || !word.empty()) words.push_back(word);
  return words;
}

ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessOptions& options,
                          std::stop_token stop) {
  Pipe out, err, failure;
  auto argument_copy = arguments;
  auto environment = merged_environment(options.environment);
  auto argv = pointers(argument_copy), envp = pointers(environment);

  pid_t pid = ::fork();
  if (pid < 0) throw Error(fmt::format("cannot start {}: {}", arguments[0], std::strerror(errno)));
  if (pid == 0) {
    // Only async-signal-safe calls between fork and exec: other threads may hold locks.
    sigset_t none;
    sigemptyset(&none);  // this program blocks signals that it waits for
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(out.write, 1);
    ::dup2(err.write, 2);
    if (options.folder.empty() || ::chdir(options.folder.c_str()) == 0)
      ::execvpe(argv[0], argv.data(), envp.data());
    int code = errno;
    ssize_t ignored = ::write(failure.write, &code, sizeof code);
    (void)ignored;
    ::_exit(127);
  }
  Child child(pid);
  Pipe::close_end(out.write);
  Pipe::close_end(err.write);
  Pipe::close_end(failure.write);
  int code = 0;
  if (::read(failure.read, &code, sizeof code) == sizeof code) {
    child.wait();
    throw Error(fmt::format("cannot run {}: {}", arguments[0], std::strerror(code)),
                code == ENOENT ? "install it or put it on the PATH" : "");
  }

  ProcessResult result;
  bool terminated = false;
  char buffer[65536];
  while (out.read >= 0 || err.read >= 0) {
    if (stop.stop_requested() && !terminated) {
      child.terminate();
      terminated = true;
    }
    pollfd ends[2] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
    ::poll(ends, 2, 200);
    for (int i = 0; i < 2; ++i) {
      int& end = i == 0 ? out.read : err.read;
      if (end < 0 || ends[i].revents == 0) continue;
      ssize_t n = ::read(end, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        Pipe::close_end(end);
        continue;
      }
      std::string_view piece(buffer, static_cast<std::size_t>(n));
      if (i == 0) {
        if (options.output) options.output(piece);
      } else {
        result.errors += piece;
        if (result.errors.size() > errors_kept_bytes)
          result.errors.erase(0, result.errors.size() - errors_kept_bytes);
      }
    }
  }
  result.exit_code = child.wait();
  if (terminated) throw Error(ErrorKind::interrupted, arguments[0] + " was interrupted");
  return result;
}

}  // namespace probackup
