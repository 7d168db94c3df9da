#include "connector/restore_make.h"

#include <fmt/format.h>

#include <algorithm>

#include "connector/answer.h"
#include "connector/expr_node.h"
#include "connector/request.h"
#include "util/time.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr unsigned tries_max = 4;       // of a create that brings no clear answer
constexpr std::size_t notes_max = 100;  // of one thing
constexpr auto settle_first = 2s;       // until the app shows what it made, doubled each time
constexpr auto clock_slack = 5s;        // between the app's clock and what its headers say

json new_names(const JournalEntry& entry) {
  json out{{"id", entry.new_id}};
  if (!entry.new_url.empty()) out["url"] = entry.new_url;
  return out;
}

bool is_there(JournalEntry::State state) {
  using State = JournalEntry::State;
  return state == State::made || state == State::done || state == State::finished;
}

}  // namespace

struct RestoreMaker::Work {
  const StepModel& step;
  RestoreItem& item;
  std::stop_token stop;
  JournalEntry entry;
  bool unknown = false;    // a create may have come about
  bool unsettled = false;  // a follow-up request got no answer: it is sent again another time

  RestoreSender::Owner owner() const { return {step.from, item.record().key}; }
  void note(const std::string& text) {
    auto& notes = entry.notes;
    bool known = std::find(notes.begin(), notes.end(), text) != notes.end();
    if (!known && notes.size() < notes_max) notes.push_back(text);
  }
};

void RestoreMaker::put(Work& work, State state) {
  work.entry.state = state;
  parts_.journal.put(work.entry);
}

void RestoreMaker::lose(Work& work, const std::string& reason) {
  work.note(reason);
  put(work, State::lost);
}

void RestoreMaker::note_broken(const StepModel& step, const StepItems::Broken& broken) {
  JournalEntry entry;
  entry.kind = step.make;
  entry.old_id = broken.key;
  if (auto known = parts_.journal.find(entry.kind, entry.old_id); known && is_there(known->state))
    return;
  entry.state = State::failed;
  entry.notes = {broken.reason};
  parts_.journal.put(entry);
}

JournalEntry RestoreMaker::make(const StepModel& step, RestoreItem& item, std::stop_token stop) {
  Work work{step, item, stop, {}};
  work.entry.kind = step.make;
  work.entry.old_id = item.old_id();
  auto known = parts_.journal.find(step.make, item.old_id());
  if (known) {
    if (known->state == State::done || known->state == State::finished ||
        known->state == State::uncertain)
      return *known;
    work.entry = *known;
    work.unknown = known->state == State::sent;
  }
  if (!known || !is_there(known->state)) {
    work.entry.notes.clear();
    work.entry.title = item.title();
    work.entry.old_url = item.old_url();
  }
  refs_.begin_item();
  try {
    start(work);
  } catch (const ItemError& error) {
    const bool is_settled =
        !refs_.met_unsettled() && dynamic_cast<const UnsettledError*>(&error) == nullptr;
    if (is_settled) work.note(error.what());
    // What is there is never made again, and whether a create that was sent came about is still to
    // be found out.
    if (is_there(work.entry.state))
      put(work, work.entry.state);
    else
      put(work, work.unknown ? State::sent : State::failed);
  }
  return work.entry;
}

void RestoreMaker::start(Work& work) {
  if (!find_places(work)) return;
  set_note(work);
  if (is_there(work.entry.state)) {
    Names names(&work.item.scope());
    for (const char* name : {"status", "headers", "body"}) names.set(name, nullptr);
    names.set("new", new_names(work.entry));
    return follow(work, names.scope());
  }
  if (!work.unknown &&
      (is_declared_lost(work) || keep_original(work) || take_found(work) || take_claimed(work)))
    return;
  if (!work.step.missing.empty()) return lose(work, work.step.missing);
  run_before(work);
  create(work);
}

bool RestoreMaker::is_declared_lost(Work& work) {
  for (const auto& loss : work.step.lost) {
    if (!evaluated([&] { return loss.when.holds(work.item.scope()); })) continue;
    lose(work, loss.say);
    return true;
  }
  return false;
}

