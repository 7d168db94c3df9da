// Signing in, the server, and the error rules.
#include <fmt/format.h>

#include "connector/loader_parts.h"
#include "expr/expr_node.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Kind = AuthModel::Kind;

// A template that the kind of sign-in cannot do without.
void require_template(ObjectReader& reader, std::string_view key, const Roots& roots,
                      Template& out) {
  reader.require(key);
  if (auto value = reader.templated(key, roots)) out = std::move(*value);
}

}  // namespace

AuthModel read_auth_way(LoadContext& context, const Found& found, const Roots& roots,
                        bool may_choose) {
  AuthModel auth;
  ObjectReader reader(context, found);
  if (may_choose) auth.when = reader.expression("if", roots);
  static constexpr std::array kinds{Kind::none, Kind::bearer, Kind::basic, Kind::header,
                                    Kind::query};
  if (!reader.require("kind")) return auth;
  std::size_t kind =
      reader.word("kind", {"none", "bearer", "basic", "header", "query"}, kinds.size());
  if (kind == kinds.size()) return auth;
  auth.kind = kinds[kind];
  if (auth.kind == Kind::bearer) require_template(reader, "token", roots, auth.token);
  if (auth.kind == Kind::basic) {
    require_template(reader, "user", roots, auth.user);
    auth.password = reader.templated("password", roots).value_or(Template());
  }
  if (auth.kind == Kind::header || auth.kind == Kind::query) {
    const char* key = auth.kind == Kind::header ? "headers" : "query";
    auth.pairs = reader.templates(key, roots);
    if (Found pairs = reader.require(key); pairs && pairs.value->empty())
      context.add(pairs.pointer, "must not be empty");
  }
  reader.finish();
  return auth;
}

