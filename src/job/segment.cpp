#include "job/segment.h"

#include <nlohmann/json.hpp>

#include "probackup/error.h"

namespace probackup {
namespace {

constexpr std::size_t compare_bytes = 16;

// Flags of a directory entry: what is as in the entry before, or as another field, is not written.
constexpr unsigned same_scope = 1, same_stream = 2, parent_is_scope = 4;

void put_text(std::string& out, std::string_view text) {
  std::size_t n = text.size();
  for (; n >= 0x80; n >>= 7) out += static_cast<char>(0x80 | (n & 0x7F));
  out += static_cast<char>(n);
  out += text;
}

[[noreturn]] void damaged() {
  throw Error("a segment directory in the catalog is damaged", "run: probackup catalog rebuild");
}

std::string_view get_text(std::string_view& in) {
  std::size_t n = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (in.empty() || shift > 28) damaged();
    auto byte = static_cast<unsigned char>(in[0]);
    in.remove_prefix(1);
    n |= static_cast<std::size_t>(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  if (n > in.size()) damaged();
  auto text = in.substr(0, n);
  in.remove_prefix(n);
  return text;
}

// One value if all entries share it, else the list.
template <typename Get>
void put_column(nlohmann::ordered_json& line, const char* one, const char* many,
                const std::vector<DirectoryEntry>& entries, Get get) {
  bool same = true;
  for (const auto& entry : entries) same = same && get(entry) == get(entries.front());
  if (same) {
    if (!get(entries.front()).empty()) line[one] = get(entries.front());
    return;
  }
  auto& list = line[many] = nlohmann::ordered_json::array();
  for (const auto& entry : entries) list.push_back(get(entry));
}

std::string column(const nlohmann::json& line, const char* one, const char* many, std::size_t i) {
  if (auto list = line.find(many); list != line.end()) return list->at(i).get<std::string>();
  return line.value(one, "");
}

}  // namespace

DirectoryEntry entry_of(const Record& record) {
  return {record.key,    record.scope, record.parent_stream,
          record.parent, record.mark,  record.compare};
}

void DirectoryWriter::add(const DirectoryEntry& entry) {
  unsigned flags = 0;
  if (entry.scope == scope_) flags |= same_scope;
  if (entry.parent_stream == parent_stream_) flags |= same_stream;
  if (entry.parent == entry.scope) flags |= parent_is_scope;
  out_ += static_cast<char>(flags);
  put_text(out_, entry.key);
  if (!(flags & same_scope)) put_text(out_, scope_ = entry.scope);
  if (!(flags & same_stream)) put_text(out_, parent_stream_ = entry.parent_stream);
  if (!(flags & parent_is_scope)) put_text(out_, entry.parent);
  put_text(out_, entry.mark);
  out_ += entry.compare.substr(0, compare_bytes);
  ++count_;
}

std::string DirectoryWriter::take() {
  std::string out = std::move(out_);
  *this = {};
  return out;
}

std::vector<DirectoryEntry> read_directory(std::string_view in) {
  std::vector<DirectoryEntry> out;
  std::string_view scope, parent_stream;
  while (!in.empty()) {
    auto flags = static_cast<unsigned char>(in[0]);
    in.remove_prefix(1);
    DirectoryEntry entry;
    entry.key = get_text(in);
    entry.scope = scope = flags & same_scope ? scope : get_text(in);
    entry.parent_stream = parent_stream = flags & same_stream ? parent_stream : get_text(in);
    entry.parent = flags & parent_is_scope ? entry.scope : get_text(in);
    entry.mark = get_text(in);
    if (in.size() < compare_bytes) damaged();
    entry.compare = in.substr(0, compare_bytes);
    in.remove_prefix(compare_bytes);
    out.push_back(entry);
  }
  return out;
}

std::string index_line(const std::vector<DirectoryEntry>& entries) {
  nlohmann::ordered_json line;
  auto& keys = line["keys"] = nlohmann::ordered_json::array();
  for (const auto& entry : entries) keys.push_back(entry.key);
  put_column(line, "in", "ins", entries, [](const auto& e) { return e.parent_stream; });
  put_column(line, "parent", "parents", entries, [](const auto& e) { return e.parent; });
  bool scoped = false;  // the scope is written only where it is not the parent
  for (const auto& entry : entries) scoped = scoped || entry.scope != entry.parent;
  if (scoped) {
    auto& scopes = line["scopes"] = nlohmann::ordered_json::array();
    for (const auto& entry : entries) scopes.push_back(entry.scope);
  }
  // Keys from an app may be no valid UTF-8; such bytes are replaced rather than refused.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::vector<IndexedRecord> parse_index_line(std::string_view text) {
  try {
    auto line = nlohmann::json::parse(text);
    std::vector<IndexedRecord> out;
    const auto& keys = line.at("keys");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      IndexedRecord record;
      record.key = keys.at(i).get<std::string>();
      record.parent_stream = column(line, "in", "ins", i);
      record.parent = column(line, "parent", "parents", i);
      auto scopes = line.find("scopes");
      record.scope = scopes != line.end() ? scopes->at(i).get<std::string>() : record.parent;
      out.push_back(std::move(record));
    }
    return out;
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("a line of a stream's index is damaged: ") + error.what());
  }
}

}  // namespace probackup
