// Text from apps as HTML that can do nothing but be read.
#pragma once

#include <string>
#include <string_view>

namespace probackup {

// Escaped for element content and quoted attributes; control characters and broken UTF-8 become
// U+FFFD.
std::string escape_html(std::string_view text);

// The first `bytes_max` bytes, cut at a character, with "…" where something was left out.
std::string clip_text(std::string_view text, std::size_t bytes_max);

// Whether the text is a plain http or https URL. Only these become links: never "javascript:",
// "data:", "file:" or anything else.
bool is_web_url(std::string_view text);

// A link out of the archive; `url` must be a web URL. `shown` is text, not HTML.
std::string web_link(std::string_view url, std::string_view shown);

// Escaped text whose web URLs are links; line breaks stay for `white-space: pre-wrap`.
std::string prose_html(std::string_view text);

// A path of files as a relative URL: each part percent-encoded.
std::string path_url(std::string_view path);

// "dateLastActivity", "created_at" → "Date last activity", "Created at". Text, not HTML.
std::string humanize(std::string_view name);

}  // namespace probackup
