// Requests, pages and `since`.
#include <fmt/format.h>

#include <algorithm>

#include "connector/loader_parts.h"
#include "expr/expr_node.h"
#include "util/text.h"

namespace probackup {
namespace {

using Into = PageModel::Into;
using By = PageModel::By;

// The GraphQL text with its `${name}` replaced by what `let` fixes.
std::string read_graphql(ObjectReader& reader, const Lets& lets) {
  Found found = reader.find("graphql");
  if (!found) return {};
  std::string text = found.value->is_array() ? join(reader.texts("graphql"), "\n")
                                             : reader.required_text("graphql");
  Roots names;
  Scope scope;
  for (const auto& [name, value] : lets.fixed) {
    names.push_back(name);
    scope.set(name, &value);
  }
  try {
    return Template::parse(text, names).text(scope);
  } catch (const Error& error) {
    reader.context().add(
        found.pointer,
        fmt::format("{} (a GraphQL text takes only fixed texts from let)", error.what()));
    return text;
  }
}

struct Method {
  std::string_view key, name;
};
constexpr std::array<Method, 5> all_methods{
    {{"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}}};

// Those that a request may have, beside "graphql".
std::span<const Method> methods_of(Methods methods) {
  return std::span(all_methods).first(methods == Methods::reading ? 2 : all_methods.size());
}

// Exactly one of them must be there.
void check_methods(ObjectReader& reader, std::span<const Method> methods) {
  std::size_t count = reader.has("graphql");
  std::string all;
  for (const Method& method : methods) {
    count += reader.has(method.key);
    all += fmt::format("\"{}\", ", method.key);
  }
  if (count == 1) return;
  reader.context().add(reader.pointer(),
                       fmt::format("{} {}\"graphql\"{}", count == 0 ? "one of" : "only one of", all,
                                   count == 0 ? " is missing" : ""));
}

void refuse_secrets_in_query(ObjectReader& reader, const RequestModel& request) {
  for (const auto& [name, value] : request.query)
    reader.context().refuse_secrets(value, reader.pointer() + "/query" + pointer_step(name));
}

bool sends_since(const RequestModel& request) {
  if (request.url.uses("since") || (request.body && request.body->uses("since"))) return true;
  for (const auto* values : {&request.query, &request.headers, &request.vars})
    for (const auto& [name, value] : *values)
      if (value.uses("since")) return true;
  return false;
}

void read_size(ObjectReader& reader, const RequestModel& request, PageModel& page) {
  constexpr std::int64_t size_max = 100'000;
  Found found = reader.find("size");
  if (!found) return;
  if (!found.value->is_string()) {
    page.size = reader.number("size", 1, size_max, 0);
    return;
  }
  std::string text = found.value->get<std::string>();
  auto equals = text.find('=');
  std::string digits = equals == std::string::npos ? "" : text.substr(equals + 1);
  bool good = equals != 0 && !digits.empty() && digits.size() <= 6 &&
              digits.find_first_not_of("0123456789") == std::string::npos &&
              std::stoll(digits) >= 1 && std::stoll(digits) <= size_max;
  if (!good) {
    reader.context().add(found.pointer, "expected \"NAME=NUMBER\", such as \"limit=100\"");
    return;
  }
  if (!request.graphql.empty())
    reader.context().add(found.pointer,
                         "a GraphQL query states its page size itself; give the number alone");
  page.size_name = text.substr(0, equals);
  page.size = std::stoll(digits);
}

// Which keys a kind of paging needs, and which it may have beside `by` and `size`.
struct PageRule {
  std::vector<std::string_view> needs, takes;
};

const PageRule& rule_of(By by) {
  static const PageRule cursor{{"next", "into"}, {}};
  static const PageRule number{{"into"}, {"start", "more", "total"}};
  static const PageRule offset{{"into"}, {"more", "total"}};
  static const PageRule link{{}, {}};
  static const PageRule url{{"next"}, {}};
  switch (by) {
    case By::cursor:
      return cursor;
    case By::number:
      return number;
    case By::offset:
      return offset;
    case By::url:
      return url;
    default:
      return link;
  }
}

void check_page(ObjectReader& reader, std::string_view by, const PageRule& rule,
                const PageModel& page) {
  for (std::string_view key : rule.needs) reader.require(key);
  for (std::string_view key : {"next", "into", "start", "more", "total"}) {
    bool known = std::find(rule.needs.begin(), rule.needs.end(), key) != rule.needs.end() ||
                 std::find(rule.takes.begin(), rule.takes.end(), key) != rule.takes.end();
    if (!known) reader.refuse(key, fmt::format("paging by {} has no \"{}\"", by, key));
  }
  bool counts = page.by == By::number || page.by == By::offset;
  if (counts && !reader.has("size") && !reader.has("more"))
    reader.context().add(reader.pointer(),
                         "\"size\" or \"more\" is missing: nothing says where the pages end");
  if (reader.has("total") && !reader.has("size"))
    reader.context().add(reader.pointer(), "\"total\" needs \"size\"");
}

}  // namespace

void check_url(LoadContext& context, const Found& found, const std::optional<Template>& url) {
  auto text = text_at(context, found);
  if (!text) return;
  bool starts_well = text->starts_with('/') || text->starts_with("${") ||
                     text->starts_with("https://") || text->starts_with("http://");
  if (!starts_well)
    context.add(found.pointer, "expected a path that begins with \"/\", or a whole URL");
  if (url) context.refuse_secrets(*url, found.pointer);
}

RequestModel read_request(ObjectReader& reader, const Lets& lets, const Roots& roots,
                          Methods methods) {
  LoadContext& context = reader.context();
  RequestModel request;
  check_methods(reader, methods_of(methods));
  for (const Method& method : methods_of(methods)) {
    Found found = reader.find(method.key);
    if (!found) continue;
    auto url = reader.templated(method.key, roots);
    check_url(context, found, url);
    request.method = method.name;
    if (url) request.url = std::move(*url);
  }
  request.graphql = read_graphql(reader, lets);
  if (reader.has("graphql")) {
    request.method = "POST";
    if (!context.graphql_endpoint)
      context.add(reader.pointer(), "a graphql request needs http.graphql, the endpoint");
  } else {
    reader.refuse("vars", "\"vars\" belong to a graphql request");
  }
  if (request.method == "GET" || reader.has("graphql"))
    reader.refuse("body", "\"body\" belongs to a post request");
  request.vars = reader.templates("vars", roots);
  request.query = reader.templates("query", roots);
  request.headers = reader.templates("headers", roots);
  request.body = reader.templated("body", roots);
  request.with_auth = reader.word("auth", {"same", "none"}, 0) == 0;
  refuse_secrets_in_query(reader, request);
  return request;
}

void read_into(ObjectReader& reader, const RequestModel& request, Into& into, std::string& name) {
  Found found = reader.find("into");
  if (!found) return;
  auto text = text_at(reader.context(), found);
  if (!text) return;
  auto dot = text->find('.');
  std::string place = text->substr(0, dot);
  name = dot == std::string::npos ? "" : text->substr(dot + 1);
  static const std::map<std::string, Into> places{
      {"query", Into::query}, {"body", Into::body}, {"vars", Into::vars}, {"header", Into::header}};
  auto known = places.find(place);
  if (known == places.end() || name.empty()) {
    reader.context().add(found.pointer, "expected query.NAME, body.NAME, vars.NAME or header.NAME");
    return;
  }
  into = known->second;
  bool graphql = !request.graphql.empty();
  if ((into == Into::vars) != graphql && into != Into::header)
    reader.context().add(found.pointer, graphql ? "a graphql request takes it in vars.NAME"
                                                : "only a graphql request has vars");
  if (into == Into::body && !graphql && !request.body)
    reader.context().add(found.pointer, "the request has no body");
}

PageModel read_page(ObjectReader& source, const RequestModel& request, const Roots& roots) {
  PageModel page;
  Found found = source.find("page");
  if (!found) return page;
  ObjectReader reader(source.context(), found);
  if (!reader.require("by")) return page;
  static constexpr std::array kinds{By::cursor, By::number, By::offset, By::link, By::url};
  std::size_t kind = reader.word("by", {"cursor", "number", "offset", "link", "url"}, kinds.size());
  if (kind == kinds.size()) return page;
  page.by = kinds[kind];
  Roots inside = roots;
  for (const char* root : {"body", "status", "headers", "last", "page"}) inside.emplace_back(root);
  page.next = reader.expression("next", inside);
  page.more = reader.expression("more", inside);
  page.total = reader.expression("total", inside);
  page.start = reader.number("start", 0, 1'000'000, 1);
  read_into(reader, request, page.into, page.into_name);
  read_size(reader, request, page);
  check_page(reader, reader.text("by"), rule_of(page.by), page);
  reader.finish();
  return page;
}

std::optional<SinceModel> read_since(ObjectReader& source, const RequestModel& request) {
  Found found = source.find("since");
  if (!found) return std::nullopt;
  ObjectReader reader(source.context(), found);
  SinceModel since;
  read_into(reader, request, since.into, since.into_name);
  if (!reader.has("into") && !sends_since(request))
    reader.context().add(reader.pointer(),
                         "\"into\" is missing, and the request does not use ${since} either");
  if (reader.has("format")) since.format = reader.required_text("format");
  static const std::vector<std::string> formats{"rfc3339", "unix", "unix_ms", "date"};
  if (since.format.find('%') == std::string::npos &&
      std::find(formats.begin(), formats.end(), since.format) == formats.end())
    reader.context().add(reader.pointer() + "/format",
                         fmt::format("\"{}\" is none of {}, nor a strftime pattern{}", since.format,
                                     join(formats, ", "), did_you_mean(since.format, formats)));
  since.prefix = reader.text("prefix");
  since.lookback = reader.duration("lookback");
  since.full_every = reader.duration("full_every");
  reader.finish();
  return since;
}

}  // namespace probackup
