// The sign-in of one account, sealed among the credentials.
#pragma once

#include <filesystem>

#include "job/credentials.h"
#include "probackup/signin.h"

namespace probackup {

// Safe for concurrent calls. `repository` must outlive it.
class StoredSignIn final : public SignInStore {
 public:
  // `path`: the file of the credentials; the lock lies beside it.
  StoredSignIn(std::filesystem::path path, SourceRef source, Purpose purpose,
               Repository& repository);

  SignIn load() override;
  void save(const SignIn& sign_in) override;
  void locked(const std::function<void()>& work, std::stop_token stop) override;
  std::string renew_hint() const override;

 private:
  std::map<std::string, std::string> values() const;

  const std::filesystem::path path_;
  const SourceRef source_;
  const Purpose purpose_;
  Repository& repository_;
};

}  // namespace probackup