bool RestoreMaker::keep_original(Work& work) {
  const RestoreOptions& options = parts_.options;
  if (!options.same_account || options.conflict == Conflict::copy || !work.step.exists)
    return false;
  if (!look_ups_.exists(work.step.make, *work.step.exists, work.item.old_id(), work.stop))
    return false;
  work.entry.adopted = true;
  work.entry.new_id = work.item.old_id();
  work.entry.new_url = work.entry.old_url;
  if (options.conflict == Conflict::replace && work.step.update) {
    Names names(&work.item.scope());
    names.set("new", new_names(work.entry));
    send_one(work, *work.step.update, names.scope(), "what it was at the time");
    work.note("is still there: its values were set");
  } else {
    work.note("is still there: kept as it is");
  }
  put(work, State::finished);
  return true;
}

void RestoreMaker::set_note(Work& work) {
  if (!parts_.model.note) return;
  work.item.set("note", evaluated([&] { return parts_.model.note->evaluate(work.item.scope()); }));
}

// Sees to it that everything that the thing cannot be without is there. Loses it otherwise, and
// gives false then.
bool RestoreMaker::find_places(Work& work) {
  const bool may_be_lost = !work.unknown && !is_there(work.entry.state);
  for (const auto& parent : work.step.parents) {
    std::string old_id = evaluated([&] { return parent.id.text(work.item.scope()); });
    if (old_id.empty() || refs_.ref(old_id, parent.of)) continue;
    const std::string what = fmt::format("{} {}, which it belongs to,", parent.of.front(), old_id);
    if (parent.stand_in) {
      refs_.alias(parent.of.front(), old_id, stand_in(work, parent));
      work.note(parent.stand_in->say.empty()
                    ? what + " is not in the target, or closed: put into a place for such things"
                    : std::string(without_note) + parent.stand_in->say);
    } else if (may_be_lost) {
      lose(work, what + " is not in the target, or closed");
      return false;
    }
  }
  return true;
}

std::string RestoreMaker::stand_in(Work& work, const ParentModel& parent) {
  const StandInModel& model = *parent.stand_in;
  JournalEntry place;
  place.kind = parent.of.front();
  place.old_id = evaluated([&] { return "stand-in/" + model.id.text(work.item.scope()); });
  place.title = "a place for restored items";
  if (auto known = parts_.journal.find(place.kind, place.old_id)) {
    if (is_there(known->state)) return known->new_id;
    if (known->state == State::sent)
      throw ItemError("whether a place for such things was made is not known");
  }
  RestoreSender::Watch watch;
  watch.sending = [&] {
    place.state = State::sent;
    place.sent = parts_.fetcher.server_now();
    parts_.journal.put(place);
  };
  watch.refused = [&] {
    place.state = State::failed;
    parts_.journal.put(place);
  };
  WriteAnswer answer =
      sender_.send(model.write, work.item.scope(), work.owner(), true, watch, work.stop);
  if (answer.kind != WriteAnswer::Kind::good)
    throw ItemError("no place for such things could be made: " + answer.reason);
  AnswerNames names(work.item.scope(), answer.response, true);
  place.new_id = evaluated([&] { return model.new_id.text(names.scope()); });
  if (place.new_id.empty()) throw ItemError("the answer names no place for such things");
  place.state = State::finished;
  parts_.journal.put(place);
  return place.new_id;
}

bool RestoreMaker::take_found(Work& work) {
  if (!work.step.find) return false;
  auto hit = look_ups_.first(*work.step.find, work.item.scope(), true, work.stop,
                             [](const std::string&) { return true; });
  if (!hit) return false;
  work.entry.adopted = true;
  work.entry.new_id = hit->id;
  Names names(&work.item.scope());
  names.set("status", 200);
  names.set("headers", json::object());
  names.set("body", hit->body);
  names.set("new", new_names(work.entry));
  if (work.step.new_url)
    work.entry.new_url = evaluated([&] { return work.step.new_url->text(names.scope()); });
  put_also(work, names.scope());
  put(work, State::finished);
  return true;
}

// Takes what the app made by itself inside of a parent that this restore made.
bool RestoreMaker::take_claimed(Work& work) {
  if (!work.step.claim) return false;
  const ParentModel& parent = work.step.parents.front();
  const std::string id = evaluated([&] { return parent.id.text(work.item.scope()); });
  bool is_ours = false;
  for (const auto& kind : parent.of)
    if (auto entry = parts_.journal.find(kind, id)) is_ours = is_ours || !entry->adopted;
  if (!is_ours) return false;
  auto hit = look_ups_.first(
      *work.step.claim, work.item.scope(), true, work.stop,
      [&](const std::string& found) { return !parts_.journal.has_new(work.step.make, found); });
  if (!hit) return false;
  take_answer(work, hit->body, nullptr);
  return true;
}

