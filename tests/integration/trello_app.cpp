#include <nlohmann/json.hpp>

#include "apps.h"
#include "demo/trello_account.h"
#include "demo/trello_views.h"

namespace probackup::test {
namespace {

using Truth = TestAccount::Truth;

class TrelloApp final : public App {
 public:
  TrelloApp(std::uint64_t seed, const AppOptions& options, Clock& clock)
      : account_(seed, size_of(options), options_of(options), clock) {}

  TestAccount& account() override { return account_; }
  std::chrono::hours seen_after() const override { return std::chrono::hours(3); }
  Truth expected_files() override { return account_.files(); }

  Expected expected() override {
    Expected out;
    for (const char* stream : {"lists", "labels", "customFields", "webhooks"})
      out[stream] = account_.truth(stream);
    for (const char* stream : {"organizations", "boards"})
      out[stream] = account_.truth(stream, "fields=all");
    out["cards"] = account_.truth("cards",
                                  "attachments=true&checklists=all&customFieldItems=true&fields=all"
                                  "&pluginData=true&stickers=true");
    // Reactions are asked for with comments alone.
    const std::string creator = "memberCreator_fields=fullName%2Cinitials%2Cusername";
    auto comments = account_.truth("actions", creator + "&reactions=true");
    for (const auto& [key, raw] : account_.truth("actions", creator)) {
      const std::string type = nlohmann::json::parse(raw).at("type");
      const bool is_comment = type == "commentCard" || type == "copyCommentCard";
      out[is_comment ? "comments" : "actions"][key] = is_comment ? comments.at(key) : raw;
    }
    // Every member of the account is in its workspaces, also those of no board.
    const std::string fields =
        "avatarHash,avatarUrl,bio,confirmed,fullName,idEnterprise,initials,url,username";
    account_.change([&](const TrelloData& data) {
      out["account"][data.owner()] = record_text(trello_me(data, "all"), data.owner());
      for (const auto& [key, member] : data.members.all())
        out["members"][key] = record_text(trello_member(member, fields, ""), key);
    });
    return out;
  }

 private:
  static TrelloSize size_of(const AppOptions& options) {
    TrelloSize size;
    size.boards = options.large ? 10 : 3;
    size.cards = options.large ? 300 : 25;
    return size;
  }
  static TrelloOptions options_of(const AppOptions& options) {
    TrelloOptions out;
    out.only_dated_changes = options.dated_only;
    return out;
  }
  TrelloAccount account_;
};

}  // namespace

std::unique_ptr<App> make_trello(std::uint64_t seed, const AppOptions& options, Clock& clock) {
  return std::make_unique<TrelloApp>(seed, options, clock);
}

}  // namespace probackup::test
