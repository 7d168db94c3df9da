// The report of a restore as one web page that needs nothing else.
#pragma once

#include <string>

#include "probackup/restore_job.h"

namespace probackup {

std::string restore_page(const RestoreReport& report);

}  // namespace probackup
