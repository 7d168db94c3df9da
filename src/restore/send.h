// Requests that change something in the target, with their content.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "restore/parts.h"

namespace probackup {

// Only the thing at hand fails; the restore goes on.
class ItemError : public Error {
 public:
  using Error::Error;
};

// So does this, but the next run may well succeed: no answer came.
class UnsettledError : public ItemError {
 public:
  using ItemError::ItemError;
};

// Runs what evaluates a connector's expressions: their errors are the item's.
template <class Evaluate>
auto evaluated(const Evaluate& evaluate) {
  try {
    return evaluate();
  } catch (const Error& error) {
    throw ItemError(error.what());
  }
}

struct WriteAnswer {
  enum class Kind {
    good,
    refused,  // certainly not carried out
    unknown,  // perhaps carried out, or would be if it were sent again
  } kind = Kind::good;
  HttpResponse response;
  std::string reason;  // for people, unless good
};

// Not for concurrent use.
class RestoreSender {
 public:
  struct Owner {
    const std::string& stream;  // of the record whose attachments may be sent
    const std::string& key;
  };
  struct Watch {
    std::function<void()> sending, refused;  // as in Ask
  };
  explicit RestoreSender(const RestoreParts& parts) : parts_(parts) {}

  // `once`: not tried again where it may have been carried out. Throws ItemError when the request
  // cannot be made, QuotaUsedUp, and Error when the restore cannot go on.
  WriteAnswer send(const WriteModel& model, const Scope& names, const Owner& owner, bool once,
                   const Watch& watch, std::stop_token stop);

 private:
  HttpRequest build(const WriteModel& model, const Scope& names, const Owner& owner);
  const RestoreParts& parts_;
};

}  // namespace probackup
