// Runs streams side by side, each as soon as the streams above it are done.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "connector/model.h"

namespace probackup {

// Calls `read` for every stream on a thread of its own; it returns whether the stream was read
// without a gap. `parents_complete` says so of all streams above. When one throws, `stop_all` is
// called and the first exception is thrown here after all have ended.
void run_streams(const std::vector<const StreamModel*>& streams,
                 const std::function<bool(const StreamModel&, bool parents_complete)>& read,
                 const std::function<void()>& stop_all);

}  // namespace probackup
