// What an S3 server answers, AWS files and repository URLs: they may be refused, but nothing else
// may go wrong. The first byte of the input chooses what the rest is.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/s3_credentials.h"
#include "storage/s3_error.h"
#include "storage/s3_profile.h"
#include "storage/s3_url.h"
#include "storage/s3_xml.h"

using namespace probackup;

namespace {

void try_error(std::string_view text, int status) {
  static const S3Url url = parse_s3_url("s3:https://host.example/bucket/prefix");
  HttpResponse answer{status, {{"Retry-After", std::string(text.substr(0, 40))}}, {}, ""};
  answer.body = text;
  throw_s3_error(answer,
                 {url, "GetObject", "pack 0", {}, Time{std::chrono::seconds{1'700'000'000}}});
}

void try_url(std::string_view text) {
  S3Url url = parse_s3_url(text);
  region_of_host(url);
  // The plain form names the same place.
  S3Url again = parse_s3_url(url.text());
  if (again.text() != url.text() || again.prefix != url.prefix || again.bucket != url.bucket)
    __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    switch (data[0] % 9) {
      case 0:
        try_error(text, 200);
        break;
      case 1:
        try_error(text, 400);
        break;
      case 2:
        try_error(text, 503);
        break;
      case 3:
        parse_s3_listing(text);
        break;
      case 4:
        parse_s3_delete_result(text);
        break;
      case 5:
        parse_s3_retention(text);
        parse_s3_lock_enabled(text);
        break;
      case 6:
        parse_aws_file(text);
        break;
      case 7:
        parse_credentials(std::string(text), "Token", "the test");
        break;
      case 8:
        try_url("s3:" + std::string(text));
        break;
    }
  } catch (const Error&) {
  }
  return 0;
}
