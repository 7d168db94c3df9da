#include "signin/loopback.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <list>
#include <vector>

#include "probackup/error.h"
#include "util/text.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t request_bytes_max = 16 << 10, connections_max = 32;
constexpr auto request_time_max = 10s;  // browsers open connections that they do not use
constexpr int poll_milliseconds = 100;

int make_socket(unsigned port) {
  int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (made >= 0) ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (made < 0 || ::bind(made, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(made, 16) != 0) {
    int code = errno;
    if (made >= 0) ::close(made);
    throw Error(
        fmt::format("cannot listen on 127.0.0.1:{}: {}", port, std::strerror(code)),
        "end the program that uses the port, or sign in with --device where the app has that");
  }
  return made;
}

std::string page_of(const std::string& text) {
  return "<!doctype html><meta charset=\"utf-8\"><title>probackup</title>"
         "<body style=\"font:16px sans-serif;margin:3em\"><p>" +
         text + "</p>";
}

void answer(int socket, const std::string& status, const std::string& text) {
  std::string page = page_of(text);
  std::string out = fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n"
      "Connection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
      "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n\r\n{}",
      status, page.size(), page);
  // Small enough for the socket's buffer; a browser that is gone misses nothing that matters.
  ssize_t ignored = ::send(socket, out.data(), out.size(), MSG_NOSIGNAL);
  (void)ignored;
  ::shutdown(socket, SHUT_WR);
}

struct Connection {
  Connection(int fd, std::chrono::nanoseconds now) : socket(fd), begun(now) {}
  Descriptor socket;
  std::chrono::nanoseconds begun;
  std::string bytes;
  bool finished = false;
};

// The value of the Host header of a request, in lower case.
std::string host_of(const std::string& request) {
  for (const auto& line : split(request, '\n')) {
    auto colon = line.find(':');
    if (colon != line.npos && to_lower(line.substr(0, colon)) == "host")
      return to_lower(trim(line.substr(colon + 1)));
  }
  return "";
}

}  // namespace

LoopbackListener::LoopbackListener(unsigned port) : socket_(make_socket(port)) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

namespace {

// One wait: the connections and what was pasted so far.
class Waiting {
 public:
  using Judge = std::function<LoopbackVerdict(const std::string&)>;
  Waiting(int listener, unsigned port, int paste, const Judge& judge, Clock& clock)
      : listener_(listener), port_(port), paste_(paste), judge_(judge), clock_(clock) {}

  // Looks at everything that has arrived; true once the answer was among it.
  bool step() {
    std::vector<pollfd> watched = {{listener_, POLLIN, 0}, {paste_, POLLIN, 0}};
    for (const auto& connection : open_) watched.push_back({connection.socket.get(), POLLIN, 0});
    if (::poll(watched.data(), watched.size(), poll_milliseconds) < 0 && errno != EINTR)
      throw Error(fmt::format("cannot wait for the browser: {}", std::strerror(errno)));
    std::size_t at = 2;
    for (auto& connection : open_)
      if (watched[at++].revents != 0 && read(connection)) return true;
    auto now = clock_.steady();
    std::erase_if(open_, [&](const Connection& connection) {
      return connection.finished || now - connection.begun > request_time_max;
    });
    if (watched[0].revents != 0) accept();
    return watched[1].revents != 0 && read_paste();
  }

 private:
  void accept() {
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (open_.size() >= connections_max) open_.pop_front();
    open_.emplace_back(fd, clock_.steady());
  }

  bool read(Connection& connection) {
    char buffer[4096];
    ssize_t n = ::recv(connection.socket.get(), buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
      connection.finished = true;
      return false;
    }
    connection.bytes.append(buffer, static_cast<std::size_t>(n));
    bool whole = connection.bytes.find("\r\n\r\n") != std::string::npos;
    if (!whole && connection.bytes.size() < request_bytes_max) return false;
    connection.finished = true;
    if (!whole) {
      answer(connection.socket.get(), "431 Request Header Fields Too Large", "Too long.");
      return false;
    }
    return judge(connection);
  }

  bool judge(Connection& connection) {
    int socket = connection.socket.get();
    auto words = split(connection.bytes.substr(0, connection.bytes.find("\r\n")), ' ');
    if (words.size() != 3 || words[0] != "GET") {
      answer(socket, "405 Method Not Allowed", "Only GET.");
      return false;
    }
    // A page of another site that made its name point to this machine.
    std::string host = host_of(connection.bytes);
    if (host != fmt::format("127.0.0.1:{}", port_) && host != fmt::format("localhost:{}", port_)) {
      answer(socket, "400 Bad Request", "Another host was asked for.");
      return false;
    }
    auto verdict = judge_(words[1]);
    answer(socket, verdict.done ? "200 OK" : "400 Bad Request", verdict.page);
    return verdict.done;
  }

  bool read_paste() {
    char buffer[4096];
    ssize_t n = ::read(paste_, buffer, sizeof buffer);
    if (n <= 0) {
      paste_ = -1;
      return false;
    }
    pasted_.append(buffer, static_cast<std::size_t>(n));
    for (auto end = pasted_.find('\n'); end != std::string::npos; end = pasted_.find('\n')) {
      std::string line(trim(pasted_.substr(0, end)));
      pasted_.erase(0, end + 1);
      if (!line.empty() && judge_(line).done) return true;
    }
    if (pasted_.size() > request_bytes_max) pasted_.clear();
    return false;
  }

  const int listener_;
  const unsigned port_;
  int paste_;
  const Judge& judge_;
  Clock& clock_;
  std::list<Connection> open_;
  std::string pasted_;
};

}  // namespace

void LoopbackListener::wait(const std::function<LoopbackVerdict(const std::string& target)>& judge,
                            int paste, std::chrono::nanoseconds timeout, Clock& clock,
                            std::stop_token stop) {
  auto begun = clock.steady();
  Waiting waiting(socket_.get(), port_, paste, judge, clock);
  while (!waiting.step()) {
    if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "the sign-in was interrupted");
    if (clock.steady() - begun > timeout)
      throw Error("nobody signed in before the time was over", "run the command again");
  }
}

}  // namespace probackup
