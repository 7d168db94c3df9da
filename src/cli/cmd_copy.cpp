// copy.
#include <fmt/format.h>

#include "cli/care.h"
#include "cli/commands.h"
#include "probackup/copy.h"
#include "util/text.h"

namespace probackup {

int run_copy(Session& session) {
  auto& out = session.out();
  auto& from = session.repository();
  auto& to = session.target_repository();
  RepositoryLock lock(from, false, session.clock());
  RepositoryLock target_lock(to, false, session.clock());
  auto started = session.clock().now();
  auto report = copy_snapshots(
      from, to, target_lock, targeted_snapshots(session), session.stop(),
      [&](const CopyProgress& progress) {
        out.progress(fmt::format("snapshot {} of {}: {} blobs copied, {}",
                                 progress.snapshots_done + 1, progress.snapshots,
                                 format_count(progress.blobs), format_size(progress.bytes)));
      });
  lock.verify();
  auto locked = lock_objects(session, to, report.there, started);
  out.clear_progress();
  if (out.json()) {
    nlohmann::ordered_json document = {{"snapshots", report.snapshots},
                                       {"already_there", report.already_there},
                                       {"blobs", report.blobs},
                                       {"bytes", report.bytes}};
    if (locked) document["object_lock"] = to_json(*locked);
    out.document(document);
    return 0;
  }
  out.line(fmt::format("copied {} snapshots, {} were there already; {} new blobs, {}",
                       format_count(report.snapshots), format_count(report.already_there),
                       format_count(report.blobs), format_size(report.bytes)));
  if (locked) print(out, *locked);
  return 0;
}

}  // namespace probackup
