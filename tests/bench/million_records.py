#!/usr/bin/env python3
"""Feeds records to probackup as a Singer tap's output and prints the figures beside restic's.

  million_records.py PROBACKUP [--records N] [--seed N] [--folder DIR] [--no-restic]

restic backs up the same records as one file each. Both write to an empty local repository in the same
folder, one after the other; then 1 % of the records are changed and both run again; then nothing is.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

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


def measured(command, environment=None, stdout=subprocess.DEVNULL):
    """Wall seconds, processor seconds and peak memory in MiB of one process tree's main process."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=dict(os.environ, **(environment or {})), stdout=stdout)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def size_of(folder):
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probackup")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--no-restic", action="store_true")
    given = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-bench-", dir=given.folder))
    rng = random.Random(given.seed)
    tap, changed_tap, files = folder / "tap.jsonl", folder / "changed.jsonl", folder / "files"
    schema = json.dumps({"type": "SCHEMA", "stream": "tasks", "schema": {"type": "object"}, "key_properties": ["id"]})
    changed = set(rng.sample(range(given.records), given.records // 100))
    total = 0
    print(f"making {given.records:,} records ...", flush=True)
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

    environment = {"PROBACKUP_REPOSITORY": str(folder / "probackup"), "PROBACKUP_PASSWORD": "bench",
                   "PROBACKUP_CATALOG": str(folder / "catalog.sqlite"), "RESTIC_PASSWORD": "bench",
                   "RESTIC_REPOSITORY": str(folder / "restic"), "RESTIC_CACHE_DIR": str(folder / "cache")}
    rows = []

    def ours(name, path):
        before = size_of(folder / "probackup")
        figures = measured([given.probackup, "-q", "backup", "singer:bench", "--tap", str(path)], environment)
        rows.append((name, "probackup", *figures, size_of(folder / "probackup") - before))

    def theirs(name):
        before = size_of(folder / "restic")
        figures = measured(["restic", "-q", "backup", str(files)], environment)
        rows.append((name, "restic", *figures, size_of(folder / "restic") - before))

    measured([given.probackup, "-q", "init"], environment)
    ours("first run", tap)
    ours("1 % changed", changed_tap)
    ours("unchanged", changed_tap)
    show = measured([given.probackup, "show", "latest", "tasks", str(given.records // 2)], environment)
    find = measured([given.probackup, "find", str(given.records // 2)], environment)
    rows.append(("show one", "probackup", *show, 0))
    rows.append(("find one", "probackup", *find, 0))
    if not given.no_restic and shutil.which("restic"):
        print("one file each for restic ...", flush=True)

        def write(path, only=None):
            with open(path) as lines:
                next(lines)
                for number, line in enumerate(lines):
                    if only is not None and number not in only:
                        continue
                    place = files / f"{number // 1000:04}"
                    place.mkdir(parents=True, exist_ok=True)
                    (place / f"{number}.json").write_text(line[43:-2])

        write(tap)
        measured(["restic", "-q", "init", "--repository-version", "2"], environment)
        theirs("first run")
        write(changed_tap, changed)
        theirs("1 % changed")
        theirs("unchanged")
        middle = given.records // 2
        dump = measured(["restic", "-q", "dump", "latest", f"{files}/{middle // 1000:04}/{middle}.json"], environment)
        rows.append(("show one", "restic", *dump, 0))
        find = measured(["restic", "-q", "find", f"{middle}.json"], environment)
        rows.append(("find one", "restic", *find, 0))
    print(f"{'step':<12} {'program':<10} {'wall s':>8} {'cpu s':>8} {'peak MiB':>9} {'grew MB':>9}")
    for step, program, wall, cpu, peak, grew in rows:
        print(f"{step:<12} {program:<10} {wall:8.3f} {cpu:8.2f} {peak:9.0f} {grew / 1e6:9.1f}")
    for step in ("first run", "1 % changed", "unchanged", "show one", "find one"):
        pair = {program: (wall, peak, grew) for s, program, wall, _, peak, grew in rows if s == step}
        if len(pair) == 2:
            a, b = pair["probackup"], pair["restic"]
            print(f"{step}: {b[0] / a[0]:.1f} times as fast as restic, {a[1] / b[1]:.2f} of its memory"
                  + (f", {a[2] / b[2]:.3f} of its growth" if b[2] > 0 else ""))
    if not given.no_restic and shutil.which("restic"):
        check = subprocess.run(["restic", "-r", str(folder / "probackup"), "check", "--no-cache"],
                               env=dict(os.environ, **environment), stdout=subprocess.PIPE, text=True)
        print("restic check of probackup's repository:", "no errors" if check.returncode == 0 else "ERRORS")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
