// The things that one step makes, in the order in which they are made.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connector/model.h"
#include "engine/context.h"
#include "probackup/restore.h"
#include "util/file.h"

namespace probackup {

// Records of other streams that a step sees beside its own; they wait on disk.
class BesideRecords {
 public:
  BesideRecords(const StepModel& step, RestoreSource& source);
  // Sets the names of the step's `beside`, to null where there is no such record.
  void add_to(Names& names) const;

 private:
  struct Table {
    const BesideModel& model;
    std::unordered_map<std::string, std::pair<std::uint64_t, std::size_t>> places;  // by key
  };
  mutable SpoolFile spool_;
  std::vector<Table> tables_;
};

// One record with what expressions of a step see of it; for `each`, one element of it.
class RestoreItem {
 public:
  // `outer`, `element`: null where the step has no such list.
  RestoreItem(const Scope& names, const StepModel& step, const StreamModel* stream,
              const BesideRecords& beside, const RestoreRecord& record,
              const nlohmann::json& parsed, const nlohmann::json* outer,
              const nlohmann::json* element);

  const Scope& scope() const { return names_.scope(); }
  const RestoreRecord& record() const { return record_; }
  const std::string& old_id() const { return old_id_; }
  // Adds a name for the requests that follow.
  void set(std::string_view name, nlohmann::json value) { names_.set(name, std::move(value)); }
  // For reports; may be empty.
  std::string title() const;
  // Its address in the app, or "".
  std::string old_url() const;

 private:
  std::string text_of(const std::optional<Template>& value) const;

  const StepModel& step_;
  const StreamModel* stream_;
  const RestoreRecord& record_;
  Names names_;
  std::string old_id_;
};

// Not for concurrent use.
class StepItems {
 public:
  enum class Which { chosen, all };
  // Reads records of the step's stream, and puts them aside in a temporary file. `names`: those of
  // the restore. Throws Error when the snapshot cannot be read.
  StepItems(const StepModel& step, const StreamModel* stream, const Scope& names,
            RestoreSource& source, Which which = Which::chosen);

  std::size_t size() const { return places_.size(); }
  // `each` returns false to stop.
  void each(const std::function<bool(RestoreItem&)>& each);
  // The thing with this id, if there is one.
  void with(const std::string& old_id, const std::function<void(RestoreItem&)>& use);
  // One of them, from 0 on, in their order. Returns what `use` does.
  bool at(std::size_t i, const std::function<bool(RestoreItem&)>& use);
  const std::string& old_id_at(std::size_t i) const { return places_[i].old_id; }
  // The value of the step's `order`; sequences are merged by it.
  const nlohmann::json& order_at(std::size_t i) const { return places_[i].order; }
  // Records whose expressions fail: nothing is made of them.
  struct Broken {
    std::string key, reason;
  };
  const std::vector<Broken>& broken() const { return broken_; }

 private:
  struct Place {
    std::uint64_t offset = 0, number = 0;
    std::uint32_t length = 0, outer = 0, element = 0;
    std::string old_id, after;
    nlohmann::json order;
  };
  // Calls `use` for every element of a record that the step makes something of.
  using Use = std::function<void(RestoreItem&, std::uint32_t outer, std::uint32_t element)>;
  void elements(const RestoreRecord& record, const nlohmann::json& parsed, const Use& use) const;
  void add(const RestoreRecord& record);
  void sort();
  void put_after();

  const StepModel& step_;
  const StreamModel* stream_;
  const Scope& names_;
  BesideRecords beside_;
  SpoolFile spool_;
  std::vector<Place> places_;
  std::vector<Broken> broken_;
  struct Loaded {
    std::uint64_t offset = 0;
    RestoreRecord record;
    nlohmann::json parsed;
  };
  std::shared_ptr<const Loaded> loaded_;  // the record that was read last
};

// Whether a value of `order` comes before another: numbers before texts, what is missing last.
bool comes_first(const nlohmann::json& a, const nlohmann::json& b);

// Which record's listing gave this one: "" at the top.
struct ListingParent {
  std::string stream, key;
};
ListingParent listing_parent(const StreamModel* stream, const std::string& scope);

}  // namespace probackup
