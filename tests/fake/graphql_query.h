// The part of GraphQL that test servers need: a query's selections, applied to records.
// https://spec.graphql.org/October2021/
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "demo/record_table.h"

namespace probackup {

// A request error; its message goes into "errors".
class GraphqlError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One field of a selection set, or a fragment (with `on` set, and no name).
struct GraphqlField {
  std::string alias, name;
  std::string on;  // type condition of a fragment; "" for one without
  bool is_fragment = false;
  std::map<std::string, JsonRecord> arguments;  // variables already put in
  std::vector<GraphqlField> fields;
};

// A query or a mutation; nothing else is understood.
struct GraphqlOperation {
  bool is_mutation = false;
  std::vector<GraphqlField> fields;
};
// The operation of a document that has just one, as parse_graphql() reads it.
GraphqlOperation parse_graphql_operation(std::string_view document, const JsonRecord& variables);

// The top-level fields of a query document with one operation. Fragments are expanded. Throws
// GraphqlError for what is no query, uses an unknown variable or fragment, or nests too deep.
std::vector<GraphqlField> parse_graphql(std::string_view document, const JsonRecord& variables);

// What the fields select of an object. Objects carry "__typename"; a list of nodes that is paged by
// `first` and `after` is written as {"__connection": [...]}, and becomes nodes, edges, pageInfo and
// totalCount. Throws GraphqlError for a field that the object has not, and for a connection whose
// nodes are asked for without `first`, or more than 100 of them.
JsonRecord select_graphql(const JsonRecord& object, const std::vector<GraphqlField>& fields);

}  // namespace probackup
