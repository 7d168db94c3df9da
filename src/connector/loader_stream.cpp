// Streams and their sources.
#include <fmt/format.h>

#include <algorithm>

#include "connector/loader_parts.h"
#include "expr/expr_node.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::array<std::string_view, 8> source_only_keys{"each", "depth",   "if",   "get",
                                                           "post", "graphql", "vars", "body"};

// One text or a list of them.
std::vector<std::string> one_or_more(ObjectReader& reader, std::string_view key) {
  Found found = reader.find(key);
  if (!found) return {};
  if (found.value->is_array()) return reader.texts(key);
  return {reader.text(key)};
}

void read_each(ObjectReader& reader, const std::string& stream, SourceModel& source) {
  LoadContext& context = reader.context();
  source.each = one_or_more(reader, "each");
  for (const auto& name : source.each) {
    bool known =
        std::find(context.streams.begin(), context.streams.end(), name) != context.streams.end();
    if (!known)
      context.add(reader.find("each").pointer, fmt::format("there is no stream \"{}\"{}", name,
                                                           did_you_mean(name, context.streams)));
    if (name == stream) source.recursive = true;
  }
  if (reader.has("each") && source.each.empty())
    context.add(reader.find("each").pointer, "must name a stream");
  if (source.recursive && source.each.size() > 1)
    context.add(
        reader.find("each").pointer,
        "the stream itself stands alone in \"each\"; give it a source of its own in \"from\"");
  source.depth = static_cast<unsigned>(reader.number("depth", 1, 50, 1));
  if (!source.recursive)
    reader.refuse("depth", "\"depth\" belongs to a source whose \"each\" is the stream itself");
}

void read_cap(ObjectReader& source, SourceModel& model) {
  Found found = source.find("cap");
  if (!found) return;
  ObjectReader reader(source.context(), found);
  reader.require("count");
  model.cap = reader.number("count", 1, 1'000'000'000, 1);
  model.cap_say = reader.text("say");
  reader.finish();
}

// `reader` is not finished: a stream may hold its one source inline.
SourceModel read_source(ObjectReader& reader, const std::string& stream, const Lets& lets) {
  SourceModel source;
  read_each(reader, stream, source);
  Roots roots = roots_with(lets);
  if (!source.each.empty()) add_parent_roots(roots);
  Roots with_since = roots;
  if (reader.has("since")) with_since.emplace_back("since");
  source.when = reader.expression("if", with_since);
  source.request = read_request(reader, lets, with_since);
  source.records = read_records(reader);
  if (reader.has("wrap")) source.wrap = reader.required_text("wrap");
  source.page = read_page(reader, source.request, roots);
  source.since = read_since(reader, source.request);
  source.feed = read_feed(reader, lets, roots);
  if (source.since) reader.refuse("feed", "a source has \"since\" or \"feed\", not both");
  source.conditional = reader.flag("conditional");
  if (source.conditional && source.request.method != "GET")
    reader.context().add(reader.pointer(), "\"conditional\" works with get only");
  read_cap(reader, source);
  source.missing_is_empty = reader.flag("missing_is_empty");
  return source;
}

void read_sources(ObjectReader& reader, const Found& defaults, const Lets& lets,
                  StreamModel& stream) {
  if (!reader.has("from")) {
    stream.sources.push_back(read_source(reader, stream.name, lets));
    return;
  }
  for (std::string_view key : source_only_keys)
    reader.refuse(key, fmt::format("\"{}\" belongs into a source of \"from\"", key));
  reader.know(shared_source_keys);
  for (const Found& found : reader.objects("from")) {
    ObjectReader source(reader.context(), found);
    source.add_layer(reader.own(), shared_source_keys);
    source.add_layer(defaults, shared_source_keys);
    stream.sources.push_back(read_source(source, stream.name, lets));
    source.finish();
  }
  if (stream.sources.empty()) reader.refuse("from", "must hold a source");
}

bool has_parent(const StreamModel& stream) {
  return std::any_of(stream.sources.begin(), stream.sources.end(),
                     [](const SourceModel& source) { return !source.each.empty(); });
}

void read_id(ObjectReader& reader, const Roots& roots, StreamModel& stream) {
  Found found = reader.require("id");
  if (!found) return;
  auto id = reader.path_or_template("id", roots);
  if (!id) return;
  if (!id->uses("record") && !id->uses("parent") && !id->uses("parent_key"))
    reader.context().add(found.pointer, "does not use ${record…}: all records would have one id");
  stream.id_path = id->plain_path("record").value_or("");
  stream.id = std::move(*id);
}

void read_belongs_to(ObjectReader& stream_reader, const Roots& roots, StreamModel& stream) {
  Found found = stream_reader.find("belongs_to");
  if (!found) return;
  ObjectReader reader(stream_reader.context(), found);
  stream.belongs_stream = reader.required_text("stream");
  const auto& streams = reader.context().streams;
  if (!stream.belongs_stream.empty() &&
      std::find(streams.begin(), streams.end(), stream.belongs_stream) == streams.end())
    reader.context().add(reader.find("stream").pointer,
                         fmt::format("there is no stream \"{}\"{}", stream.belongs_stream,
                                     did_you_mean(stream.belongs_stream, streams)));
  reader.require("id");
  stream.belongs_id = reader.path_or_template("id", roots);
  reader.finish();
}

void read_detail(ObjectReader& stream_reader, const Lets& lets, const Roots& roots,
                 StreamModel& stream) {
  Found found = stream_reader.find("detail");
  if (!found) return;
  ObjectReader reader(stream_reader.context(), found);
  stream.detail = read_request(reader, lets, roots);
  stream.detail_record = reader.path("record", true);
  reader.finish();
}

void check_stream(ObjectReader& reader, const StreamModel& stream) {
  LoadContext& context = reader.context();
  bool recursive_only = !stream.sources.empty() &&
                        std::all_of(stream.sources.begin(), stream.sources.end(),
                                    [](const SourceModel& source) { return source.recursive; });
  if (recursive_only)
    context.add(reader.pointer(),
                "every source needs records of this stream: none can be the first");
  bool own_reuse = reader.own().value->contains("reuse_if_unchanged");
  if (own_reuse && reader.flag("reuse_if_unchanged") && !has_parent(stream))
    context.add(reader.pointer() + "/reuse_if_unchanged", "there is no parent without \"each\"");
}

}  // namespace

