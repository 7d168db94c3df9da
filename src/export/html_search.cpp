#include "export/html_search.h"

#include <fmt/format.h>

#include "export/html_assets.h"
#include "export/html_text.h"
#include "export/json_text.h"

namespace probackup {
namespace {

constexpr std::size_t chunk_bytes = 512 * 1024;
constexpr std::size_t title_bytes_max = 300;

}  // namespace

void HtmlSearch::add(std::string_view title, std::string_view kind, std::string_view url) {
  if (title.empty()) return;
  chunk_ +=
      fmt::format("{}[{},{},{}]", chunk_.empty() ? "" : ",\n",
                  json_quote(clip_text(title, title_bytes_max)), json_quote(kind), json_quote(url));
  if (chunk_.size() >= chunk_bytes) write_chunk();
}

void HtmlSearch::write_chunk() {
  ++chunks_;
  context_.target.write(fmt::format("html/search/{}.js", chunks_),
                        fmt::format("probackupIndex({}, [\n{}\n]);\n", chunks_, chunk_));
  chunk_.clear();
}

void HtmlSearch::finish() {
  if (!chunk_.empty()) write_chunk();
  context_.target.write("html/search.js",
                        fmt::format("const probackupChunks = {};\n{}", chunks_, search_script()));
  context_.target.write("html/style.css", style_sheet());
}

}  // namespace probackup
