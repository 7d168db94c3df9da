#!/usr/bin/env python3
"""Restores a backup of one real Redmine into another, empty one.

  drill_test.py PROBACKUP      exit code 77 when Redmine is not installed

A drill has to find all equal and to leave nothing; then a restore that is killed again and again has to
end with everything there once.
"""

import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from instance import HERE, Instance, installed, output
from redmine_client import Redmine

SEED = int(os.environ.get("PROBACKUP_SEED", "1"))
KILLS = 12
RESTORED = (0, 3)  # 3: some things were lost, such as the memberships of a locked user


class Program:
    def __init__(self, path, folder, accounts):
        self.path = path
        config = folder / "config.toml"
        config.write_text("".join(f'[redmine.{name}]\nbase_url = "{at.url}"\nkey = "{at.key}"\n'
                                  for name, at in accounts.items()))
        config.chmod(0o600)
        self.environment = dict(os.environ, PROBACKUP_REPOSITORY=str(folder / "repository"), HOME=str(folder),
                                PROBACKUP_PASSWORD="test", PROBACKUP_CATALOG=str(folder / "catalog.sqlite"))
        self.config = str(config)

    def start(self, *arguments):
        return subprocess.Popen([self.path, "--config", self.config, *arguments], env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, codes=(0,)):
        process = self.start(*arguments)
        out, err = process.communicate()
        if process.returncode not in codes:
            sys.exit(f"probackup {' '.join(arguments)} ended with {process.returncode}\n{out}\n{err}")
        return out


def what_is_there(api):
    """What a person made there, by kind: a word that tells each thing from the others of its kind."""
    found = collections.defaultdict(list)
    for project in api.list("/projects.json", "projects", status="1|5"):
        found["projects"].append(project["name"])
        if project["status"] != 1:
            continue
        path = f"/projects/{project['identifier']}"
        found["news"] += [n["title"] for n in api.list(path + "/news.json", "news")]
        found["files"] += [f["filename"] for f in api.get(path + "/files.json")["files"]]
        found["wiki"] += [page["title"] for page in api.get(path + "/wiki/index.json")["wiki_pages"]]
        found["versions"] += [v["name"] for v in api.get(path + "/versions.json")["versions"]]
    for issue in api.list("/issues.json", "issues", status_id="*", sort="id"):
        whole = api.get(f"/issues/{issue['id']}.json", include="attachments,journals,relations")["issue"]
        found["issues"].append(whole["subject"])
        found["attachments"] += [a["filename"] for a in whole["attachments"]]
        found["notes"] += [issue["subject"] for journal in whole["journals"] if journal.get("notes")]
        found["relations"] += [r["relation_type"] for r in whole.get("relations", []) if r["issue_id"] == issue["id"]]
    found["time entries"] = [e["hours"] for e in api.list("/time_entries.json", "time_entries")]
    return {kind: sorted(words) for kind, words in found.items() if words}


def compare(have, want):
    bad = 0
    for kind in sorted(set(have) | set(want)):
        a, b = have.get(kind, []), want.get(kind, [])
        print(f"{kind}: {len(a)} there, {len(b)} in the original")
        if a != b:
            bad += 1
            print("  more than there should be:", list((collections.Counter(map(str, a)) - collections.Counter(map(str, b))).elements())[:5])
            print("  missing:", list((collections.Counter(map(str, b)) - collections.Counter(map(str, a))).elements())[:5])
    return bad


def restore_with_kills(program, dice):
    """Kills it at random moments, each time after it has begun to make things; then lets it end."""
    kills = 0
    for _ in range(KILLS):
        process = program.start("restore", "latest:redmine", "--into", "redmine:sandbox", *(["--resume"] if kills else []))
        try:
            out, err = process.communicate(timeout=dice.uniform(0.4, 3.0))
            if process.returncode in RESTORED:
                return kills
            sys.exit(f"restore ended with {process.returncode}\n{out}\n{err}")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
    # What the killed requests of before leave Redmine busy with can fail once more: the report says so.
    for _ in range(3):
        report = json.loads(program.run("restore", "latest:redmine", "--into", "redmine:sandbox", "--resume", "--json", codes=RESTORED))
        unsettled = [p for p in report["problems"] if p["what"] not in ("lost", "lacking")]
        if not unsettled:
            break
        for problem in unsettled:
            print("  goes on:", problem["what"], problem["kind"], problem["title"], problem["reasons"])
    return kills


def drill(program):
    report = json.loads(program.run("drill", "redmine:test", "--into", "redmine:sandbox", "--json", codes=(0, 1)))
    made = sum(kind["made"] for kind in report["restore"]["kinds"])
    print(f"drill: {made} made by {report['restore']['requests']} calls, "
          f"{report['compared']} compared, {report['equal']} equal")
    for difference in report["differences"]:
        print("  differs:", difference)
    for problem in report["restore"]["problems"]:
        print("  ", problem["what"], problem["kind"], problem["title"], problem["reasons"])
    return 0 if report["good"] and report["cleaned"] else 1


def test(program, original, sandbox):
    program.run("init")
    program.run("backup", "redmine:test")
    before = what_is_there(sandbox)
    want = what_is_there(original)
    bad = drill(program)
    after = what_is_there(sandbox)
    if after != before:
        bad += 1
        print("the drill left something:", after)
    kills = restore_with_kills(program, random.Random(SEED))
    print(f"restore, killed {kills} times (seed {SEED}):")
    return bad + compare(what_is_there(sandbox), want)


def main():
    if not installed():
        print("SKIP: Redmine is not installed (tests/redmine/redmine.sh install)")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-drill-"))
    folder.chmod(0o755)  # Redmine runs as a user of its own
    instances = []
    try:
        original = Instance(folder / "original")
        instances.append(original)
        sandbox = Instance(folder / "sandbox")
        instances.append(sandbox)
        for instance in instances:
            instance.run_ruby("custom_fields.rb")
        original.fill("fill", "--issues", "20")
        sandbox.fill("people")
        program = Program(sys.argv[1], folder, {"test": original, "sandbox": sandbox})
        return 1 if test(program, Redmine(original.url, original.key), Redmine(sandbox.url, sandbox.key)) else 0
    finally:
        for instance in instances:
            instance.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
