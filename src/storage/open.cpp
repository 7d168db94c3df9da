#include <fmt/format.h>

#include <mutex>
#include <random>

#include "probackup/http.h"
#include "storage/s3_storage.h"
#include "storage/wrapper.h"
#include "util/text.h"

namespace probackup {
namespace {

// "s3" of "s3:https://…"; nothing for a path. One letter is a path, and so is "./a:b".
std::string_view scheme(std::string_view url) {
  std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon < 2) return {};
  std::string_view word = url.substr(0, colon);
  return word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos
             ? word
             : std::string_view{};
}

// Keeps a storage's client as long as the storage: bases end in the reverse order.
struct OwnedHttp {
  std::unique_ptr<Http> http;
};
class WithHttp final : private OwnedHttp, public StorageWrapper {
 public:
  WithHttp(std::unique_ptr<Http> client, std::unique_ptr<Storage> inner)
      : OwnedHttp{std::move(client)}, StorageWrapper(std::move(inner)) {}
};

std::function<double()> random_numbers() {
  struct Source {
    std::mutex mutex;  // guards what follows
    std::mt19937_64 engine{std::random_device{}()};
  };
  return [source = std::make_shared<Source>()] {
    std::lock_guard lock(source->mutex);
    return std::uniform_real_distribution<double>(0, 1)(source->engine);
  };
}

std::unique_ptr<Storage> open_s3(const std::string& text, const StorageOptions& options) {
  S3Url url = parse_s3_url(text);
  HttpOptions http_options;
  http_options.ca_file = options.ca_file;
  http_options.allow_plain_http = options.allow_plain_http;
  http_options.connections_per_host = options.s3.connections;
  http_options.upload_rate = options.upload_rate;
  http_options.download_rate = options.download_rate;
  auto http = curl_http(http_options);
  auto storage = s3_storage(url, options, *http);
  storage = std::make_unique<WithHttp>(std::move(http), std::move(storage));
  StorageLimits limits{options.upload_rate, options.download_rate, options.s3.connections};
  storage = limited_storage(std::move(storage), limits, *options.clock);
  storage = retrying_storage(std::move(storage), options.retry, *options.clock, random_numbers(),
                             options.stop);
  if (options.cache.folder.empty()) return storage;
  return caching_storage(std::move(storage), options.cache);
}

}  // namespace

std::unique_ptr<Storage> open_storage(const std::string& url, const StorageOptions& options) {
  std::string_view kind = scheme(url);
  if (kind == "s3") return open_s3(url, options);
  if (!kind.empty() && kind != "local")
    throw Error(ErrorKind::usage, fmt::format("unknown kind of repository \"{}:\"", kind),
                "give the path of a folder or s3:https://HOST/BUCKET; write ./NAME for a folder "
                "with a colon in its name");
  std::string path = kind == "local" ? url.substr(kind.size() + 1) : url;
  if (trim(path).empty() || path.find('\0') != std::string::npos)
    throw Error(ErrorKind::usage, "the repository has no path", "give the path of a folder");
  if (options.retention)
    throw Error(ErrorKind::usage, fmt::format("the folder {} has no object lock", path),
                "object lock needs an S3 bucket that was made with it");
  auto storage = local_storage(path);
  if (options.upload_rate == 0 && options.download_rate == 0) return storage;
  return limited_storage(std::move(storage), {options.upload_rate, options.download_rate, 0},
                         *options.clock);
}

}  // namespace probackup
