// Options of a storage as text.
#include <fmt/format.h>

#include <charconv>
#include <map>

#include "probackup/storage.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr unsigned connections_max = 256;

unsigned number(const std::string& key, const std::string& value) {
  unsigned out = 0;
  auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (failure != std::errc() || end != value.data() + value.size() || out == 0 ||
      out > connections_max)
    throw Error(ErrorKind::usage, fmt::format("{} is \"{}\"", key, value),
                fmt::format("it is a number from 1 to {}", connections_max));
  return out;
}

std::uint64_t size(const std::string& key, const std::string& value) {
  auto bytes = parse_size(value);
  if (!bytes || *bytes == 0)
    throw Error(ErrorKind::usage, fmt::format("{} is \"{}\"", key, value),
                "it is a size such as 500M or 2G");
  return *bytes;
}

S3Options::Style style(const std::string& key, const std::string& value) {
  static const std::map<std::string, S3Options::Style> styles = {
      {"auto", S3Options::Style::by_host},
      {"path", S3Options::Style::path},
      {"virtual", S3Options::Style::virtual_host}};
  auto at = styles.find(value);
  if (at == styles.end())
    throw Error(ErrorKind::usage, fmt::format("{} is \"{}\"", key, value),
                "it is auto, path or virtual");
  return at->second;
}

}  // namespace

void set_storage_option(StorageOptions& options, std::string_view text) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos)
    throw Error(ErrorKind::usage, fmt::format("the option \"{}\" has no value", text),
                "write -o KEY=VALUE, for example -o s3.region=eu-central-1");
  std::string key(trim(text.substr(0, equals))), value(trim(text.substr(equals + 1)));
  auto& s3 = options.s3;
  const std::map<std::string, std::function<void()>> known = {
      {"cache.size", [&] { options.cache.bytes_max = size(key, value); }},
      {"s3.region", [&] { s3.region = value; }},
      {"s3.style", [&] { s3.style = style(key, value); }},
      {"s3.storage-class", [&] { s3.storage_class = value; }},
      {"s3.encryption", [&] { s3.encryption = value; }},
      {"s3.kms-key", [&] { s3.kms_key = value; }},
      {"s3.connections", [&] { s3.connections = number(key, value); }}};
  auto at = known.find(key);
  if (at == known.end()) {
    std::vector<std::string> names;
    for (const auto& [name, set] : known) names.push_back(name);
    throw Error(ErrorKind::usage,
                fmt::format("there is no option {}{}", key, did_you_mean(key, names)),
                "known are " + join(names, ", "));
  }
  at->second();
}

}  // namespace probackup
