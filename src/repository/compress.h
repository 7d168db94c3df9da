// zstd with contexts that are kept; one object per thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace probackup {

class Compressor {
 public:
  // `level` as zstd counts them, 1 to 19; others are brought into that range.
  explicit Compressor(int level);
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  // One zstd frame, or nothing when it would not be shorter than `plain`. The view is valid until
  // the next call.
  std::optional<std::string_view> compress(std::string_view plain);
  // One zstd frame whatever its length, for where the format asks for one.
  std::string compress_always(std::string_view plain);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  // All frames of `packed`. Throws Error ("zstd: …") unless they give exactly `size` bytes.
  std::string decompress(std::string_view packed, std::size_t size);
  // The same for an unknown size up to `size_max`.
  std::string decompress_up_to(std::string_view packed, std::size_t size_max);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace probackup
