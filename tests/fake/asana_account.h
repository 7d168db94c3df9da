// An Asana account on loopback: the part of Asana's REST API that a backup reads and a restore
// writes. https://developers.asana.com/reference/rest-api-reference
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "demo/test_account.h"
#include "fake/asana_data.h"
#include "fake/asana_random.h"
#include "fake/asana_views.h"

namespace probackup {

struct AsanaOptions {
  unsigned requests_a_minute = 1500;  // 150 in free workspaces
  bool is_paid = true;                // else portfolios, goals and the like are refused with 402
  std::chrono::seconds offset_life{900}, file_url_life{120};
  // See change_randomly().
  bool only_dated_changes = false;
  ApiServerOptions server;
};

// A refusal: its status and what stands in "errors".
class AsanaError : public std::runtime_error {
 public:
  AsanaError(int status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

class AsanaAccount : public TestAccount {
 public:
  // An account with nothing but its user, people, and a workspace, as a restore finds it.
  explicit AsanaAccount(const AsanaOptions& options = {}, Clock& clock = system_clock());
  AsanaAccount(std::uint64_t seed, const AsanaSize& size, const AsanaOptions& options = {},
               Clock& clock = system_clock());

  std::string app() const override { return "asana"; }
  std::map<std::string, std::string> settings() const override;
  // The resource types: "task", "project", "story" …; and "portfolio_item" ("PORTFOLIO/GID"). The
  // query may hold opt_fields; without it the records are those of listings.
  std::vector<std::string> streams() const override;
  Truth truth(const std::string& stream, const std::string& query = {}) const override;
  Truth files() const override;  // by "GID/GID": an attachment has one file
  void mutate(std::uint64_t seed, unsigned changes) override;
  ApiServer& server() override { return server_; }
  // Where download_url leads: another origin, which answers 400 to whoever brings a token.
  ApiServer& file_server() { return file_server_; }

  // Lets a function change the data while no request is being answered.
  template <typename Function>
  auto change(Function function) {
    const std::lock_guard lock(mutex_);
    return function(data_);
  }

 private:
  using Keys = std::vector<std::string>;
  using Handler = std::function<ApiAnswer(const ApiRequest&)>;
  using Lister = std::function<Keys(const ApiRequest&)>;

  void on(const std::string& method, const std::string& path, Handler handler);
  std::optional<ApiAnswer> refuse(const ApiRequest& request);
  ApiAnswer get_file(const ApiRequest& request) const;
  std::string file_url(const std::string& gid, Time issued) const;
  std::string file_signature(const std::string& gid, std::int64_t issued) const;

  // Reading.
  void add_reads();
  void add_listings();
  void add_task_listings();
  void add_people_listings();
  void add_event_reads();
  void list(const std::string& path, const std::string& type, Lister keys);
  // Records of a type below the record that the path, or a query parameter, names.
  void list_below(const std::string& path, const std::string& owner_type, const std::string& type);
  void list_by(const std::string& path, const std::string& parameter, const std::string& type);
  ApiAnswer page(const ApiRequest& request, const std::string& type, const Keys& keys) const;
  std::string offset_token(const ApiRequest& request, const std::string& last,
                           std::size_t index) const;
  std::size_t offset_place(const ApiRequest& request, const Keys& keys) const;
  Keys changed_tasks(const ApiRequest& request, Keys keys) const;
  Keys assigned_tasks(const ApiRequest& request) const;
  void need_plan(const std::string& type) const;

  // Writing.
  void add_writes();
  void add_project_writes();
  void add_field_writes();
  void add_other_writes();
  void add_plan_writes();
  void add_goal_writes();
  void add_membership_writes();
  void add_task_writes();
  void add_task_links();
  std::string new_task(const JsonRecord& given, const std::string& parent);
  void set_task(const std::string& task, const JsonRecord& given);
  std::string new_project(const JsonRecord& given, const std::string& workspace,
                          const std::string& team);
  std::string new_field(const JsonRecord& given, const std::string& workspace, bool is_global);
  ApiAnswer post_attachment(const ApiRequest& request);
  void erase_on(const std::string& path, const std::string& type,
                std::function<void(const std::string& gid)> erase);

  // The record that a request names. Throws AsanaError(404).
  const JsonRecord& named(const std::string& type, const std::string& gid) const;
  // The same for a record of any of these types.
  const JsonRecord& named_any(const std::string& gid) const;
  std::string user_of(const std::string& name) const;  // "me" or a gid or an e-mail address
  ApiAnswer answer_record(const ApiRequest& request, const std::string& type,
                          const std::string& gid, int status = 200) const;
  JsonRecord view(const JsonRecord& record, const std::optional<std::string>& opt_fields,
                  bool is_listed) const;

  const AsanaOptions options_;
  const std::string token_;
  const std::uint64_t secret_;
  Clock& clock_;
  mutable std::mutex mutex_;
  AsanaData data_;
  const AsanaViews views_;
  std::deque<Time> recent_;         // requests of the last minute
  ApiServer file_server_, server_;  // last: their threads end first
};

// The "data" of a request's JSON body. Throws AsanaError(400).
JsonRecord asana_input(const ApiRequest& request);
// A member that must be a text that is not empty. Throws AsanaError(400).
std::string asana_required(const JsonRecord& given, const std::string& name);
// Throws AsanaError(400) for members that are none of these.
void asana_only(const JsonRecord& given, const std::vector<std::string>& names);
// Throws AsanaError(400) where rich text is no <body> of balanced elements that Asana knows.
void asana_check_html(const JsonRecord& given, const std::string& name);
// What comes behind `moved` where a request puts it, "" for the end. The members `before` and
// `after` may name one of `order`; null means the end and the beginning. Throws AsanaError.
std::string asana_place(const JsonRecord& given, std::vector<std::string> order,
                        const std::string& moved, const std::string& before = "insert_before",
                        const std::string& after = "insert_after");
// The members of a request that are plain values of a record.
JsonRecord asana_plain_members(const JsonRecord& given, std::initializer_list<const char*> names);
// Sets both forms of a text, of which a request gives one. Throws AsanaError(400) as
// asana_check_html() does.
void asana_set_rich(const JsonRecord& given, const std::string& html, const std::string& text,
                    JsonRecord& changes);
ApiAnswer asana_data(const JsonRecord& data, const std::string& key, int status = 200);
ApiAnswer asana_refusal(int status, const std::string& message);

}  // namespace probackup
