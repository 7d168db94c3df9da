// The XML that S3 speaks, read and written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/storage.h"

namespace probackup {

// All but the key are one line, fit for messages.
struct S3ErrorText {
  std::string code, message;  // "NoSuchKey" and what the server says of it
  std::string key;            // of an entry in a multi-delete's answer
  std::string region;         // where the bucket lies, with some codes
  std::string server_time;    // with RequestTimeTooSkewed
};

struct S3Listing {
  struct Object {
    std::string key;
    std::uint64_t size = 0;
  };
  std::vector<Object> objects;
  std::string next;  // continuation token; empty at the end
};

// These give nothing for a body that is no such document: HTML, a cut answer, another document.

std::optional<S3ErrorText> parse_s3_error(std::string_view body);
// Keys are decoded as the document's EncodingType says.
std::optional<S3Listing> parse_s3_listing(std::string_view body);
// What a multi-delete could not remove.
std::optional<std::vector<S3ErrorText>> parse_s3_delete_result(std::string_view body);
// Nothing, too, for a mode or time that is none.
std::optional<Retention> parse_s3_retention(std::string_view body);
std::optional<Retention> parse_s3_retention(std::string_view mode, std::string_view until);
// True when the document says that the bucket has object lock.
bool parse_s3_lock_enabled(std::string_view body);

std::string print_s3_delete(const std::vector<std::string>& keys);
std::string print_s3_retention(const Retention& retention);
std::string print_s3_location(const std::string& region);
// "GOVERNANCE" or "COMPLIANCE", as headers and documents have it.
std::string_view s3_mode(RetentionMode mode);

}  // namespace probackup
