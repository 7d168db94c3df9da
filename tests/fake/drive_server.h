// A Google Drive on loopback, after Google's guides and the discovery description of the Drive API
// v3: files, folders, conversions into spreadsheets, resumable uploads, trash, appProperties.
// Sources: https://developers.google.com/workspace/drive/api/guides/{create-file,manage-uploads,
// search-files,handle-errors,properties,delete}.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "demo/api_server.h"

namespace probackup::test {

struct DriveObject {
  std::string id, name, mime_type, parent;
  bool trashed = false;  // itself, not by a folder above
  std::map<std::string, std::string> app_properties;
  std::string bytes;  // as they were uploaded
  std::uint64_t created = 0, updates = 0;
  std::string modified;  // as the client said, "" where it did not
};

// All methods are safe for concurrent calls.
class DriveServer {
 public:
  DriveServer();
  std::string url() const { return server_.origin(); }
  ApiServer& server() { return server_; }

  // Consent is withdrawn: no token is given or renewed, and the present one is refused.
  void revoke();
  // Only this token is taken; the one before gets 401.
  void set_token(const std::string& token);
  // Bytes that all files together may have.
  void set_quota(std::uint64_t bytes);
  // So many of the next uploads of pieces keep only their first half, and are answered with 503.
  void cut_pieces(unsigned count);
  // So many of the next requests are refused as too many, with status 403 as Google does.
  void limit_requests(unsigned count);
  // Upload sessions that are open now end.
  void end_sessions();

  // What people do.
  void trash(const std::string& id);
  void erase(const std::string& id);
  void move(const std::string& id, const std::string& parent);
  void rename(const std::string& id, const std::string& name);
  // The account sees it no more, or sees it and may not write.
  void share_away(const std::string& id);
  void make_read_only(const std::string& id);
  std::string add_folder(const std::string& name);

  // Everything that is not in the trash, by its path from My Drive; a second file of one name in a
  // folder has "#2" at its end.
  std::map<std::string, DriveObject> tree() const;
  std::optional<DriveObject> object(const std::string& id) const;

 private:
  using Json = nlohmann::json;
  void add_routes();
  std::optional<ApiAnswer> gate(const ApiRequest& request);
  ApiAnswer give_token(const ApiRequest& request);
  ApiAnswer list(const ApiRequest& request);
  ApiAnswer generate_ids(const ApiRequest& request);
  ApiAnswer get(const ApiRequest& request);
  ApiAnswer write(const ApiRequest& request, const std::string& id);
  ApiAnswer upload(const ApiRequest& request, const std::string& id);
  ApiAnswer begin_session(const ApiRequest& request, const std::string& id);
  ApiAnswer take_piece(const ApiRequest& request);
  ApiAnswer create(const Json& meta, const std::string* media, const std::string& media_type,
                   const ApiRequest& request);
  ApiAnswer change(const std::string& id, const Json& meta, const std::string* media,
                   const ApiRequest& request);
  std::optional<ApiAnswer> set_properties(DriveObject& object, const Json& meta) const;
  bool visible(const std::string& id) const;
  bool writable(const std::string& id) const;
  bool is_trashed(const DriveObject& object) const;
  std::uint64_t used() const;
  Json resource(const DriveObject& object, const std::string& fields) const;
  std::string path_of(const DriveObject& object) const;

  struct Session {
    std::string id;  // of the file that is changed, "" for a new one
    std::string meta, media_type, bytes;
    std::uint64_t size = 0;
    std::optional<ApiAnswer> done;
  };
  mutable std::mutex mutex_;  // over all below
  std::map<std::string, DriveObject> objects_;
  std::set<std::string> given_ids_, hidden_, read_only_;
  std::map<std::string, Session> sessions_;
  std::string token_ = "good-token";
  std::uint64_t quota_ = ~std::uint64_t{0}, next_ = 0;
  unsigned cuts_ = 0, limits_ = 0;
  bool revoked_ = false;
  ApiServer server_;
};

}  // namespace probackup::test