std::vector<std::string> read_records(ObjectReader& reader) {
  Found found = reader.find("records");
  if (!found) return {""};
  std::vector<Found> paths;
  if (found.value->is_array())
    paths = reader.objects("records");
  else
    paths.push_back(found);
  std::vector<std::string> out;
  for (const Found& path : paths)
    if (check_path(reader.context(), path, true)) out.push_back(path.value->get<std::string>());
  if (paths.empty()) reader.context().add(found.pointer, "must hold a path");
  return out;
}

std::vector<std::string> read_paths(ObjectReader& reader, std::string_view key,
                                    bool through_lists) {
  std::vector<std::string> out;
  for (const Found& found : reader.objects(key))
    if (check_path(reader.context(), found, through_lists))
      out.push_back(found.value->get<std::string>());
  return out;
}

StreamModel read_stream(LoadContext& context, const std::string& name, const Found& found,
                        const Found& defaults, const Lets& outer) {
  StreamModel stream;
  stream.name = name;
  ObjectReader reader(context, found);
  reader.add_layer(defaults, default_keys);
  stream.title = reader.text("title");
  if (stream.title.empty()) stream.title = name;
  Lets lets = outer;
  stream.let = read_let(context, reader.find("let"), lets);
  read_sources(reader, defaults, lets, stream);
  bool below = has_parent(stream);
  Roots roots = roots_with(lets, {"record"});
  if (below) add_parent_roots(roots);
  stream.keep = reader.expression("keep", roots);
  read_id(reader, roots, stream);
  read_detail(reader, lets, roots, stream);
  stream.changed = reader.path("changed", false);
  stream.reuse_if_unchanged = reader.flag("reuse_if_unchanged") && below;
  stream.refresh_every = reader.duration("refresh_every");
  static constexpr std::array deletions{StreamModel::Deleted::listing, StreamModel::Deleted::flag,
                                        StreamModel::Deleted::unknown};
  stream.deleted = deletions[reader.word("deleted", {"listing", "flag", "unknown"}, 0)];
  stream.volatile_fields = read_paths(reader, "volatile", true);
  stream.title_of = reader.path_or_template("name", roots);
  stream.url_of = reader.path_or_template("url", roots);
  stream.text_fields = read_paths(reader, "text", false);
  read_belongs_to(reader, roots, stream);
  stream.files = read_files(reader, lets, below);
  stream.git = read_git(reader, lets, below);
  stream.webhooks = reader.flag("webhooks");
  stream.folder = reader.flag("folder");
  check_stream(reader, stream);
  reader.finish();
  return stream;
}

void sort_streams(LoadContext& context, std::vector<StreamModel>& streams) {
  enum class Mark { unseen, open, done };
  std::map<std::string, Mark> marks;
  std::map<std::string, const StreamModel*> by_name;
  for (const auto& stream : streams) by_name[stream.name] = &stream;
  std::vector<StreamModel> sorted;
  std::vector<std::string> open;  // the way down to the stream at hand
  auto visit = [&](auto& self, const std::string& name) -> void {
    Mark& mark = marks[name];
    if (mark == Mark::done) return;
    if (mark == Mark::open) {
      std::vector<std::string> cycle(std::find(open.begin(), open.end(), name), open.end());
      cycle.push_back(name);
      context.add("/streams" + pointer_step(name),
                  fmt::format("these streams wait for each other: {}", join(cycle, " > ")));
      return;
    }
    mark = Mark::open;
    open.push_back(name);
    for (const auto& source : by_name.at(name)->sources)
      for (const auto& parent : source.each)
        if (parent != name && by_name.contains(parent)) self(self, parent);
    open.pop_back();
    marks[name] = Mark::done;
    sorted.push_back(*by_name.at(name));
  };
  for (const auto& stream : streams) visit(visit, stream.name);
  streams = std::move(sorted);
}

}  // namespace probackup
