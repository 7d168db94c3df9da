// Which streams a run reads, and what they wait for.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "connector/model.h"

namespace probackup {

// The streams that `stream` is listed below, without itself.
std::set<std::string> parents_of(const StreamModel& stream);
// The streams named in `only` (empty: all) and everything above them, without those in `exclude`
// and everything below them, in the connector's order. The result points into `model`. Throws
// Error(usage) for an unknown one, and where what is named in `only` is excluded.
std::vector<const StreamModel*> select_streams(const ConnectorModel& model,
                                               const std::vector<std::string>& only,
                                               const std::vector<std::string>& exclude);

}  // namespace probackup
