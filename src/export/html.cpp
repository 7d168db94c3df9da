// index.html and html/: the readable archive.
#include <fmt/format.h>

#include <algorithm>

#include "export/format.h"
#include "export/html_page.h"
#include "export/html_record.h"
#include "export/html_search.h"
#include "export/html_text.h"
#include "export/html_tree.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t batch = 200;               // rows taken from the tree at a time
constexpr std::uint64_t columns_shown_max = 60;  // more children are shown as plain rows
constexpr std::size_t preview_max = 30;          // grandchildren named in a column
constexpr std::uint64_t home_children_max = 200;
constexpr std::size_t crumbs_max = 20;
constexpr std::size_t gaps_shown_max = 500, gaps_open_max = 20;

class HtmlWriter : public FormatWriter {
 public:
  explicit HtmlWriter(ExportContext& context)
      : context_(context), tree_(context.streams), records_(context, tree_), search_(context) {}

  void begin_stream(std::size_t stream) override { stream_ = stream; }
  void record(const ExportRecord& record, const std::string& name) override {
    tree_.add(stream_, record, name);
  }
  void file(const WrittenFile& file) override { tree_.add_file(file); }
  void finish() override;

 private:
  const ExportStream& stream(std::size_t number) const { return context_.streams[number].stream; }
  std::string stream_title(std::size_t number) const {
    return stream(number).title.empty() ? humanize(stream(number).name) : stream(number).title;
  }
  std::string list_base(std::size_t number) const {
    return "html/lists/" + context_.streams[number].name;
  }
  template <typename Each>
  void each_child(std::optional<std::int64_t> parent, std::size_t stream, Each each);

  void write_home();
  void write_list(std::size_t stream);
  void write_record_page(const RecordNode& node);
  void write_loose_files();
  std::vector<Crumb> crumbs(const RecordNode& node);
  std::string head() const;
  std::string gaps(const HtmlPage& page);
  std::string gap_subject(const Gap& gap, const HtmlPage& page);

  void children(HtmlPage& page, std::optional<std::int64_t> parent, const ChildCount& section);
  void columns(HtmlPage& page, std::optional<std::int64_t> parent, std::size_t stream);
  void rows(HtmlPage& page, std::optional<std::int64_t> parent, std::size_t stream);
  void articles(HtmlPage& page, std::optional<std::int64_t> parent, std::size_t stream,
                std::int64_t nest);
  std::string link(const RecordNode& node, const HtmlPage& page) const;
  std::string child_counts(const std::vector<ChildCount>& counts) const;
  std::string heading(const ChildCount& section) const;

  ExportContext& context_;
  Tree tree_;
  HtmlRecord records_;
  HtmlSearch search_;
  std::size_t stream_ = 0;
};

template <typename Each>
void HtmlWriter::each_child(std::optional<std::int64_t> parent, std::size_t stream, Each each) {
  for (std::int64_t after = 0;;) {
    auto nodes = tree_.children(parent, stream, after, batch);
    for (const auto& node : nodes) each(node);
    if (nodes.size() < batch) return;
    after = nodes.back().number;
  }
}

void HtmlWriter::finish() {
  tree_.link();
  write_home();
  for (const auto& section : tree_.count_children(std::nullopt)) write_list(section.stream);
  for (std::size_t stream = 0; stream < context_.streams.size(); ++stream) {
    if (!tree_.has_pages(stream)) continue;
    for (std::int64_t after = 0;;) {
      auto nodes = tree_.records(stream, after, batch);
      for (const auto& node : nodes) write_record_page(node);
      if (nodes.size() < batch) break;
      after = nodes.back().number;
    }
  }
  write_loose_files();
  search_.finish();
}

std::string HtmlWriter::head() const {
  return fmt::format(
      "<h1>{}</h1>\n<dl class=\"facts panel\"><div><dt>Account</dt><dd dir=\"auto\">{}</dd></div>"
      "<div><dt>Backed up</dt><dd>{}</dd></div><div><dt>Records</dt><dd>{}</dd></div>"
      "<div><dt>Attachments</dt><dd>{}</dd></div><div><dt>Snapshot</dt><dd>{}</dd></div></dl>\n",
      escape_html(context_.source.app_title()), escape_html(context_.source.account()),
      format_time(context_.source.time(), "%Y-%m-%d %H:%M UTC"),
      format_count(context_.result.records), format_count(context_.result.files),
      escape_html(context_.source.snapshot_id().substr(0, 8)));
}

