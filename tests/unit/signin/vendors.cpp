#include "vendors.h"

namespace probackup {
namespace {

using Pkce = OAuthRules::Pkce;
using ClientAuth = OAuthRules::ClientAuth;
using Body = OAuthRules::Body;

// A fixed port, where the vendor compares the whole address.
constexpr const char* fixed = "http://localhost:28790/";
// Any port of the loopback address (RFC 8252, 7.3).
constexpr const char* any_port = "http://127.0.0.1/";

constexpr int hour = 3600, day = 24 * hour;

// A client with a secret that goes into a form.
OAuthRules secret_in_form(Pkce pkce) {
  OAuthRules out;
  out.pkce = pkce;
  out.client_auth = ClientAuth::body;
  out.body = Body::form;
  out.secret_required = true;
  return out;
}

OAuthRules with_client(OAuthRules rules, ClientAuth client_auth, Body body) {
  rules.client_auth = client_auth;
  rules.body = body;
  return rules;
}

// A client that proves itself by PKCE and may have a secret.
OAuthRules public_client(Pkce pkce, Body body = Body::form) {
  OAuthRules out;
  out.pkce = pkce;
  out.body = body;
  return out;
}

// developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps
OAuthRules atlassian() {
  OAuthRules out = with_client(secret_in_form(Pkce::unknown), ClientAuth::body, Body::json);
  out.authorize_params = {{"audience", "api.atlassian.com"}, {"prompt", "consent"}};
  return out;
}

// developers.google.com/identity/protocols/oauth2/native-app: a refresh token stays good.
OAuthRules google() {
  OAuthRules out = secret_in_form(Pkce::optional);
  out.authorize_params = {{"access_type", "offline"}};
  return out;
}

// developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth
OAuthRules hubspot() {
  OAuthRules out = secret_in_form(Pkce::unknown);
  out.tells_scope = false;  // it has a list `scopes`
  return out;
}

// docs.slack.dev/authentication/using-pkce: localhost for clients with PKCE, which get no bot
// scopes; the token of a user stands in `authed_user`.
OAuthRules slack() {
  OAuthRules out = public_client(Pkce::required);
  out.scope_parameter = "user_scope";
  out.scope_separator = ",";
  out.token_at = "authed_user";
  return out;
}

// developer.monday.com/apps/docs/oauth: the API takes the token without a scheme.
OAuthRules monday() {
  OAuthRules out = with_client(secret_in_form(Pkce::unknown), ClientAuth::body, Body::json);
  out.scheme = "";
  return out;
}

// developers.notion.com/reference/create-a-token
OAuthRules notion() {
  OAuthRules out = with_client(secret_in_form(Pkce::unknown), ClientAuth::basic, Body::json);
  out.authorize_params = {{"owner", "user"}};
  out.tells_scope = false;
  return out;
}

// pipedrive.readme.io/docs/marketplace-oauth-authorization: requests go to `api_domain`.
OAuthRules pipedrive() {
  OAuthRules out = with_client(secret_in_form(Pkce::unknown), ClientAuth::basic, Body::form);
  out.origin_member = "api_domain";
  return out;
}

OAuthRules without_scope(OAuthRules rules) {
  rules.tells_scope = false;
  return rules;
}

}  // namespace

std::vector<Vendor> vendors() {
  return {
      // docs.gitlab.com/api/oauth2, docs.gitlab.com/integration/oauth_provider
      {.app = "gitlab",
       .authorize = "https://gitlab.com/oauth/authorize",
       .token = "https://gitlab.com/oauth/token",
       .device = "https://gitlab.com/oauth/authorize_device",
       .redirect = any_port,
       .scopes = "read_api read_repository",
       .restore_scopes = "api write_repository",
       .rules = public_client(Pkce::required),
       .lifetime = 2 * hour},
      {.app = "gitlab",
       .settings = R"({"base_url":"https://git.acme.example/gitlab/api/v4/"})",
       .authorize = "https://git.acme.example/gitlab/oauth/authorize",
       .token = "https://git.acme.example/gitlab/oauth/token",
       .device = "https://git.acme.example/gitlab/oauth/authorize_device",
       .redirect = any_port,
       .scopes = "read_api read_repository",
       .restore_scopes = "api write_repository",
       .rules = public_client(Pkce::required),
       .lifetime = 2 * hour},
      // docs.gitea.com/development/oauth2-provider, forgejo.org/docs/latest/user/oauth2-provider
      {.app = "gitea",
       .settings = R"({"base_url":"https://codeberg.org/api/v1"})",
       .authorize = "https://codeberg.org/login/oauth/authorize",
       .token = "https://codeberg.org/login/oauth/access_token",
       .redirect = any_port,
       .scopes = "read:user read:organization read:repository read:issue",
       .restore_scopes = "write:user write:organization write:repository write:issue",
       .rules = public_client(Pkce::required),
       .lifetime = hour},
      // docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
      {.app = "github",
       .authorize = "https://github.com/login/oauth/authorize",
       .token = "https://github.com/login/oauth/access_token",
       .device = "https://github.com/login/device/code",
       .redirect = any_port,
       .scopes = "repo read:org read:project",
       .restore_scopes = "workflow",
       .rules = secret_in_form(Pkce::optional),
       .gives_refresh = false},
      {.app = "google_drive",
       .authorize = "https://accounts.google.com/o/oauth2/v2/auth",
       .token = "https://oauth2.googleapis.com/token",
       .redirect = any_port,
       .scopes = "https://www.googleapis.com/auth/drive.readonly",
       .rules = google(),
       .lifetime = hour,
       .rotates = false},
      // developers.asana.com/docs/oauth
      {.app = "asana",
       .authorize = "https://app.asana.com/-/oauth_authorize",
       .token = "https://app.asana.com/-/oauth_token",
       .redirect = fixed,
       .scopes = "attachments:read custom_fields:read goals:read portfolios:read "
                 "project_templates:read projects:read stories:read tags:read "
                 "task_templates:read tasks:read team_memberships:read teams:read "
                 "time_tracking_entries:read users:read webhooks:read workspaces:read",
       .restore_scopes = "attachments:write custom_fields:write goals:write portfolios:write "
                         "projects:write stories:write tags:write tasks:write",
       .rules = without_scope(secret_in_form(Pkce::optional)),
       .lifetime = hour,
       .rotates = false},
      // airtable.com/developers/web/api/oauth-reference
      {.app = "airtable",
       .authorize = "https://airtable.com/oauth2/v1/authorize",
       .token = "https://airtable.com/oauth2/v1/token",
       .redirect = fixed,
       .scopes = "schema.bases:read data.records:read data.recordComments:read user.email:read",
       .restore_scopes = "schema.bases:write data.records:write data.recordComments:write",
       .rules = with_client(public_client(Pkce::required), ClientAuth::basic, Body::form),
       .lifetime = hour},
      // linear.app/developers/oauth-2-0-authentication
      {.app = "linear",
       .authorize = "https://linear.app/oauth/authorize",
       .token = "https://api.linear.app/oauth/token",
       .redirect = fixed,
       .scopes = "read",
       .restore_scopes = "write",
       .rules = public_client(Pkce::required),
       .lifetime = day},
      // developer.todoist.com/api/v1, Authorization
      {.app = "todoist",
       .authorize = "https://todoist.com/oauth/authorize",
       .token = "https://todoist.com/oauth/access_token",
       .redirect = fixed,
       .scopes = "data:read",
       .restore_scopes = "data:read_write,data:delete",
       .rules = without_scope(secret_in_form(Pkce::optional)),
       .gives_refresh = false},
      {.app = "hubspot",
       .authorize = "https://app.hubspot.com/oauth/authorize",
       .token = "https://api.hubapi.com/oauth/v3/token",
       .redirect = fixed,
       .scopes = "oauth crm.objects.contacts.read crm.objects.companies.read "
                 "crm.objects.deals.read crm.objects.owners.read crm.lists.read tickets files "
                 "forms",
       .restore_scopes = "crm.objects.contacts.write crm.objects.companies.write "
                         "crm.objects.deals.write crm.objects.line_items.write "
                         "crm.schemas.contacts.write crm.schemas.companies.write "
                         "crm.schemas.deals.write crm.schemas.line_items.write",
       .rules = hubspot(),
       .lifetime = hour / 2,
       .rotates = false},
      {.app = "notion",
       .authorize = "https://api.notion.com/v1/oauth/authorize",
       .token = "https://api.notion.com/v1/oauth/token",
       .redirect = fixed,
       .scopes_at_client = true,
       .rules = notion()},
      {.app = "jira",
       .settings = R"({"site":"acme.atlassian.net","cloud_id":"35273b54"})",
       .authorize = "https://auth.atlassian.com/authorize",
       .token = "https://auth.atlassian.com/oauth/token",
       .redirect = fixed,
       .scopes = "read:jira-work read:jira-user read:group:jira read:user:jira read:avatar:jira "
                 "read:project:jira read:project-role:jira read:project-category:jira "
                 "read:workflow:jira read:priority:jira read:board-scope:jira-software "
                 "read:board-scope.admin:jira-software read:sprint:jira-software offline_access",
       .restore_scopes = "write:jira-work manage:jira-project manage:jira-configuration",
       .rules = atlassian(),
       .lifetime = hour},
      {.app = "confluence",
       .settings = R"({"site":"acme.atlassian.net","cloud_id":"35273b54"})",
       .authorize = "https://auth.atlassian.com/authorize",
       .token = "https://auth.atlassian.com/oauth/token",
       .redirect = fixed,
       .scopes = "read:space:confluence read:page:confluence read:comment:confluence "
                 "read:attachment:confluence read:task:confluence read:folder:confluence "
                 "read:confluence-content.all read:confluence-content.summary "
                 "read:confluence-space.summary read:confluence-groups read:confluence-user "
                 "readonly:content.attachment:confluence search:confluence offline_access",
       .restore_scopes = "write:confluence-space write:confluence-content "
                         "write:page:confluence delete:page:confluence "
                         "write:comment:confluence delete:comment:confluence",
       .rules = atlassian(),
       .lifetime = hour},
      {.app = "slack",
       .authorize = "https://slack.com/oauth/v2/authorize",
       .token = "https://slack.com/api/oauth.v2.access",
       .redirect = fixed,
       .scopes = "channels:read,channels:history,groups:read,groups:history,im:read,im:history,"
                 "mpim:read,mpim:history,users:read,users:read.email,users.profile:read,"
                 "usergroups:read,files:read,pins:read,bookmarks:read,emoji:read,team:read,"
                 "reminders:read",
       .rules = slack(),
       .lifetime = 12 * hour},
      // developer.atlassian.com/cloud/bitbucket/oauth-2
      {.app = "bitbucket",
       .authorize = "https://bitbucket.org/site/oauth2/authorize",
       .token = "https://bitbucket.org/site/oauth2/access_token",
       .redirect = fixed,
       .scopes = "account project repository pullrequest issue snippet",
       .rules =
           without_scope(with_client(secret_in_form(Pkce::unknown), ClientAuth::basic, Body::form)),
       .lifetime = 2 * hour,
       .rotates = false},
      // developer.clickup.com/docs/authentication
      {.app = "clickup",
       .authorize = "https://app.clickup.com/api",
       .token = "https://api.clickup.com/api/v2/oauth/token",
       .redirect = fixed,
       .scopes_at_client = true,
       .rules =
           without_scope(with_client(secret_in_form(Pkce::unknown), ClientAuth::body, Body::json)),
       .gives_refresh = false},
      {.app = "monday",
       .authorize = "https://auth.monday.com/oauth2/authorize",
       .token = "https://auth.monday.com/oauth2/token",
       .redirect = fixed,
       .scopes = "me:read account:read users:read teams:read workspaces:read boards:read "
                 "updates:read assets:read docs:read tags:read webhooks:read",
       .restore_scopes = "workspaces:write boards:write updates:write docs:write",
       .rules = monday(),
       .gives_refresh = false},
      {.app = "pipedrive",
       .authorize = "https://oauth.pipedrive.com/oauth/authorize",
       .token = "https://oauth.pipedrive.com/oauth/token",
       .redirect = fixed,
       .scopes_at_client = true,
       .rules = pipedrive(),
       .lifetime = hour,
       .rotates = false},
      // github.com/basecamp/bc3-api, sections/authentication.md
      {.app = "basecamp",
       .settings = R"({"account":"99999999","contact":"me@acme.example"})",
       .authorize = "https://launchpad.37signals.com/authorization/new",
       .token = "https://launchpad.37signals.com/authorization/token",
       .redirect = fixed,
       .scopes_at_client = true,
       .rules = without_scope(secret_in_form(Pkce::unknown)),
       .lifetime = 14 * day,
       .rotates = false},
      // support.zendesk.com, Using OAuth authentication with your application
      {.app = "zendesk",
       .settings = R"({"subdomain":"acme"})",
       .authorize = "https://acme.zendesk.com/oauth/authorizations/new",
       .token = "https://acme.zendesk.com/oauth/tokens",
       .redirect = fixed,
       .scopes = "read",
       .rules = public_client(Pkce::required, Body::json),
       .lifetime = 2 * day},
      // developers.smartsheet.com/api/smartsheet/guides/advanced-topics/oauth
      {.app = "smartsheet",
       .authorize = "https://app.smartsheet.com/b/authorize",
       .token = "https://api.smartsheet.com/2.0/token",
       .redirect = fixed,
       .scopes = "READ_SHEETS READ_SIGHTS READ_CONTACTS READ_USERS",
       .rules = without_scope(secret_in_form(Pkce::unknown)),
       .lifetime = 7 * day},
      {.app = "smartsheet",
       .settings = R"({"base_url":"https://api.smartsheet.eu/2.0"})",
       .authorize = "https://app.smartsheet.eu/b/authorize",
       .token = "https://api.smartsheet.eu/2.0/token",
       .redirect = fixed,
       .scopes = "READ_SHEETS READ_SIGHTS READ_CONTACTS READ_USERS",
       .rules = without_scope(secret_in_form(Pkce::unknown)),
       .lifetime = 7 * day},
      // developers.miro.com/docs/getting-started-with-oauth
      {.app = "miro",
       .authorize = "https://miro.com/oauth/authorize",
       .token = "https://api.miro.com/v1/oauth/token",
       .redirect = fixed,
       .scopes_at_client = true,
       .rules = secret_in_form(Pkce::unknown),
       .lifetime = hour},
  };
}

}  // namespace probackup
