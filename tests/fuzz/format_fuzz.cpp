// The parsers of a repository's objects, behind the seal. The first byte chooses what the rest is.
#include <tuple>

#include "fuzz.h"
#include "repository/blob_codec.h"
#include "repository/config.h"
#include "repository/document.h"
#include "repository/index.h"
#include "repository/key.h"
#include "repository/snapshot_json.h"
#include "repository/tree.h"
#include "util/bytes.h"
#include "util/hash.h"

#include <nlohmann/json.hpp>

using namespace probackup;
using fuzz::accepts;
using fuzz::require;

namespace {

constexpr std::size_t memory_max = 64 << 20;

SealKey master_key() {
  SealKey key;
  key.encrypt.fill(1);
  key.mac_k.fill(2);
  key.mac_r.fill(3);
  return key;
}

void try_pack_header(std::string_view text) {
  std::vector<PackEntry> entries;
  if (!accepts([&] { entries = parse_pack_header(text); })) return;
  require(print_pack_header(entries) == text, "a header that prints differently");
  std::uint64_t end = 0;
  for (const auto& entry : entries) {
    require(entry.offset == end, "blobs that overlap");
    end += entry.length;
  }
  require(pack_bytes(entries) == end + seal_overhead + text.size() + 4, "the size of a pack");
}

void try_pack_footer(fuzz::Input input) {
  std::uint64_t size = input.number();
  std::uint32_t length = 0;
  if (!accepts([&] { length = parse_pack_footer(input.rest(), size); })) return;
  require(length + 4 <= size && length <= pack_header_bytes_max + seal_overhead,
          "a header that begins before its pack");
  require(print_pack_footer(length) == input.rest(), "a footer that prints differently");
}

std::vector<IndexedPack> packs_of(std::string_view json) {
  std::vector<IndexedPack> packs;
  parse_index(json, [&](IndexedPack pack) { packs.push_back(std::move(pack)); });
  return packs;
}

void try_index(std::string_view text) {
  std::vector<IndexedPack> packs;
  if (!accepts([&] { packs = packs_of(text); })) return;
  auto again = packs_of(print_index(packs));
  require(again.size() == packs.size(), "packs get lost in an index file");
  Index index;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    require(again[i].id == packs[i].id && again[i].entries == packs[i].entries,
            "an index file prints differently");
    index.add(packs[i]);
    index.add(again[i]);  // what is there already
  }
  for (const auto& pack : packs)
    for (const auto& entry : pack.entries) {
      require(entry.offset + std::uint64_t{entry.length} <= UINT32_MAX, "a blob beyond its pack");
      auto places = index.find_all(entry.type, entry.id);
      bool found = false;
      for (const auto& place : places)
        found |= place.pack == pack.id && place.entry.offset == entry.offset;
      require(found, "a blob that the index lists is not found");
    }
}

auto parts(const Node& node) {
  return std::tuple(node.name, node.folder, node.time, node.folder ? 0 : node.size,
                    node.folder ? std::vector<Id>{} : node.content,
                    node.folder ? node.subtree : std::nullopt);
}

void try_tree(std::string_view text) {
  std::vector<Node> nodes;
  if (!accepts([&] { nodes = parse_tree(text); })) return;
  for (const auto& node : nodes) {
    require(!node.name.empty() && node.name != "." && node.name != ".." &&
                node.name.find('/') == std::string::npos &&
                node.name.find('\0') == std::string::npos,
            "a name that leads out of its folder");
    if (!node.folder && node.type != "file") return;  // links and devices are not ours to write
  }
  std::string printed;
  if (!accepts([&] { printed = print_tree(nodes); })) return;  // a name that comes twice
  auto again = parse_tree(printed);
  require(print_tree(again) == printed, "a tree prints differently each time");
  std::ranges::sort(nodes, {}, &Node::name);
  require(std::ranges::equal(nodes, again, {}, parts, parts), "a tree reads differently");
}

