// One thing under way, for the parts of RestoreMaker.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "restore/make.h"

namespace probackup {

struct RestoreMaker::Work {
  const StepModel& step;
  RestoreItem& item;
  std::stop_token stop;
  JournalEntry entry;
  bool unknown = false;    // a create may have come about
  bool unsettled = false;  // a follow-up request got no answer: it is sent again another time
  const InsteadModel* instead = nullptr;  // makes it, not the step's own create

  const WriteModel& create() const { return instead ? *instead->write : step.create; }
  const std::optional<Template>& new_id() const { return instead ? instead->new_id : step.new_id; }

  RestoreSender::Owner owner() const { return {step.from, item.record().key}; }
  static constexpr std::size_t notes_max = 100;
  void note(const std::string& text) {
    auto& notes = entry.notes;
    bool known = std::find(notes.begin(), notes.end(), text) != notes.end();
    if (!known && notes.size() < notes_max) notes.push_back(text);
  }
};

// What requests after the create see as `new`.
inline nlohmann::json new_names(const JournalEntry& entry) {
  nlohmann::json out{{"id", entry.new_id}};
  if (!entry.new_url.empty()) out["url"] = entry.new_url;
  return out;
}

}  // namespace probackup
