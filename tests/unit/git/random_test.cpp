// Random histories over several runs: what comes back must be what the remote held.
#include <random>

#include "git_fixture.h"

using namespace probackup;
using namespace probackup::git_test;

namespace {

class Changes {
 public:
  Changes(Runs& runs, unsigned seed) : runs_(runs), random_(seed) {
    runs_.origin.commit("a", "one");
  }
  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }

  void one() {
    switch (pick(9)) {
      case 0:
      case 1:
        return commit();
      case 2:
        return run({"checkout", "-q", "-f", "-B", fresh("branch"), some_commit()});
      case 3:
        return run({"tag", "-f", fresh("light"), some_commit()});
      case 4:
        return run({"tag", "-f", "-a", fresh("tag"), "-m", "note", some_commit()});
      case 5:
        return remove_one();
      case 6:  // a force push
        run({"reset", "-q", "--hard", some_commit()});
        return commit();
      case 7:
        return run({"checkout", "-q", "-f", pick(3) == 0 ? "--detach" : "-"}, true);
      default:
        run({"merge", "-q", "-s", "ours", "-m", "Merge", some_commit()});
    }
  }

 private:
  void run(std::vector<std::string> arguments, bool may_fail = false) {
    if (!may_fail) {
      runs_.origin.run(arguments);
      return;
    }
    arguments.insert(arguments.begin(), "git");
    run_process(arguments,
                {.environment = {}, .folder = runs_.origin.path().string(), .output = {}});
  }
  void commit() {
    runs_.origin.commit(fmt::format("folder-{}/file-{}", pick(3), pick(5)),
                        fmt::format("text {}\n", random_()));
    commits_.push_back(runs_.origin.run({"rev-parse", "HEAD"}));
  }
  std::string some_commit() {
    if (commits_.empty()) return "HEAD";
    return commits_[pick(static_cast<unsigned>(commits_.size()))];
  }
  std::string fresh(const std::string& kind) {
    // Names that turn from files into folders and back are among them.
    return pick(2) ? fmt::format("{}-{}", kind, ++count_) : fmt::format("{}-{}/x", kind, ++count_);
  }
  void remove_one() {
    auto names = split(runs_.origin.run({"for-each-ref", "--format=%(refname)"}), '\n');
    auto name = names[pick(static_cast<unsigned>(names.size()))];
    if (name == runs_.origin.run({"rev-parse", "--symbolic-full-name", "HEAD"})) return;
    run({"update-ref", "-d", name});
    // What was a name may become a folder of names, and the other way round.
    auto parent = name.substr(0, name.rfind('/'));
    if (name.ends_with("/x"))
      run({"update-ref", parent, "HEAD"}, true);
    else
      run({"update-ref", name + "/x", "HEAD"}, true);
  }

  Runs& runs_;
  std::mt19937 random_;
  std::vector<std::string> commits_;
  unsigned count_ = 0;
};

}  // namespace

TEST_CASE("any history comes back whole after any number of runs") {
  auto seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u);
  CAPTURE(seed);
  Runs runs;
  Changes changes(runs, seed);
  for (unsigned run = 0; run < 6; ++run) {
    CAPTURE(run);
    for (unsigned i = changes.pick(6); i > 0; --i) changes.one();
    if (changes.pick(4) == 0) runs.lose_cache();
    runs.back_up();
    if (run % 2 == 1) runs.check_restore();
    CHECK(runs.back_up().unchanged);
  }
}
