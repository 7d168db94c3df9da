// A request body that lies in a temporary file.
#pragma once

#include <memory>

#include "probackup/http.h"
#include "util/file.h"

namespace probackup {

// The whole file, which must not grow any more. Keeps it as long as it is needed. Throws Error when
// what was appended cannot be written.
std::shared_ptr<HttpBody> spool_body(std::shared_ptr<SpoolFile> file);

}  // namespace probackup
