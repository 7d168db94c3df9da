#include "job/segment_reader.h"

#include "repository/load_blobs.h"

namespace probackup {
namespace {

constexpr std::size_t ahead_bytes_max = 8 << 20;  // plain, for each file that is read

}  // namespace

std::string SegmentReader::take(std::size_t row) {
  if (!wanted_[row]) return repository_.load_blob(BlobType::data, rows_[row].blob);
  if (!ahead_.contains(row)) read_ahead(row);
  return std::move(ahead_.extract(row).mapped());
}

void SegmentReader::read_ahead(std::size_t row) {
  std::vector<std::size_t> numbers;
  std::vector<Id> ids;
  for (std::size_t at = row, bytes = 0; at < rows_.size() && bytes < ahead_bytes_max; ++at) {
    if (!wanted_[at]) continue;
    numbers.push_back(at);
    ids.push_back(rows_[at].blob);
    bytes += rows_[at].bytes;
  }
  auto loaded = load_blobs(repository_, BlobType::data, ids);
  for (std::size_t i = 0; i < numbers.size(); ++i) ahead_[numbers[i]] = std::move(loaded[i]);
}

}  // namespace probackup