namespace {

LimitModel read_limit(LoadContext& context, const Found& found) {
  LimitModel limit;
  ObjectReader reader(context, found);
  limit.match = reader.text("match");
  std::string rate = reader.required_text("rate");
  reader.finish();
  if (rate.empty()) return limit;
  auto slash = rate.find('/');
  std::string count = rate.substr(0, slash);
  auto window = slash == std::string::npos ? std::nullopt : parse_duration(rate.substr(slash + 1));
  bool good = window && window->count() > 0 && !count.empty() && count.size() <= 9 &&
              count.find_first_not_of("0123456789") == std::string::npos && std::stoul(count) > 0;
  if (!good) {
    context.add(reader.pointer() + "/rate",
                "expected COUNT/DURATION, such as \"90/10s\" or \"5000/1h\"");
    return limit;
  }
  limit.count = static_cast<unsigned>(std::stoul(count));
  limit.window = *window;
  return limit;
}

void read_quota(LoadContext& context, const Found& found, const Lets& lets, ConnectorModel& model) {
  if (!found) return;
  ObjectReader reader(context, found);
  Roots roots = roots_with(lets, {"status", "headers", "body"});
  reader.require("remaining");
  model.quota_remaining = reader.expression("remaining", roots);
  model.quota_reset = reader.expression("reset", roots);
  model.quota_floor = reader.number("floor", 0, 1'000'000'000, 0);
  reader.finish();
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

void check_base(LoadContext& context, const Found& found) {
  if (!found.value->is_string()) {
    text_at(context, found);
    return;
  }
  const auto& text = found.value->get_ref<const std::string&>();
  if (text.starts_with("http://")) {
    std::string host = text.substr(7, text.find_first_of("/?", 7) - 7);
    host = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
    if (!is_loopback(host))
      context.add(found.pointer, "credentials would travel in the clear: use https");
  } else if (!text.starts_with("https://") && !text.starts_with("${")) {
    context.add(found.pointer, "expected a URL that begins with https://");
  }
  if (text.ends_with('/'))
    context.add(found.pointer, "must not end with \"/\": paths begin with it");
}

std::vector<std::string> read_hosts(ObjectReader& reader) {
  std::vector<std::string> hosts = reader.texts("hosts");
  for (const auto& host : hosts)
    if (host.empty() ||
        host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != host.npos)
      reader.refuse("hosts", fmt::format("\"{}\" is no host name in lower case", host));
  return hosts;
}

void read_wait(ObjectReader& reader, const Roots& roots, ErrorRule& rule) {
  Found found = reader.find("wait");
  if (!found) return;
  bool fixed_text = found.value->is_string() &&
                    found.value->get_ref<const std::string&>().find("${") == std::string::npos;
  if (fixed_text)
    reader.duration("wait");
  else if (!found.value->is_string() && !found.value->is_number())
    reader.context().add(found.pointer, fmt::format("expected a duration or a number of seconds, "
                                                    "found {}",
                                                    kind_of(*found.value)));
  rule.wait = reader.templated("wait", roots);
}

ErrorRule read_error_rule(LoadContext& context, const Found& found, const Lets& lets) {
  using Do = ErrorRule::Do;
  ErrorRule rule;
  ObjectReader reader(context, found);
  Roots roots = roots_with(lets, {"status", "headers", "body"});
  reader.require("when");
  if (auto when = reader.expression("when", roots)) rule.when = std::move(*when);
  static constexpr std::array actions{Do::retry, Do::gap,     Do::fail,
                                      Do::empty, Do::restart, Do::pause};
  reader.require("do");
  rule.action =
      actions[reader.word("do", {"retry", "gap", "fail", "empty", "restart", "pause"}, 2)];
  rule.tries = static_cast<unsigned>(reader.number("tries", 1, 50, 5));
  static constexpr std::array ends{Do::gap, Do::fail, Do::empty};
  rule.then = ends[reader.word("then", {"gap", "fail", "empty"}, 0)];
  read_wait(reader, roots, rule);
  rule.say = reader.templated("say", roots);
  rule.limited = reader.flag("limited");
  const bool waits = rule.action == Do::retry || rule.action == Do::pause;
  if (!waits && reader.has("do"))
    for (const char* key : {"wait", "tries"})
      reader.refuse(key, fmt::format("\"{}\" belongs to \"do\": \"retry\"", key));
  if (rule.action != Do::retry && reader.has("do"))
    reader.refuse("then", "\"then\" belongs to \"do\": \"retry\"");
  reader.finish();
  return rule;
}

}  // namespace

std::vector<LimitModel> read_limits(ObjectReader& reader) {
  std::vector<LimitModel> out;
  for (const Found& limit : reader.objects("limits"))
    out.push_back(read_limit(reader.context(), limit));
  return out;
}

std::vector<AuthModel> read_auth(LoadContext& context, const Found& auth, const Lets& lets) {
  nlohmann::json ways = *auth.value;
  if (ways.is_object() && ways.erase("oauth") > 0 && ways.empty()) return {};
  Found found{&ways, auth.pointer};
  if (!found.value->is_object() || !found.value->contains("any"))
    return {read_auth_way(context, found, roots_with(lets), false)};
  ObjectReader reader(context, found);
  std::vector<AuthModel> out;
  for (const Found& way : reader.objects("any")) {
    if (!out.empty() && !out.back().when)
      context.add(way.pointer, "is never reached: the one before has no \"if\"");
    out.push_back(read_auth_way(context, way, roots_with(lets), true));
  }
  if (out.empty()) reader.refuse("any", "must hold a way to sign in");
  reader.finish();
  return out;
}

void read_http(LoadContext& context, const Found& found, const Lets& lets, ConnectorModel& model) {
  ObjectReader reader(context, found);
  Roots roots = roots_with(lets);
  if (Found base = reader.require("base")) {
    check_base(context, base);
    if (auto value = reader.templated("base", roots)) {
      context.refuse_secrets(*value, base.pointer);
      model.base = std::move(*value);
    }
  }
  model.graphql = reader.templated("graphql", roots);
  if (Found graphql = reader.find("graphql")) {
    context.graphql_endpoint = true;
    check_url(context, graphql, model.graphql);
  }
  model.hosts = read_hosts(reader);
  model.own_hosts = reader.templated("own_hosts", roots);
  if (model.own_hosts) context.refuse_secrets(*model.own_hosts, reader.find("own_hosts").pointer);
  model.headers = reader.templates("headers", roots);
  model.concurrency = static_cast<unsigned>(reader.number("concurrency", 1, 32, 4));
  model.limits = read_limits(reader);
  read_quota(context, reader.find("quota"), lets, model);
  reader.finish();
}

std::vector<ErrorRule> read_errors(ObjectReader& top, const Lets& lets) {
  std::vector<ErrorRule> out;
  for (const Found& found : top.objects("errors"))
    out.push_back(read_error_rule(top.context(), found, lets));
  return out;
}

}  // namespace probackup
