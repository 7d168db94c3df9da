#!/usr/bin/env python3
"""Prunes what ten daily runs left, beside restic's prune of a copy of the same repository.

  prune_days.py PROBACKUP [--records N] [--place folder|s3] [--seed N] [--folder DIR]

Each day 2 % of the records change. Then all snapshots but the newest three are forgotten, the repository
is copied byte for byte, and each program prunes one of the copies with its defaults (5 % may stay unused).
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

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "s3"))
from s3_request import s3_request
from measure import measured, open_place, print_ratio, print_table, size_of
from million_records import record

DAYS = 10


def put(place, path, data):
    keys = place.environment
    status, said = s3_request(place.url, keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], "PUT", path, "", data)
    assert status == 200, (status, said)


def copy_to(place, name, repository):
    if place.name == "folder":
        shutil.copytree(repository, place.repository(name))
        return
    for path in repository.rglob("*"):
        if path.is_file():
            put(place, f"/bench/{name}/{path.relative_to(repository)}", path.read_bytes())


def daily_runs(given, folder, environment):
    rng = random.Random(given.seed)
    records = [record(rng, number) for number in range(given.records)]
    tap = folder / "tap.jsonl"
    for day in range(DAYS):
        for number in rng.sample(range(given.records), given.records // 50) if day else ():
            records[number] = record(rng, number, day + 1)
        with open(tap, "w") as out:
            print(json.dumps({"type": "SCHEMA", "stream": "tasks", "schema": {"type": "object"}, "key_properties": ["id"]}), file=out)
            for text in records:
                out.write('{"type":"RECORD","stream":"tasks","record":' + text + "}\n")
        measured([given.probackup, "-q", "backup", "singer:bench", "--tap", tap], environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probackup")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--place", choices=("folder", "s3"), default="folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default=None)
    given = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-bench-", dir=given.folder))
    first = folder / "first"
    environment = {"PROBACKUP_REPOSITORY": str(first), "PROBACKUP_PASSWORD": "bench", "RESTIC_PASSWORD": "bench",
                   "PROBACKUP_CATALOG": str(folder / "catalog.sqlite"), "RESTIC_CACHE_DIR": str(folder / "restic-cache"),
                   "PROBACKUP_CACHE_DIR": str(folder / "cache"), "RESTIC_PROGRESS_FPS": "0.1"}
    measured([given.probackup, "-q", "init"], environment)
    daily_runs(given, folder, environment)
    measured([given.probackup, "-q", "forget", "--keep-last", "3"], environment)
    print(f"{DAYS} days of {given.records:,} records: {size_of(first) / 1e6:.0f} MB", flush=True)
    place = open_place(given.place, folder)
    environment.update(place.environment)
    rows = []
    try:
        if place.name == "S3":  # makes the bucket
            measured([given.probackup, "-q", "-r", place.repository("new"), "init"], environment)
        for name, command in (("probackup", [given.probackup, "-q", "prune"]), ("restic", ["restic", "-q", "prune"])):
            copy_to(place, name, first)
            repository = place.repository(name)
            figures = measured([*command, "-r", repository], environment, place)
            if place.name == "folder":
                print(f"{name} leaves {size_of(repository) / 1e6:.1f} MB")
            rows.append(("prune", name, figures))
            subprocess.run(["restic", "-q", "-r", repository, "check", "--read-data", "--no-cache"], check=True,
                           env=dict(os.environ, **environment))
        print_table(rows)
        print_ratio("prune", rows[0][2], rows[1][2])
    finally:
        place.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
