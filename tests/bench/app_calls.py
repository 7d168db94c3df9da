#!/usr/bin/env python3
"""Counts what a backup of an account of about 1,000 records costs in calls, app by app.

  app_calls.py PROBACKUP [--records N] [--seed N] [APP…]

The accounts are those of tests/connectors/accounts, on servers made of the vendors' API descriptions (PROBACKUP_SPECS),
with more of each record that holds no others; the connectors are as they are, with the pages that they ask for. Printed
are the records, the streams that hold some of all the streams, the calls of the first run and of a second one with
nothing changed, the requests that were checked, and the lines of the connector's file.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "connectors"))
from described_apps_test import CONNECTORS, Failed, Trial  # noqa: E402

ACCOUNTS = HERE.parent / "connectors" / "accounts"


def above(entry):
    names = entry.get("under") or []
    return names if isinstance(names, list) else [names]


def grown(table, factor):
    """The table with `factor` times as many of all records that hold no others."""
    table = json.loads(json.dumps(table))
    lists = {name: kind.get("lists", [kind]) for name, kind in table["kinds"].items()}
    parents = {name for entries in lists.values() for entry in entries for name in above(entry)}
    for name, entries in lists.items():
        for entry in entries if name not in parents else []:
            entry["count"] = [factor * count for count in entry.get("count", table.get("defaults", {}).get("count", [0, 4]))]
    return table


class Counted(Trial):
    def __init__(self, app, table, description, arguments, folder):
        super().__init__(app, table, description, arguments, folder)
        self.wanted = arguments.records

    def new_account(self, seed, only=None):
        small = self.table
        factor, size = 1, 0
        while size < self.wanted and factor < 1000:
            self.table = grown(small, factor)
            account = super().new_account(seed, only)
            size = sum(map(len, account.truth().values()))
            factor = max(factor + 1, int(factor * self.wanted / max(size, 1) * 0.7))
        return account

    def write_connector(self):
        folder = self.folder / "connectors"
        folder.mkdir()
        connector = json.loads(json.dumps(self.connector))
        connector["http"].pop("limits", None)
        (folder / f"{self.app}.json").write_text(json.dumps(connector))

    def steps(self):
        self.write_connector()
        self.start_repository("one")
        first = self.backup()
        second = self.backup()
        truth = self.account.truth()
        restore = self.connector.get("restore", {}).get("steps", [])
        lines = len((CONNECTORS / f"{self.app}.json").read_text().splitlines())
        return [self.app, first["records"], f"{sum(map(bool, truth.values()))} of {len(self.connector['streams'])}",
                len(restore), first["requests"], second["requests"], self.server.checked, lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("apps", nargs="*")
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    from description import Description
    from graph import GraphDescription

    specs = os.environ.get("PROBACKUP_SPECS", "")
    row = "{:14} {:>8} {:>10} {:>9} {:>7} {:>7} {:>8} {:>6}".format
    print(row("app", "records", "streams", "restored", "first", "second", "checked", "lines"))
    failed = False
    for path in sorted(ACCOUNTS.glob("*.json")):
        table = json.loads(path.read_text())
        if arguments.apps and path.stem not in arguments.apps:
            continue
        if not all(os.path.exists(os.path.join(specs, name)) for name in table.get("description", [])):
            print(f"{path.stem:14} SKIP: PROBACKUP_SPECS has no {', '.join(table['description'])}")
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"probackup-{path.stem}-"))
        try:
            description = (GraphDescription if "ways" in table else Description)(specs, table)
            print(row(*Counted(path.stem, table, description, arguments, folder).run()), flush=True)
        except Failed as wrong:
            failed = True
            print(f"{path.stem:14} {wrong}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
