// A Singer tap's output, read in pieces of whole lines that are parsed side by side.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "job/singer.h"
#include "util/descriptor.h"

namespace probackup {

// One line of a tap's output.
struct TapLine {
  enum class Kind { record, schema, state, other, unusable };
  Kind kind = Kind::unusable;
  std::uint64_t number = 0;  // from 1
  std::string stream;        // of a record or a schema
  Record record;             // all but the key
  std::string text;          // of a schema or state: the message, minified
  std::string problem;       // of an unusable line, for behind its number
};

// A file, or standard input for "-". Throws Error for a file that cannot be read.
Descriptor open_tap_output(const std::string& path);

// Calls each(line) for every line of `input`, in order, on the calling thread, and progress(…)
// behind each piece of them if it is set. Lines that have arrived are passed on while the tap is
// silent. Memory is bounded by a few pieces of 1 MiB, or of one line. Throws Error for a line of
// over 256 MiB, and Error(interrupted).
void read_tap(int input, PlainDescriber& describer, std::stop_token stop,
              const std::function<void(TapLine&)>& each,
              const std::function<void(const TapProgress&)>& progress);

}  // namespace probackup
