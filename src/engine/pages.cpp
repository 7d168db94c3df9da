#include "engine/pages.h"

#include <fmt/format.h>

#include "engine/answer.h"
#include "http/url.h"
#include "util/hash.h"
#include "util/raw_json.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;
using By = PageModel::By;

constexpr std::uint64_t pages_max = 100'000;

bool is_counted(By by) {
  return by == By::number || by == By::offset;
}

std::string digest_of(std::string_view text) {
  Id id = sha256(text);
  return {reinterpret_cast<const char*>(id.bytes.data()), 16};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > 9) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// The one query parameter in which two URLs differ, if both values are numbers.
struct NumberedParameter {
  std::size_t index = 0;
  std::uint64_t first = 0, second = 0;
};
std::optional<NumberedParameter> numbered_difference(const Url& a, const Url& b) {
  if (a.path != b.path || !a.query || !b.query) return std::nullopt;
  auto of_a = split(*a.query, '&'), of_b = split(*b.query, '&');
  if (of_a.size() != of_b.size()) return std::nullopt;
  std::optional<NumberedParameter> out;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    if (of_a[i] == of_b[i]) continue;
    auto equals = of_a[i].find('=');
    if (out || equals == std::string::npos ||
        of_a[i].substr(0, equals + 1) != of_b[i].substr(0, equals + 1))
      return std::nullopt;
    auto first = parse_number(of_a[i].substr(equals + 1));
    auto second = parse_number(of_b[i].substr(equals + 1));
    if (!first || !second) return std::nullopt;
    out = {i, *first, *second};
  }
  return out;
}

std::string with_number(Url url, std::size_t index, std::uint64_t number) {
  auto parameters = split(*url.query, '&');
  auto& parameter = parameters[index];
  parameter = parameter.substr(0, parameter.find('=') + 1) + std::to_string(number);
  url.query = join(parameters, "&");
  return print_url(url);
}

}  // namespace

Pager::Pager(const PageModel& model, const RunContext& context, const Scope& names)
    : model_(model),
      context_(context),
      names_(names),
      size_(model.size > 0 ? static_cast<std::uint64_t>(model.size) : 0) {}

PageAsk Pager::first() const {
  PageAsk page;
  if (model_.by == By::number) page.value = model_.start;
  if (model_.by == By::offset) page.value = 0;
  return page;
}

void Pager::apply(const PageAsk& page, RequestParts& parts) const {
  if (!page.url.empty()) {
    parts.url = page.url;
    parts.query.clear();
    return;
  }
  if (!model_.size_name.empty()) set_query(parts, model_.size_name, std::to_string(model_.size));
  if (page.value) put_value(parts, model_.into, model_.into_name, *page.value);
}

json Pager::evaluate(const Expression& expression, const PageAsk& page, const PageSeen& seen) {
  AnswerNames answer(names_, *seen.response, expression.uses("body"));
  Names names(&answer.scope());
  if (expression.uses("last"))
    names.set("last", seen.last.empty() ? json() : parse_json(seen.last));
  names.set("page", {{"number", page.number}, {"count", seen.count}});
  return expression.evaluate(names.scope());
}

void Pager::note_total(const PageSeen& seen) {
  if (!model_.total) return;
  json value = evaluate(*model_.total, PageAsk{}, seen);
  std::optional<std::uint64_t> now;
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) now = value.get<std::uint64_t>();
  if (value.is_string()) now = parse_number(value.get<std::string>());
  if (!now) return;
  if (total_ && *now < *total_) shrank_ = true;
  total_ = now;
}

bool Pager::ended(const PageAsk& page, const PageSeen& seen) {
  if (model_.more) {
    json more = evaluate(*model_.more, page, seen);
    return more.is_null() || more == false || more == "" || more == 0 ||
           (more.is_structured() && more.empty()) || seen.count == 0;
  }
  if (seen.count == 0) return true;
  if (total_ && size_ > 0) {
    std::uint64_t until = model_.by == By::offset ? page.value->get<std::uint64_t>() + seen.count
                                                  : page.number * size_;
    return until >= *total_;
  }
  return size_ > 0 && seen.count < size_;
}

