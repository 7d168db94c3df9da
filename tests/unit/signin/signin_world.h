// An authorization server, the client that is registered there, and a user with a browser.
#pragma once

#include <mutex>
#include <thread>

#include "fake/oauth_server.h"
#include "probackup/signin.h"
#include "unit/http/fake_clock.h"

namespace probackup {

// Keeps a sign-in in memory, as text, and counts.
class MemorySignIn final : public SignInStore {
 public:
  explicit MemorySignIn(const SignIn& sign_in) : text_(sign_in.print()) {}
  SignIn load() override {
    std::lock_guard lock(mutex_);
    return SignIn::parse(text_);
  }
  void save(const SignIn& sign_in) override {
    std::lock_guard lock(mutex_);
    text_ = sign_in.print();
    ++saves;
  }
  void locked(const std::function<void()>& work, std::stop_token) override {
    std::lock_guard lock(lock_);
    ++locks;
    work();
  }
  std::string renew_hint() const override { return "sign in again"; }
  int saves = 0, locks = 0;

 private:
  std::mutex mutex_, lock_;
  std::string text_;
};

struct SignInWorld {
  FakeClock clock;
  std::string key = make_rsa_key();
  OAuthServer server{clock, key};
  std::unique_ptr<Http> http = curl_http();
  std::vector<std::string> ignored;

  OAuthApp app() const {
    OAuthApp out;
    out.title = "Tiny";
    out.authorize_url = server.origin() + "/authorize";
    out.token_url = server.origin() + "/token";
    out.device_url = server.origin() + "/device/code";
    out.client_id = "client-1";
    out.client_secret = "secret-of-client-1";
    out.scopes = {"boards:read", "people:read"};
    return out;
  }

  void get(const std::string& url) {
    HttpRequest request;
    request.url = url;
    try {
      http->send(request, {});
    } catch (const NetworkError&) {
      // The listener may be gone once it has its answer.
    }
  }

  // Signs in with a browser that does what `visit` says with the address that it is to open.
  SignIn by_browser(const OAuthApp& to, const std::function<void(const std::string&)>& visit,
                    std::chrono::seconds timeout = std::chrono::seconds(600)) {
    std::jthread browser;
    BrowserPrompt prompt;
    prompt.timeout = timeout;
    prompt.open = [&](const std::string& url) { browser = std::jthread([&, url] { visit(url); }); };
    prompt.ignored = [&](const std::string& why) { ignored.push_back(why); };
    return sign_in_browser(to, prompt, *http, clock, {});
  }
  SignIn by_browser() {
    return by_browser(app(), [this](const std::string& url) { get(url); });
  }
};

// The redirect address in the address of an authorization, decoded.
std::string redirect_in(const std::string& url);
// The message of the Error that `work` throws; "" if it throws none.
std::string message_of(const std::function<void()>& work);

}  // namespace probackup
