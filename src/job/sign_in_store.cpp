#include "job/sign_in_store.h"

#include <fmt/format.h>

#include "util/file.h"
#include "util/file_lock.h"
#include "util/text.h"

namespace probackup {

StoredSignIn::StoredSignIn(std::filesystem::path path, SourceRef source, Purpose purpose,
                           Repository& repository)
    : path_(std::move(path)),
      source_(std::move(source)),
      purpose_(purpose),
      repository_(repository) {}

// Another process may have written the file since.
std::map<std::string, std::string> StoredSignIn::values() const {
  CredentialStore store(path_);
  const auto* entry = store.find(source_, purpose_);
  auto values =
      entry ? CredentialStore::open(*entry, repository_) : std::map<std::string, std::string>{};
  if (!values.contains(CredentialStore::sign_in_field))
    throw Error(fmt::format("the sign-in of {} was removed", source_.text()), renew_hint());
  return values;
}

SignIn StoredSignIn::load() {
  return SignIn::parse(values().at(CredentialStore::sign_in_field));
}

void StoredSignIn::save(const SignIn& sign_in) {
  auto all = values();
  all[CredentialStore::sign_in_field] = sign_in.print();
  CredentialStore(path_).put(source_, purpose_, all, repository_);
}

void StoredSignIn::locked(const std::function<void()>& work, std::stop_token stop) {
  auto folder = path_.parent_path() / "locks";
  make_folders(folder, 0700);
  std::string name = source_.text() + (purpose_ == Purpose::restore ? " restore" : "");
  FileLock lock(folder / (safe_file_name(name) + ".lock"), stop);
  work();
}

std::string StoredSignIn::renew_hint() const {
  return fmt::format("sign in again: probackup auth login {}{}", source_.text(),
                     purpose_ == Purpose::restore ? " --for restore" : "");
}

}  // namespace probackup
