// Names and paths inside a snapshot (docs/repository.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probackup/catalog.h"
#include "probackup/job.h"
#include "probackup/repository.h"

namespace probackup {

// "/trello/acme": where a source's data lies in its snapshots. The account is made a safe file
// name.
std::string source_path(const SourceRef& source);
// The tags of a snapshot of this source: "app=trello", "account=acme".
std::vector<std::string> source_tags(const SourceRef& source);
// The source that a snapshot's tags name; nothing for one that probackup did not write.
std::optional<SourceRef> source_of(const Snapshot& snapshot);
// The restore whose journal a snapshot keeps (docs/repository.md); nothing for any other snapshot.
// Such a snapshot is of no source.
std::optional<std::string> restore_of(const Snapshot& snapshot);
std::string restore_tag(const std::string& restore);
std::string restore_path(const std::string& restore);  // "/restores/1a2b3c4d"
bool has_tag(const Snapshot& snapshot, std::string_view tag);

// The list of attachments: kept as a stream of its own beside the indexes, one JSON line a file.
inline constexpr std::string_view files_stream = "@files";
std::string print_file_line(const SnapshotFile& file);
SnapshotFile parse_file_line(std::string_view line);  // without the node
// The line as a record of that stream: its scope is the item that the file belongs to.
Record file_record(const SnapshotFile& file, std::string line);
std::string file_key(const std::string& stream, const std::string& id);
std::string file_scope(const std::string& stream, const std::string& key);
// "files/cards/5f…/report.pdf", below the source's folder.
std::string file_path(const std::string& stream, const std::string& id, const std::string& name);
// Blob ids, 32 bytes each, as the catalog keeps them.
std::string pack_ids(const std::vector<Id>& ids);

// Tags of snapshots that want attention.
inline constexpr std::string_view tag_gaps = "gaps";
inline constexpr std::string_view tag_suspicious = "suspicious";
inline constexpr std::string_view tag_partial = "partial";

// Stream files lie in groups, so that no tree blob grows without bound: the first group in the
// stream's folder itself, the others in folders below it.
inline constexpr std::uint32_t stream_files_per_group = 16;
std::string stream_file_name(std::uint32_t file);    // "0007.jsonl"
std::string stream_group_name(std::uint32_t group);  // "more-0001"; "" for group 0
std::optional<std::uint32_t> parse_stream_file_name(std::string_view name);

}  // namespace probackup
