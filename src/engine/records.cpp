#include "engine/records.h"

#include <fmt/format.h>

#include "engine/request.h"
#include "util/hash.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t key_bytes_max = 1024, title_bytes_max = 1024, url_bytes_max = 4096,
                      text_bytes_max = 8192, mark_bytes_max = 256;

// At most `bytes_max`, cut between characters.
std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

std::optional<std::string> plain_path(const std::optional<Template>& value) {
  return value ? value->plain_path("record") : std::nullopt;
}

std::string compare_hash(std::string_view text) {
  Id id = sha256(text);
  return {reinterpret_cast<const char*>(id.bytes.data()), 16};
}

// True if the member that the selector starts with is there, even if it is null or empty.
bool has_place(RawJson& json, const std::string& body, const std::string& selector) {
  std::string path = selector.substr(0, selector.find("[*]"));
  if (path.empty()) return true;
  return json.without(body, {path}) != json.without(body, {});
}

std::string wrapped(const std::string& name, std::string_view scalar) {
  return "{" + nlohmann::json(name).dump() + ":" + std::string(scalar) + "}";
}

}  // namespace

RecordReader::RecordReader(const StreamModel& stream)
    : stream_(stream),
      title_path_(plain_path(stream.title_of)),
      url_path_(plain_path(stream.url_of)),
      belongs_path_(plain_path(stream.belongs_id)) {
  for (const auto& path : {stream.id_path, stream.changed})
    if (!path.empty()) look_paths_.push_back(path);
  look_parses_ = stream.keep || (stream.id_path.empty() && stream.id.uses("record"));
  make_parses_ = (stream.title_of && !title_path_) || (stream.url_of && !url_path_) ||
                 (stream.belongs_id && !belongs_path_);
}

ListedRecord RecordReader::look(RawJson& json, const std::string& raw, const Scope& names) const {
  ListedRecord out;
  Names record(&names);
  if (look_parses_) record.set("record", parse_json(raw));
  if (stream_.keep) out.keep = stream_.keep->holds(record.scope());
  if (!out.keep) return out;
  auto values = json.texts_at(raw, look_paths_);
  out.key = stream_.id_path.empty() ? stream_.id.text(record.scope()) : values[0].value_or("");
  if (out.key.size() > key_bytes_max) throw Error(fmt::format("an id of {} bytes", out.key.size()));
  if (!stream_.changed.empty()) out.mark = values.back().value_or("");
  if (out.mark.size() > mark_bytes_max) out.mark = compare_hash(out.mark);
  return out;
}

std::string RecordReader::key(RawJson& json, const std::string& raw, const Scope& names) const {
  if (!stream_.id_path.empty()) return json.text_at(raw, stream_.id_path).value_or("");
  Names record(&names);
  record.set("record", parse_json(raw));
  return stream_.id.text(record.scope());
}

std::string RecordReader::value_of(const std::optional<Template>& value,
                                   const std::optional<std::string>& path, RawJson& json,
                                   const std::string& raw, const Scope& names) const {
  if (!value) return "";
  if (path) return json.text_at(raw, *path).value_or("");
  return value->text(names);
}

Record RecordReader::make(RawJson& json, std::string raw, const ListedRecord& listed,
                          const ListingPlace& place, const Scope& names) const {
  Names with_record(&names);
  if (make_parses_) with_record.set("record", parse_json(raw));
  Record record;
  record.stream = stream_.name;
  record.key = listed.key;
  record.mark = listed.mark;
  record.scope = place.scope;
  record.parent_stream = place.parent_stream;
  record.parent = place.parent_key;
  record.title =
      cut(value_of(stream_.title_of, title_path_, json, raw, with_record.scope()), title_bytes_max);
  record.url = value_of(stream_.url_of, url_path_, json, raw, with_record.scope());
  if (record.url.size() > url_bytes_max) record.url.clear();
  std::string belongs = value_of(stream_.belongs_id, belongs_path_, json, raw, with_record.scope());
  if (!belongs.empty()) {
    record.parent_stream = stream_.belongs_stream;
    record.parent = std::move(belongs);
  }
  for (const auto& text : json.texts_at(raw, stream_.text_fields)) {
    if (!text || text->empty() || record.text.size() >= text_bytes_max) continue;
    if (!record.text.empty()) record.text += '\n';
    record.text += *text;
  }
  record.text = cut(std::move(record.text), text_bytes_max);
  record.compare = stream_.volatile_fields.empty()
                       ? compare_hash(raw)
                       : compare_hash(json.without(raw, stream_.volatile_fields));
  record.webhook = stream_.webhooks;
  record.raw = std::move(raw);
  return record;
}

std::vector<std::string> select_records(RawJson& json, const std::string& body,
                                        const std::vector<std::string>& selectors,
                                        const std::optional<std::string>& wrap,
                                        bool missing_is_empty) {
  std::vector<std::string> out;
  bool found = missing_is_empty;
  for (const auto& selector : selectors) {
    json.select(body, selector, [&](std::string_view raw) {
      bool scalar = !raw.starts_with('{');
      out.push_back(wrap && scalar ? wrapped(*wrap, raw) : std::string(raw));
    });
    if (!out.empty()) return out;
    found |= has_place(json, body, selector);
  }
  if (!found)
    throw Error(fmt::format("the answer has no \"{}\"", selectors.empty() ? "" : selectors[0]));
  return out;
}

}  // namespace probackup
