// The command line.

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "cli/args_builder.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, with gaps (list gaps shows them);\n"
    "10 no repository; 11 locked; 12 wrong password; 130 interrupted (what was finished is kept).\n"
    "Manual: docs/commands.md";

void from_environment(std::string& value, const char* name) {
  if (!value.empty()) return;
  if (const char* found = std::getenv(name)) value = found;
}

// CLI11 only says that a command is missing when one is misspelt.
void suggest_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return;
  std::cerr << "there is no command " << argv[1] << did_you_mean(argv[1], names) << "\n";
}

// It says nothing of the right name either, and complains of what else is missing first.
void suggest_option(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command = &app; command;) {
    for (const auto* option : command->get_options())
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    const auto chosen = command->get_subcommands();
    command = chosen.empty() ? nullptr : chosen.front();
  }
  for (const auto& argument : app.remaining(true)) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.starts_with("--"))
      std::cerr << "there is no option " << name << did_you_mean(name, names) << "\n";
  }
}

}  // namespace

void ArgsBuilder::build() {
  globals();
  repository_commands();
  forget_command();
  repair_commands();
  key_commands();
  copy_command();
  auth_commands();
  backup_command();
  browse_commands();
  restore_command();
  drill_command();
  sync_drive_command();
  other_commands();
}

CLI::App* ArgsBuilder::add(CLI::App& parent, const std::string& name, const std::string& help,
                           const std::string& example) {
  auto* command = parent.add_subcommand(name, help);
  command->footer("Example:\n  " + example);
  std::string full = parent.get_parent() ? parent.get_name() + " " + name : name;
  command->callback([this, command, full] {
    if (command->get_subcommands().empty()) options_.command = full;
  });
  return command;
}

CLI::App* ArgsBuilder::group(const std::string& name, const std::string& help) {
  auto* command = app_.add_subcommand(name, help);
  command->require_subcommand(1);
  return command;
}

ParsedArgs parse_args(int argc, char** argv) {
  ParsedArgs out;
  auto& o = out.options;
  CLI::App app("Backs up SaaS apps into an encrypted repository that you own.", "probackup");
  app.set_version_flag("--version", "probackup " PROBACKUP_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(exit_codes);
  ArgsBuilder(app, o).build();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    suggest_command(app, argc, argv);
    if (error.get_exit_code() != 0) suggest_option(app);
    out.exit_code = app.exit(error) == 0 ? 0 : 2;
    return out;
  }
  from_environment(o.repository, "PROBACKUP_REPOSITORY");
  // The command line wins over the environment, and there the password itself over ways to get it.
  bool given = !o.password_file.empty() || !o.password_command.empty();
  o.password_from_environment = !given && std::getenv("PROBACKUP_PASSWORD") != nullptr;
  if (!given && !o.password_from_environment) {
    from_environment(o.password_file, "PROBACKUP_PASSWORD_FILE");
    from_environment(o.password_command, "PROBACKUP_PASSWORD_COMMAND");
  }
  o.new_password_from_environment = o.new_password_file.empty() && o.new_password_command.empty() &&
                                    std::getenv("PROBACKUP_NEW_PASSWORD") != nullptr;
  o.to_password_from_environment = o.to_password_file.empty() && o.to_password_command.empty() &&
                                   std::getenv("PROBACKUP_TO_PASSWORD") != nullptr;
  from_environment(o.catalog, "PROBACKUP_CATALOG");
  from_environment(o.cache_folder, "PROBACKUP_CACHE_DIR");
  return out;
}

}  // namespace probackup
