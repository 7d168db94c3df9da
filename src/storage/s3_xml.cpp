#include "storage/s3_xml.h"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <sstream>

#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t text_bytes_max = 300;
constexpr const char* name_space = "http://s3.amazonaws.com/doc/2006-03-01/";

// The root element if it has that name. `document` holds what it points to.
pugi::xml_node root(pugi::xml_document& document, std::string_view body, std::string_view name) {
  if (!document.load_buffer(body.data(), body.size())) return {};
  auto node = document.document_element();
  return node.name() == name ? node : pugi::xml_node();
}

std::string text(const pugi::xml_node& node, const char* name) {
  return node.child_value(name);
}

// For messages: one line of a bounded length without control characters.
std::string plain(const pugi::xml_node& node, const char* name) {
  std::string out =
      valid_utf8(trim(std::string_view(node.child_value(name)).substr(0, text_bytes_max)));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return out;
}

S3ErrorText error_of(const pugi::xml_node& node) {
  S3ErrorText out;
  out.code = plain(node, "Code");
  out.message = plain(node, "Message");
  out.key = text(node, "Key");
  out.region = plain(node, "Region");
  out.server_time = plain(node, "ServerTime");
  return out;
}

std::string print(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return out.str();
}

}  // namespace

std::optional<S3ErrorText> parse_s3_error(std::string_view body) {
  pugi::xml_document document;
  auto node = root(document, body, "Error");
  if (!node) return std::nullopt;
  auto error = error_of(node);
  if (error.code.empty()) return std::nullopt;
  return error;
}

std::optional<S3Listing> parse_s3_listing(std::string_view body) {
  pugi::xml_document document;
  auto node = root(document, body, "ListBucketResult");
  if (!node) return std::nullopt;
  bool encoded = text(node, "EncodingType") == "url";
  S3Listing out;
  for (const auto& entry : node.children("Contents")) {
    std::string key = text(entry, "Key"), size = text(entry, "Size");
    S3Listing::Object object{encoded ? url_decode(key) : key, 0};
    auto [end, failure] = std::from_chars(size.data(), size.data() + size.size(), object.size);
    if (failure != std::errc() || end != size.data() + size.size()) return std::nullopt;
    out.objects.push_back(std::move(object));
  }
  if (text(node, "IsTruncated") == "true") {
    out.next = text(node, "NextContinuationToken");
    if (out.next.empty()) return std::nullopt;  // the rest could never be asked for
  }
  return out;
}

std::optional<std::vector<S3ErrorText>> parse_s3_delete_result(std::string_view body) {
  pugi::xml_document document;
  auto node = root(document, body, "DeleteResult");
  if (!node) return std::nullopt;
  std::vector<S3ErrorText> out;
  for (const auto& entry : node.children("Error")) out.push_back(error_of(entry));
  return out;
}

std::optional<Retention> parse_s3_retention(std::string_view mode, std::string_view until) {
  auto time = parse_rfc3339(until);
  if (!time) return std::nullopt;
  if (mode == s3_mode(RetentionMode::governance))
    return Retention{RetentionMode::governance, *time};
  if (mode == s3_mode(RetentionMode::compliance))
    return Retention{RetentionMode::compliance, *time};
  return std::nullopt;
}

std::optional<Retention> parse_s3_retention(std::string_view body) {
  pugi::xml_document document;
  auto node = root(document, body, "Retention");
  return parse_s3_retention(text(node, "Mode"), text(node, "RetainUntilDate"));
}

bool parse_s3_lock_enabled(std::string_view body) {
  pugi::xml_document document;
  return text(root(document, body, "ObjectLockConfiguration"), "ObjectLockEnabled") == "Enabled";
}

std::string print_s3_delete(const std::vector<std::string>& keys) {
  pugi::xml_document document;
  auto node = document.append_child("Delete");
  node.append_attribute("xmlns") = name_space;
  node.append_child("Quiet").text() = "true";
  for (const auto& key : keys) node.append_child("Object").append_child("Key").text() = key.c_str();
  return print(document);
}

std::string print_s3_retention(const Retention& retention) {
  pugi::xml_document document;
  auto node = document.append_child("Retention");
  node.append_attribute("xmlns") = name_space;
  node.append_child("Mode").text() = std::string(s3_mode(retention.mode)).c_str();
  node.append_child("RetainUntilDate").text() = format_rfc3339_seconds(retention.until).c_str();
  return print(document);
}

std::string print_s3_location(const std::string& region) {
  pugi::xml_document document;
  auto node = document.append_child("CreateBucketConfiguration");
  node.append_attribute("xmlns") = name_space;
  node.append_child("LocationConstraint").text() = region.c_str();
  return print(document);
}

std::string_view s3_mode(RetentionMode mode) {
  return mode == RetentionMode::governance ? "GOVERNANCE" : "COMPLIANCE";
}

}  // namespace probackup
