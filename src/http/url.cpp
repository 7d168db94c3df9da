#include "http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "probackup/http.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t url_bytes_max = 64 << 10;

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The scheme at the front, without ":", or "" for a relative reference.
std::string_view scheme_of(std::string_view text) {
  if (text.empty() || !is_alpha(text[0])) return {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':') return text.substr(0, i);
    if (!is_alpha(text[i]) && !is_digit(text[i]) && text[i] != '+' && text[i] != '-' &&
        text[i] != '.')
      return {};
  }
  return {};
}

bool parse_authority(std::string_view text, Url& url) {
  if (auto at = text.find('@'); at != std::string_view::npos) {
    url.user_info = text.substr(0, at);
    text.remove_prefix(at + 1);
    if (text.find('@') != std::string_view::npos) return false;
  }
  std::size_t host_end = text.starts_with('[') ? text.find(']') : text.find(':');
  if (text.starts_with('[')) {
    if (host_end == std::string_view::npos) return false;
    ++host_end;
  }
  url.host = to_lower(text.substr(0, host_end));
  if (host_end >= text.size()) return true;
  if (text[host_end] != ':') return false;
  url.port = text.substr(host_end + 1);
  return url.port.size() <= 5 && std::all_of(url.port.begin(), url.port.end(), is_digit) &&
         (url.port.empty() || std::stoi(url.port) < 65536);
}

// RFC 3986, section 5.2.4.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../") || path == "/..") {
      path = path == "/.." ? std::string_view("/") : path.substr(3);
      out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      auto end = path.find('/', 1);
      out += path.substr(0, end);
      path = end == std::string_view::npos ? std::string_view() : path.substr(end);
    }
  }
  return out;
}

std::string merge_paths(const Url& base, const std::string& path) {
  if (base.has_authority && base.path.empty()) return "/" + path;
  auto slash = base.path.rfind('/');
  return slash == std::string::npos ? path : base.path.substr(0, slash + 1) + path;
}

bool looks_secret(std::string_view parameter) {
  static constexpr std::array parts{"token", "secret",     "passw", "signature", "auth",
                                    "hmac",  "credential", "jwt",   "session"};
  static constexpr std::array whole{"key", "sig", "pwd", "code", "policy", "apikey"};
  std::string name = to_lower(url_decode(parameter));
  for (const char* part : parts)
    if (name.find(part) != std::string::npos) return true;
  for (const char* word : whole)
    if (name == word) return true;
  return name.ends_with("_key") || name.ends_with("-key");
}

[[noreturn]] void refuse(std::string_view text) {
  throw Error(fmt::format("not a web address: {}", redact(text.substr(0, 200))));
}

// Without a host, a path must not look like one (RFC 3986, section 3.3).
std::string print_resolved(const Url& url, std::string_view reference) {
  if (!url.has_authority && url.path.starts_with("//")) refuse(reference);
  return print_url(url);
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  if (text.size() > url_bytes_max) return std::nullopt;
  for (char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '\\') return std::nullopt;
  Url url;
  if (auto scheme = scheme_of(text); !scheme.empty()) {
    url.scheme = to_lower(scheme);
    text.remove_prefix(scheme.size() + 1);
  }
  if (auto at = text.find('#'); at != std::string_view::npos) {
    url.fragment = text.substr(at + 1);
    text = text.substr(0, at);
  }
  if (auto at = text.find('?'); at != std::string_view::npos) {
    url.query = text.substr(at + 1);
    text = text.substr(0, at);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    auto end = text.find('/');
    url.has_authority = true;
    if (!parse_authority(text.substr(0, end), url)) return std::nullopt;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end);
  }
  url.path = text;
  return url;
}

std::string print_url(const Url& url) {
  std::string out;
  if (!url.scheme.empty()) out += url.scheme + ":";
  if (url.has_authority) {
    out += "//";
    if (!url.user_info.empty()) out += url.user_info + "@";
    out += url.host;
    if (!url.port.empty()) out += ":" + url.port;
  }
  out += url.path;
  if (url.query) out += "?" + *url.query;
  if (url.fragment) out += "#" + *url.fragment;
  return out;
}

std::string resolve_url(std::string_view base_text, std::string_view reference) {
  auto base = parse_url(base_text);
  auto to = parse_url(reference);
  if (!base || base->scheme.empty()) refuse(base_text);
  if (!to) refuse(reference);
  if (!to->scheme.empty()) {
    to->path = remove_dot_segments(to->path);
    return print_resolved(*to, reference);
  }
  to->scheme = base->scheme;
  if (to->has_authority) {
    to->path = remove_dot_segments(to->path);
    return print_url(*to);
  }
  if (to->path.empty()) {
    to->path = base->path;
    if (!to->query) to->query = base->query;
  } else {
    if (!to->path.starts_with('/')) to->path = merge_paths(*base, to->path);
    to->path = remove_dot_segments(to->path);
  }
  to->has_authority = base->has_authority;
  to->user_info = base->user_info;
  to->host = base->host;
  to->port = base->port;
  return print_resolved(*to, reference);
}

std::string url_origin(std::string_view text) {
  auto url = parse_url(text);
  if (!url || url->host.empty() || (url->scheme != "http" && url->scheme != "https")) refuse(text);
  bool standard = url->port.empty() || url->port == (url->scheme == "https" ? "443" : "80");
  return url->scheme + "://" + url->host + (standard ? "" : ":" + url->port);
}

bool is_loopback(std::string_view text) {
  auto url = parse_url(text);
  if (!url) return false;
  if (url->host == "localhost" || url->host == "[::1]") return true;
  auto parts = split(url->host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && part.size() <= 3 && std::all_of(part.begin(), part.end(), is_digit);
  });
}

std::string safe_url(std::string_view text) {
  auto url = parse_url(text);
  if (!url) return redact(text.substr(0, text.find_first_of("?#@")));
  if (!url->user_info.empty()) url->user_info = "***";
  url->fragment.reset();
  if (url->query) {
    auto parameters = split(*url->query, '&');
    for (auto& parameter : parameters) {
      auto equals = parameter.find('=');
      if (equals != std::string::npos && looks_secret(parameter.substr(0, equals)))
        parameter = parameter.substr(0, equals + 1) + "***";
    }
    url->query = join(parameters, "&");
  }
  return redact(print_url(*url));
}

}  // namespace probackup
