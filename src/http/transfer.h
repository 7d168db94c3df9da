// One exchange with a server, without redirects, shared by the thread that asked for it and the
// network thread.
#pragma once

#include <curl/curl.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "probackup/http.h"

namespace probackup {

class Transfer {
 public:
  // `request` must outlive the transfer's end. Throws NetworkError for a header that is none.
  Transfer(const HttpRequest& request, const HttpOptions& options);

  // --- for the network thread ---
  // The handle to give to libcurl.
  CURL* open(CURLSH* share);
  // Takes more of the body after a pause.
  void resume();
  // The transfer ended; the handle is closed.
  void finish(CURLcode code);

  // --- for the thread that asked ---
  // Waits for the end; hands the body on. `resume` asks the network thread to call resume(). An
  // exception of the request's sink passes through while the transfer still runs.
  void wait(const std::function<void()>& resume);
  void wait_for_end();
  // The answer, or what went wrong as NetworkError, or Error(interrupted). After the end only.
  HttpResponse response();

 private:
  struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self);
  static std::size_t on_upload(char* to, std::size_t, std::size_t max, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);
  static int on_begin(void* self, char*, char*, int, int);
  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* self);
  void set_method();
  void set_limits();
  void build_headers(const HttpOptions& options);
  std::size_t give_upload(char* to, std::size_t max);
  std::size_t take_body(std::string_view bytes);
  bool take_header(std::string_view line);
  bool to_sink() const;

  const HttpRequest& request_;
  const std::string ca_file_;
  std::unique_ptr<curl_slist, FreeList> header_list_;
  std::unique_ptr<CURL, CloseHandle> handle_;
  char detail_[CURL_ERROR_SIZE] = {};
  // Written by the network thread until the end, read after it.
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  std::string refused_;                // why we ended it ourselves
  long proxy_status_ = 0;              // of a failed transfer
  std::uint64_t uploaded_ = 0;         // where the body is read next
  std::exception_ptr upload_failure_;  // what the body threw
  bool begun_ = false;                 // the request went out, or tried to
  bool kept_back_ = false;             // it would have gone out a second time

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string pending_;  // of the body, for the sink
  bool paused_ = false, done_ = false;
  CURLcode code_ = CURLE_OK;
};

}  // namespace probackup
