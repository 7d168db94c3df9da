// Where passwords come from: never from an argument.
#pragma once

#include <string>

namespace probackup {

// The first of these that is given is taken, else the terminal is asked.
struct PasswordSources {
  std::string variable;  // of the environment
  bool from_environment = false;
  std::string file;           // its first line
  std::string command;        // the first line of its output
  std::string option_prefix;  // of --…password-file, for messages
  std::string question;
};

// Asks twice where `twice` is set. Throws Error when there is none, or an empty one. From now on
// the password does not appear in messages.
std::string read_password(const PasswordSources& from, bool twice);

}  // namespace probackup
