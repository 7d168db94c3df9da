#include <deque>
#include <utility>

#include "probackup/repository.h"
#include "repository/chunker.h"
#include "util/hash.h"

namespace probackup {
namespace {

// Saves that nobody asked about yet; their bytes are bounded by the repository's queue.
constexpr std::size_t saves_waiting_max = 64;
// Most chunks fit, so that a growing one need not move. Pages that stay empty cost nothing.
constexpr std::size_t chunk_room_bytes = 2 << 20;

}  // namespace

struct FileWriter::State {
  explicit State(Repository& r) : repository(r), chunker(r.chunker_polynomial()) {}

  void append(std::string_view bytes) {
    if (chunk.empty()) chunk.reserve(chunk_room_bytes);
    chunk += bytes;
  }
  void save_chunk() {
    digest.update(chunk);
    digested = true;
    save_last();
  }
  void save_last() {
    saves.push_back(repository.save_blob(BlobType::data, std::exchange(chunk, {})));
    if (saves.size() > saves_waiting_max) take_save();
  }
  void take_save() {
    node.content.push_back(saves.front().get().id);
    saves.pop_front();
  }

  Repository& repository;
  Chunker chunker;
  std::string chunk;
  std::deque<std::future<SavedBlob>> saves;
  Sha256 digest;
  bool digested = false;  // anything yet
  Id hash;
  Node node;
};

FileWriter::FileWriter(Repository& repository) : state_(std::make_unique<State>(repository)) {}
FileWriter::~FileWriter() = default;

void FileWriter::write(std::string_view bytes) {
  state_->node.size += bytes.size();
  while (!bytes.empty()) {
    std::size_t taken = state_->chunker.feed(bytes);
    state_->append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (state_->chunker.at_border()) state_->save_chunk();
  }
}

Node FileWriter::finish() {
  // The id of a file's only blob is the digest of the file.
  const bool only = !state_->digested && !state_->chunk.empty();
  if (only)
    state_->save_last();
  else if (!state_->chunk.empty())
    state_->save_chunk();
  while (!state_->saves.empty()) state_->take_save();
  state_->hash = only ? state_->node.content.front() : state_->digest.finish();
  return state_->node;
}

Id FileWriter::hash() const {
  return state_->hash;
}

}  // namespace probackup
