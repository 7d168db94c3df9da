#include "repository/compress.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>

#include "probackup/error.h"

namespace probackup {
namespace {

constexpr int window_log_max = 27;  // what every restic reads
// The shortest block of a frame is 4 bytes and gives at most 128 KiB (RFC 8878, section 3.1.1.2).
constexpr std::size_t zstd_ratio_max = (128 << 10) / 4;
// A buffer that one huge blob made large is given back.
constexpr std::size_t buffer_kept_bytes = 16 << 20;

std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result)) throw Error(fmt::format("zstd: {}", ZSTD_getErrorName(result)));
  return result;
}

}  // namespace

struct Compressor::State {
  explicit State(int level) : context(ZSTD_createCCtx()) {
    if (!context) throw Error("zstd: no memory");
    checked(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, std::clamp(level, 1, 19)));
  }
  ~State() { ZSTD_freeCCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ZSTD_CCtx* context;
  std::string buffer;
};

Compressor::Compressor(int level) : state_(std::make_unique<State>(level)) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

std::optional<std::string_view> Compressor::compress(std::string_view plain) {
  std::string& buffer = state_->buffer;
  if (buffer.size() > buffer_kept_bytes && plain.size() < buffer_kept_bytes) {
    buffer.clear();
    buffer.shrink_to_fit();
  }
  std::size_t bound = ZSTD_compressBound(plain.size());
  if (buffer.size() < bound) buffer.resize(bound);
  std::size_t n = checked(
      ZSTD_compress2(state_->context, buffer.data(), buffer.size(), plain.data(), plain.size()));
  if (n >= plain.size()) return std::nullopt;
  return std::string_view(buffer.data(), n);
}

std::string Compressor::compress_always(std::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(
      checked(ZSTD_compress2(state_->context, out.data(), out.size(), plain.data(), plain.size())));
  return out;
}

struct Decompressor::State {
  State() : context(ZSTD_createDCtx()) {
    if (!context) throw Error("zstd: no memory");
    checked(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, window_log_max));
  }
  ~State() { ZSTD_freeDCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ZSTD_DCtx* context;
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

std::string Decompressor::decompress(std::string_view packed, std::size_t size) {
  if (size / zstd_ratio_max > packed.size())
    throw Error(fmt::format("zstd: {} bytes cannot become {}", packed.size(), size));
  std::string out(size, '\0');
  std::size_t n = checked(
      ZSTD_decompressDCtx(state_->context, out.data(), out.size(), packed.data(), packed.size()));
  if (n != size) throw Error(fmt::format("zstd: {} bytes where {} were announced", n, size));
  return out;
}

std::string Decompressor::decompress_up_to(std::string_view packed, std::size_t size_max) {
  checked(ZSTD_DCtx_reset(state_->context, ZSTD_reset_session_only));
  std::string out;
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  std::size_t left = 0;
  while (input.pos < input.size || left != 0) {
    if (out.size() >= size_max) throw Error(fmt::format("zstd: more than {} bytes", size_max));
    std::size_t filled = out.size();
    // Small objects are the rule: start near their size and double.
    std::size_t grown = std::max<std::size_t>(4 * packed.size() + 1024, 2 * filled);
    out.resize(std::min(size_max, grown));
    ZSTD_outBuffer output{out.data(), out.size(), filled};
    std::size_t consumed = input.pos;
    left = checked(ZSTD_decompressStream(state_->context, &output, &input));
    out.resize(output.pos);
    if (output.pos == filled && input.pos == consumed) throw Error("zstd: the end is missing");
  }
  return out;
}

}  // namespace probackup
