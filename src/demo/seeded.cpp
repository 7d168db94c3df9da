#include "demo/seeded.h"

namespace probackup {

namespace {

constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15;

std::uint64_t finalize(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

const std::vector<std::string>& vocabulary() {
  static const std::vector<std::string> words{
      "plan",   "draft",   "review",  "footer", "header",  "launch",   "budget", "report",
      "photo",  "gallery", "contact", "form",   "search",  "index",    "mobile", "layout",
      "backup", "restore", "login",   "invite", "price",   "page",     "team",   "meeting",
      "notes",  "release", "feature", "bug",    "fix",     "document", "schema", "column",
      "import", "export",  "spring",  "autumn", "archive", "customer", "order",  "invoice"};
  return words;
}

}  // namespace

std::uint64_t mix_seed(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ finalize(seed + golden_gamma);  // FNV-1a, then mixed
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return finalize(hash);
}

std::uint64_t Seeded::next() {
  return finalize(state_ += golden_gamma);
}

std::uint64_t Seeded::below(std::uint64_t bound) {
  return bound == 0 ? 0 : next() % bound;
}

bool Seeded::chance(double probability) {
  return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
}

std::string Seeded::words(unsigned count) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    text += pick(vocabulary());
  }
  if (!text.empty()) text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string Seeded::prose() {
  static const std::vector<std::string> extras{
      "**bold** and `code`",  "\n- one\n- two",    "\xf0\x9f\x9a\x80 \xe2\x9c\x93",
      "\"quoted\" \\ back",   "<b>not markup</b>", "caf\xc3\xa9",
      "\t tab\r\n and lines", "see #12 & more"};
  std::string text;
  const auto sentences = between(1, 4);
  for (std::uint64_t i = 0; i < sentences; ++i) {
    if (i > 0) text += ' ';
    text += words(static_cast<unsigned>(between(3, 10)));
    if (chance(0.2)) text += ' ' + pick(extras);
    text += '.';
  }
  return text;
}

std::string Seeded::name() {
  if (chance(0.04)) return pick(hostile_names());
  return words(static_cast<unsigned>(between(1, 5)));
}

std::string Seeded::hex(unsigned digits) {
  std::string text;
  for (unsigned i = 0; i < digits; ++i) text += "0123456789abcdef"[below(16)];
  return text;
}

const std::vector<std::string>& hostile_names() {
  static const std::vector<std::string> names{
      "../../etc/passwd",
      "=HYPERLINK(\"http://127.0.0.1/\",\"open\")",
      "<script>alert('x')</script>",
      "CON",
      "..",
      "a/b\\c:d*e?f\"g<h>i|j",
      "nul\x01 and bell\x07 and escape\x1b[31m",
      std::string("zero\0byte", 9),
      "\xf0\x9f\x92\xbe four-byte \xf0\x9f\xa7\xaa text",
      "\xe2\x80\xae"
      "right to left",
      std::string(10'000, 'x'),
      "  spaces at both ends  ",
      "-rf",
      "@SUM(1+1)*cmd|' /C calc'!A0",
  };
  return names;
}

}  // namespace probackup
