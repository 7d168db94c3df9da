// The door to a repository: init, open, and the way to its parts.

#include "probackup/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <tuple>

#include "repository/check.h"
#include "repository/config.h"
#include "repository/guarded_storage.h"
#include "repository/key.h"
#include "repository/machine.h"
#include "repository/packer.h"
#include "repository/parallel.h"
#include "repository/sealed_storage.h"
#include "repository/snapshot_json.h"
#include "repository/tree.h"
#include "storage/object_name.h"
#include "util/hash.h"

namespace probackup {
namespace {

const ObjectName config_name{ObjectKind::config, {}};
constexpr std::size_t snapshot_threads = 8;  // small objects: waiting, not work

RepositoryOptions complete(RepositoryOptions options) {
  if (options.workers == 0) options.workers = std::max(1u, std::thread::hardware_concurrency());
  if (options.hostname.empty()) options.hostname = machine_hostname();
  if (options.username.empty()) options.username = machine_username();
  return options;
}

RepositoryConfig open_config(const SealKey& master, std::string_view sealed) {
  auto json = Sealer(master).open(sealed);
  if (!json) throw damaged(describe(config_name), "its seal is broken");
  try {
    return parse_config(*json);
  } catch (const Error& error) {
    if (!error.hint().empty()) throw;  // another version, not damage
    throw damaged(describe(config_name), error.what());
  }
}

struct OpenKey {
  Id file;
  SealKey master;
};

// The master key from the first key file that the password opens.
OpenKey open_master_key(Storage& storage, std::string_view password) {
  auto keys = storage.list(ObjectKind::key);
  std::string broken;
  std::size_t tried = 0;
  for (const ObjectInfo& key : keys) {
    if (++tried > keys_tried_max) break;
    ObjectName name{ObjectKind::key, key.name};
    try {
      std::string json = storage.load(name);
      if (sha256(json).hex() != key.name)
        throw Error("its bytes do not have the SHA-256 it is named by");
      if (auto master = open_key_file(json, password)) return {*Id::from_hex(key.name), *master};
    } catch (const Error& error) {
      broken = fmt::format("{} is damaged: {}", describe(name), error.what());
    }
  }
  if (!broken.empty())
    throw Error(
        keys.size() > 1 ? ErrorKind::wrong_password : ErrorKind::failed,
        fmt::format("no key of {} opens with this password; {}", storage.location(), broken));
  if (keys.empty())
    throw Error(
        fmt::format("{} has a config but no keys: it is another program's place, or a "
                    "repository that lost its keys",
                    storage.location()),
        "check the path; a repository needs its folder \"keys\" back from a copy, without it "
        "nothing can be read");
  throw Error(ErrorKind::wrong_password,
              fmt::format("wrong password for the repository in {}", storage.location()));
}

Id write_key(Storage& storage, const SealKey& master, std::string_view password, Clock& clock,
             const RepositoryOptions& options) {
  std::string key =
      make_key_file(master, password, clock.now(), options.username, options.hostname);
  Id id = sha256(key);
  storage.save({ObjectKind::key, id.hex()}, key);
  return id;
}

class OpenRepository final : public Repository {
 public:
  OpenRepository(Storage& storage, Clock& clock, RepositoryOptions options, const OpenKey& key,
                 RepositoryConfig config)
      : clock_(clock),
        options_(std::move(options)),
        config_(std::move(config)),
        codecs_(key.master, options_.compression_level),
        storage_(storage),
        objects_(storage_, codecs_),
        packer_(storage_, index_, codecs_, clock, {options_.workers, options_.pack_bytes_target}),
        key_(key) {}

  std::string id() const override { return config_.id; }
  Storage& storage() override { return objects_.storage(); }
  void set_write_guard(std::function<void()> guard) override {
    storage_.set_guard(std::move(guard));
  }
  SealedStorage& objects() override { return objects_; }
  const Index& index() override {
    need_index();
    return index_;
  }
  Id key_in_use() const override { return key_.file; }
  Id save_key(std::string_view password) override {
    return write_key(storage(), key_.master, password, clock_, options_);
  }
  std::uint64_t chunker_polynomial() const override { return config_.polynomial; }

