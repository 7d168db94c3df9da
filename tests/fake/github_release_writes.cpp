// Releases and the files that are uploaded to them.
#include "fake/github_view_parts.h"
#include "fake/github_writes.h"

namespace probackup {

namespace {

void refuse_taken_tag(const GithubWrites& writes, const std::string& repo, const std::string& tag,
                      const std::string& self) {
  for (const auto& key : writes.data.releases.keys_of(repo)) {
    const auto& release = *writes.data.releases.find(key);
    if (key != self && !release.at("draft").get<bool>() && release.at("tag") == tag) {
      refuse_invalid("Release", "tag_name", "already_exists");
    }
  }
}

// A release that is no draft needs its tag, which is made of the target if it is not there.
void make_tag(GithubWrites& writes, const std::string& repo, const std::string& tag,
              const std::string& target) {
  if (writes.data.branches.keys_of(repo).empty()) refuse_github(422, "Repository is empty.");
  if (!writes.git.has(repo)) return;
  if (writes.git.commit(repo, "refs/tags/" + tag)) return;
  const auto commit = writes.git.commit(repo, target);
  if (!commit) refuse_invalid("Release", "target_commitish", "invalid");
  writes.git.set_ref(repo, "refs/tags/" + tag, *commit);
}

JsonRecord release_changes(GithubWrites& writes, const GithubCall& call, const JsonRecord& before,
                           const std::string& self) {
  auto changes = JsonRecord::object();
  if (call.body.has("tag_name")) changes["tag"] = call.body.required("tag_name");
  if (const auto target = call.body.text("target_commitish")) changes["target"] = *target;
  call.body.put_text(changes, "name");
  call.body.put_text(changes, "body");
  call.body.put_flag(changes, "draft");
  call.body.put_flag(changes, "prerelease");
  const std::string tag = changes.value("tag", before.value("tag", ""));
  const bool is_draft = changes.value("draft", before.value("draft", false));
  if (!is_draft) {
    refuse_taken_tag(writes, call.repo, tag, self);
    make_tag(writes, call.repo, tag, changes.value("target", before.value("target", "")));
  }
  return changes;
}

void apply(GithubWrites& writes, const std::string& key, const JsonRecord& changes) {
  writes.data.update(writes.data.releases, key, changes);
  auto& release = *writes.data.releases.find(key);
  if (release.at("draft").get<bool>()) {
    release["published_at"] = nullptr;
  } else if (release.at("published_at").is_null()) {
    release["published_at"] = release.at("updated_at");
  }
}

ApiAnswer post_release(GithubWrites& writes, GithubCall& call) {
  const auto tag = call.body.required("tag_name");
  const JsonRecord fresh{{"target", writes.data.repos.find(call.repo)->at("default_branch")}};
  const auto changes = release_changes(writes, call, fresh, "");
  const auto key = writes.data.add_release(call.repo, tag, "");
  auto& release = *writes.data.releases.find(key);
  release["name"] = nullptr;
  release["body"] = nullptr;
  release["target"] = fresh.at("target");
  apply(writes, key, changes);
  return writes.created(writes.views.release(key), key);
}

std::string release_of(const GithubWrites& writes, const GithubCall& call) {
  return writes.below(writes.data.releases, call.repo, call.param("release"));
}

ApiAnswer post_asset(GithubWrites& writes, GithubCall& call, bool fail) {
  const auto release = release_of(writes, call);
  const auto name = github_asset_name(call.request.query_value("name").value_or(""));
  const auto type = call.request.header("content-type").value_or("");
  if (name.empty()) refuse_invalid("ReleaseAsset", "name", "missing_field");
  if (type.empty()) refuse_invalid("ReleaseAsset", "content_type", "missing_field");
  for (const auto& key : writes.data.assets.keys_of(release)) {
    if (writes.data.assets.find(key)->at("name") == name) {
      refuse_invalid("ReleaseAsset", "name", "already_exists");
    }
  }
  const auto key = writes.data.add_asset(release, name, type, fail ? "" : call.request.body);
  auto& asset = *writes.data.assets.find(key);
  asset["label"] = call.request.query_value("label").value_or("");
  if (fail) {
    asset["state"] = "starter";
    refuse_github(502, "Server Error");
  }
  return writes.created(writes.views.asset(key), key);
}

std::string asset_of(const GithubWrites& writes, const GithubCall& call) {
  const auto& key = call.param("asset");
  if (writes.data.assets.find(key) == nullptr) refuse_github(404, "Not Found");
  writes.below(writes.data.releases, call.repo, writes.data.assets.owner_of(key));
  return key;
}

void add_asset_writes(GithubWrites& writes, ApiServer& uploads, std::function<bool()> fail_upload) {
  writes.on_repo(
      uploads, "POST", "/releases/:release/assets", "ReleaseAsset", GithubNeed::push,
      [&writes, fail_upload](GithubCall& call) { return post_asset(writes, call, fail_upload()); });
  writes.on_repo("PATCH", "/releases/assets/:asset", "ReleaseAsset", GithubNeed::push,
                 [&writes](GithubCall& call) {
                   const auto key = asset_of(writes, call);
                   auto changes = JsonRecord::object();
                   if (const auto name = call.body.text("name"))
                     changes["name"] = github_asset_name(*name);
                   call.body.put_text(changes, "label");
                   writes.data.update(writes.data.assets, key, changes);
                   return writes.changed(writes.views.asset(key), key);
                 });
  writes.on_repo("DELETE", "/releases/assets/:asset", "ReleaseAsset", GithubNeed::push,
                 [&writes](GithubCall& call) {
                   const auto key = asset_of(writes, call);
                   writes.data.bytes.erase(key);
                   writes.data.assets.erase(key);
                   return GithubWrites::done();
                 });
}

}  // namespace

void add_github_release_writes(GithubWrites& writes, ApiServer& uploads,
                               std::function<bool()> fail_upload) {
  const auto push = GithubNeed::push;
  add_asset_writes(writes, uploads, std::move(fail_upload));
  writes.on_repo("POST", "/releases", "Release", push,
                 [&writes](GithubCall& call) { return post_release(writes, call); });
  writes.on_repo("GET", "/releases/:release", "Release", GithubNeed::read,
                 [&writes](GithubCall& call) {
                   const auto key = release_of(writes, call);
                   return writes.changed(writes.views.release(key), key);
                 });
  writes.on_repo("GET", "/releases/tags/*tag", "Release", GithubNeed::read,
                 [&writes](GithubCall& call) {
                   for (const auto& key : writes.data.releases.keys_of(call.repo)) {
                     const auto& release = *writes.data.releases.find(key);
                     if (release.at("draft").get<bool>()) continue;
                     if (release.at("tag") != call.param("tag")) continue;
                     return writes.changed(writes.views.release(key), key);
                   }
                   refuse_github(404, "Not Found");
                 });
  writes.on_repo("PATCH", "/releases/:release", "Release", push, [&writes](GithubCall& call) {
    const auto key = release_of(writes, call);
    apply(writes, key, release_changes(writes, call, *writes.data.releases.find(key), key));
    return writes.changed(writes.views.release(key), key);
  });
  writes.on_repo("DELETE", "/releases/:release", "Release", push, [&writes](GithubCall& call) {
    writes.data.delete_release(release_of(writes, call));
    return GithubWrites::done();
  });
}

}  // namespace probackup
