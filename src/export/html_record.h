// One record of the archive as HTML: fields, attachments, gaps, raw JSON.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "export/html_page.h"
#include "export/html_tree.h"
#include "util/raw_json.h"

namespace probackup {

// What stands for a record where it is linked or headed: its title, or else its key. Text.
std::string shown_title(const RecordNode& node);

// The path of a record's own page without ".html", below the target.
std::string page_base(const std::vector<StreamFolder>& streams, const RecordNode& node);

// Attachments as a list of links and a row of images.
std::string files_html(const std::vector<NodeFile>& files, const HtmlPage& page);

// Not for concurrent calls.
class HtmlRecord {
 public:
  HtmlRecord(ExportContext& context, Tree& tree);

  // Everything about the record but its title and its children. At most about 1 MB.
  std::string body(const RecordNode& node, const HtmlPage& page);
  // body() as an article with its title, if it has one, and an anchor; `nest` indents it.
  std::string article(const RecordNode& node, std::int64_t nest, const HtmlPage& page);

 private:
  std::string gaps(const RecordNode& node) const;
  std::set<std::string> known_keys(const RecordNode& node);
  std::string raw_json(const RecordNode& node, const std::string& json, const HtmlPage& page) const;
  std::optional<std::string> reference(const std::string& key, const HtmlPage& page);

  ExportContext& context_;
  Tree& tree_;
  RawJson parser_;
  std::vector<Gap> gaps_;
  std::multimap<std::string, std::size_t> gaps_by_key_;
  std::map<std::string, std::optional<RecordNode>> references_;  // a cache of bounded size
};

}  // namespace probackup