// What a gap is about: a link where the record has a page.
std::string HtmlWriter::gap_subject(const Gap& gap, const HtmlPage& page) {
  const std::string& key = gap.key.empty() ? gap.scope : gap.key;
  if (key.empty()) return "the whole listing";
  auto node = tree_.find_unique(key);
  bool meant = node && (gap.key.empty() || stream(node->stream).name == gap.stream);
  std::string shown =
      meant && tree_.has_pages(node->stream) ? link(*node, page) : escape_html(clip_text(key, 200));
  if (!gap.file.empty()) return "file " + escape_html(clip_text(gap.file, 200)) + " of " + shown;
  return gap.key.empty() ? "all of " + shown : shown;
}

std::string HtmlWriter::gaps(const HtmlPage& page) {
  auto all = context_.source.gaps();
  if (all.empty()) return "<p class=\"note\">No gaps: all that was asked for was read.</p>\n";
  std::string out = fmt::format(
      "<details class=\"gap\"{}><summary>{} could not be read</summary><div class=\"table\"><table>"
      "<thead><tr><th>Where</th><th>What</th><th>Why</th></tr></thead><tbody>",
      all.size() <= gaps_open_max ? " open" : "",
      all.size() == 1 ? "One thing" : format_count(all.size()) + " things");
  for (std::size_t i = 0; i < std::min(all.size(), gaps_shown_max); ++i)
    out += fmt::format("<tr><td>{}</td><td dir=\"auto\">{}</td><td dir=\"auto\">{}</td></tr>",
                       escape_html(clip_text(all[i].stream, 100)), gap_subject(all[i], page),
                       escape_html(clip_text(all[i].reason, 500)));
  out += "</tbody></table></div>";
  if (all.size() > gaps_shown_max) out += "<p>The rest is in gaps.jsonl.</p>";
  return out + "</details>\n";
}

void HtmlWriter::write_home() {
  HtmlPage page(context_, "index", context_.source.app_title() + " · " + context_.source.account(),
                {});
  page.add(head());
  page.add(gaps(page));
  for (const auto& section : tree_.count_children(std::nullopt)) {
    std::string list = page.url(list_base(section.stream) + ".html");
    bool shown = tree_.has_pages(section.stream) && section.count <= home_children_max;
    page.add(fmt::format("<h2><a href=\"{}\">{}</a> <span class=\"count\">{}</span></h2>\n", list,
                         escape_html(stream_title(section.stream)), format_count(section.count)));
    if (shown) children(page, std::nullopt, section);
  }
  std::string table =
      "<h2>All that was backed up</h2>\n<div class=\"table\"><table><thead><tr><th>Kind</th>"
      "<th>Records</th></tr></thead><tbody>";
  for (std::size_t i = 0; i < context_.streams.size(); ++i)
    table += fmt::format("<tr><td>{}</td><td>{}</td></tr>", escape_html(stream_title(i)),
                         format_count(stream(i).records));
  page.add(table + "</tbody></table></div>\n");
  if (tree_.count_files(std::nullopt) > 0)
    page.add(fmt::format("<p><a href=\"{}\">Attachments without a record</a></p>\n",
                         page.url("html/files.html")));
  page.finish();
}

void HtmlWriter::write_list(std::size_t number) {
  HtmlPage page(context_, list_base(number), stream_title(number), {{"Home", "index.html"}});
  page.add(fmt::format("<h1>{}</h1>\n", escape_html(stream_title(number))));
  if (tree_.has_pages(number))
    rows(page, std::nullopt, number);
  else
    articles(page, std::nullopt, number, 0);
  page.finish();
}

std::vector<Crumb> HtmlWriter::crumbs(const RecordNode& node) {
  std::vector<Crumb> out;
  auto above = node.parent;
  for (; above && out.size() < crumbs_max;) {
    auto parent = tree_.find(*above);
    if (!parent) break;
    out.push_back({shown_title(*parent), page_base(context_.streams, *parent) + ".html"});
    above = parent->parent;
  }
  out.push_back({"Home", "index.html"});
  std::reverse(out.begin(), out.end());
  return out;
}

