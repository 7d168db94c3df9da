#!/usr/bin/env python3
"""Restores random accounts of apps into empty ones, at servers that are made of the vendors' API descriptions.

  described_restores_test.py PROBACKUP [--seed N] [--keep DIR] [APP…]

For each table tests/connectors/accounts/APP.json with `writes`, the real program backs a random account up and

- drills it in an empty account: everything has to be equal, and the drill has to leave nothing;
- restores it into another empty account; going on with the finished restore sends no request that writes;
- restores it into a third one where answers break off and the program is killed again and again, before requests that
  write and after them: in the end exactly the same must be there, file for file;
- deletes some things of the account itself and puts back what is gone since then.

Every request must be one that the description knows. Exit code 77 (skipped) when nothing could be tried.
"""

import collections
import hashlib
import json
import os
import random
import re
import subprocess
import sys

from described_apps_test import HERE, Failed, Trial, run_trials

KILLS = 5


class RestoreTrial(Trial):
    def run(self):
        self.servers = []

        def serve(account):
            self.servers.append(self.new_server(account))
            return self.servers[-1]

        try:
            self.server = serve(self.new_account(f"{self.app} {self.seed}"))
            empty = [serve(self.new_account(f"{self.app} {self.seed} target", self.table["restore"]["there"])) for _ in range(3)]
            for kind, members in self.table["restore"].get("alike", {}).items():
                for target in empty:
                    for original, node in zip(self.server.account.kinds[kind].nodes, target.account.kinds[kind].nodes):
                        node.full.update({name: original.full.get(name) for name in members})
            if self.server.git:
                self.server.fill_git()
            return self.try_restores(*empty)
        finally:
            for server in self.servers:
                server.close()

    def try_restores(self, drilled, plain, broken):
        self.write_connector()
        self.write_settings({"original": self.server, "drilled": drilled, "plain": plain, "broken": broken})
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PROBACKUP_PASSWORD": "secret",
                            "PROBACKUP_REPOSITORY": str(self.folder / "repository"), "PROBACKUP_CATALOG": str(self.folder / "catalog.sqlite")}
        self.call("init")
        self.account = self.server.account
        self.call("backup", f"{self.app}:original", "--json")
        drill = self.drill(drilled)
        counts, calls = self.restore(plain)
        kills, faults = self.restore_with_kills(broken)
        self.same(plain, broken)
        back = self.put_back_deleted()
        kinds = {k["kind"]: k["made"] for k in counts if k["made"]}
        checked = sum(server.checked for server in self.servers)
        return (f"{sum(kinds.values())} made of {len(kinds)} kinds by {calls} calls; drill: {drill['equal']} of {drill['compared']} equal; "
                f"{kills} kills and {faults} faults; {back} deleted and put back; {checked} requests checked")

    def write_settings(self, servers):
        base = self.table.get("base")
        if base is None:
            base = re.sub(r"^[a-z]+://[^/]*", "", self.connector["http"]["base"])
        lines = []
        for name, server in servers.items():
            settings = {**self.table.get("settings", {}), **self.table["restore"].get("settings", {}), "base_url": server.origin + base}
            lines.append(f"[{self.app}.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
        path = self.folder / "config.toml"
        path.write_text("".join(lines))
        path.chmod(0o600)

    def arguments(self, *arguments):
        return [self.program, "--connectors", str(self.folder / "connectors"), "--config", str(self.folder / "config.toml"), *arguments]

    def call(self, *arguments, codes=(0,)):
        return self.ended(arguments, *self.finished(self.start(*arguments)), codes)

    def start(self, *arguments):
        return subprocess.Popen(self.arguments(*arguments), env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def finished(process):
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def ended(self, arguments, code, out, err, codes=(0,)):
        problems = [p for server in self.servers for p in server.problems]
        if problems:
            listed = "\n    ".join(sorted(set(problems))[:15])
            raise Failed(f"{len(problems)} requests that the app would refuse:\n    {listed}")
        if code not in codes:
            raise Failed(f"{' '.join(arguments)} ended with {code}:\n{out[-4000:]}\n{err[-1500:]}")
        return out

    def where(self):
        return [part for value in self.table["restore"].get("set", []) for part in ("--set", value)]

    # --- the three ways

    def drill(self, server):
        before = self.held(server)
        out = self.call("drill", f"{self.app}:original", "--into", f"{self.app}:drilled", "--json", *self.where(), codes=(0, 1, 3))
        report = json.loads(out.splitlines()[-1])
        if report.get("type") != "drill":
            raise Failed(f"drill: {out[-1500:]}")
        if not report["good"] or report["equal"] != report["compared"] or report["compared"] < self.table["restore"].get("least", 10):
            shown = "\n    ".join(json.dumps(d, ensure_ascii=False)[:400] for d in report["differences"][:12])
            problems = "\n    ".join(json.dumps(p, ensure_ascii=False)[:300] for p in report["restore"]["problems"][:12])
            raise Failed(f"drill: {report['equal']} of {report['compared']} equal\n    {shown}\n    {problems}")
        self.judge(report["restore"])
        after = self.held(server)
        if report["left"] or before != after:
            raise Failed(f"the drill left something: {report['left']} {list((after - before).elements())[:3]} {list((before - after).elements())[:3]}")
        return report

    def judge(self, report):
        """Nothing failed; what was lost is what the table expects."""
        bad = [p for p in report["problems"] if p["what"] in ("failed", "uncertain", "incomplete")]
        lost = {r for p in report["problems"] if p["what"] == "lost" for r in p["reasons"]}
        strange = [r for r in lost if not any(re.search(known, r) for known in self.table["restore"].get("lost", []))]
        if bad or strange:
            raise Failed(f"restore: {bad[:5]} lost: {strange[:5]}")

    def restore(self, server):
        out = self.call("restore", f"latest:{self.app}", "--into", f"{self.app}:plain", "--json", *self.where(), codes=(0, 3))
        report = json.loads(out.splitlines()[-1])
        self.judge(report)
        writes = server.writes
        self.call("restore", "--resume", report["restore"], "--json", codes=(0, 3))
        if server.writes != writes:
            raise Failed(f"going on with a finished restore sent {server.writes - writes} requests that write")
        self.writes = writes
        return report["kinds"], report["requests"]

    def restore_with_kills(self, server):
        dice = random.Random(f"{self.app} {self.seed} kills")
        kills = faults = 0
        arguments = ["restore", f"latest:{self.app}", "--into", f"{self.app}:broken", "--json", *self.where()]
        for turn in range(KILLS + 1):
            server.start_faults(f"{self.app} {self.seed} {turn}")
            last = turn == KILLS
            with server.lock:  # no request is answered before the process is known
                process = self.start(*arguments)
                at = server.writes + dice.randint(1, max(2 * self.writes // KILLS, 2))
                server.kill = None if last else (at, process.kill, dice.choice(["before", "after"]))
            code, out, err = self.finished(process)
            faults += server.faults_sent
            server.kill = None
            kills += code == -9
            if kills:
                arguments = ["restore", "--resume", "--json"]
            if code == 0 or (code == 3 and last):
                break
            self.ended(arguments, code, out, err, (0, 3, -9))
            if code == 3:
                arguments = ["restore", "--resume", "--json"]
        server.faults = None
        if kills == 0:
            raise Failed("the restore was never killed")
        report = json.loads(out.splitlines()[-1]) if out else {}
        if [p for p in report.get("problems", []) if p["what"] in ("failed", "uncertain", "incomplete")]:
            out = self.call("restore", "--resume", "--json", codes=(0, 3))
            report = json.loads(out.splitlines()[-1])
        self.judge(report)
        return kills, faults

    def put_back_deleted(self):
        """What is gone since the first snapshot comes back where it was, and nothing else changes."""
        account, dice = self.server.account, random.Random(f"{self.app} {self.seed} deletions")
        names = self.table["restore"].get("delete", [])
        held = {name: len(account.kinds[name].nodes) for name in names}
        first = json.loads(self.call("list", "snapshots", "--json"))[0]["id"]
        for name in names:
            nodes = account.kinds[name].nodes
            for node in dice.sample(nodes, min(2, len(nodes))):
                if any(node is n for n in account.kinds[name].nodes):
                    self.server.writer.remove(node, self.table["restore"].get("with", {}).get(name, {}))
        gone = sum(held[name] - len(account.kinds[name].nodes) for name in names)
        self.call("backup", f"{self.app}:original", "--json", "--full", "--max-delete", "100", codes=(0, 3))
        out = self.call("restore", "latest", "--into", f"{self.app}:original", "--deleted-since", first, "--json", *self.where(), codes=(0, 3))
        self.judge(json.loads(out.splitlines()[-1]))
        now = {name: len(account.kinds[name].nodes) for name in names}
        if now != held:
            raise Failed(f"after putting back what was deleted there are {now}, and there were {held}: {out[-1500:]}")
        return gone

    # --- what is there

    def held(self, server):
        """Every record of an account, without ids and times that the server made."""
        from account import get, put

        account = server.account
        ids = {str(n.look("")) for kind in account.kinds.values() for n in kind.nodes} | set(server.writer.uploads) | server.writer.parts
        self.made_times = server.writer.times
        out = collections.Counter()
        for kind in account.kinds.values():
            for node in kind.nodes:
                if account.gone(node):
                    continue
                # The order of files is that in which they came, which a restore with faults may change.
                digests = sorted(hashlib.sha256(account.content(kind, id)).hexdigest()[:16] for id, _ in account.files(kind, node))
                record = self.plain(node.full, ids, server.origin)
                if each := kind.table.get("file", {}).get("each"):
                    put(record, each, sorted(get(record, each) or [], key=json.dumps))
                out[f"{kind.name} {json.dumps(record, sort_keys=True, ensure_ascii=False)} {digests}"] += 1
        return out

    def plain(self, value, ids, origin):
        if isinstance(value, dict):
            return {name: self.plain(member, ids, origin) for name, member in value.items()}
        if isinstance(value, list):
            return [self.plain(member, ids, origin) for member in value]
        if str(value) in self.made_times:
            return "NOW"
        if isinstance(value, str):
            value = re.sub(r"\(restored [-0-9: ]+\)", "(restored)", value)  # what the restore says itself of when it was
            return " ".join("ID" if part in ids or re.sub(r"^.*[/_-]", "", part) in ids else part for part in value.replace(origin, "").split(" "))
        return "ID" if str(value) in ids and not isinstance(value, bool) else value

    def same(self, plain, broken):
        if self.server.git:
            for server in (plain, broken):
                if server.git.refs() != self.server.git.refs():
                    raise Failed(f"git data differ: {server.git.refs()}\n    {self.server.git.refs()}")
        one, other = self.held(plain), self.held(broken)
        if one != other:
            more, less = list((other - one).elements()), list((one - other).elements())
            raise Failed(f"after the kills {len(more)} records are more or other, {len(less)} are missing\n    {more[:3]}\n    {less[:3]}")


def main():
    return run_trials(RestoreTrial, lambda table: "restore" in table, HERE / "accounts")


if __name__ == "__main__":
    sys.exit(main())
