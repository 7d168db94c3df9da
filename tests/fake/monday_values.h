// Values of columns as the API shows them and takes them.
// https://developer.monday.com/api-reference/reference/column-types-reference
#pragma once

#include <string>

#include "fake/monday_data.h"

namespace probackup {

// A column's value as an object of its GraphQL type, without the members of links to other records.
JsonRecord monday_value(const MondayData& data, const JsonRecord& item, const JsonRecord& column);

// What is stored for a value that a request gives ("column_values"); null clears. New labels of
// status and dropdown columns are made where `make_labels`. Throws MondayError.
JsonRecord monday_stored(const MondayData& data, JsonRecord& column, const JsonRecord& given,
                         bool make_labels);

}  // namespace probackup
