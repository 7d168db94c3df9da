#include "job/tap_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>

#include "probackup/clock.h"
#include "probackup/error.h"
#include "util/log.h"
#include "util/text.h"

extern char** environ;

namespace probackup {
namespace {

constexpr std::size_t last_words_max = 3, line_bytes_max = 4096;
constexpr int end_milliseconds = 5000;  // until SIGKILL

struct Ends {
  Descriptor read, write;
};

Ends make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

struct Actions {
  Actions() { posix_spawn_file_actions_init(&of); }
  ~Actions() { posix_spawn_file_actions_destroy(&of); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t of;
};

struct Attributes {
  Attributes() { posix_spawnattr_init(&of); }
  ~Attributes() { posix_spawnattr_destroy(&of); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t of;
};

pid_t spawn(const std::vector<std::string>& arguments, int output, int errors) {
  Actions actions;
  posix_spawn_file_actions_addopen(&actions.of, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.of, output, 1);
  posix_spawn_file_actions_adddup2(&actions.of, errors, 2);

  Attributes attributes;
  sigset_t none, usual;
  sigemptyset(&none);  // this program blocks signals that it waits for
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);  // and ignores this one
  posix_spawnattr_setsigmask(&attributes.of, &none);
  posix_spawnattr_setsigdefault(&attributes.of, &usual);
  posix_spawnattr_setpgroup(&attributes.of, 0);
  posix_spawnattr_setflags(&attributes.of,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> copy = arguments;
  std::vector<char*> argv;
  for (auto& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  int code = ::posix_spawnp(&pid, argv[0], &actions.of, &attributes.of, argv.data(), environ);
  if (code != 0)
    throw Error(
        fmt::format("cannot run {}: {}", arguments[0], std::strerror(code)),
        code == ENOENT ? "--tap names a command on the PATH, or a file with a tap's output" : "");
  return pid;
}

}  // namespace

TapProcess::TapProcess(const std::vector<std::string>& arguments)
    : name_(std::filesystem::path(arguments.at(0)).filename().string()), output_(-1), errors_(-1) {
  Ends out = make_pipe(), err = make_pipe();
  pid_ = group_ = spawn(arguments, out.write.get(), err.write.get());
  output_ = std::move(out.read);
  errors_ = std::move(err.read);
  watcher_ = std::jthread([leader = group_](std::stop_token stop) { watch(leader, stop); });
  error_reader_ = std::jthread([this](std::stop_token stop) { read_errors(stop); });
}

TapProcess::~TapProcess() {
  end();
}

// Ends with the last program that holds the pipe, or when the tap is ended.
void TapProcess::read_errors(std::stop_token stop) {
  std::string text;
  char buffer[4096];
  for (;;) {
    pollfd watched{errors_.get(), POLLIN, 0};
    if (::poll(&watched, 1, 100) == 0) {
      if (stop.stop_requested()) break;
      continue;
    }
    ssize_t n = ::read(errors_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      note(text.substr(0, end));
      text.erase(0, end + 1);
    }
    if (text.size() > line_bytes_max) note(std::exchange(text, {}));
  }
  note(text);
}

// A child that outlives the tap holds its output open: the run would wait for it for ever.
void TapProcess::watch(pid_t leader, std::stop_token stop) {
  constexpr int step = 100, end_after = 2000, kill_after = end_after + end_milliseconds;
  for (int since_exit = 0; !stop.stop_requested(); ::poll(nullptr, 0, step)) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(leader), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
    if (info.si_pid != leader) continue;
    since_exit += step;
    if (since_exit == end_after) ::kill(-leader, SIGTERM);
    if (since_exit == kill_after) ::kill(-leader, SIGKILL);
  }
}

void TapProcess::note(std::string line) {
  line = valid_utf8(trim(line));
  if (line.empty()) return;
  log_verbose(fmt::format("{}: {}", name_, line));
  std::lock_guard lock(mutex_);
  last_words_.push_back(std::move(line));
  if (last_words_.size() > last_words_max) last_words_.pop_front();
}

bool TapProcess::wait_for(int milliseconds) noexcept {
  if (pid_ < 0) return true;
  for (int waited = 0;; waited += 20) {
    pid_t done = ::waitpid(pid_, &status_, WNOHANG);
    if (done == pid_ || (done < 0 && errno != EINTR)) {
      pid_ = -1;
      return true;
    }
    if (milliseconds >= 0 && waited >= milliseconds) return false;
    ::poll(nullptr, 0, 20);
  }
}

void TapProcess::end() noexcept {
  if (group_ < 0) return;
  watcher_.request_stop();
  if (watcher_.joinable()) watcher_.join();
  // The group outlives its leader while a child is left in it.
  bool left = ::kill(-group_, SIGTERM) == 0;
  if (!wait_for(end_milliseconds) || (left && ::kill(-group_, 0) == 0)) ::kill(-group_, SIGKILL);
  wait_for(-1);
  group_ = -1;
  output_.close();
  error_reader_.request_stop();
  if (error_reader_.joinable()) error_reader_.join();
}

void TapProcess::finish(std::stop_token stop) {
  while (!wait_for(200))
    if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "the backup was interrupted");
  end();
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return;
  std::string how = WIFSIGNALED(status_)
                        ? fmt::format("was ended by signal {}", WTERMSIG(status_))
                        : fmt::format("failed with exit code {}", WEXITSTATUS(status_));
  std::vector<std::string> words(last_words_.begin(), last_words_.end());
  std::string said = words.empty() ? "" : ": " + join(words, " / ");
  throw Error(fmt::format("the tap {} {}{}", name_, how, said),
              "what it wrote before is kept; -v shows all that it says");
}

}  // namespace probackup
