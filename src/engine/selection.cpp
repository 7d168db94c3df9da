#include "engine/selection.h"

#include <fmt/format.h>

#include "util/text.h"

namespace probackup {
namespace {

void add_with_parents(const ConnectorModel& model, const std::string& name,
                      std::set<std::string>& wanted) {
  if (!wanted.insert(name).second) return;
  if (const StreamModel* stream = model.stream(name))
    for (const auto& parent : parents_of(*stream)) add_with_parents(model, parent, wanted);
}

}  // namespace

std::set<std::string> parents_of(const StreamModel& stream) {
  std::set<std::string> out;
  for (const auto& source : stream.sources) out.insert(source.each.begin(), source.each.end());
  out.erase(stream.name);
  return out;
}

std::vector<const StreamModel*> select_streams(const ConnectorModel& model,
                                               const std::vector<std::string>& only) {
  std::set<std::string> wanted;
  std::vector<std::string> all;
  for (const auto& stream : model.streams) all.push_back(stream.name);
  for (const auto& name : only.empty() ? all : only) {
    if (!model.stream(name))
      throw Error(
          ErrorKind::usage,
          fmt::format("{} has no stream \"{}\"{}", model.title, name, did_you_mean(name, all)),
          "its streams are " + join(all, ", "));
    add_with_parents(model, name, wanted);
  }
  std::vector<const StreamModel*> out;
  for (const auto& stream : model.streams)
    if (wanted.contains(stream.name)) out.push_back(&stream);
  return out;
}

}  // namespace probackup
