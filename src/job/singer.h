// A Singer tap's output as a source (Singer specification: SCHEMA, RECORD, STATE messages, one JSON
// object a line).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "probackup/job.h"

namespace probackup {

// Describes records that come without a connector: the title is the first of the usual names. Keeps
// nothing between calls, so it is safe for concurrent ones.
class PlainDescriber final : public RecordDescriber {
 public:
  void describe(Record& record) override;
};

struct TapProgress {
  std::uint64_t lines = 0, bytes = 0;
  std::uint64_t bytes_expected = 0;  // of a file; 0 for a pipe
};

// A tap that is run as a program.
struct TapCommand {
  std::vector<std::string> words;  // program and arguments
  std::string config, catalog;     // files; "" where there are none
  std::string state;               // JSON of the last STATE's value, "" for a run from the start
  // The run is from the start and reads everything: what an incremental stream does not name counts
  // as gone too.
  bool full = false;
};

// The source "singer:NAME" fed by a tap that is started for it: its program gets --config,
// --catalog and --state with files where they are given, an empty standard input, and a process
// group of its own, which ends with the run. Its standard error goes to the log. When it fails,
// what it wrote until then is passed on, nothing counts as deleted, the last STATE is kept, and
// Error is thrown.
BackupSource singer_tap(const std::string& name, const TapCommand& tap, PlainDescriber& describer,
                        std::function<void(const TapProgress&)> progress = {});
// The value of the last STATE in the newest snapshot of "singer:NAME"; "" if there is none.
std::string last_tap_state(Repository& repository, const std::string& name);

// The source "singer:NAME" read from `path` ("-" for standard input). SCHEMA and STATE messages are
// kept as records of the stream "singer_messages". Records without key properties are known by
// their content. A line that is no Singer message becomes a gap. `describer` must outlive the
// source. `progress` is called now and then, on the thread that runs the backup.
BackupSource singer_source(const std::string& name, const std::string& path,
                           PlainDescriber& describer,
                           std::function<void(const TapProgress&)> progress = {});

}  // namespace probackup
