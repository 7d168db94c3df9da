// The checked form of a connector file. docs/connectors/README.md describes the file itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "connector/request_model.h"
#include "connector/restore_model.h"
#include "probackup/connector.h"

namespace probackup {

struct SinceModel {
  PageModel::Into into = PageModel::Into::query;
  std::string into_name;
  std::string format = "rfc3339";  // or "unix", "unix_ms", "date", or a strftime pattern
  std::string prefix;              // put before the time, for filters such as ">="
  std::chrono::nanoseconds lookback{};
  std::chrono::nanoseconds full_every{};  // zero: never
};

struct FileModel {
  std::optional<Expression> each;  // a list inside the record, one file per element (`item`)
  std::optional<Expression> when;
  Template id, name, get;
  std::optional<Template> size, hash;  // when known before the download
  bool with_auth = true;  // the app's token goes along (only ever to the app's own host)
  std::map<std::string, Template> headers;  // for example Accept
  std::optional<RequestModel> renew;        // asked when the address is refused, for another one
  std::string renew_url;                    // selector of that address in the answer
};

// Changes are held in memory until all are there.
inline constexpr std::int64_t feed_changes_max = 100'000;

// An app's own list of what changed, asked with a token in place of the listing.
struct FeedModel {
  RequestModel start;                     // asked before the listing is read whole, ...
  std::optional<Expression> start_token;  // ... for the first token, over its answer
  int start_status = 0;                   // that answer's, where it is not one of success
  RequestModel request;                   // `feed`: the token
  std::vector<std::string> records;       // selectors of the changes
  PageModel page;
  Template id;                     // of the record, over the change (`record`)
  std::optional<Expression> gone;  // over the change: the record is not there any more
  std::string record;              // selector of the record in the change; "": the change is it
  std::optional<RequestModel> detail;  // over the change: asked for the record, ...
  std::string detail_record;           // ... which this selects
  std::optional<Expression> elsewhere;  // over the record: another listing has it, this one has not
  std::optional<Expression> whole;  // over each page: the app cannot tell, the listing is to be read
  std::int64_t at_most = feed_changes_max;  // so is it where there are more changes
  std::optional<Expression> next;       // the token of the next run, over the last page
  std::chrono::nanoseconds full_every{};  // zero: never
};

// One place that a stream's records come from.
struct SourceModel {
  std::vector<std::string> each;   // parent streams, a request per parent record; empty: one
  bool recursive = false;          // `each` names the stream itself
  unsigned depth = 1;              // levels of recursion
  std::optional<Expression> when;  // asked per parent
  RequestModel request;
  std::vector<std::string> records;  // selectors tried in order (RawJson::select)
  std::optional<std::string> wrap;   // scalars become {"<wrap>": scalar}
  PageModel page;
  std::optional<SinceModel> since;
  std::optional<FeedModel> feed;
  bool conditional = false;         // If-None-Match, If-Modified-Since for one-page listings
  std::optional<std::int64_t> cap;  // the API gives no more than this many records a listing: a gap
  std::string cap_say;
  bool missing_is_empty =
      false;  // 404, 410 and an answer without the records' place mean "none here"
};

struct StreamModel {
  std::string name, title;
  std::vector<SourceModel> sources;
  std::map<std::string, Template> let;
  std::optional<Expression> keep;      // false drops the record
  Template id;                         // over `record` and `parent`
  std::string id_path;                 // set when `id` is a plain path in the record
  std::optional<RequestModel> detail;  // asked per new or changed record; its answer replaces it
  std::string detail_record;           // selector of the record in that answer
  std::string changed;                 // path of the field that moves when a record changes, or ""
  bool reuse_if_unchanged = false;     // not read again below a parent that did not change
  std::chrono::nanoseconds refresh_every{};  // `changed` and reuse are trusted this long; 0: ever
  enum class Deleted { listing, flag, unknown } deleted = Deleted::listing;
  std::vector<std::string> volatile_fields;
  std::optional<Template> title_of, url_of;  // for listings and search
  std::vector<std::string> text_fields;      // paths, for full-text search
  std::string belongs_stream;                // the tree's parent, when it is not the fan-out's
  std::optional<Template> belongs_id;
  std::vector<FileModel> files;
  std::vector<GitModel> git;
  bool webhooks = false;  // records are registered webhooks
  bool folder = false;    // records become folders of the readable copy
};

struct ErrorRule {
  Expression when;
  enum class Do { retry, gap, fail, empty, restart, pause } action = Do::fail;
  std::optional<Template> wait;  // seconds (over 1e9: since 1970) or a duration; else backoff
  unsigned tries = 5;
  Do then = Do::gap;  // after the last try
  std::optional<Template> say;
  bool limited = false;  // counts as "too fast" for the rate limiter
};

struct ConnectorModel {
  std::string file, source;  // name and text of the file
  std::string app, title, version, docs;
  std::string account_for;  // the command that the account is for; it has no streams then
  std::vector<ConnectorSetting> settings;
  std::map<std::string, Template> let;
  std::vector<AuthModel> auth;
  std::optional<OAuthModel> oauth;
  Template base;                      // of http; `config.base_url` overrides it
  std::optional<Template> graphql;    // URL or path of the GraphQL endpoint
  std::vector<std::string> hosts;     // more hosts of the app: credentials may go there too
  std::optional<Template> own_hosts;  // a list: the same for the user's own server
  std::map<std::string, Template> headers;
  unsigned concurrency = 4;
  std::vector<LimitModel> limits;
  std::optional<Expression> quota_remaining, quota_reset;  // reset: since 1970 or from now
  std::int64_t quota_floor = 0;
  std::vector<ErrorRule> errors;
  std::optional<RequestModel> check;
  std::optional<Template> check_account;  // the account's name in the check's answer
  std::optional<Template> check_show;     // who one is, for people
  std::optional<Template> check_scopes;   // what the token may do, comma-separated
  std::vector<std::pair<std::string, std::string>> check_needs;  // scope or scopes|…, and what for
  std::vector<StreamModel> streams;                              // parents before children
  std::optional<RestoreModel> restore;                           // how records are put back
  std::vector<std::string> not_read;  // what this API does not give, for `connector show`

  const StreamModel* stream(const std::string& name) const;
};

}  // namespace probackup
