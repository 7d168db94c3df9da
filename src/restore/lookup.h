// Finds things in the target: what the connector's look-ups (find, confirm, people) ask.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "restore/parts.h"

namespace probackup {

// What a look-up found.
struct Hit {
  std::string id;
  nlohmann::json body;  // what the answer to its create would have said
};

// Not for concurrent use.
class LookUps {
 public:
  explicit LookUps(const RestoreParts& parts) : parts_(parts) {}

  // All pages of a listing, until `each` returns false. `remember`: the same request is sent once
  // in a run, and a place that is not there counts as empty. Throws ItemError when the listing
  // cannot be read to its end.
  void list(const LookUpModel& model, const Scope& names, bool remember, std::stop_token stop,
            const std::function<bool(const nlohmann::json& found)>& each);
  // The first element that fits and whose id `may_take` allows; nothing if there is none.
  std::optional<Hit> first(const LookUpModel& model, const Scope& names, bool remember,
                           std::stop_token stop,
                           const std::function<bool(const std::string& id)>& may_take);
  // What was made by this run is not in the remembered listings.
  void forget() { remembered_.clear(); }
  // Whether the thing with this id is still there; asked once for each kind and id.
  bool exists(const std::string& kind, const ExistsModel& model, const std::string& old_id,
              std::stop_token stop);
  // A template over the answer that exists() got, with `body`, `new` and `old_id`; "" where the
  // template needs more than these.
  std::string value_of(const std::string& kind, const std::string& old_id, const Template& value);

 private:
  std::vector<nlohmann::json> read(const LookUpModel& model, const Scope& names, bool remember,
                                   std::stop_token stop);

  const RestoreParts& parts_;
  std::map<std::string, std::vector<nlohmann::json>> remembered_;  // by request_name()
  // By "KIND/ID": what it is, null where it is not there.
  std::map<std::string, nlohmann::json> there_;
};

}  // namespace probackup
