#include "demo/example_account.h"

#include <map>

#include "demo/sample_files.h"
#include "probackup/error.h"

namespace probackup {

namespace {

struct Card {
  const char* list;
  const char* name;
  const char* description;
};

constexpr auto relaunch = "Website relaunch";
constexpr Card relaunch_cards[] = {
    {"Ideas", "Dark mode", "Asked for in the last survey."},
    {"Ideas", "Newsletter sign-up in the footer", ""},
    {"Ideas", "=1+1 is a formula in a spreadsheet",
     "The name must come back as it is written here."},
    {"Ideas", "../../etc/passwd",
     "A name that looks like a path: a restore must stay in its folder."},
    {"To do", "Move the blog to the new template",
     "412 posts. The **old links** must keep working."},
    {"To do", "Redirects for the old addresses", "See the list in the attachment."},
    {"To do", "Privacy page", "Draft comes from the lawyers."},
    {"To do", "Choose an image format", "WebP or AVIF?\n\n- size\n- quality\n- old browsers"},
    {"To do", "Contact form", "Name, address, message. No tracking."},
    {"In progress", "Home page layout", "Three columns on wide screens, one on phones."},
    {"In progress", "Search \xf0\x9f\x94\x8d",
     "Index titles and text; umlauts \xc3\xa4\xc3\xb6\xc3\xbc too."},
    {"In progress", "Product photos", "Same light, same distance."},
    {"In progress", "Accessibility check", "Contrast, keyboard, screen reader."},
    {"Review", "Navigation", "At most seven entries."},
    {"Review", "Colours and type", "Palette is attached."},
    {"Review", "Cookie notice <script>alert('x')</script>", "Markup in a name must stay text."},
    {"Done", "Book the domain", ""},
    {"Done", "Sitemap", "Agreed on in the kick-off."},
    {"Done", "Collect wishes of all teams", ""},
    {"Done", "Pick a content system", "Compared five, kept one."},
};

constexpr auto calendar = "Editorial calendar";
constexpr Card calendar_cards[] = {
    {"Planned", "Behind the scenes of the relaunch", "Interview with Member 2."},
    {"Planned", "Ten questions about backups", ""},
    {"Planned", "Case study: a bakery goes online", "Waiting for the customer's approval."},
    {"Planned", "Summer schedule", ""},
    {"Writing", "How we test our forms", "800 words."},
    {"Writing", "A short history of our logo", "Needs three old pictures."},
    {"Writing", "What is new in spring", ""},
    {"Published", "Welcome to the team", "Published on the old site."},
    {"Published", "Opening hours in winter", ""},
    {"Published", "Thank you for 1,000 orders", ""},
    {"Published", "Our new warehouse", ""},
};

constexpr auto room = "Team room";
constexpr Card room_cards[] = {
    {"Now", "Order a second monitor", ""},
    {"Now", "Plan the summer party", "Budget in the table."},
    {"Now", "Update the emergency contacts", ""},
    {"Later", "New plants for the office", ""},
    {"Later", "Bicycle stand", "Ask the landlord."},
    {"Later", "Shared music list", ""},
    {"Archive", "Move to the second floor", "Done in March."},
    {"Archive", "Kitchen rules", ""},
    {"Archive", "First aid course", ""},
};

// Ids by the names above.
using Names = std::map<std::string, std::string>;

template <std::size_t count>
Names fill_board(TrelloData& data, const std::string& organization, const std::string& name,
                 const std::string& description, const Card (&cards)[count]) {
  Names ids;
  ids[name] = data.add_board(organization, name, description);
  for (const auto& card : cards) {
    auto& list = ids[card.list];
    if (list.empty()) list = data.add_list(ids[name], card.list);
    ids[card.name] = data.add_card(list, card.name, card.description);
  }
  return ids;
}

void discuss(TrelloData& data, const Names& ids, const std::vector<std::string>& members) {
  const std::vector<std::pair<const char*, const char*>> talk{
      {"Home page layout", "First draft is up, please have a look."},
      {"Home page layout", "I like it. The picture could be smaller."},
      {"Home page layout", "Smaller picture is in."},
      {"Search \xf0\x9f\x94\x8d", "Found 97 of 100 test phrases \xf0\x9f\x8e\x89"},
      {"Navigation", "Seven entries it is. `Shop` comes first."},
      {"Navigation", "Then \"About us\" moves to the footer?"},
      {"Product photos", "The lamp arrives on Tuesday."},
      {"Colours and type", "Blue is too dark on old screens."},
      {"Sitemap", "Approved by everyone in the meeting."},
      {"Move the blog to the new template", "Started with the posts of last year."},
      {"Accessibility check", "Contrast fails in two places, see the list."},
      {"Contact form", "Please no captcha."},
  };
  std::size_t speaker = 0;
  for (const auto& [card, text] : talk) {
    data.add_comment(ids.at(card), members[++speaker % members.size()], text);
  }
}

void add_checklists(TrelloData& data, const Names& ids) {
  const auto access = data.add_checklist(ids.at("Accessibility check"), "Before the launch");
  data.add_check_item(access, "Contrast of all texts", false);
  data.add_check_item(access, "Everything works by keyboard", true);
  data.add_check_item(access, "Pictures have descriptions", false);
  const auto form = data.add_checklist(ids.at("Contact form"), "Fields");
  data.add_check_item(form, "Name", true);
  data.add_check_item(form, "Mail address", true);
  data.add_check_item(form, "Message", false);
  const auto photos = data.add_checklist(ids.at("Product photos"), "Products");
  for (const auto* product : {"Lamp", "Chair", "Table", "Shelf"}) {
    data.add_check_item(photos, product, false);
  }
}

void add_fields(TrelloData& data, const Names& ids) {
  const auto& board = ids.at(relaunch);
  const auto priority = data.add_custom_field(board, "Priority", "list", {"High", "Medium", "Low"});
  const auto hours = data.add_custom_field(board, "Hours", "number", {});
  const auto approved = data.add_custom_field(board, "Approved", "checkbox", {});
  const std::string high = data.custom_fields.find(priority)->at("options")[0].at("id");
  const std::string low = data.custom_fields.find(priority)->at("options")[2].at("id");
  data.set_field(ids.at("Home page layout"), priority, nullptr, high);
  data.set_field(ids.at("Home page layout"), hours, {{"number", "12.50"}}, "");
  data.set_field(ids.at("Dark mode"), priority, nullptr, low);
  data.set_field(ids.at("Navigation"), approved, {{"checked", "true"}}, "");
}

void add_labels(TrelloData& data, const Names& ids) {
  const auto& board = ids.at(relaunch);
  const auto design = data.add_label(board, "Design", "purple");
  const auto content = data.add_label(board, "Content", "green");
  const auto code = data.add_label(board, "Code", "blue");
  data.add_label(board, "", "red");
  for (const auto* card : {"Home page layout", "Colours and type", "Dark mode"}) {
    data.label_card(ids.at(card), design);
  }
  for (const auto* card : {"Privacy page", "Product photos"}) {
    data.label_card(ids.at(card), content);
  }
  for (const auto* card : {"Contact form", "Redirects for the old addresses"}) {
    data.label_card(ids.at(card), code);
  }
}

void add_attachments(TrelloData& data, const Names& ids) {
  data.attach_file(ids.at("Colours and type"), "palette.png", "image/png",
                   png_image(120, 40, 0x0079bf));
  data.attach_file(ids.at("Redirects for the old addresses"), "redirects.csv", "text/csv",
                   "from,to\n/shop.php,/shop\n\"=HYPERLINK(\"\"/old\"\")\",/new\n");
  data.attach_file(ids.at("Home page layout"), "meeting notes.txt", "text/plain",
                   "Decided: three columns.\nOpen: size of the picture.\n");
  data.attach_file(ids.at("../../etc/passwd"), "../../../tmp/outside.txt", "text/plain",
                   "This file must not leave the folder it is restored to.\n");
  data.attach_link(ids.at("Sitemap"), "Guide to sitemaps", "https://example.com/sitemaps");
}

void fill_example(TrelloData& data) {
  std::vector<std::string> members{data.owner()};
  for (const auto* number : {"2", "3", "4"}) {
    members.push_back(
        data.add_member(std::string("member") + number, std::string("Member ") + number));
  }
  const auto team = data.add_organization("Website team");
  const auto ids =
      fill_board(data, team, relaunch, "Everything for the launch in May.", relaunch_cards);
  for (std::size_t i = 1; i < members.size(); ++i) data.join_board(ids.at(relaunch), members[i]);
  add_labels(data, ids);
  add_fields(data, ids);
  add_checklists(data, ids);
  add_attachments(data, ids);
  data.assign_card(ids.at("Home page layout"), members[1]);
  data.assign_card(ids.at("Contact form"), members[2]);
  discuss(data, ids, members);

  const auto posts = fill_board(data, team, calendar, "What we write, and when.", calendar_cards);
  data.join_board(posts.at(calendar), members[1]);
  data.update_card(posts.at("Summer schedule"), {{"due", "2030-06-01T10:00:00.000Z"}});
  data.add_comment(posts.at("How we test our forms"), members[1], "Half of it is written.");

  const auto private_board = fill_board(data, "", room, "", room_cards);
  data.update_list(private_board.at("Archive"), {{"closed", true}});
  data.update_card(private_board.at("Shared music list"), {{"closed", true}});
}

std::string named(const RecordTable& table, const std::string& name) {
  for (const auto& [id, record] : table.all()) {
    if (record.at("name") == name) return id;
  }
  throw Error("the example account has no " + name);
}

}  // namespace

std::unique_ptr<TrelloAccount> example_account(Clock& clock) {
  auto account = std::make_unique<TrelloAccount>(TrelloOptions{}, clock);
  account->change(fill_example);
  account->change([](TrelloData& data) { data.add_webhook("Board changes"); });
  return account;
}

std::vector<std::string> change_example(TrelloAccount& account) {
  return account.change([](TrelloData& data) -> std::vector<std::string> {
    data.catch_up();
    const auto layout = named(data.cards, "Home page layout");
    data.update_card(layout, {{"idList", named(data.lists, "Review")}});
    data.add_comment(layout, data.owner(), "Ready for review.");
    data.update_card(named(data.cards, "Privacy page"),
                     {{"desc", "The draft has come and is attached."}});
    data.attach_file(named(data.cards, "Privacy page"), "privacy draft.txt", "text/plain",
                     "We keep what you send us, and nothing else.\n");
    data.update_card(named(data.cards, "Book the domain"), {{"closed", true}});
    data.delete_card(named(data.cards, "Newsletter sign-up in the footer"));
    data.add_card(named(data.lists, "To do"), "Print flyers for the launch", "500 pieces.");
    return {"moved the card \"Home page layout\" to Review and commented on it",
            "rewrote the description of \"Privacy page\" and attached a file",
            "archived \"Book the domain\"", "deleted \"Newsletter sign-up in the footer\"",
            "added \"Print flyers for the launch\""};
  });
}

}  // namespace probackup
