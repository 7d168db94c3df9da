#include "cli/commands.h"

int main(int argc, char** argv) {
  return probackup::run_program(argc, argv);
}
