// What follows the create of a thing: git data, further requests, the second pass.
#include <fmt/format.h>

#include "engine/request.h"
#include "restore/work.h"

namespace probackup {
namespace {

using nlohmann::json;

}  // namespace

void RestoreMaker::send_one(Work& work, const WriteModel& write, const Scope& names,
                            const std::string& say) {
  std::string reason;
  try {
    WriteAnswer answer = sender_.send(write, names, work.owner(), false, {}, work.stop);
    if (answer.kind == WriteAnswer::Kind::good) return;
    const int status = answer.response.status;
    const bool is_gone = write.request.method == "DELETE" && (status == 404 || status == 410);
    if (is_gone) return;  // it was sent before
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

// False when the thing is lost without its git data.
bool RestoreMaker::push_git(Work& work, const GitModel& git, const Scope& names) {
  std::optional<GitTarget> target = evaluated([&]() -> std::optional<GitTarget> {
    if (git.when && !git.when->holds(names)) return std::nullopt;
    GitTarget out{git.id.text(names), git.url.text(names), {}, git.replace};
    if (out.id.empty() || out.url.empty()) return std::nullopt;
    if (parts_.context.own_host(out.url))
      out.authorization = git_authorization(git, parts_.context, names);
    return out;
  });
  if (!target) return true;
  try {
    parts_.source.push_git(*target, work.stop);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    if (!git.lost.empty()) {
      lose(work, fmt::format("{} ({})", git.lost, error.what()));
      return false;
    }
    if (!git.missing_is_empty)
      work.note(fmt::format("its git data is missing: {}", error.what()));
    else
      work.note(fmt::format("git data {} was not taken: {}", target->id, error.what()));
  }
  return true;
}

void RestoreMaker::follow(Work& work, const Scope& names) {
  for (const auto& loss : work.step.without)
    if (evaluated([&] { return loss.when.holds(names); }))
      work.note(std::string(without_note) + loss.say);
  for (const auto& git : work.step.git)
    if (!push_git(work, git, names)) return;
  for (const auto& model : work.step.then) send_follow_up(work, model, names);
  for (const auto& note : refs_.notes()) work.note(note);
  bool more = !work.step.finish.empty() || work.entry.relink;
  put(work, work.unsettled ? State::made : more ? State::done : State::finished);
}

bool RestoreMaker::finish(const StepModel& step, RestoreItem& item, std::stop_token stop) {
  auto known = parts_.journal.find(step.make, item.old_id());
  if (!known || known->state != State::done) return true;
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
  return !work.unsettled;
}

}  // namespace probackup
