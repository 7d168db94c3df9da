// A script of HTTP answers as text, so that it can be changed byte by byte: a status line, header
// lines, an empty line and the body; a line "--" between two answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fuzz.h"
#include "probackup/http.h"

namespace probackup::fuzz {

inline std::string print_answer(const HttpResponse& answer) {
  std::string out = std::to_string(answer.status) + "\n";
  for (const auto& [name, value] : answer.headers) out += name + ": " + value + "\n";
  return out + "\n" + answer.body + "\n--\n";
}

inline std::vector<HttpResponse> parse_answers(Input input) {
  std::vector<HttpResponse> out;
  while (!input.empty() && out.size() < 64) {
    auto text = input.until("\n--\n");
    Input answer(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    HttpResponse response;
    for (char c : answer.until("\n").substr(0, 3))
      if (c >= '0' && c <= '9') response.status = response.status * 10 + (c - '0');
    for (auto line = answer.until("\n"); !line.empty(); line = answer.until("\n")) {
      auto colon = line.find(": ");
      if (colon == std::string_view::npos) continue;
      response.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    response.body = answer.rest();
    out.push_back(std::move(response));
  }
  return out;
}

}  // namespace probackup::fuzz
