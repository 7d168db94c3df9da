// What an ApiServer takes from cpp-httplib and gives to it.
#pragma once

#include "demo/api_message.h"
#include "demo/fault_plan.h"

namespace httplib {
class ContentReader;
struct Request;
struct Response;
}  // namespace httplib

namespace probackup {

// The request with its whole body. Without `reader` it has none.
ApiRequest read_request(const httplib::Request& from, const httplib::ContentReader* reader);
void send_answer(ApiAnswer answer, Fault fault, httplib::Response& to);
// Closes the connection that this request came on, so that nothing more can be sent on it.
void cut_connection(const httplib::Request& from);

}  // namespace probackup
