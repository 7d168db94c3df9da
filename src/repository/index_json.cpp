#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>
#include <limits>

#include "probackup/error.h"
#include "repository/crypto.h"
#include "repository/index.h"

namespace probackup {
namespace {

using simdjson::dom::element;

constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();

Id id_of(const element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw Error("an id is no text");
  auto id = Id::from_hex(text);
  if (!id) throw Error("an id is not 64 hex digits");
  return *id;
}

std::uint32_t u32_of(const element& value) {
  std::uint64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number > u32_max)
    throw Error("an offset or length is no 32-bit number");
  return static_cast<std::uint32_t>(number);
}

BlobType type_of(const element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw Error("a blob's type is no text");
  if (text == "data") return BlobType::data;
  if (text == "tree") return BlobType::tree;
  throw Error("a blob has an unknown type");
}

PackEntry entry_of(const element& value) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) throw Error("a blob is no object");
  PackEntry entry;
  enum { id = 1, type = 2, offset = 4, length = 8, all = 15 };
  unsigned seen = 0;
  for (auto member : members) {
    if (member.key == "id") {
      entry.id = id_of(member.value);
      seen |= id;
    } else if (member.key == "type") {
      entry.type = type_of(member.value);
      seen |= type;
    } else if (member.key == "offset") {
      entry.offset = u32_of(member.value);
      seen |= offset;
    } else if (member.key == "length") {
      entry.length = u32_of(member.value);
      seen |= length;
    } else if (member.key == "uncompressed_length") {
      entry.plain_length = u32_of(member.value);
    }
  }
  if (seen != all) throw Error("a blob lacks its id, type, offset or length");
  if (entry.length < seal_overhead || entry.length > u32_max - entry.offset)
    throw Error(fmt::format("blob {} has an impossible length", entry.id.hex()));
  return entry;
}

}  // namespace

std::string print_index(const std::vector<IndexedPack>& packs) {
  std::string out = R"({"packs":[)";
  auto to = std::back_inserter(out);
  for (const IndexedPack& pack : packs) {
    if (&pack != &packs.front()) out += ',';
    fmt::format_to(to, R"({{"id":"{}","blobs":[)", pack.id.hex());
    for (const PackEntry& blob : pack.entries) {
      if (&blob != &pack.entries.front()) out += ',';
      fmt::format_to(to, R"({{"id":"{}","type":"{}","offset":{},"length":{})", blob.id.hex(),
                     blob.type == BlobType::tree ? "tree" : "data", blob.offset, blob.length);
      if (blob.plain_length != 0)
        fmt::format_to(to, R"(,"uncompressed_length":{})", blob.plain_length);
      out += '}';
    }
    out += "]}";
  }
  return out + "]}\n";
}

void parse_index(std::string_view json, const std::function<void(IndexedPack)>& each) {
  simdjson::dom::parser parser;
  element document;
  auto error = parser.parse(json.data(), json.size()).get(document);
  if (error) throw Error(fmt::format("not JSON: {}", simdjson::error_message(error)));
  element list;
  simdjson::dom::array packs;
  if (document["packs"].get(list) != simdjson::SUCCESS) throw Error("it has no list of packs");
  if (list.is_null()) return;  // Go's empty list
  if (list.get(packs) != simdjson::SUCCESS) throw Error("its packs are no list");
  for (element item : packs) {
    element id;
    simdjson::dom::array blobs;
    if (item["id"].get(id) != simdjson::SUCCESS || item["blobs"].get(blobs) != simdjson::SUCCESS)
      throw Error("a pack lacks its id or its blobs");
    IndexedPack pack{id_of(id), {}};
    for (element blob : blobs) pack.entries.push_back(entry_of(blob));
    each(std::move(pack));
  }
}

}  // namespace probackup
