// What Asana's API sends for a record: the fields that opt_fields names, compact records in
// listings, and whole ones. https://developers.asana.com/docs/inputoutput-options
#pragma once

#include <functional>
#include <map>
#include <string>

#include "fake/asana_data.h"

namespace probackup {

// The paths of an opt_fields parameter as a tree: "name,assignee.name".
struct AsanaFields {
  std::map<std::string, AsanaFields> members;

  static AsanaFields parse(const std::string& opt_fields);
};

class AsanaViews {
 public:
  // `file_url` gives the address of an uploaded file's bytes, which expires; `data` must outlive
  // this.
  AsanaViews(const AsanaData& data, std::function<std::string(const std::string& gid)> file_url)
      : data_(data), file_url_(std::move(file_url)) {}

  // gid, and what `fields` names. A pointer whose members are not named comes as gid and
  // resource_type.
  JsonRecord chosen(const JsonRecord& record, const AsanaFields& fields) const;
  // As in listings without opt_fields.
  JsonRecord compact(const JsonRecord& record) const;
  // As for a single record without opt_fields.
  JsonRecord whole(const JsonRecord& record) const;

 private:
  JsonRecord with_computed(const JsonRecord& record) const;
  JsonRecord field_values(const JsonRecord& task) const;
  JsonRecord field_value(const JsonRecord& field, const JsonRecord& value) const;
  JsonRecord part(const JsonRecord& value, const AsanaFields& fields) const;
  JsonRecord whole_part(const JsonRecord& value) const;

  const AsanaData& data_;
  const std::function<std::string(const std::string&)> file_url_;
};

}  // namespace probackup