  void load_index() override {
    std::lock_guard lock(index_mutex_);
    if (index_loaded_) return;
    auto files = storage().list(ObjectKind::index);
    parallel_for(files.size(), options_.workers, [&](std::size_t i) {
      objects_.load_index(*Id::from_hex(files[i].name),
                          [&](const IndexedPack& pack) { index_.add(pack); });
    });
    index_loaded_ = true;
  }

  std::string seal(std::string_view plain) override {
    std::string out;
    Sealer(key_.master).seal(plain, out);
    return out;
  }
  std::string unseal(std::string_view sealed) override {
    auto plain = Sealer(key_.master).open(sealed);
    if (!plain) throw Error("the sealed bytes were changed, or another repository sealed them");
    return *plain;
  }

  std::future<SavedBlob> save_blob(BlobType type, std::string bytes, bool compress) override {
    need_index();
    return packer_.save(type, std::move(bytes), compress);
  }

  std::string load_blob(BlobType type, const Id& id) override {
    need_index();
    auto places = index_.find_all(type, id);
    if (places.empty()) {
      if (auto blob = packer_.pending(type, id)) return open_pending(*blob);
      places = index_.find_all(type, id);  // its pack may have been stored meanwhile
    }
    if (places.empty())
      throw Error(
          fmt::format("{} is in no pack of {}", describe_blob(type, id), storage().location()),
          "run `probackup check` to see what is missing");
    for (std::size_t i = 0; i + 1 < places.size(); ++i) {
      try {
        return objects_.load_blob(places[i]);
      } catch (const Error&) {
        // The next copy may be intact.
      }
    }
    return objects_.load_blob(places.back());
  }

  bool has_blob(BlobType type, const Id& id) override { return blob_size(type, id).has_value(); }

  std::vector<Id> packs_of(BlobType type, const Id& id) override {
    need_index();
    std::vector<Id> packs;
    for (const auto& place : index_.find_all(type, id)) packs.push_back(place.pack);
    return packs;
  }

  std::optional<std::uint64_t> blob_size(BlobType type, const Id& id) override {
    need_index();
    if (auto place = index_.find(type, id)) return place->entry.size();
    if (auto size = packer_.pending_size(type, id)) return size;
    auto place = index_.find(type, id);  // its pack may have been stored meanwhile
    return place ? std::optional(place->entry.size()) : std::nullopt;
  }

  Id save_tree(std::vector<Node> nodes) override {
    return save_blob(BlobType::tree, print_tree(std::move(nodes)), true).get().id;
  }

  std::vector<Node> load_tree(const Id& id) override {
    std::string json = load_blob(BlobType::tree, id);
    try {
      return parse_tree(json);
    } catch (const Error& error) {
      throw damaged(describe_blob(BlobType::tree, id), error.what());
    }
  }

  void flush() override { packer_.flush(); }

  Id save_snapshot(const Snapshot& snapshot) override {
    flush();
    Snapshot complete = snapshot;
    if (complete.hostname.empty()) complete.hostname = options_.hostname;
    if (complete.username.empty()) complete.username = options_.username;
    return save_document(ObjectKind::snapshot, print_snapshot(complete));
  }

  std::vector<Snapshot> snapshots(
      const std::function<void(const std::string&, const std::string&)>& on_damage) override {
    auto files = storage().list(ObjectKind::snapshot);
    std::vector<std::optional<Snapshot>> loaded(files.size());
    std::mutex mutex;  // the callback is not asked to bear several threads
    parallel_for(files.size(), snapshot_threads, [&](std::size_t i) {
      try {
        loaded[i] = load_snapshot(*Id::from_hex(files[i].name));
      } catch (const NotFound&) {
        // Removed since it was listed.
      } catch (const DamageError& error) {
        // One that only could not be read now must not be passed over: it may be the newest.
        if (!on_damage) throw;
        std::lock_guard lock(mutex);
        on_damage(files[i].name, error.what());
      }
    });
    std::vector<Snapshot> out;
    for (auto& snapshot : loaded)
      if (snapshot) out.push_back(std::move(*snapshot));
    std::sort(out.begin(), out.end(), [](const Snapshot& a, const Snapshot& b) {
      return std::tie(a.time, a.id) < std::tie(b.time, b.id);
    });
    return out;
  }

