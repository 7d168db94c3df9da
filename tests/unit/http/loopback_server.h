// A server on a free loopback port that sends exactly the bytes that a test gives it, broken ones
// included. One thread per connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "util/text.h"

class LoopbackServer {
 public:
  // What the handler writes to: false once the client is gone.
  using Send = std::function<bool(std::string_view)>;
  // Gets the whole request, head and body.
  using Handler = std::function<void(const std::string& request, const Send& send)>;

  struct Options {
    int requests_per_connection = 1;  // it is closed after them, or when a handler sent nothing
    std::size_t body_bytes_max = SIZE_MAX;  // the handler is called when so much has come
  };

  explicit LoopbackServer(Handler handler) : LoopbackServer(std::move(handler), Options()) {}
  LoopbackServer(Handler handler, const Options& options)
      : handler_(std::move(handler)), options_(options) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
      throw std::runtime_error("no loopback server");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (int connection : connections_) ::shutdown(connection, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  int port() const { return port_; }
  // The requests so far.
  std::vector<std::string> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    for (;;) {
      int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0 || stopping_) {
        if (connection >= 0) ::close(connection);
        return;
      }
      std::lock_guard lock(mutex_);
      connections_.push_back(connection);
      threads_.emplace_back([this, connection] { serve(connection); });
    }
  }
  void serve(int connection) {
    for (int i = 0; i < options_.requests_per_connection && serve_one(connection); ++i) {
    }
    ::shutdown(connection, SHUT_RDWR);
    std::lock_guard lock(mutex_);
    std::erase(connections_, connection);
    ::close(connection);  // resets it where something was left unread
  }
  // False when there was no request, or nothing to say to it.
  bool serve_one(int connection) {
    std::string request = read_request(connection);
    if (request.empty() && options_.requests_per_connection > 1) return false;
    bool answered = false;
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    handler_(request, [&](std::string_view bytes) {
      answered = true;
      while (!bytes.empty()) {
        ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    });
    return answered;
  }
  std::string read_request(int connection) const {
    std::string request;
    char buffer[16384];
    for (;;) {
      if (request.starts_with("\x16")) return request;  // a TLS handshake
      auto head_end = request.find("\r\n\r\n");
      if (head_end != std::string::npos &&
          request.size() - head_end - 4 >= std::min(body_length(request), options_.body_bytes_max))
        return request;
      ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) return request;
      request.append(buffer, static_cast<std::size_t>(count));
    }
  }
  static std::size_t body_length(const std::string& request) {
    auto at = probackup::to_lower(request).find("content-length:");
    return at == std::string::npos ? 0 : std::stoul(request.substr(at + 15));
  }

  Handler handler_;
  const Options options_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
  std::vector<std::string> requests_;
};
