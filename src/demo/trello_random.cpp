#include "demo/trello_random.h"

#include <functional>
#include <vector>

#include "demo/sample_files.h"
#include "util/text.h"

namespace probackup {

namespace {

const std::vector<std::string>& colors() {
  static const std::vector<std::string> names{"yellow", "purple", "blue", "red",  "green", "orange",
                                              "black",  "sky",    "pink", "lime", ""};
  return names;
}

// Trello takes 256 characters.
std::string attachment_name(const std::string& name) {
  return name.size() > 256 ? valid_utf8(name.substr(0, 250)) : name;
}

void fill_fields(TrelloData& data, Seeded& dice, const std::string& card) {
  const auto board = data.cards.owner_of(card);
  const auto fields = data.custom_fields.keys_of(board);
  for (const auto& id : fields) {
    if (dice.chance(0.5)) continue;
    const auto& field = *data.custom_fields.find(id);
    const std::string type = field.at("type");
    if (type == "list") {
      const auto& options = field.at("options");
      data.set_field(card, id, nullptr, options[dice.below(options.size())].at("id"));
    } else if (type == "number") {
      data.set_field(card, id, {{"number", std::to_string(dice.below(1000)) + ".50"}}, "");
    } else if (type == "checkbox") {
      data.set_field(card, id, {{"checked", "true"}}, "");
    } else {
      data.set_field(card, id, {{"text", dice.prose()}}, "");
    }
  }
}

void add_card(TrelloData& data, Seeded& dice, const std::string& list, unsigned comments) {
  const auto card = data.add_card(list, dice.name(), dice.chance(0.7) ? dice.prose() : "");
  const auto board = data.cards.owner_of(card);
  if (const auto label = any_key(dice, data.labels.keys_of(board))) data.label_card(card, *label);
  if (dice.chance(0.4)) data.assign_card(card, *any_key(dice, data.members));
  for (auto left = dice.below(2 * comments + 1); left > 0; --left) {
    data.add_comment(card, *any_key(dice, data.members), dice.prose());
  }
  if (dice.chance(0.3)) {
    const auto checklist = data.add_checklist(card, dice.name());
    for (auto left = dice.below(6); left > 0; --left) {
      data.add_check_item(checklist, dice.name(), dice.chance(0.5));
    }
  }
  if (dice.chance(0.2)) {
    auto file = sample_file(dice);
    data.attach_file(card, attachment_name(file.name), file.mime_type, std::move(file.bytes));
  }
  if (dice.chance(0.1))
    data.attach_link(card, attachment_name(dice.name()), "https://example.com/" + dice.hex(6));
  if (dice.chance(0.3)) fill_fields(data, dice, card);
  if (dice.chance(0.1)) data.update_card(card, {{"closed", true}});
}

void fill_board(TrelloData& data, Seeded& dice, const std::string& organization,
                const TrelloSize& size) {
  const auto board = data.add_board(organization, dice.name(), dice.prose());
  for (const auto& [member, record] : data.members.all()) {
    if (member != data.owner() && dice.chance(0.6)) data.join_board(board, member);
  }
  for (auto left = dice.below(6); left > 0; --left) {
    data.add_label(board, dice.chance(0.3) ? "" : dice.name(), dice.pick(colors()));
  }
  if (dice.chance(0.6)) {
    data.add_custom_field(board, dice.name(), "list", {dice.name(), dice.name(), "High"});
    data.add_custom_field(board, dice.name(), dice.chance(0.5) ? "number" : "text", {});
    data.add_custom_field(board, dice.name(), "checkbox", {});
  }
  std::vector<std::string> lists;
  for (unsigned i = 0; i < size.lists; ++i) lists.push_back(data.add_list(board, dice.name()));
  if (lists.empty()) return;
  for (unsigned i = 0; i < size.cards; ++i) add_card(data, dice, dice.pick(lists), size.comments);
  if (dice.chance(0.3)) data.update_list(lists.back(), {{"closed", true}});
  if (dice.chance(0.15)) data.update_board(board, {{"closed", true}});
}

using Change = std::function<void(TrelloData&, Seeded&, const std::string& card)>;

const std::vector<Change>& card_changes() {
  static const std::vector<Change> changes{
      [](auto& data, auto& dice, const auto& card) {
        data.update_card(card, {{"name", dice.name()}});
      },
      [](auto& data, auto& dice, const auto& card) {
        data.update_card(card, {{"desc", dice.prose()}});
      },
      [](auto& data, auto&, const auto& card) {
        data.update_card(card,
                         {{"closed", !data.cards.find(card)->at("closed").template get<bool>()}});
      },
      [](auto& data, auto& dice, const auto& card) {
        data.update_card(card, {{"idList", *any_key(dice, data.lists)}});
      },
      [](auto& data, auto& dice, const auto& card) {
        data.update_card(card, {{"pos", static_cast<double>(dice.below(1'000'000)) / 7}});
      },
      [](auto& data, auto& dice, const auto& card) {
        data.add_comment(card, *any_key(dice, data.members), dice.prose());
      },
      [](auto& data, auto& dice, const auto& card) {
        auto file = sample_file(dice);
        data.attach_file(card, attachment_name(file.name), file.mime_type, std::move(file.bytes));
      },
      [](auto& data, auto& dice, const auto& card) {
        data.add_check_item(data.add_checklist(card, dice.name()), dice.name(), dice.chance(0.5));
      },
      [](auto& data, auto& dice, const auto& card) {
        if (const auto id = any_key(dice, data.attachments.keys_of(card))) {
          data.delete_attachment(card, *id);
        }
      },
      [](auto& data, auto& dice, const auto& card) {
        if (const auto id = any_key(dice, data.checklists.keys_of(card)))
          data.delete_checklist(*id);
      },
      [](auto& data, auto& dice, const auto& card) { fill_fields(data, dice, card); },
      [](auto& data, auto& dice, const auto& card) {
        const auto board = data.cards.owner_of(card);
        data.label_card(card, data.add_label(board, dice.name(), dice.pick(colors())));
      },
      [](auto& data, auto& dice, const auto& card) {
        const auto board = data.cards.owner_of(card);
        if (const auto label = any_key(dice, data.labels.keys_of(board))) data.delete_label(*label);
      },
  };
  return changes;
}

void rewrite_history(TrelloData& data, Seeded& dice, const std::string& card) {
  if (dice.chance(0.4)) return data.delete_card(card);
  const auto comments = data.actions.keys_of(data.cards.owner_of(card));
  for (const auto& id : comments) {
    const auto& action = *data.actions.find(id);
    if (action.at("type") != "commentCard" || action.at("data").at("card").at("id") != card) {
      continue;
    }
    return dice.chance(0.5) ? data.edit_comment(id, dice.prose()) : data.delete_comment(id);
  }
}

}  // namespace

void fill_randomly(TrelloData& data, std::uint64_t seed, const TrelloSize& size) {
  Seeded dice(seed);
  for (unsigned i = 1; i <= size.members; ++i) {
    const auto number = std::to_string(i);
    data.add_member("member" + number, "Member " + number);
  }
  std::vector<std::string> homes{""};
  for (unsigned i = 0; i < size.organizations; ++i) {
    homes.push_back(data.add_organization(dice.words(2)));
  }
  for (unsigned i = 0; i < size.boards; ++i) fill_board(data, dice, dice.pick(homes), size);
}

void change_randomly(TrelloData& data, std::uint64_t seed, bool only_dated) {
  Seeded dice(seed);
  if (dice.chance(0.02)) return fill_board(data, dice, "", {0, 1, 0, 2, 3, 1});
  if (!only_dated && data.boards.size() > 1 && dice.chance(0.02)) {
    return data.delete_board(*any_key(dice, data.boards));
  }
  const auto card = any_key(dice, data.cards);
  if (!card || dice.chance(0.15)) {
    if (const auto list = any_key(dice, data.lists)) add_card(data, dice, *list, 2);
    return;
  }
  if (dice.chance(0.1)) {
    const auto list = any_key(dice, data.lists);
    const bool closed = data.lists.find(*list)->at("closed").get<bool>();
    return data.update_list(*list, dice.chance(0.5) ? JsonRecord{{"name", dice.name()}}
                                                    : JsonRecord{{"closed", !closed}});
  }
  if (!only_dated && dice.chance(0.2)) return rewrite_history(data, dice, *card);
  dice.pick(card_changes())(data, dice, *card);
}

}  // namespace probackup
