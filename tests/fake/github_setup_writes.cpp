// What owners set up in a repository: webhooks, keys, autolinks, collaborators, rulesets.
#include <algorithm>

#include "fake/github_writes.h"
#include "util/text.h"

namespace probackup {

namespace {

void hook_changes(const GithubCall& call, JsonRecord& changes) {
  if (call.body.has("config")) {
    if (!call.body.at("config").is_object()) refuse_invalid("Hook", "config", "invalid");
    const GithubBody config(call.body.at("config"), "Hook");
    if (const auto url = config.text("url")) changes["url"] = *url;
    const auto type = config.one_of("content_type", {"json", "form"});
    changes["content_type"] = type.value_or("form");
    // A number is taken as well.
    changes["insecure_ssl"] = config.has("insecure_ssl") && config.at("insecure_ssl").is_number()
                                  ? config.at("insecure_ssl").dump()
                                  : config.one_of("insecure_ssl", {"0", "1"}).value_or("0");
    changes["with_secret"] = !config.text("secret").value_or("").empty();
  }
  if (const auto events = call.body.texts("events")) changes["events"] = *events;
  call.body.put_flag(changes, "active");
}

ApiAnswer post_hook(GithubWrites& writes, GithubCall& call) {
  if (call.body.text("name").value_or("web") != "web") refuse_invalid("Hook", "name", "invalid");
  JsonRecord changes{{"events", {"push"}}, {"active", true}};
  changes["events"] = JsonRecord::array({"push"});
  hook_changes(call, changes);
  const auto url = changes.value("url", "");
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    refuse_invalid("Hook", "url", url.empty() ? "missing_field" : "invalid");
  }
  for (const auto& key : writes.data.hooks.keys_of(call.repo)) {
    const auto& other = *writes.data.hooks.find(key);
    if (other.at("url") == url && other.at("events") == changes.at("events")) {
      refuse_invalid("Hook", "url", "custom", "Hook already exists on this repository");
    }
  }
  const auto key = writes.data.add_hook(call.repo, url, false);
  writes.data.update(writes.data.hooks, key, changes);
  return writes.created(writes.views.hook(key), key);
}

ApiAnswer patch_hook(GithubWrites& writes, GithubCall& call) {
  const auto key = writes.below(writes.data.hooks, call.repo, call.param("hook"));
  auto changes = JsonRecord::object();
  hook_changes(call, changes);
  writes.data.update(writes.data.hooks, key, changes);
  return writes.changed(writes.views.hook(key), key);
}

// Two words, "ssh-ed25519 AAAA..."; a comment behind them is dropped. A key opens one repository.
ApiAnswer post_key(GithubWrites& writes, GithubCall& call) {
  const auto words = split(call.body.required("key"), ' ');
  const bool fits = words.size() >= 2 && words[1].starts_with("AAAA") &&
                    (words[0].starts_with("ssh-") || words[0].starts_with("ecdsa-"));
  if (!fits) {
    refuse_invalid("PublicKey", "key", "custom",
                   "key is invalid. You must supply a key in OpenSSH public key format");
  }
  const auto text = words[0] + " " + words[1];
  for (const auto& [key, record] : writes.data.keys.all()) {
    if (record.at("key") == text) {
      refuse_invalid("PublicKey", "key", "custom", "key is already in use");
    }
  }
  const auto key = writes.data.add(writes.data.keys, call.repo,
                                   {{"key", text},
                                    {"title", call.body.text("title").value_or("")},
                                    {"read_only", call.body.flag("read_only").value_or(false)}});
  return writes.created(writes.views.deploy_key(key), key);
}

ApiAnswer post_autolink(GithubWrites& writes, GithubCall& call) {
  const auto prefix = call.body.required("key_prefix");
  const auto url = call.body.required("url_template");
  if (url.find("<num>") == std::string::npos) {
    refuse_invalid("KeyLink", "url_template", "custom", "url_template must contain <num>");
  }
  for (const auto& key : writes.data.autolinks.keys_of(call.repo)) {
    if (writes.data.autolinks.find(key)->at("key_prefix") == prefix) {
      refuse_invalid("KeyLink", "key_prefix", "already_exists");
    }
  }
  const auto key =
      writes.data.add(writes.data.autolinks, call.repo,
                      {{"key_prefix", prefix},
                       {"url_template", url},
                       {"is_alphanumeric", call.body.flag("is_alphanumeric").value_or(true)}});
  return writes.created(writes.views.autolink(key), key);
}

std::string role_of(const GithubCall& call) {
  const auto permission = call.body.text("permission").value_or("push");
  if (permission == "pull") return "read";
  if (permission == "push") return "write";
  for (const auto* same : {"triage", "maintain", "admin"}) {
    if (permission == same) return permission;
  }
  refuse_invalid("Repository", "permission", "invalid");
}

// Members of the organization and those who are in already get the role at once, others an
// invitation.
ApiAnswer put_collaborator(GithubWrites& writes, GithubCall& call) {
  const auto& login = call.param("login");
  if (writes.data.users.find(login) == nullptr) refuse_github(404, "Not Found");
  auto& record = *writes.data.repos.find(call.repo);
  const std::string owner = record.at("owner");
  if (login == owner) {
    refuse_invalid("Repository", "collaborator", "custom",
                   "Repository owner cannot be a collaborator");
  }
  const auto role = role_of(call);
  auto roles = writes.data.collaborators_of(call.repo);
  if (roles.contains(login) || writes.data.members.find(owner + "/" + login) != nullptr) {
    roles.erase(owner);
    roles[login] = role;
    record["collaborators"] = roles;
    return GithubWrites::done();
  }
  for (const auto& key : writes.data.invitations.keys_of(call.repo)) {
    if (writes.data.invitations.find(key)->at("login") != login) continue;
    (*writes.data.invitations.find(key))["role"] = role;
    return writes.created(writes.views.invitation(key), key);
  }
  const auto key =
      writes.data.add(writes.data.invitations, call.repo, {{"login", login}, {"role", role}});
  return writes.created(writes.views.invitation(key), key);
}

ApiAnswer delete_collaborator(GithubWrites& writes, GithubCall& call) {
  auto roles = writes.data.collaborators_of(call.repo);
  roles.erase(call.param("login"));
  (*writes.data.repos.find(call.repo))["collaborators"] =
      roles.empty() ? JsonRecord(JsonRecord::object()) : JsonRecord(roles);
  return GithubWrites::done();
}

ApiAnswer post_ruleset(GithubWrites& writes, GithubCall& call) {
  const auto name = call.body.required("name");
  const auto enforcement = call.body.one_of("enforcement", {"disabled", "active", "evaluate"});
  if (!enforcement) refuse_invalid("Ruleset", "enforcement", "missing_field");
  for (const auto& key : writes.data.rulesets.keys_of(call.repo)) {
    if (writes.data.rulesets.find(key)->at("name") == name) {
      refuse_invalid("Ruleset", "name", "custom", "Name must be unique");
    }
  }
  const auto list = [&](const char* member) {
    for (const auto& entry : call.body.objects(member)) static_cast<void>(entry);
    return call.body.has(member) ? call.body.at(member) : JsonRecord(JsonRecord::array());
  };
  const auto target = call.body.one_of("target", {"branch", "tag", "push"}).value_or("branch");
  const auto conditions =
      call.body.has("conditions")
          ? call.body.at("conditions")
          : JsonRecord{
                {"ref_name", {{"exclude", JsonRecord::array()}, {"include", JsonRecord::array()}}}};
  const auto key = writes.data.add(writes.data.rulesets, call.repo,
                                   {{"name", name},
                                    {"target", target},
                                    {"enforcement", *enforcement},
                                    {"conditions", conditions},
                                    {"rules", list("rules")},
                                    {"bypass_actors", list("bypass_actors")}});
  return writes.created(writes.views.ruleset(key), key);
}

}  // namespace

