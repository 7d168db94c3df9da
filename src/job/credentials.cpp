#include "job/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "util/bytes.h"
#include "util/file.h"
#include "util/file_lock.h"

namespace probackup {
namespace {

constexpr int file_version = 1;

const char* name_of(Purpose purpose) {
  return purpose == Purpose::read ? "read" : "restore";
}

// Ties the sealed bytes to their entry: a sealed token moved to another account does not open.
nlohmann::json label_of(const CredentialStore::Entry& entry) {
  nlohmann::json label = {{"app", entry.source.app},
                          {"account", entry.source.account},
                          {"purpose", name_of(entry.purpose)}};
  if (!entry.name.empty()) label["name"] = entry.name;
  return label;
}

std::filesystem::path lock_path(const std::filesystem::path& path) {
  make_folders(path.parent_path(), 0700);
  return path.string() + ".lock";
}

}  // namespace

CredentialStore::CredentialStore(std::filesystem::path path) : path_(std::move(path)) {
  load();
}

void CredentialStore::load() {
  entries_.clear();
  if (!std::filesystem::exists(path_)) return;
  try {
    auto in = nlohmann::json::parse(read_file(path_));
    if (in.at("version").get<int>() > file_version)
      throw Error(fmt::format("{} was written by a newer probackup", path_.string()),
                  "update probackup");
    for (const auto& entry : in.at("credentials")) {
      Entry out;
      out.source = {entry.at("app").get<std::string>(), entry.at("account").get<std::string>()};
      out.purpose = entry.at("purpose") == "restore" ? Purpose::restore : Purpose::read;
      out.name = entry.value("name", "");
      out.fields = entry.at("fields").get<std::vector<std::string>>();
      out.repository = entry.at("repository").get<std::string>();
      out.sealed = entry.at("sealed").get<std::string>();
      entries_.push_back(std::move(out));
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("{} is damaged: {}", path_.string(), error.what()),
                "remove the file and add the credentials again");
  }
}

const CredentialStore::Entry* CredentialStore::find(const SourceRef& source,
                                                    Purpose purpose) const {
  for (const auto& entry : entries_)
    if (entry.source == source && entry.purpose == purpose && entry.name.empty()) return &entry;
  return nullptr;
}

void CredentialStore::put(const SourceRef& source, Purpose purpose,
                          const std::map<std::string, std::string>& values, Repository& repository,
                          const std::string& name) {
  Entry entry;
  entry.source = source;
  entry.purpose = purpose;
  entry.name = name;
  entry.repository = repository.id();
  for (const auto& [field, value] : values) entry.fields.push_back(field);
  nlohmann::json plain = {{"for", label_of(entry)}, {"values", values}};
  entry.sealed = to_base64(repository.seal(plain.dump()));
  FileLock lock(lock_path(path_), {});
  load();
  std::erase_if(entries_, [&](const Entry& old) {
    return old.source == source && old.purpose == purpose && old.name == name;
  });
  entries_.push_back(std::move(entry));
  write();
}

std::map<std::string, std::string> CredentialStore::open(const Entry& entry,
                                                         Repository& repository) {
  std::string hint = fmt::format("add them again: probackup auth add {}", entry.source.text());
  if (entry.repository != repository.id())
    throw Error(
        fmt::format("the credentials of {} were added for another repository", entry.source.text()),
        hint);
  try {
    auto sealed = from_base64(entry.sealed);
    if (!sealed) throw Error("not base64");
    auto plain = nlohmann::json::parse(repository.unseal(*sealed));
    if (plain.at("for") != label_of(entry)) throw Error("they belong to another account");
    return plain.at("values").get<std::map<std::string, std::string>>();
  } catch (const std::exception& error) {
    throw Error(fmt::format("the stored credentials of {} do not open: {}", entry.source.text(),
                            error.what()),
                hint);
  }
}

bool CredentialStore::remove(const SourceRef& source, Purpose purpose, const std::string& name) {
  FileLock lock(lock_path(path_), {});
  load();
  auto before = entries_.size();
  std::erase_if(entries_, [&](const Entry& old) {
    return old.source == source && old.purpose == purpose && (name.empty() || old.name == name);
  });
  if (entries_.size() == before) return false;
  write();
  return true;
}

void CredentialStore::write() const {
  nlohmann::ordered_json out;
  out["version"] = file_version;
  auto& list = out["credentials"] = nlohmann::ordered_json::array();
  for (const auto& entry : entries_) {
    auto& line = list.emplace_back(label_of(entry));
    line["fields"] = entry.fields;
    line["repository"] = entry.repository;
    line["sealed"] = entry.sealed;
  }
  make_folders(path_.parent_path(), 0700);
  write_file_atomic(path_, out.dump(2) + "\n", 0600);
}

}  // namespace probackup
