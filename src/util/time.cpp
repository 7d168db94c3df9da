#include "util/time.h"

#include <fmt/format.h>

#include <ctime>

namespace probackup {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

std::tm to_tm(Time time) {
  std::time_t seconds = floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  return tm;
}

// Reads exactly `digits` digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// The whole years that nanoseconds in 64 bits can count; others would wrap around.
bool fits_time(int whole_year) {
  return whole_year >= 1678 && whole_year <= 2261;
}

// A leap second or an offset can lead out of these years, into times that are printed and not read.
std::optional<Time> if_it_fits(Time time) {
  if (!fits_time(to_tm(time).tm_year + 1900)) return std::nullopt;
  return time;
}

}  // namespace

std::string format_rfc3339(Time time) {
  std::string out = format_time(time, "%Y-%m-%dT%H:%M:%S");
  auto fraction = (time - floor<seconds>(time)).count();
  if (fraction != 0) {
    std::string digits = fmt::format("{:09}", fraction);
    while (digits.back() == '0') digits.pop_back();
    out += "." + digits;
  }
  return out + "Z";
}

std::string format_rfc3339_seconds(Time time) {
  return format_time(time, "%Y-%m-%dT%H:%M:%SZ");
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  auto y = take_number(text, 4);
  if (!y || !fits_time(*y) || !take(text, '-')) return std::nullopt;
  auto mo = take_number(text, 2);
  if (!mo || !take(text, '-')) return std::nullopt;
  auto d = take_number(text, 2);
  if (!d) return std::nullopt;
  year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  Time time = sys_days{date};
  if (text.empty()) return time;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  auto h = take_number(text, 2);
  if (!h || !take(text, ':')) return std::nullopt;
  auto mi = take_number(text, 2);
  if (!mi) return std::nullopt;
  int s = 0;
  nanoseconds fraction{0};
  if (take(text, ':')) {
    auto sec = take_number(text, 2);
    if (!sec) return std::nullopt;
    s = *sec;
    if (take(text, '.')) {
      std::int64_t unit = 100'000'000;
      bool any = false;
      while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        fraction += nanoseconds{unit * (text[0] - '0')};
        unit /= 10;
        any = true;
        text.remove_prefix(1);
      }
      if (!any) return std::nullopt;
    }
  }
  if (*h > 23 || *mi > 59 || s > 60) return std::nullopt;
  time += hours{*h} + minutes{*mi} + seconds{s} + fraction;
  if (text.empty() || text == "Z" || text == "z") return if_it_fits(time);
  int sign = text[0] == '+' ? -1 : text[0] == '-' ? 1 : 0;
  if (sign == 0) return std::nullopt;
  text.remove_prefix(1);
  auto oh = take_number(text, 2);
  if (!oh) return std::nullopt;
  take(text, ':');
  auto om = take_number(text, 2);
  if (!om || !text.empty() || *oh > 23 || *om > 59) return std::nullopt;
  return if_it_fits(time + sign * (hours{*oh} + minutes{*om}));
}

std::optional<Time> parse_http_date(std::string_view text) {
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm tm{};
    std::string copy(text);
    const char* end = strptime(copy.c_str(), form, &tm);
    if (end && *end == '\0' && fits_time(tm.tm_year + 1900))
      return if_it_fits(Time{seconds{timegm(&tm)}});
  }
  return std::nullopt;
}

std::string format_http_date(Time time) {
  return format_time(time, "%a, %d %b %Y %H:%M:%S GMT");
}

std::string format_time(Time time, const std::string& pattern) {
  std::tm tm = to_tm(time);
  std::string out(64 + 4 * pattern.size(), '\0');
  // strftime answers 0 both for "too small" and for an empty result; the mark tells them apart.
  out.resize(std::strftime(out.data(), out.size(), (pattern + "x").c_str(), &tm));
  if (!out.empty()) out.pop_back();
  return out;
}

nanoseconds time_between(Time earlier, Time later) {
  std::int64_t from = earlier.time_since_epoch().count(), to = later.time_since_epoch().count();
  std::int64_t out = 0;
  if (!__builtin_sub_overflow(to, from, &out)) return nanoseconds{out};
  return to > from ? nanoseconds::max() : nanoseconds::min();
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  auto add = [&](std::int64_t number, nanoseconds unit) {
    return !__builtin_mul_overflow(number, unit.count(), &number) &&
           !__builtin_add_overflow(total, number, &total);
  };
  while (!text.empty()) {
    std::int64_t number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 9)
      number = number * 10 + (text[digits++] - '0');
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    if (text.starts_with("ms")) {
      if (!add(number, 1ms)) return std::nullopt;
      text.remove_prefix(2);
      continue;
    }
    if (text.empty()) return std::nullopt;
    nanoseconds unit{};
    switch (text[0]) {
      case 's':
        unit = 1s;
        break;
      case 'm':
        unit = 1min;
        break;
      case 'h':
        unit = 1h;
        break;
      case 'd':
        unit = 24h;
        break;
      case 'w':
        unit = 24h * 7;
        break;
      default:
        return std::nullopt;
    }
    if (!add(number, unit)) return std::nullopt;
    text.remove_prefix(1);
  }
  return nanoseconds{total};
}

std::string format_duration(nanoseconds duration) {
  double s = std::chrono::duration<double>(duration).count();
  if (s < 0.001) return fmt::format("{:.0f}us", s * 1e6);
  if (s < 1) return fmt::format("{:.0f}ms", s * 1e3);
  if (s < 60) return fmt::format("{:.1f}s", s);
  auto whole = static_cast<std::int64_t>(s + 0.5);
  if (whole < 3600) return fmt::format("{}m {}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h {}m", whole / 3600, whole % 3600 / 60);
  return fmt::format("{}d {}h", whole / 86400, whole % 86400 / 3600);
}

}  // namespace probackup
