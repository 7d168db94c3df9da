#include "cli/restore_report.h"

#include <fmt/format.h>

#include "cli/restore_report_page.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;
using Kind = RestoreReport::Kind;

constexpr std::size_t differences_max = 50;

std::string headline(const RestoreReport& report) {
  const auto& restore = report.restore;
  std::string text = fmt::format(
      "restore {} of snapshot {} into {}: {}, {} made, {} there already, {} lost, {} failed, "
      "{} uncertain, {} calls",
      restore.id, restore.snapshot.short_hex(), restore.target.text(), restore.state,
      format_count(report.count(&Kind::made)), format_count(report.count(&Kind::adopted)),
      format_count(report.count(&Kind::lost)), format_count(report.count(&Kind::failed)),
      format_count(report.count(&Kind::uncertain)), format_count(restore.requests));
  if (restore.ended) text += ", " + format_duration(*restore.ended - restore.started);
  return text;
}

std::string problem_line(const RestoreReport::Problem& problem) {
  std::string text = fmt::format("{}: {} {}", problem.what, problem.kind, problem.old_id);
  if (!problem.title.empty()) text += fmt::format(" ({})", problem.title);
  if (!problem.reasons.empty()) text += ": " + join(problem.reasons, "; ");
  return text;
}

std::string report_text(const RestoreReport& report) {
  std::string text = headline(report) + "\n";
  for (const auto& note : report.notes) text += "note: " + note + "\n";
  for (const auto& what : report.lossy) text += "the API never takes: " + what + "\n";
  for (const auto& problem : report.problems) text += problem_line(problem) + "\n";
  return text;
}

std::string ending_of(const std::string& path) {
  return std::filesystem::path(path).extension().string();
}

}  // namespace

Json plan_json(const RestorePlan& plan) {
  Json out = {{"type", "restore_plan"}, {"kinds", Json::array()}, {"losses", Json::array()}};
  for (const auto& kind : plan.kinds)
    out["kinds"].push_back({{"kind", kind.kind},
                            {"title", kind.title},
                            {"items", kind.items},
                            {"lost", kind.lost},
                            {"calls", kind.calls}});
  for (const auto& loss : plan.losses)
    out["losses"].push_back(
        {{"kind", loss.kind}, {"items", loss.items}, {"made", loss.made}, {"reason", loss.reason}});
  out["never_restored"] = plan.lossy;
  out["streams_not_restored"] = plan.not_restored;
  out["calls"] = plan.calls;
  out["seconds_at_least"] = std::chrono::duration_cast<std::chrono::seconds>(plan.duration).count();
  return out;
}

void print_plan(Output& out, const RestorePlan& plan, const std::string& target) {
  if (out.json()) return out.event(plan_json(plan));
  std::vector<std::vector<std::string>> rows;
  for (const auto& kind : plan.kinds)
    rows.push_back({kind.kind, format_count(kind.items), format_count(kind.lost),
                    format_count(kind.calls), kind.title});
  out.table({"KIND", "TO MAKE", "LOST", "CALLS", ""}, rows, {false, true, true, true, false});
  for (const auto& loss : plan.losses)
    out.line(fmt::format("{} of {}: {}", format_count(loss.items), loss.kind, loss.reason));
  for (const auto& what : plan.lossy) out.line("the API never takes: " + what);
  if (!plan.not_restored.empty()) out.line("not put back: " + join(plan.not_restored, ", "));
  std::string time = plan.duration.count() > 0 ? fmt::format(", {} or more at the app's limits",
                                                             format_duration(plan.duration))
                                               : "";
  out.line(fmt::format("a restore into {} takes {} API calls or more{}; nothing was written",
                       target, format_count(plan.calls), time));
}

Json report_json(const RestoreReport& report) {
  const auto& restore = report.restore;
  Json out = {
      {"type", "restore"},
      {"restore", restore.id},
      {"snapshot", restore.snapshot.hex()},
      {"source", restore.source.text()},
      {"target", restore.target.text()},
      {"state", restore.state},
      {"message", restore.message},
      {"started", format_rfc3339(restore.started)},
      {"ended", restore.ended ? Json(format_rfc3339(*restore.ended)) : Json()},
      {"paused_until", restore.paused_until ? Json(format_rfc3339(*restore.paused_until)) : Json()},
      {"requests", restore.requests},
      {"kinds", Json::array()},
      {"problems", Json::array()}};
  for (const auto& kind : report.kinds)
    out["kinds"].push_back({{"kind", kind.kind},
                            {"made", kind.made},
                            {"adopted", kind.adopted},
                            {"lost", kind.lost},
                            {"failed", kind.failed},
                            {"uncertain", kind.uncertain},
                            {"lacking", kind.lacking},
                            {"incomplete", kind.incomplete}});
  for (const auto& problem : report.problems)
    out["problems"].push_back({{"what", problem.what},
                               {"kind", problem.kind},
                               {"id", problem.old_id},
                               {"title", problem.title},
                               {"new_id", problem.new_id},
                               {"reasons", problem.reasons}});
  out["notes"] = report.notes;
  out["never_restored"] = report.lossy;
  return out;
}

