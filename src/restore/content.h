// The content of a request that carries forms and attachments.
#pragma once

#include <string>

#include "connector/restore_model.h"
#include "probackup/http.h"
#include "probackup/restore.h"

namespace probackup {

// Gives the request the content that the model says, beside a JSON body: attachments are those of
// the record `stream`/`key`, and pass through a temporary file. Throws Error for an attachment that
// the source does not have, and when an expression fails.
void add_content(HttpRequest& request, const WriteModel& model, const Scope& names,
                 RestoreSource& source, const std::string& stream, const std::string& key);

}  // namespace probackup
