#include <deque>
#include <utility>

#include "probackup/repository.h"
#include "repository/chunker.h"
#include "util/hash.h"

namespace probackup {
namespace {

// Saves that nobody asked about yet; their bytes are bounded by the repository's queue.
constexpr std::size_t saves_waiting_max = 64;

}  // namespace

struct FileWriter::State {
  explicit State(Repository& r) : repository(r), chunker(r.chunker_polynomial()) {}

  void save_chunk() {
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
  Id hash;
  Node node;
};

FileWriter::FileWriter(Repository& repository) : state_(std::make_unique<State>(repository)) {}
FileWriter::~FileWriter() = default;

void FileWriter::write(std::string_view bytes) {
  state_->digest.update(bytes);
  state_->node.size += bytes.size();
  while (!bytes.empty()) {
    std::size_t taken = state_->chunker.feed(bytes);
    state_->chunk += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (state_->chunker.at_border()) state_->save_chunk();
  }
}

Node FileWriter::finish() {
  if (!state_->chunk.empty()) state_->save_chunk();
  while (!state_->saves.empty()) state_->take_save();
  state_->hash = state_->digest.finish();
  return state_->node;
}

Id FileWriter::hash() const {
  return state_->hash;
}

}  // namespace probackup
