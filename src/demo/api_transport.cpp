#include "demo/api_transport.h"

#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "util/text.h"

namespace probackup {

namespace {

constexpr int descriptors_max = 65'536;

// The port at one end of a connection; 0 for what is no connection over TCP.
int port_of(int descriptor, int (*name_of)(int, sockaddr*, socklen_t*)) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (name_of(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return address.sin_family == AF_INET ? ntohs(address.sin_port) : 0;
}

void read_body(const httplib::Request& from, const httplib::ContentReader& reader,
               ApiRequest& request) {
  const auto append_to = [](std::string& text) {
    return [&text](const char* bytes, std::size_t size) {
      text.append(bytes, size);
      return true;
    };
  };
  if (!from.is_multipart_form_data()) {
    reader(append_to(request.body));
    return;
  }
  reader(
      [&](const httplib::MultipartFormData& part) {
        request.parts.push_back({part.name, part.filename, part.content_type, {}});
        return true;
      },
      [&](const char* bytes, std::size_t size) {
        request.parts.back().content.append(bytes, size);
        return true;
      });
}

}  // namespace

ApiRequest read_request(const httplib::Request& from, const httplib::ContentReader* reader) {
  ApiRequest request;
  request.method = from.method == "HEAD" ? "GET" : from.method;
  request.target = from.target;
  const auto mark = from.target.find('?');
  request.path = from.target.substr(0, mark);
  if (mark != std::string::npos) request.query = parse_form(from.target.substr(mark + 1));
  for (const auto& [name, value] : from.headers) {
    const auto lower = to_lower(name);
    const bool made_by_the_library = lower == "remote_addr" || lower == "remote_port" ||
                                     lower == "local_addr" || lower == "local_port";
    if (!made_by_the_library) request.headers.emplace_back(lower, value);
  }
  if (reader != nullptr) read_body(from, *reader, request);
  return request;
}

void send_answer(ApiAnswer answer, Fault fault, httplib::Response& to) {
  to.status = answer.status;
  for (const auto& [name, value] : answer.headers) to.set_header(name, value);
  if (answer.status == 304) return;  // has no body and no type
  if (fault != Fault::cut_body) {
    to.set_content(answer.body, answer.type);
    return;
  }
  const auto promised = answer.body.size() + 1;
  const auto sent = std::make_shared<std::string>(answer.body.substr(0, answer.body.size() / 2));
  to.set_content_provider(promised, answer.type,
                          [sent](std::size_t, std::size_t, httplib::DataSink& sink) {
                            sink.write(sent->data(), sent->size());
                            return false;  // closes the connection
                          });
}

// cpp-httplib does not say which socket a request came on; its two ports do.
void cut_connection(const httplib::Request& from) {
  for (int descriptor = 0; descriptor < descriptors_max; ++descriptor) {
    if (port_of(descriptor, getsockname) != from.local_port) continue;
    if (port_of(descriptor, getpeername) != from.remote_port) continue;
    shutdown(descriptor, SHUT_RDWR);
    return;
  }
}

}  // namespace probackup
