#include <algorithm>
#include <array>

#include "demo/trello_input.h"
#include "demo/trello_views.h"
#include "demo/trello_writes.h"

namespace probackup {

namespace {

constexpr std::size_t attachment_text_max = 256;

std::vector<double> positions(const JsonRecord& records, const std::string& but = {}) {
  std::vector<double> present;
  for (const auto& record : records) {
    if (record.at("id") != but) present.push_back(record.at("pos").get<double>());
  }
  return present;
}

ApiAnswer checklist_answer(const TrelloData& data, const std::string& id) {
  auto checklist = *data.checklists.find(id);
  checklist["limits"] = JsonRecord::object();
  return json_answer(record_text(checklist, id));
}

ApiAnswer new_checklist(TrelloData& data, const TrelloInput& input, const std::string& card) {
  if (input.has("idChecklistSource")) throw TrelloError(501, "this server copies no checklists");
  auto name = std::string("Checklist");
  if (input.has("name")) name = input.required("name");
  const auto pos = input.place("pos", positions(trello_checklists(data, card)));
  const auto id = data.add_checklist(card, name);
  if (pos) (*data.checklists.find(id))["pos"] = *pos;
  return checklist_answer(data, id);
}

ApiAnswer post_checklist(TrelloData& data, const ApiRequest& request) {
  const TrelloInput input(request);
  input.required("idCard");
  return new_checklist(data, input, *input.id("idCard", data.cards));
}

ApiAnswer post_card_checklist(TrelloData& data, const ApiRequest& request) {
  return new_checklist(data, TrelloInput(request), trello_id(data.cards, request.param("card")));
}

ApiAnswer put_checklist(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.checklists, request.param("checklist"));
  const TrelloInput input(request);
  auto changes = JsonRecord::object();
  if (input.has("name")) changes["name"] = input.required("name");
  const auto siblings = trello_checklists(data, data.checklists.owner_of(id));
  TrelloInput::put(changes, "pos", input.place("pos", positions(siblings, id)));
  data.update_checklist(id, changes);
  return checklist_answer(data, id);
}

ApiAnswer delete_checklist(TrelloData& data, const ApiRequest& request) {
  data.delete_checklist(trello_id(data.checklists, request.param("checklist")));
  return json_answer(R"({"limits":{}})");
}

const JsonRecord& item_in(const TrelloData& data, const std::string& checklist,
                          const std::string& item) {
  for (const auto& entry : data.checklists.find(checklist)->at("checkItems")) {
    if (entry.at("id") == item) return entry;
  }
  throw TrelloError(404, "The requested resource was not found.");
}

// The checklist of a card that holds an item.
std::string checklist_with(const TrelloData& data, const std::string& card,
                           const std::string& item) {
  for (const auto& checklist : data.checklists.keys_of(card)) {
    const auto& entries = data.checklists.find(checklist)->at("checkItems");
    if (std::any_of(entries.begin(), entries.end(),
                    [&](const auto& entry) { return entry.at("id") == item; })) {
      return checklist;
    }
  }
  throw TrelloError(404, "The requested resource was not found.");
}

JsonRecord item_changes(const TrelloData& data, const TrelloInput& input,
                        const JsonRecord& siblings, const std::string& item) {
  constexpr double minutes_max = 1e6;
  auto changes = JsonRecord::object();
  if (input.has("name")) changes["name"] = input.required("name");
  TrelloInput::put(changes, "pos", input.place("pos", positions(siblings, item)));
  TrelloInput::put(changes, "due", input.date("due"));
  if (const auto* given = input.value("dueReminder");
      given != nullptr && (given->is_null() || *given == "null")) {
    changes["dueReminder"] = nullptr;
  } else {
    TrelloInput::put(changes, "dueReminder", input.number("dueReminder", -1, minutes_max));
  }
  TrelloInput::put(changes, "idMember", input.id("idMember", data.members, true));
  return changes;
}

ApiAnswer post_check_item(TrelloData& data, const ApiRequest& request) {
  const auto checklist = trello_id(data.checklists, request.param("checklist"));
  const TrelloInput input(request);
  const auto name = input.required("name");
  const auto changes =
      item_changes(data, input, data.checklists.find(checklist)->at("checkItems"), "");
  const auto id = data.add_check_item(checklist, name, input.flag("checked").value_or(false));
  auto& item = (*data.checklists.find(checklist))["checkItems"].back();
  for (const auto& [member, value] : changes.items()) item[member] = value;
  return json_answer(record_text(item, id));
}

ApiAnswer put_check_item(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const auto& item = request.param("item");
  auto checklist = checklist_with(data, card, item);
  const TrelloInput input(request);
  auto target = checklist;
  if (const auto given = input.id("idChecklist", data.checklists)) target = *given;
  if (data.checklists.owner_of(target) != card) {
    throw TrelloError(400, "invalid value for idChecklist");
  }
  auto changes = item_changes(data, input, data.checklists.find(target)->at("checkItems"), item);
  TrelloInput::put(changes, "state", input.choice("state", {"complete", "incomplete"}));
  if (target != checklist) data.move_check_item(checklist, item, target);
  data.update_check_item(target, item, changes);
  return json_answer(record_text(item_in(data, target, item), item));
}

ApiAnswer delete_check_item(TrelloData& data, const ApiRequest& request) {
  const auto& item = request.param("item");
  const auto in_path = request.params.find("checklist");
  const auto checklist =
      in_path == request.params.end()
          ? checklist_with(data, trello_id(data.cards, request.param("card")), item)
          : trello_id(data.checklists, in_path->second);
  item_in(data, checklist, item);
  data.delete_check_item(checklist, item);
  return json_answer(R"({"limits":{}})");
}

ApiAnswer post_attachment(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const TrelloInput input(request);
  const auto* file = request.part("file");
  const auto url = input.text("url").value_or("");
  const auto name = input.text("name", attachment_text_max);
  const auto type = input.text("mimeType", attachment_text_max);
  const bool as_cover = input.flag("setCover").value_or(false);
  if ((file == nullptr) == url.empty()) {
    throw TrelloError(400, "Must provide either a file or a url");
  }
  std::string id;
  if (file == nullptr) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
      throw TrelloError(400, "invalid value for url");
    }
    id = data.attach_link(card, name.value_or(url), url);
  } else {
    const auto file_name = file->file_name.empty() ? "file" : file->file_name;
    id = data.attach_file(card, name.value_or(file_name), type.value_or(file->type), file->content);
  }
  const bool is_image =
      data.attachments.find(id)->at("mimeType").get<std::string>().starts_with("image/");
  if (as_cover && is_image) data.set_cover(card, {{"color", nullptr}, {"idAttachment", id}});
  return json_answer(record_text(*data.attachments.find(id), id));
}

