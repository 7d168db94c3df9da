#include "export/attachments.h"

#include <fmt/format.h>

#include "probackup/error.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::uint64_t named_max = 3;

std::string stream_folder(const ExportContext& context, const std::string& stream) {
  for (const auto& known : context.streams)
    if (known.stream.name == stream) return known.name;
  return safe_file_name(stream);
}

}  // namespace

void Attachments::write(const std::function<void(const WrittenFile&)>& each) {
  context_.source.files([&](const ExportFile& file) {
    context_.check_stop();
    if (!context_.options.attachments) {
      each({file, "", "attachments were not exported"});
      return true;
    }
    WrittenFile written = write_one(file);
    if (written.path.empty() && ++missing_ <= named_max)
      first_ += fmt::format("{}{} ({})", first_.empty() ? "" : ", ", safe_file_name(file.name),
                            written.reason);
    each(written);
    context_.report();
    return true;
  });
}

WrittenFile Attachments::write_one(const ExportFile& file) {
  std::string folder = "files/" + stream_folder(context_, file.stream);
  std::string id = context_.names.claim(folder, file.id.empty() ? "file" : file.id);
  std::string path =
      fmt::format("{}/{}/{}", folder, id, safe_file_name(file.name.empty() ? "file" : file.name));
  auto out = context_.target.create(path);
  bool reading = true;  // as opposed to writing, whose errors end the export
  try {
    context_.source.read(file, [&](std::string_view bytes) {
      reading = false;
      context_.check_stop();
      out->write(bytes);
      reading = true;
    });
  } catch (const Error& error) {
    if (!reading || error.kind() == ErrorKind::interrupted) throw;
    return {file, "", error.what()};
  }
  if (out->size() != file.size)
    return {
        file, "",
        fmt::format("{} bytes instead of {}", format_count(out->size()), format_count(file.size))};
  out->finish();
  ++context_.result.files;
  return {file, path, ""};
}

void Attachments::check() const {
  if (missing_ == 0) return;
  throw Error(fmt::format("{} attachment(s) could not be read from the repository: {}{}", missing_,
                          first_, missing_ > named_max ? ", …" : ""),
              "everything else was written; check the repository's data");
}

}  // namespace probackup
