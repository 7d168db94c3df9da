#include "board_account.h"

#include <nlohmann/json.hpp>

#include "util/bytes.h"

namespace probackup::test {
namespace {

using nlohmann::ordered_json;

struct CardText {
  const char *list, *name, *desc, *due;
};

constexpr const char* launch_desc =
    "## Why\nThe shop must take orders in **three** currencies before the autumn.\n\n"
    "- prices come from the price service, see https://example.com/prices?currency=eur\n"
    "- rounding is a matter of the *last* step\n- tests: a <script>alert(1)</script> in a name "
    "stays text\n\nOpen question: who tells the customers?";

constexpr CardText card_texts[] = {
    {"Ideas", "Show opening hours on the start page", "", ""},
    {"Ideas", "A newsletter that people want to read 💌", "One page, one picture, one link.", ""},
    {"Ideas", "Größere Schrift für die Speisekarte", "", ""},
    {"In progress", "Take orders in three currencies", launch_desc, "2024-09-30T16:00:00.000Z"},
    {"In progress", "Move the mail server", "Old machine goes away at the end of June.",
     "2024-06-28T10:00:00.000Z"},
    {"Done", "New logo", "See the picture below.", ""},
    {"Done", "دليل المستخدم الجديد", "النسخة الأولى جاهزة للمراجعة.", ""},
};

std::string id(int kind, int number) {
  return fmt::format("5f{:02d}ab{:018d}", kind, number);
}

// 240 x 140: an orange ellipse on blue.
std::string png() {
  return *from_hex(
      "89504e470d0a1a0a0000000d49484452000000f00000008c0103000000787bb66b00000006504c544518"
      "57b8ffb000424ad6c2000001184944415478daed964d0a833010850d2e5c7a048fe2d1ecd172148fe0d2"
      "85242db4d6fc8cf3094168216ffb8199199379af69aaaa7e4fc6bf64557acec7377632edfc478b88a71d"
      "7b89b65fea67010f07de04ec033dce0b938b1b42bca9dfcebfdec638adbd8ff12a0f7497538f4e0f3729"
      "b6e75de79d0f29deb4cad2daa6147bb5b2b8b636c7b356785c7a9fe355eb2bee6cccb153fb8a3a1368f0"
      "538c84add676d87827e1e52aee25bc6a5309e7027894b0bb8aa5990653052cd263e845d8c8d856fca7f8"
      "d6db527891cb1e51d90386ed50b67a60afc156849d4a1b19f639b80178093811f818b82078283930f837"
      "b83f6407481e945b20f5406682c445790dd21e64454a9a905321e5524686844df91cd27d55d59d7a0220"
      "7ae18ce6eef7030000000049454e44ae426082");
}

void add_people(MemorySource& out) {
  for (int i = 1; i <= 3; ++i)
    out.add("members", {id(1, i), "workspaces", id(0, 1), fmt::format("Member {}", i), "",
                        ordered_json{{"id", id(1, i)},
                                     {"fullName", fmt::format("Member {}", i)},
                                     {"username", fmt::format("user-{}", i)},
                                     {"avatarHash", nullptr},
                                     {"confirmed", true}}
                            .dump()});
}

ordered_json checklist() {
  ordered_json items = ordered_json::array();
  const char* names[] = {"Ask the bank", "Price list in EUR and GBP", "Rounding rules written down",
                         "Try it with ten customers"};
  for (int i = 0; i < 4; ++i)
    items.push_back({{"id", id(7, i)},
                     {"name", names[i]},
                     {"state", i < 2 ? "complete" : "incomplete"},
                     {"pos", 16384 * i},
                     {"due", i == 3 ? ordered_json("2024-09-15T00:00:00Z") : ordered_json()}});
  return {{"id", id(8, 1)}, {"name", "Before the launch"}, {"checkItems", items}};
}

void add_card(MemorySource& out, int number, const CardText& text, const std::string& list) {
  std::string key = id(4, number);
  ordered_json card{{"id", key},
                    {"name", text.name},
                    {"desc", text.desc},
                    {"idList", list},
                    {"idBoard", id(2, 1)},
                    {"idMembers", {id(1, 1 + number % 3)}},
                    {"closed", false},
                    {"pos", 65535.5 * number},
                    {"dateLastActivity", "2024-05-31T14:05:11.123Z"},
                    {"due", *text.due ? ordered_json(text.due) : ordered_json()},
                    {"labels",
                     {{{"id", id(5, 1)}, {"name", "Shop"}, {"color", "green"}},
                      {{"id", id(5, 2)}, {"name", "Autumn"}, {"color", "orange"}}}},
                    {"shortUrl", "https://board.example.com/c/abc"},
                    {"checklists", ordered_json::array()},
                    {"attachments", ordered_json::array()}};
  if (number == 4) card["checklists"].push_back(checklist());
  if (number == 6) {
    card["attachments"] = {{{"id", "att-1"}, {"name", "logo.png"}, {"bytes", 100}},
                           {{"id", "att-2"}, {"name", "Brand guide.pdf"}, {"bytes", 2048}}};
    out.attach("cards", key, "att-1", "logo.png", png());
    out.attach("cards", key, "att-2", "Brand guide.pdf", std::string(2048, '%'));
  }
  out.add("cards",
          {key, "lists", list, text.name, "https://board.example.com/c/" + key, card.dump()});
}

void add_comment(MemorySource& out, int number, int card, const std::string& text) {
  out.add("comments",
          {id(6, number), "cards", id(4, card), "", "",
           ordered_json{{"id", id(6, number)},
                        {"type", "commentCard"},
                        {"date", fmt::format("2024-05-{:02d}T09:30:00.000Z", 10 + number)},
                        {"data", {{"text", text}, {"card", {{"id", id(4, card)}, {"name", "x"}}}}},
                        {"memberCreator",
                         {{"id", id(1, 1 + number % 3)},
                          {"fullName", fmt::format("Member {}", 1 + number % 3)},
                          {"username", "user"}}}}
               .dump()});
}

}  // namespace

MemorySource board_account() {
  MemorySource out;
  out.stream("workspaces", {}, "Workspaces");
  out.stream("members", {"workspaces"}, "Members");
  out.stream("boards", {"workspaces"}, "Boards");
  out.stream("labels", {"boards"}, "Labels");
  out.stream("lists", {"boards"}, "Lists");
  out.stream("cards", {"lists"}, "Cards");
  out.stream("comments", {"cards"}, "Comments");
  out.add("workspaces", {id(0, 1), "", "", "Acme", "https://board.example.com/acme",
                         ordered_json{{"id", id(0, 1)},
                                      {"displayName", "Acme"},
                                      {"desc", "Everything we plan together."},
                                      {"website", "https://example.com/"}}
                             .dump()});
  add_people(out);
  const char* boards[] = {"Website", "Office move"};
  for (int i = 1; i <= 2; ++i)
    out.add("boards", {id(2, i), "workspaces", id(0, 1), boards[i - 1],
                       fmt::format("https://board.example.com/b/{}", i),
                       ordered_json{{"id", id(2, i)},
                                    {"name", boards[i - 1]},
                                    {"closed", i == 2},
                                    {"desc", "All that has to do with it."},
                                    {"idOrganization", id(0, 1)},
                                    {"dateLastActivity", "2024-05-31T14:05:11.123Z"}}
                           .dump()});
  const char* labels[][2] = {{"Shop", "green"}, {"Autumn", "orange"}};
  for (int i = 1; i <= 2; ++i)
    out.add("labels", {id(5, i), "boards", id(2, 1), labels[i - 1][0], "",
                       ordered_json{{"id", id(5, i)},
                                    {"name", labels[i - 1][0]},
                                    {"color", labels[i - 1][1]},
                                    {"idBoard", id(2, 1)}}
                           .dump()});
  const char* lists[] = {"Ideas", "In progress", "Done"};
  for (int i = 1; i <= 3; ++i)
    out.add(
        "lists",
        {id(3, i), "boards", id(2, 1), lists[i - 1], "",
         ordered_json{{"id", id(3, i)}, {"name", lists[i - 1]}, {"idBoard", id(2, 1)}, {"pos", i}}
             .dump()});
  for (int i = 1; const auto& text : card_texts) {
    int list = 1;
    while (std::string(lists[list - 1]) != text.list) ++list;
    add_card(out, i++, text, id(3, list));
  }
  add_comment(out, 1, 4,
              "The bank says yes, see https://example.com/contract.\n\nCosts: 12 € a month.");
  add_comment(out, 2, 4, "Who writes the help page?");
  add_comment(out, 3, 6, "I like the second one.");
  out.gap_list.push_back({"comments", id(4, 5), "", "", "https://api.example.com/cards/5/comments",
                          403, "the token may not read the comments of this card (403)"});
  return out;
}

}  // namespace probackup::test
