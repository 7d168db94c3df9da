// A sink that keeps nothing and counts what a full run would have to ask for.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/context.h"
#include "engine/passing_sink.h"
#include "engine/selection.h"

namespace probackup {

// Safe for concurrent calls, as every BackupSink.
class EstimateSink final : public PassingSink {
 public:
  EstimateSink(const RunContext& context, const std::vector<const StreamModel*>& streams)
      : context_(context), streams_(streams) {}

  // Requests made, by stream.
  std::map<std::string, std::uint64_t> asked() const;
  // Requests that the records seen so far cause, by stream.
  std::map<std::string, std::uint64_t> caused() const;

  Change record(Record record) override;
  void end_stream(const StreamResult& result) override;
  std::unique_ptr<FileSink> file(const FileRef& file) override;

 private:
  bool asks(const SourceModel& source, const Names& names) const;

  const RunContext& context_;
  const std::vector<const StreamModel*>& streams_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::uint64_t> asked_, caused_;
};

}  // namespace probackup
