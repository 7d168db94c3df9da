// Tokens that are renewed when they end.
#include <fmt/format.h>

#include <mutex>

#include "probackup/signin.h"
#include "signin/keys.h"
#include "signin/token_request.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::chrono::minutes renewals_apart{1};  // after a 401

class RenewedTokens final : public AccessTokens {
 public:
  RenewedTokens(SignInStore& store, Http& http, Clock& clock)
      : store_(store), http_(http), clock_(clock) {}

  std::string token(std::stop_token stop) override {
    std::lock_guard lock(mutex_);
    if (!known_) known_ = store_.load();
    if (!good(*known_, "")) renew("", stop);
    return known_->access_token;
  }

  std::optional<std::string> renewed(const std::string& refused, std::stop_token stop) override {
    std::lock_guard lock(mutex_);
    // Another thread may have had the same answer before.
    if (known_ && good(*known_, refused)) return known_->access_token;
    // An app that answers 401 for what this user may not see must not be asked for tokens each
    // time.
    auto now = clock_.steady();
    if (last_renewed_ && now - *last_renewed_ < renewals_apart) return std::nullopt;
    if (!store_.load().renewable()) return std::nullopt;
    last_renewed_ = now;
    renew(refused, stop);
    return known_->access_token;
  }

  SignIn state() override {
    std::lock_guard lock(mutex_);
    if (!known_) known_ = store_.load();
    return *known_;
  }

 private:
  bool good(const SignIn& sign_in, const std::string& refused) {
    if (sign_in.access_token.empty() || sign_in.access_token == refused) return false;
    return !sign_in.renew_at || clock_.now() < *sign_in.renew_at;
  }

  bool still_lives(const SignIn& sign_in, const std::string& refused) {
    return !sign_in.access_token.empty() && sign_in.access_token != refused && sign_in.expires &&
           clock_.now() < *sign_in.expires;
  }

  // Whoever holds the lock renews; the others find the new token when they get it.
  void renew(const std::string& refused, std::stop_token stop) {
    store_.locked(
        [&] {
          SignIn now = store_.load();
          if (!good(now, refused)) {
            try {
              ask(now, stop);
            } catch (const SignInEnded&) {
              throw;
            } catch (const Error& error) {
              // It is renewed a little early: the old one does for now.
              if (error.kind() != ErrorKind::failed || !still_lives(now, refused)) throw;
              log_verbose(
                  fmt::format("{}: cannot renew the token yet: {}", now.title, error.what()));
              known_ = std::move(now);
              return;
            }
            // Saved before anything is asked with it: the app may have ended the old refresh token.
            store_.save(now);
          }
          known_ = std::move(now);
        },
        stop);
  }

  void ask(SignIn& sign_in, std::stop_token stop) {
    switch (sign_in.way) {
      case SignIn::Way::service_account:
      case SignIn::Way::app:
        return renew_by_key(sign_in, http_, clock_, stop);
      case SignIn::Way::client:
        return ask_again(sign_in, {{"grant_type", "client_credentials"}}, stop);
      case SignIn::Way::browser:
      case SignIn::Way::device:
        break;
    }
    if (sign_in.refresh_token.empty())
      throw SignInEnded(
          fmt::format("the sign-in to {} {}, and the app gave nothing to renew it with",
                      sign_in.title,
                      sign_in.expires ? "ended on " + format_rfc3339_seconds(*sign_in.expires)
                                      : "is refused"),
          store_.renew_hint());
    ask_again(sign_in, {{"grant_type", "refresh_token"}, {"refresh_token", sign_in.refresh_token}},
              stop);
  }

  void ask_again(SignIn& sign_in, FormFields fields, std::stop_token stop) {
    if (sign_in.way == SignIn::Way::client && !sign_in.scopes.empty())
      fields[sign_in.scope_parameter] = join(sign_in.scopes, sign_in.scope_separator);
    Time now = clock_.now();
    auto response = send_token_request(sign_in, std::move(fields), http_, clock_, stop);
    auto refusal = take_token(response, now, sign_in);
    if (!refusal) return;
    std::string message =
        fmt::format("{} does not renew the sign-in: {}", sign_in.title, refusal->reason);
    bool later = refusal->code.empty() || refusal->status >= 500 || refusal->status == 429 ||
                 refusal->code == "temporarily_unavailable" || refusal->code == "server_error";
    if (later) throw Error(message, "try again later; the sign-in is kept");
    throw SignInEnded(message + " (it was revoked in the app, or has ended)", store_.renew_hint());
  }

  SignInStore& store_;
  Http& http_;
  Clock& clock_;
  std::mutex mutex_;  // guards known_; held while a token is renewed, so that one thread does it
  std::optional<SignIn> known_;
  std::optional<std::chrono::nanoseconds> last_renewed_;  // by renewed()
};

}  // namespace

std::unique_ptr<AccessTokens> access_tokens(SignInStore& store, Http& http, Clock& clock) {
  return std::make_unique<RenewedTokens>(store, http, clock);
}

}  // namespace probackup
