// A Singer tap's output as a source (Singer specification: SCHEMA, RECORD, STATE messages, one JSON
// object a line).
#pragma once

#include <istream>
#include <memory>
#include <string>

#include "probackup/job.h"

namespace probackup {

// Describes records that come without a connector: the title is the first of the usual names. Keeps
// nothing between calls, so it is safe for concurrent ones.
class PlainDescriber final : public RecordDescriber {
 public:
  void describe(Record& record) override;
};

// The source "singer:NAME" read from `path` ("-" for standard input). SCHEMA and STATE messages are
// kept as records of the stream "singer_messages". Records without key properties are known by
// their content. A line that is no Singer message becomes a gap. `describer` must outlive the
// source.
BackupSource singer_source(const std::string& name, const std::string& path,
                           PlainDescriber& describer);

}  // namespace probackup
