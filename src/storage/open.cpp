#include <fmt/format.h>

#include "probackup/storage.h"
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

}  // namespace

std::unique_ptr<Storage> open_storage(const std::string& url) {
  std::string_view kind = scheme(url);
  if (kind == "s3")
    throw Error(ErrorKind::usage, "S3 storage is not part of this version",
                "give the path of a folder");
  if (!kind.empty() && kind != "local")
    throw Error(ErrorKind::usage, fmt::format("unknown kind of repository \"{}:\"", kind),
                "give the path of a folder; write ./NAME for a folder with a colon in its name");
  std::string path = kind == "local" ? url.substr(kind.size() + 1) : url;
  if (trim(path).empty() || path.find('\0') != std::string::npos)
    throw Error(ErrorKind::usage, "the repository has no path", "give the path of a folder");
  return local_storage(path);
}

}  // namespace probackup
