// Reads many blobs by few requests.
#pragma once

#include <string>
#include <vector>

#include "probackup/repository.h"

namespace probackup {

// The plain bytes of each of these blobs, in their order; the same may stand there twice. Blobs
// that lie near each other in a pack come by one request. Throws what Repository::load_blob() does.
std::vector<std::string> load_blobs(Repository& repository, BlobType type,
                                    const std::vector<Id>& ids);

}  // namespace probackup
