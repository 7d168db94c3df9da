// Makes one thing in the target, so that it is never made twice.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "restore/items.h"
#include "restore/lookup.h"
#include "restore/parts.h"
#include "restore/refs.h"
#include "restore/send.h"

namespace probackup {

// Not for concurrent use. Every method writes what became of the item to the journal, and throws
// QuotaUsedUp, Error when the restore cannot go on, and Error(interrupted).
class RestoreMaker {
 public:
  RestoreMaker(const RestoreParts& parts, LookUps& look_ups, RestoreRefs& refs)
      : parts_(parts), look_ups_(look_ups), refs_(refs), sender_(parts) {}

  // What the journal says of the thing afterwards.
  JournalEntry make(const StepModel& step, RestoreItem& item, std::stop_token stop);
  // The second pass. False when the next run has to try again.
  bool finish(const StepModel& step, RestoreItem& item, std::stop_token stop);
  // Writes down that nothing can be made of a record.
  void note_broken(const StepModel& step, const StepItems::Broken& broken);
  // Why the last thing that could not be made was not, though it may only wait.
  const std::string& last_trouble() const { return last_trouble_; }

 private:
  using State = JournalEntry::State;
  struct Work;  // one item under way

  void start(Work& work);
  bool is_declared_lost(Work& work);
  bool keep_original(Work& work);
  bool keep_inside(Work& work);
  void set_note(Work& work);
  bool find_places(Work& work);
  std::string stand_in(Work& work, const ParentModel& parent);
  bool take_found(Work& work);
  bool take_claimed(Work& work);
  void run_before(Work& work);
  void create(Work& work);
  const InsteadModel* instead_of(Work& work, const HttpResponse* refusal);
  std::optional<Hit> look_for(Work& work, const LookUpModel& confirm);
  bool settle_unknown(Work& work);
  void remove_leftovers(Work& work, const LeftoverModel& model);
  void take_answer(Work& work, const nlohmann::json& body, const HttpResponse* response);
  void put_also(Work& work, const Scope& names);
  void put_in_map(const std::string& map, const std::string& old_id, const std::string& new_id);
  void follow(Work& work, const Scope& names);
  bool push_git(Work& work, const GitModel& git, const Scope& names);
  void send_follow_up(Work& work, const FollowUpModel& model, const Scope& names);
  void send_one(Work& work, const WriteModel& write, const Scope& names, const std::string& say);
  void put(Work& work, State state);
  void lose(Work& work, const std::string& reason);

  const RestoreParts& parts_;
  LookUps& look_ups_;
  RestoreRefs& refs_;
  RestoreSender sender_;
  std::string last_trouble_;
};

}  // namespace probackup
