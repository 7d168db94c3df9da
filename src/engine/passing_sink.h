// A sink that keeps nothing and knows of no earlier run: what only looks on overrides what it looks at.
#pragma once

#include "probackup/engine.h"

namespace probackup {

class PassingSink : public BackupSink {
 public:
  PriorStream prior(const std::string&) override { return {}; }
  void begin_stream(const std::string&, bool) override {}
  Change record(Record) override { return Change::added; }
  void record_done(const std::string&, const std::string&) override {}
  std::optional<std::string> prior_mark(const std::string&, const std::string&) override {
    return std::nullopt;
  }
  bool keep(const std::string&, const std::string&) override { return false; }
  void named(const std::string&, const std::string&, const std::string&) override {}
  void gone(const std::string&, const std::string&) override {}
  void listed(const std::string&, const std::string&, bool) override {}
  void keep_scope(const std::string&, const std::string&) override {}
  void end_stream(const StreamResult&) override {}
  void parents(const std::string&, bool, const std::function<bool(ParentRecord)>&) override {}
  std::unique_ptr<FileSink> file(const FileRef&) override { return nullptr; }
  void git(const GitRef&) override {}
  void gap(const Gap&) override {}
  std::optional<Validators> validators(const std::string&) override { return std::nullopt; }
  void remember(const std::string&, const Validators&) override {}
};

}  // namespace probackup
