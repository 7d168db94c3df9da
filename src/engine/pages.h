// How a listing goes on from page to page, with the guards that make every listing end.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "engine/context.h"
#include "engine/request.h"

namespace probackup {

// One page to ask for.
struct PageAsk {
  std::uint64_t number = 1;             // 1 for the first
  std::optional<nlohmann::json> value;  // cursor, page number or offset
  std::string url;                      // replaces the request's URL when set
};

// What a page brought, as far as paging cares.
struct PageSeen {
  const HttpResponse* response = nullptr;
  std::uint64_t count = 0;   // records
  std::string last;          // the last record, raw
  std::uint64_t digest = 0;  // of all records
};

// The API does not page as it should; the message is the gap's reason.
class PagingError : public Error {
 public:
  using Error::Error;
};

// One listing's pages. next() and spread() are for one thread; saw() is safe for concurrent calls.
class Pager {
 public:
  // `names`: what the listing's expressions see; the answer's own names are added page by page.
  Pager(const PageModel& model, const RunContext& context, const Scope& names);

  PageAsk first() const;
  // Puts the page's value and size into the request.
  void apply(const PageAsk& page, RequestParts& parts) const;
  // The page after this one, or nothing at the end. Throws PagingError for a token or page that
  // comes twice, for a URL that leaves the API, and after 100,000 pages; Error when an expression
  // fails.
  std::optional<PageAsk> next(const PageAsk& page, const PageSeen& seen);

  // Pages that may be asked for side by side, when the first page tells how many there are: those
  // numbered 2 to `last`.
  struct Spread {
    std::uint64_t last = 1;
    std::function<PageAsk(std::uint64_t number)> page;
  };
  std::optional<Spread> spread(const PageSeen& first);
  // Notes a page's content. Throws PagingError if another page was the same.
  void saw(const PageSeen& seen);
  // The number of records that the listing has, as the latest page said; nothing if it does not
  // say.
  std::optional<std::uint64_t> total() const { return total_; }
  // True if that number went down while the pages were read: something may have been skipped.
  bool shrank() const { return shrank_; }
  // Looks at what the page says about the whole.
  void note_total(const PageSeen& seen);

 private:
  nlohmann::json evaluate(const Expression& expression, const PageAsk& page, const PageSeen& seen);
  std::optional<PageAsk> next_counted(const PageAsk& page, const PageSeen& seen);
  std::optional<PageAsk> next_token(const PageAsk& page, nlohmann::json token);
  std::optional<PageAsk> next_url(const PageAsk& page, const std::string& url);
  std::optional<Spread> spread_numbers(const PageSeen& first);
  std::optional<Spread> spread_links(const PageSeen& first);
  bool ended(const PageAsk& page, const PageSeen& seen);

  const PageModel& model_;
  const RunContext& context_;
  const Scope& names_;
  std::uint64_t size_;            // records on a full page; 0 unknown
  std::set<std::string> tokens_;  // 16 bytes each
  std::optional<std::uint64_t> total_;
  bool shrank_ = false;
  std::mutex mutex_;  // guards digests_
  std::set<std::uint64_t> digests_;
};

}  // namespace probackup
