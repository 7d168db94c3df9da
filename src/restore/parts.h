// What the parts of one restore share.
#pragma once

#include <stop_token>

#include "connector/restore_model.h"
#include "engine/context.h"
#include "engine/fetch.h"
#include "probackup/restore.h"

namespace probackup {

struct RestoreParts {
  const RestoreModel& model;
  const RestoreOptions& options;
  const RunContext& context;
  const Scope& names;  // context's, and `target` and `options`
  Fetcher& fetcher;
  RateLimiter& writes;  // beside the fetcher's own
  RestoreSource& source;
  RestoreJournal& journal;
  Clock& clock;
};

}  // namespace probackup
