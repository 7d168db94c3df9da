// A copy in a folder of this machine.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "drive/folder_names.h"
#include "drive/local_state.h"
#include "drive/sinks.h"
#include "probackup/error.h"
#include "util/descriptor.h"
#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_characters_max = 120, name_bytes_max = 200;
constexpr const char* state_name = ".probackup-copy.jsonl";
constexpr const char* partial_name = ".probackup-partial";

bool reserved_on_windows(std::string_view name) {
  static constexpr std::array<std::string_view, 4> names{"con", "prn", "aux", "nul"};
  std::string stem = to_lower(name.substr(0, name.find('.')));
  if (std::find(names.begin(), names.end(), stem) != names.end()) return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) &&
         stem[3] >= '0' && stem[3] <= '9';
}

[[noreturn]] void fail(const fs::path& path, const std::error_code& code) {
  throw Error(fmt::format("cannot write {}: {}", path.string(), code.message()),
              "check the free space of the disk and the rights of the folder");
}

bool is_there(const fs::path& path) {
  std::error_code code;
  bool found = fs::exists(path, code);
  // A folder that may not be looked into must not look empty.
  if (code) fail(path, code);
  return found;
}

std::string file_url(const fs::path& path) {
  std::string out = "file://";
  for (const auto& part : fs::absolute(path).lexically_normal())
    if (part != "/") out += "/" + url_encode(part.string());
  return out;
}

class LocalDrive final : public DriveTarget {
 public:
  explicit LocalDrive(const std::string& folder)
      : root_(fs::absolute(folder).lexically_normal()),
        state_((make_folders(root_), root_ / state_name)) {
    std::error_code ignored;
    fs::remove_all(root_ / partial_name, ignored);  // of a sync that was killed
  }

  std::string name() const override { return root_.string(); }

  std::vector<DriveFile> list() override {
    std::vector<DriveFile> out;
    for (const auto& [key, entry] : state_.entries()) out.push_back(file_of(entry));
    return out;
  }

  std::string clean_name(std::string_view title) const override {
    std::string out = plain_name(title, "/\\:*?\"<>|", name_characters_max, name_bytes_max);
    while (out.ends_with('.') || out.ends_with(' ')) out.back() = '_';
    if (out.starts_with('.') || reserved_on_windows(out)) out.insert(out.begin(), '_');
    return out;
  }

  DriveFile create(const DriveNode& node, const DriveFile*, const DriveContent& content) override {
    LocalEntry entry{node.key, node.source, node.parent, node.kind, node.name, "", {}};
    // What a person put there is left alone.
    if (node.kind != DriveKind::folder && is_taken(entry)) entry.name = marked(node);
    state_.put(entry);
    return write(entry, node, content);
  }

  std::optional<DriveFile> update(const DriveFile& file, const DriveNode& node, const DriveFile*,
                                  const Changes& changes, const DriveContent& content) override {
    const LocalEntry* known = state_.find(file.key);
    if (!known) return std::nullopt;
    LocalEntry entry = *known;
    if ((changes.name || changes.place) && !changes.untrash) move(entry, node);
    if (!changes.content && !changes.untrash) return file_of(entry);
    entry.name = node.name;
    entry.parent = node.parent;
    return write(entry, node, content);
  }

  void remove(const std::vector<DriveFile>& files) override {
    std::vector<std::pair<std::ptrdiff_t, std::string>> order;  // the deepest first
    for (const auto& file : files)
      if (const auto* entry = state_.find(file.key)) {
        fs::path path = path_of(*entry);
        order.emplace_back(-std::distance(path.begin(), path.end()), file.key);
      }
    std::sort(order.begin(), order.end());
    for (const auto& [depth, key] : order) {
      LocalEntry entry = *state_.find(key);
      std::error_code code;
      // A folder stays where people keep something of their own in it.
      if (entry.kind == DriveKind::folder) fs::remove(path_of(entry), code);
      for (const auto& path : physical(entry)) {
        fs::remove(path, code);
        if (code) fail(path, code);
      }
      state_.remove(key);
    }
  }

  std::string link(const DriveFile& folder, const DriveFile& to) const override {
    const LocalEntry *from = state_.find(folder.key), *entry = state_.find(to.key);
    if (!from || !entry) return "";
    return "external:" + main_file(*entry).lexically_relative(path_of(*from)).generic_string();
  }

  void finish() override {
    settle_names();
    state_.compact();
    std::error_code ignored;
    fs::remove(root_ / partial_name, ignored);
  }

 private:
  // Without the extension of a spreadsheet.
  fs::path path_of(const LocalEntry& entry) const {
    if (entry.parent.empty()) return root_ / entry.name;
    const LocalEntry* above = state_.find(entry.parent);
    return (above ? path_of(*above) : root_) / entry.name;
  }
  static fs::path with(fs::path path, const std::string& end) { return path += end; }
  fs::path main_file(const LocalEntry& entry) const {
    fs::path path = path_of(entry);
    return entry.kind == DriveKind::sheet ? with(path, ".xlsx") : path;
  }
  // The files of a spreadsheet or an attachment.
  std::vector<fs::path> physical(const LocalEntry& entry) const {
    if (entry.kind == DriveKind::folder) return {};
    if (entry.kind == DriveKind::file) return {path_of(entry)};
    std::vector<fs::path> out;
    for (std::size_t i = 0; i < entry.sheets.size(); ++i)
      out.push_back(csv_file(entry, entry.sheets[i], i));
    out.push_back(main_file(entry));
    return out;
  }
  fs::path csv_file(const LocalEntry& entry, const std::string& sheet, std::size_t number) const {
    return with(path_of(entry), (number == 0 ? "" : " - " + sheet) + ".csv");
  }

