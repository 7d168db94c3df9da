#include "cli/session.h"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "cli/password.h"
#include "job/layout.h"
#include "job/settings.h"
#include "job/singer.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* found = std::getenv(name.c_str());
  if (!found) return std::nullopt;
  return found;
}

}  // namespace

Session::Session(const Options& options, Output& output, std::stop_token stop)
    : options_(options), output_(output), stop_(stop), config_(load_config(options.config)) {
  auto fall_back = [](std::string& value, const std::string& other) {
    if (value.empty()) value = other;
  };
  fall_back(options_.repository, config_.repository);
  bool has_password = options_.password_from_environment || !options_.password_file.empty() ||
                      !options_.password_command.empty();
  if (!has_password) {
    options_.password_file = config_.password_file;
    options_.password_command = config_.password_command;
  }
  fall_back(options_.catalog, config_.catalog);
  fall_back(options_.connectors, config_.connectors);
  // copy writes into a second repository, of which the settings do not speak.
  if (options_.object_lock.empty() && options_.command != "copy") {
    options_.object_lock = config_.object_lock;
    options_.retain_days = config_.retain_days;
  }
}

const std::string& Session::repository_url() {
  if (options_.repository.empty())
    throw Error(ErrorKind::usage, "no repository is named",
                "use -r, PROBACKUP_REPOSITORY, or repository = \"…\" in the settings file");
  return options_.repository;
}

Storage& Session::storage() {
  if (!storage_) {
    StorageOptions options = storage_options();
    if (options_.command != "copy") options.retention = retention();
    storage_ = open_storage(repository_url(), options);
  }
  return *storage_;
}

std::optional<RetentionRule> Session::retention() const {
  if (options_.object_lock.empty()) return std::nullopt;
  auto mode =
      options_.object_lock == "compliance" ? RetentionMode::compliance : RetentionMode::governance;
  return RetentionRule{mode, options_.retain_days};
}

StorageOptions Session::storage_options() {
  StorageOptions options;
  options.environment = environment;
  options.ca_file = options_.ca_file;
  options.allow_plain_http = options_.insecure_http;
  options.upload_rate = options_.limit_upload * 1024;
  options.download_rate = options_.limit_download * 1024;
  options.clock = &clock();
  options.stop = stop_;
  // What verifies or mends the store must see the store.
  bool direct = options_.command == "check" || options_.command.starts_with("repair");
  if (!options_.no_cache && !direct)
    options.cache.folder = options_.cache_folder.empty() ? (cache_folder() / "objects").string()
                                                         : options_.cache_folder;
  for (const auto& text : config_.storage_options) set_storage_option(options, text);
  for (const auto& text : options_.storage_options) set_storage_option(options, text);
  return options;
}

std::string Session::password(bool twice) {
  return read_password(
      {"PROBACKUP_PASSWORD", options_.password_from_environment, options_.password_file,
       options_.password_command, "", fmt::format("password of {}: ", storage().location())},
      twice);
}

std::string Session::new_password() {
  return read_password({"PROBACKUP_NEW_PASSWORD", options_.new_password_from_environment,
                        options_.new_password_file, options_.new_password_command, "new-",
                        fmt::format("new password of {}: ", storage().location())},
                       true);
}

Repository& Session::repository() {
  if (!repository_) {
    storage();
    repository_ = Repository::open(storage(), password(), clock());
  }
  return *repository_;
}

Repository& Session::target_repository() {
  if (!target_repository_) {
    StorageOptions options = storage_options();
    options.retention = retention();
    target_storage_ = open_storage(options_.to_repository, options);
    std::string password =
        read_password({"PROBACKUP_TO_PASSWORD", options_.to_password_from_environment,
                       options_.to_password_file, options_.to_password_command, "to-",
                       fmt::format("password of {}: ", target_storage_->location())},
                      false);
    target_repository_ = Repository::open(*target_storage_, password, clock());
  }
  return *target_repository_;
}

