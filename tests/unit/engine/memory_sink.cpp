#include "memory_sink.h"

#include <algorithm>

using namespace probackup;

class MemorySink::File final : public FileSink {
 public:
  File(MemorySink& sink, FileRef file) : sink_(sink), file_(std::move(file)) {}
  void write(std::string_view bytes) override { bytes_ += bytes; }
  void finish() override {
    std::lock_guard lock(sink_.mutex_);
    sink_.now_[file_.stream].records[file_.key].files[file_.id] = bytes_;
  }

 private:
  MemorySink& sink_;
  FileRef file_;
  std::string bytes_;
};

std::unique_ptr<FileSink> MemorySink::file(const FileRef& file) {
  std::lock_guard lock(mutex_);
  if (const Stored* before = find_prior(file.stream, file.key)) {
    if (auto at = before->files.find(file.id); at != before->files.end()) {
      now_[file.stream].records[file.key].files[file.id] = at->second;
      return nullptr;
    }
  }
  return std::make_unique<File>(*this, file);
}

bool MemorySink::read_all(const Run& run) {
  return run.full && run.kept.empty() &&
         std::all_of(run.scopes.begin(), run.scopes.end(),
                     [](const auto& scope) { return scope.second; });
}

bool MemorySink::is_gone(const Run& run, const Record& record) const {
  if (run.gone.contains(record.key)) return true;
  if (run.kept.contains(record.scope)) return false;
  auto shared = shared_.find(record.stream);
  if (shared != shared_.end() && shared->second.contains(record.key)) return read_all(run);
  auto listed = run.scopes.find(record.scope);
  if (listed != run.scopes.end()) return listed->second;
  if (run.full)
    return std::all_of(run.scopes.begin(), run.scopes.end(),
                       [](const auto& scope) { return scope.second; });
  if (record.parent_stream.empty() || record.parent_stream == record.stream) return false;
  auto parents = now_.find(record.parent_stream);
  return parents != now_.end() && !parents->second.records.contains(record.parent);
}

void MemorySink::end_stream(const StreamResult& result) {
  std::lock_guard lock(mutex_);
  Run& run = runs_[result.stream];
  Stream& now = now_[result.stream];
  auto before = prior_.find(result.stream);
  if (before != prior_.end()) {
    for (const auto& [key, stored] : before->second.records)
      if (!now.records.contains(key) && !is_gone(run, stored.record)) now.records[key] = stored;
    now.since = before->second.since;
    now.last_full = before->second.last_full;
    now.last_refresh = before->second.last_refresh;
  }
  if (read_all(run))
    std::erase_if(shared_[result.stream],
                  [&](const std::string& key) { return places_[result.stream][key].size() < 2; });
  now.result = result;
  now.feeds = result.feeds;
  if (result.since) now.since = result.since;
  if (result.full && result.since) now.last_full = result.since;
  if (result.refreshed && result.since) now.last_refresh = result.since;
}
