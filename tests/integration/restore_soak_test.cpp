// Many interrupted restores: nothing is there twice, nothing is missing, and how many calls that
// takes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "catch.h"
#include "restore_faults.h"
#include "util/text.h"

using namespace probackup;
using namespace probackup::test;
using Kind = RestoreReport::Kind;

namespace {

constexpr unsigned restores_a_source = 20;  // into one empty account after the other

struct Figures {
  std::uint64_t restores = 0, early_ends = 0, items = 0, doubled = 0, missing = 0, unsettled = 0;
  std::uint64_t clean_items = 0, clean_reads = 0, clean_writes = 0;  // without faults
};

// A restore that nothing disturbs: what is to come about, and for how many calls.
std::map<std::string, std::uint64_t> restore_undisturbed(RestoreRig& rig, Figures& figures) {
  rig.server().clear_log();
  auto report = rig.restore();
  figures.clean_items += report.count(&Kind::made);
  for (const auto& entry : rig.server().log())
    ++(entry.method == "GET" ? figures.clean_reads : figures.clean_writes);
  return rig.made();
}

void restore_disturbed(RestoreRig& rig, std::uint64_t seed,
                       const std::map<std::string, std::uint64_t>& wanted, Figures& figures) {
  rig.renew_target();
  figures.early_ends += restore_somehow(rig, seed);
  auto report = rig.resume();
  ++figures.restores;
  figures.items += report.count(&Kind::made);
  figures.unsettled += report.count(&Kind::failed) + report.count(&Kind::uncertain) +
                       report.count(&Kind::incomplete);
  const auto doubled = rig.doubled();
  CAPTURE(doubled, RestoreRig::problems(report));
  CHECK(doubled.empty());
  figures.doubled += doubled.size();
  const bool is_whole = rig.made() == wanted;
  CHECK(is_whole);
  figures.missing += !is_whole;
}

void soak(unsigned restores, const std::vector<std::string>& apps) {
  for (std::size_t i = 0; i < apps.size(); ++i) {
    const unsigned share =
        (restores + static_cast<unsigned>(i)) / static_cast<unsigned>(apps.size());
    Figures figures;
    for (unsigned done = 0, source = 1; done < share; ++source) {
      RestoreRig rig(apps[i], 1000 + source);
      const auto wanted = restore_undisturbed(rig, figures);
      for (unsigned n = 0; n < restores_a_source && done < share; ++n, ++done) {
        CAPTURE(apps[i], source, n);
        restore_disturbed(rig, source * 1000 + n, wanted, figures);
      }
    }
    const auto an_item = [&](std::uint64_t calls) {
      return static_cast<double>(calls) /
             static_cast<double>(std::max<std::uint64_t>(1, figures.clean_items));
    };
    fmt::print(
        "{}: {} restores, ended early {} times, {} items, {} nouns doubled, {} restores not whole, "
        "{} "
        "items unsettled; calls an item without faults: {:.2f} writing, {:.2f} reading, least 1\n",
        apps[i], figures.restores, figures.early_ends, figures.items, figures.doubled,
        figures.missing, figures.unsettled, an_item(figures.clean_writes),
        an_item(figures.clean_reads));
    CHECK(figures.unsettled == 0);
    CHECK(figures.early_ends > figures.restores / 4);
  }
}

}  // namespace

TEST_CASE("Interrupted restores double nothing and leave nothing out") {
  soak(6, restorable_apps());
}

// PROBACKUP_RESTORES: how many. PROBACKUP_RESTORE_APPS: of which apps, with commas; else of all.
TEST_CASE("A thousand interrupted restores double nothing and leave nothing out", "[.thousand]") {
  const char* wanted = std::getenv("PROBACKUP_RESTORES");
  const char* apps = std::getenv("PROBACKUP_RESTORE_APPS");
  soak(wanted ? static_cast<unsigned>(std::max(1, std::atoi(wanted))) : 1000,
       apps ? split(apps, ',') : restorable_apps());
}
