#include "fake/monday_traffic.h"

#include "fake/monday_client.h"

namespace probackup {

namespace {

using nlohmann::json;

void read_monday(MondayClient& client) {
  client.ask("{me{id name account{id slug plan{tier}}} complexity{before after query}}");
  client.ask("{users(limit:2,page:2){id email kind status} teams{id users{id} owners{id}}}");
  client.ask("{workspaces(state:all){id name owners_subscribers{id}} folders{id parent{id}}}");
  client.ask("{tags{id name color} favorites{id object{id type}} departments{id members{id}}}");
  client.ask("{account_roles{id roleType} managed_column{id settings_json} custom_activity{id}}");
  client.ask("{board_automations(limit:2){cursor items{id active}}}");
  client.ask("{updates(limit:100){id body text_body likes{id} replies{id body assets{id}}}}");
  client.ask("{docs{id name blocks(limit:100){id type content created_by{id}}}}");
  for (const auto& board : client.get("boards", "{boards(limit:100,state:all){id}}")) {
    const json id{{"id", board.at("id")}};
    client.ask(
        "query($id:ID!){boards(ids:[$id]){name owners{id} groups{id position} columns{id}"
        " views{id} tags{id} items_count updates(limit:5){id} activity_logs(limit:5){id}}}",
        id);
    client.ask("query($id:ID!){webhooks(board_id:$id){id event}}", id);
    const auto page = client.get(
        "boards", "query($id:ID!){boards(ids:[$id]){items_page(limit:3){cursor items{id}}}}", id);
    auto cursor = page.at(0).at("items_page").at("cursor");
    while (cursor.is_string()) {
      const auto next = client.get("next_items_page",
                                   "query($c:String!){next_items_page(limit:3,cursor:$c){cursor"
                                   " items{id name column_values{__typename id text value}}}}",
                                   {{"c", cursor}});
      cursor = next.at("cursor");
    }
  }
  client.ask("{webhooks(board_id:1){id}}");
  client.ask("{boards{nonsense}}");
}

void write_monday(MondayClient& client) {
  const auto made = [&](const std::string& field, const std::string& document,
                        const json& variables) {
    return client.get(field, document, variables).at("id").get<std::string>();
  };
  const auto workspace =
      made("create_workspace",
           "mutation($n:String!){create_workspace(name:$n,kind:open,description:\"d\"){id}}",
           {{"n", "New"}});
  const auto folder =
      made("create_folder",
           "mutation($w:ID!){create_folder(name:\"F\",workspace_id:$w,color:AQUAMARINE){id}}",
           {{"w", workspace}});
  const auto board = made("create_board",
                          "mutation($w:ID!,$f:ID){create_board(board_name:\"B\",board_kind:public,"
                          "workspace_id:$w,folder_id:$f,empty:true){id groups{id}}}",
                          {{"w", workspace}, {"f", folder}});
  const json on{{"b", board}};
  made("create_group",
       "mutation($b:ID!){create_group(board_id:$b,group_name:\"G\",relative_to:\"topics\","
       "position_relative_method:after_at){id}}",
       on);
  const auto column =
      made("create_column",
           "mutation($b:ID!,$d:JSON){create_column(board_id:$b,title:\"S\","
           "column_type:status,defaults:$d){id}}",
           {{"b", board},
            {"d",
             {{"labels",
               {{{"label", "A"}, {"index", 1}, {"color", "done_green"}, {"is_done", true}}}}}}});
  const auto file =
      made("create_column",
           "mutation($b:ID!){create_column(board_id:$b,title:\"F\",column_type:file){id}}", on);
  const auto values = json{{column, {{"label", "A"}}}}.dump();
  const auto item = made("create_item",
                         "mutation($b:ID!,$v:JSON){create_item(board_id:$b,item_name:\"I\","
                         "group_id:\"topics\",column_values:$v){id}}",
                         {{"b", board}, {"v", values}});
  const json in{{"i", item}};
  made("create_subitem",
       "mutation($i:ID!){create_subitem(parent_item_id:$i,item_name:\"S\"){id board{id}}}", in);
  client.ask(
      "mutation($b:ID!,$i:ID,$v:JSON!){change_multiple_column_values(board_id:$b,item_id:$i,"
      "column_values:$v,create_labels_if_missing:true){id}}",
      {{"b", board}, {"i", item}, {"v", json{{column, {{"label", "New"}}}}.dump()}});
  const auto update =
      made("create_update", "mutation($i:ID){create_update(item_id:$i,body:\"<p>x</p>\"){id}}", in);
  made("create_update", "mutation($u:ID){create_update(parent_id:$u,body:\"y\"){id}}",
       {{"u", update}});
  client.upload(
      "mutation($file:File!){add_file_to_update(update_id:" + update + ",file:$file){id}}", "a.txt",
      "bytes");
  client.upload("mutation($file:File!){add_file_to_column(item_id:" + item + ",column_id:\"" +
                    file + "\",file:$file){id}}",
                "b.txt", "bytes");
  client.ask("mutation{create_or_get_tag(tag_name:\"new\"){id}}");
  const auto doc = made("create_doc", "mutation($l:CreateDocInput!){create_doc(location:$l){id}}",
                        {{"l", {{"workspace", {{"workspace_id", workspace}, {"name", "D"}}}}}});
  made("create_doc_block",
       "mutation($d:ID!,$c:JSON!){create_doc_block(doc_id:$d,type:normal_text,content:$c){id}}",
       {{"d", doc}, {"c", {{"deltaFormat", json::array({{{"insert", "x"}}})}}}});
  client.ask("mutation($d:ID!){delete_doc(docId:$d)}", {{"d", doc}});
  client.ask("mutation($i:ID){archive_item(item_id:$i){id}}", in);
  client.ask("mutation($b:ID!){archive_board(board_id:$b){id state}}", on);
  client.ask("mutation($w:ID!){delete_workspace(workspace_id:$w){id}}", {{"w", workspace}});
}

}  // namespace

void visit_monday(const std::string& log) {
  MondayAccount account(23, {4, 4, 8, 2});
  MondayClient client(account);
  read_monday(client);
  write_monday(client);
  account.server().write_log(log, account.app());
}

}  // namespace probackup
