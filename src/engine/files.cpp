#include "engine/files.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/request.h"
#include "http/url.h"
#include "util/raw_json.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t files_max = 10'000;  // of one record
constexpr std::size_t name_bytes_max = 4096;

std::optional<std::uint64_t> parse_size(const std::string& text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// An app that wants a sign-in answers 200 and a page instead of the file.
bool looks_like_sign_in(const HttpResponse& response, const FileRef& ref) {
  std::string type = to_lower(header(response.headers, "content-type").value_or(""));
  std::string name = to_lower(ref.name);
  bool wants_html = name.ends_with(".html") || name.ends_with(".htm") || name.ends_with(".xhtml");
  return type.starts_with("text/html") && !wants_html && !ref.size;
}

// The address is wrong, or not valid any more.
bool is_refused(const Fetched& fetched) {
  return fetched.kind == Fetched::Kind::failed && fetched.status >= 400 && fetched.status < 500 &&
         fetched.status != 429;
}

// No address to ask at: a gap, while other errors of a download end the run.
class BadAddress : public Error {
 public:
  using Error::Error;
};

}  // namespace

FileReader::FileReader(const StreamModel& stream, const RunContext& context, Fetcher& fetcher,
                       BackupSink& sink, Counters& counters)
    : stream_(stream), context_(context), fetcher_(fetcher), sink_(sink), counters_(counters) {}

void FileReader::read(const std::string& key, const std::string& raw, const Scope& names,
                      const OnGap& on_gap, std::stop_token stop) const {
  if (!has_any()) return;
  Names with_record(&names);
  with_record.set("record", parse_json(raw));
  for (const auto& model : stream_.files) read_model(model, key, with_record.scope(), on_gap, stop);
  for (const auto& model : stream_.git) {
    std::optional<GitRef> ref;
    try {
      ref = git_ref(model, key, with_record.scope());
    } catch (const Error& error) {
      on_gap({.key = key, .file = "git", .reason = error.what()});
    }
    if (ref) sink_.git(*ref);
  }
}

void FileReader::read_model(const FileModel& model, const std::string& key, const Scope& names,
                            const OnGap& on_gap, std::stop_token stop) const {
  if (!model.each) return read_one(model, key, names, on_gap, stop);
  nlohmann::json list;
  try {
    list = model.each->evaluate(names);
  } catch (const Error& error) {
    return on_gap({.key = key, .file = "*", .reason = error.what()});
  }
  if (list.is_null()) return;
  if (!list.is_array()) list = nlohmann::json::array({list});
  if (list.size() > files_max)
    on_gap({.key = key, .file = "*", .reason = fmt::format("more than {} files", files_max)});
  for (std::size_t i = 0; i < std::min(list.size(), files_max); ++i) {
    Names with_item(&names);
    with_item.set("item", list[i]);
    read_one(model, key, with_item.scope(), on_gap, stop);
  }
}

void FileReader::read_one(const FileModel& model, const std::string& key, const Scope& names,
                          const OnGap& on_gap, std::stop_token stop) const {
  FileRef ref{stream_.name, key, {}, {}, {}, {}};
  try {
    if (model.when && !model.when->holds(names)) return;
    ref.id = model.id.text(names);
    ref.name = model.name.empty() ? ref.id : model.name.text(names);
    if (ref.name.empty()) ref.name = ref.id;
    if (model.size) ref.size = parse_size(model.size->text(names));
    if (model.hash) ref.hash = model.hash->text(names);
  } catch (const Error& error) {
    return on_gap({.key = key, .file = ref.id.empty() ? "*" : ref.id, .reason = error.what()});
  }
  if (ref.id.empty()) return on_gap({.key = key, .file = "*", .reason = "a file without an id"});
  if (ref.name.size() > name_bytes_max || ref.id.size() > name_bytes_max)
    return on_gap({.key = key, .file = ref.id.substr(0, 200), .reason = "a name far too long"});
  download(model, ref, names, on_gap, stop);
}