void print_report(Output& out, const RestoreReport& report, std::size_t problems_max) {
  if (out.json()) return out.event(report_json(report));
  std::vector<std::vector<std::string>> rows;
  for (const auto& kind : report.kinds)
    rows.push_back({kind.kind, format_count(kind.made), format_count(kind.adopted),
                    format_count(kind.lost), format_count(kind.failed),
                    format_count(kind.uncertain), format_count(kind.lacking),
                    format_count(kind.incomplete)});
  out.table({"KIND", "MADE", "THERE", "LOST", "FAILED", "UNCERTAIN", "LACKING", "INCOMPLETE"}, rows,
            {false, true, true, true, true, true, true, true});
  out.line(headline(report));
  for (const auto& note : report.notes) log_warning(note);
  for (std::size_t i = 0; i < std::min(report.problems.size(), problems_max); ++i)
    log_warning(problem_line(report.problems[i]));
  if (report.problems.size() > problems_max)
    log_warning(fmt::format("and {} more: --report FILE has all",
                            format_count(report.problems.size() - problems_max)));
  if (report.restore.state == "paused")
    out.message(fmt::format(
        "{}: go on after {} with: probackup restore --resume {}", report.restore.message,
        report.restore.paused_until ? format_rfc3339_seconds(*report.restore.paused_until)
                                    : "a while",
        report.restore.id));
}

Json drill_json(const DrillReport& report) {
  Json out = {{"type", "drill"},
              {"good", report.good()},
              {"compared", report.compared},
              {"equal", report.equal},
              {"differences", Json::array()},
              {"cleaned", report.cleaned},
              {"left", report.left},
              {"restore", report_json(report.restored)}};
  for (const auto& difference : report.differences)
    out["differences"].push_back({{"kind", difference.kind},
                                  {"id", difference.old_id},
                                  {"new_id", difference.new_id},
                                  {"path", difference.path},
                                  {"expected", difference.expected},
                                  {"got", difference.got}});
  return out;
}

void print_drill(Output& out, const DrillReport& report) {
  if (out.json()) return out.event(drill_json(report));
  print_report(out, report.restored, differences_max);
  for (std::size_t i = 0; i < std::min(report.differences.size(), differences_max); ++i) {
    const auto& difference = report.differences[i];
    log_warning(difference.path.empty()
                    ? fmt::format("{} {}: {} was not read back", difference.kind, difference.old_id,
                                  difference.new_id)
                    : fmt::format("{} {}: {} is {}, not {}", difference.kind, difference.old_id,
                                  difference.path, clip_value(difference.got),
                                  clip_value(difference.expected)));
  }
  if (report.differences.size() > differences_max)
    log_warning(fmt::format("and {} differences more",
                            format_count(report.differences.size() - differences_max)));
  for (const auto& left : report.left) log_warning("could not be removed: " + left);
  if (!report.was_compared)
    out.line("drill: not compared, since the restore did not end");
  else
    out.line(fmt::format(
        "drill: {} of {} records equal; {}", format_count(report.equal),
        format_count(report.compared),
        report.good() ? "the backup can be restored" : "not all that should be equal is"));
}

void check_report_file(const std::string& path) {
  std::string ending = ending_of(path);
  if (path.empty() || ending == ".html" || ending == ".json" || ending == ".txt") return;
  throw Error(ErrorKind::usage, fmt::format("--report {}: of which kind is it?", path),
              "end its name with .html, .json or .txt");
}

void write_report_file(const std::string& path, const RestoreReport& report) {
  if (path.empty()) return;
  std::string ending = ending_of(path);
  if (ending == ".html")
    write_file_atomic(path, restore_page(report));
  else if (ending == ".json")
    write_file_atomic(path, dump(report_json(report), 2) + "\n");
  else
    write_file_atomic(path, report_text(report));
}

std::string clip_value(const std::string& json) {
  constexpr std::size_t shown_max = 120;
  return json.size() <= shown_max ? json : valid_utf8(json.substr(0, shown_max)) + "…";
}

}  // namespace probackup
