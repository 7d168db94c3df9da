#include "export/html_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "export/html_text.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t title_bytes_max = 300;

// Nothing is loaded from anywhere but the archive, and no script or style inside a page runs.
// "file:" is there because browsers differ in whether 'self' covers pages opened from a disk.
constexpr const char* policy =
    "default-src 'none'; img-src 'self' file:; style-src 'self' file:; script-src 'self' file:; "
    "base-uri 'none'; form-action 'none'";

}  // namespace

HtmlPage::HtmlPage(ExportContext& context, std::string base, std::string title,
                   std::vector<Crumb> crumbs)
    : context_(context),
      base_(std::move(base)),
      title_(clip_text(title, title_bytes_max)),
      crumbs_(std::move(crumbs)) {
  for (auto folders = std::count(base_.begin(), base_.end(), '/'); folders > 0; --folders)
    to_root_ += "../";
}

std::string HtmlPage::path(unsigned number) const {
  return number == 1 ? base_ + ".html" : fmt::format("{}~p{}.html", base_, number);
}

std::string HtmlPage::url(std::string_view path) const {
  return to_root_ + path_url(path);
}

std::string HtmlPage::url(std::string_view path, std::int64_t anchor) const {
  return fmt::format("{}#r{}", url(path), anchor);
}

std::string HtmlPage::add(std::string_view html) {
  if (body_.size() > open_.size() && body_.size() + html.size() > page_bytes_max) {
    write(false);
    ++number_;
    body_ = open_;
  }
  body_ += html;
  return path(number_);
}

void HtmlPage::frame(std::string open, std::string close) {
  body_ += close_;
  body_ += open;
  open_ = std::move(open);
  close_ = std::move(close);
}

void HtmlPage::finish() {
  frame("", "");
  write(true);
}

void HtmlPage::write(bool last) {
  context_.check_stop();
  std::string crumbs;
  for (const auto& crumb : crumbs_)
    crumbs += fmt::format(R"(<a href="{}" dir="auto">{}</a><i>›</i>)", url(crumb.path),
                          escape_html(clip_text(crumb.title, title_bytes_max)));
  std::string pager;
  if (number_ > 1 || !last) {
    pager = R"(<nav class="pager">)";
    if (number_ > 1) pager += fmt::format(R"(<a href="{}">← Previous</a>)", url(path(number_ - 1)));
    pager += fmt::format("<span>Page {}</span>", number_);
    if (!last) pager += fmt::format(R"(<a href="{}">Next →</a>)", url(path(number_ + 1)));
    pager += "</nav>\n";
  }
  std::string title = escape_html(title_);
  auto out = context_.target.create(path(number_));
  out->write(fmt::format(
      R"(<!DOCTYPE html>
<html lang="en" data-root="{root}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{root}html/style.css">
</head>
<body>
<header class="top"><nav class="crumbs">{crumbs}<span dir="auto">{title}</span></nav>
<div class="search" hidden><input type="search" placeholder="Search titles" aria-label="Search titles" autocomplete="off" spellcheck="false"><div class="results" hidden></div></div></header>
<main>
)",
      fmt::arg("root", to_root_), fmt::arg("policy", policy), fmt::arg("title", title),
      fmt::arg("crumbs", crumbs)));
  if (number_ > 1) out->write(fmt::format("<h1 dir=\"auto\">{}</h1>\n{}", title, pager));
  out->write(body_);
  if (!last) out->write(close_);
  out->write(pager);
  out->write(fmt::format(
      "</main>\n<footer>{} · {} · archived by probackup</footer>\n"
      "<script src=\"{}html/search.js\"></script>\n</body>\n</html>\n",
      escape_html(context_.source.app_title()), escape_html(context_.source.account()), to_root_));
  out->finish();
  body_.clear();
}

}  // namespace probackup
