// A sink that keeps the names of the first records, for showing what credentials can see.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "probackup/engine.h"

namespace probackup {

// Safe for concurrent calls, as every BackupSink.
class VisibleSink final : public BackupSink {
 public:
  // In the order in which the streams were begun.
  std::vector<Engine::Visible> take();

  PriorStream prior(const std::string&) override { return {}; }
  void begin_stream(const std::string& stream, bool full) override;
  Change record(Record record) override;
  void record_done(const std::string&, const std::string&) override {}
  std::optional<std::string> prior_mark(const std::string&, const std::string&) override {
    return std::nullopt;
  }
  bool keep(const std::string&, const std::string&) override { return false; }
  void named(const std::string&, const std::string&, const std::string&) override {}
  void gone(const std::string&, const std::string&) override {}
  void listed(const std::string&, const std::string&, bool) override {}
  void keep_scope(const std::string&, const std::string&) override {}
  void end_stream(const StreamResult& result) override;
  void parents(const std::string&, bool, const std::function<bool(ParentRecord)>&) override {}
  std::unique_ptr<FileSink> file(const FileRef&) override { return nullptr; }
  void git(const GitRef&) override {}
  void gap(const Gap& gap) override;
  std::optional<Validators> validators(const std::string&) override { return std::nullopt; }
  void remember(const std::string&, const Validators&) override {}

 private:
  Engine::Visible& of(const std::string& stream);
  std::mutex mutex_;  // guards what follows
  std::vector<Engine::Visible> streams_;
};

}  // namespace probackup
