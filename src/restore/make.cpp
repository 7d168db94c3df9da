#include "restore/make.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/answer.h"
#include "engine/request.h"
#include "expr/expr_node.h"
#include "restore/work.h"
#include "util/time.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr unsigned tries_max = 4;  // of a create that brings no clear answer
constexpr auto settle_first = 2s;  // until the app shows what it made, doubled each time
constexpr auto clock_slack = 5s;   // between the app's clock and what its headers say

bool is_there(JournalEntry::State state) {
  using State = JournalEntry::State;
  return state == State::made || state == State::done || state == State::finished;
}

}  // namespace

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
    last_trouble_ = error.what();
    const bool is_waiting =
        refs_.met_unsettled() || dynamic_cast<const UnsettledError*>(&error) != nullptr;
    if (!is_waiting || work.unknown) work.note(error.what());
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
  if (!work.unknown && (is_declared_lost(work) || keep_original(work) || keep_inside(work) ||
                        take_found(work) || take_claimed(work)))
    return;
  if (!work.step.missing.empty()) return lose(work, work.step.missing);
  if (!work.step.instead.empty()) {
    work.instead = instead_of(work, nullptr);
    if (work.instead && !work.instead->write) return lose(work, work.instead->say);
  }
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
  for (const auto& also : work.step.also) {
    if (also.old_id) continue;
    put_in_map(also.map, work.entry.old_id, evaluated([&] {
                 return look_ups_.value_of(work.step.make, work.item.old_id(), also.new_id);
               }));
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
    if (old_id.empty()) continue;
    const bool is_known = evaluated([&] { return refs_.ref(old_id, parent.of).has_value(); });
    if (is_known || parent.optional) continue;
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
    if (known->state == State::sent && !model.find)
      throw ItemError("whether a place for such things was made is not known");
  }
  if (model.find) {
    auto hit = look_ups_.first(*model.find, work.item.scope(), false, work.stop,
                               [](const std::string&) { return true; });
    if (hit) {
      place.new_id = hit->id;
      place.state = State::finished;
      place.adopted = true;
      parts_.journal.put(place);
      return place.new_id;
    }
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
  const std::string why = "no place for such things could be made: " + answer.reason;
  if (answer.kind == WriteAnswer::Kind::unknown) throw UnsettledError(why);
  if (answer.kind == WriteAnswer::Kind::refused) throw ItemError(why);
  AnswerNames names(work.item.scope(), answer.response, true);
  place.new_id = evaluated([&] { return model.new_id.text(names.scope()); });
  if (place.new_id.empty()) throw ItemError("the answer names no place for such things");
  place.state = State::finished;
  parts_.journal.put(place);
  return place.new_id;
}

// Where nothing tells whether it is there: what belongs to a thing that was kept is not made again.
bool RestoreMaker::keep_inside(Work& work) {
  const RestoreOptions& options = parts_.options;
  if (!options.same_account || options.conflict == Conflict::copy || work.step.exists) return false;
  const bool sets_values = work.step.repeatable && work.step.git.empty();
  if (options.conflict == Conflict::replace && sets_values) return false;
  auto is_kept = [&](const std::string& kind, const std::string& old_id) {
    const StepModel* step = parts_.model.step(kind);
    auto entry = parts_.journal.find(kind, old_id);
    return step && step->exists && entry && entry->adopted && entry->new_id == old_id;
  };
  for (const auto& parent : work.step.parents) {
    const std::string old_id = evaluated([&] { return parent.id.text(work.item.scope()); });
    for (const auto& kind : parent.of) {
      if (!is_kept(kind, old_id)) continue;
      work.entry.adopted = true;
      work.entry.new_id = work.item.old_id();
      work.entry.new_url = work.entry.old_url;
      work.note("belongs to what is still there: kept as it is");
      put(work, State::finished);
      return true;
    }
  }
  return false;
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
  for (const auto& model : work.step.before) work.item.set(model.as, json::array());
  for (const auto& model : work.step.before) {
    json list = json::array({nullptr});
    json given = json::array();
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
      given.push_back(evaluated([&] { return model.give.evaluate(with_answer.scope()); }));
    }
    work.item.set(model.as, std::move(given));
  }
}

void RestoreMaker::create(Work& work) {
  RestoreSender::Watch watch;
  watch.sending = [&] {
    if (work.entry.sent == Time{}) work.entry.sent = parts_.fetcher.server_now();
    // Known only now, if the answer is lost and what its text leads to is there before it is found.
    work.entry.relink |= refs_.met_pending() && work.step.relink;
    put(work, State::sent);
    work.unknown = true;
  };
  watch.refused = [&] {
    work.entry.relink = false;
    put(work, State::failed);
    work.unknown = false;
  };
  for (unsigned tries = 1;; ++tries) {
    if (work.unknown && settle_unknown(work)) return;
    WriteAnswer answer = sender_.send(work.create(), work.item.scope(), work.owner(),
                                      !work.step.repeatable, watch, work.stop);
    if (answer.kind == WriteAnswer::Kind::good) {
      AnswerNames names(work.item.scope(), answer.response, true);
      return take_answer(work, *names.scope().find("body"), &answer.response);
    }
    if (answer.kind == WriteAnswer::Kind::refused) {
      const InsteadModel* other = work.instead ? nullptr : instead_of(work, &answer.response);
      if (other && !other->write) return lose(work, other->say);
      if (!other) {
        work.note(answer.reason);
        return put(work, State::failed);
      }
      work.instead = other;
      tries = 0;
      continue;
    }
    if (tries == tries_max) {
      const int status = answer.response.status;
      const bool says_no = status >= 400 && status < 500 && status != 408;
      if (!says_no) throw UnsettledError(answer.reason);
      work.unknown = false;
      throw ItemError(answer.reason);
    }
    if (!parts_.clock.sleep(settle_first * (1 << (tries - 1)), work.stop))
      throw Error(ErrorKind::interrupted, "interrupted");
  }
}

