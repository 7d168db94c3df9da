// The answer of an authorization server, as the browser brings it (RFC 6749, 4.1.2).
#pragma once

#include <string>
#include <string_view>

namespace probackup {

struct Callback {
  enum class Kind { code, refused, stranger } kind = Kind::stranger;
  std::string code;    // of a code
  std::string reason;  // of the others, for people
};

// `target`: path and query of the request, or a whole URL. What does not carry our `state` comes
// from a stranger, whatever else it says.
Callback read_callback(std::string_view target, std::string_view path, std::string_view state);

}  // namespace probackup