void RestoreMaker::run_before(Work& work) {
  std::map<std::string, json> given;
  for (const auto& model : work.step.before) given.emplace(model.as, json::array());
  for (const auto& model : work.step.before) {
    json list = json::array({nullptr});
    if (model.each) list = evaluated([&] { return model.each->evaluate(work.item.scope()); });
    if (!list.is_array()) continue;
    for (const json& element : list) {
      Names names(&work.item.scope());
      if (model.each) {
        if (const json* outer = work.item.scope().find("item")) names.set("outer", *outer);
        names.set("item", element);
      }
      if (model.when && !evaluated([&] { return model.when->holds(names.scope()); })) continue;
      WriteAnswer answer;
      try {
        answer = sender_.send(model.write, names.scope(), work.owner(), false, {}, work.stop);
      } catch (const ItemError& error) {
        work.note(error.what());  // an attachment that is not in the snapshot
        continue;
      }
      if (answer.kind == WriteAnswer::Kind::unknown) throw UnsettledError(answer.reason);
      if (answer.kind == WriteAnswer::Kind::refused) throw ItemError(answer.reason);
      AnswerNames with_answer(names.scope(), answer.response, true);
      given[model.as].push_back(
          evaluated([&] { return model.give.evaluate(with_answer.scope()); }));
    }
  }
  for (auto& [name, value] : given) work.item.set(name, std::move(value));
}

void RestoreMaker::create(Work& work) {
  RestoreSender::Watch watch;
  watch.sending = [&] {
    if (work.entry.sent == Time{}) work.entry.sent = parts_.fetcher.server_now();
    put(work, State::sent);
    work.unknown = true;
  };
  watch.refused = [&] {
    put(work, State::failed);
    work.unknown = false;
  };
  for (unsigned tries = 1;; ++tries) {
    if (work.unknown && settle_unknown(work)) return;
    WriteAnswer answer = sender_.send(work.step.create, work.item.scope(), work.owner(),
                                      !work.step.repeatable, watch, work.stop);
    if (answer.kind == WriteAnswer::Kind::good) {
      AnswerNames names(work.item.scope(), answer.response, true);
      return take_answer(work, *names.scope().find("body"), &answer.response);
    }
    if (answer.kind == WriteAnswer::Kind::refused) {
      work.note(answer.reason);
      return put(work, State::failed);
    }
    if (tries == tries_max) throw ItemError(answer.reason);
    if (!parts_.clock.sleep(settle_first * (1 << (tries - 1)), work.stop))
      throw Error(ErrorKind::interrupted, "interrupted");
  }
}

// What a create made, if it is there and not the thing of another entry.
std::optional<Hit> RestoreMaker::look_for(Work& work) {
  Names names(&work.item.scope());
  names.set("sent", format_rfc3339_seconds(work.entry.sent - clock_slack));
  return look_ups_.first(*work.step.confirm, names.scope(), false, work.stop,
                         [&](const std::string& id) {
                           return !parts_.journal.has_new(work.step.make, id) &&
                                  !refs_.is_original(work.step.make, id);
                         });
}

// Finds out whether a create that was sent came about. True when nothing is to be sent again.
bool RestoreMaker::settle_unknown(Work& work) {
  if (work.step.repeatable) return false;
  if (!work.step.confirm) {
    work.note("whether it was made is not known: look for it in the app");
    put(work, State::uncertain);
    return true;
  }
  auto hit = look_for(work);
  if (!hit) return false;
  if (!work.step.new_id) work.entry.new_id = hit->id;
  take_answer(work, hit->body, nullptr);
  return true;
}

void RestoreMaker::take_answer(Work& work, const json& body, const HttpResponse* response) {
  json headers = json::object();
  if (response)
    for (const auto& [name, value] : response->headers) headers[name] = value;
  Names names(&work.item.scope());
  names.set("status", response ? response->status : 200);
  names.set("headers", headers);
  names.set("body", body);
  if (work.step.new_id) {
    work.entry.new_id = evaluated([&] { return work.step.new_id->text(names.scope()); });
    if (work.entry.new_id.empty()) throw ItemError("the answer does not say what was made");
  }
  if (response && work.step.learn_id) {
    auto hit = look_for(work);
    if (!hit) throw ItemError("the app does not show what was made");
    work.entry.new_id = hit->id;
  }
  names.set("new", new_names(work.entry));
  if (work.step.new_url)
    work.entry.new_url = evaluated([&] { return work.step.new_url->text(names.scope()); });
  Names all(&names.scope());
  all.set("new", new_names(work.entry));
  work.entry.relink = refs_.met_pending() && work.step.relink.has_value();
  for (const auto& note : refs_.notes()) work.note(note);
  put(work, State::made);
  put_also(work, all.scope());
  follow(work, all.scope());
}

