// What a restore into an app would do and did, as text, JSON and a web page.
#pragma once

#include <string>

#include "cli/output.h"
#include "probackup/restore_job.h"

namespace probackup {

nlohmann::ordered_json plan_json(const RestorePlan& plan);
void print_plan(Output& out, const RestorePlan& plan, const std::string& target);

nlohmann::ordered_json report_json(const RestoreReport& report);
// The problems are cut to `problems_max` on a terminal; the report file has all.
void print_report(Output& out, const RestoreReport& report, std::size_t problems_max);
nlohmann::ordered_json drill_json(const DrillReport& report);
void print_drill(Output& out, const DrillReport& report);

// Writes the report by the file's ending: .html, .json, else text. Throws Error(usage) for another
// ending, Error when it cannot be written.
void write_report_file(const std::string& path, const RestoreReport& report);
// A JSON value cut for people.
std::string clip_value(const std::string& json);
// Throws Error(usage) for an ending that write_report_file() does not take.
void check_report_file(const std::string& path);

}  // namespace probackup