void HtmlWriter::write_record_page(const RecordNode& node) {
  std::string base = page_base(context_.streams, node);
  HtmlPage page(context_, base, shown_title(node), crumbs(node));
  page.add(fmt::format("<h1 dir=\"auto\">{}</h1>\n", escape_html(shown_title(node))));
  page.add("<section class=\"panel\">\n" + records_.body(node, page) + "</section>\n");
  search_.add(node.title, stream_title(node.stream), path_url(base + ".html"));
  auto sections = tree_.count_children(node.number);
  // What leads on comes first; small things such as labels must not push it down.
  std::stable_partition(sections.begin(), sections.end(),
                        [&](const ChildCount& section) { return tree_.has_pages(section.stream); });
  for (const auto& section : sections) {
    page.add(heading(section));
    children(page, node.number, section);
  }
  page.finish();
}

std::string HtmlWriter::heading(const ChildCount& section) const {
  return fmt::format("<h2>{} <span class=\"count\">{}</span></h2>\n",
                     escape_html(stream_title(section.stream)), format_count(section.count));
}

void HtmlWriter::children(HtmlPage& page, std::optional<std::int64_t> parent,
                          const ChildCount& section) {
  if (!tree_.has_pages(section.stream)) return articles(page, parent, section.stream, 0);
  if (section.count <= columns_shown_max) return columns(page, parent, section.stream);
  rows(page, parent, section.stream);
}

std::string HtmlWriter::link(const RecordNode& node, const HtmlPage& page) const {
  return fmt::format("<a href=\"{}\" dir=\"auto\">{}</a>",
                     page.url(page_base(context_.streams, node) + ".html"),
                     escape_html(shown_title(node)));
}

std::string HtmlWriter::child_counts(const std::vector<ChildCount>& counts) const {
  std::string out;
  for (const auto& child : counts)
    out += fmt::format("{}{} {}", out.empty() ? "" : " · ", format_count(child.count),
                       stream_title(child.stream));
  return escape_html(out);
}

// Each child with the names of what is below it, side by side.
void HtmlWriter::columns(HtmlPage& page, std::optional<std::int64_t> parent, std::size_t number) {
  page.frame("<div class=\"grid\">\n", "</div>\n");
  each_child(parent, number, [&](const RecordNode& node) {
    auto counts = tree_.count_children(node.number);
    std::string html = "<section class=\"column\"><h3>" + link(node, page) + "</h3>\n";
    if (!counts.empty()) html += "<p class=\"note\">" + child_counts(counts) + "</p>\n";
    std::string items;
    for (const auto& child : counts) {
      if (!tree_.has_pages(child.stream)) continue;
      for (const auto& below : tree_.children(node.number, child.stream, 0, preview_max))
        items += "<li>" + link(below, page) + "</li>";
      if (child.count > preview_max)
        items += fmt::format("<li class=\"more\">and {} more</li>",
                             format_count(child.count - preview_max));
    }
    if (!items.empty()) html += "<ul>" + items + "</ul>\n";
    page.add(html + "</section>\n");
  });
  page.frame("", "");
}

void HtmlWriter::rows(HtmlPage& page, std::optional<std::int64_t> parent, std::size_t number) {
  page.frame("<ul class=\"rows\">\n", "</ul>\n");
  each_child(parent, number, [&](const RecordNode& node) {
    page.add(fmt::format("<li>{}<span class=\"count\">{}</span></li>\n", link(node, page),
                         child_counts(tree_.count_children(node.number))));
  });
  page.frame("", "");
}

// Records in full, those below one of their like indented behind it.
void HtmlWriter::articles(HtmlPage& page, std::optional<std::int64_t> parent, std::size_t number,
                          std::int64_t nest) {
  each_child(parent, number, [&](const RecordNode& node) {
    std::string path = page.add(records_.article(node, nest, page));
    search_.add(node.title, stream_title(number),
                fmt::format("{}#r{}", path_url(path), node.number));
    // Deeper nesting would have given the stream pages of its own.
    if (nest < Tree::nest_max) articles(page, node.number, number, nest + 1);
  });
}

void HtmlWriter::write_loose_files() {
  if (tree_.count_files(std::nullopt) == 0) return;
  HtmlPage page(context_, "html/files", "Attachments without a record", {{"Home", "index.html"}});
  page.add("<h1>Attachments without a record</h1>\n");
  for (std::int64_t after = 0;;) {
    auto files = tree_.files(std::nullopt, after, batch);
    if (!files.empty())
      page.add("<section class=\"panel\">" + files_html(files, page) + "</section>");
    if (files.size() < batch) break;
    after = files.back().number;
  }
  page.finish();
}

}  // namespace

std::unique_ptr<FormatWriter> make_html_writer(ExportContext& context) {
  return std::make_unique<HtmlWriter>(context);
}

}  // namespace probackup
