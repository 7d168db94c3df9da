// From what the snapshot names to what the target has: ids, people, addresses.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "expr/expr.h"
#include "restore/items.h"
#include "restore/lookup.h"
#include "restore/parts.h"

namespace probackup {

// Not for concurrent use.
class RestoreRefs final : public References {
 public:
  RestoreRefs(const RestoreParts& parts, LookUps& look_ups, std::stop_token stop)
      : parts_(parts), look_ups_(look_ups), stop_(std::move(stop)) {}

  // Things that this restore is to make: `ref` never takes the original for one of them. Their
  // addresses, for links.
  void choose(const std::string& kind, const std::string& old_id, const std::string& old_url);

  // Whether this id in the target is the thing itself that is restored.
  bool is_original(const std::string& kind, const std::string& id) const;

  std::optional<std::string> ref(const std::string& old_id,
                                 const std::vector<std::string>& kinds) override;
  std::optional<std::string> person(const std::string& old_id) override;
  std::optional<std::string> person_name(const std::string& old_id) override;
  std::string relink(const std::string& text) override;
  std::string mute(const std::string& text) override;

  // For the thing at hand: other ids than its own references say (stand-ins).
  void alias(const std::string& kind, const std::string& old_id, const std::string& new_id);
  // Forgets the aliases, and the answer to the next question.
  void begin_item();
  // Whether relink() met the address of a thing that is to be made, but is not there yet.
  bool met_pending() const { return met_pending_; }
  // Whether ref() met a thing of which it is not known whether it was made: it has thrown then.
  bool met_unsettled() const { return met_unsettled_; }
  // What the thing at hand misses, for people.
  const std::set<std::string>& notes() const { return notes_; }

 private:
  struct Person {
    std::vector<std::string> values;  // of the connector's `match`, lower case
    std::string name;
  };
  std::optional<std::string> ref_one(const std::string& kind, const std::string& old_id);
  // What this restore does not make, but what the target may have: a thing, or a part of one that
  // a map of `also` names.
  std::optional<std::string> find_unchosen(const std::string& kind, const std::string& old_id);
  std::optional<std::string> find_part(const std::string& map, const std::string& old_id);
  std::optional<std::string> part_of(const StepModel& step, const AlsoModel& also,
                                     RestoreItem& item, const std::string& old_id);
  static std::optional<std::string> new_id_of_part(const AlsoModel& also, const Scope& names,
                                                   const std::string& old_id);
  std::optional<Hit> find(const StepModel& step, RestoreItem& item);
  StepItems* all_items(const StepModel& step);
  // In the same account: what a map of `also` gives the id of a thing that is still there.
  std::optional<std::string> still_there(const std::string& map, const std::string& old_id);
  std::optional<std::string> new_address(const std::string& url);
  void load_people();
  void load_target_people();

  const RestoreParts& parts_;
  LookUps& look_ups_;
  std::stop_token stop_;
  std::set<std::string> chosen_;                // digests of kind and old id
  std::set<std::string> old_urls_;              // digests
  std::map<std::string, std::string> aliases_;  // "KIND/OLD ID" to a new id
  bool met_pending_ = false, met_unsettled_ = false;
  std::set<std::string> notes_;
  Names all_names_{&parts_.names};
  std::map<std::string, std::unique_ptr<StepItems>> all_;    // by kind; null while it is read
  std::map<std::string, std::optional<std::string>> found_;  // "KIND/OLD ID" to an id
  bool people_loaded_ = false, target_loaded_ = false;
  std::unordered_map<std::string, Person> people_;                           // by key
  std::vector<std::unordered_map<std::string, std::string>> target_people_;  // one for each match
};

}  // namespace probackup
