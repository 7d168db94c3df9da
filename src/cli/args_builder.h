// The commands of the command line, one method for each group. Only the files of this class include
// CLI11, which is slow to compile.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/options.h"

namespace probackup {

class ArgsBuilder {
 public:
  ArgsBuilder(CLI::App& app, Options& options) : app_(app), options_(options) {}
  void build();

 private:
  // A command whose full name ends up in options.command.
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                const std::string& example);
  CLI::App* group(const std::string& name, const std::string& help);
  void globals();
  void repository_commands();
  void object_lock(CLI::App* command);
  void forget_command();
  void repair_commands();
  void key_commands();
  void copy_command();
  void prune_options(CLI::App* command);
  void auth_commands();
  void login_command(CLI::App& auth);
  void backup_command();
  void browse_commands();
  void at(CLI::App* command);
  void restore_command();
  // Of restore --into and drill.
  void into_options(CLI::App* command);
  void drill_command();
  void sync_drive_command();
  void other_commands();

  CLI::App& app_;
  Options& options_;
};

}  // namespace probackup
