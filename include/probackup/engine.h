// Runs a connector: asks the app's API and hands records, files and gaps to a sink.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/connector.h"
#include "probackup/http.h"
#include "probackup/signin.h"

namespace probackup {

// One item of the app as it was sent.
struct Record {
  std::string stream;
  std::string key;    // unique in the stream
  std::string scope;  // which listing gave it: the parent record's key, "" for a listing at the
                      // top; "STREAM/KEY" where the stream hangs below several streams
  std::string parent_stream, parent;  // the tree: stream and key of the item above, "" at the top
  std::string raw;                    // one line of JSON, as sent but for insignificant white space
  std::string compare;           // 16 bytes that change when anything but volatile fields changes
  std::string mark;              // value of the connector's `changed` field, may be empty
  std::string title, url, text;  // for listings and full-text search, may be empty
  bool webhook = false;
};

// What the sink knew of a record before.
enum class Change { added, changed, unchanged };

// Something that could not be read.
struct Gap {
  std::string stream{};
  std::string scope{};   // as in Record
  std::string key{};     // record, "" for a whole listing
  std::string file{};    // file id, "" when the gap is no file
  std::string url{};     // without secrets
  int status = 0;        // HTTP status, 0 when there was none
  std::string reason{};  // for people
};

struct FileRef {
  std::string stream, key;  // the record it belongs to
  std::string id, name;
  std::optional<std::uint64_t> size;
  std::string hash;  // as the app states it, "" if it does not
};

// Takes one file's bytes. Destroyed without finish() it leaves no trace.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual void finish() = 0;
};

struct GitRef {
  std::string stream, key;    // the record it belongs to
  std::string id;             // folder below git/
  std::string url;            // https, without credentials
  std::string authorization;  // value for the Authorization header, secret; "" where there are
                              // no credentials, or the host is not the app's own
  bool missing_is_empty = false;
};

// What the last snapshot says about a stream.
struct PriorStream {
  bool exists = false;
  // The run before ran out of the app's quota after it had read this stream through; this run goes
  // on from there: the stream stays as it is, unless everything is to be read.
  bool kept = false;
  bool complete = false;  // as in StreamResult
  // Records above it were read later than it was (a run that broke off, or that read only some
  // streams): what their listings say now is not known for any of them.
  bool behind = false;
  std::optional<Time> since;         // everything changed before this is in the snapshot
  std::optional<Time> last_full;     // when its listings were last read without a filter by time
  std::optional<Time> last_refresh;  // when all of it was last read, details included
  std::map<std::string, std::string> feeds;  // as in StreamResult
  std::vector<Gap> gaps;
};

// ETag and Last-Modified of an answer that a later run may ask about.
struct Validators {
  std::string etag, last_modified;
};

struct StreamResult {
  std::string stream;
  bool complete = false;  // every listing ended without a gap
  // Listings that can be asked for changes only were read whole. Where `since` is set as well, it
  // is the next run's PriorStream::last_full.
  bool full = false;
  // Everything was asked for: nothing was kept by its mark or its parent either. Where `since` is
  // set as well, it is the next run's PriorStream::last_refresh.
  bool refreshed = false;
  std::uint64_t requests = 0;
  // Cursor for the next run, unset when it must not move on. Gaps below a parent do not hold it:
  // the next run reads those listings whole, as long as it finds them in PriorStream::gaps.
  std::optional<Time> since;
  // Where the app tells of changes by itself: scope of a listing to the token that the next run may
  // ask with. A scope that is not in it is to be listed then.
  std::map<std::string, std::string> feeds;
  bool kept = false;  // nothing was asked: PriorStream::kept
};

// A record that listings below it are asked for.
struct ParentRecord {
  std::string key, raw;
  Change change;
};

// What a backup does with what the engine reads. The engine calls it from several threads; one
// stream's calls may come at the same time. Exceptions end the run.
class BackupSink {
 public:
  virtual ~BackupSink() = default;
  virtual PriorStream prior(const std::string& stream) = 0;
  // Before the first record. `full`: what is not seen is gone, where its listing was complete; a
  // scope that was neither listed nor kept is gone as well, unless some listing of the stream was
  // incomplete. Otherwise what is not seen stays, except below a parent that is gone.
  virtual void begin_stream(const std::string& stream, bool full) = 0;
  // The same record may come more than once; the last one counts.
  virtual Change record(Record record) = 0;
  // All files of a record were asked for; comes in streams that have files. A run that breaks off
  // before it leaves a gap, so that the next one looks at the record again.
  virtual void record_done(const std::string& stream, const std::string& key) = 0;
  // The mark of a record in the last snapshot; nothing if it is not there.
  virtual std::optional<std::string> prior_mark(const std::string& stream,
                                                const std::string& key) = 0;
  // The record stays as it is in the last snapshot. False if it is not there.
  virtual bool keep(const std::string& stream, const std::string& key) = 0;
  // A listing names a record that it does not hand over: one that was kept, or that another listing
  // of this run gave.
  virtual void named(const std::string& stream, const std::string& key,
                     const std::string& scope) = 0;
  // The app says that this record is gone, or belongs to the stream no longer. One that the run
  // delivers all the same stays.
  virtual void gone(const std::string& stream, const std::string& key) = 0;
  // The listing for `scope` ended; comes once per scope. With `complete` false nothing in it counts
  // as deleted. In a stream begun with `full` false, a complete one means: what it did not name is
  // gone. Where records hang below several parents, nothing of the stream is gone unless every
  // listing of it was complete: another one may still name it.
  virtual void listed(const std::string& stream, const std::string& scope, bool complete) = 0;
  // All of this scope stays as it is in the last snapshot (304, unchanged parent).
  virtual void keep_scope(const std::string& stream, const std::string& scope) = 0;
  virtual void end_stream(const StreamResult& result) = 0;

