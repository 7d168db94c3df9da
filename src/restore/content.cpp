#include "restore/content.h"

#include <fmt/format.h>

#include "engine/request.h"
#include "http/spool_body.h"
#include "util/bytes.h"
#include "util/file.h"
#include "util/random.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;

struct Owner {
  RestoreSource& source;
  const std::string &stream, &key;
};

void set_type(HttpRequest& request, const std::string& type) {
  std::erase_if(request.headers,
                [](const auto& pair) { return to_lower(pair.first) == "content-type"; });
  request.headers.emplace_back("Content-Type", type);
}

RestoreFile file_of(const Owner& owner, const std::string& id) {
  if (auto file = owner.source.file(owner.stream, owner.key, id)) return *file;
  throw Error(fmt::format("the snapshot does not hold its attachment {}", id));
}

void append_file(SpoolFile& spool, const Owner& owner, const std::string& id) {
  owner.source.read_file(owner.stream, owner.key, id,
                         [&](std::string_view piece) { spool.append(piece); });
}

std::string type_of(const PartModel& part, const Scope& names) {
  std::string type = part.type.text(names);
  if (type.find_first_of("\r\n") != std::string::npos) throw Error("a Content-Type of two lines");
  return type.empty() ? "application/octet-stream" : type;
}

void append_part(SpoolFile& spool, const std::string& boundary, const std::string& name,
                 const PartModel& part, const Scope& names, const Owner& owner) {
  std::string head =
      fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"", boundary, form_name(name));
  if (part.value) {
    json value = part.value->evaluate(names);
    if (value.is_null()) return;
    spool.append(head + "\r\n\r\n" + json_text(value) + "\r\n");
    return;
  }
  json id = part.file.evaluate(names);
  if (id.is_null()) return;
  auto file = file_of(owner, json_text(id));
  if (part.is_text)
    spool.append(head + "\r\n\r\n");
  else
    spool.append(fmt::format("{}; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n", head,
                             form_name(file.name), type_of(part, names)));
  append_file(spool, owner, json_text(id));
  spool.append("\r\n");
}

void add_multipart(HttpRequest& request, const WriteModel& model, const Scope& names,
                   const Owner& owner) {
  const std::string boundary = "probackup-" + to_hex(random_bytes(16));
  auto spool = std::make_shared<SpoolFile>();
  for (const auto& [name, part] : model.multipart)
    append_part(*spool, boundary, name, part, names, owner);
  spool->append(fmt::format("--{}--\r\n", boundary));
  set_type(request, "multipart/form-data; boundary=" + boundary);
  request.upload = spool_body(std::move(spool));
}

// The file's content as a JSON text of base64, which is put together of whole groups of 3 bytes.
void append_base64(SpoolFile& spool, const Owner& owner, const std::string& id) {
  std::string rest;
  spool.append("\"");
  owner.source.read_file(owner.stream, owner.key, id, [&](std::string_view piece) {
    rest += piece;
    const std::size_t whole = rest.size() - rest.size() % 3;
    spool.append(to_base64(std::string_view(rest).substr(0, whole)));
    rest.erase(0, whole);
  });
  spool.append(to_base64(rest) + "\"");
}

void add_base64(HttpRequest& request, const WriteModel& model, const Scope& names,
                const Owner& owner) {
  auto spool = std::make_shared<SpoolFile>();
  char separator = '{';
  for (const auto& [name, part] : model.base64) {
    const json value = part.value ? part.value->evaluate(names) : part.file.evaluate(names);
    if (value.is_null()) continue;
    spool->append(separator + json(name).dump() + ':');
    separator = ',';
    if (part.value) {
      spool->append(value.dump(-1, ' ', false, json::error_handler_t::replace));
    } else {
      file_of(owner, json_text(value));
      append_base64(*spool, owner, json_text(value));
    }
  }
  spool->append(separator == '{' ? "{}" : "}");
  set_type(request, "application/json");
  request.upload = spool_body(std::move(spool));
}

void add_upload(HttpRequest& request, const PartModel& part, const Scope& names,
                const Owner& owner) {
  const std::string id = part.file.text(names);
  file_of(owner, id);
  auto spool = std::make_shared<SpoolFile>();
  append_file(*spool, owner, id);
  set_type(request, type_of(part, names));
  request.upload = spool_body(std::move(spool));
}

void add_form(HttpRequest& request, const WriteModel& model, const Scope& names) {
  for (const auto& [name, value] : model.form) {
    json made = value.evaluate(names);
    if (made.is_null()) continue;
    if (!request.body.empty()) request.body += '&';
    request.body += url_encode(name) + '=' + url_encode(json_text(made));
  }
  set_type(request, "application/x-www-form-urlencoded");
}

}  // namespace

void add_content(HttpRequest& request, const WriteModel& model, const Scope& names,
                 RestoreSource& source, const std::string& stream, const std::string& key) {
  Owner owner{source, stream, key};
  if (!model.multipart.empty()) add_multipart(request, model, names, owner);
  if (!model.base64.empty()) add_base64(request, model, names, owner);
  if (model.upload) add_upload(request, *model.upload, names, owner);
  if (!model.form.empty()) add_form(request, model, names);
}

}  // namespace probackup
