// What the columns of a table are called, and which of them tell when an item came and changed.
#pragma once

#include <functional>
#include <initializer_list>
#include <set>
#include <string>

namespace probackup {

// Names for people, each given once. Not for concurrent calls.
class ColumnNames {
 public:
  explicit ColumnNames(std::initializer_list<std::string> taken) : taken_(taken) {}
  // "fields.dueDate" → "Due date"; the path itself where that is taken.
  std::string claim(const std::string& path);

 private:
  std::set<std::string> taken_;
};

// Where people look for a column, from the left: 0 texts to read, 1 other values, 2 yes and no,
// 3 what lies deeper in the record. `flags`: it holds nothing but yes and no.
int column_rank(const std::string& path, bool flags);

enum class TimeColumn { created, changed };

// Which of `count` paths names that time: by the last name in it, the shallowest path first. `path`
// gives "" for those that hold no times. std::size_t(-1) for none.
std::size_t choose_time_column(std::size_t count,
                               const std::function<std::string(std::size_t)>& path,
                               TimeColumn which);

}  // namespace probackup
