#!/usr/bin/env python3
"""Fills a Redmine through its REST API, and changes it for a later backup.

  REDMINE_KEY=... fill.py URL fill   [--seed N] [--issues N]
  REDMINE_KEY=... fill.py URL change [--seed N] [--changes N]
  REDMINE_KEY=... fill.py URL people [--seed N]                 the users of `fill` and nothing else

custom_fields.rb should have been run inside the instance before. The same seed gives the same content
on a fresh instance.
"""

import argparse
import datetime
import random
from urllib.parse import quote

from redmine_client import Redmine, Refused

WORDS = "plan draft review budget invoice train move check the new old small red green report".split()
TEXTS = [
    "Plain words.",
    "*bold* and _italic_ with a link to #1",
    "Größe, naïve, 日本語, 🚲",
    "=1+2",
    '<script>alert("x")</script>',
    "first line\n\nsecond line\twith a tab",
    "quotes \" and ' and \\ back\\slashes",
]
FILE_NAMES = ["notes.txt", "table.csv", "picture.bin", "größe.dat", "a b (1).bin", "..hidden"]


class Filler:
    def __init__(self, api, seed):
        self.api = api
        self.dice = random.Random(seed)

    def words(self, count=4):
        return " ".join(self.dice.choice(WORDS) for _ in range(count)).capitalize()

    def text(self):
        return self.dice.choice(TEXTS) + " " + self.words(self.dice.randint(2, 12))

    def some(self, items, most):
        return self.dice.sample(items, min(len(items), self.dice.randint(0, most)))

    def day(self):
        return str(datetime.date(2024, 1, 1) + datetime.timedelta(days=self.dice.randrange(300)))

    def files(self, most=2):
        """Uploads up to `most` files and returns what names them in a record."""
        uploads = []
        for _ in range(self.dice.randint(0, most)):
            name = self.dice.choice(FILE_NAMES)
            content = self.dice.randbytes(self.dice.choice([1, 100, 5000, 70000]))
            uploads.append({
                "token": self.api.upload(name, content), "filename": name,
                "content_type": "application/octet-stream", "description": self.words(2)})
        return uploads

    def custom(self, kind):
        """Values for the custom fields of one kind of record."""
        values = []
        for field in self.fields:
            if field["customized_type"] != kind:
                continue
            choices = [v["value"] for v in field.get("possible_values", [])]
            if field["field_format"] == "bool":
                value = self.dice.choice(["0", "1"])
            elif field["field_format"] == "float":
                value = str(self.dice.randrange(1000) / 8)
            elif field["multiple"]:
                value = self.some(choices, len(choices))
            else:
                value = self.dice.choice(choices) if choices else self.words(2)
            values.append({"id": field["id"], "value": value})
        return values

    # What is there already.

    def look(self):
        api = self.api
        self.fields = api.get("/custom_fields.json")["custom_fields"]
        self.trackers = [t["id"] for t in api.get("/trackers.json")["trackers"]]
        self.statuses = [s["id"] for s in api.get("/issue_statuses.json")["issue_statuses"]]
        self.priorities = [p["id"] for p in
                           api.get("/enumerations/issue_priorities.json")["issue_priorities"]]
        self.activities = [a["id"] for a in
                           api.get("/enumerations/time_entry_activities.json")["time_entry_activities"]]
        self.roles = [r["id"] for r in api.get("/roles.json")["roles"]]

    # Making things.

    def make_users(self):
        self.users = []
        for number in range(1, 7):
            user = self.api.post("/users.json", {"user": {
                "login": f"user-{number}", "firstname": "Member", "lastname": str(number),
                "mail": f"user-{number}@example.com", "generate_password": True,
                "custom_fields": self.custom("user")}})["user"]
            self.users.append(user)

    def make_groups(self):
        self.groups = []
        for number in range(1, 3):
            group = self.api.post("/groups.json", {"group": {
                "name": f"Group {number}",
                "user_ids": [u["id"] for u in self.some(self.users, 4)]}})["group"]
            self.groups.append(group)

    def make_project(self, number, parent=None, public=True):
        project = self.api.post("/projects.json", {"project": {
            "name": f"Project {number} {self.words(2)}", "identifier": f"project-{number}",
            "description": self.text(), "is_public": public, "parent_id": parent,
            "homepage": "https://example.com/", "tracker_ids": self.trackers,
            "enabled_module_names": ["issue_tracking", "time_tracking", "news", "documents", "files",
                                     "wiki", "boards", "calendar", "gantt"],
            "custom_fields": self.custom("project")}})["project"]
        path = f"/projects/{project['id']}"
        for who in self.users + self.groups:
            self.api.post(path + "/memberships.json", {"membership": {
                "user_id": who["id"], "role_ids": [self.dice.choice(self.roles)]}})
        project["versions"] = [self.api.post(path + "/versions.json", {"version": {
            "name": f"{number}.{n}", "description": self.words(), "due_date": self.day(),
            "custom_fields": self.custom("version")}})["version"]["id"] for n in range(3)]
        project["categories"] = [self.api.post(path + "/issue_categories.json", {"issue_category": {
            "name": f"Category {n}"}})["issue_category"]["id"] for n in range(2)]
        return project

    def make_wiki(self, project):
        path = f"/projects/{project['id']}/wiki"
        titles = ["Wiki", "Näme_with_ümlauts", "Plan"]
        for position, title in enumerate(titles):
            page = {"text": self.text(), "comments": "first", "uploads": self.files(1)}
            if position:
                page["parent_title"] = titles[0]
            self.edit_page(path, title, page)
            for edit in range(self.dice.randint(0, 3)):
                self.edit_page(path, title, {"text": self.text(), "comments": f"edit {edit}"})

    def edit_page(self, path, title, page):
        self.api.put(f"{path}/{quote(title)}.json", {"wiki_page": page})

    def make_news(self, project):
        for _ in range(2):
            self.api.post(f"/projects/{project['id']}/news.json", {"news": {
                "title": self.words(), "summary": self.words(3), "description": self.text(),
                "uploads": self.files(1)}})

    def make_file(self, project):
        for upload in self.files(2):
            self.api.post(f"/projects/{project['id']}/files.json", {"file": upload})

    def issue_values(self, project):
        values = {
            "project_id": project["id"], "tracker_id": self.dice.choice(self.trackers),
            "priority_id": self.dice.choice(self.priorities), "subject": self.words(),
            "description": self.text(), "start_date": "2024-01-01", "due_date": self.day(),
            "estimated_hours": self.dice.randrange(40) / 4, "is_private": self.dice.random() < 0.1,
            "done_ratio": self.dice.randrange(11) * 10, "custom_fields": self.custom("issue"),
            "watcher_user_ids": [u["id"] for u in self.some(self.users, 3)], "uploads": self.files(2)}
        if project["versions"] and self.dice.random() < 0.5:
            values["fixed_version_id"] = self.dice.choice(project["versions"])
            values["category_id"] = self.dice.choice(project["categories"])
        return values

    def make_issue(self, project, parents):
        values = self.issue_values(project)
        if parents and self.dice.random() < 0.3:
            values["parent_issue_id"] = self.dice.choice(parents)
        issue = self.api.post("/issues.json", {"issue": values})["issue"]["id"]
        for _ in range(self.dice.randint(0, 3)):
            self.edit_issue(issue)
        return issue

    def edit_issue(self, issue):
        change = self.dice.choice([
            {"notes": self.text()},
            {"notes": self.text(), "private_notes": True},
            {"status_id": self.dice.choice(self.statuses)},
            {"subject": self.words(), "notes": self.words(2)},
            {"custom_fields": self.custom("issue")},
            {"uploads": self.files(1), "notes": "A file"}])
        self.api.put(f"/issues/{issue}.json", {"issue": change})

    def relate(self, issues):
        """Some pairs Redmine refuses (a circle, a pair already related): those are left."""
        kinds = ["relates", "duplicates", "blocks", "precedes"]
        for _ in range(len(issues) // 2):
            one, other = self.dice.sample(issues, 2)
            try:
                self.api.post(f"/issues/{one}/relations.json", {"relation": {
                    "issue_to_id": other, "relation_type": self.dice.choice(kinds)}})
            except Refused as refused:
                if refused.status != 422:
                    raise

    def spend_time(self, issues):
        for _ in range(len(issues) // 3):
            self.api.post("/time_entries.json", {"time_entry": {
                "issue_id": self.dice.choice(issues), "hours": self.dice.randrange(1, 32) / 4,
                "activity_id": self.dice.choice(self.activities), "spent_on": self.day(),
                "comments": self.words(3), "custom_fields": self.custom("time_entry")}})

    def fill(self, issue_count):
        self.look()
        self.make_users()
        self.make_groups()
        first = self.make_project(1)
        projects = [first, self.make_project(2, parent=first["id"]), self.make_project(3, public=False)]
        closed, archived = self.make_project(4), self.make_project(5)
        all_issues = []
        for project in projects + [closed, archived]:
            self.make_wiki(project)
            self.make_news(project)
            self.make_file(project)
            issues = []
            for _ in range(max(1, issue_count // 5)):
                issues.append(self.make_issue(project, issues))
            self.spend_time(issues)
            all_issues += issues
            if project in projects:
                self.relate(issues)
        self.api.put(f"/projects/{closed['id']}/close.json")
        self.api.put(f"/projects/{archived['id']}/archive.json")
        self.api.put(f"/users/{self.users[-1]['id']}.json", {"user": {"status": 3}})  # locked

    def people(self):
        self.look()
        self.make_users()

    # A later day.

    def change(self, count):
        self.look()
        api = self.api
        self.users = [u for u in api.list("/users.json", "users") if u["login"] != "admin"]
        projects = [p for p in api.list("/projects.json", "projects") if p["status"] == 1]
        for project in projects:
            path = f"/projects/{project['id']}"
            project["versions"] = [v["id"] for v in api.get(path + "/versions.json")["versions"]
                                   if v["status"] == "open" and v["project"]["id"] == project["id"]]
            project["categories"] = [
                c["id"] for c in api.get(path + "/issue_categories.json")["issue_categories"]]
        for _ in range(count):
            self.change_one(projects)

    def open_issues(self, projects):
        known = {p["id"] for p in projects}
        issues = self.api.list("/issues.json", "issues", status_id="*", sort="id")
        return [i["id"] for i in issues if i["project"]["id"] in known]

    def change_one(self, projects):
        api, project = self.api, self.dice.choice(projects)
        issues = self.open_issues(projects)
        kind = self.dice.randrange(10)
        if kind <= 2:
            self.make_issue(project, [])
        elif kind <= 5:
            self.edit_issue(self.dice.choice(issues))
        elif kind == 6 and len(issues) > 5:
            api.delete(f"/issues/{self.dice.choice(issues)}.json")
        elif kind == 7:
            self.edit_page(f"/projects/{project['id']}/wiki", self.dice.choice(["Wiki", "Plan", "New"]),
                           {"text": self.text(), "comments": "later", "uploads": self.files(1)})
        elif kind == 8:
            self.change_file(issues)
        else:
            self.change_time(issues, {p["id"] for p in projects})

    def change_file(self, issues):
        issue = self.dice.choice(issues)
        files = self.api.get(f"/issues/{issue}.json", include="attachments")["issue"]["attachments"]
        if not files:
            return self.edit_issue(issue)
        path = f"/attachments/{files[0]['id']}.json"
        if self.dice.random() < 0.5:
            return self.api.delete(path)
        return self.api.send("PATCH", path, b'{"attachment":{"description":"renamed"}}')

    def change_time(self, issues, projects):
        entries = [e for e in self.api.list("/time_entries.json", "time_entries")
                   if e["project"]["id"] in projects]
        if not entries or self.dice.random() < 0.4:
            return self.spend_time(issues[:3])
        path = f"/time_entries/{self.dice.choice(entries)['id']}.json"
        if self.dice.random() < 0.4:
            return self.api.delete(path)
        return self.api.put(path, {"time_entry": {"comments": self.words()}})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("what", choices=["fill", "change", "people"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--issues", type=int, default=30)
    parser.add_argument("--changes", type=int, default=20)
    given = parser.parse_args()
    filler = Filler(Redmine(given.url), given.seed)
    if given.what == "fill":
        filler.fill(given.issues)
    elif given.what == "people":
        filler.people()
    else:
        filler.change(given.changes)
    print(f"{filler.api.requests} requests")


if __name__ == "__main__":
    main()
