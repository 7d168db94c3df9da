#include "git/refs.h"

#include "catch.h"
#include "probackup/error.h"

using namespace probackup;

namespace {

const std::string id_a(40, 'a'), id_b(40, 'b');

}  // namespace

TEST_CASE("a refs file comes back as it was written") {
  RefTable table;
  table.head = "refs/heads/main";
  table.lfs = RefTable::Lfs::incomplete;
  table.ids = {
      {"refs/heads/main", id_a}, {"refs/tags/\xff\xfe", id_b}, {"refs/tags/\"\xc3\xa9", id_a}};
  CHECK(RefTable::from_json_lines(table.to_json_lines()) == table);
  CHECK(RefTable::from_json_lines(RefTable().to_json_lines()) == RefTable());
}

TEST_CASE("a damaged or hostile refs file is refused") {
  const std::string head = R"({"head":"","lfs":"none"})"
                           "\n";
  for (const std::string& text :
       {std::string(), std::string("{}\n"), std::string("nonsense\n"), head + "{\"ref\":1}\n",
        head + R"({"ref":"refs/heads/../../x","id":")" + id_a + "\"}\n",
        head + R"({"ref":"config","id":")" + id_a + "\"}\n",
        head + R"({"ref":"refs/heads/x\nrefs/heads/y","id":")" + id_a + "\"}\n",
        head + R"({"ref":"refs/heads/x","id":"1234"})" + "\n",
        head + R"({"ref":"refs/heads/x","id":")" + id_a + "\"}",
        std::string(R"({"head":"../x","lfs":"none"})") + "\n",
        std::string(R"({"head":"","lfs":"maybe"})") + "\n"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(RefTable::from_json_lines(text), Error);
  }
}

TEST_CASE("ref names follow git's rules") {
  for (auto good : {"refs/heads/main", "refs/pull/1/head", "refs/heads/a@b", "refs/x"})
    CHECK(is_ref_name(good));
  for (auto bad : {"refs/", "refs//a", "heads/a", "refs/heads/.a", "refs/a.lock/b", "refs/a..b",
                   "refs/a b", "refs/a~1", "refs/a@{1}", "refs/a.", "refs/a/", "refs/a\x7f",
                   "refs/a[b", "refs/a\\b", "refs/a*", "-x"})
    CHECK_FALSE(is_ref_name(bad));
}

TEST_CASE("a listing of a remote is read without peeled tags and unsafe names") {
  std::vector<std::string> refused;
  auto table = parse_ls_remote("ref: refs/heads/dev\tHEAD\n" + id_a + "\tHEAD\n" + id_a +
                                   "\trefs/heads/dev\n" + id_b + "\trefs/tags/v1\n" + id_a +
                                   "\trefs/tags/v1^{}\n" + id_a + "\trefs/heads/../../x\n" + id_a +
                                   "\trefs/probackup/base/0\n",
                               refused);
  CHECK(table.head == "refs/heads/dev");
  CHECK(table.ids.size() == 2);
  CHECK(table.ids.at("refs/tags/v1") == id_b);
  CHECK(refused.size() == 2);
  CHECK_THROWS_AS(parse_ls_remote("<html>", refused), Error);
}

TEST_CASE("a HEAD whose name is no UTF-8 comes back as it was written") {
  std::vector<std::string> refused;
  auto table =
      parse_ls_remote("ref: refs/heads/\xff\tHEAD\n" + id_a + "\trefs/heads/\xff\n", refused);
  CHECK(table.head == "refs/heads/\xff");
  CHECK(RefTable::from_json_lines(table.to_json_lines()) == table);
}
