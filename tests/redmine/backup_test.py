#!/usr/bin/env python3
"""Backs up a real Redmine and holds the backup against an independent reader; again after changes.

  backup_test.py PROBACKUP      exit code 77 when Redmine is not installed
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from instance import HERE, Instance, installed, output

# The connector's stream for each noun of truth.py. A record of the truth is the item's own page where
# the connector asks for it, so it must be equal but for members that change at every read.
VOLATILE = {"files": ["downloads"], "users": ["last_login_on", "api_key"],
            # Asked for by the connector beyond what the independent reader asks for.
            "issues": ["allowed_statuses"], "groups": ["memberships"]}
# Built-in roles and groups that the plain listing leaves out; the connector reads them besides.
MORE_THAN_LISTED = {"roles", "groups"}


class Check:
    def __init__(self, probackup, folder, url, key):
        self.probackup = probackup
        self.folder = folder
        self.url = url
        self.runs = 0
        self.bad = 0
        self.environment = dict(os.environ, PROBACKUP_REPOSITORY=str(folder / "repository"),
                                PROBACKUP_PASSWORD="test", PROBACKUP_CATALOG=str(folder / "catalog.sqlite"),
                                PROBACKUP_REDMINE_BASE_URL=url, PROBACKUP_REDMINE_KEY=key, REDMINE_KEY=key)

    def run(self, *arguments, codes=(0,)):
        done = subprocess.run([self.probackup, *arguments], env=self.environment, stdout=subprocess.PIPE, text=True)
        if done.returncode not in codes:
            sys.exit(f"probackup {' '.join(arguments)} ended with {done.returncode}")
        return done.stdout

    def backup(self, *more):
        self.runs += 1
        lines = self.run("backup", "redmine:test", "--json", *more, codes=(0, 3)).splitlines()
        summary = json.loads(lines[-1])
        for line in lines[:-1]:
            print("gap:", line)
        print(f"run {self.runs}: {summary['records']} records, +{summary['added']} ~{summary['changed']} "
              f"-{summary['removed']}, {summary['requests']} calls, {summary['gaps']} gaps, "
              f"{summary['data_blobs']} data blobs")
        return summary

    def compare(self, nouns):
        truth = json.loads(output(sys.executable, str(HERE / "truth.py"), self.url, env=self.environment))
        target = self.folder / f"out{self.runs}"
        self.run("restore", "latest:redmine", "--target", str(target), "--format", "jsonl")
        for noun, stream in nouns.items():
            path = target / "records" / f"{stream}.jsonl"
            lines = path.read_text().split("\n")[:-1] if path.exists() else []
            for other in ("registered_users", "locked_users") if noun == "users" else ():
                more = target / "records" / f"{other}.jsonl"
                lines += more.read_text().split("\n")[:-1] if more.exists() else []
            got = sorted((self.plain(stream, json.loads(line)) for line in lines))
            want = sorted(self.plain(stream, record) for record in truth["streams"].get(noun, {}).values())
            if stream in MORE_THAN_LISTED:
                got = [r for r in got if r in set(want)]
            if got != want:
                self.bad += 1
                missing = [r for r in want if r not in set(got)]
                extra = [r for r in got if r not in set(want)]
                print(f"{stream}: {len(got)} records, expected {len(want)}; {len(missing)} missing, {len(extra)} unexpected")
                for record in missing[:2]:
                    print("  expected", record[:400])
                for record in extra[:2]:
                    print("  found   ", record[:400])
            else:
                print(f"{stream}: {len(got)} records equal")
        sizes = sorted(f["size"] for f in truth["files"].values())
        found = sorted(p.stat().st_size for p in (target / "files").rglob("*") if p.is_file()) if (target / "files").exists() else []
        print(f"attachments: {len(found)} found, {len(sizes)} expected")
        if found != sizes:
            self.bad += 1
        return not self.bad

    @staticmethod
    def plain(stream, record):
        return json.dumps({k: v for k, v in record.items() if k not in VOLATILE.get(stream, [])}, sort_keys=True)


def main():
    if not installed():
        print("SKIP: Redmine is not installed (tests/redmine/redmine.sh install)")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-redmine-"))
    folder.chmod(0o755)  # Redmine runs as a user of its own
    started = time.monotonic()
    redmine = Instance(folder / "redmine")
    print(f"Redmine ready after {time.monotonic() - started:.0f} s")
    try:
        redmine.run_ruby("custom_fields.rb")
        redmine.fill("fill", "--issues", "30")
        nouns = {noun: noun for noun in (
            "projects trackers issue_statuses issue_priorities time_entry_activities document_categories "
            "queries roles custom_fields users groups memberships versions issue_categories issues "
            "time_entries news wiki_pages wiki_versions files").split()}
        check = Check(sys.argv[1], folder, redmine.url, redmine.key)
        check.run("init")
        first = check.backup()
        if first["gaps"]:
            check.bad += 1
        check.compare(nouns)
        unchanged = check.backup()
        if unchanged["added"] + unchanged["changed"] + unchanged["removed"]:
            print("an unchanged account was found changed:",
                  [s for s in unchanged["streams"] if s["added"] + s["changed"] + s["removed"]])
            check.bad += 1
        redmine.fill("change", "--seed", "2")
        check.backup("--full")
        check.compare(nouns)
        if shutil.which("restic"):
            output("restic", "-r", str(folder / "repository"), "--no-cache", "check", "--read-data",
                   env=dict(os.environ, RESTIC_PASSWORD="test"))
            print("restic check --read-data: no errors")
        return 1 if check.bad else 0
    finally:
        redmine.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
