#include "demo/sample_files.h"

#include <algorithm>

namespace probackup {

namespace {

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

// CRC-32 as PNG wants it (ISO 3309).
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

std::string chunk(const std::string& type, const std::string& content) {
  return big_endian(static_cast<std::uint32_t>(content.size())) + type + content +
         big_endian(crc32(type + content));
}

// A zlib stream of stored blocks (RFC 1950, RFC 1951).
std::string stored(const std::string& bytes) {
  std::string stream = "\x78\x01";
  constexpr std::size_t block_max = 65'535;
  for (std::size_t at = 0; at < bytes.size(); at += block_max) {
    const auto block = bytes.substr(at, block_max);
    const auto size = static_cast<std::uint16_t>(block.size());
    const auto inverse = static_cast<std::uint16_t>(~size);
    stream += static_cast<char>(at + block_max >= bytes.size());
    for (const auto number : {size, inverse}) {
      stream += static_cast<char>(number & 0xff);
      stream += static_cast<char>(number >> 8);
    }
    stream += block;
  }
  return stream + big_endian(adler32(bytes));
}

}  // namespace

std::string png_image(unsigned width, unsigned height, std::uint32_t rgb) {
  width = std::min(width, 200u);
  height = std::min(height, 200u);
  std::string row(1, '\0');  // no filter
  for (unsigned x = 0; x < width; ++x) row += big_endian(rgb).substr(1);
  std::string rows;
  for (unsigned y = 0; y < height; ++y) rows += row;
  const std::string eight_bit_rgb("\x08\x02\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR", big_endian(width) + big_endian(height) + eight_bit_rgb) +
         chunk("IDAT", stored(rows)) + chunk("IEND", "");
}

SampleFile sample_file(Seeded& dice) {
  switch (dice.below(4)) {
    case 0:
      return {dice.words(2) + ".txt", "text/plain", dice.prose() + "\n"};
    case 1:
      return {"figures " + dice.hex(3) + ".csv", "text/csv",
              "item,price\n" + dice.words(1) + ",12.50\n\"=1+1\"," + dice.words(1) + "\n"};
    case 2: {
      const auto side = static_cast<unsigned>(dice.between(1, 40));
      const auto rgb = static_cast<std::uint32_t>(dice.below(1u << 24));
      return {"picture " + dice.hex(3) + ".png", "image/png", png_image(side, side, rgb)};
    }
    default: {
      std::string bytes;
      for (auto left = dice.below(5000); left > 0; --left) {
        bytes += static_cast<char>(dice.below(256));
      }
      auto name = dice.chance(0.3) ? dice.pick(hostile_names()) : dice.words(1) + ".bin";
      return {std::move(name), "application/octet-stream", std::move(bytes)};
    }
  }
}

}  // namespace probackup