void try_snapshot(std::string_view text) {
  Snapshot snapshot;
  if (!accepts([&] { snapshot = parse_snapshot(text); })) return;
  std::string printed = print_snapshot(snapshot);
  require(print_snapshot(parse_snapshot(printed)) == printed, "a snapshot prints differently");
  auto again = parse_snapshot(printed);
  require(again.time == snapshot.time && again.tree == snapshot.tree &&
              again.parent == snapshot.parent && again.tags == snapshot.tags &&
              again.paths == snapshot.paths,
          "a snapshot reads differently");
}

void try_config(std::string_view text) {
  RepositoryConfig config;
  if (!accepts([&] { config = parse_config(text); })) return;
  RepositoryConfig again = parse_config(print_config(config));
  require(again.id == config.id && again.polynomial == config.polynomial, "a config changes");
}

// What the numbers of a key file cost, as it says.
std::optional<ScryptCost> cost_of(std::string_view text) {
  ScryptCost cost;
  bool there = accepts([&] {
    auto file = parse_document(text);
    cost = {number_member(file, "N"), number_member(file, "r"), number_member(file, "p")};
  });
  return there ? std::optional(cost) : std::nullopt;
}

void try_key(std::string_view text) {
  if (auto cost = cost_of(text); cost && accepts([&] { check_cost(*cost); })) {
    constexpr std::uint64_t some_seconds = 1 << 24;
    require(cost->n <= some_seconds && cost->r <= some_seconds && cost->p <= some_seconds &&
                cost->n * cost->r * 128 <= 512 << 20 && cost->n * cost->r * cost->p <= some_seconds,
            "a key file that costs too much is not refused");
    if (cost->n * cost->r * cost->p > 1 << 10) return;  // fair, and too slow for here
  }
  std::optional<SealKey> master;
  if (!accepts([&] { master = open_key_file(text, "password"); }) || !master) return;
  SealKey expected = master_key();
  require(master->encrypt == expected.encrypt && master->mac_k == expected.mac_k &&
              master->mac_r == expected.mac_r,
          "a forged key file opens");
}

void try_document(std::string_view text) {
  static BlobCodec codec(master_key(), 2);
  std::string sealed, opened;
  codec.seal(text, sealed);
  require(codec.open(sealed) == text, "a seal loses bytes");
  if (text.size() < 1024 && accepts([&] { opened = codec.open_document(sealed); })) {
    require(opened.size() <= document_bytes_max, "a document without bound");
    if (opened.size() < 1 << 20)
      require(codec.open_document(codec.seal_document(opened)) == opened, "a document changes");
  }
  // Sealed bytes that somebody else made.
  require(text == sealed || !accepts([&] { codec.open(text); }), "a forged seal opens");
}

void try_blob(fuzz::Input input) {
  static BlobCodec codec(master_key(), 2);
  static Decompressor decompressor;
  std::uint32_t size = input.number();
  auto packed = input.rest();
  if (packed.size() > 1024) packed = packed.substr(0, 1024);
  std::string plain;
  std::size_t allowed = std::min<std::size_t>(size, memory_max);
  bool fits = accepts([&] { plain = decompressor.decompress(packed, size); });
  if (fits) {
    require(plain.size() == size, "a blob of another size");
    if (size <= allowed && size > 0)
      require(decompressor.decompress_up_to(packed, size) == plain,
              "two ways to decompress differ");
  }
  PackEntry entry{BlobType::data, sha256(plain), 0, 0, size};
  std::string sealed, opened;
  codec.seal(packed, sealed);
  entry.length = static_cast<std::uint32_t>(sealed.size());
  if (accepts([&] { opened = codec.open_blob(sealed, entry); }))
    require(sha256(opened) == entry.id, "wrong bytes under a blob's id");
  else
    require(!fits || size > blob_bytes_max || size == 0, "an intact blob does not open");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 9) {
    case 0:
      try_pack_header(input.rest());
      break;
    case 1:
      try_pack_footer(input);
      break;
    case 2:
      try_index(input.rest());
      break;
    case 3:
      try_tree(input.rest());
      break;
    case 4:
      try_snapshot(input.rest());
      break;
    case 5:
      try_config(input.rest());
      break;
    case 6:
      try_key(input.rest());
      break;
    case 7:
      try_document(input.rest());
      break;
    default:
      try_blob(input);
      break;
  }
  return 0;
}
