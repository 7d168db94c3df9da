#include "job/restore_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "job/manifest.h"
#include "job/restore_saved.h"
#include "job/restore_wishes.h"
#include "probackup/error.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t gaps_named_max = 20;

std::string major_of(const std::string& version) {
  return version.substr(0, version.find('.'));
}

std::string gap_note(const Gap& gap) {
  std::string where = gap.stream;
  if (!gap.key.empty()) where += "/" + gap.key;
  if (!gap.file.empty()) where += " file " + gap.file;
  return fmt::format("not in the snapshot: {}: {}", where.empty() ? "the account" : where,
                     gap.reason);
}

}  // namespace

std::vector<std::string> check_restore(SnapshotReader& reader, const RestoreTarget& target) {
  SourceRef source = reader.source();
  std::string id = reader.snapshot().id.short_hex();
  if (source.app != target.source.app)
    throw Error(ErrorKind::usage,
                fmt::format("snapshot {} is of {}, and the target is {}", id, source.text(),
                            target.source.text()),
                "restore into an account of the same app, or write files with --target FOLDER");
  auto manifest = Manifest::parse(reader.manifest_text());
  const std::string& now = target.connector.version();
  if (major_of(manifest.connector) != major_of(now))
    throw Error(fmt::format("snapshot {} was made with version {} of the connector {}, and this is "
                            "version {}",
                            id, manifest.connector, source.app, now),
                "give a folder with the connector file of that version by --connectors FOLDER");
  std::vector<std::string> notes;
  if (manifest.connector != now)
    notes.push_back(
        fmt::format("the snapshot was made with version {} of the connector, and is "
                    "restored with version {}",
                    manifest.connector, now));
  if (manifest.partial)
    notes.emplace_back("the snapshot is partial: its run broke off, so more may be missing");
  auto gaps = reader.gaps();
  for (std::size_t i = 0; i < gaps.size() && i < gaps_named_max; ++i)
    notes.push_back(gap_note(gaps[i]));
  if (gaps.size() > gaps_named_max)
    notes.push_back(fmt::format("not in the snapshot: {} more, see `probackup list gaps {}`",
                                format_count(gaps.size() - gaps_named_max), id));
  return notes;
}

// Whether all that is missing is what the connector says it will be.
static bool is_declared(const std::vector<std::string>& reasons) {
  return std::all_of(reasons.begin(), reasons.end(),
                     [](const std::string& reason) { return reason.starts_with(without_note); });
}

void add_journal(RestoreJournal& journal, RestoreReport& report) {
  using State = JournalEntry::State;
  std::map<std::string, std::size_t> places;
  journal.each("", [&](const JournalEntry& entry) {
    auto [place, is_new] = places.try_emplace(entry.kind, report.kinds.size());
    if (is_new) report.kinds.push_back({.kind = entry.kind});
    auto& kind = report.kinds[place->second];
    const char* what = nullptr;
    auto reasons = entry.notes;
    switch (entry.state) {
      case State::lost:
        ++kind.lost, what = "lost";
        break;
      case State::failed:
        if (reasons.empty())
          reasons.emplace_back("not made yet: it waits for its turn, or another");
        ++kind.failed, what = "failed";
        break;
      case State::sent:
        reasons.emplace_back("it was sent, and the answer is not known yet");
        [[fallthrough]];
      case State::uncertain:
        ++kind.uncertain, what = "uncertain";
        break;
      case State::made:
      case State::done:
        reasons.emplace_back("not all of it is done yet");
        [[fallthrough]];
      case State::finished:
        ++(entry.adopted ? kind.adopted : kind.made);
        if (reasons.empty()) break;
        if (is_declared(reasons))
          ++kind.lacking, what = "lacking";
        else
          ++kind.incomplete, what = "incomplete";
        break;
    }
    if (what)
      report.problems.push_back(
          {entry.kind, entry.old_id, entry.title, entry.new_id, what, std::move(reasons)});
    return true;
  });
}

RestoreOptions restore_options(const RestoreTarget& target, const RestoreWishes& wishes,
                               const SourceRef& source) {
  RestoreOptions out;
  out.account = target.source.account;
  out.settings = target.settings;
  out.tokens = target.tokens;
  out.target = wishes.target;
  out.known = wishes.known;
  out.conflict = wishes.conflict;
  out.same_account = source == target.source;
  out.notify = wishes.notify;
  out.wait_max = target.wait_max;
  return out;
}

