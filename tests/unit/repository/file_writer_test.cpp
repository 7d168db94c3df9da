#include <algorithm>
#include <random>

#include "catch.h"
#include "helpers.h"
#include "repository/chunker.h"

using namespace probackup;
using namespace probackup::test;

namespace {

std::vector<std::size_t> cut(Polynomial secret, std::string_view bytes, std::size_t step) {
  Chunker chunker(secret);
  std::vector<std::size_t> borders;
  std::size_t at = 0;
  while (at < bytes.size()) {
    at += chunker.feed(bytes.substr(at, step));
    if (chunker.at_border()) borders.push_back(at);
  }
  return borders;
}

}  // namespace

TEST_CASE("borders depend on content and secret, not on the pieces of writing") {
  std::string bytes = noise(30 << 20, 1);
  auto borders = cut(7, bytes, bytes.size());
  CHECK(borders.size() > 10);
  CHECK(borders.size() < 40);
  CHECK(cut(7, bytes, 4096) == borders);
  CHECK(cut(7, bytes, 99'991) == borders);
  CHECK(cut(8, bytes, bytes.size()) != borders);
  std::size_t last = 0;
  for (std::size_t border : borders) {
    CHECK(border - last >= chunk_bytes_min);
    CHECK(border - last <= chunk_bytes_max);
    last = border;
  }
}

TEST_CASE("after an insertion the borders fall into step again") {
  std::string bytes = noise(20 << 20, 2);
  auto before = cut(7, bytes, bytes.size());
  auto after = cut(7, "inserted" + bytes, bytes.size());
  std::size_t same = 0;
  for (std::size_t border : after) same += std::count(before.begin(), before.end(), border - 8) > 0;
  CHECK(same + 4 >= before.size());
}

TEST_CASE("bytes without any variety are cut at the longest") {
  auto borders = cut(7, std::string(20 << 20, '\0'), 1 << 20);
  CHECK(borders == std::vector<std::size_t>{8 << 20, 16 << 20});
}

TEST_CASE("a file that is written in pieces is read as a whole") {
  TestRepository repository;
  std::string bytes = noise(5 << 20, 3) + text(5 << 20, 4);
  FileWriter writer(*repository);
  for (std::size_t at = 0; at < bytes.size(); at += 100'000)
    writer.write(std::string_view(bytes).substr(at, 100'000));
  Node node = writer.finish();
  CHECK(node.size == bytes.size());
  CHECK(node.content.size() > 1);
  CHECK(writer.hash() == sha256(bytes));
  repository->flush();
  std::string read;
  read_file_node(*repository, node, [&](std::string_view piece) { read += piece; });
  CHECK(read == bytes);

  FileWriter again(*repository);
  again.write("x" + bytes);
  Node changed = again.finish();
  std::size_t known = 0;
  for (const Id& id : changed.content)
    known += std::count(node.content.begin(), node.content.end(), id) > 0;
  CHECK(known > 0);
}

TEST_CASE("an empty file has no blobs") {
  TestRepository repository;
  FileWriter writer(*repository);
  Node node = writer.finish();
  CHECK(node.content.empty());
  CHECK(node.size == 0);
  CHECK(writer.hash() == sha256(""));
}

TEST_CASE("a file whose blobs cannot be stored is an error at its end") {
  TestRepository repository;
  repository->load_index();
  repository.storage.crash_at_write(0);
  FileWriter writer(*repository);
  auto write_all = [&] {
    for (std::uint64_t i = 0; i < 40; ++i) writer.write(noise(1 << 20, i));
    writer.finish();
    repository->flush();
  };
  CHECK_THROWS_AS(write_all(), Error);
}
