// What a restore would do, from the snapshot and the journal alone.
#pragma once

#include "connector/model.h"
#include "expr/expr.h"
#include "probackup/restore.h"
#include "restore/parts.h"

namespace probackup {

// Stands for what is not known before a restore: everything is there under its old name.
class PlanReferences final : public References {
 public:
  std::optional<std::string> ref(const std::string& old_id,
                                 const std::vector<std::string>&) override {
    return old_id.empty() ? std::nullopt : std::optional(old_id);
  }
  std::optional<std::string> person(const std::string& old_id) override { return old_id; }
  std::optional<std::string> person_name(const std::string& old_id) override { return old_id; }
  std::string relink(const std::string& text) override { return text; }
  std::string mute(const std::string& text) override { return text; }
};

// Sends nothing. What is made but lacks something is among the losses, with `made` set. Throws
// Error when the snapshot cannot be read.
RestorePlan plan_restore(const Connector& connector, const RestoreParts& parts);

}  // namespace probackup
