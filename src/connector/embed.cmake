# Writes a C++ source that holds files: cmake -DOUTPUT=x.cpp -DFILES=a.json;b.json -P embed.cmake
set(entries "")
foreach(file IN LISTS FILES)
  cmake_path(GET file STEM LAST_ONLY name)
  file(READ "${file}" text)
  string(APPEND entries "    {\"${name}\", R\"pbjson(${text})pbjson\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made by embed.cmake from connectors/*.json.
#include \"connector/embed.h\"

namespace probackup {

const std::vector<BuiltInConnector>& built_in_connectors() {
  static const std::vector<BuiltInConnector> files{
${entries}  };
  return files;
}

}  // namespace probackup
")