// Which other create makes the thing: before the step's own was sent, or when it was refused.
const InsteadModel* RestoreMaker::instead_of(Work& work, const HttpResponse* refusal) {
  std::optional<AnswerNames> answer;
  Names names(&work.item.scope());
  if (refusal)
    answer.emplace(work.item.scope(), *refusal, true);
  else
    for (const char* name : {"status", "headers", "body"}) names.set(name, nullptr);
  const Scope& scope = answer ? answer->scope() : names.scope();
  for (const auto& instead : work.step.instead)
    if (evaluated([&] { return instead.when.holds(scope); })) return &instead;
  return nullptr;
}

// What a create made, if it is there and not the thing of another entry.
std::optional<Hit> RestoreMaker::look_for(Work& work, const LookUpModel& confirm) {
  Names names(&work.item.scope());
  names.set("sent", format_rfc3339_seconds(work.entry.sent - clock_slack));
  return look_ups_.first(confirm, names.scope(), false, work.stop, [&](const std::string& id) {
    return !parts_.journal.has_new(work.step.make, id) && !refs_.is_original(work.step.make, id);
  });
}

// Finds out whether a create that was sent came about. True when nothing is to be sent again.
bool RestoreMaker::settle_unknown(Work& work) {
  if (work.step.repeatable) return false;
  // An earlier run may have sent the one create or, when it was refused, another.
  std::vector<const InsteadModel*> sent{work.instead};
  if (!work.instead)
    for (const auto& instead : work.step.instead)
      if (instead.write && instead.confirm) sent.push_back(&instead);
  bool was_asked = false;
  for (const InsteadModel* instead : sent) {
    const auto& confirm = instead && instead->confirm ? instead->confirm : work.step.confirm;
    if (!confirm) continue;
    was_asked = true;
    auto hit = look_for(work, *confirm);
    if (!hit) continue;
    work.instead = instead;
    if (!work.step.new_id) work.entry.new_id = hit->id;
    take_answer(work, hit->body, nullptr);
    return true;
  }
  if (was_asked) {
    if (work.step.leftover) remove_leftovers(work, *work.step.leftover);
    return false;
  }
  work.note("whether it was made is not known: look for it in the app");
  put(work, State::uncertain);
  return true;
}

// Throws ItemError when one stays: the next create would stumble over it.
void RestoreMaker::remove_leftovers(Work& work, const LeftoverModel& model) {
  const Scope& names = work.item.scope();
  look_ups_.list(model.look_up, names, false, work.stop, [&](const json& found) {
    Names with_found(&names);
    with_found.set("found", found);
    const auto& where = model.look_up.where;
    if (where && !evaluated([&] { return where->holds(with_found.scope()); })) return true;
    WriteAnswer answer =
        sender_.send(model.remove, with_found.scope(), work.owner(), false, {}, work.stop);
    const bool is_gone = answer.kind == WriteAnswer::Kind::good || answer.response.status == 404;
    if (is_gone) return true;
    if (answer.kind == WriteAnswer::Kind::unknown) throw UnsettledError(answer.reason);
    throw ItemError("what an earlier try left behind stays: " + answer.reason);
  });
}

void RestoreMaker::take_answer(Work& work, const json& body, const HttpResponse* response) {
  json headers = json::object();
  if (response)
    for (const auto& [name, value] : response->headers) headers[name] = value;
  Names names(&work.item.scope());
  names.set("status", response ? response->status : 200);
  names.set("headers", headers);
  names.set("body", body);
  if (work.new_id()) {
    work.entry.new_id = evaluated([&] { return work.new_id()->text(names.scope()); });
    if (work.entry.new_id.empty()) throw ItemError("the answer does not say what was made");
  }
  if (response && work.step.learn_id && !work.instead) {
    auto hit = look_for(work, *work.step.confirm);
    if (!hit) throw ItemError("the app does not show what was made");
    work.entry.new_id = hit->id;
  }
  names.set("new", new_names(work.entry));
  if (work.step.new_url)
    work.entry.new_url = evaluated([&] { return work.step.new_url->text(names.scope()); });
  Names all(&names.scope());
  all.set("new", new_names(work.entry));
  work.entry.relink |= refs_.met_pending() && work.step.relink;
  for (const auto& note : refs_.notes()) work.note(note);
  if (work.instead && !work.instead->say.empty())
    work.note(std::string(without_note) + work.instead->say);
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
      evaluated([&] {
        put_in_map(also.map, also.old_id ? also.old_id->text(with_item.scope()) : work.entry.old_id,
                   also.new_id.text(with_item.scope()));
      });
    }
  }
}

void RestoreMaker::put_in_map(const std::string& map, const std::string& old_id,
                              const std::string& new_id) {
  if (old_id.empty() || new_id.empty()) return;
  JournalEntry entry;
  entry.kind = map;
  entry.old_id = old_id;
  entry.new_id = new_id;
  entry.state = State::finished;
  entry.adopted = true;  // it goes with the thing that it is a part of
  parts_.journal.put(entry);
}

}  // namespace probackup
