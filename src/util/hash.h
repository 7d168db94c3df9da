// SHA-256.
#pragma once

#include <memory>
#include <string_view>

#include "probackup/id.h"

namespace probackup {

// The digest of one piece of memory. Safe for concurrent calls.
Id sha256(std::string_view bytes);

// A digest built piece by piece. Not for concurrent calls on one object.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // The digest of all updates; the object starts anew after it.
  Id finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace probackup
