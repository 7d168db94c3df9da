#!/usr/bin/env python3
"""Backs random accounts of apps up from servers that are made of the vendors' API descriptions.

  described_apps_test.py PROBACKUP [--seed N] [--keep DIR] [APP…]

For each table tests/connectors/accounts/APP.json whose description lies in the folder PROBACKUP_SPECS the real
program backs the account up; tables that write the requests down themselves need no description. Every request must be one that the description knows; there must be no gap; every stream
must hold what the server holds, record for record and file for file; a second run must write nothing; a run with
rate limits, errors and broken answers must come to the same; and a full run after changes and deletions, too.

The copy of the connector that is tried has no rate limits, does not slow down after a 429, and asks for pages of
three records, so that small accounts have pages. Exit code 77 (skipped) when nothing could be
tried.
"""

import argparse
import collections
import hashlib
import importlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "described"))
CONNECTORS = HERE.parents[1] / "connectors"
PAGE = 3


class Failed(Exception):
    pass


def without(record, paths):
    record = json.loads(json.dumps(record))
    for path in paths:
        remove(record, path.split("."))
    return record


def remove(value, names):
    if isinstance(value, list):
        for element in value:
            remove(element, names)
    elif isinstance(value, dict):
        if names[0] == "*":
            for member in value.values():
                remove(member, names[1:])
        elif len(names) == 1:
            value.pop(names[0], None)
        else:
            remove(value.get(names[0]), names[1:])


def canonical(record):
    return json.dumps(record, sort_keys=True, ensure_ascii=False)


def small_pages(node, least):
    """The connector with pages of a few records."""
    if isinstance(node, list):
        return [small_pages(entry, least) for entry in node]
    if not isinstance(node, dict):
        return node
    out = {key: small_pages(value, least) for key, value in node.items()}
    page = out.get("page")
    if isinstance(page, dict) and "size" in page:
        page["size"] = re.sub(r"=\d+$", f"={least}", page["size"]) if isinstance(page["size"], str) else least
    if "graphql" in out and isinstance(page, dict):
        out["vars"] = {name: least if name == "first" else value for name, value in out.get("vars", {}).items()}
        text = out["graphql"] if isinstance(out["graphql"], str) else "\n".join(out["graphql"])
        out["graphql"] = re.sub(r"first:\d+,after:", f"first:{least},after:", text)
    return out


