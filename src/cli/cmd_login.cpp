// auth login.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "engine/oauth.h"
#include "job/settings.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

extern char** environ;

namespace probackup {
namespace {

// Shown even with --quiet: without it nobody can go on.
void tell(Session& session, const std::string& text, const nlohmann::ordered_json& event) {
  if (session.out().json()) session.out().event(event);
  std::fprintf(stderr, "%s\n", printable(text).c_str());
}

std::string ask(const std::string& what, bool secret) {
  std::fprintf(stderr, "%s: ", what.c_str());
  termios shown{};
  ::tcgetattr(0, &shown);
  termios hidden = shown;
  if (secret) hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(0, TCSAFLUSH, &hidden);
  std::string line;
  std::getline(std::cin, line);
  ::tcsetattr(0, TCSAFLUSH, &shown);
  if (secret) std::fputc('\n', stderr);
  return std::string(trim(line));
}

bool has_display() {
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"})
    if (const char* value = std::getenv(name); value && *value) return true;
  return false;
}

// Nobody waits for it: on some desktops it stays until the browser ends, and it must not end with
// us.
void open_browser(const std::string& url) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int descriptor : {0, 1, 2})
    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
  sigset_t none;
  sigemptyset(&none);  // this program blocks signals that it waits for
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  std::string program = "xdg-open", address = url;
  char* words[] = {program.data(), address.data(), nullptr};
  pid_t pid = -1;
  int code = ::posix_spawnp(&pid, words[0], &actions, &attributes, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) log_verbose(fmt::format("no browser was opened: {}", std::strerror(code)));
}

// One sign-in, from the options to what is stored.
class Login {
 public:
  explicit Login(Session& session)
      : session_(session),
        options_(session.options()),
        source_(session.parse_source(options_.source)),
        connector_(session.connectors().get(source_.app)),
        purpose_(options_.purpose == "restore" ? Purpose::restore : Purpose::read) {
    session_.repository();  // a wrong password must not cost a sign-in
    settings_ = session.settings_to_sign_in(connector_, source_);
    auto offer = sign_in_offer(connector_, settings_);
    if (!offer)
      throw Error(ErrorKind::usage,
                  fmt::format("the connector of {} knows no sign-in", connector_.title()),
                  "give a token instead: probackup auth add " + source_.text());
    offer_ = *offer;
    auto& scopes = offer_.app.scopes;
    if (purpose_ == Purpose::restore)
      scopes.insert(scopes.end(), offer_.restore_scopes.begin(), offer_.restore_scopes.end());
    if (!options_.only.empty()) scopes = options_.only;
  }

  SignIn run() {
    if (!options_.service_account.empty()) return by_service_account();
    if (!options_.app_id.empty()) return by_app();
    take_client();
    if (options_.client_credentials) {
      require(offer_.client_credentials, "client credentials");
      return sign_in_client(offer_.app, session_.http(), session_.clock(), session_.stop());
    }
    if (options_.device || offer_.app.authorize_url.empty()) return by_device();
    return by_browser();
  }

