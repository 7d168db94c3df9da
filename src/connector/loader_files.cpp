// Attachments and git repositories of a stream's records.
#include <fmt/format.h>

#include "connector/loader_parts.h"
#include "expr/expr_node.h"

namespace probackup {
namespace {

// Things with the same id would overwrite each other.
void check_id(ObjectReader& reader, const Template& id, std::string_view root) {
  if (!id.uses(root))
    reader.context().add(reader.find("id").pointer,
                         fmt::format("does not use ${{{}…}}: all would have one id", root));
}

std::optional<Expression> read_list(ObjectReader& reader, const Roots& roots) {
  Found found = reader.find("each");
  if (!found || !found.value->is_string() ||
      found.value->get_ref<const std::string&>().find("${") != std::string::npos)
    return reader.expression("each", roots);
  if (!check_path(reader.context(), found, false)) return std::nullopt;
  return Expression::parse(record_expression(found.value->get_ref<const std::string&>()), roots);
}

void read_renew(ObjectReader& file_reader, const Lets& lets, const Roots& roots, FileModel& file) {
  Found found = file_reader.find("renew");
  if (!found) return;
  ObjectReader reader(file_reader.context(), found);
  file.renew = read_request(reader, lets, roots);
  reader.require("url");
  file.renew_url = reader.path("url", true);
  reader.finish();
}

FileModel read_file_model(ObjectReader& reader, const Lets& lets, const Roots& stream_roots) {
  FileModel file;
  file.each = read_list(reader, stream_roots);
  Roots roots = stream_roots;
  if (reader.has("each")) roots.emplace_back("item");
  file.when = reader.expression("if", roots);
  reader.require("id");
  if (auto id = reader.templated("id", roots)) {
    if (reader.has("each")) check_id(reader, *id, "item");
    file.id = std::move(*id);
  }
  auto get = reader.templated("get", roots);
  if (Found url = reader.require("get")) check_url(reader.context(), url, get);
  if (get) file.get = std::move(*get);
  file.name = reader.templated("name", roots).value_or(file.id);
  file.size = reader.templated("size", roots);
  file.hash = reader.templated("hash", roots);
  file.with_auth = reader.word("auth", {"same", "none"}, 0) == 0;
  file.headers = reader.templates("headers", roots);
  read_renew(reader, lets, roots, file);
  return file;
}

void check_clone_url(ObjectReader& reader, const Template& url) {
  Found found = reader.find("url");
  if (!found.value->is_string()) return;
  const auto& text = found.value->get_ref<const std::string&>();
  if (!text.starts_with("https://") && !text.starts_with("${"))
    reader.context().add(found.pointer, "expected an https clone URL");
  reader.context().refuse_secrets(url, found.pointer);
}

Roots record_roots(const Lets& lets, bool has_parent) {
  Roots roots = roots_with(lets, {"record"});
  if (has_parent) add_parent_roots(roots);
  return roots;
}

}  // namespace

std::vector<FileModel> read_files(ObjectReader& stream, const Lets& lets, bool has_parent) {
  std::vector<FileModel> out;
  for (const Found& found : stream.objects("files")) {
    ObjectReader reader(stream.context(), found);
    out.push_back(read_file_model(reader, lets, record_roots(lets, has_parent)));
    reader.finish();
  }
  return out;
}

std::vector<GitModel> read_git(ObjectReader& stream, const Lets& lets, bool has_parent) {
  return read_git_list(stream, lets, record_roots(lets, has_parent), "record", false);
}

std::vector<GitModel> read_git_list(ObjectReader& stream, const Lets& lets, const Roots& roots,
                                    std::string_view id_root, bool is_restored) {
  std::vector<GitModel> out;
  for (const Found& found : stream.objects("git")) {
    ObjectReader reader(stream.context(), found);
    GitModel git;
    git.when = reader.expression("if", roots);
    reader.require("id");
    reader.require("url");
    if (auto id = reader.templated("id", roots)) {
      check_id(reader, *id, id_root);
      git.id = std::move(*id);
    }
    if (auto url = reader.templated("url", roots)) {
      check_clone_url(reader, *url);
      git.url = std::move(*url);
    }
    if (Found auth = reader.find("auth")) {
      git.auth = read_auth_way(stream.context(), auth, roots_with(lets), false);
      if (git.auth->kind == AuthModel::Kind::header || git.auth->kind == AuthModel::Kind::query)
        reader.refuse("auth", "git takes the kinds bearer and basic");
    }
    git.missing_is_empty = reader.flag("missing_is_empty");
    if (is_restored) {
      git.replace = reader.flag("replace");
      git.lost = reader.text("lost");
    }
    reader.finish();
    out.push_back(std::move(git));
  }
  return out;
}

}  // namespace probackup
