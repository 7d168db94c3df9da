// Uploads to Drive: in one request while they are small, else in pieces that go on after a cut
// (https://developers.google.com/workspace/drive/api/guides/manage-uploads).
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "drive/google_client.h"

namespace probackup {

struct GoogleUpload {
  std::string method;  // POST makes a file, PATCH changes one
  std::string path;    // behind "/upload/drive/v3"
  std::string query;   // without the upload's type
  std::string doing;   // for messages
  const nlohmann::json* metadata = nullptr;
  std::filesystem::path file;
  std::string media_type;
  bool once = false;  // as GoogleClient::send_once()
};

// The answer: the file's metadata, or an error that trying again does not help. Nothing where
// upload.once is set and nobody knows whether it was carried out. Throws NetworkError, Error.
std::optional<HttpResponse> upload_to_google(GoogleClient& client, const GoogleUpload& upload);

// The media type that the name's extension tells.
std::string media_type_of(std::string_view name);

}  // namespace probackup
