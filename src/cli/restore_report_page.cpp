#include "cli/restore_report_page.h"

#include <fmt/format.h>

#include "export/html_text.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr const char* style = R"css(
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2430}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #d8dee6;vertical-align:top}
td.n,th.n{text-align:right}.lost{color:#8a5a00}.failed,.uncertain{color:#b3261e}.incomplete{color:#5a5f66}
code{background:#eef1f5;padding:0 .2rem;overflow-wrap:anywhere}
)css";

std::string number_cell(std::uint64_t count) {
  return fmt::format("<td class=\"n\">{}</td>", format_count(count));
}

std::string kinds_table(const RestoreReport& report) {
  std::string html =
      "<table><tr><th>Kind</th><th class=\"n\">Made</th><th class=\"n\">There already</th>"
      "<th class=\"n\">Lost</th><th class=\"n\">Failed</th><th class=\"n\">Uncertain</th>"
      "<th class=\"n\">Lacking</th><th class=\"n\">Incomplete</th></tr>\n";
  for (const auto& kind : report.kinds)
    html += "<tr><td>" + escape_html(kind.kind) + "</td>" + number_cell(kind.made) +
            number_cell(kind.adopted) + number_cell(kind.lost) + number_cell(kind.failed) +
            number_cell(kind.uncertain) + number_cell(kind.lacking) + number_cell(kind.incomplete) +
            "</tr>\n";
  return html + "</table>\n";
}

std::string problems_table(const RestoreReport& report) {
  if (report.problems.empty()) return "<p>Everything is there and whole.</p>\n";
  std::string html =
      "<table><tr><th>What</th><th>Thing</th><th>Id in the snapshot</th>"
      "<th>Id now</th><th>Why</th></tr>\n";
  for (const auto& problem : report.problems)
    html += fmt::format(
        "<tr><td class=\"{0}\">{0}</td><td>{1} {2}</td><td><code>{3}</code></td>"
        "<td><code>{4}</code></td><td>{5}</td></tr>\n",
        escape_html(problem.what), escape_html(problem.kind), escape_html(problem.title),
        escape_html(problem.old_id), escape_html(problem.new_id),
        escape_html(join(problem.reasons, "; ")));
  return html + "</table>\n";
}

std::string list(const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string html = "<h2>" + escape_html(title) + "</h2>\n<ul>\n";
  for (const auto& line : lines) html += "<li>" + escape_html(line) + "</li>\n";
  return html + "</ul>\n";
}

}  // namespace

std::string restore_page(const RestoreReport& report) {
  const auto& restore = report.restore;
  std::string title = fmt::format("Restore {} into {}", restore.id, restore.target.text());
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>"
      "<style>{1}</style></head><body>\n<h1>{0}</h1>\n<p>Snapshot <code>{2}</code> of {3}; begun "
      "{4}, "
      "{5}{6}. {7} API calls.</p>\n",
      escape_html(title), style, restore.snapshot.hex(), escape_html(restore.source.text()),
      format_rfc3339_seconds(restore.started), escape_html(restore.state),
      restore.ended ? " " + format_rfc3339_seconds(*restore.ended) : "",
      format_count(restore.requests));
  if (!restore.message.empty()) html += "<p>" + escape_html(restore.message) + "</p>\n";
  html += kinds_table(report);
  html += list("Notes", report.notes);
  html += "<h2>What is not there, or not whole</h2>\n" + problems_table(report);
  html += list("What this app's API never takes", report.lossy);
  return html + "</body></html>\n";
}

}  // namespace probackup
