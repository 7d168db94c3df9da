// One stream in one run: all its listings, below all parents, over all levels.
#pragma once

#include "connector/model.h"
#include "engine/run_parts.h"

namespace probackup {

// Reads the stream and hands it to the sink. `parents_complete`: the streams above were read
// without a gap. Blocks. Throws what ends the run.
StreamResult read_stream(const RunParts& parts, const StreamModel& stream, bool parents_complete,
                         Time now);

}  // namespace probackup
