#include "export/html_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "export/html_fields.h"
#include "export/html_text.h"
#include "export/json_text.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t raw_shown_bytes_max = 64 * 1024;
constexpr std::size_t fields_raw_bytes_max = 8u << 20;
constexpr std::size_t files_max = 200;
constexpr std::size_t title_bytes_max = 300;
constexpr std::size_t gaps_max = 20;
constexpr std::size_t references_max = 10'000;
constexpr std::size_t known_ancestors_max = 5;
// Shorter values are too likely to be something else than the key they happen to equal.
constexpr std::size_t reference_bytes_min = 8, reference_bytes_max = 100;

std::string extension(std::string_view name) {
  auto dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : to_lower(name.substr(dot + 1));
}

bool is_image(std::string_view name) {
  static constexpr std::array<std::string_view, 8> images{"png",  "jpg",  "jpeg", "gif",
                                                          "webp", "avif", "bmp",  "svg"};
  return std::find(images.begin(), images.end(), extension(name)) != images.end();
}

// Documents that a browser shows without running anything in them; all others are offered for
// saving.
bool is_shown_by_browser(std::string_view name) {
  static constexpr std::array<std::string_view, 14> documents{"png",  "jpg",  "jpeg", "gif", "webp",
                                                              "avif", "bmp",  "pdf",  "txt", "csv",
                                                              "mp4",  "webm", "mp3",  "ogg"};
  return std::find(documents.begin(), documents.end(), extension(name)) != documents.end();
}

}  // namespace

std::string shown_title(const RecordNode& node) {
  std::string_view title = trim(node.title);
  return clip_text(title.empty() ? node.key : title, title_bytes_max);
}

std::string page_base(const std::vector<StreamFolder>& streams, const RecordNode& node) {
  return "html/pages/" + streams[node.stream].name + "/" + node.name;
}

std::string files_html(const std::vector<NodeFile>& files, const HtmlPage& page) {
  std::string images, list;
  for (const auto& file : files) {
    std::string name = escape_html(clip_text(file.name.empty() ? file.id : file.name, 300));
    if (file.path.empty()) {
      list +=
          fmt::format("<li><span dir=\"auto\">{}</span> <span class=\"note\">{}: {}</span></li>",
                      name, format_size(file.size), escape_html(clip_text(file.reason, 300)));
      continue;
    }
    std::string url = page.url(file.path);
    if (is_image(file.name))
      images += fmt::format("<a href=\"{0}\"{2}><img src=\"{0}\" alt=\"{1}\" loading=\"lazy\"></a>",
                            url, name, is_shown_by_browser(file.name) ? "" : " download");
    list += fmt::format(
        "<li><a href=\"{}\"{} dir=\"auto\">{}</a> <span class=\"note\">{}</span></li>", url,
        is_shown_by_browser(file.name) ? "" : " download", name, format_size(file.size));
  }
  std::string out;
  if (!images.empty()) out += "<div class=\"images\">" + images + "</div>\n";
  if (!list.empty()) out += "<ul class=\"files\">" + list + "</ul>\n";
  return out;
}

HtmlRecord::HtmlRecord(ExportContext& context, Tree& tree)
    : context_(context), tree_(tree), gaps_(context.source.gaps()) {
  for (std::size_t i = 0; i < gaps_.size(); ++i) {
    const std::string& key = gaps_[i].key.empty() ? gaps_[i].scope : gaps_[i].key;
    if (!key.empty()) gaps_by_key_.emplace(key, i);
  }
}

std::string HtmlRecord::article(const RecordNode& node, std::int64_t nest, const HtmlPage& page) {
  std::string nested = nest > 0 ? fmt::format(" n{}", std::min(nest, Tree::nest_max)) : "";
  std::string title;
  if (!trim(node.title).empty())
    title = "<h3 dir=\"auto\">" + escape_html(shown_title(node)) + "</h3>\n";
  return fmt::format("<article class=\"record{}\" id=\"r{}\">{}{}</article>\n", nested, node.number,
                     title, body(node, page));
}