class Trial:
    def __init__(self, app, table, description, arguments, folder):
        self.app = app
        self.table = table
        self.description = description
        self.program = arguments.program
        self.seed = arguments.seed
        self.folder = folder
        self.connector = json.loads((CONNECTORS / f"{app}.json").read_text())

    def new_account(self, seed, only=None):
        if "ways" in self.table:
            from graph import GraphAccount

            return GraphAccount(self.table, self.description, seed, only, importlib.import_module(self.table["ways"]))
        from account import Account

        return Account(self.table, self.description, seed, only)

    def new_server(self, account):
        if "ways" in self.table:
            from graph import GraphServer

            return GraphServer(account, self.table, self.description, self.connector)
        from server import AppServer

        return AppServer(account, self.table, self.description)

    def run(self):
        self.account = self.new_account(f"{self.app} {self.seed}")
        self.server = self.new_server(self.account)
        try:
            return self.steps()
        finally:
            self.server.close()

    def steps(self):
        self.write_connector()
        self.start_repository("one")
        first = self.backup()
        self.compare("first run")
        second = self.backup()
        for what in ("added", "changed", "removed", "files_added", "bytes_added"):
            if second[what]:
                moved = [s for s in second["streams"] if s["added"] or s["changed"] or s["removed"]]
                raise Failed(f"the second run of the unchanged account says {what}: {second[what]} {moved}")
        if "feed" in self.table:
            self.follow_feed()
        self.start_repository("two")
        self.server.start_faults(f"{self.app} {self.seed}")
        self.backup()
        self.server.faults = None
        faults = self.server.faults_sent
        self.compare("run with faults")
        self.change()
        self.backup("--full")
        self.compare("full run after changes")
        pages = sum(self.server.pages.values())
        truth = self.account.truth()
        return (f"{first['records']} records, {len([s for s in truth if truth[s]])} of {len(self.connector['streams'])} streams, "
                f"{first['files_added']} files, calls {first['requests']} then {second['requests']}, "
                f"{self.server.checked} requests checked, {pages} further pages, {faults} faults")

    def follow_feed(self):
        """What the app tells of changes by itself is all that a run needs; without it, everything is read."""
        kind, deletions = self.table["feed"]["kind"], "search" not in self.table["feed"]
        paths = {entry["get"] for entry in self.account.kinds[kind].lists}
        for _ in range(3):
            while not self.change([kind], deletions):
                pass
            listed = sum(self.server.listings.get(path, 0) for path in paths) + self.table["feed"].get("listed_beside", 0)
            told = self.backup()
            self.compare("run by the feed")
            if listed != sum(self.server.listings.get(path, 0) for path in paths):
                raise Failed(f"{kind} was listed, though the app says what changed")
            if not any(s["changed"] + s["removed"] for s in told["streams"] if s["stream"] == kind):
                raise Failed(f"nothing was changed in {kind}")
        self.change([kind, *self.table["feed"].get("beside", [])], deletions)
        self.backup()
        self.compare("run after changes beside those that the feed tells of")
        if deletions:
            self.change([kind])
            self.server.feed.held.clear()
            self.backup()
            self.compare("run after the feed forgot its tokens")

    def write_connector(self):
        folder = self.folder / "connectors"
        folder.mkdir()
        connector = small_pages(self.connector, self.table.get("page_size", PAGE))
        connector["http"].pop("limits", None)
        connector.get("restore", {}).pop("limits", None)
        for rule in connector.get("errors", []):
            rule.pop("limited", None)
        (folder / f"{self.app}.json").write_text(json.dumps(connector))

    def start_repository(self, name):
        base = self.table.get("base")
        if base is None:
            base = re.sub(r"^[a-z]+://[^/]*", "", self.connector["http"]["base"])
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "PROBACKUP_PASSWORD": "secret",
            "PROBACKUP_REPOSITORY": str(self.folder / name),
            f"PROBACKUP_{self.app.upper()}_BASE_URL": self.server.origin + base}
        for setting, value in self.table.get("settings", {}).items():
            self.environment[f"PROBACKUP_{self.app.upper()}_{setting.upper()}"] = value
        self.call("init")

    def call(self, *arguments):
        done = subprocess.run([self.program, "--connectors", str(self.folder / "connectors"), *arguments], env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
        if self.server.problems:
            listed = "\n    ".join(sorted(set(self.server.problems))[:15])
            raise Failed(f"{len(self.server.problems)} requests that the description does not know:\n    {listed}")
        if done.returncode:
            raise Failed(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-1500:]}")
        return done.stdout

    def backup(self, *options):
        lines = [json.loads(line) for line in self.call("backup", self.app, "--json", "--max-delete", "100", *options).splitlines()]
        gaps = [line for line in lines if line["type"] == "gap"]
        if gaps:
            raise Failed(f"{len(gaps)} gaps, such as {gaps[:3]}")
        return next(line for line in lines if line["type"] == "summary")

    def compare(self, when):
        target = self.folder / "out"
        shutil.rmtree(target, ignore_errors=True)
        self.call("restore", "latest", "--format", "jsonl", "--target", str(target))
        truth = self.account.truth()
        untried = set(self.table.get("untried", {}))
        unknown = set(truth) - set(self.connector["streams"])
        if unknown:
            raise Failed(f"the table names streams that the connector lacks: {sorted(unknown)}")
        untold = set(self.connector["streams"]) - set(truth) - untried - {k.stream for k in self.account.kinds.values() if isinstance(k.stream, str)}
        if untold:
            raise Failed(f"streams that the table says nothing of: {sorted(untold)}")
        for stream in sorted(set(self.connector["streams"]) - untried):
            path = target / "records" / f"{stream}.jsonl"
            stored = [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []
            ignored = {p for k in self.account.kinds.values() for p in k.table.get("volatile", [])}
            for kind in [k for k in self.account.kinds.values() if k.table.get("file", {}).get("signed")]:
                file = kind.table["file"]
                each = ".".join([*kind.table["named"], "*"]) if "named" in kind.table else file.get("each")
                ignored.add(".".join([name for name in (each, file["member"]) if name]))
            held = [without(self.expected(node), ignored) for node in truth.get(stream, [])]
            stored = [without(record, ignored) for record in stored]
            missing = collections.Counter(map(canonical, held))
            missing.subtract(collections.Counter(map(canonical, stored)))
            wrong = [(count, text) for text, count in missing.items() if count]
            if wrong:
                wrong.sort(key=lambda pair: pair[1])
                shown = "\n    ".join(f"{'not in the backup' if count > 0 else 'only in the backup'}: {text[:700]}" for count, text in wrong[:4])
                raise Failed(f"{when}, stream {stream}: {len(stored)} records in the backup, {len(held)} at the server, {len(wrong)} differ\n    {shown}")
        self.compare_files(target, when)

    def expected(self, node):
        entry = node.kind.lists[node.list_index]
        record = self.server.shown(node, entry, bool(entry.get("detail")) and not entry.get("listing_only"))
        if entry.get("part"):  # the stream holds this member alone
            return record.get(entry["part"])
        return {entry["wrap_out"]: record.get(entry["wrap_out"])} if entry.get("wrap_out") else record

    def compare_files(self, target, when):
        from account import file_bytes

        held = collections.Counter()
        for kind in self.account.kinds.values():
            if "file" in kind.table and kind.stream:
                held.update(hashlib.sha256(file_bytes(kind.name, id)).hexdigest() for n in kind.nodes for id, _ in self.account.files(kind, n))
        files = [p for p in (target / "files").rglob("*") if p.is_file()] if (target / "files").exists() else []
        stored = collections.Counter(hashlib.sha256(p.read_bytes()).hexdigest() for p in files)
        if held != stored:
            raise Failed(f"{when}: {sum(stored.values())} files in the backup, {sum(held.values())} at the server")

    def change(self, kinds=None, deletions=True):
        """Other texts in some records of these kinds (all); and some records without children gone. How many."""
        changed = 0
        rng = self.account.rng
        parents = {id(n.parent) for k in self.account.kinds.values() for n in k.nodes if n.parent is not None}
        for kind in self.account.kinds.values():
            if kind.table.get("fixed") or (kinds and kind.name not in kinds):
                continue
            fixed = {kind.id.split(".")[0]} | {p.split(".")[0] for e in kind.lists for w in ("refer", "set", "choose", "join") for p in e.get(w, {})}
            touched = [p for e in kind.lists for p in [e.get("changed")] if p]
            for node in list(kind.nodes):
                if rng.random() < 0.2 and deletions and id(node) not in parents and not kind.lists[node.list_index].get("one"):
                    kind.nodes.remove(node)
                    changed += 1
                elif rng.random() < 0.4:
                    held = node.full.get(self.table.get("texts_in"))
                    held = held if isinstance(held, dict) else node.full
                    texts = [n for n, v in held.items() if isinstance(v, str) and n not in fixed and re.search("name|title|desc|text|body|content|summary", n)]
                    changed += len(texts[:1])
                    for name in texts[:1]:
                        held[name] = "changed " + str(rng.randint(1, 10**6))
                        for path in touched:
                            node.full[path] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return changed


def run_trials(trial, wanted, tables):
    """Tries each app whose table is wanted and whose description is there; the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("apps", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    arguments.program = os.path.abspath(arguments.program)
    specs = os.environ.get("PROBACKUP_SPECS")
    if not specs:
        print("SKIP: PROBACKUP_SPECS names no folder with API descriptions; only apps without one are tried")
    from description import Description
    from graph import GraphDescription

    failed = tried = False
    for path in sorted(tables.glob("*.json")):
        app = path.stem
        if arguments.apps and app not in arguments.apps:
            continue
        table = json.loads(path.read_text())
        if not wanted(table):
            continue
        lacking = [name for name in table.get("description", []) if not specs or not os.path.exists(os.path.join(specs, name))]
        if lacking:
            print(f"{app}: SKIP, no {', '.join(lacking)}")
            continue
        tried = True
        folder = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix=f"probackup-{app}-"))
        folder.mkdir(exist_ok=True)
        begun = time.monotonic()
        try:
            description = (GraphDescription if "ways" in table else Description)(specs, table)
            told = trial(app, table, description, arguments, folder).run()
            print(f"{app}: {told}, {time.monotonic() - begun:.1f} s", flush=True)
        except Failed as wrong:
            failed = True
            print(f"{app}: seed {arguments.seed}: {wrong}", flush=True)
        finally:
            if not arguments.keep:
                shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0 if tried else 77


def main():
    return run_trials(Trial, lambda table: True, HERE / "accounts")


if __name__ == "__main__":
    sys.exit(main())