void FileReader::download(const FileModel& model, const FileRef& ref, const Scope& names,
                          const OnGap& on_gap, std::stop_token stop) const {
  FileTarget target{sink_.file(ref)};
  if (!target.sink) return;
  Fetched fetched;
  try {
    fetched = fetch_bytes(model, ref, {}, names, target, stop);
    if (model.renew && is_refused(fetched))
      if (const std::string url = renewed_url(model, names, stop); !url.empty())
        fetched = fetch_bytes(model, ref, url, names, target, stop);
  } catch (const BadAddress& error) {
    return on_gap({.key = ref.key, .file = ref.id, .reason = error.what()});
  }
  if (fetched.kind == Fetched::Kind::empty) return;
  if (fetched.kind != Fetched::Kind::good)
    return on_gap({.key = ref.key,
                   .file = ref.id,
                   .url = fetched.url,
                   .status = fetched.status,
                   .reason = fetched.reason});
  if (target.sink) target.sink->finish();
  ++counters_.files;
  ++fetcher_.totals().files;
  fetcher_.totals().bytes += target.received;
}

Fetched FileReader::fetch_bytes(const FileModel& model, const FileRef& ref,
                                const std::string& renewed, const Scope& names, FileTarget& target,
                                std::stop_token stop) const {
  Ask ask;
  try {
    RequestParts parts;
    parts.method = "GET";
    parts.url = absolute_url(renewed.empty() ? model.get.text(names) : renewed, context_);
    parts.with_auth = model.with_auth;
    for (const auto& [name, value] : model.headers)
      parts.headers.emplace_back(name, value.text(names));
    if (!header(parts.headers, "accept")) parts.headers.emplace_back("Accept", "*/*");
    ask.request = finish_request(parts, context_);
    if (is_loopback(parts.url) && !is_loopback(context_.base()))
      throw Error("the file's address is this machine: " + safe_url(parts.url));
  } catch (const Error& error) {
    throw BadAddress(error.what());
  }
  ask.stream = &counters_;
  ask.prepare = [&](HttpRequest& request) {
    if (target.used) {
      target.sink.reset();  // what the failed try has written is dropped
      target.sink = sink_.file(ref);
    }
    target.used = true;
    target.received = 0;
    request.sink = [&](std::string_view bytes) {
      target.received += bytes.size();
      if (target.sink) target.sink->write(bytes);
    };
  };
  ask.check = [&](const HttpResponse& response) -> std::optional<std::string> {
    if (ref.size && *ref.size != target.received)
      return fmt::format("the file has {} bytes, the app says {}", target.received, *ref.size);
    if (looks_like_sign_in(response, ref)) return "a web page came instead of the file";
    return std::nullopt;
  };
  return fetcher_.fetch(std::move(ask), stop);
}

// "" where the app gives none.
std::string FileReader::renewed_url(const FileModel& model, const Scope& names,
                                    std::stop_token stop) const {
  Ask ask;
  std::string url;
  try {
    ask.request = finish_request(render_request(*model.renew, context_, names), context_);
  } catch (const Error& error) {
    throw BadAddress(error.what());
  }
  ask.stream = &counters_;
  ask.check = [&](const HttpResponse& response) -> std::optional<std::string> {
    RawJson json;
    try {
      json.select(response.body, model.renew_url, [&](std::string_view raw) {
        if (url.empty() && raw.starts_with('"')) url = parse_json(raw).get<std::string>();
      });
      return std::nullopt;
    } catch (const Error& error) {
      return error.what();
    }
  };
  return fetcher_.fetch(std::move(ask), stop).kind == Fetched::Kind::good ? url : "";
}

std::optional<GitRef> FileReader::git_ref(const GitModel& model, const std::string& key,
                                          const Scope& names) const {
  if (model.when && !model.when->holds(names)) return std::nullopt;
  GitRef ref;
  ref.stream = stream_.name;
  ref.key = key;
  ref.id = model.id.text(names);
  ref.url = model.url.text(names);
  ref.missing_is_empty = model.missing_is_empty;
  if (ref.id.empty() || ref.url.empty()) return std::nullopt;
  if (context_.own_host(ref.url)) ref.authorization = git_authorization(model, context_, names);
  return ref;
}

}  // namespace probackup
