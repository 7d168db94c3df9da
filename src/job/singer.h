// A Singer tap's output as a source (Singer specification: SCHEMA, RECORD, STATE messages, one JSON
// object a line).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

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

// The source "singer:NAME" read from `path` ("-" for standard input). SCHEMA and STATE messages are
// kept as records of the stream "singer_messages". Records without key properties are known by
// their content. A line that is no Singer message becomes a gap. `describer` must outlive the
// source. `progress` is called now and then, on the thread that runs the backup.
BackupSource singer_source(const std::string& name, const std::string& path,
                           PlainDescriber& describer,
                           std::function<void(const TapProgress&)> progress = {});

}  // namespace probackup
