#include "repository/crypto.h"

#include <cstring>

#include "catch.h"
#include "helpers.h"
#include "repository/compress.h"
#include "repository/key.h"
#include "util/bytes.h"

using namespace probackup;

namespace {

template <std::size_t N>
void set(std::array<std::uint8_t, N>& to, const char* hex) {
  std::memcpy(to.data(), from_hex(hex)->data(), N);
}

}  // namespace

TEST_CASE("sealed bytes open again, with one key only") {
  Sealer sealer(SealKey::random()), other(SealKey::random());
  for (std::size_t size : {0u, 1u, 15u, 16u, 17u, 1000u, 100'000u}) {
    std::string plain = test::noise(size, size), sealed = "before";
    sealer.seal(plain, sealed);
    REQUIRE(sealed.size() == 6 + size + seal_overhead);
    CHECK(sealer.open(std::string_view(sealed).substr(6)) == plain);
    CHECK_FALSE(other.open(std::string_view(sealed).substr(6)));
  }
}

TEST_CASE("a change of any bit breaks the seal") {
  Sealer sealer(SealKey::random());
  std::string sealed;
  sealer.seal("thirty-two bytes of plain text..", sealed);
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(sealer.open(changed));
  }
  for (std::size_t length = 0; length < sealed.size(); ++length)
    CHECK_FALSE(sealer.open(sealed.substr(0, length)));
}

TEST_CASE("the MAC is the one of the Poly1305-AES paper") {
  SealKey key;
  set(key.mac_k, "ec074c835580741701425b623235add6");
  set(key.mac_r, "851fc40c3467ac0be05cc20404f3f700");
  std::string iv = *from_hex("fb447350c4e868c52ac3275cf9d4327e"), message = *from_hex("f3f6");
  std::string mac = *from_hex("f4c633c3044fc145f84f335cb81953de");
  CHECK(Sealer(key).open(iv + message + mac));
  mac[0] = static_cast<char>(mac[0] ^ 1);
  CHECK_FALSE(Sealer(key).open(iv + message + mac));
}

TEST_CASE("an IV of zeros is refused") {
  Sealer sealer(SealKey::random());
  CHECK_FALSE(sealer.open(std::string(64, '\0')));
}

TEST_CASE("scrypt is that of RFC 7914") {
  SealKey key = derive_key("password", "NaCl", {1024, 8, 16});
  CHECK(to_hex({reinterpret_cast<const char*>(key.encrypt.data()), 32}) ==
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
  CHECK(to_hex({reinterpret_cast<const char*>(key.mac_r.data()), 16}) ==
        "c727afb94a83ee6d8360cbdfa2cc0640");
}

TEST_CASE("costs that would stall or exhaust this machine are refused") {
  for (ScryptCost cost :
       {ScryptCost{0, 8, 1}, ScryptCost{1, 8, 1}, ScryptCost{1000, 8, 1}, ScryptCost{32768, 0, 1},
        ScryptCost{32768, 8, 0}, ScryptCost{1ull << 40, 8, 1}, ScryptCost{1 << 22, 8, 1},
        ScryptCost{32768, 8, 1000}, ScryptCost{1ull << 63, 1ull << 63, 2},
        ScryptCost{2, ~0ull, ~0ull}}) {
    CAPTURE(cost.n, cost.r, cost.p);
    CHECK_THROWS_AS(derive_key("x", "y", cost), Error);
  }
}

TEST_CASE("a key file opens with its password alone") {
  SealKey master = SealKey::random();
  Time created = *parse_rfc3339("2024-05-01T12:00:00Z");
  std::string file = make_key_file(master, "right", created, "user", "host");
  auto opened = open_key_file(file, "right");
  REQUIRE(opened);
  CHECK(opened->encrypt == master.encrypt);
  CHECK(opened->mac_k == master.mac_k);
  CHECK(opened->mac_r == master.mac_r);
  CHECK_FALSE(open_key_file(file, "wrong"));
  CHECK_FALSE(open_key_file(file, ""));
}

TEST_CASE("a file that is no key file is an error, not a wrong password") {
  const std::string salt(88, 'A');
  for (std::string file :
       {std::string("{}"), std::string(""), std::string("[]"), std::string("null"),
        std::string(R"({"kdf":"pbkdf2","N":32768,"r":8,"p":1,"salt":"","data":""})"),
        std::string(R"({"kdf":"scrypt","N":-1,"r":8,"p":1,"salt":"","data":""})"),
        std::string(R"({"kdf":"scrypt","N":32768,"r":8,"p":1,"salt":"AAAA","data":"AAAA"})"),
        std::string(R"({"kdf":"scrypt","N":32768,"r":8,"p":1e9,"salt":"AAAA","data":"AAAA"})")}) {
    CAPTURE(file);
    CHECK_THROWS_AS(open_key_file(file, "x"), Error);
  }
}

TEST_CASE("what does not shrink is not compressed") {
  Compressor compressor(3);
  CHECK_FALSE(compressor.compress(test::noise(10'000, 1)));
  auto packed = compressor.compress(test::text(10'000, 1));
  REQUIRE(packed);
  CHECK(packed->size() < 3'000);
  CHECK(Decompressor().decompress(*packed, 10'000) == test::text(10'000, 1));
}

TEST_CASE("decompression gives the announced size or an error") {
  std::string plain = test::text(100'000, 2), packed = Compressor(3).compress_always(plain);
  Decompressor decompressor;
  CHECK_THROWS_AS(decompressor.decompress(packed, plain.size() - 1), Error);
  CHECK_THROWS_AS(decompressor.decompress(packed, plain.size() + 1), Error);
  CHECK_THROWS_AS(decompressor.decompress("not zstd", 8), Error);
  CHECK(decompressor.decompress_up_to(packed, 1 << 20) == plain);
  CHECK(decompressor.decompress_up_to(packed, plain.size()) == plain);
  CHECK_THROWS_AS(decompressor.decompress_up_to(packed, plain.size() - 1), Error);
  CHECK_THROWS_AS(decompressor.decompress_up_to(packed.substr(0, packed.size() - 3), 1 << 20),
                  Error);
  CHECK(decompressor.decompress_up_to(packed + packed, 1 << 20) == plain + plain);
}

TEST_CASE("a size that so few bytes can never have takes no memory") {
  std::string plain(32 << 20, 'x'), packed = Compressor(19).compress_always(plain);
  Decompressor decompressor;
  CHECK(decompressor.decompress(packed, plain.size()) == plain);
  CHECK_THROWS_WITH(decompressor.decompress(packed.substr(0, 100), 1 << 30),
                    ContainsSubstring("cannot become"));
}
