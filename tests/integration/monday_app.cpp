#include <nlohmann/json.hpp>

#include "apps.h"
#include "connector/model.h"
#include "fake/monday_account.h"
#include "util/text.h"

namespace probackup::test {
namespace {

using Truth = TestAccount::Truth;

class MondayApp final : public App {
 public:
  MondayApp(bool everything, std::uint64_t seed, const AppOptions& options, Clock& clock)
      : everything_(everything), account_(seed, size_of(options), options_of(options), clock) {}

  TestAccount& account() override { return account_; }
  std::map<std::string, std::string> settings() const override {
    if (!everything_) return {};
    return {{"admin", "yes"}, {"timeline", "yes"}};
  }
  std::chrono::hours seen_after() const override { return std::chrono::hours(21); }
  std::vector<std::string> signed_fields() const override {
    return {"assets[*].public_url", "replies[*].assets[*].public_url"};
  }

  // Those of items that are listed, and of updates with their replies.
  Truth expected_files() override {
    const auto items = listed_items();
    Truth out;
    for (auto& [key, content] : account_.files()) {
      const auto slash = key.find('/');
      auto owner = key.substr(0, slash);
      const bool is_there = account_.change([&](const MondayData& data) {
        if (data.table("Reply").find(owner)) owner = data.table("Reply").owner_of(owner);
        return data.table("Update").find(owner) != nullptr || items.contains(owner);
      });
      if (is_there) out[owner + key.substr(slash)] = content;
    }
    return out;
  }

  Expected expected() override {
    Expected out;
    for (const auto* stream : {"users", "teams", "workspaces", "folders", "tags", "boards",
                               "updates", "activity_logs", "docs", "favorites"})
      out[stream] = account_.selected(stream, asked(stream));
    if (everything_)
      for (const auto* stream : {"departments", "roles", "managed_columns", "automations",
                                 "custom_activities", "timeline_items"})
        out[stream] = account_.selected(stream, asked(stream));
    out["account"] = own_user();
    read_items(out);
    return out;
  }

 private:
  // What the connector selects of the records of a stream.
  std::vector<GraphqlField> asked(const std::string& stream) const {
    const auto& source = connector_.model().stream(stream)->sources.at(0);
    auto fields = parse_graphql(source.request.graphql, JsonRecord::object());
    for (auto name : split(source.records.at(0), '.')) {
      if (name == "data") continue;
      if (name.ends_with("[*]")) name.resize(name.size() - 3);
      const auto found = std::find_if(fields.begin(), fields.end(), [&](const GraphqlField& field) {
        return field.name == name;
      });
      fields = std::vector<GraphqlField>(found->fields);
    }
    return fields;
  }

  Truth own_user() {
    const auto users = account_.selected("users", asked("account"));
    const auto me = account_.change([](const MondayData& data) { return data.me(); });
    return {{me, users.at(me)}};
  }

  std::set<std::string> listed_items() {
    return account_.change([](const MondayData& data) {
      std::set<std::string> out;
      for (const auto& [key, item] : data.table("Item").all())
        if (item.at("state") == "active" &&
            data.at("Board", item.at("board_id")).at("state") != "deleted")
          out.insert(key);
      return out;
    });
  }

  void read_items(Expected& out) {
    const auto items = listed_items();
    for (auto& [key, raw] : account_.selected("items", asked("items")))
      if (items.contains(key)) out["items"].emplace(key, raw);
    const auto docs = account_.selected("doc_blocks", asked("doc_blocks"));
    const auto descriptions = account_.selected("doc_blocks", asked("item_descriptions"));
    const auto webhooks = account_.selected("webhooks", asked("webhooks"));
    account_.change([&](const MondayData& data) {
      std::set<std::string> of_items;
      for (const auto& key : items) {
        const std::string description = data.at("Item", key).at("description_id");
        for (const auto& block : data.table("DocumentBlock").keys_of(description))
          out["item_descriptions"].emplace(block, descriptions.at(block));
      }
      for (const auto& [key, block] : data.table("DocumentBlock").all())
        if (!block.at("doc_id").is_null()) out["doc_blocks"].emplace(key, docs.at(key));
      for (const auto& [key, raw] : webhooks)
        if (data.at("Board", data.table("Webhook").owner_of(key)).at("state") == "active")
          out["webhooks"].emplace(key, raw);
    });
  }

  static MondaySize size_of(const AppOptions& options) {
    MondaySize size;
    size.boards = options.large ? 6 : 3;
    size.items = options.large ? 30 : 8;
    return size;
  }
  static MondayOptions options_of(const AppOptions& options) {
    MondayOptions out;
    out.only_dated_changes = options.dated_only;
    return out;
  }

  const bool everything_;
  const Connector connector_ = ConnectorSet().get("monday");
  MondayAccount account_;
};

}  // namespace

std::unique_ptr<App> make_monday(bool everything, std::uint64_t seed, const AppOptions& options,
                                 Clock& clock) {
  return std::make_unique<MondayApp>(everything, seed, options, clock);
}

}  // namespace probackup::test
