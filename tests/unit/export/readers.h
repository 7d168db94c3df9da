// Small readers of what an export writes.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace probackup::test {

// A CSV file of RFC 4180 as rows of cells; the mark of byte order is taken off. Throws on a broken
// quote or rows of unequal length.
std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path);

// All files below a folder by relative path.
std::map<std::string, std::string> read_tree(const std::filesystem::path& folder);

// What is wrong with an HTML page: a tag that is not closed, a "<" or "&" that stands for nothing,
// a quote missing. "" when all is well.
std::string html_fault(const std::string& html);

}  // namespace probackup::test