void add_github_setup_writes(GithubWrites& writes) {
  const auto need = GithubNeed::admin;
  writes.on_repo("POST", "/hooks", "Hook", need,
                 [&writes](GithubCall& call) { return post_hook(writes, call); });
  writes.on_repo("PATCH", "/hooks/:hook", "Hook", need,
                 [&writes](GithubCall& call) { return patch_hook(writes, call); });
  writes.on_repo("POST", "/keys", "PublicKey", need,
                 [&writes](GithubCall& call) { return post_key(writes, call); });
  writes.on_repo("POST", "/autolinks", "KeyLink", need,
                 [&writes](GithubCall& call) { return post_autolink(writes, call); });
  writes.on_repo("PUT", "/collaborators/:login", "Repository", need,
                 [&writes](GithubCall& call) { return put_collaborator(writes, call); });
  writes.on_repo("DELETE", "/collaborators/:login", "Repository", need,
                 [&writes](GithubCall& call) { return delete_collaborator(writes, call); });
  writes.on_repo("POST", "/rulesets", "Ruleset", need,
                 [&writes](GithubCall& call) { return post_ruleset(writes, call); });
  writes.on_repo("GET", "/rulesets/:key", "Ruleset", GithubNeed::read, [&writes](GithubCall& call) {
    const auto key = writes.below(writes.data.rulesets, call.repo, call.param("key"));
    return writes.changed(writes.views.ruleset(key), key);
  });
  const auto on_delete = [&](const std::string& path, RecordTable& table) {
    writes.on_repo("DELETE", path + "/:key", "", need, [&writes, &table](GithubCall& call) {
      table.erase(writes.below(table, call.repo, call.param("key")));
      return GithubWrites::done();
    });
  };
  on_delete("/hooks", writes.data.hooks);
  on_delete("/keys", writes.data.keys);
  on_delete("/autolinks", writes.data.autolinks);
  on_delete("/rulesets", writes.data.rulesets);
  on_delete("/invitations", writes.data.invitations);
}

}  // namespace probackup
