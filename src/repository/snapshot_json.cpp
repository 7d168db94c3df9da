#include "repository/snapshot_json.h"

#include <nlohmann/json.hpp>

#include "repository/document.h"
#include "util/time.h"

namespace probackup {
namespace {

using Summary = Snapshot::Summary;

struct Count {
  const char* name;
  std::uint64_t Summary::*member;
};

constexpr Count counts[] = {
    {"files_new", &Summary::files_new},
    {"files_changed", &Summary::files_changed},
    {"files_unmodified", &Summary::files_unmodified},
    {"data_blobs", &Summary::data_blobs},
    {"tree_blobs", &Summary::tree_blobs},
    {"data_added", &Summary::data_added},
    {"data_added_packed", &Summary::data_added_packed},
    {"total_files_processed", &Summary::total_files_processed},
    {"total_bytes_processed", &Summary::total_bytes_processed},
};

}  // namespace

std::string print_snapshot(const Snapshot& snapshot) {
  nlohmann::ordered_json out;
  out["time"] = format_rfc3339(snapshot.time);
  if (snapshot.parent) out["parent"] = snapshot.parent->hex();
  out["tree"] = snapshot.tree.hex();
  out["paths"] = snapshot.paths;
  if (!snapshot.hostname.empty()) out["hostname"] = snapshot.hostname;
  if (!snapshot.username.empty()) out["username"] = snapshot.username;
  if (!snapshot.tags.empty()) out["tags"] = snapshot.tags;
  if (snapshot.original) out["original"] = snapshot.original->hex();
  if (!snapshot.program_version.empty()) out["program_version"] = snapshot.program_version;
  if (snapshot.has_summary) {
    const Summary& summary = snapshot.summary;
    auto& to = out["summary"];
    to["backup_start"] = format_rfc3339(summary.backup_start);
    to["backup_end"] = format_rfc3339(summary.backup_end);
    for (const Count& count : counts) to[count.name] = summary.*count.member;
  }
  return print_document(out);
}

Snapshot parse_snapshot(std::string_view json) {
  auto document = parse_document(json);
  Snapshot out;
  out.time = time_member(document, "time");
  out.tree = id_member(document, "tree");
  out.parent = optional_id(document, "parent");
  out.original = optional_id(document, "original");
  out.paths = optional_texts(document, "paths");
  out.tags = optional_texts(document, "tags");
  out.hostname = optional_text(document, "hostname");
  out.username = optional_text(document, "username");
  out.program_version = optional_text(document, "program_version");
  auto summary = document.find("summary");
  if (summary != document.end() && summary->is_object()) {
    out.has_summary = true;
    out.summary.backup_start = time_member(*summary, "backup_start");
    out.summary.backup_end = time_member(*summary, "backup_end");
    for (const Count& count : counts)
      out.summary.*count.member = optional_number(*summary, count.name);
  }
  return out;
}

}  // namespace probackup
