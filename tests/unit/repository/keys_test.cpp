// Several passwords for one repository.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "helpers.h"
#include "probackup/keys.h"

using namespace probackup;
using namespace probackup::test;

namespace {

std::unique_ptr<Repository> open_with(TestRepository& repository, const std::string& word) {
  return Repository::open(repository.storage, word, repository.clock, TestRepository::options());
}

ErrorKind refusal(TestRepository& repository, const std::string& word) {
  try {
    open_with(repository, word);
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("it opened");
  return {};
}

// The only key file, changed.
void change_key(TestRepository& repository, const std::function<void(nlohmann::json&)>& change) {
  auto name = repository.storage.list(ObjectKind::key).at(0).name;
  auto file = nlohmann::json::parse(repository.storage.objects().at("keys/" + name));
  repository.storage.drop("keys/" + name);
  change(file);
  std::string json = file.dump();
  repository.storage.put("keys/" + sha256(json).hex(), json);
}

}  // namespace

TEST_CASE("an added password opens the repository, a removed one does not") {
  TestRepository repository;
  Id id = save_files(*repository, {{"a", "bytes"}}, repository.clock.now());
  Id key = add_key(*repository, "second");
  auto keys = list_keys(*repository);
  REQUIRE(keys.size() == 2);
  CHECK(std::count_if(keys.begin(), keys.end(), [](const KeyInfo& k) { return k.in_use; }) == 1);
  auto second = open_with(repository, "second");
  CHECK(second->key_in_use() == key);
  CHECK(load_files(*second, id) == Files{{"a", "bytes"}});
  CHECK_THROWS_WITH(remove_key(*second, key), ContainsSubstring("in use"));
  remove_key(*repository, key);
  CHECK(refusal(repository, "second") == ErrorKind::wrong_password);
  CHECK_THROWS_AS(remove_key(*repository, key), NotFound);
}

TEST_CASE("the last key cannot be removed") {
  TestRepository repository;
  auto keys = list_keys(*repository);
  REQUIRE(keys.size() == 1);
  CHECK_THROWS_WITH(remove_key(*repository, keys[0].id), ContainsSubstring("in use"));
  CHECK(open_with(repository, password));
}

TEST_CASE("a changed password replaces the one in use and leaves the others") {
  TestRepository repository;
  add_key(*repository, "second");
  change_password(*repository, "third");
  CHECK(list_keys(*repository).size() == 2);
  CHECK(refusal(repository, password) == ErrorKind::wrong_password);
  CHECK(open_with(repository, "second"));
  CHECK(open_with(repository, "third"));
}

TEST_CASE("a crash while the password changes leaves one that opens") {
  bool crashed = true;
  for (std::uint64_t n = 0; crashed; ++n) {
    CAPTURE(n);
    TestRepository repository;
    repository.storage.crash_at_write(n);
    try {
      change_password(*repository, "fresh");
    } catch (const Error&) {
    }
    crashed = repository.storage.crashed();
    repository.storage.heal();
    if (crashed)
      CHECK(open_with(repository, password));
    else
      CHECK(open_with(repository, "fresh"));
  }
}

TEST_CASE("no more keys are added than programs try") {
  TestRepository repository;
  for (int i = 0; i < 19; ++i)
    repository.storage.put("keys/" + sha256(std::to_string(i)).hex(), "damaged");
  CHECK_THROWS_WITH(add_key(*repository, "one more"), ContainsSubstring("20 keys"));
  auto keys = list_keys(*repository);
  CHECK(keys.size() == 20);
  CHECK(keys[0].damage.empty());
  CHECK_FALSE(keys[1].damage.empty());
  remove_key(*repository, keys[1].id);  // a damaged one may go
  add_key(*repository, "one more");
}

TEST_CASE("a key file with absurd numbers is refused at once, and says why") {
  for (auto [n, r, p] : {std::tuple{1ull << 40, 8ull, 1ull}, std::tuple{32768ull, 1ull << 33, 1ull},
                         std::tuple{32768ull, 8ull, 1ull << 40}, std::tuple{0ull, 8ull, 1ull},
                         std::tuple{32767ull, 8ull, 1ull}, std::tuple{1ull << 24, 8ull, 1ull}}) {
    CAPTURE(n, r, p);
    TestRepository repository;
    change_key(repository, [&, n = n, r = r, p = p](nlohmann::json& file) {
      file["N"] = n;
      file["r"] = r;
      file["p"] = p;
    });
    CHECK_THROWS_WITH(open_with(repository, password), ContainsSubstring("scrypt with N="));
  }
}

TEST_CASE("a repository of another version is named") {
  for (int version : {1, 3}) {
    TestRepository repository;
    SealKey master = SealKey::random();
    for (const auto& key : repository.storage.list(ObjectKind::key))
      repository.storage.drop("keys/" + key.name);
    std::string key =
        make_key_file(master, password, repository.clock.now(), "user", "host", {16, 1, 1});
    repository.storage.put("keys/" + sha256(key).hex(), key);
    auto config = nlohmann::json::parse(print_config(RepositoryConfig::random()));
    config["version"] = version;
    std::string sealed;
    Sealer(master).seal(config.dump(), sealed);
    repository.storage.put("config", sealed);
    CHECK_THROWS_WITH(open_with(repository, password),
                      ContainsSubstring("format version " + std::to_string(version)));
  }
}
