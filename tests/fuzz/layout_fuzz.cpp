// The files that a snapshot holds about itself, and what git says of a remote. The first byte
// chooses what the rest is.
#include <algorithm>

#include "fuzz.h"
#include "git/refs.h"
#include "job/layout.h"
#include "job/manifest.h"
#include "job/segment.h"

using namespace probackup;
using fuzz::accepts;
using fuzz::require;

namespace {

void try_manifest(std::string_view text) {
  Manifest manifest;
  if (!accepts([&] { manifest = Manifest::parse(text); })) return;
  std::string printed = manifest.print();
  Manifest again = Manifest::parse(printed);
  require(again.print() == printed, "a manifest prints differently each time");
  require(again.streams == manifest.streams && again.started <= manifest.started &&
              again.gaps == manifest.gaps && again.partial == manifest.partial &&
              again.suspicious == manifest.suspicious,
          "a manifest reads differently");
}

auto parts(const Gap& gap) {
  return std::tie(gap.stream, gap.scope, gap.key, gap.file, gap.url, gap.status, gap.reason);
}

void try_gaps(std::string_view text) {
  std::vector<Gap> gaps;
  if (!accepts([&] { gaps = parse_gaps(text); })) return;
  std::string printed;
  for (const auto& gap : gaps) printed += print_gap(gap);
  auto again = parse_gaps(printed);
  require(std::ranges::equal(gaps, again, {}, parts, parts), "a gap is lost or changed");
}

auto places(const IndexedRecord& record) {
  return std::tie(record.key, record.scope, record.parent_stream, record.parent);
}

void try_index_line(std::string_view text) {
  std::vector<IndexedRecord> records;
  if (!accepts([&] { records = parse_index_line(text); }) || records.empty()) return;
  std::vector<DirectoryEntry> entries;
  for (const auto& record : records) {
    DirectoryEntry entry;
    std::tie(entry.key, entry.scope, entry.parent_stream, entry.parent) = places(record);
    entries.push_back(entry);
  }
  std::string line = index_line(entries);
  require(line.ends_with('\n') && line.find('\n') == line.size() - 1, "an index of several lines");
  require(std::ranges::equal(parse_index_line(line), records, {}, places, places),
          "an index reads differently");
}

void try_directory(std::string_view text) {
  std::vector<DirectoryEntry> entries;
  if (!accepts([&] { entries = read_directory(text); })) return;
  DirectoryWriter writer;
  for (const auto& entry : entries) writer.add(entry);
  require(writer.count() == entries.size(), "a directory that miscounts");
  std::string written = writer.take();
  auto fields = [](const DirectoryEntry& e) {
    return std::tie(e.key, e.scope, e.parent_stream, e.parent, e.mark, e.compare);
  };
  require(std::ranges::equal(read_directory(written), entries, {}, fields, fields),
          "a directory reads differently");
}

void try_file_line(std::string_view text) {
  SnapshotFile file;
  if (!accepts([&] { file = parse_file_line(text); })) return;
  std::string line = print_file_line(file);
  require(line.find('\n') == std::string::npos, "a list of files with a line too many");
  SnapshotFile again = parse_file_line(line);
  require(again.stream == file.stream && again.key == file.key && again.id == file.id &&
              again.name == file.name && again.hash == file.hash &&
              again.node.size == file.node.size,
          "an attachment reads differently");
  std::string path = file_path(file.stream, file.id, file.name);
  require(std::ranges::count(path, '/') == 3 && path.find("/../") == std::string::npos,
          "an attachment leaves its folder: " + path);
}

void look_at(const RefTable& refs) {
  for (const auto& [name, id] : refs.ids) {
    require(is_ref_name(name) && name.find('\n') == std::string::npos, "no name of a ref: " + name);
    require(is_object_id(id), "no object id: " + id);
  }
  require(RefTable::from_json_lines(refs.to_json_lines()) == refs, "refs read differently");
  std::string packed = packed_refs(refs.ids);
  require(std::ranges::count(packed, '\n') == static_cast<std::ptrdiff_t>(refs.ids.size()) + 1,
          "packed-refs with lines too many");
}

void try_refs(std::string_view text) {
  RefTable refs;
  if (accepts([&] { refs = RefTable::from_json_lines(text); })) look_at(refs);
}

void try_ls_remote(std::string_view text) {
  RefTable refs;
  std::vector<std::string> refused;
  if (!accepts([&] { refs = parse_ls_remote(text, refused); })) return;
  look_at(refs);
  for (const auto& [name, id] : refs.ids)
    require(!name.starts_with(own_refs), "a remote takes a name that is ours: " + name);
}

void try_stream_file(std::string_view text) {
  auto number = parse_stream_file_name(text);
  if (number) require(parse_stream_file_name(stream_file_name(*number)) == number, "its name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  auto kind = input.byte() % 8;
  constexpr void (*tries[])(std::string_view) = {try_manifest,  try_gaps,       try_index_line,
                                                 try_directory, try_file_line,  try_refs,
                                                 try_ls_remote, try_stream_file};
  tries[kind](input.rest());
  return 0;
}
