// Reads segments of a stream file ahead of their use.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "probackup/catalog.h"
#include "probackup/repository.h"

namespace probackup {

// A distant store answers each request late, so that segments come many at a time. Not for
// concurrent calls; `rows` must outlive it.
class SegmentReader {
 public:
  // `wanted`: which of the rows are sure to be taken.
  SegmentReader(Repository& repository, const std::vector<SegmentRow>& rows,
                std::vector<bool> wanted)
      : repository_(repository), rows_(rows), wanted_(std::move(wanted)) {}

  // The plain bytes of a row's segment; each only once, in the order of the rows.
  std::string take(std::size_t row);

 private:
  void read_ahead(std::size_t row);

  Repository& repository_;
  const std::vector<SegmentRow>& rows_;
  const std::vector<bool> wanted_;
  std::map<std::size_t, std::string> ahead_;
};

}  // namespace probackup