std::set<std::string> HtmlRecord::known_keys(const RecordNode& node) {
  std::set<std::string> out;
  std::optional<RecordNode> at = node;
  for (std::size_t i = 0; at && i < known_ancestors_max; ++i) {
    if (at->key.size() >= reference_bytes_min) out.insert(at->key);
    at = at->parent ? tree_.find(*at->parent) : std::nullopt;
  }
  return out;
}

std::string HtmlRecord::body(const RecordNode& node, const HtmlPage& page) {
  std::string raw = tree_.raw(node);
  auto files = tree_.files(node.number, 0, files_max + 1);
  bool more_files = files.size() > files_max;
  if (more_files) files.resize(files_max);

  FieldOptions options;
  options.title = node.title;
  options.url = node.url;
  options.known_keys = known_keys(node);
  options.reference = [&](const std::string& key) { return reference(key, page); };
  for (const auto& file : files) options.file_ids.insert(file.id);

  std::string out = gaps(node);
  auto json = checked_json(parser_, raw);
  if (json && json->size() <= fields_raw_bytes_max) out += fields_html(*json, options);
  out += files_html(files, page);
  if (more_files)
    out += fmt::format("<p class=\"note\">The first {} of {} attachments are shown.</p>\n",
                       files_max, format_count(tree_.count_files(node.number)));
  out += "<div class=\"foot\">";
  if (is_web_url(node.url)) out += web_link(node.url, "Open in " + context_.source.app_title());
  return out + raw_json(node, json ? *json : raw, page) + "</div>\n";
}

std::string HtmlRecord::gaps(const RecordNode& node) const {
  std::string out;
  std::size_t count = 0;
  const ExportStream& own = context_.streams[node.stream].stream;
  auto [first, last] = gaps_by_key_.equal_range(node.key);
  for (auto it = first; it != last && count < gaps_max; ++it) {
    const Gap& gap = gaps_[it->second];
    bool about_record = !gap.key.empty() && gap.stream == own.name;
    bool about_children = gap.key.empty() && gap.stream != own.name;
    for (const auto& folder : context_.streams)
      if (about_children && folder.stream.name == gap.stream) {
        const auto& parents = folder.stream.parents;
        about_children = std::find(parents.begin(), parents.end(), own.name) != parents.end();
      }
    if (!about_record && !about_children) continue;
    ++count;
    out += fmt::format("<p class=\"gap\" dir=\"auto\">Not complete ({}): {}</p>\n",
                       escape_html(clip_text(gap.stream, 100)),
                       escape_html(clip_text(gap.reason, 500)));
  }
  return out;
}

std::string HtmlRecord::raw_json(const RecordNode& node, const std::string& json,
                                 const HtmlPage& page) const {
  if (context_.options.formats.contains(ExportFormat::json))
    return fmt::format("<a class=\"raw\" href=\"{}\">Raw JSON</a>\n",
                       page.url(item_path(context_.streams[node.stream], node.name)));
  std::string shown = indent_json(clip_text(json, raw_shown_bytes_max));
  std::string note =
      json.size() > raw_shown_bytes_max
          ? "<p class=\"note\">Cut here; the jsonl and json formats have all of it.</p>"
          : "";
  return fmt::format(
      "<details class=\"raw\"><summary>Raw JSON</summary><pre>{}</pre>{}</details>\n",
      escape_html(shown), note);
}

std::optional<std::string> HtmlRecord::reference(const std::string& key, const HtmlPage& page) {
  if (key.size() < reference_bytes_min || key.size() > reference_bytes_max) return std::nullopt;
  auto found = references_.find(key);
  if (found == references_.end()) {
    if (references_.size() >= references_max) references_.clear();
    found = references_.emplace(key, tree_.find_unique(key)).first;
  }
  if (!found->second || found->second->title.empty()) return std::nullopt;
  const RecordNode& node = *found->second;
  std::string title = escape_html(shown_title(node));
  if (!tree_.has_pages(node.stream)) return title;
  return fmt::format("<a href=\"{}\">{}</a>", page.url(page_base(context_.streams, node) + ".html"),
                     title);
}

}  // namespace probackup
