// The credentials of `auth add`: sealed with the repository's master key in a file of this user.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probackup/catalog.h"
#include "probackup/repository.h"

namespace probackup {

// What credentials may be used for.
enum class Purpose { read, restore };

// A file of sealed credentials. Reading names needs no password, reading values needs the
// repository whose key sealed them. Not for concurrent calls; the file itself is replaced
// atomically.
class CredentialStore {
 public:
  struct Entry {
    SourceRef source;
    Purpose purpose = Purpose::read;
    std::string name;                 // of a further token of the account; "" for the first
    std::vector<std::string> fields;  // names of the settings it holds
    std::string repository;           // id of the repository whose key seals it
    std::string sealed;               // base64
  };

  // The value under which a sign-in is kept (SignIn::print); no setting has such a name.
  static constexpr const char* sign_in_field = "sign-in";

  // A missing file is an empty store. Throws Error for a damaged one.
  explicit CredentialStore(std::filesystem::path path);
  const std::vector<Entry>& entries() const { return entries_; }
  // The first token of an account.
  const Entry* find(const SourceRef& source, Purpose purpose) const;
  // Adds or replaces, and writes the file. What other processes wrote meanwhile is kept.
  void put(const SourceRef& source, Purpose purpose,
           const std::map<std::string, std::string>& values, Repository& repository,
           const std::string& name = {});
  // Throws Error when the entry was sealed for another repository, or does not open.
  static std::map<std::string, std::string> open(const Entry& entry, Repository& repository);
  // The token of that name, or without one all of the account. False if there was none.
  bool remove(const SourceRef& source, Purpose purpose, const std::string& name = {});

 private:
  void load();
  void write() const;
  std::filesystem::path path_;
  std::vector<Entry> entries_;
};

}  // namespace probackup