  DriveFile file_of(const LocalEntry& entry) const {
    DriveFile out{.key = entry.key,
                  .source = entry.source,
                  .kind = entry.kind,
                  .id = entry.key,
                  .parent = entry.parent,
                  .name = entry.name,
                  .url = file_url(main_file(entry)),
                  .content = entry.content};
    out.trashed = !is_there(main_file(entry));
    return out;
  }

  // Renames, or moves to another folder.
  void move(LocalEntry& entry, const DriveNode& node) {
    LocalEntry moved = entry;
    moved.parent = node.parent;
    moved.name = node.name;
    if (is_taken(moved)) moved.name = marked(node);
    if (moved.name == entry.name && moved.parent == entry.parent) return;
    auto before = places(entry), after = places(moved);
    for (std::size_t i = 0; i < before.size(); ++i) {
      std::error_code code;
      fs::rename(before[i], after[i], code);
      if (code && is_there(before[i])) fail(after[i], code);
    }
    entry = moved;
    state_.put(entry);
  }

  // Whether something else lies where this would go: of a person, or of ours and about to go away.
  bool is_taken(const LocalEntry& entry) {
    if (!is_there(main_file(entry))) return false;
    names_later_[entry.key] = entry.name;
    return true;
  }
  static std::string marked(const DriveNode& node) {
    return FolderNames::marked(node.name, node.key, node.kind == DriveKind::file);
  }
  std::vector<fs::path> places(const LocalEntry& entry) const {
    if (entry.kind == DriveKind::folder) return {path_of(entry)};
    return physical(entry);
  }

  // Gives names that were taken when they were asked for, and are free now.
  void settle_names() {
    for (const auto& [key, name] : std::exchange(names_later_, {})) {
      const LocalEntry* known = state_.find(key);
      if (!known) continue;
      LocalEntry entry = *known;
      DriveNode node{.key = key, .parent = entry.parent, .kind = entry.kind, .name = name};
      move(entry, node);
    }
    names_later_.clear();
  }

  DriveFile write(LocalEntry entry, const DriveNode& node, const DriveContent& content) {
    if (entry.kind == DriveKind::folder)
      make_folders(path_of(entry));
    else if (entry.kind == DriveKind::sheet)
      write_sheet(entry, content);
    else
      write_bytes(entry, content);
    entry.content = node.content;
    state_.put(entry);
    return file_of(entry);
  }

  fs::path partial(const std::string& name) const {
    make_folders(root_ / partial_name, 0700);
    return root_ / partial_name / name;
  }

  void write_sheet(LocalEntry& entry, const DriveContent& content) {
    auto old = physical(entry);
    std::vector<std::ofstream> files;
    std::vector<std::string> names;
    CsvSink csv([&](std::size_t number, const std::string& name, std::string_view bytes) {
      if (number == files.size()) {
        names.push_back(name);
        files.emplace_back(partial(fmt::format("{}.csv", number)), std::ios::binary);
      }
      files[number] << bytes;
    });
    content.sheet(csv);
    for (std::size_t i = 0; i < files.size(); ++i) {
      files[i].close();
      if (!files[i])
        fail(partial(fmt::format("{}.csv", i)), std::error_code(ENOSPC, std::generic_category()));
    }
    fs::path xlsx = partial("sheet.xlsx");
    write_xlsx(xlsx, content.sheet);
    entry.sheets = names;
    state_.put(entry);
    for (std::size_t i = 0; i < names.size(); ++i)
      put_in_place(partial(fmt::format("{}.csv", i)), csv_file(entry, names[i], i));
    put_in_place(xlsx, main_file(entry));
    // Sheets that the spreadsheet has no more.
    auto now = physical(entry);
    for (const auto& path : old)
      if (std::find(now.begin(), now.end(), path) == now.end()) {
        std::error_code ignored;
        fs::remove(path, ignored);
      }
  }

  void write_bytes(const LocalEntry& entry, const DriveContent& content) {
    fs::path path = partial("file");
    std::ofstream out(path, std::ios::binary);
    content.bytes([&](std::string_view bytes) { out << bytes; });
    out.close();
    if (!out) fail(path, std::error_code(ENOSPC, std::generic_category()));
    put_in_place(path, path_of(entry));
  }

  static void put_in_place(const fs::path& from, const fs::path& to) {
    {
      Descriptor file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
      if (file.get() < 0 || ::fsync(file.get()) != 0)
        fail(from, std::error_code(errno, std::generic_category()));
    }
    std::error_code code;
    make_folders(to.parent_path());
    fs::rename(from, to, code);
    if (code) fail(to, code);
  }

  const fs::path root_;
  LocalState state_;
  std::map<std::string, std::string> names_later_;  // by key
};

}  // namespace

std::unique_ptr<DriveTarget> local_drive(const std::string& folder) {
  return std::make_unique<LocalDrive>(folder);
}

}  // namespace probackup
