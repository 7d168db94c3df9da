// One sync of one source: folders, attachments, spreadsheets, the index, and what is gone.
#include <fmt/format.h>

#include "drive/copy_model.h"
#include "drive/index_sheet.h"
#include "drive/keys.h"
#include "drive/placer.h"
#include "drive/sinks.h"
#include "drive/table.h"
#include "export/html_text.h"
#include "probackup/error.h"

namespace probackup {
namespace {

constexpr std::string_view folder_content = "folder";

// An attachment that the repository cannot give; the others are not held up by it.
class UnreadableAttachment : public Error {
 public:
  using Error::Error;
};

class Sync {
 public:
  Sync(const DriveInput& input, DriveTarget& target, DriveMemory& memory,
       const DriveOptions& options, std::stop_token stop,
       const std::function<void(const DriveProgress&)>& progress)
      : input_(input),
        target_(target),
        memory_(memory),
        options_(options),
        stop_(std::move(stop)),
        progress_(progress),
        source_(input.snapshot.app() + ":" + input.snapshot.account()),
        tag_(short_digest(source_)) {}

  DriveReport run() {
    CopyModel model(input_.snapshot, options_.folders, stop_, [&](std::uint64_t records) {
      report_.items = records;
      tell("reading", records, 0);
    });
    input_.deleted([&](const DeletedItem& item) {
      ++report_.deleted;
      model.add_deleted(item);
    });
    model.finish();
    model_ = &model;
    Placer placer(target_, memory_, options_, report_);
    placer_ = &placer;
    place_folders();
    place_attachments();
    place_tables();
    place_index();
    placer.remove_rest(tag_);
    if (const auto* account = placer.placed(account_key_)) report_.url = account->url;
    return report_;
  }

 private:
  void tell(const char* what, std::uint64_t done, std::uint64_t expected) const {
    if (progress_) progress_({what, done, expected});
  }
  void check_stop() const {
    if (stop_.stop_requested())
      throw Error(ErrorKind::interrupted, "the sync was interrupted", "run it again to go on");
  }

  const DriveFile* place_folder(const std::string& key, const std::string& parent,
                                std::string_view title, bool shared = false) {
    check_stop();
    DriveNode node{.key = key,
                   .parent = parent,
                   .source = shared ? "" : tag_,
                   .kind = DriveKind::folder,
                   .content = std::string(folder_content)};
    node.name = placer_->name(parent, title, key, false);
    return placer_->place(node, {});
  }

  void place_folders() {
    const std::string app = input_.snapshot.app();
    std::string app_key = drive_key({"app", app});
    // What taps call themselves differs from source to source, and the folder is one for all.
    std::string title = app == "singer" ? "Singer" : input_.snapshot.app_title();
    place_folder(app_key, "", title.empty() ? app : title, true);
    account_key_ = drive_key({"account", source_});
    place_folder(account_key_, app_key, input_.snapshot.account());
    keys_[0] = account_key_;
    for (const auto& folder : model_->folders()) {
      RecordNode node = model_->tree().find(folder.number).value();
      const auto& stream = model_->streams()[node.stream].stream.name;
      std::string key = drive_key({"folder", source_, stream, node.key});
      keys_[folder.number] = key;
      place_folder(key, keys_.at(folder.above), node.title.empty() ? node.key : node.title);
    }
  }

  std::string file_key(const std::string& stream, const std::string& id) const {
    return drive_key({"file", source_, stream, id});
  }

  std::string attachment_folder(FolderNumber folder) {
    const std::string& above = keys_.at(folder);
    std::string key = drive_key({"files", above});
    if (folders_of_files_.insert(key).second) place_folder(key, above, "Attached files");
    return key;
  }

  void place_attachments() {
    std::uint64_t count = 0;
    input_.snapshot.files([&](const ExportFile& file) {
      check_stop();
      place_attachment(file);
      tell("attachments", ++count, 0);
      return true;
    });
  }

  void place_attachment(const ExportFile& file) {
    FolderNumber folder = 0;
    if (auto stream = model_->stream_number(file.stream))
      if (auto node = model_->tree().find(*stream, file.key)) folder = model_->folder_of(*node);
    DriveNode node{.key = file_key(file.stream, file.id),
                   .source = tag_,
                   .kind = DriveKind::file,
                   .stream = file.stream,
                   .item = file.key,
                   .file = file.id};
    bool wanted =
        options_.attachments == DriveOptions::Attachments::all ||
        (options_.attachments == DriveOptions::Attachments::only_new && input_.is_new(file));
    if (!wanted) {
      // Those that are there already stay, and so does their folder.
      if (placer_->keep(node.key)) placer_->keep(drive_key({"files", keys_.at(folder)}));
      return;
    }
    node.parent = attachment_folder(folder);
    node.name = placer_->name(node.parent, file.name, node.key, true);
    node.content = drive_key({"bytes", file.content, std::to_string(file.size)});
    DriveContent content;
    content.size = file.size;
    content.bytes = [&](const std::function<void(std::string_view)>& each) {
      std::uint64_t size = 0;
      try {
        input_.snapshot.read(file, [&](std::string_view bytes) {
          size += bytes.size();
          each(bytes);
        });
      } catch (const Error& error) {
        throw UnreadableAttachment(error.what());
      }
      if (size != file.size) throw UnreadableAttachment("its size is not the recorded one");
    };
    try {
      placer_->place(node, content);
    } catch (const UnreadableAttachment& error) {
      report_.failed.push_back(
          fmt::format("{}/{} {}: {}", file.stream, file.key, file.name, error.what()));
    }
  }

