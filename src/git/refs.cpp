#include "git/refs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "probackup/error.h"
#include "util/bytes.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t refs_max = 2'000'000;
constexpr std::size_t name_bytes_max = 1024;

bool is_component(std::string_view part) {
  return !part.empty() && part.front() != '.' && !part.ends_with(".lock");
}

constexpr const char* lfs_names[] = {"none", "complete", "incomplete"};

RefTable::Lfs lfs_of(const std::string& name) {
  for (int i = 0; i < 3; ++i)
    if (name == lfs_names[i]) return static_cast<RefTable::Lfs>(i);
  throw Error("a git refs file has an unknown LFS state");
}

[[noreturn]] void bad_refs(std::size_t line) {
  throw Error(fmt::format("line {} of a git refs file is damaged", line));
}

void add_ref(RefTable& table, const std::string& name, const std::string& id) {
  if (table.ids.size() >= refs_max)
    throw Error(fmt::format("a git repository has more than {} refs", format_count(refs_max)));
  table.ids[name] = id;
}

// A name need not be UTF-8: then it is given as base64, in a member of another name.
std::string base64_member(const std::string& member) {
  return member + "_base64";
}

void put_name(nlohmann::ordered_json& line, const std::string& member, const std::string& name) {
  if (valid_utf8(name) == name)
    line[member] = name;
  else
    line[base64_member(member)] = to_base64(name);
}

std::string get_name(const nlohmann::json& line, const std::string& member, std::size_t number) {
  if (line.contains(member)) return line.at(member).get<std::string>();
  auto bytes = from_base64(line.at(base64_member(member)).get<std::string>());
  if (!bytes) bad_refs(number);
  return *bytes;
}

}  // namespace

bool is_object_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_ref_name(std::string_view name) {
  if (!name.starts_with("refs/") || name.size() > name_bytes_max) return false;
  for (char c : name)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
  if (name.find_first_of("~^:?*[\\") != std::string_view::npos) return false;
  if (name.find("..") != std::string_view::npos) return false;
  if (name.find("@{") != std::string_view::npos || name.back() == '.') return false;
  for (const auto& part : split(name, '/'))
    if (!is_component(part)) return false;
  return true;
}

bool is_trial_merge(std::string_view name) {
  for (auto pattern : trial_merge_patterns) {
    auto star = pattern.find('*');
    auto before = pattern.substr(0, star), after = pattern.substr(star + 1);
    if (name.size() > before.size() + after.size() && name.starts_with(before) &&
        name.ends_with(after))
      return true;
  }
  return false;
}

std::vector<std::string> RefTable::tips() const {
  std::set<std::string> out;
  for (const auto& [name, id] : ids) out.insert(id);
  if (is_object_id(head)) out.insert(head);
  return {out.begin(), out.end()};
}

std::string RefTable::to_json_lines() const {
  nlohmann::ordered_json first;
  put_name(first, "head", head);
  first["lfs"] = lfs_names[static_cast<int>(lfs)];
  std::string out = first.dump() + "\n";
  for (const auto& [name, id] : ids) {
    nlohmann::ordered_json line;
    put_name(line, "ref", name);
    line["id"] = id;
    out += line.dump() + "\n";
  }
  return out;
}

RefTable RefTable::from_json_lines(std::string_view text) {
  RefTable out;
  std::size_t number = 0;
  try {
    while (!text.empty()) {
      auto end = text.find('\n');
      if (end == std::string_view::npos) bad_refs(number + 1);
      auto line = nlohmann::json::parse(text.substr(0, end));
      text.remove_prefix(end + 1);
      if (++number == 1) {
        out.head = get_name(line, "head", number);
        out.lfs = lfs_of(line.at("lfs").get<std::string>());
        if (!out.head.empty() && !is_object_id(out.head) && !is_ref_name(out.head))
          bad_refs(number);
        continue;
      }
      auto name = get_name(line, "ref", number);
      auto id = line.at("id").get<std::string>();
      if (!is_ref_name(name) || !is_object_id(id)) bad_refs(number);
      add_ref(out, name, id);
    }
  } catch (const nlohmann::json::exception&) {
    bad_refs(number + 1);
  }
  if (number == 0) throw Error("a git refs file is empty");
  return out;
}

RefTable parse_ls_remote(std::string_view output, std::vector<std::string>& refused) {
  RefTable out;
  std::string head_id;
  while (!output.empty()) {
    auto end = output.find('\n');
    auto line = output.substr(0, end);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    auto tab = line.find('\t');
    if (tab == std::string_view::npos) throw Error("git ls-remote printed a line without a tab");
    auto left = line.substr(0, tab), name = line.substr(tab + 1);
    if (left.starts_with("ref: ")) {
      if (name == "HEAD" && is_ref_name(left.substr(5))) out.head = left.substr(5);
      continue;
    }
    if (!is_object_id(left)) throw Error("git ls-remote printed a line without an object id");
    if (name == "HEAD") head_id = left;
    if (name == "HEAD" || name.ends_with("^{}")) continue;
    if (is_trial_merge(name)) continue;
    if (is_ref_name(name) && !name.starts_with(own_refs))
      add_ref(out, std::string(name), std::string(left));
    else
      refused.emplace_back(name);
  }
  if (out.head.empty()) out.head = head_id;
  return out;
}

std::string packed_refs(const std::map<std::string, std::string>& ids) {
  std::string out = "# pack-refs with: sorted \n";
  for (const auto& [name, id] : ids) out += fmt::format("{} {}\n", id, name);
  return out;
}

}  // namespace probackup
