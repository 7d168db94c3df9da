// Sign-ins among the sealed credentials.
#include <thread>

#include "catch.h"
#include "job/sign_in_store.h"
#include "signin_world.h"
#include "unit/job/job_fixture.h"
#include "util/file.h"

using namespace probackup;

TEST_CASE("A sign-in is kept sealed, beside the account's other settings") {
  test::Fixture fixture;
  TempFolder folder;
  auto path = folder.path() / "credentials.json";
  SignIn sign_in;
  sign_in.refresh_token = "refresh-token-1";
  CredentialStore(path).put(
      {"tiny", "me"}, Purpose::read,
      {{"base_url", "https://own.example"}, {CredentialStore::sign_in_field, sign_in.print()}},
      *fixture.repository);
  StoredSignIn store(path, {"tiny", "me"}, Purpose::read, *fixture.repository);
  sign_in = store.load();
  sign_in.refresh_token = "refresh-token-2";
  store.save(sign_in);
  CHECK(store.load().refresh_token == "refresh-token-2");
  CredentialStore read(path);
  REQUIRE(read.entries().size() == 1);
  CHECK(CredentialStore::open(read.entries()[0], *fixture.repository).at("base_url") ==
        "https://own.example");
  CHECK(read_file(path).find("refresh-token") == std::string::npos);
  CHECK(std::filesystem::status(path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("Further tokens of an account stand beside the first, each sealed under its own name") {
  test::Fixture fixture;
  TempFolder folder;
  auto path = folder.path() / "credentials.json";
  const SourceRef source{"tiny", "me"};
  CredentialStore store(path);
  auto put = [&](const std::string& token, const std::string& name) {
    store.put(source, Purpose::read, {{"token", token}}, *fixture.repository, name);
  };
  put("one", "");
  put("two", "second");
  put("three", "third");
  put("another two", "second");
  CredentialStore read(path);
  REQUIRE(read.entries().size() == 3);
  CHECK(CredentialStore::open(*read.find(source, Purpose::read), *fixture.repository)["token"] ==
        "one");
  CredentialStore::Entry second = read.entries()[2];
  CHECK(second.name == "second");
  CHECK(CredentialStore::open(second, *fixture.repository)["token"] == "another two");
  second.name = "third";  // one token cannot be passed off as another
  CHECK_THROWS_AS(CredentialStore::open(second, *fixture.repository), Error);
  CHECK(read.remove(source, Purpose::read, "third"));
  CHECK_FALSE(read.remove(source, Purpose::read, "third"));
  CHECK(read.entries().size() == 2);
  CHECK(read.remove(source, Purpose::read));
  CHECK(CredentialStore(path).entries().empty());
}

TEST_CASE("Accounts that are stored at once do not lose each other") {
  test::Fixture fixture;
  TempFolder folder;
  auto path = folder.path() / "credentials.json";
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        CredentialStore store(path);
        store.put({"tiny", std::to_string(i)}, Purpose::read, {{"token", "t"}},
                  *fixture.repository);
      });
  }
  CHECK(CredentialStore(path).entries().size() == 8);
}

TEST_CASE("Only one renews an account at a time") {
  test::Fixture fixture;
  TempFolder folder;
  auto path = folder.path() / "credentials.json";
  std::atomic<int> inside{0}, most{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        StoredSignIn store(path, {"tiny", "me"}, Purpose::read, *fixture.repository);
        store.locked(
            [&] {
              int now = ++inside;
              if (now > most) most = now;
              std::this_thread::yield();
              --inside;
            },
            {});
      });
  }
  CHECK(most == 1);
  StoredSignIn held(path, {"tiny", "me"}, Purpose::read, *fixture.repository);
  held.locked(
      [&] {
        std::stop_source stop;
        stop.request_stop();
        StoredSignIn other(path, {"tiny", "me"}, Purpose::read, *fixture.repository);
        CHECK_THROWS_AS(other.locked([] {}, stop.get_token()), Error);
      },
      {});
}

TEST_CASE("A sign-in that was removed meanwhile is told") {
  test::Fixture fixture;
  TempFolder folder;
  StoredSignIn store(folder.path() / "credentials.json", {"tiny", "me"}, Purpose::restore,
                     *fixture.repository);
  CHECK(message_of([&] { store.load(); }) == "the sign-in of tiny:me was removed");
  CHECK(store.renew_hint() == "sign in again: probackup auth login tiny:me --for restore");
}
