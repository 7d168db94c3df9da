#include "restore/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "expr/expr_node.h"
#include "restore/items.h"

namespace probackup {
namespace {

using nlohmann::json;
using State = JournalEntry::State;

// How many follow-up requests there would be; one where the condition needs an answer.
std::uint64_t count_calls(const std::vector<FollowUpModel>& models, const Scope& names) {
  std::uint64_t calls = 0;
  for (const auto& model : models) {
    try {
      json list = json::array({nullptr});
      if (model.each) list = model.each->evaluate(names);
      if (!list.is_array()) continue;
      for (const json& element : list) {
        Names with_item(&names);
        if (model.each) {
          if (const json* outer = names.find("item")) with_item.set("outer", *outer);
          with_item.set("item", element);
        }
        calls += !model.when || model.when->holds(with_item.scope());
      }
    } catch (const Error&) {
      ++calls;
    }
  }
  return calls;
}

bool holds(const Expression& when, const Scope& names) {
  try {
    return when.holds(names);
  } catch (const Error&) {
    return false;  // the item fails, and says so
  }
}

class Planner {
 public:
  Planner(const Connector& connector, const RestoreParts& parts)
      : connector_(connector), parts_(parts), names_(&parts.names) {
    names_.set_references(&guess_);
    names_.set("new", {{"id", "new"}, {"url", ""}});
    for (const char* name : {"status", "headers", "body"}) names_.set(name, nullptr);
    names_.set("note", "");
  }

  RestorePlan plan() {
    RestorePlan plan;
    plan.lossy = parts_.model.lossy;
    for (const auto& step : parts_.model.steps) add(step, plan);
    note_untouched(plan);
    for (auto& kind : plan.kinds) plan.calls += kind.calls;
    plan.duration = duration_of(plan.calls);
    return plan;
  }

 private:
  void add(const StepModel& step, RestorePlan& plan) {
    const StreamModel* stream = connector_.model().stream(step.from);
    RestorePlan::Kind kind;
    kind.kind = step.make;
    kind.title = title_of(step, stream);
    std::map<std::string, std::uint64_t> losses, lacks;
    StepItems items(step, stream, names_.scope(), parts_.source);
    std::set<std::string> made;
    items.each([&](RestoreItem& item) {
      made_.insert(step.make + "/" + item.old_id());
      if (auto known = parts_.journal.find(step.make, item.old_id())) {
        bool settled = known->state == State::done || known->state == State::finished ||
                       known->state == State::uncertain;
        if (settled) return true;
      }
      if (auto why = loss_of(step, item); !why.empty()) {
        ++kind.lost;
        ++losses[why];
        return true;
      }
      for (const auto& loss : step.without)
        if (holds(loss.when, item.scope())) ++lacks[loss.say];
      const InsteadModel* instead = instead_of(step, item);
      if (instead && !instead->say.empty()) ++lacks[instead->say];
      ++kind.items;
      kind.calls += (step.missing.empty() ? 1u : 0u) + count_calls(step.before, item.scope()) +
                    count_calls(step.then, item.scope()) + count_calls(step.finish, item.scope());
      return true;
    });
    for (const auto& broken : items.broken()) {
      ++kind.lost;
      ++losses[broken.reason];
    }
    for (const auto& [reason, count] : losses) plan.losses.push_back({step.make, reason, count});
    for (const auto& [what, count] : lacks)
      plan.losses.push_back({step.make, "without " + what, count, true});
    if (kind.items + kind.lost > 0) plan.kinds.push_back(std::move(kind));
  }

  static std::string title_of(const StepModel& step, const StreamModel* stream) {
    if (!step.title.empty()) return step.title;
    return step.from == step.make && stream ? stream->title : step.make;
  }

  std::string loss_of(const StepModel& step, RestoreItem& item) {
    try {
      for (const auto& loss : step.lost)
        if (loss.when.holds(item.scope())) return loss.say;
      if (const InsteadModel* instead = instead_of(step, item); instead && !instead->write)
        return instead->say;
      if (!step.missing.empty()) return "";  // the target is not asked before the restore
      for (const auto& parent : step.parents) {
        if (parent.stand_in || parent.optional || parts_.options.same_account) continue;
        std::string id = parent.id.text(item.scope());
        if (id.empty() || is_there(parent.of, id)) continue;
        return "what it belongs to is not in the target, nor among what is restored";
      }
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  static const InsteadModel* instead_of(const StepModel& step, const RestoreItem& item) {
    for (const auto& instead : step.instead)
      if (holds(instead.when, item.scope())) return &instead;
    return nullptr;
  }

  bool is_there(const std::vector<std::string>& kinds, const std::string& id) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const std::string& kind) {
      const StepModel* step = parts_.model.step(kind);
      // What a map of `also` holds, and what is found, is known only when the answers are there.
      if (!step || step->find) return true;
      return made_.contains(kind + "/" + id) || parts_.options.known.contains(kind + "/" + id) ||
             parts_.journal.find(kind, id).has_value();
    });
  }

  void note_untouched(RestorePlan& plan) {
    std::set<std::string> used;
    for (const auto& step : parts_.model.steps) used.insert(step.from);
    if (parts_.model.people) used.insert(parts_.model.people->stream);
    for (const auto& stream : connector_.model().streams) {
      if (used.contains(stream.name)) continue;
      bool any = false;
      parts_.source.records(stream.name, [&](const RestoreRecord&) {
        any = true;
        return false;
      });
      if (any) plan.not_restored.push_back(stream.name);
    }
  }

  // The longest that one of the declared rates makes so many calls last.
  std::chrono::nanoseconds duration_of(std::uint64_t calls) const {
    std::chrono::nanoseconds longest{0};
    auto look = [&](const std::vector<LimitModel>& limits) {
      for (const auto& limit : limits) {
        if (!limit.match.empty() || limit.count == 0) continue;
        longest = std::max(longest, limit.window * static_cast<std::int64_t>(calls / limit.count));
      }
    };
    look(connector_.model().limits);
    look(parts_.model.limits);
    return longest;
  }

  const Connector& connector_;
  const RestoreParts& parts_;
  PlanReferences guess_;
  Names names_;
  std::set<std::string> made_;
};

}  // namespace

RestorePlan plan_restore(const Connector& connector, const RestoreParts& parts) {
  return Planner(connector, parts).plan();
}

}  // namespace probackup
