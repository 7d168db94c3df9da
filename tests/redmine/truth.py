#!/usr/bin/env python3
"""Reads a whole Redmine with plain paging and prints it as JSON, to hold a backup against.

  REDMINE_KEY=... truth.py URL >truth.json

{"streams": {NOUN: {KEY: record}}, "files": {ID: {"name", "size", "sha256"}}}. Nouns and records are
those of the API; a key is the record's id, and "PROJECT/TITLE" for wiki pages (with "/VERSION" for
their earlier versions).
"""

import hashlib
import json
import sys
from urllib.parse import quote

from redmine_client import Redmine, Refused

ISSUE_PARTS = "children,attachments,relations,changesets,journals,watchers"
PROJECT_PARTS = "trackers,issue_categories,enabled_modules,time_entry_activities,issue_custom_fields"
USER_STATES = (1, 2, 3)  # active, registered, locked; the listing gives only the first by itself
PROJECT_STATES = ("1", "5")  # active, closed; likewise. Archived ones cannot be read at all


class Reader:
    def __init__(self, api):
        self.api = api
        self.streams = {}
        self.files = {}

    def add(self, stream, records, key=lambda record: str(record["id"])):
        kept = self.streams.setdefault(stream, {})
        for record in records:
            kept[key(record)] = record

    def add_file(self, attachment):
        content = self.api.send("GET", attachment["content_url"])
        self.files[str(attachment["id"])] = {
            "name": attachment["filename"], "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest()}

    def read_tables(self):
        for path, stream in [
                ("/trackers.json", "trackers"), ("/issue_statuses.json", "issue_statuses"),
                ("/custom_fields.json", "custom_fields"), ("/queries.json", "queries"),
                ("/enumerations/issue_priorities.json", "issue_priorities"),
                ("/enumerations/time_entry_activities.json", "time_entry_activities"),
                ("/enumerations/document_categories.json", "document_categories")]:
            self.add(stream, self.api.list(path, stream))
        for role in self.api.get("/roles.json")["roles"]:
            self.add("roles", [self.api.get(f"/roles/{role['id']}.json")["role"]])
        for state in USER_STATES:
            self.add("users", self.api.list("/users.json", "users", status=state))
        for group in self.api.get("/groups.json")["groups"]:
            self.add("groups", [self.api.get(f"/groups/{group['id']}.json", include="users")["group"]])

    def read_issues(self):
        for issue in self.api.list("/issues.json", "issues", status_id="*", sort="id"):
            issue = self.api.get(f"/issues/{issue['id']}.json", include=ISSUE_PARTS)["issue"]
            self.add("issues", [issue])
            self.add("relations", issue.get("relations", []))
            for attachment in issue["attachments"]:
                self.add_file(attachment)

    def read_wiki(self, project):
        base = f"/projects/{project}/wiki"
        for page in self.below(base + "/index.json", "wiki_pages"):
            path = f"{base}/{quote(page['title'], safe='')}"
            key = f"{project}/{page['title']}"
            current = self.api.get(path + ".json", include="attachments")["wiki_page"]
            self.add("wiki_pages", [current], lambda _, key=key: key)
            for attachment in current["attachments"]:
                self.add_file(attachment)
            for version in range(1, current["version"]):
                old = self.api.get(f"{path}/{version}.json")["wiki_page"]
                self.add("wiki_versions", [old], lambda _, key=f"{key}/{version}": key)

    def below(self, path, name):
        """A listing below a project; a module that is switched off answers 403 or 404."""
        try:
            return self.api.list(path, name)
        except Refused as refused:
            if refused.status in (403, 404):
                return []
            raise

    def read_projects(self):
        for project in self.api.list("/projects.json", "projects", status="|".join(PROJECT_STATES)):
            number = project["id"]
            path = f"/projects/{number}"
            self.add("projects", [self.api.get(path + ".json", include=PROJECT_PARTS)["project"]])
            self.add("versions", self.below(path + "/versions.json", "versions"))
            self.add("issue_categories", self.below(path + "/issue_categories.json", "issue_categories"))
            self.add("memberships", self.below(path + "/memberships.json", "memberships"))
            files = self.below(path + "/files.json", "files")
            self.add("files", files)
            for attachment in files:
                self.add_file(attachment)
            self.read_wiki(number)

    def read_news(self):
        for news in self.api.list("/news.json", "news"):
            news = self.api.get(f"/news/{news['id']}.json", include="attachments,comments")["news"]
            self.add("news", [news])
            for attachment in news.get("attachments", []):
                self.add_file(attachment)

    def read(self):
        self.read_tables()
        self.read_projects()
        self.read_issues()
        self.add("time_entries", self.api.list("/time_entries.json", "time_entries"))
        self.read_news()
        return {"streams": self.streams, "files": self.files}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    json.dump(Reader(Redmine(sys.argv[1])).read(), sys.stdout, indent=1, sort_keys=True,
              ensure_ascii=False)


if __name__ == "__main__":
    main()
