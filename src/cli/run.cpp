// From the command line to a command, and from an error to an exit code.
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <new>
#include <thread>

#include "cli/commands.h"
#include "util/log.h"

namespace probackup {
namespace {

// Turns SIGINT and SIGTERM into a stop request; a second one ends the process at once. Must be made
// before any other thread, so that all inherit the blocked signals.
class Interrupts {
 public:
  Interrupts() {
    sigemptyset(&signals_);
    for (int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    waiter_ = std::thread([this] { wait(); });
  }
  ~Interrupts() {
    pthread_kill(waiter_.native_handle(), SIGUSR1);
    waiter_.join();
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  std::stop_token token() const { return source_.get_token(); }

 private:
  void wait() {
    for (int signal = 0; sigwait(&signals_, &signal) == 0 && signal != SIGUSR1;) {
      if (!source_.request_stop()) _exit(130);
      log_warning("stopping; what is finished is kept (again to stop at once)");
    }
  }
  sigset_t signals_{};
  std::stop_source source_;
  std::thread waiter_;
};

using Command = int (*)(Session&);

const std::map<std::string, Command>& commands() {
  static const std::map<std::string, Command> table = {
      {"init", run_init},
      {"check", run_check},
      {"unlock", run_unlock},
      {"forget", run_forget},
      {"prune", run_prune},
      {"repair index", run_repair_index},
      {"repair snapshots", run_repair_snapshots},
      {"key list", run_key_list},
      {"key add", run_key_add},
      {"key remove", run_key_remove},
      {"key passwd", run_key_passwd},
      {"copy", run_copy},
      {"catalog rebuild", run_catalog_rebuild},
      {"auth add", run_auth_add},
      {"auth login", run_auth_login},
      {"auth list", run_auth_list},
      {"auth check", run_auth_check},
      {"auth remove", run_auth_remove},
      {"backup", run_backup},
      {"list", run_list},
      {"show", run_show},
      {"history", run_history},
      {"find", run_find},
      {"diff", run_diff},
      {"restore", run_restore},
      {"drill", run_drill},
      {"sync-drive", run_sync_drive},
      {"connector list", run_connector_list},
      {"connector show", run_connector_show},
      {"connector lint", run_connector_lint},
      {"demo", run_demo},
  };
  return table;
}

int report(Output& out, ErrorKind kind, const std::string& message, const std::string& hint) {
  int code = static_cast<int>(kind);
  out.clear_progress();
  if (out.json()) {
    nlohmann::ordered_json event = {
        {"type", "error"}, {"code", code}, {"message", redact(message)}};
    if (!hint.empty()) event["hint"] = redact(hint);
    out.event(event);
  }
  log(LogLevel::error, message);
  if (!hint.empty()) log(LogLevel::error, "  " + hint);
  return code;
}

}  // namespace

int run_program(int argc, char** argv) {
  auto parsed = parse_args(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  const auto& options = parsed.options;
  Interrupts interrupts;
  Output out(options.json, options.quiet);
  set_log_level(options.quiet     ? LogLevel::error
                : options.verbose ? LogLevel::verbose
                                  : LogLevel::info);
  int code;
  try {
    Session session(options, out, interrupts.token());
    code = commands().at(options.command)(session);
    out.clear_progress();
  } catch (const Error& error) {
    code = report(out, error.kind(), error.what(), error.hint());
  } catch (const std::bad_alloc&) {
    code = report(out, ErrorKind::failed, "out of memory", "");
  } catch (const std::exception& error) {
    code = report(out, ErrorKind::failed, fmt::format("unexpected: {}", error.what()),
                  "this is a bug; please report it with the command that shows it");
  }
  set_log_sink({});
  return code;
}

}  // namespace probackup
