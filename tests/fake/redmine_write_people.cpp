#include <algorithm>

#include "fake/redmine_input.h"
#include "util/text.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

constexpr std::size_t password_min = 8;

RedmineShape shown() {
  RedmineShape shape;
  shape.show = true;
  return shape;
}

bool is_taken(const RedmineData::Table& table, int id, const char* member,
              const std::string& value) {
  return std::any_of(table.begin(), table.end(), [&](const auto& entry) {
    return entry.first != id &&
           to_lower(entry.second.at(member).template get<std::string>()) == to_lower(value);
  });
}

void set_user(const RedmineCall& call, int id, Row& row, const RedmineInput& input) {
  RedmineErrors errors;
  for (const char* name : {"login", "firstname", "lastname", "mail"})
    if (auto text = input.text(name)) row[name] = *text;
  if (auto flag = input.flag("admin")) row["admin"] = *flag;
  if (auto status = input.id("status")) row["status"] = *status;
  const auto& users = call.data.table("users");
  const std::string mail = row.at("mail"), login = row.at("login");
  errors.require("Email", mail);
  if (!mail.empty() && mail.find('@') == std::string::npos) errors.add("Email is invalid");
  if (!mail.empty() && is_taken(users, id, "mail", mail))
    errors.add("Email has already been taken");
  errors.require("Login", login);
  errors.require("First name", row.at("firstname"));
  errors.require("Last name", row.at("lastname"));
  if (!login.empty() && is_taken(users, id, "login", login))
    errors.add("Login has already been taken");
  if (to_lower(login).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-@.") !=
      std::string::npos)
    errors.add("Login is invalid");
  errors.limit("Login", login, 60);
  errors.limit("First name", row.at("firstname"), 30);
  errors.limit("Last name", row.at("lastname"), 30);
  if (const auto password = input.text("password"); password && password->size() < password_min)
    errors.add("Password is too short (minimum is 8 characters)");
  call.set_customs(row, input, "user", errors);
  errors.check();
}

ApiAnswer post_user(const RedmineCall& call) {
  call.require_admin();
  Row row{{"login", ""},    {"admin", false}, {"firstname", ""},
          {"lastname", ""}, {"mail", ""},     {"status", 1}};
  call.data.blank_customs(row, "user");
  set_user(call, 0, row, RedmineInput(call.request, "user"));
  const int id = call.data.add_user(1);
  for (const auto& [name, value] : row.items()) call.data.table("users").at(id)[name] = value;
  return call.created("user", call.views.record("users", id, shown()));
}

ApiAnswer put_user(const RedmineCall& call) {
  call.require_admin();
  const int id = call.number("id");
  auto row = call.data.table("users").at(id);
  const RedmineInput input(call.request, "user");
  set_user(call, id, row, input);
  row["updated_on"] = call.data.stamp();
  call.data.table("users").at(id) = std::move(row);
  if (input.has("group_ids")) {
    const auto wanted = input.ids("group_ids");
    for (const auto& [group, record] : call.data.table("groups")) {
      auto& users = call.data.group_users[group];
      users.erase(id);
      if (std::find(wanted.begin(), wanted.end(), group) != wanted.end()) users.insert(id);
    }
  }
  return RedmineCall::done();
}

ApiAnswer delete_user(const RedmineCall& call) {
  call.require_admin();
  const int id = call.number("id");
  call.data.table("users").at(id);
  if (id == call.data.actor) throw RedmineRefusal(422);
  call.data.delete_user(id);
  return RedmineCall::done();
}

std::set<int> users_in(const RedmineCall& call, const std::vector<int>& ids) {
  std::set<int> users;
  for (int id : ids)
    if (call.data.table("users").contains(id)) users.insert(id);
  return users;
}

void set_group(const RedmineCall& call, int id, Row& row, const RedmineInput& input) {
  RedmineErrors errors;
  if (auto name = input.text("name")) row["name"] = *name;
  const std::string name = row.at("name");
  errors.require("Name", name);
  if (!name.empty() && is_taken(call.data.table("groups"), id, "name", name))
    errors.add("Name has already been taken");
  errors.limit("Name", name, 255);
  errors.check();
}

ApiAnswer post_group(const RedmineCall& call) {
  call.require_admin();
  const RedmineInput input(call.request, "group");
  Row row{{"name", ""}};
  set_group(call, 0, row, input);
  const int id = call.data.add_group(users_in(call, input.ids("user_ids")));
  call.data.table("groups").at(id)["name"] = row.at("name");
  return call.created("group", call.views.record("groups", id, shown()));
}

ApiAnswer put_group(const RedmineCall& call) {
  call.require_admin();
  const int id = call.number("id");
  const RedmineInput input(call.request, "group");
  auto row = call.data.table("groups").at(id);
  set_group(call, id, row, input);
  call.data.table("groups").at(id) = std::move(row);
  if (input.has("user_ids")) call.data.group_users[id] = users_in(call, input.ids("user_ids"));
  return RedmineCall::done();
}

ApiAnswer delete_group(const RedmineCall& call) {
  call.require_admin();
  const int id = call.number("id");
  call.data.table("groups").at(id);
  call.data.delete_group(id);
  return RedmineCall::done();
}

// {"user_id": 5}
ApiAnswer add_group_user(const RedmineCall& call) {
  call.require_admin();
  const int id = call.number("id");
  call.data.table("groups").at(id);
  const auto body = Row::parse(call.request.body, nullptr, false);
  const int user = body.is_object() ? body.value("user_id", 0) : 0;
  auto& users = call.data.group_users[id];
  if (!call.data.table("users").contains(user) || users.contains(user))
    throw RedmineRefusal(422, {"User is invalid"});
  users.insert(user);
  return RedmineCall::done();
}

ApiAnswer remove_group_user(const RedmineCall& call) {
  call.require_admin();
  const int id = call.number("id");
  const int user = call.number("user");
  call.data.table("users").at(user);
  call.data.group_users.at(id).erase(user);
  return RedmineCall::done();
}

}  // namespace

const std::vector<RedmineWrite>& redmine_people_writes() {
  static const std::vector<RedmineWrite> writes{
      {"POST", "/users.json", post_user},
      {"PUT", "/users/:id", put_user},
      {"DELETE", "/users/:id", delete_user},
      {"POST", "/groups.json", post_group},
      {"PUT", "/groups/:id", put_group},
      {"DELETE", "/groups/:id", delete_group},
      {"POST", "/groups/:id/users.json", add_group_user},
      {"DELETE", "/groups/:id/users/:user", remove_group_user},
  };
  return writes;
}

}  // namespace probackup
