#include <malloc.h>

#include "cli/commands.h"

int main(int argc, char** argv) {
  // glibc gives each thread a heap of its own, and packs and chunks wander between threads: with
  // more heaps than this a run of attachments holds nearly twice the memory, and is no faster.
  mallopt(M_ARENA_MAX, 2);
  return probackup::run_program(argc, argv);
}
