// A monday.com account on loopback: the part of its GraphQL API that a backup reads and a restore
// writes. https://developer.monday.com/api-reference/docs/basics
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "demo/test_account.h"
#include "fake/monday_data.h"
#include "fake/monday_graph.h"
#include "fake/monday_random.h"

namespace probackup {

struct MondayOptions {
  std::int64_t complexity_a_minute = 10'000'000;
  unsigned calls_a_day = 25'000;
  std::chrono::seconds cursor_life{3600}, file_url_life{3600};
  // See change_randomly().
  bool only_dated_changes = false;
  ApiServerOptions server;
};

class MondayAccount : public TestAccount {
 public:
  // An account with nothing but its user, people and the main workspace, as a restore finds it.
  explicit MondayAccount(const MondayOptions& options = {}, Clock& clock = system_clock());
  MondayAccount(std::uint64_t seed, const MondaySize& size, const MondayOptions& options = {},
                Clock& clock = system_clock());

  std::string app() const override { return "monday"; }
  std::map<std::string, std::string> settings() const override;
  // "boards", "items", "docs" …
  std::vector<std::string> streams() const override;
  // `query` is a selection, "id name"; "" selects the id.
  Truth truth(const std::string& stream, const std::string& query = {}) const override;
  Truth selected(const std::string& stream, const std::vector<GraphqlField>& fields) const;
  Truth files() const override;  // by "OWNER/ASSET"
  void mutate(std::uint64_t seed, unsigned changes) override;
  void allow_calls(unsigned a_day);
  ApiServer& server() override { return server_; }
  // Where public_url leads: another origin, which answers 400 to whoever brings a token.
  ApiServer& file_server() { return file_server_; }

  // Lets a function change the data while no request is being answered.
  template <typename Function>
  auto change(Function function) {
    const std::lock_guard lock(mutex_);
    return function(data_);
  }

 private:
  // Makes what a mutation asks for; gives the record that it answers.
  using Mutation = std::function<JsonRecord(const GraphqlField& field)>;

  std::optional<ApiAnswer> refuse(const ApiRequest& request);
  ApiAnswer post(const std::string& document, const JsonRecord& variables, const ApiPart* file);
  ApiAnswer answer(const GraphqlOperation& operation);
  JsonRecord complexity(std::int64_t cost) const;
  void spend(std::int64_t cost);
  ApiAnswer get_file(const ApiRequest& request) const;
  std::string file_url(const std::string& asset, Time issued) const;
  std::string file_signature(const std::string& asset, std::int64_t issued) const;

  void add_mutations();
  void add_place_mutations();
  void add_board_mutations();
  void add_item_mutations();
  void add_text_mutations();
  // The record that an argument names. Throws MondayError.
  const JsonRecord& named(const std::string& type, const GraphqlField& field,
                          const std::string& argument) const;
  // The values that "column_values" gives, checked and as they are stored.
  std::map<std::string, JsonRecord> given_values(const std::string& board,
                                                 const GraphqlField& field);
  void set_values(const std::string& item, const std::map<std::string, JsonRecord>& values);

  const MondayOptions options_;
  const std::string token_;
  const std::uint64_t secret_;
  Clock& clock_;
  mutable std::mutex mutex_;
  MondayData data_;
  const MondayGraph graph_;
  std::map<std::string, Mutation> mutations_;
  const ApiPart* file_ = nullptr;  // of the upload that is being answered
  Time budget_since_{};
  std::int64_t spent_ = 0;
  std::string day_;
  unsigned calls_ = 0, calls_a_day_;
  ApiServer file_server_, server_;  // last: their threads end first
};

}  // namespace probackup
