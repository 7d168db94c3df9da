// monday.com's GraphQL types over a MondayData, resolved field by field as far as a query asks.
// https://developer.monday.com/api-reference/reference
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fake/graphql_query.h"
#include "fake/monday_data.h"
#include "fake/monday_error.h"

namespace probackup {

class MondayGraph {
 public:
  // `file_url` gives the address of an asset's bytes, which expires; `data` must outlive this.
  MondayGraph(const MondayData& data, Clock& clock, std::chrono::seconds cursor_life,
              std::function<std::string(const std::string& asset)> file_url);

  // What the fields select of a record. Throws MondayError.
  JsonRecord pick(const JsonRecord& record, const std::vector<GraphqlField>& fields) const;
  // A field of the root, `{"__typename": "Query"}`.
  JsonRecord query(const GraphqlField& field) const;
  // A record, a list of records, or a plain value, as far as the field asks.
  JsonRecord shown(const JsonRecord& value, const GraphqlField& field) const;

 private:
  using Resolver = std::function<JsonRecord(const JsonRecord& record, const GraphqlField& field)>;

  JsonRecord value_of(const JsonRecord& record, const GraphqlField& field) const;
  void add_account();
  void add_boards();
  void add_items();
  void add_texts();
  void add_roots();
  // A field that gives the records whose ids stand in a member, or the record of one.
  void refer(const std::string& field, const std::string& type, const std::string& member);

  // All of a type whose ids the argument `ids` names (all without it), a page of them.
  JsonRecord listed(const std::string& type, const GraphqlField& field) const;
  JsonRecord records(const std::string& type, const std::vector<std::string>& ids) const;
  JsonRecord below(const std::string& type, const std::string& owner) const;
  JsonRecord boards(const GraphqlField& field) const;
  JsonRecord updates(const GraphqlField& field, const JsonRecord* board) const;
  JsonRecord items_page(const std::string& board, std::size_t limit,
                        const std::string& cursor) const;
  JsonRecord blocks(const std::string& owner, const GraphqlField& field) const;

  const MondayData& data_;
  Clock& clock_;
  const std::chrono::seconds cursor_life_;
  const std::function<std::string(const std::string&)> file_url_;
  std::map<std::string, Resolver> resolvers_;  // by "Type.field"
};

// Arguments of a field; an absent or null one gives the fallback.
std::string monday_text(const GraphqlField& field, const std::string& name,
                        const std::string& fallback = {});
std::int64_t monday_number(const GraphqlField& field, const std::string& name,
                           std::int64_t fallback);
// An argument that may be one value or a list of them, as texts.
std::vector<std::string> monday_texts(const GraphqlField& field, const std::string& name);
bool monday_has(const GraphqlField& field, const std::string& name);

}  // namespace probackup
