// demo: the whole tour on the built-in example account.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "cli/commands.h"
#include "demo/example_account.h"
#include "util/bytes.h"
#include "util/file.h"
#include "util/process.h"
#include "util/random.h"
#include "util/text.h"

namespace probackup {
namespace {

// Runs this very program again, as a newcomer would by hand, and shows what it ran and what it
// said.
class Tour {
 public:
  Tour(Session& session, std::filesystem::path folder,
       std::map<std::string, std::string> environment)
      : session_(session), folder_(std::move(folder)), environment_(std::move(environment)) {}

  void say(const std::string& text) { session_.out().line(text); }

  // `arguments` as typed; `expected`: the exit code. Returns what it printed.
  std::string run(const std::string& why, const std::vector<std::string>& arguments,
                  int expected = 0) {
    say("");
    say(fmt::format("{}. {}", ++step_, why));
    std::string typed = "$ probackup";
    for (const auto& argument : arguments) typed += " " + quoted(argument);
    say("   " + typed);
    std::string output;
    ProcessOptions options;
    options.environment = environment_;
    options.folder = folder_.string();
    options.output = [&](std::string_view bytes) { output += bytes; };
    std::vector<std::string> command = {"/proc/self/exe"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto result = run_process(command, options, session_.stop());
    for (const auto& line : split(output + result.errors, '\n'))
      if (!line.empty()) say("     " + line);
    if (result.exit_code != expected)
      throw Error(fmt::format("step {} of the demo ended with {} instead of {}", step_,
                              result.exit_code, expected),
                  "this is a bug; please report it with the output above");
    return output;
  }

 private:
  static std::string quoted(const std::string& word) {
    bool plain = word.find_first_of(" *'\"$") == std::string::npos;
    return plain ? word : "'" + word + "'";
  }

  Session& session_;
  std::filesystem::path folder_;
  std::map<std::string, std::string> environment_;
  int step_ = 0;
};

std::filesystem::path demo_folder(const Options& options) {
  if (options.target.empty()) {
    std::string pattern = "/tmp/probackup-demo-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw Error("cannot make a folder in /tmp");
    return pattern;
  }
  std::filesystem::path folder = std::filesystem::absolute(options.target);
  if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder))
    throw Error(fmt::format("{} is not empty", folder.string()), "name a new folder for the demo");
  make_folders(folder);
  return folder;
}

std::map<std::string, std::string> demo_environment(const std::filesystem::path& folder,
                                                    const TrelloAccount& account) {
  std::map<std::string, std::string> out = {
      {"PROBACKUP_REPOSITORY", (folder / "repository").string()},
      {"PROBACKUP_PASSWORD_FILE", (folder / "password").string()},
      {"PROBACKUP_CATALOG", (folder / "catalog.sqlite").string()},
      {"XDG_CONFIG_HOME", (folder / "config").string()},
      {"XDG_CACHE_HOME", (folder / "cache").string()}};
  for (const auto& [name, value] : account.settings()) {
    std::string variable = "PROBACKUP_TRELLO_" + name;
    for (char& c : variable) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    out[variable] = value;
  }
  return out;
}

// The settings as a file to source, so that the tour can go on by hand.
void write_environment(const std::filesystem::path& folder,
                       const std::map<std::string, std::string>& values) {
  std::string text;
  for (const auto& [name, value] : values) text += fmt::format("export {}='{}'\n", name, value);
  write_file_atomic(folder / "environment", text, 0600);
}

}  // namespace

int run_demo(Session& session) {
  auto folder = demo_folder(session.options());
  auto account = example_account(session.clock());
  auto environment = demo_environment(folder, *account);
  // A password of its own: the demo never asks, and never touches a real repository.
  ::unsetenv("PROBACKUP_PASSWORD");
  write_file_atomic(folder / "password", to_hex(random_bytes(16)) + "\n", 0600);
  write_environment(folder, environment);

  Tour tour(session, folder, environment);
  tour.say(
      "This tour backs up a built-in example account that speaks Trello's API on this machine.");
  tour.say(fmt::format("Everything lies in {}; nothing else is touched.", folder.string()));
  tour.run("Make a repository: a folder, encrypted with a password", {"init"});
  tour.run("Ask the app who we are", {"auth", "check", "trello"});
  tour.run("See what a run would cost", {"backup", "trello", "--dry-run"});
  tour.run("Back up: the first run reads everything", {"backup", "trello"});
  tour.say("");
  tour.say("   Meanwhile the team works on:");
  for (const auto& change : change_example(*account)) tour.say("     - " + change);
  tour.run("Back up again: only what changed is stored", {"backup", "trello"});
  tour.run("The snapshots", {"list"});
  auto snapshots = nlohmann::json::parse(tour.run("The same for scripts", {"list", "--json"}));
  std::string first = snapshots.at(0).at("id").get<std::string>().substr(0, 8);
  tour.run("What changed between them", {"diff", first, "latest:trello"});
  tour.run("What is gone is not lost", {"list", "items", "--stream", "cards", "--deleted"});
  tour.run("Search all text", {"find", "relaunch", "--limit", "3"});
  tour.run("Verify every byte", {"check", "--read-data"});
  tour.run("Restore the first snapshot to files: raw JSON, tables, a readable archive",
           {"restore", first, "--target", "restored"});
  std::vector<std::string> put_back = {"restore", "latest:trello",   "--into",
                                       "trello",  "--deleted-since", first};
  auto preview = put_back;
  preview.push_back("--dry-run");
  tour.run("What it takes to put the deleted card back into the app", preview);
  tour.run("Put it back", put_back);
  tour.say("");
  tour.say(fmt::format("Look at {}", (folder / "restored" / "index.html").string()));
  tour.say(fmt::format("Go on by hand:  . {}  and then any command above, or: probackup --help",
                       (folder / "environment").string()));
  tour.say("restic reads the repository too:");
  tour.say(fmt::format("  restic -r {} --password-file {} snapshots",
                       environment["PROBACKUP_REPOSITORY"],
                       environment["PROBACKUP_PASSWORD_FILE"]));
  if (session.options().no_wait || !::isatty(0)) return 0;
  tour.say("The example account answers until you press Enter.");
  std::string line;
  char c = 0;
  while (!session.stop().stop_requested() && ::read(0, &c, 1) == 1 && c != '\n') {
  }
  return 0;
}

}  // namespace probackup
