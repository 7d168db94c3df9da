#include "engine/visible.h"

#include <algorithm>

namespace probackup {

namespace {
constexpr std::size_t names_max = 100;
}

Engine::Visible& VisibleSink::of(const std::string& stream) {
  auto found = std::find_if(streams_.begin(), streams_.end(),
                            [&](const auto& known) { return known.stream == stream; });
  if (found != streams_.end()) return *found;
  streams_.emplace_back().stream = stream;
  return streams_.back();
}

std::vector<Engine::Visible> VisibleSink::take() {
  std::lock_guard lock(mutex_);
  return std::move(streams_);
}

void VisibleSink::begin_stream(const std::string& stream, bool) {
  std::lock_guard lock(mutex_);
  of(stream);
}

Change VisibleSink::record(Record record) {
  std::lock_guard lock(mutex_);
  auto& stream = of(record.stream);
  ++stream.count;
  if (stream.names.size() < names_max)
    stream.names.push_back(record.title.empty() ? record.key : record.title);
  stream.keys.push_back(std::move(record.key));
  return Change::added;
}

void VisibleSink::end_stream(const StreamResult& result) {
  std::lock_guard lock(mutex_);
  of(result.stream).complete &= result.complete;
}

void VisibleSink::gap(const Gap& gap) {
  std::lock_guard lock(mutex_);
  of(gap.stream).complete = false;
}

}  // namespace probackup
