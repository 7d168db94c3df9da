// The parts of the loader: each reads one piece of a connector file into its model and reports what
// is wrong with it through the reader's context.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "connector/loader_reader.h"
#include "connector/model.h"

namespace probackup {

// Keys of a source that `defaults` and a stream with `from` may hold for their sources.
inline constexpr std::array<std::string_view, 10> shared_source_keys{
    "query", "headers", "auth",        "records", "wrap",
    "page",  "since",   "conditional", "cap",     "missing_is_empty"};
// Everything that `defaults` may hold.
inline constexpr std::array<std::string_view, 19> default_keys{"query",        "headers",
                                                               "auth",         "records",
                                                               "wrap",         "page",
                                                               "since",        "cap",
                                                               "changed",      "missing_is_empty",
                                                               "id",           "conditional",
                                                               "name",         "url",
                                                               "text",         "reuse_if_unchanged",
                                                               "deleted",      "volatile",
                                                               "refresh_every"};

// The names of `let` in reach.
struct Lets {
  Roots names;
  std::map<std::string, nlohmann::json> fixed;  // those that never vary, for GraphQL texts
};

// The roots that are visible everywhere, the names of `let`, and then `more`.
Roots roots_with(const Lets& lets, std::initializer_list<std::string_view> more = {});
// What is visible below a parent record.
void add_parent_roots(Roots& roots);
// Reads `let` and adds its names to `lets`.
std::map<std::string, Template> read_let(LoadContext& context, const Found& found, Lets& lets);

enum class Methods { reading, writing };
// The request keys of `reader`'s object. `roots` are visible in it.
RequestModel read_request(ObjectReader& reader, const Lets& lets, const Roots& roots,
                          Methods methods = Methods::reading);
// `roots`: those of the request. Without "page" in the reader the model says "none".
PageModel read_page(ObjectReader& reader, const RequestModel& request, const Roots& roots);
std::optional<SinceModel> read_since(ObjectReader& reader, const RequestModel& request);
// `roots`: those of the source's request.
std::optional<FeedModel> read_feed(ObjectReader& reader, const Lets& lets, const Roots& roots);
// "query.before" and so on.
void read_into(ObjectReader& reader, const RequestModel& request, PageModel::Into& into,
               std::string& name);
// Reports a URL that is neither a path nor http(s), or that shows a secret.
void check_url(LoadContext& context, const Found& found, const std::optional<Template>& url);

// `auth.oauth`; `found` is `auth`.
std::optional<OAuthModel> read_oauth(LoadContext& context, const Found& found, const Lets& lets);
// The ways beside it; none where it is the only one.
std::vector<AuthModel> read_auth(LoadContext& context, const Found& found, const Lets& lets);
// One way to sign in. `roots` are visible in it; with `may_choose` it may have an "if".
AuthModel read_auth_way(LoadContext& context, const Found& found, const Roots& roots,
                        bool may_choose);
void read_http(LoadContext& context, const Found& found, const Lets& lets, ConnectorModel& model);
std::vector<ErrorRule> read_errors(ObjectReader& top, const Lets& lets);

std::vector<LimitModel> read_limits(ObjectReader& reader);
// The places in an answer where records are.
std::vector<std::string> read_records(ObjectReader& reader);
// A list of paths, checked.
std::vector<std::string> read_paths(ObjectReader& reader, std::string_view key, bool through_lists);
ConnectorSetting read_setting(LoadContext& context, const std::string& name, const Found& found);
// Each git repository of a list; `roots` are visible in it. `is_restored`: of a restore's step.
std::vector<GitModel> read_git_list(ObjectReader& reader, const Lets& lets, const Roots& roots,
                                    std::string_view id_root, bool is_restored);

// The `restore` section. `streams` are read already.
RestoreModel read_restore(LoadContext& context, const Found& found, const Lets& lets,
                          const std::vector<StreamModel>& streams);
// One of its steps. `roots`: those of the whole section.
StepModel read_step(LoadContext& context, const Found& found, const Lets& lets, const Roots& roots,
                    bool has_note);
// A request with what finds a thing in its answer; `reader` is not finished.
LookUpModel read_look_up(ObjectReader& reader, const Lets& lets, const Roots& roots);

StreamModel read_stream(LoadContext& context, const std::string& name, const Found& found,
                        const Found& defaults, const Lets& lets);
std::vector<FileModel> read_files(ObjectReader& stream, const Lets& lets, bool has_parent);
std::vector<GitModel> read_git(ObjectReader& stream, const Lets& lets, bool has_parent);

// Puts parents before children, else in the given order. Reports streams that wait for each other.
void sort_streams(LoadContext& context, std::vector<StreamModel>& streams);

}  // namespace probackup
