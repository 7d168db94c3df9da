// A sink that keeps the names of the first records, for showing what credentials can see.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/passing_sink.h"

namespace probackup {

// Safe for concurrent calls, as every BackupSink.
class VisibleSink final : public PassingSink {
 public:
  // In the order in which the streams were begun.
  std::vector<Engine::Visible> take();

  void begin_stream(const std::string& stream, bool full) override;
  Change record(Record record) override;
  void end_stream(const StreamResult& result) override;
  void gap(const Gap& gap) override;

 private:
  Engine::Visible& of(const std::string& stream);
  std::mutex mutex_;  // guards what follows
  std::vector<Engine::Visible> streams_;
};

}  // namespace probackup
