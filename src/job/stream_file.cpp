#include "job/stream_file.h"

namespace probackup {
namespace {

constexpr std::size_t index_blob_bytes = 64 << 10;

}  // namespace

void StreamFileBuilder::add(const DirectoryEntry& entry, std::string_view raw,
                            std::size_t target_bytes) {
  directory_.add(entry);
  open_ += raw;
  open_ += '\n';
  ++records_;
  if (open_.size() >= target_bytes) cut();
}

void StreamFileBuilder::keep(SegmentRow row, const std::vector<DirectoryEntry>& entries) {
  cut();
  if (with_index_) index_ += index_line(entries);
  records_ += row.count;
  segments_.push_back({std::move(row), {}});
}

void StreamFileBuilder::append(StreamFileBuilder& other) {
  cut();
  other.cut();
  for (auto& segment : other.segments_) segments_.push_back(std::move(segment));
  index_ += other.index_;
  records_ += other.records_;
  other.segments_.clear();
  other.index_.clear();
  other.records_ = 0;
}

void StreamFileBuilder::cut() {
  if (open_.empty()) return;
  Segment segment;
  segment.row.count = directory_.count();
  segment.row.bytes = static_cast<std::uint32_t>(open_.size());
  segment.row.directory = directory_.take();
  if (with_index_) index_ += index_line(read_directory(segment.row.directory));
  std::size_t capacity = open_.capacity();
  segment.saved = repository_.save_blob(BlobType::data, std::move(open_));
  segments_.push_back(std::move(segment));
  open_ = {};
  open_.reserve(capacity);
}

StreamFile StreamFileBuilder::finish(std::uint32_t file) {
  cut();
  StreamFile out;
  out.records = records_;
  out.rows.reserve(segments_.size());
  for (auto& segment : segments_) {
    if (segment.saved.valid()) segment.row.blob = segment.saved.get().id;
    segment.row.file = file;
    segment.row.position = static_cast<std::uint32_t>(out.rows.size());
    out.content.push_back(segment.row.blob);
    out.bytes += segment.row.bytes;
    out.rows.push_back(std::move(segment.row));
  }
  out.index_bytes = index_.size();
  std::vector<std::future<SavedBlob>> saved;
  for (std::string_view rest = index_; !rest.empty();) {
    // Whole lines, so that a blob can be read by itself.
    auto end =
        rest.size() <= index_blob_bytes ? rest.size() : rest.find('\n', index_blob_bytes) + 1;
    saved.push_back(repository_.save_blob(BlobType::data, std::string(rest.substr(0, end))));
    rest.remove_prefix(end);
  }
  for (auto& blob : saved) out.index.push_back(blob.get().id);
  segments_.clear();
  index_.clear();
  records_ = 0;
  return out;
}

}  // namespace probackup