  // The records of a finished stream in this run, those kept from the last snapshot included, in
  // batches that fit in memory; `changed_only` leaves out those that are unchanged. `each` returns
  // false to stop; it may take long and may call the sink.
  virtual void parents(const std::string& stream, bool changed_only,
                       const std::function<bool(ParentRecord)>& each) = 0;

  // Null when the last snapshot already holds this file (same id, size and hash): it is kept.
  virtual std::unique_ptr<FileSink> file(const FileRef& file) = 0;
  virtual void git(const GitRef& git) = 0;
  virtual void gap(const Gap& gap) = 0;

  virtual std::optional<Validators> validators(const std::string& request) = 0;
  virtual void remember(const std::string& request, const Validators& validators) = 0;
};

// How long one wait for an app's limits may be; what takes longer pauses the run.
inline constexpr std::chrono::nanoseconds default_wait_max = std::chrono::minutes(65);

// Another token of the same account, with the same rights.
struct MoreCredentials {
  std::string name;
  nlohmann::json const* settings = nullptr;  // with its secrets; must outlive the engine
};

struct EngineOptions {
  std::string account;                       // `account` in expressions
  nlohmann::json const* settings = nullptr;  // object; `config` in expressions. Required
  std::vector<std::string> only;  // streams to read (their parents are read too); empty: all
  std::vector<std::string> exclude;  // streams not to read, with all that is listed below them
  bool full = false;              // ignore since, validators and reuse
  unsigned concurrency = 0;       // 0: as the connector says
  std::chrono::nanoseconds wait_max = default_wait_max;  // for the API's limits
  // Where the user signed in instead of giving a token: sent as Bearer, renewed before it ends and
  // once after a 401. Must outlive the engine; null otherwise.
  AccessTokens* tokens = nullptr;
  // Requests go to whichever token has most of its quota left; a listing stays with one.
  std::vector<MoreCredentials> more;
};

// A scope that the connector's `check.needs` names, and what it is for.
struct ScopeNeed {
  std::string scope, purpose;
};

struct CheckResult {
  std::string account;  // how the app names this account, "" if it does not say
  std::string who;      // for people
  std::vector<std::string> scopes;
  std::vector<ScopeNeed> missing;  // as far as the app says what the token may do
};

struct EngineProgress {
  std::string stream;
  std::uint64_t requests = 0, records = 0, files = 0, bytes = 0;
  std::uint64_t expected_requests = 0;  // 0 while unknown
  std::chrono::nanoseconds paused{};    // waiting for the rate limit now
};

// One run over one account. Not for concurrent calls.
class Engine {
 public:
  // All references must outlive the engine.
  Engine(const Connector& connector, const EngineOptions& options, Http& http, Clock& clock);
  ~Engine();

  // Asks the connector's check request. Throws Error when the credentials are refused.
  CheckResult check(std::stop_token stop);
  // Reads everything. Throws QuotaUsedUp when the API's limits want a longer wait than
  // EngineOptions::wait_max, Error when the run cannot go on otherwise (credentials refused, disk
  // full); what the sink got until then stays valid. Throws Error(interrupted) when stopped.
  void run(BackupSink& sink, std::stop_token stop);
  // Reads only the listings without parents and returns the number of requests a full run would
  // take at least, by stream: {stream, requests, "at least"|"exact"}.
  struct Estimate {
    std::string stream;
    std::uint64_t requests = 0;
    bool exact = false;
  };
  std::vector<Estimate> estimate(std::stop_token stop);
  // Reads only the listings without parents, for a look at what the credentials can see.
  struct Visible {
    std::string stream;
    std::uint64_t count = 0;
    bool complete = true;            // false: something could not be read
    bool whole = true;               // false: the stream has listings below other records, too
    std::vector<std::string> names;  // the first ones, in the order of the listing
    std::vector<std::string> keys;   // of all records
  };
  std::vector<Visible> visible(std::stop_token stop);
  void on_progress(std::function<void(const EngineProgress&)> callback);
  std::uint64_t requests() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace probackup
