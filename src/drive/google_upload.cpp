#include "drive/google_upload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "util/bytes.h"
#include "util/descriptor.h"
#include "util/file.h"
#include "util/random.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::uint64_t multipart_bytes_max = 5'000'000;  // Google's limit for one request
constexpr std::uint64_t piece_bytes = 8u << 20;           // a multiple of 256 KiB, as Google wants
constexpr unsigned sessions_max = 3;

// A part of a file as the body of a request.
class FilePart final : public HttpBody {
 public:
  FilePart(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t size)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), offset_(offset), size_(size) {
    if (file_.get() < 0) throw Error(fmt::format("cannot read {}", path.string()));
  }
  std::uint64_t size() const override { return size_; }
  std::size_t read(std::uint64_t offset, char* to, std::size_t max) override {
    auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(max, size_ - offset));
    auto got = ::pread(file_.get(), to, wanted, static_cast<off_t>(offset_ + offset));
    if (got <= 0) throw Error("a temporary file was cut short");
    return static_cast<std::size_t>(got);
  }

 private:
  Descriptor file_;
  std::uint64_t offset_, size_;
};

std::string address(const GoogleUpload& upload, const char* type) {
  return "/upload/drive/v3" + upload.path + "?uploadType=" + type +
         (upload.query.empty() ? "" : "&" + upload.query);
}

std::string print(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<HttpResponse> multipart(GoogleClient& client, const GoogleUpload& upload) {
  std::string border = "probackup" + to_hex(random_bytes(16));
  HttpRequest request;
  request.method = upload.method;
  request.url = client.url(address(upload, "multipart"));
  request.headers = {{"Content-Type", "multipart/related; boundary=" + border}};
  request.body = fmt::format(
      "--{0}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{1}\r\n--{0}\r\n"
      "Content-Type: {2}\r\n\r\n{3}\r\n--{0}--\r\n",
      border, print(*upload.metadata), upload.media_type, read_file(upload.file));
  if (upload.once) return client.send_once(std::move(request));
  return client.send(std::move(request));
}

// How many bytes the server has: "bytes=0-N" says N + 1, no header none.
std::uint64_t received(const HttpResponse& response) {
  auto range = header(response.headers, "Range");
  if (!range) return 0;
  auto dash = range->rfind('-');
  std::uint64_t last = 0;
  if (dash == std::string::npos) return 0;
  auto [end, error] =
      std::from_chars(range->data() + dash + 1, range->data() + range->size(), last);
  return error == std::errc() ? last + 1 : 0;
}

// Sends the bytes from `offset` on to the session.
HttpRequest piece_of(const GoogleUpload& upload, const std::string& session, std::uint64_t offset,
                     std::uint64_t size) {
  HttpRequest request;
  request.method = "PUT";
  request.url = session;
  std::uint64_t count = std::min(piece_bytes, size - offset);
  request.headers = {
      {"Content-Range", fmt::format("bytes {}-{}/{}", offset, offset + count - 1, size)}};
  request.upload = std::make_shared<FilePart>(upload.file, offset, count);
  request.once = true;
  return request;
}

HttpRequest question(const std::string& session, std::uint64_t size) {
  HttpRequest request;
  request.method = "PUT";
  request.url = session;
  request.headers = {{"Content-Range", fmt::format("bytes */{}", size)}};
  return request;
}

// Nothing when the session has ended and another must begin.
std::optional<HttpResponse> send_pieces(GoogleClient& client, const GoogleUpload& upload,
                                        const std::string& session, std::uint64_t size) {
  std::uint64_t offset = 0;
  for (unsigned cuts = 0;;) {
    auto response = client.send_once(piece_of(upload, session, offset, size));
    if (!response) {
      if (!client.wait_before_try(++cuts))
        throw NetworkError(
            fmt::format("cannot {}: the upload was cut again and again", upload.doing), true,
            "run it again later");
      response = client.send(question(session, size));
    }
    if (response->status == 404 || response->status == 410) return std::nullopt;
    if (response->status != 308) return response;
    std::uint64_t now = received(*response);
    if (now > offset) cuts = 0;
    offset = std::min(now, size - 1);
  }
}

std::optional<HttpResponse> resumable(GoogleClient& client, const GoogleUpload& upload,
                                      std::uint64_t size) {
  for (unsigned i = 0; i < sessions_max; ++i) {
    HttpRequest begin =
        client.json_request(upload.method, address(upload, "resumable"), *upload.metadata);
    begin.headers.emplace_back("X-Upload-Content-Type", upload.media_type);
    begin.headers.emplace_back("X-Upload-Content-Length", std::to_string(size));
    HttpResponse response = client.send(std::move(begin));
    if (response.status >= 400) return response;
    auto session = header(response.headers, "Location");
    if (!session)
      throw Error(fmt::format("cannot {}: Google named no upload session", upload.doing));
    // The token goes along, so the session must lie on the same server.
    if (url_origin(*session) != url_origin(client.url("/")))
      throw Error(
          fmt::format("cannot {}: the upload session lies on another server", upload.doing));
    if (auto answer = send_pieces(client, upload, *session, size)) return answer;
    // Without an id of its own a file may have come about in the session that has ended.
    if (upload.once) return std::nullopt;
  }
  throw Error(fmt::format("cannot {}: Google ends the upload's sessions", upload.doing),
              "run it again later");
}

}  // namespace

std::optional<HttpResponse> upload_to_google(GoogleClient& client, const GoogleUpload& upload) {
  auto size = std::filesystem::file_size(upload.file);
  if (size <= multipart_bytes_max) return multipart(client, upload);
  return resumable(client, upload, size);
}

std::string media_type_of(std::string_view name) {
  struct Type {
    std::string_view extension, type;
  };
  static constexpr std::array<Type, 20> types{{
      {"pdf", "application/pdf"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},
      {"webp", "image/webp"},
      {"svg", "image/svg+xml"},
      {"txt", "text/plain"},
      {"md", "text/markdown"},
      {"csv", "text/csv"},
      {"html", "text/html"},
      {"json", "application/json"},
      {"xml", "application/xml"},
      {"zip", "application/zip"},
      {"mp3", "audio/mpeg"},
      {"mp4", "video/mp4"},
      {"mov", "video/quicktime"},
      {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
      {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
  }};
  std::string extension = to_lower(name.substr(name.rfind('.') + 1));
  for (const auto& type : types)
    if (type.extension == extension) return std::string(type.type);
  return "application/octet-stream";
}

}  // namespace probackup