  TableLinks links_from(const CopyTable& table) {
    TableLinks links;
    const DriveFile* folder = placer_->placed(keys_.at(table.folder));
    links.to_record = [this, folder, table](const RecordNode& node) -> std::string {
      const DriveFile* to = nullptr;
      if (model_->is_folder(node)) {
        auto key = keys_.find(node.number);
        if (key != keys_.end()) to = placer_->placed(key->second);
      }
      // A spreadsheet that is written later has no address yet.
      if (!to && model_->rank(node.stream) < model_->rank(table.stream))
        to = placer_->placed(table_key({model_->folder_of(node), node.stream}, 0));
      return to && folder ? target_.link(*folder, *to) : "";
    };
    links.to_file = [this, folder](const std::string& stream, const std::string& id) {
      const DriveFile* to = placer_->placed(file_key(stream, id));
      return to && folder ? target_.link(*folder, *to) : std::string();
    };
    return links;
  }

  std::string table_key(const CopyTable& table, std::size_t part) const {
    return drive_key({"sheet", keys_.at(table.folder), model_->streams()[table.stream].stream.name,
                      std::to_string(part)});
  }

  void place_tables() {
    auto tables = model_->tables();
    std::uint64_t done = 0;
    for (const auto& shape : tables) {
      check_stop();
      tell("spreadsheets", done++, tables.size());
      if (!placer_->placed(keys_.at(shape.folder))) {
        placer_->keep(table_key(shape, 0));
        ++report_.skipped;
        continue;
      }
      place_table(shape);
    }
  }

  void place_table(const CopyTable& shape) {
    Table table(*model_, shape, options_);
    TableLinks links = links_from(shape);
    const auto& stream = model_->streams()[shape.stream].stream.name;
    const std::string& folder = keys_.at(shape.folder);
    for (std::size_t part = 0; part < table.parts().size(); ++part) {
      check_stop();
      DriveNode node{.key = table_key(shape, part),
                     .parent = folder,
                     .source = tag_,
                     .kind = DriveKind::sheet,
                     .stream = stream};
      std::string title = humanize(stream);
      if (part > 0) title += fmt::format(" ({})", part + 1);
      node.name = placer_->name(folder, title, node.key, false);
      DriveContent content;
      content.sheet = [&](SheetSink& sink) { table.write(part, links, sink); };
      node.content = sheet_digest(content.sheet);
      bool changed = placer_->needs_content(node);
      const DriveFile* placed = placer_->place(node, content);
      if (placed && !options_.dry_run && memory_.wants_items(node.key, changed))
        memory_.items(node.key, [&](const auto& each) {
          table.each_item(part, [&](const RecordNode& item) { each(stream, item.key); });
        });
      const auto& items = table.parts()[part].items;
      index_.add({folder, node.key, node.name, items, part == 0 ? shape.deleted : 0});
    }
  }

  void place_index() {
    check_stop();
    const DriveFile* account = placer_->placed(account_key_);
    DriveNode node{.key = drive_key({"index", source_}),
                   .parent = account_key_,
                   .source = tag_,
                   .kind = DriveKind::sheet};
    node.name = placer_->name(account_key_, "Index", node.key, false);
    DriveContent content;
    content.sheet = [&](SheetSink& sink) {
      index_.write(input_.snapshot, report_, sink, [&](const std::string& key) -> IndexLink {
        const DriveFile* to = placer_->placed(key);
        if (!to) return {};
        return {to->name, account ? target_.link(*account, *to) : ""};
      });
    };
    node.content = sheet_digest(content.sheet);
    placer_->place(node, content);
  }

  const DriveInput& input_;
  DriveTarget& target_;
  DriveMemory& memory_;
  const DriveOptions& options_;
  const std::stop_token stop_;
  const std::function<void(const DriveProgress&)>& progress_;
  const std::string source_, tag_;
  DriveReport report_;
  CopyModel* model_ = nullptr;
  Placer* placer_ = nullptr;
  std::string account_key_;
  std::map<FolderNumber, std::string> keys_;
  std::set<std::string> folders_of_files_;
  IndexSheet index_;
};

}  // namespace

DriveReport sync_drive(const DriveInput& input, DriveTarget& target, DriveMemory& memory,
                       const DriveOptions& options, std::stop_token stop,
                       const std::function<void(const DriveProgress&)>& progress) {
  try {
    DriveReport report = Sync(input, target, memory, options, std::move(stop), progress).run();
    target.finish();
    return report;
  } catch (...) {
    try {
      target.finish();
    } catch (const std::exception&) {
      // The error that broke the sync off says more.
    }
    throw;
  }
}

}  // namespace probackup
