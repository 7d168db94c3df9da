// A copy in Google Drive. What a file is the copy of, and how it was last written, stands in its
// appProperties, which only this app sees: so nothing is made twice, whatever is lost here.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "drive/folder_names.h"
#include "drive/google_client.h"
#include "drive/google_upload.h"
#include "drive/keys.h"
#include "drive/sinks.h"
#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;

constexpr std::string_view folder_type = "application/vnd.google-apps.folder";
constexpr std::string_view sheet_type = "application/vnd.google-apps.spreadsheet";
constexpr const char* xlsx_type =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr const char* root_title = "probackup";
constexpr std::string_view file_fields =
    "id,name,mimeType,parents,trashed,webViewLink,appProperties";
constexpr const char* drives = "supportsAllDrives=true";
constexpr unsigned ids_at_once = 100;  // Google gives up to 1,000
constexpr std::size_t name_characters_max = 200, name_bytes_max = 800;
constexpr std::string_view no_content = "-";

// Names of appProperties. Key and value together may have 124 bytes.
constexpr const char *of_repository = "probackup", *of_key = "key", *of_source = "source",
                     *of_content = "content", *of_name = "name", *of_place = "place";

std::string text_at(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

DriveFile read_file_resource(const json& in) {
  DriveFile out;
  json none = json::object();
  const json& own = in.contains("appProperties") ? in["appProperties"] : none;
  out.key = text_at(own, of_key);
  out.source = text_at(own, of_source);
  if (out.source == no_content) out.source.clear();
  out.content = text_at(own, of_content);
  if (out.content == no_content) out.content.clear();
  out.id = text_at(in, "id");
  out.name = text_at(in, "name");
  out.url = text_at(in, "webViewLink");
  std::string type = text_at(in, "mimeType");
  out.kind = type == folder_type  ? DriveKind::folder
             : type == sheet_type ? DriveKind::sheet
                                  : DriveKind::file;
  if (in.contains("parents") && in["parents"].is_array() && !in["parents"].empty() &&
      in["parents"][0].is_string())
    out.parent = in["parents"][0].get<std::string>();
  out.trashed = in.value("trashed", false);
  out.own_name = text_at(own, of_name) == short_digest(out.name);
  // A folder that was shared away is not shown as a parent: then it is not known where it lies.
  out.own_place = !out.parent.empty() && text_at(own, of_place) == short_digest(out.parent);
  return out;
}

class GoogleDrive final : public DriveTarget {
 public:
  GoogleDrive(Http& http, Clock& clock, GoogleDriveOptions options)
      : options_(std::move(options)),
        repository_(options_.repository.substr(0, 16)),
        client_(http, clock, options_),
        root_key_(drive_key({"root", options_.folder})) {}

  std::string name() const override {
    return options_.folder.empty() ? "google-drive" : "google-drive:" + options_.folder;
  }
  std::uint64_t requests() const override { return client_.requests(); }

  std::vector<DriveFile> list() override {
    if (!options_.folder.empty()) look_at_folder();
    auto out = search(
        fmt::format("appProperties has {{ key='{}' and value='{}' }}", of_repository, repository_));
    for (auto& file : out)
      if (file.key == root_key_ && (!root_ || (root_->trashed && !file.trashed))) root_ = file;
    std::erase_if(out, [&](const DriveFile& file) { return file.key == root_key_; });
    return out;
  }

  std::string clean_name(std::string_view title) const override {
    return plain_name(title, "", name_characters_max, name_bytes_max);
  }

  DriveFile create(const DriveNode& node, const DriveFile* folder,
                   const DriveContent& content) override {
    std::string parent = folder ? folder->id : root();
    json meta = metadata(node, parent);
    meta["parents"] = {parent};
    std::string doing = what_is_done("make", node);
    if (node.kind == DriveKind::sheet) return create_sheet(node, meta, content, doing);
    meta["id"] = next_id();
    if (node.kind == DriveKind::folder) {
      meta["mimeType"] = folder_type;
      return create_with_id(meta, doing, [&] {
        return client_.send(client_.json_request("POST", files_path(), meta));
      });
    }
    TempFolder temp;
    auto path = spool(temp, content);
    return create_with_id(meta, doing, [&] {
      return *upload_to_google(client_, {"POST", "/files", query(), doing, &meta, path,
                                         media_type_of(node.name), false});
    });
  }

  std::optional<DriveFile> update(const DriveFile& file, const DriveNode& node,
                                  const DriveFile* folder, const Changes& changes,
                                  const DriveContent& content) override {
    std::string doing = what_is_done("update", node);
    DriveNode now = node;
    if (!changes.name) now.name = file.name;
    std::string place = folder ? folder->id : root();
    json meta = metadata(now, changes.place ? place : file.parent);
    // What a person chose stays theirs.
    if (!file.own_name) meta["appProperties"].erase(of_name);
    if (!file.own_place) meta["appProperties"].erase(of_place);
    if (!changes.name) meta.erase("name");
    if (changes.untrash) meta["trashed"] = false;
    std::string arguments = query();
    if (changes.place)
      arguments += fmt::format("&addParents={}&removeParents={}", url_encode(place),
                               url_encode(file.parent));
    std::string path = "/files/" + url_encode(file.id);
    HttpResponse response;
    if (changes.content && node.kind != DriveKind::folder) {
      TempFolder temp;
      bool is_sheet = node.kind == DriveKind::sheet;
      auto bytes = is_sheet ? spool_sheet(temp, content) : spool(temp, content);
      response =
          *upload_to_google(client_, {"PATCH", path, arguments, doing, &meta, bytes,
                                      is_sheet ? xlsx_type : media_type_of(node.name), false});
    } else {
      response =
          client_.send(client_.json_request("PATCH", "/drive/v3" + path + "?" + arguments, meta));
    }
    if (response.status == 404) return std::nullopt;
    return file_in(response, doing);
  }

  void remove(const std::vector<DriveFile>& files) override {
    // What lies in a folder first, so that the folder's return does not bring it back.
    auto order = files;
    std::stable_partition(order.begin(), order.end(),
                          [](const DriveFile& file) { return file.kind != DriveKind::folder; });
    for (const auto& file : order) {
      json meta{{"trashed", true}, {"appProperties", {{of_content, no_content}}}};
      auto response = client_.send(client_.json_request(
          "PATCH", "/drive/v3/files/" + url_encode(file.id) + "?" + query(), meta));
      if (response.status == 404) continue;
      file_in(response, fmt::format("move \"{}\" to the trash", file.name));
    }
  }

  std::string link(const DriveFile&, const DriveFile& to) const override { return to.url; }

 private:
  static std::string query() { return fmt::format("{}&fields={}", drives, file_fields); }
  static std::string files_path() { return "/drive/v3/files?" + query(); }

  static std::string what_is_done(const char* verb, const DriveNode& node) {
    const char* kind = node.kind == DriveKind::folder  ? "folder"
                       : node.kind == DriveKind::sheet ? "spreadsheet"
                                                       : "file";
    return fmt::format("{} the {} \"{}\"", verb, kind, node.name);
  }

  json metadata(const DriveNode& node, const std::string& parent) const {
    json out;
    out["name"] = node.name;
    out["appProperties"] = {
        {of_repository, repository_},
        {of_key, node.key},
        {of_source, node.source.empty() ? std::string(no_content) : node.source},
        {of_content, node.content},
        {of_name, short_digest(node.name)},
        {of_place, short_digest(parent)}};
    return out;
  }

  static DriveFile file_in(const HttpResponse& response, const std::string& doing) {
    if (response.status >= 400) throw_google_error(google_error(response), doing);
    return read_file_resource(google_json(response));
  }

  std::vector<DriveFile> search(const std::string& q) {
    std::vector<DriveFile> out;
    std::string page;
    do {
      std::string url = fmt::format(
          "/drive/v3/files?q={}&pageSize=1000&orderBy=createdTime&spaces=drive&{}"
          "&includeItemsFromAllDrives=true&fields=nextPageToken,files({})",
          url_encode(q), drives, file_fields);
      if (!shared_drive_.empty()) url += "&corpora=drive&driveId=" + url_encode(shared_drive_);
      if (!page.empty()) url += "&pageToken=" + url_encode(page);
      HttpRequest request;
      request.url = client_.url(url);
      auto response = client_.send(std::move(request));
      if (response.status >= 400)
        throw_google_error(google_error(response), "list the files of the copy");
      auto body = google_json(response);
      for (const auto& file : body.value("files", json::array()))
        out.push_back(read_file_resource(file));
      page = text_at(body, "nextPageToken");
    } while (!page.empty());
    return out;
  }

  // The folder that the user named: whether it is there, and in which shared drive.
  void look_at_folder() {
    HttpRequest request;
    request.url = client_.url(fmt::format(
        "/drive/v3/files/{}?{}&fields=id,mimeType,trashed,driveId,capabilities/canAddChildren",
        url_encode(options_.folder), drives));
    auto response = client_.send(std::move(request));
    std::string doing = fmt::format("write to the folder {}", options_.folder);
    if (response.status >= 400) throw_google_error(google_error(response), doing);
    auto body = google_json(response);
    if (text_at(body, "mimeType") != folder_type)
      throw Error(ErrorKind::usage, fmt::format("{} is no folder of Drive", options_.folder),
                  "give the id at the end of the folder's address");
    if (body.value("trashed", false))
      throw Error(fmt::format("the folder {} is in the trash", options_.folder),
                  "take it out of the trash, or name another with --folder");
    bool writable =
        !body.contains("capabilities") || body["capabilities"].value("canAddChildren", true);
    if (!writable) throw_google_error({403, "insufficientParentPermissions", ""}, doing);
    shared_drive_ = text_at(body, "driveId");
  }

  // The id of the folder at the top, which is made when it is first needed.
  std::string root() {
    if (!options_.folder.empty()) return options_.folder;
    DriveNode node{
        .key = root_key_, .kind = DriveKind::folder, .name = root_title, .content = "folder"};
    if (root_ && root_->trashed) {
      Changes untrash;
      untrash.untrash = true;
      json meta{{"trashed", false}};
      root_ =
          file_in(client_.send(client_.json_request(
                      "PATCH", "/drive/v3/files/" + url_encode(root_->id) + "?" + query(), meta)),
                  what_is_done("take out of the trash", node));
    }
    if (!root_) {
      json meta = metadata(node, "");
      meta["id"] = next_id();
      meta["mimeType"] = folder_type;
      root_ = create_with_id(meta, what_is_done("make", node), [&] {
        return client_.send(client_.json_request("POST", files_path(), meta));
      });
    }
    return root_->id;
  }

  std::string next_id() {
    if (ids_.empty()) {
      HttpRequest request;
      request.url = client_.url(
          fmt::format("/drive/v3/files/generateIds?count={}&space=drive&type=files", ids_at_once));
      auto response = client_.send(std::move(request));
      if (response.status >= 400)
        throw_google_error(google_error(response), "get ids for new files");
      ids_ = google_json(response).value("ids", std::vector<std::string>{});
      if (ids_.empty()) throw Error("Google gave no ids for new files", "run it again");
    }
    std::string out = std::move(ids_.back());
    ids_.pop_back();
    return out;
  }

  // With an id that was given beforehand a create may be sent again: 409 says that it is there.
  DriveFile create_with_id(const json& meta, const std::string& doing,
                           const std::function<HttpResponse()>& send) {
    HttpResponse response = send();
    if (response.status != 409) return file_in(response, doing);
    HttpRequest request;
    request.url =
        client_.url("/drive/v3/files/" + url_encode(meta["id"].get<std::string>()) + "?" + query());
    return file_in(client_.send(std::move(request)), doing);
  }

  // Google gives no ids beforehand for what it converts: a create that may have come about is
  // looked for before it is sent again.
  DriveFile create_sheet(const DriveNode& node, json& meta, const DriveContent& content,
                         const std::string& doing) {
    meta["mimeType"] = sheet_type;
    TempFolder temp;
    auto path = spool_sheet(temp, content);
    for (unsigned number = 1;; ++number) {
      auto response = upload_to_google(
          client_, {"POST", "/files", query(), doing, &meta, path, xlsx_type, true});
      if (response) return file_in(*response, doing);
      if (!client_.wait_before_try(number))
        throw NetworkError(fmt::format("cannot {}: no answer", doing), true, "run it again later");
      auto found = search(fmt::format(
          "appProperties has {{ key='{}' and value='{}' }} and appProperties has {{ key='{}' and "
          "value='{}' }} and trashed = false",
          of_repository, repository_, of_key, node.key));
      for (const auto& file : found)
        if (file.content == node.content) return file;
    }
  }

  static std::filesystem::path spool_sheet(const TempFolder& temp, const DriveContent& content) {
    auto path = temp.path() / "sheet.xlsx";
    write_xlsx(path, content.sheet);
    return path;
  }

  static std::filesystem::path spool(const TempFolder& temp, const DriveContent& content) {
    auto path = temp.path() / "file";
    std::ofstream out(path, std::ios::binary);
    content.bytes([&](std::string_view bytes) { out << bytes; });
    out.close();
    if (!out)
      throw Error("cannot write an attachment to the temporary folder",
                  "it may be full; set TMPDIR to a folder with more space");
    return path;
  }

  const GoogleDriveOptions options_;
  const std::string repository_;
  GoogleClient client_;
  const std::string root_key_;
  std::string shared_drive_;
  std::optional<DriveFile> root_;
  std::vector<std::string> ids_;
};

}  // namespace

std::unique_ptr<DriveTarget> google_drive(Http& http, Clock& clock, GoogleDriveOptions options) {
  return std::make_unique<GoogleDrive>(http, clock, std::move(options));
}

}  // namespace probackup
