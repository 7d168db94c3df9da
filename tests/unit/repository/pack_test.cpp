#include "repository/pack.h"

#include "catch.h"
#include "helpers.h"
#include "repository/index.h"

using namespace probackup;

namespace {

Id id_of(std::uint64_t n) {
  return sha256(std::to_string(n));
}

std::vector<PackEntry> some_entries() {
  return {{BlobType::data, id_of(1), 0, 132, 0},
          {BlobType::data, id_of(2), 132, 60, 4000},
          {BlobType::tree, id_of(3), 192, 33, 0},
          {BlobType::tree, id_of(4), 225, 1000, 0xffffffff}};
}

}  // namespace

TEST_CASE("a pack header is read as it was written, and has the documented sizes") {
  auto entries = some_entries();
  std::string header = print_pack_header(entries);
  CHECK(header.size() == 37 + 41 + 37 + 41);
  CHECK(header.substr(0, 5) == std::string("\0\x84\0\0\0", 5));
  CHECK(header[37] == 2);
  CHECK(parse_pack_header(header) == entries);
  CHECK(pack_bytes(entries) == 1225 + header.size() + 32 + 4);
  CHECK(parse_pack_header("").empty());
}

TEST_CASE("a header that is cut or lies about lengths is refused") {
  std::string header = print_pack_header(some_entries());
  for (std::size_t length = 1; length < header.size(); ++length) {
    bool at_border = length == 37 || length == 78 || length == 115;
    if (at_border) {
      CHECK(parse_pack_header(header.substr(0, length)).size() < 4);
    } else {
      CHECK_THROWS_AS(parse_pack_header(header.substr(0, length)), Error);
    }
  }
  CHECK_THROWS_AS(parse_pack_header(std::string(37, '\x04')), Error);
  CHECK_THROWS_AS(parse_pack_header(std::string(37, '\0')), Error);  // length 0
  std::string huge = std::string("\0\xff\xff\xff\xff", 5) + std::string(32, 'x');
  CHECK_THROWS_AS(parse_pack_header(huge + huge), Error);
}

TEST_CASE("a pack's footer must fit the pack") {
  CHECK(parse_pack_footer(print_pack_footer(100), 1000) == 100);
  CHECK_THROWS_AS(parse_pack_footer(print_pack_footer(100), 103), Error);
  CHECK_THROWS_AS(parse_pack_footer(print_pack_footer(31), 1000), Error);
  CHECK_THROWS_AS(parse_pack_footer(print_pack_footer(0xffffffff), 1ull << 40), Error);
  CHECK_THROWS_AS(parse_pack_footer("", 0), Error);
}

TEST_CASE("an index file is read as it was written") {
  std::vector<IndexedPack> packs{{id_of(100), some_entries()}, {id_of(101), {}}};
  std::string json = print_index(packs);
  std::vector<IndexedPack> read;
  parse_index(json, [&](IndexedPack pack) { read.push_back(std::move(pack)); });
  REQUIRE(read.size() == 2);
  CHECK(read[0].id == packs[0].id);
  CHECK(read[0].entries == packs[0].entries);
  CHECK(read[1].entries.empty());
}

TEST_CASE("members of an index that are unknown are passed over, wrong ones refused") {
  auto parse = [](const std::string& json) { parse_index(json, [](const IndexedPack&) {}); };
  std::string id = id_of(1).hex();
  auto blob = [&](const std::string& members) {
    return R"({"packs":[{"id":")" + id + R"(","blobs":[{)" + members + "}]}]}";
  };
  parse(R"({"supersedes":["x"],"packs":[],"more":{}})");
  parse(R"({"packs":null})");
  parse(blob(R"("id":")" + id + R"(","type":"data","offset":0,"length":40,"time":"x")"));
  for (const std::string& json :
       {std::string("{}"), std::string("[]"), std::string(""), std::string(R"({"packs":{}})"),
        std::string(R"({"packs":[{"id":"00","blobs":[]}]})"), blob(""),
        blob(R"("id":")" + id + R"(","type":"file","offset":0,"length":40)"),
        blob(R"("id":")" + id + R"(","type":"data","offset":-1,"length":40)"),
        blob(R"("id":")" + id + R"(","type":"data","offset":4294967290,"length":40)"),
        blob(R"("id":")" + id + R"(","type":"data","offset":0,"length":31)"),
        blob(R"("id":")" + id + R"(","type":"data","offset":0)")}) {
    CAPTURE(json);
    CHECK_THROWS_AS(parse(json), Error);
  }
}

TEST_CASE("the index finds all copies of a blob and keeps data and trees apart") {
  Index index;
  index.add({id_of(10), {{BlobType::data, id_of(1), 0, 50, 0}}});
  index.add({id_of(11), {{BlobType::data, id_of(1), 5, 50, 0}}});
  index.add(
      {id_of(11), {{BlobType::data, id_of(1), 5, 50, 0}, {BlobType::tree, id_of(2), 55, 50, 0}}});
  CHECK(index.find_all(BlobType::data, id_of(1)).size() == 2);
  CHECK(index.contains(BlobType::tree, id_of(2)));
  CHECK_FALSE(index.contains(BlobType::data, id_of(2)));
  CHECK_FALSE(index.find(BlobType::tree, id_of(1)));
}

TEST_CASE("an index of many blobs finds each of them") {
  std::vector<IndexedPack> packs;
  for (std::uint64_t p = 0; p < 20; ++p) {
    IndexedPack pack{id_of(1'000'000 + p), {}};
    for (std::uint64_t b = 0; b < 1000; ++b)
      pack.entries.push_back({BlobType::data, id_of(1000 * p + b),
                              static_cast<std::uint32_t>(b * 16384), 16384, 65536});
    packs.push_back(std::move(pack));
  }
  Index index;
  parse_index(print_index(packs), [&](const IndexedPack& pack) { index.add(pack); });
  for (std::uint64_t b = 0; b < 20'000; ++b) {
    auto found = index.find(BlobType::data, id_of(b));
    REQUIRE(found);
    REQUIRE(found->pack == packs[b / 1000].id);
    REQUIRE(found->entry == packs[b / 1000].entries[b % 1000]);
  }
  CHECK_FALSE(index.contains(BlobType::data, id_of(20'000)));
}
