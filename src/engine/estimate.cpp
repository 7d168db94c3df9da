#include "engine/estimate.h"

#include <algorithm>

#include "util/raw_json.h"

namespace probackup {

std::map<std::string, std::uint64_t> EstimateSink::caused() const {
  std::lock_guard lock(mutex_);
  return caused_;
}

std::map<std::string, std::uint64_t> EstimateSink::asked() const {
  std::lock_guard lock(mutex_);
  return asked_;
}

void EstimateSink::end_stream(const StreamResult& result) {
  std::lock_guard lock(mutex_);
  asked_[result.stream] = result.requests;
}

bool EstimateSink::asks(const SourceModel& source, const Names& names) const {
  if (!source.when) return true;
  try {
    return source.when->holds(names.scope());
  } catch (const Error&) {
    return false;
  }
}

Change EstimateSink::record(Record record) {
  Names names(&context_.scope());
  names.set("parent", parse_json(record.raw));
  names.set("parent_key", record.key);
  names.set("since", nullptr);
  for (const StreamModel* stream : streams_) {
    std::uint64_t requests = stream->name == record.stream && stream->detail ? 1 : 0;
    for (const auto& source : stream->sources) {
      bool below =
          std::find(source.each.begin(), source.each.end(), record.stream) != source.each.end();
      if (below && asks(source, names)) ++requests;
    }
    std::lock_guard lock(mutex_);
    if (requests > 0) caused_[stream->name] += requests;
  }
  return Change::added;
}

std::unique_ptr<FileSink> EstimateSink::file(const FileRef& file) {
  std::lock_guard lock(mutex_);
  ++caused_[file.stream];
  return nullptr;
}

}  // namespace probackup