  Snapshot load_snapshot(const Id& id) override {
    ObjectName name{ObjectKind::snapshot, id.hex()};
    std::string json = load_document(name);
    try {
      Snapshot snapshot = parse_snapshot(json);
      snapshot.id = id;
      return snapshot;
    } catch (const Error& error) {
      throw damaged(describe(name), error.what());
    }
  }

  void remove_snapshot(const Id& id) override {
    storage().remove({ObjectKind::snapshot, id.hex()});
  }

  RepositoryStats stats() const override { return packer_.stats(); }

  CheckReport check(const CheckOptions& options, std::stop_token stop,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    return Checker(objects_, options_.workers, std::move(stop), progress).run(options);
  }

  std::string load_document(const ObjectName& name) override {
    return objects_.load_document(name);
  }

  Id save_document(ObjectKind kind, std::string_view json) override {
    return objects_.save_document(kind, json);
  }

 private:
  void need_index() {
    if (!index_loaded_) load_index();
  }

  std::string open_pending(const Packer::SealedBlob& blob) {
    return CodecPool::Lease(codecs_)->open_blob(blob.bytes, blob.entry);
  }

  Clock& clock_;
  const RepositoryOptions options_;
  const RepositoryConfig config_;
  CodecPool codecs_;
  GuardedStorage storage_;
  SealedStorage objects_;
  Index index_;
  std::mutex index_mutex_;  // held while the index files are read
  std::atomic<bool> index_loaded_ = false;
  Packer packer_;
  const OpenKey key_;
};

// An earlier init that was interrupted leaves keys without a config: they protect nothing.
void remove_leftover_keys(Storage& storage) {
  auto keys = storage.list(ObjectKind::key);
  if (keys.empty()) return;
  for (ObjectKind kind : {ObjectKind::snapshot, ObjectKind::index, ObjectKind::data})
    if (!storage.list(kind).empty())
      throw Error(fmt::format("{} holds a repository that has lost its config", storage.location()),
                  "choose another folder, or restore the config from a copy");
  for (const ObjectInfo& key : keys) storage.remove({ObjectKind::key, key.name});
}

}  // namespace

void Repository::init(Storage& storage, std::string_view password, Clock& clock,
                      const RepositoryOptions& options) {
  if (storage.size(config_name))
    throw Error(fmt::format("there is a repository in {} already", storage.location()),
                "use it, or choose another place for the new one");
  if (auto other = storage.stranger())
    throw Error(fmt::format("{} holds something else: {}", storage.location(), *other),
                "give a place of its own to the repository, such as a new folder below it");
  storage.create();  // a bucket that is not there cannot be listed
  remove_leftover_keys(storage);
  RepositoryOptions all = complete(options);
  SealKey master = SealKey::random();
  write_key(storage, master, password, clock, all);
  std::string config;
  Sealer(master).seal(print_config(RepositoryConfig::random()), config);
  storage.save(config_name, config);
}

std::unique_ptr<Repository> Repository::open(Storage& storage, std::string_view password,
                                             Clock& clock, const RepositoryOptions& options) {
  std::string sealed;
  try {
    sealed = storage.load(config_name);
  } catch (const NotFound&) {
    throw Error(ErrorKind::no_repository,
                fmt::format("there is no repository in {}", storage.location()),
                "make one with `probackup init`");
  }
  OpenKey key = open_master_key(storage, password);
  return std::make_unique<OpenRepository>(storage, clock, complete(options), key,
                                          open_config(key.master, sealed));
}

}  // namespace probackup