ApiAnswer delete_attachment(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const auto id = trello_id(data.attachments, request.param("attachment"));
  if (data.attachments.owner_of(id) != card) {
    throw TrelloError(404, "The requested resource was not found.");
  }
  data.delete_attachment(card, id);
  return json_answer(R"({"limits":{}})");
}

ApiAnswer action_answer(const TrelloData& data, const std::string& id) {
  return json_answer(
      record_text(trello_action(data, *data.actions.find(id), TrelloParams({})), id));
}

ApiAnswer post_comment(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const auto text = TrelloInput(request).required("text");
  return action_answer(data, data.add_comment(card, data.owner(), text));
}

// Of all actions only comments can be changed.
std::string comment_of(const TrelloData& data, const ApiRequest& request) {
  auto id = trello_id(data.actions, request.param("action"));
  if (data.actions.find(id)->at("type") != "commentCard") {
    throw TrelloError(400, "invalid value for idAction");
  }
  return id;
}

ApiAnswer put_comment(TrelloData& data, const ApiRequest& request) {
  const auto id = comment_of(data, request);
  data.edit_comment(id, TrelloInput(request).required("text"));
  return action_answer(data, id);
}

ApiAnswer put_comment_text(TrelloData& data, const ApiRequest& request) {
  const auto id = comment_of(data, request);
  data.edit_comment(id, TrelloInput(request).required("value"));
  return action_answer(data, id);
}

