// Puts records of a snapshot back into an app through its API, as the connector's `restore` section
// says (docs/connectors/restore.md).
//
// Nothing is created twice: the journal knows of every create before it is sent and after it was
// answered. A create whose answer was lost is looked up in the app before it is sent again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/connector.h"
#include "probackup/engine.h"
#include "probackup/http.h"

namespace probackup {

// A record as a snapshot holds it; strings as in Record of engine.h.
struct RestoreRecord {
  std::string key, scope, parent_stream, parent;
  std::string raw;
};

struct RestoreFile {
  std::string name;
  std::uint64_t size = 0;  // bytes
};

// Where the app wants a git repository to be pushed to.
struct GitTarget {
  std::string id;             // folder below git/ in the snapshot
  std::string url;            // https, without credentials
  std::string authorization;  // value for the Authorization header, secret; "" for none
  bool replace = false;       // what is there already is overwritten
};

// What is to be restored: the chosen part of a snapshot. Not for concurrent calls. Throws Error
// when the repository cannot be read.
class RestoreSource {
 public:
  virtual ~RestoreSource() = default;
  // The chosen records of a stream in the snapshot's order, none for a stream that the snapshot
  // does not have; `each` returns false to stop.
  virtual void records(const std::string& stream,
                       const std::function<bool(const RestoreRecord&)>& each) = 0;
  // The same, whether chosen or not: for people and names.
  virtual void all_records(const std::string& stream,
                           const std::function<bool(const RestoreRecord&)>& each) = 0;
  // Nothing when the snapshot does not hold this file.
  virtual std::optional<RestoreFile> file(const std::string& stream, const std::string& key,
                                          const std::string& id) = 0;
  // Hands over the bytes of a file that is there, piece by piece.
  virtual void read_file(const std::string& stream, const std::string& key, const std::string& id,
                         const std::function<void(std::string_view)>& piece) = 0;
  // Pushes everything that the snapshot holds of a repository; false when it holds nothing of it.
  // Throws Error when the push fails. Safe to repeat.
  virtual bool push_git(const GitTarget& target, std::stop_token stop) = 0;
};

inline constexpr std::string_view without_note = "without ";

// One thing that a restore makes. `kind` is a step's name, or the name of a map of `also`.
struct JournalEntry {
  enum class State {
    sent,       // the create was sent; whether it came about is not known
    made,       // it is there; requests that follow the create are not all done
    done,       // all is done but the second pass
    finished,   // the second pass is done as well
    lost,       // the API cannot take it: not tried
    failed,     // tried, and the app refused; tried again when the restore goes on
    uncertain,  // perhaps there: the answer was lost and the app cannot tell; never tried again
  };
  std::string kind, old_id;
  State state = State::sent;
  bool adopted = false;  // was in the target before: found or kept, not made by this restore
  bool relink = false;   // its text holds links to things that were not there yet
  std::string new_id;
  std::string old_url, new_url;
  std::string title;
  Time sent{};  // when its create was first sent, by the server's clock
  // For people: why it is lost or failed, what is missing from it. What is missing by declaration
  // begins with without_note.
  std::vector<std::string> notes;
  bool operator==(const JournalEntry&) const = default;
};

// What one restore did so far. Not for concurrent calls. Throws Error.
class RestoreJournal {
 public:
  virtual ~RestoreJournal() = default;
  // Adds or replaces the entry of this kind and old id; it survives a power cut when this returns.
  virtual void put(const JournalEntry& entry) = 0;
  virtual std::optional<JournalEntry> find(const std::string& kind, const std::string& old_id) = 0;
  // Forgets the entry, if there is one: of a thing that was never made and is not to be made.
  virtual void remove(const std::string& kind, const std::string& old_id) = 0;
  // Whether an entry of this kind has this new id.
  virtual bool has_new(const std::string& kind, const std::string& new_id) = 0;
  // The address that an entry with this old one has now; nothing if there is none.
  virtual std::optional<std::string> new_url(const std::string& old_url) = 0;
  // In the order in which they were first put; of one kind, or of all for "". `each` returns false
  // to stop and must not change the journal.
  virtual void each(const std::string& kind,
                    const std::function<bool(const JournalEntry&)>& each) = 0;
};

enum class Conflict {
  copy,     // make everything anew
  skip,     // what is still there stays as it is
  replace,  // what is still there gets the snapshot's values, where the API can set them
};

class AccessTokens;

struct RestoreOptions {
  std::string id;                             // of the restore; `options.restore` in expressions
  std::string account;                        // of the target; `account` in expressions
  nlohmann::json const* settings = nullptr;   // object; `config` in expressions. Required
  std::map<std::string, std::string> target;  // settings of restore.target
  std::map<std::string, std::string> known;   // "KIND/OLD ID" to an id in the target
  Conflict conflict = Conflict::copy;
  bool same_account = false;       // the target is the account that the snapshot was made of
  bool notify = false;             // let the app send its notifications
  AccessTokens* tokens = nullptr;  // as EngineOptions::tokens
  std::chrono::nanoseconds wait_max = default_wait_max;  // as EngineOptions::wait_max
};

// What would be done, before anything is written.
struct RestorePlan {
  struct Kind {
    std::string kind, title;
    std::uint64_t items = 0;  // to be made (those that a journal knows already are left out)
    std::uint64_t lost = 0;   // cannot be made
    std::uint64_t calls = 0;  // at least
  };
  struct Loss {
    std::string kind, reason;
    std::uint64_t items = 0;
    bool made = false;  // they are made, but lack something
  };
  std::vector<Kind> kinds;         // in the order of the steps; those without items are left out
  std::vector<Loss> losses;        // single records, by reason
  std::vector<std::string> lossy;  // what this app's API never takes
  std::vector<std::string> not_restored;  // streams with chosen records that no step looks at
  std::uint64_t calls = 0;                // at least
  std::chrono::nanoseconds duration{};    // at least, by the declared limits
};

struct RestoreProgress {
  std::string kind;
  std::uint64_t items = 0, items_expected = 0, requests = 0;
  std::chrono::nanoseconds paused{};  // waiting for the rate limit now
};

// How a run ended.
struct RestoreOutcome {
  // The app's quota is used up: go on after this time.
  std::optional<Time> paused_until;
  std::string paused_why;
  std::uint64_t requests = 0;
};

// What a comparison of a restored record with its original found.
struct RestoreDifference {
  std::string kind, old_id, new_id;
  std::string path;           // of the member that differs; "" when the record is not there
  std::string expected, got;  // JSON
};

// One restore into one account. Not for concurrent calls.
class RestoreEngine {
 public:
  // All references must outlive the engine. Throws Error(usage) for a connector without `restore`,
  // for settings that are missing, and for unknown names in `known`.
  RestoreEngine(const Connector& connector, const RestoreOptions& options, RestoreSource& source,
                RestoreJournal& journal, Http& http, Clock& clock);
  ~RestoreEngine();

  // Sends nothing.
  RestorePlan plan();
  // Makes what the journal does not know as done. Single items that fail do not end it; they stand
  // in the journal. Throws Error when it cannot go on (credentials refused, 20 failures in a row,
  // disk full), Error(interrupted) when stopped; the journal is right in any case, and run() of a
  // new engine over it goes on.
  RestoreOutcome run(std::stop_token stop);
  // Compares what was read back from the target with what was restored: `restored` gives the
  // records of a stream as they are in the target. Differences that the connector declares are
  // none. `each` gets every difference; returns how many records were compared and equal.
  struct Comparison {
    std::uint64_t compared = 0, equal = 0;
  };
  Comparison compare(RestoreSource& restored,
                     const std::function<void(const RestoreDifference&)>& each);
  // Removes what run() made, newest first, where the connector says how (things inside of others go
  // with them). Adopted things stay. Returns what could not be removed.
  std::vector<std::string> remove_made(std::stop_token stop);
  void on_progress(std::function<void(const RestoreProgress&)> callback);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace probackup
