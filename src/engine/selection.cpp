#include "engine/selection.h"

#include <fmt/format.h>

#include <map>

#include "util/text.h"

namespace probackup {
namespace {

void add_with_parents(const ConnectorModel& model, const std::string& name,
                      std::set<std::string>& wanted) {
  if (!wanted.insert(name).second) return;
  if (const StreamModel* stream = model.stream(name))
    for (const auto& parent : parents_of(*stream)) add_with_parents(model, parent, wanted);
}

void check_names(const ConnectorModel& model, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (model.stream(name)) continue;
    std::vector<std::string> all;
    for (const auto& stream : model.streams) all.push_back(stream.name);
    throw Error(ErrorKind::usage,
                fmt::format("{} has no stream \"{}\"{}", model.title, name, did_you_mean(name, all)),
                "its streams are " + join(all, ", "));
  }
}

}  // namespace

std::set<std::string> parents_of(const StreamModel& stream) {
  std::set<std::string> out;
  for (const auto& source : stream.sources) out.insert(source.each.begin(), source.each.end());
  out.erase(stream.name);
  return out;
}

std::vector<const StreamModel*> select_streams(const ConnectorModel& model,
                                               const std::vector<std::string>& only,
                                               const std::vector<std::string>& exclude) {
  check_names(model, only);
  check_names(model, exclude);
  std::map<std::string, std::string> left_out;  // to the stream that is excluded by name
  for (const auto& name : exclude) left_out.emplace(name, name);
  for (const auto& stream : model.streams)  // parents come first
    for (const auto& parent : parents_of(stream))
      if (auto above = left_out.find(parent); above != left_out.end())
        left_out.emplace(stream.name, above->second);
  std::set<std::string> wanted;
  if (only.empty())
    for (const auto& stream : model.streams) wanted.insert(stream.name);
  for (const auto& name : only) {
    if (auto why = left_out.find(name); why != left_out.end())
      throw Error(ErrorKind::usage,
                  why->second == name
                      ? name + " is named by --only and by --exclude"
                      : fmt::format("{} cannot be read without {}, which --exclude leaves out",
                                    name, why->second),
                  "leave it out of one of them");
    add_with_parents(model, name, wanted);
  }
  std::vector<const StreamModel*> out;
  for (const auto& stream : model.streams)
    if (wanted.contains(stream.name) && !left_out.contains(stream.name)) out.push_back(&stream);
  return out;
}

}  // namespace probackup