void RestoreMaker::put_also(Work& work, const Scope& names) {
  for (const auto& also : work.step.also) {
    json list = json::array({nullptr});
    if (also.each) list = evaluated([&] { return also.each->evaluate(names); });
    if (!list.is_array()) continue;
    for (const json& element : list) {
      Names with_item(&names);
      if (also.each) with_item.set("item", element);
      JournalEntry entry;
      entry.kind = also.map;
      entry.old_id = evaluated([&] { return also.old_id.text(with_item.scope()); });
      entry.new_id = evaluated([&] { return also.new_id.text(with_item.scope()); });
      entry.state = State::finished;
      entry.adopted = true;  // it goes with the thing that it is a part of
      if (!entry.old_id.empty() && !entry.new_id.empty()) parts_.journal.put(entry);
    }
  }
}

void RestoreMaker::send_one(Work& work, const WriteModel& write, const Scope& names,
                            const std::string& say) {
  std::string reason;
  try {
    WriteAnswer answer = sender_.send(write, names, work.owner(), false, {}, work.stop);
    if (answer.kind == WriteAnswer::Kind::good) return;
    if (answer.kind == WriteAnswer::Kind::unknown) {
      work.unsettled = true;
      return;
    }
    reason = answer.reason;
  } catch (const ItemError& error) {
    reason = error.what();
  }
  work.note(fmt::format("{} is missing: {}", say.empty() ? "a part of it" : say, reason));
}

void RestoreMaker::send_follow_up(Work& work, const FollowUpModel& model, const Scope& names) {
  json list = json::array({nullptr});
  if (model.each) list = evaluated([&] { return model.each->evaluate(names); });
  if (!list.is_array()) return;
  for (const json& element : list) {
    Names with_item(&names);
    if (model.each) {
      if (const json* outer = names.find("item")) with_item.set("outer", *outer);
      with_item.set("item", element);
    }
    if (model.when && !evaluated([&] { return model.when->holds(with_item.scope()); })) continue;
    send_one(work, model.write, with_item.scope(), model.say);
  }
}

void RestoreMaker::push_git(Work& work, const GitModel& git, const Scope& names) {
  std::optional<GitTarget> target = evaluated([&]() -> std::optional<GitTarget> {
    if (git.when && !git.when->holds(names)) return std::nullopt;
    GitTarget out{git.id.text(names), git.url.text(names), {}};
    if (out.id.empty() || out.url.empty()) return std::nullopt;
    if (parts_.context.own_host(out.url))
      out.authorization = git_authorization(git, parts_.context, names);
    return out;
  });
  if (!target) return;
  try {
    parts_.source.push_git(*target, work.stop);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    if (!git.missing_is_empty)
      work.note(fmt::format("its git data is missing: {}", error.what()));
    else
      work.note(fmt::format("git data {} was not taken: {}", target->id, error.what()));
  }
}

void RestoreMaker::follow(Work& work, const Scope& names) {
  for (const auto& loss : work.step.without)
    if (evaluated([&] { return loss.when.holds(names); }))
      work.note(std::string(without_note) + loss.say);
  for (const auto& git : work.step.git) push_git(work, git, names);
  for (const auto& model : work.step.then) send_follow_up(work, model, names);
  for (const auto& note : refs_.notes()) work.note(note);
  bool more = !work.step.finish.empty() || work.entry.relink;
  put(work, work.unsettled ? State::made : more ? State::done : State::finished);
}

void RestoreMaker::finish(const StepModel& step, RestoreItem& item, std::stop_token stop) {
  auto known = parts_.journal.find(step.make, item.old_id());
  if (!known || known->state != State::done) return;
  Work work{step, item, stop, *known};
  refs_.begin_item();
  try {
    find_places(work);
    set_note(work);
    Names names(&item.scope());
    names.set("new", new_names(work.entry));
    if (work.entry.relink && step.relink)
      send_one(work, *step.relink, names.scope(), "the new address of what its text names");
    for (const auto& model : step.finish) send_follow_up(work, model, names.scope());
    for (const auto& note : refs_.notes()) work.note(note);
  } catch (const ItemError& error) {
    if (refs_.met_unsettled())
      work.unsettled = true;
    else
      work.note(error.what());
  }
  put(work, work.unsettled ? State::done : State::finished);
}

}  // namespace probackup