RestoreRun::RestoreRun(const JobContext& context, const RestoreTarget& target,
                       const Snapshot& snapshot, const RestoreWishes& wishes,
                       CatalogRestore restore)
    : context_(context),
      target_(target),
      wishes_(wishes),
      lock_(std::in_place, context.repository, false, context.clock),
      source_(context.repository, snapshot, wishes.choice, listed_below(target.connector),
              target.local_git),
      notes_(check_restore(source_.reader(), target)),
      options_(restore_options(target, wishes, source_.reader().source())),
      restore_(std::move(restore)),
      requests_before_(restore_.requests) {
  if (restore_.id.empty()) begin(snapshot);
  options_.id = restore_.id;
  journal_ = context.catalog.open_journal(restore_.id, JournalUse::write);
  engine_ = std::make_unique<RestoreEngine>(target.connector, options_, source_, *journal_,
                                            target.http, context.clock);
  engine_->on_progress([this](const RestoreProgress& progress) {
    requests_ = std::max(requests_, progress.requests);
    if (target_.progress) target_.progress(progress);
  });
  restore_.state = "running";
  restore_.message.clear();
  restore_.ended.reset();
  restore_.paused_until.reset();
  context.catalog.update_restore(restore_);
  claim();
}

// From now on this catalog alone knows what was made: others that read the repository must know
// that.
void RestoreRun::claim() {
  try {
    save_restore(context_, restore_);
  } catch (const Error& error) {
    log_verbose(fmt::format("restore {} is not written down in the repository yet: {}", restore_.id,
                            error.what()));
  }
}

void RestoreRun::begin(const Snapshot& snapshot) {
  {
    // Throws what the engine has against the wishes before anything is begun.
    auto nowhere = Catalog::open(":memory:", context_.repository.id());
    auto journal = nowhere->open_journal(nowhere->begin_restore({}), JournalUse::read);
    RestoreEngine(target_.connector, options_, source_, *journal, target_.http, context_.clock);
  }
  restore_.snapshot = snapshot.id;
  restore_.source = source_.reader().source();
  restore_.target = target_.source;
  restore_.choice = print_choice(wishes_.choice);
  restore_.options = print_options(wishes_);
  restore_.started = context_.clock.now();
  restore_.id = context_.catalog.begin_restore(restore_);
}

RestoreReport RestoreRun::go(std::stop_token stop) {
  RestoreOutcome outcome;
  try {
    lossy_ = engine_->plan().lossy;
    outcome = engine_->run(stop);
  } catch (...) {
    break_off(std::current_exception());
    throw;
  }
  requests_ = std::max(requests_, outcome.requests);
  restore_.paused_until = outcome.paused_until;
  RestoreReport counts;
  add_journal(*journal_, counts);
  if (outcome.paused_until)
    end("paused", outcome.paused_why);
  else
    end(counts.problems.empty() ? "done" : "gaps", "");
  save(notes_);
  return report();
}

// The first failure is the one to tell.
void RestoreRun::break_off(std::exception_ptr failure) {
  try {
    std::string state = "failed", message;
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) state = "interrupted";
      message = redact(error.what());
    } catch (const std::exception& error) {
      message = redact(error.what());
    }
    end(state, message);
    save(notes_);
    if (target_.partial) target_.partial(report());
  } catch (const std::exception& error) {
    log_warning(fmt::format("restore {}: {}", restore_.id, error.what()));
  }
}

void RestoreRun::end(const std::string& state, const std::string& message) {
  restore_.state = state;
  restore_.message = message;
  restore_.requests = requests_before_ + requests_;
  restore_.ended = context_.clock.now();
  context_.catalog.update_restore(restore_);
}

void RestoreRun::save(std::vector<std::string>& notes) {
  try {
    if (!lock_) lock_.emplace(context_.repository, false, context_.clock);
    Id id = save_restore(context_, restore_);
    lock_.reset();
    remove_earlier_saves(context_, restore_, id);
  } catch (const Error& error) {
    // The catalog has it; only who loses that as well makes things twice.
    notes.push_back(fmt::format("the journal is not saved into the repository: {}", error.what()));
    log_warning(notes.back());
  }
}

std::vector<std::string> RestoreRun::remove_made(std::stop_token stop) {
  auto left = engine_->remove_made(stop);
  end("removed", left.empty() ? "" : fmt::format("{} things stay", format_count(left.size())));
  save(notes_);
  return left;
}

RestoreReport RestoreRun::report() {
  RestoreReport out;
  out.restore = restore_;
  add_journal(*journal_, out);
  out.notes = notes_;
  const auto& git = source_.git_notes();
  out.notes.insert(out.notes.end(), git.begin(), git.end());
  out.lossy = lossy_;
  return out;
}

}  // namespace probackup
