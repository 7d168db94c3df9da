// The checked form of a connector's `restore` section (docs/connectors/restore.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connector/request_model.h"
#include "probackup/connector.h"

namespace probackup {

// One part of a form: a value, or an attachment's content.
struct PartModel {
  std::optional<Template> value;
  Template file;         // file id of the record's attachment
  Template type;         // its Content-Type; empty: application/octet-stream
  bool is_text = false;  // the part is a plain field that holds the content
};

// A request that changes something.
struct WriteModel {
  RequestModel request;
  std::map<std::string, PartModel> multipart;
  std::map<std::string, PartModel> base64;  // a JSON object, with files in base64
  std::map<std::string, Template> form;
  std::optional<PartModel> upload;  // the body is this attachment
};

// Finds a thing in the target.
struct LookUpModel {
  std::optional<Expression> when;  // false: nothing is asked or found
  RequestModel request;
  std::vector<std::string> records;
  PageModel page;
  std::optional<Expression> where;
  Template id;
  std::optional<Template> body;  // of the answer to the create, where `found` is not it
};

struct FollowUpModel {
  WriteModel write;
  std::optional<Expression> when, each;
  std::string say;  // what is missing when it is refused
  // In `before` only:
  std::string as;
  Template give;
};

// A place for things whose parent is not there.
struct StandInModel {
  Template id;
  std::optional<LookUpModel> find;  // the place that is there already
  WriteModel write;
  Template new_id;
  std::string say;  // what the thing lacks by declaration; "": it is reported as incomplete
};

struct ParentModel {
  std::vector<std::string> of;  // kinds
  Template id;
  std::optional<StandInModel> stand_in;
  bool optional = false;  // waited for, and done without where it is not there
};

// More ids that the answer to a create gives.
struct AlsoModel {
  std::string map;
  std::optional<Expression> each;
  std::optional<Template> old_id;  // without it the thing's own
  Template new_id;
};

// Another create for things of which the step's own makes nothing.
struct InsteadModel {
  Expression when;
  std::string say;                  // what they lack, "" for nothing, or why they are lost
  std::optional<WriteModel> write;  // without it they are lost
  std::optional<Template> new_id;   // without it nothing refers to them, and they are not compared
  std::optional<LookUpModel> confirm;
};

// What a create that failed halfway leaves behind, and how it is removed.
struct LeftoverModel {
  LookUpModel look_up;
  WriteModel remove;
};

// A record of another stream, seen beside that of the step.
struct BesideModel {
  std::string name, stream;
  Template id;
};

// Whether the thing with an old id is still there.
struct ExistsModel {
  RequestModel request;
  std::optional<Expression> where;
};

// What may differ after a restore.
struct CompareModel {
  std::string stream;  // "": not compared
  std::vector<std::string> ignore, unordered;
  std::map<std::string, Template> expect;                // of the original
  std::map<std::string, Template> seen;                  // of what was read back
  std::map<std::string, Expression> skip;                // elements of lists, by selector
  std::map<std::string, std::vector<std::string>> refs;  // selector to kinds, for short ids
};

struct LossModel {
  Expression when;
  std::string say;
};

struct StepModel {
  std::string make, title, from;
  std::string sequence;  // steps that share one make their things together, by `order`
  std::vector<BesideModel> beside;
  std::vector<Expression> each;  // none, one, or two
  std::optional<Expression> when;
  std::vector<LossModel> lost;     // it is not made
  std::vector<LossModel> without;  // it is made, but lacks something
  std::optional<Template> id, order, after;
  std::vector<ParentModel> parents;
  std::optional<LookUpModel> find, claim, confirm;
  std::optional<LeftoverModel> leftover;
  std::optional<ExistsModel> exists;
  std::optional<WriteModel> update;
  std::vector<FollowUpModel> before;
  WriteModel create;
  std::vector<InsteadModel> instead;
  std::string missing;  // instead of a create: why what is not found cannot be made
  std::optional<Template> new_id, new_url, old_url;
  std::vector<AlsoModel> also;
  bool learn_id = false;  // the answer does not name the thing: `confirm` finds it
  bool repeatable = false;
  std::vector<FollowUpModel> then, finish;
  std::vector<GitModel> git;
  std::optional<WriteModel> relink, remove;
  CompareModel compare;
};

struct PeopleModel {
  std::string stream;
  std::vector<std::string> match;
  std::optional<LookUpModel> look_up;
  std::optional<Template> name;
};

struct RestoreModel {
  std::vector<ConnectorSetting> target;
  std::optional<PeopleModel> people;
  std::optional<Template> note;
  std::vector<LimitModel> limits;
  std::vector<std::string> lossy;
  std::vector<StepModel> steps;

  const StepModel* step(const std::string& kind) const;
  // The step whose `also` gives its things' own ids another value in this map; null for none.
  const StepModel* step_of_map(const std::string& map) const;
};

}  // namespace probackup
