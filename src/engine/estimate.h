// A sink that keeps nothing and counts what a full run would have to ask for.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/context.h"
#include "engine/selection.h"

namespace probackup {

// Safe for concurrent calls, as every BackupSink.
class EstimateSink final : public BackupSink {
 public:
  EstimateSink(const RunContext& context, const std::vector<const StreamModel*>& streams)
      : context_(context), streams_(streams) {}

  // Requests made, by stream.
  std::map<std::string, std::uint64_t> asked() const;
  // Requests that the records seen so far cause, by stream.
  std::map<std::string, std::uint64_t> caused() const;

  PriorStream prior(const std::string&) override { return {}; }
  void begin_stream(const std::string&, bool) override {}
  void record_done(const std::string&, const std::string&) override {}
  Change record(Record record) override;
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
  std::unique_ptr<FileSink> file(const FileRef& file) override;
  void git(const GitRef&) override {}
  void gap(const Gap&) override {}
  std::optional<Validators> validators(const std::string&) override { return std::nullopt; }
  void remember(const std::string&, const Validators&) override {}

 private:
  bool asks(const SourceModel& source, const Names& names) const;

  const RunContext& context_;
  const std::vector<const StreamModel*>& streams_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::uint64_t> asked_, caused_;
};

}  // namespace probackup
