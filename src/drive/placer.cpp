#include "drive/placer.h"

#include "probackup/error.h"

namespace probackup {
namespace {

// In the trash for another reason than that a sync put it there: it comes back with a folder above
// that is taken out again.
bool is_ours(const DriveFile& file) {
  return !file.trashed || !file.content.empty();
}

}  // namespace

Placer::Placer(DriveTarget& target, DriveMemory& memory, const DriveOptions& options,
               DriveReport& report)
    : target_(target), memory_(memory), options_(options), report_(report) {
  for (auto& file : target_.list()) {
    auto [known, is_new] = files_.try_emplace(file.key, file);
    if (is_new) continue;
    // A create whose answer was lost may have been carried out twice. The elder one stays, because
    // people may have kept its address.
    bool better = known->second.trashed && !file.trashed;
    DriveFile& other = better ? known->second : file;
    if (is_ours(other)) doubles_.push_back(other);
    if (better) known->second = file;
  }
}

std::string Placer::name(const std::string& folder, std::string_view title, const std::string& key,
                         bool has_extension) {
  return names_.claim(folder, target_.clean_name(title), key, has_extension);
}

const DriveFile* Placer::placed(const std::string& key) const {
  if (!seen_.contains(key)) return nullptr;
  auto found = files_.find(key);
  return found == files_.end() || found->second.trashed ? nullptr : &found->second;
}

const DriveFile* Placer::keep(const std::string& key) {
  seen_.insert(key);
  return placed(key);
}

bool Placer::needs_content(const DriveNode& node) const {
  auto found = files_.find(node.key);
  return found == files_.end() || found->second.content != node.content;
}

// What the last sync threw away itself has no content any more.
bool Placer::stays_away(const DriveFile* file, const std::string& key) const {
  if (options_.recreate_missing) return false;
  return file ? file->trashed && !file->content.empty() : memory_.knows(key);
}

const DriveFile* Placer::place(const DriveNode& node, const DriveContent& content) {
  seen_.insert(node.key);
  const DriveFile* folder = node.parent.empty() ? nullptr : placed(node.parent);
  auto found = files_.find(node.key);
  DriveFile* file = found == files_.end() ? nullptr : &found->second;
  bool nowhere = !node.parent.empty() && !folder;
  if (nowhere || stays_away(file, node.key)) {
    ++report_.skipped;
    if (file) file->trashed = true;
    return nullptr;
  }
  count(node);
  return file ? update(*file, node, folder, content) : create(node, folder, content);
}

void Placer::count(const DriveNode& node) {
  if (node.kind == DriveKind::folder) ++report_.folders;
  if (node.kind == DriveKind::sheet) ++report_.sheets;
  if (node.kind == DriveKind::file) ++report_.files;
}

const DriveFile* Placer::create(const DriveNode& node, const DriveFile* folder,
                                const DriveContent& content) {
  DriveFile made;
  if (options_.dry_run) {
    made = {.key = node.key,
            .source = node.source,
            .kind = node.kind,
            .id = node.key,
            .parent = folder ? folder->id : "",
            .name = node.name,
            .url = node.key,
            .content = node.content};
  } else {
    made = target_.create(node, folder, content);
    memory_.put(node, made);
  }
  ++report_.created;
  return &(files_[node.key] = made);
}

const DriveFile* Placer::update(DriveFile& file, const DriveNode& node, const DriveFile* folder,
                                const DriveContent& content) {
  DriveTarget::Changes changes;
  changes.untrash = file.trashed;
  changes.content = file.content != node.content;
  changes.name = file.own_name && file.name != node.name;
  changes.place = folder && file.own_place && file.parent != folder->id;
  if (!changes.untrash && !changes.content && !changes.name && !changes.place) {
    ++report_.unchanged;
    memory_.put(node, file);
    return &file;
  }
  if (options_.dry_run) {
    count(changes);
    file.trashed = false;
    return &file;
  }
  auto updated = target_.update(file, node, folder, changes, content);
  if (!updated) {  // it vanished since it was listed
    if (stays_away(nullptr, node.key)) {
      ++report_.skipped;
      file.trashed = true;
      return nullptr;
    }
    return create(node, folder, content);
  }
  count(changes);
  file = std::move(*updated);
  memory_.put(node, file);
  return &file;
}

void Placer::count(const DriveTarget::Changes& changes) {
  if (changes.untrash)
    ++report_.created;
  else if (changes.content)
    ++report_.updated;
  if (changes.name && !changes.content) ++report_.renamed;
  if (changes.place && !changes.content) ++report_.moved;
}

void Placer::remove_rest(const std::string& source) {
  std::vector<DriveFile> gone;
  for (const auto& file : doubles_)
    if (file.source == source || file.source.empty()) gone.push_back(file);
  for (auto& [key, file] : files_)
    if (!seen_.contains(key) && file.source == source && is_ours(file)) gone.push_back(file);
  report_.removed += gone.size();
  if (options_.dry_run || gone.empty()) return;
  target_.remove(gone);
  for (const auto& file : gone) {
    auto found = files_.find(file.key);
    if (found == files_.end() || found->second.id != file.id) continue;
    memory_.remove(file.key);
    files_.erase(found);
  }
}

}  // namespace probackup
