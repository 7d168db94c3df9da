// Small files such as people attach.
#pragma once

#include <cstdint>
#include <string>

#include "demo/seeded.h"

namespace probackup {

struct SampleFile {
  std::string name, mime_type, bytes;
};

// Text, a CSV with a cell that looks like a formula, a PNG, or bytes at random.
SampleFile sample_file(Seeded& dice);
// A valid PNG of one colour; sides of at most 200 pixels.
std::string png_image(unsigned width, unsigned height, std::uint32_t rgb);

}  // namespace probackup