std::optional<PageAsk> Pager::next_counted(const PageAsk& page, const PageSeen& seen) {
  // A server that gives smaller pages than asked for, and says that there are more records.
  if (page.number == 1 && total_ && seen.count > 0 && seen.count < *total_) size_ = seen.count;
  if (ended(page, seen)) return std::nullopt;
  PageAsk next;
  next.number = page.number + 1;
  next.value = page.value->get<std::int64_t>() +
               (model_.by == By::offset ? static_cast<std::int64_t>(seen.count) : 1);
  return next;
}

std::optional<PageAsk> Pager::next_token(const PageAsk& page, json token) {
  if (token.is_null() || token == "" || token == false) return std::nullopt;
  if (!tokens_.insert(digest_of(json_text(token))).second)
    throw PagingError("the API repeated a page token");
  PageAsk next;
  next.number = page.number + 1;
  next.value = std::move(token);
  return next;
}

std::optional<PageAsk> Pager::next_url(const PageAsk& page, const std::string& url) {
  if (!context_.is_api(url))
    throw PagingError("the next page is at another host: " + safe_url(url));
  if (!tokens_.insert(digest_of(url)).second)
    throw PagingError("the API repeated the address of a page");
  PageAsk next;
  next.number = page.number + 1;
  next.url = url;
  return next;
}

std::optional<PageAsk> Pager::next(const PageAsk& page, const PageSeen& seen) {
  if (model_.by == By::none) return std::nullopt;
  if (page.number >= pages_max)
    throw PagingError(fmt::format("the listing has more than {} pages", pages_max));
  if (is_counted(model_.by)) return next_counted(page, seen);
  if (model_.by == By::link) {
    auto target = link_target(seen.response->headers, "next", seen.response->url);
    return target ? next_url(page, *target) : std::nullopt;
  }
  json token = evaluate(*model_.next, page, seen);
  if (model_.by == By::cursor) return next_token(page, std::move(token));
  if (token.is_null() || token == "" || token == false) return std::nullopt;
  return next_url(page, resolve_url(seen.response->url, json_text(token)));
}

void Pager::saw(const PageSeen& seen) {
  if (seen.count == 0 || model_.by == By::none) return;
  std::lock_guard lock(mutex_);
  if (!digests_.insert(seen.digest).second) throw PagingError("the API sent the same page twice");
}

std::optional<Pager::Spread> Pager::spread(const PageSeen& first) {
  if (is_counted(model_.by)) return spread_numbers(first);
  if (model_.by == By::link) return spread_links(first);
  return std::nullopt;
}

std::optional<Pager::Spread> Pager::spread_numbers(const PageSeen& first) {
  if (!total_ || first.count == 0 || *total_ <= first.count) return std::nullopt;
  std::uint64_t size = size_ = first.count;
  Spread out;
  out.last = std::min((*total_ + size - 1) / size, pages_max);
  out.page = [this, size](std::uint64_t number) {
    PageAsk page;
    page.number = number;
    page.value = model_.by == By::offset ? static_cast<std::int64_t>(size * (number - 1))
                                         : model_.start + static_cast<std::int64_t>(number) - 1;
    return page;
  };
  return out;
}

std::optional<Pager::Spread> Pager::spread_links(const PageSeen& first) {
  const auto& response = *first.response;
  auto next = link_target(response.headers, "next", response.url);
  auto last = link_target(response.headers, "last", response.url);
  if (!next || !last || !context_.is_api(*next) || !context_.is_api(*last)) return std::nullopt;
  auto next_url = parse_url(*next), last_url = parse_url(*last);
  auto difference = numbered_difference(*next_url, *last_url);
  if (!difference || difference->first != 2 || difference->second <= 2) return std::nullopt;
  Spread out;
  out.last = std::min(difference->second, pages_max);
  out.page = [url = *next_url, index = difference->index](std::uint64_t number) {
    PageAsk page;
    page.number = number;
    page.url = with_number(url, index, number);
    return page;
  };
  return out;
}

}  // namespace probackup
