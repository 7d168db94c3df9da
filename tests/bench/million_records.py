#!/usr/bin/env python3
"""Feeds records to probackup as a Singer tap's output and prints the figures beside restic's.

  million_records.py PROBACKUP [--records N] [--place folder|s3] [--seed N] [--folder DIR] [--no-restic]

restic backs up the same records as one file each. Both write to an empty repository, one after the other;
then 1 % of the records are changed and both run again; then nothing is. Then both look at what is there,
with what they keep on this machine and, in a bucket, once more without their caches.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

from measure import measured, open_place, print_ratio, print_table, size_of

WORDS = """account archive assign backup board branch budget build card change chart check client close
column comment contract copy create customer daily deadline delivery deploy design detail document draft
due email error estimate export feature field figure finish follow form goal group header import index
invoice issue item label launch layer letter limit link list market meeting merge message mobile model
month move network note number offer open order owner page panel part payment people phone plan point
press price print process product profile project quarter question queue range record release repeat
report request review role rule schedule search section server service share sheet site sprint status
step story summary support table target task team template test text time title tool track travel update
upload user value version view week widget work workspace""".split()


def record(rng, number, version=1):
    """About 1.5 KB of JSON as a task manager's API sends it."""
    hexes = "%024x" % rng.getrandbits(96)
    return json.dumps({
        "id": number, "gid": hexes, "name": " ".join(rng.choices(WORDS, k=5)),
        "notes": " ".join(rng.choices(WORDS, k=90)), "completed": rng.random() < 0.5,
        "created_at": f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:15:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}Z",
        "modified_at": f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:15:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}Z",
        "assignee": {"gid": str(rng.randint(10**15, 10**16)), "resource_type": "user"},
        "memberships": [{"project": {"gid": str(1200000000000000 + rng.randint(0, 400))}, "section": {"gid": str(1300000000000000 + rng.randint(0, 4000))}}],
        "custom_fields": [{"gid": str(1400000000000000 + i), "name": WORDS[i * 7], "type": "number", "number_value": rng.randint(0, 9999)} for i in range(4)],
        "tags": rng.sample(WORDS, 3), "version": version,
        "permalink_url": f"https://app.example.com/0/{rng.randint(10**15, 10**16)}/{number}"}, separators=(",", ":"))


def write_taps(given, folder, changed, rng):
    tap, changed_tap = folder / "tap.jsonl", folder / "changed.jsonl"
    schema = json.dumps({"type": "SCHEMA", "stream": "tasks", "schema": {"type": "object"}, "key_properties": ["id"]})
    total = 0
    with open(tap, "w") as first, open(changed_tap, "w") as second:
        print(schema, file=first)
        print(schema, file=second)
        for number in range(given.records):
            text = record(rng, number)
            total += len(text)
            first.write('{"type":"RECORD","stream":"tasks","record":' + text + "}\n")
            if number in changed:
                text = record(rng, number, 2)
            second.write('{"type":"RECORD","stream":"tasks","record":' + text + "}\n")
    print(f"{total / given.records:.0f} bytes a record, {total / 1e9:.2f} GB")
    return tap, changed_tap


def write_files(tap, files, only=None):
    with open(tap) as lines:
        next(lines)
        for number, line in enumerate(lines):
            if only is not None and number not in only:
                continue
            place = files / f"{number // 1000:04}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.json").write_text(line[43:-2])


class Comparison:
    def __init__(self, given, folder, place):
        self.given, self.folder, self.place = given, folder, place
        self.rows = []
        self.caches = {"probackup": folder / "cache", "restic": folder / "restic-cache"}
        self.environment = dict(place.environment, PROBACKUP_REPOSITORY=place.repository("probackup"),
                                PROBACKUP_PASSWORD="bench", PROBACKUP_CATALOG=str(folder / "catalog.sqlite"),
                                PROBACKUP_CACHE_DIR=str(self.caches["probackup"]), RESTIC_PASSWORD="bench",
                                RESTIC_REPOSITORY=place.repository("restic"),
                                RESTIC_CACHE_DIR=str(self.caches["restic"]), RESTIC_PROGRESS_FPS="0.1")

    def run(self, step, program, *arguments):
        command = [self.given.probackup if program == "probackup" else "restic", "-q", *arguments]
        before = size_of(self.place.path) if self.place.name == "folder" else 0
        figures = measured(command, self.environment, self.place)
        if self.place.name == "folder":  # what came to the folder stands for what is sent
            figures = figures._replace(up=size_of(self.place.path) - before)
        self.rows.append((step, program, figures))
        print(f"{program}, {step}: {figures.wall:.2f} s", flush=True)

    def look(self, program, *steps):
        """Each step twice: with the program's cache as it is, and without."""
        for step, arguments in steps:
            self.run(step, program, *arguments)
        if self.place.name == "folder":
            return
        for step, arguments in steps:
            shutil.rmtree(self.caches[program], ignore_errors=True)
            self.run(step + ", cold", program, *arguments)

    def ours(self, tap, changed_tap):
        measured([self.given.probackup, "-q", "init"], self.environment)
        for step, path in (("first run", tap), ("1 % changed", changed_tap), ("unchanged", changed_tap)):
            self.run(step, "probackup", "backup", "singer:bench", "--tap", str(path))
        middle = str(self.given.records // 2)
        self.look("probackup", ("list snapshots", ["list", "snapshots"]), ("show one", ["show", "latest", "tasks", middle]),
                  ("find one", ["find", middle]))

    def theirs(self, tap, changed_tap, changed):
        files, middle = self.folder / "files", self.given.records // 2
        print("one file each for restic ...", flush=True)
        write_files(tap, files)
        measured(["restic", "-q", "init", "--repository-version", "2"], self.environment)
        self.run("first run", "restic", "backup", str(files))
        write_files(changed_tap, files, changed)
        self.run("1 % changed", "restic", "backup", str(files))
        self.run("unchanged", "restic", "backup", str(files))
        self.look("restic", ("list snapshots", ["snapshots"]),
                  ("show one", ["dump", "latest", f"{files}/{middle // 1000:04}/{middle}.json"]),
                  ("find one", ["find", f"{middle}.json"]))

    def print(self):
        print_table(self.rows)
        for step, program, figures in self.rows:
            peer = [other for s, p, other in self.rows if s == step and p == "restic"]
            if program == "probackup" and peer:
                print_ratio(step, figures, peer[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probackup")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--place", choices=("folder", "s3"), default="folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--no-restic", action="store_true")
    given = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-bench-", dir=given.folder))
    rng = random.Random(given.seed)
    changed = set(rng.sample(range(given.records), given.records // 100))
    print(f"making {given.records:,} records ...", flush=True)
    tap, changed_tap = write_taps(given, folder, changed, rng)
    place = open_place(given.place, folder)
    try:
        comparison = Comparison(given, folder, place)
        comparison.ours(tap, changed_tap)
        if not given.no_restic and shutil.which("restic"):
            comparison.theirs(tap, changed_tap, changed)
            check = subprocess.run(["restic", "-r", place.repository("probackup"), "check", "--no-cache"],
                                   env=dict(os.environ, **comparison.environment), stdout=subprocess.PIPE, text=True)
            print("restic check of probackup's repository:", "no errors" if check.returncode == 0 else "ERRORS")
        comparison.print()
    finally:
        place.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
