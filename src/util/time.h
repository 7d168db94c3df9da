// Times and durations as text.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "probackup/clock.h"

namespace probackup {

// RFC 3339 in UTC as Go prints it: "Z", no trailing zeros in the fraction.
std::string format_rfc3339(Time time);
// RFC 3339 in UTC, cut to whole seconds.
std::string format_rfc3339_seconds(Time time);
// RFC 3339 with any offset and fraction; also "YYYY-MM-DD" (midnight UTC) and a space for the "T".
// Nothing for any other text.
std::optional<Time> parse_rfc3339(std::string_view text);
// The HTTP date forms (RFC 9110, 5.6.7): nothing if it is none.
std::optional<Time> parse_http_date(std::string_view text);
// IMF-fixdate of RFC 9110.
std::string format_http_date(Time time);
// strftime in UTC, for example "%Y-%m-%d".
std::string format_time(Time time, const std::string& pattern);

// later - earlier, which may be more than a duration can hold: then the longest one of that sign.
std::chrono::nanoseconds time_between(Time earlier, Time later);

// "500ms", "10s", "5m", "1h", "7d", or a sum such as "1h30m"; nothing for any other text.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);
// A duration for people, two units at most: "1h 5m", "3.2s".
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace probackup
