// What the parts of one run share.
#pragma once

#include <stop_token>

#include "engine/context.h"
#include "engine/fetch.h"
#include "engine/workers.h"
#include "probackup/engine.h"

namespace probackup {

struct RunParts {
  const RunContext& context;
  Fetcher& fetcher;
  BackupSink& sink;
  Workers& workers;
  std::size_t queued_max;  // tasks of one kind that may wait
  std::stop_token stop;
};

}  // namespace probackup