Catalog& Session::catalog() {
  if (!catalog_) {
    std::string id = repository().id();
    std::string url = options_.catalog;
    if (url.empty()) {
      auto folder = data_folder() / "catalogs";
      make_folders(folder, 0700);
      url = (folder / (id.substr(0, 16) + ".sqlite")).string();
    }
    catalog_ = Catalog::open(url, id);
  }
  return *catalog_;
}

Catalog& Session::current_catalog() {
  auto& known = catalog();
  std::set<std::string> ids;
  for (const auto& object : storage().list(ObjectKind::snapshot)) ids.insert(object.name);
  std::vector<Id> gone;
  for (const auto& snapshot : known.snapshots())
    if (ids.erase(snapshot.id.hex()) == 0) gone.push_back(snapshot.id);
  if (!gone.empty()) known.drop_snapshots(gone);
  std::set<SourceRef> behind;  // sources with snapshots that another machine wrote
  for (const auto& id : ids)
    if (auto source = source_of(repository().load_snapshot(*Id::from_hex(id))))
      behind.insert(*source);
  for (const auto& source : behind) {
    log_info(fmt::format("reading the snapshots of {} into the catalog", source.text()));
    rebuild_catalog(
        context(), source, [&](const SourceRef& of) { return describer_of(of); }, stop());
  }
  return known;
}

ConnectorSet& Session::connectors() {
  if (!connectors_) connectors_ = std::make_unique<ConnectorSet>(options_.connectors);
  return *connectors_;
}

Http& Session::http() {
  if (!http_) {
    HttpOptions options;
    options.ca_file = options_.ca_file;
    options.allow_plain_http = options_.insecure_http;
    http_ = curl_http(options);
  }
  return *http_;
}

CredentialStore& Session::credentials() {
  if (!credentials_) credentials_ = std::make_unique<CredentialStore>(credentials_path());
  return *credentials_;
}

SourceRef Session::parse_source(const std::string& text) {
  auto colon = text.find(':');
  SourceRef source{text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
  if (source.app == "singer") {
    if (source.account.empty()) throw Error(ErrorKind::usage, "singer needs a name: singer:NAME");
    return source;
  }
  connectors().get(source.app);
  return source;
}

SourceRef Session::known_source(const std::string& text) {
  std::vector<SourceRef> found;
  std::vector<std::string> names;
  for (const auto& source : current_catalog().sources()) {
    names.push_back(source.text());
    if (source.text() == text || source.app == text) found.push_back(source);
  }
  if (found.size() == 1) return found[0];
  if (found.empty())
    throw Error(fmt::format("there is no backup of {}{}", text, did_you_mean(text, names)),
                names.empty() ? "run: probackup backup " + text : "sources: " + join(names, ", "));
  throw Error(fmt::format("{} has several accounts", text), "name one: " + join(names, ", "));
}

const CredentialStore::Entry* Session::find_credentials(const SourceRef& source, Purpose purpose) {
  // Those of the account itself, else the only ones of the app.
  std::vector<const CredentialStore::Entry*> stored;
  for (const auto& entry : credentials().entries())
    if (entry.source.app == source.app && entry.purpose == purpose && entry.name.empty())
      stored.push_back(&entry);
  const auto* entry = credentials().find(source, purpose);
  if (!entry && source.account.empty() && stored.size() == 1) entry = stored[0];
  if (!entry) entry = credentials().find({source.app, ""}, purpose);
  if (!entry && source.account.empty() && stored.size() > 1) {
    std::vector<std::string> names;
    for (const auto* other : stored) names.push_back(other->source.text());
    throw Error(ErrorKind::usage, fmt::format("{} has several accounts", source.app),
                "name one: " + join(names, ", "));
  }
  return entry;
}

RecordDescriber* Session::describer_of(const SourceRef& source) {
  auto& slot = describers_[source.app];
  if (!slot) {
    auto apps = connectors().apps();
    if (std::find(apps.begin(), apps.end(), source.app) != apps.end())
      slot = connector_describer(connectors().get(source.app));
    else
      slot = std::make_unique<PlainDescriber>();
  }
  return slot.get();
}

}  // namespace probackup