ApiAnswer delete_comment(TrelloData& data, const ApiRequest& request) {
  data.delete_comment(comment_of(data, request));
  return json_answer(R"({"_value":null})");
}

struct Emoji {
  const char *short_name, *native, *unified, *name;
};
// Enough of Trello's emoji to react with.
constexpr std::array<Emoji, 8> emoji_known{{{"+1", "👍", "1F44D", "THUMBS UP SIGN"},
                                            {"-1", "👎", "1F44E", "THUMBS DOWN SIGN"},
                                            {"heart", "❤️", "2764-FE0F", "HEAVY BLACK HEART"},
                                            {"tada", "🎉", "1F389", "PARTY POPPER"},
                                            {"rocket", "🚀", "1F680", "ROCKET"},
                                            {"eyes", "👀", "1F440", "EYES"},
                                            {"smile", "😄", "1F604", "SMILING FACE"},
                                            {"thinking_face", "🤔", "1F914", "THINKING FACE"}}};

JsonRecord emoji_in(const TrelloInput& input) {
  const auto short_name = input.text("shortName");
  const auto native = input.text("native");
  const auto unified = input.text("unified");
  for (const auto& emoji : emoji_known) {
    if (short_name != emoji.short_name && native != emoji.native && unified != emoji.unified) {
      continue;
    }
    const auto skin = input.text("skinVariation");
    return {{"unified", emoji.unified},
            {"native", emoji.native},
            {"name", emoji.name},
            {"skinVariation", skin ? JsonRecord(*skin) : JsonRecord(nullptr)},
            {"shortName", emoji.short_name}};
  }
  throw TrelloError(400, "invalid emoji");
}

ApiAnswer post_reaction(TrelloData& data, const ApiRequest& request) {
  const auto action = trello_id(data.actions, request.param("action"));
  const auto id = data.add_reaction(action, emoji_in(TrelloInput(request)));
  return json_answer(trello_reaction(data, *data.reactions.find(id)).dump());
}

ApiAnswer delete_reaction(TrelloData& data, const ApiRequest& request) {
  const auto action = trello_id(data.actions, request.param("action"));
  const auto id = trello_id(data.reactions, request.param("reaction"));
  if (data.reactions.owner_of(id) != action) {
    throw TrelloError(404, "The requested resource was not found.");
  }
  data.reactions.erase(id);
  return json_answer("{}");
}

}  // namespace

const std::vector<TrelloWrite>& trello_part_writes() {
  static const std::vector<TrelloWrite> writes{
      {"POST", "/1/checklists", post_checklist},
      {"POST", "/1/cards/:card/checklists", post_card_checklist},
      {"PUT", "/1/checklists/:checklist", put_checklist},
      {"DELETE", "/1/checklists/:checklist", delete_checklist},
      {"DELETE", "/1/cards/:card/checklists/:checklist", delete_checklist},
      {"POST", "/1/checklists/:checklist/checkItems", post_check_item},
      {"DELETE", "/1/checklists/:checklist/checkItems/:item", delete_check_item},
      {"PUT", "/1/cards/:card/checkItem/:item", put_check_item},
      {"PUT", "/1/cards/:card/checklist/:checklist/checkItem/:item", put_check_item},
      {"DELETE", "/1/cards/:card/checkItem/:item", delete_check_item},
      {"POST", "/1/cards/:card/attachments", post_attachment},
      {"DELETE", "/1/cards/:card/attachments/:attachment", delete_attachment},
      {"POST", "/1/cards/:card/actions/comments", post_comment},
      {"PUT", "/1/cards/:card/actions/:action/comments", put_comment},
      {"DELETE", "/1/cards/:card/actions/:action/comments", delete_comment},
      {"PUT", "/1/actions/:action", put_comment},
      {"PUT", "/1/actions/:action/text", put_comment_text},
      {"DELETE", "/1/actions/:action", delete_comment},
      {"POST", "/1/actions/:action/reactions", post_reaction},
      {"DELETE", "/1/actions/:action/reactions/:reaction", delete_reaction},
  };
  return writes;
}

}  // namespace probackup