  void store(const SignIn& sign_in) {
    std::map<std::string, std::string> values;
    if (const auto* entry = session_.credentials().find(source_, purpose_))
      values = CredentialStore::open(*entry, session_.repository());
    for (const auto& pair : options_.set)
      values[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
    values[CredentialStore::sign_in_field] = sign_in.print();
    session_.credentials().put(source_, purpose_, values, session_.repository());
  }

  const SourceRef& source() const { return source_; }
  Purpose purpose() const { return purpose_; }
  const std::vector<std::string>& asked() const { return offer_.app.scopes; }

 private:
  void require(bool offered, const std::string& what) {
    if (!offered)
      throw Error(ErrorKind::usage,
                  fmt::format("{} has no sign-in with {}", connector_.title(), what),
                  fmt::format("probackup connector show {} lists the ways", source_.app));
  }

  // The client of the last sign-in serves again.
  void take_client() {
    auto& app = offer_.app;
    SignIn last;
    if (const auto* entry = session_.credentials().find(source_, purpose_)) {
      auto values = CredentialStore::open(*entry, session_.repository());
      auto found = values.find(CredentialStore::sign_in_field);
      if (found != values.end()) last = SignIn::parse(found->second);
    }
    app.client_id = options_.client_id;
    if (app.client_id.empty()) app.client_id = session_.client_value(source_, "client_id");
    if (app.client_id.empty()) app.client_id = last.client_id;
    bool can_ask = ::isatty(0) != 0;
    if (app.client_id.empty() && can_ask) {
      std::fprintf(stderr, "%s\n", offer_.register_at.c_str());
      app.client_id = ask("client id", false);
    }
    if (app.client_id.empty())
      throw Error(ErrorKind::usage,
                  fmt::format("{} wants the id of a client that you registered: --client-id, or {}",
                              connector_.title(), environment_name(source_.app, "client_id")),
                  offer_.register_at);
    take_secret(app.client_id == last.client_id ? last.client_secret : "", can_ask);
  }

  void take_secret(const std::string& last, bool can_ask) {
    using Secret = OAuthModel::Secret;
    auto& secret = offer_.app.client_secret;
    if (options_.client_secret_file == "-")
      secret = trim(std::string{std::istreambuf_iterator<char>(std::cin), {}});
    else if (!options_.client_secret_file.empty())
      secret = trim(read_file(options_.client_secret_file));
    if (secret.empty()) secret = session_.client_value(source_, "client_secret");
    if (secret.empty()) secret = last;
    if (secret.empty() && can_ask && offer_.secret == Secret::required)
      secret = ask("client secret", true);
    if (secret.empty() && offer_.secret == Secret::required)
      throw Error(ErrorKind::usage, fmt::format("{} wants the client's secret", connector_.title()),
                  fmt::format("give it by --client-secret-file FILE, or {}",
                              environment_name(source_.app, "client_secret")));
    add_secret(secret);
  }

  SignIn by_service_account() {
    require(offer_.service_account, "a service account");
    return sign_in_service_account(offer_.app, read_file(options_.service_account),
                                   options_.subject, session_.http(), session_.clock(),
                                   session_.stop());
  }

  SignIn by_app() {
    require(offer_.by_app, "an app's key");
    if (options_.installation.find_first_not_of("0123456789") != std::string::npos)
      throw Error(ErrorKind::usage, "--installation is a number",
                  "it stands at the end of the installation's address in the app");
    return sign_in_app(connector_.title(), options_.app_id, read_file(options_.app_key),
                       app_token_url(connector_, settings_, options_.installation), session_.http(),
                       session_.clock(), session_.stop());
  }

  SignIn by_device() {
    require(!offer_.app.device_url.empty(), "a device code");
    auto show = [&](const DeviceCode& code) {
      tell(session_,
           fmt::format("Open {} in any browser and enter the code {}", code.url, code.user_code),
           {{"type", "device_code"},
            {"url", code.url},
            {"code", code.user_code},
            {"complete_url", code.complete_url},
            {"seconds", code.lifetime.count()}});
    };
    return sign_in_device(offer_.app, show, session_.http(), session_.clock(), session_.stop());
  }

  SignIn by_browser() {
    BrowserPrompt prompt;
    prompt.timeout = std::chrono::minutes(options_.login_minutes);
    bool opens = !options_.no_browser && has_display();
    // Where the browser is on another machine, its last address holds the answer.
    if (!opens && options_.client_secret_file != "-") prompt.paste = STDIN_FILENO;
    prompt.open = [&](const std::string& url) {
      std::fprintf(stderr, "Sign in to %s here:\n", printable(connector_.title()).c_str());
      tell(session_, url, {{"type", "sign_in"}, {"url", url}});
      if (prompt.paste >= 0)
        std::fprintf(stderr,
                     "In a browser on another machine the last page fails to open: paste its "
                     "address here.\n");
      if (opens) open_browser(url);
    };
    prompt.ignored = [](const std::string& why) {
      log_warning("ignored on the loopback port: " + why);
    };
    return sign_in_browser(offer_.app, prompt, session_.http(), session_.clock(), session_.stop());
  }

  Session& session_;
  const Options& options_;
  const SourceRef source_;
  const Connector connector_;
  const Purpose purpose_;
  nlohmann::json settings_;
  SignInOffer offer_;
};

void warn_of_scopes(const std::vector<std::string>& asked, const SignIn& sign_in) {
  std::vector<std::string> refused;
  for (const auto& scope : asked)
    if (std::find(sign_in.scopes.begin(), sign_in.scopes.end(), scope) == sign_in.scopes.end())
      refused.push_back(scope);
  bool by_user = sign_in.way == SignIn::Way::browser || sign_in.way == SignIn::Way::device;
  if (by_user && !refused.empty())
    log_warning("not granted: " + join(refused, ", ") + "; what needs them will be gaps");
}

}  // namespace

int run_auth_login(Session& session) {
  Login login(session);
  SignIn sign_in = login.run();
  login.store(sign_in);
  warn_of_scopes(login.asked(), sign_in);
  auto who = session.connector_source(login.source(), login.purpose())->check(session.stop());
  if (session.out().json())
    session.out().event({{"type", "signed_in"},
                         {"source", login.source().text()},
                         {"for", session.options().purpose},
                         {"account", who.account},
                         {"who", who.who},
                         {"scopes", sign_in.scopes}});
  else
    session.out().line(fmt::format("{}: signed in as {}; stored, sealed with the repository's key",
                                   login.source().text(), who.who.empty() ? "?" : who.who));
  return 0;
}

}  // namespace probackup
