#include "fake/drive_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "util/bytes.h"
#include "util/hash.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup::test {
namespace {

using nlohmann::json;

constexpr const char* folder_type = "application/vnd.google-apps.folder";
constexpr const char* sheet_type = "application/vnd.google-apps.spreadsheet";
constexpr const char* xlsx_type =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr std::size_t multipart_max = 5u << 20, piece_unit = 256u << 10;
constexpr std::size_t property_bytes_max = 124, properties_max = 30;

ApiAnswer error(int status, const std::string& reason, const std::string& message) {
  json body{{"error",
             {{"code", status},
              {"message", message},
              {"errors", {{{"domain", "global"}, {"reason", reason}, {"message", message}}}}}}};
  return json_answer(body.dump(), status);
}

// The server has no clock of its own: a second for each thing that happened.
std::string time_of(std::uint64_t count) {
  return format_rfc3339(Time{std::chrono::seconds(1'700'000'000 + count)});
}

ApiAnswer not_found(const std::string& id) {
  return error(404, "notFound", "File not found: " + id + ".");
}

// A search, as far as this server knows the language: appProperties has { key='a' and value='b' },
// trashed = false, 'id' in parents, name = 'text', mimeType = 'type' (or != of these two), joined
// by "and" and "or", with parentheses.
using Test = std::function<bool(const DriveObject&)>;

class SearchParser {
 public:
  SearchParser(std::string_view text, Test is_trashed)
      : rest_(text), is_trashed_(std::move(is_trashed)) {}

  // Nothing where the search is wrong.
  std::optional<Test> parse() {
    auto out = chain("or");
    return rest_.empty() ? out : std::nullopt;
  }

 private:
  bool take(std::string_view word) {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  // A text in quotation marks; a backslash stands before a mark or a backslash in it.
  std::optional<std::string> quoted() {
    if (!take("'")) return std::nullopt;
    std::string out;
    for (; !rest_.empty() && rest_[0] != '\''; rest_.remove_prefix(1)) {
      if (rest_[0] == '\\') rest_.remove_prefix(1);
      if (!rest_.empty()) out += rest_[0];
    }
    return take("'") ? std::optional(out) : std::nullopt;
  }
  std::optional<Test> chain(const std::string& word) {
    const bool any = word == "or";
    auto out = any ? chain("and") : term();
    while (out && take(word)) {
      auto next = any ? chain("and") : term();
      if (!next) return std::nullopt;
      out = [any, left = *out, right = *next](const DriveObject& object) {
        return any ? left(object) || right(object) : left(object) && right(object);
      };
    }
    return out;
  }
  std::optional<Test> property() {
    if (!take("has") || !take("{") || !take("key") || !take("=")) return std::nullopt;
    auto key = quoted();
    if (!key || !take("and") || !take("value") || !take("=")) return std::nullopt;
    auto value = quoted();
    if (!value || !take("}")) return std::nullopt;
    return [key = *key, value = *value](const DriveObject& object) {
      auto has = object.app_properties.find(key);
      return has != object.app_properties.end() && has->second == value;
    };
  }
  std::optional<Test> member(std::string DriveObject::*of) {
    const bool equal = !take("!");
    auto value = take("=") ? quoted() : std::nullopt;
    if (!value) return std::nullopt;
    return
        [=, value = *value](const DriveObject& object) { return (object.*of == value) == equal; };
  }
  std::optional<Test> term() {
    if (take("(")) {
      auto out = chain("or");
      return take(")") ? out : std::nullopt;
    }
    if (take("appProperties")) return property();
    if (take("name")) return member(&DriveObject::name);
    if (take("mimeType")) return member(&DriveObject::mime_type);
    if (take("trashed")) {
      const bool known = take("=");
      const bool wanted = take("true");
      if (!known || (!wanted && !take("false"))) return std::nullopt;
      return [wanted, is_trashed = is_trashed_](const DriveObject& object) {
        return is_trashed(object) == wanted;
      };
    }
    auto parent = quoted();
    if (!parent || !take("in") || !take("parents")) return std::nullopt;
    return [parent = *parent](const DriveObject& object) { return object.parent == parent; };
  }

  std::string_view rest_;
  const Test is_trashed_;
};

// The two parts of a multipart/related body: JSON and media.
struct Related {
  json meta;
  std::string media_type, media;
};

std::optional<Related> parse_related(const ApiRequest& request) {
  std::string type = request.header("content-type").value_or("");
  auto at = type.find("boundary=");
  if (!type.starts_with("multipart/related") || at == std::string::npos) return std::nullopt;
  std::string border = "--" + type.substr(at + 9);
  std::vector<std::pair<std::string, std::string>> parts;
  for (std::size_t from = request.body.find(border); from != std::string::npos;) {
    from += border.size();
    auto head = request.body.find("\r\n\r\n", from);
    auto to = request.body.find("\r\n" + border, from);
    if (head == std::string::npos || to == std::string::npos || head > to) break;
    parts.emplace_back(request.body.substr(from, head - from),
                       request.body.substr(head + 4, to - head - 4));
    from = to + 2;
  }
  if (parts.size() != 2) return std::nullopt;
  Related out;
  out.meta = json::parse(parts[0].second, nullptr, false);
  if (!out.meta.is_object()) return std::nullopt;
  auto name = parts[1].first.find("Content-Type: ");
  if (name != std::string::npos) out.media_type = parts[1].first.substr(name + 14);
  out.media = parts[1].second;
  return out;
}

}  // namespace

DriveServer::DriveServer() {
  objects_["root"] = {"root", "My Drive", folder_type, "", false, {}, "", 0, 0, ""};
  add_routes();
}

void DriveServer::add_routes() {
  server_.set_gate([this](const ApiRequest& request) { return gate(request); });
  auto locked = [this](ApiAnswer (DriveServer::*handler)(const ApiRequest&)) {
    return [this, handler](const ApiRequest& request) {
      std::lock_guard lock(mutex_);
      return (this->*handler)(request);
    };
  };
  server_.route("POST", "/token", locked(&DriveServer::give_token));
  for (const char* path : {"/about", "/drive/v3/about"})
    server_.route("GET", path, [](const ApiRequest&) {
      json user{{"emailAddress", "backup@project.example"}, {"displayName", "Backup"}};
      json all{{"user", user},
               {"importFormats", {{xlsx_type, {sheet_type}}}},
               {"exportFormats", {{sheet_type, {xlsx_type}}}}};
      return json_answer(all.dump());
    });
  server_.route("GET", "/drive/v3/files", locked(&DriveServer::list));
  server_.route("GET", "/drive/v3/files/generateIds", locked(&DriveServer::generate_ids));
  server_.route("GET", "/drive/v3/files/:id", locked(&DriveServer::get));
  server_.route("PUT", "/upload/drive/v3/files", locked(&DriveServer::take_piece));
  server_.route("POST", "/drive/v3/files", [this](const ApiRequest& request) {
    std::lock_guard lock(mutex_);
    return write(request, "");
  });
  server_.route("PATCH", "/drive/v3/files/:id", [this](const ApiRequest& request) {
    std::lock_guard lock(mutex_);
    return write(request, request.param("id"));
  });
  server_.route("POST", "/upload/drive/v3/files", [this](const ApiRequest& request) {
    std::lock_guard lock(mutex_);
    return upload(request, "");
  });
  server_.route("PATCH", "/upload/drive/v3/files/:id", [this](const ApiRequest& request) {
    std::lock_guard lock(mutex_);
    return upload(request, request.param("id"));
  });
}

std::optional<ApiAnswer> DriveServer::gate(const ApiRequest& request) {
  std::lock_guard lock(mutex_);
  if (request.path == "/token") return std::nullopt;
  if (revoked_ || request.header("authorization") != "Bearer " + token_)
    return error(401, "authError", "Invalid Credentials");
  if (limits_ == 0) return std::nullopt;
  --limits_;
  return error(403, "userRateLimitExceeded", "User Rate Limit Exceeded");
}

// The token endpoint, for service accounts (RFC 7523).
ApiAnswer DriveServer::give_token(const ApiRequest& request) {
  std::string grant;
  for (const auto& [name, value] : parse_form(request.body))
    if (name == "grant_type") grant = value;
  if (revoked_ || grant != "urn:ietf:params:oauth:grant-type:jwt-bearer")
    return json_answer(json{{"error", revoked_ ? "invalid_grant" : "unsupported_grant_type"},
                            {"error_description", "Token has been expired or revoked."}}
                           .dump(),
                       400);
  return json_answer(
      json{{"access_token", token_}, {"token_type", "Bearer"}, {"expires_in", 3599}}.dump());
}

ApiAnswer DriveServer::list(const ApiRequest& request) {
  const std::string asked = request.query_value("q").value_or("");
  const auto is_trashed_now = [this](const DriveObject& object) { return is_trashed(object); };
  auto fits = asked.empty() ? Test([](const DriveObject&) { return true; })
                            : SearchParser(asked, is_trashed_now).parse();
  if (!fits) return error(400, "invalid", "Invalid Value");
  if (auto order = request.query_value("orderBy"); order && *order != "createdTime")
    return error(400, "invalid", "Invalid Value");
  std::vector<const DriveObject*> found;
  for (const auto& [id, object] : objects_)
    if (id != "root" && visible(id) && (*fits)(object)) found.push_back(&object);
  std::sort(found.begin(), found.end(),
            [](const auto* a, const auto* b) { return a->created < b->created; });
  auto size = static_cast<std::size_t>(request.query_number("pageSize", 100));
  auto from = static_cast<std::size_t>(request.query_number("pageToken", 0));
  if (size < 1 || size > 1000) return error(400, "invalid", "Invalid Value");
  std::string fields = request.query_value("fields").value_or("files(id,name,mimeType)");
  auto open = fields.find("files(");
  std::string wanted =
      open == std::string::npos ? "" : fields.substr(open + 6, fields.find(')', open) - open - 6);
  json body{{"files", json::array()}};
  for (std::size_t i = from; i < found.size() && i < from + size; ++i)
    body["files"].push_back(resource(*found[i], wanted));
  if (from + size < found.size() && fields.find("nextPageToken") != std::string::npos)
    body["nextPageToken"] = std::to_string(from + size);
  return json_answer(body.dump());
}

ApiAnswer DriveServer::generate_ids(const ApiRequest& request) {
  auto count = request.query_number("count", 10);
  if (count < 1 || count > 1000) return error(400, "invalid", "Invalid Value");
  json ids = json::array();
  for (std::int64_t i = 0; i < count; ++i) {
    std::string id = fmt::format("1given{:024d}", ++next_);
    given_ids_.insert(id);
    ids.push_back(id);
  }
  return json_answer(json{{"kind", "drive#generatedIds"}, {"space", "drive"}, {"ids", ids}}.dump());
}

ApiAnswer DriveServer::get(const ApiRequest& request) {
  const std::string& id = request.param("id");
  if (!visible(id)) return not_found(id);
  return json_answer(
      resource(objects_.at(id), request.query_value("fields").value_or("id,name,mimeType")).dump());
}

ApiAnswer DriveServer::write(const ApiRequest& request, const std::string& id) {
  json meta = json::parse(request.body, nullptr, false);
  if (!meta.is_object()) return error(400, "parseError", "Parse Error");
  return id.empty() ? create(meta, nullptr, "", request) : change(id, meta, nullptr, request);
}

ApiAnswer DriveServer::upload(const ApiRequest& request, const std::string& id) {
  auto type = request.query_value("uploadType");
  if (type == "resumable") return begin_session(request, id);
  if (type != "multipart") return error(400, "badRequest", "no such upload type");
  if (request.body.size() > multipart_max + 65536)
    return error(413, "uploadTooLarge", "Use a resumable upload.");
  auto related = parse_related(request);
  if (!related) return error(400, "badContent", "Malformed multipart body.");
  return id.empty() ? create(related->meta, &related->media, related->media_type, request)
                    : change(id, related->meta, &related->media, request);
}

ApiAnswer DriveServer::begin_session(const ApiRequest& request, const std::string& id) {
  if (!id.empty() && !visible(id)) return not_found(id);
  Session session{id, request.body, request.header("x-upload-content-type").value_or(""), "",
                  0,  std::nullopt};
  session.size = std::stoull(request.header("x-upload-content-length").value_or("0"));
  if (used() + session.size > quota_)
    return error(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.");
  std::string name = fmt::format("session{}", ++next_);
  sessions_[name] = std::move(session);
  ApiAnswer answer = json_answer("");
  answer.headers.emplace_back(
      "Location",
      fmt::format("{}/upload/drive/v3/files?uploadType=resumable&upload_id={}&{}", server_.origin(),
                  name, "fields=" + url_encode(request.query_value("fields").value_or(""))));
  return answer;
}

ApiAnswer DriveServer::take_piece(const ApiRequest& request) {
  auto found = sessions_.find(request.query_value("upload_id").value_or(""));
  if (found == sessions_.end()) return error(404, "notFound", "No such upload.");
  Session& session = found->second;
  std::string range = request.header("content-range").value_or("");
  bool asks = range.starts_with("bytes */");
  if (!asks) {
    auto from = std::stoull(range.substr(6));
    bool last = from + request.body.size() == session.size;
    if (from != session.bytes.size() || (!last && request.body.size() % piece_unit != 0))
      return error(400, "badRequest", "Bad piece.");
    std::string_view piece = request.body;
    bool cut = cuts_ > 0;
    if (cut) {
      --cuts_;
      piece = piece.substr(0, piece.size() / 2 / piece_unit * piece_unit);
    }
    session.bytes += piece;
    if (cut) return error(503, "backendError", "Backend Error");
  }
  if (session.bytes.size() < session.size) {
    ApiAnswer answer{308, "", "text/plain", {}};
    if (!session.bytes.empty())
      answer.headers.emplace_back("Range", fmt::format("bytes=0-{}", session.bytes.size() - 1));
    return answer;
  }
  if (session.done) return *session.done;
  json meta = json::parse(session.meta, nullptr, false);
  auto answer = session.id.empty() ? create(meta, &session.bytes, session.media_type, request)
                                   : change(session.id, meta, &session.bytes, request);
  session.done = answer;
  return answer;
}

std::optional<ApiAnswer> DriveServer::set_properties(DriveObject& object, const Json& meta) const {
  auto properties = meta.find("appProperties");
  if (properties == meta.end()) return std::nullopt;
  for (const auto& [key, value] : properties->items()) {
    if (value.is_null()) {
      object.app_properties.erase(key);
      continue;
    }
    if (key.size() + value.get<std::string>().size() > property_bytes_max)
      return error(400, "propertyTooLong", "A property is too long.");
    object.app_properties[key] = value.get<std::string>();
  }
  if (object.app_properties.size() > properties_max)
    return error(400, "tooManyProperties", "Too many properties.");
  return std::nullopt;
}

ApiAnswer DriveServer::create(const Json& meta, const std::string* media,
                              const std::string& media_type, const ApiRequest& request) {
  DriveObject object;
  object.mime_type = meta.value("mimeType", media ? media_type : "application/octet-stream");
  if (meta.contains("id")) {
    object.id = meta["id"].get<std::string>();
    if (objects_.contains(object.id))
      return error(409, "fileIdInUse", "A file already exists with the provided ID.");
    if (!given_ids_.contains(object.id) || object.mime_type == sheet_type)
      return error(400, "invalid", "The provided file ID is not usable");
  } else {
    object.id = fmt::format("1made{:025d}", ++next_);
  }
  if (object.mime_type == sheet_type &&
      (!media || media_type != xlsx_type || !media->starts_with("PK")))
    return error(400, "badRequest", "Bad Request");
  object.name = meta.value("name", "Untitled");
  object.modified = meta.value("modifiedTime", "");
  auto parents = meta.value("parents", std::vector<std::string>{"root"});
  if (parents.size() != 1) return error(403, "cannotAddParent", "A file has one parent.");
  object.parent = parents[0];
  if (!visible(object.parent)) return not_found(object.parent);
  if (!writable(object.parent))
    return error(403, "insufficientFilePermissions",
                 "The user does not have sufficient permissions for this file.");
  if (media && used() + media->size() > quota_)
    return error(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.");
  if (auto refused = set_properties(object, meta)) return *refused;
  if (media) object.bytes = *media;
  object.created = ++next_;
  objects_[object.id] = object;
  return json_answer(resource(object, request.query_value("fields").value_or("id")).dump());
}

ApiAnswer DriveServer::change(const std::string& id, const Json& meta, const std::string* media,
                              const ApiRequest& request) {
  if (!visible(id)) return not_found(id);
  if (!writable(id))
    return error(403, "insufficientFilePermissions",
                 "The user does not have sufficient permissions for this file.");
  DriveObject object = objects_.at(id);
  if (meta.contains("parents"))
    return error(403, "fieldNotWritable", "The parents field is not directly writable.");
  if (auto name = meta.find("name"); name != meta.end()) object.name = name->get<std::string>();
  if (auto trashed = meta.find("trashed"); trashed != meta.end())
    object.trashed = trashed->get<bool>();
  if (auto add = request.query_value("addParents")) {
    if (!visible(*add)) return not_found(*add);
    if (request.query_value("removeParents") != object.parent)
      return error(403, "cannotAddParent", "Increasing the number of parents is not allowed");
    object.parent = *add;
  }
  if (auto refused = set_properties(object, meta)) return *refused;
  if (media) {
    if (used() - object.bytes.size() + media->size() > quota_)
      return error(403, "storageQuotaExceeded",
                   "The user's Drive storage quota has been exceeded.");
    if (object.mime_type == sheet_type && !media->starts_with("PK"))
      return error(400, "badRequest", "Bad Request");
    object.bytes = *media;
    object.modified = meta.value("modifiedTime", "");
  }
  ++object.updates;
  objects_[id] = object;
  return json_answer(resource(object, request.query_value("fields").value_or("id")).dump());
}

bool DriveServer::visible(const std::string& id) const {
  auto found = objects_.find(id);
  for (; found != objects_.end(); found = objects_.find(found->second.parent)) {
    if (hidden_.contains(found->first)) return false;
    if (found->first == "root") return true;
  }
  return false;
}

bool DriveServer::writable(const std::string& id) const {
  for (auto found = objects_.find(id); found != objects_.end();
       found = objects_.find(found->second.parent))
    if (read_only_.contains(found->first)) return false;
  return true;
}

bool DriveServer::is_trashed(const DriveObject& object) const {
  for (const DriveObject* at = &object;;) {
    if (at->trashed) return true;
    auto above = objects_.find(at->parent);
    if (above == objects_.end()) return false;
    at = &above->second;
  }
}

std::uint64_t DriveServer::used() const {
  std::uint64_t sum = 0;
  for (const auto& [id, object] : objects_) sum += object.bytes.size();
  return sum;
}

nlohmann::json DriveServer::resource(const DriveObject& object, const std::string& fields) const {
  std::string kind = object.mime_type == sheet_type    ? "spreadsheets/d"
                     : object.mime_type == folder_type ? "folders"
                                                       : "file/d";
  json all{{"kind", "drive#file"},
           {"id", object.id},
           {"name", object.name},
           {"mimeType", object.mime_type},
           {"parents", {object.parent}},
           {"trashed", is_trashed(object)},
           {"appProperties", object.app_properties},
           {"createdTime", time_of(object.created)},
           {"modifiedTime", object.modified.empty() ? time_of(object.created) : object.modified},
           {"capabilities", {{"canAddChildren", writable(object.id)}}},
           {"webViewLink", fmt::format("https://drive.example/{}/{}", kind, object.id)}};
  if (object.mime_type != folder_type && object.mime_type != sheet_type) {
    all["size"] = std::to_string(object.bytes.size());
    if (fields.find("md5Checksum") != std::string::npos)
      all["md5Checksum"] = to_hex(md5(object.bytes));
  }
  json out = json::object();
  for (auto name : split(fields, ',')) {
    if (auto slash = name.find('/'); slash != std::string::npos) name.resize(slash);
    if (all.contains(name)) out[name] = all[name];
  }
  return out;
}

std::string DriveServer::path_of(const DriveObject& object) const {
  if (object.parent.empty() || object.parent == "root") return object.name;
  auto above = objects_.find(object.parent);
  return (above == objects_.end() ? "?" : path_of(above->second)) + "/" + object.name;
}

std::map<std::string, DriveObject> DriveServer::tree() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, DriveObject> out;
  for (const auto& [id, object] : objects_) {
    if (id == "root" || is_trashed(object)) continue;
    std::string path = path_of(object);
    for (unsigned i = 2; out.contains(path); ++i) path = fmt::format("{}#{}", path_of(object), i);
    out[path] = object;
  }
  return out;
}

std::optional<DriveObject> DriveServer::object(const std::string& id) const {
  std::lock_guard lock(mutex_);
  auto found = objects_.find(id);
  return found == objects_.end() ? std::nullopt : std::optional(found->second);
}

void DriveServer::revoke() {
  std::lock_guard lock(mutex_);
  revoked_ = true;
}
void DriveServer::set_token(const std::string& token) {
  std::lock_guard lock(mutex_);
  token_ = token;
}
void DriveServer::set_quota(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  quota_ = bytes;
}
void DriveServer::cut_pieces(unsigned count) {
  std::lock_guard lock(mutex_);
  cuts_ = count;
}
void DriveServer::limit_requests(unsigned count) {
  std::lock_guard lock(mutex_);
  limits_ = count;
}
void DriveServer::end_sessions() {
  std::lock_guard lock(mutex_);
  sessions_.clear();
}
void DriveServer::trash(const std::string& id) {
  std::lock_guard lock(mutex_);
  objects_.at(id).trashed = true;
}
void DriveServer::erase(const std::string& id) {
  std::lock_guard lock(mutex_);
  objects_.erase(id);
  // What lay in a folder goes with it.
  for (bool more = true; more;) {
    more = false;
    for (auto it = objects_.begin(); it != objects_.end();) {
      bool lost = !it->second.parent.empty() && !objects_.contains(it->second.parent);
      more = more || lost;
      it = lost ? objects_.erase(it) : std::next(it);
    }
  }
}
void DriveServer::move(const std::string& id, const std::string& parent) {
  std::lock_guard lock(mutex_);
  objects_.at(id).parent = parent;
}
void DriveServer::rename(const std::string& id, const std::string& name) {
  std::lock_guard lock(mutex_);
  objects_.at(id).name = name;
}
void DriveServer::share_away(const std::string& id) {
  std::lock_guard lock(mutex_);
  hidden_.insert(id);
}
void DriveServer::make_read_only(const std::string& id) {
  std::lock_guard lock(mutex_);
  read_only_.insert(id);
}
std::string DriveServer::add_folder(const std::string& name) {
  std::lock_guard lock(mutex_);
  std::string id = fmt::format("1folder{:022d}", ++next_);
  objects_[id] = {id, name, folder_type, "root", false, {}, "", ++next_, 0, ""};
  return id;
}

}  // namespace probackup::test
