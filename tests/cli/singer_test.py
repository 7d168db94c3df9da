#!/usr/bin/env python3
"""Taps that are run as programs: bookmarks, and taps that misbehave.

  singer_test.py PROBACKUP

Where a public tap is installed (tap-jsonl on the PATH, or PROBACKUP_TEST_TAP names its program), it is run as well.
"""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROBACKUP = os.path.abspath(sys.argv.pop(1))
TAP = pathlib.Path(__file__).with_name("example_tap.py").resolve()


class Singer(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-singer-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"),
                            "PROBACKUP_REPOSITORY": str(self.folder / "repository"), "PROBACKUP_PASSWORD": "secret"}
        self.account = {"users": [{"id": i, "name": f"user {i}"} for i in range(20)],
                        "orders": [{"id": i, "updated": i, "total": 1.50} for i in range(30)]}
        self.config = self.folder / "my config.json"
        self.seen = self.folder / "seen.json"
        self.config.write_text(json.dumps({"account": str(self.folder / "account.json"), "seen": str(self.seen)}))
        self.run_it("init")

    def start(self, *arguments):
        return subprocess.Popen([PROBACKUP, *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process, code=0):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, f"{process.args}: {out}\n{err}")
        return out, err

    def run_it(self, *arguments, code=0):
        return self.end(self.start(*arguments), code)

    def tap(self, *wishes):
        (self.folder / "account.json").write_text(json.dumps(self.account))
        command = f"{shlex.quote(sys.executable)} '{TAP}' {' '.join(wishes)}"
        return ["backup", "singer:shop", "--tap", command, "--tap-config", str(self.config), "--json"]

    def backup(self, *wishes, code=0, more=()):
        out, err = self.run_it(*self.tap(*wishes), *more, code=code)
        events = [json.loads(line) for line in out.splitlines()]
        summary = next((event for event in events if event["type"] == "summary"), None)
        return summary, err, [event for event in events if event["type"] == "gap"]

    def ids(self, stream):
        listed = json.loads(self.run_it("list", "items", "--stream", stream, "--json")[0])
        return sorted(int(item["id"]) for item in listed)

    def state(self):
        out, _ = self.run_it("show", "latest:singer:shop", "singer_messages", "STATE")
        return json.loads(out)["value"]["bookmarks"]["orders"]["updated"]

    def seen_state(self):
        return json.loads(self.seen.read_text())["state"]

    def test_bookmarks_go_from_run_to_run(self):
        summary, err, _ = self.backup()
        self.assertEqual((summary["records"], err), (20 + 30 + 3, ""))
        self.assertEqual(self.seen_state(), {})
        self.assertEqual(self.state(), 29)
        del self.account["users"][3]
        del self.account["orders"][5]
        self.account["orders"].append({"id": 30, "updated": 30, "total": 2})
        summary, _, _ = self.backup()
        self.assertEqual(self.seen_state(), {"bookmarks": {"orders": {"updated": 29}}})
        self.assertEqual((summary["added"], summary["removed"]), (1, 1))
        self.assertNotIn(3, self.ids("users"))
        self.assertIn(5, self.ids("orders"))  # an incremental stream does not say what is gone
        summary, _, _ = self.backup(more=["--full"])
        self.assertEqual(self.seen_state(), {})
        self.assertNotIn(5, self.ids("orders"))
        mine = self.folder / "mine.json"
        mine.write_text('{"bookmarks":{"orders":{"updated":7}}}')
        self.backup(more=["--tap-state", str(mine)])
        self.assertEqual(self.seen_state(), json.loads(mine.read_text()))

    def test_a_stream_that_went_on_from_a_bookmark_loses_nothing(self):
        """Its SCHEMA need not say that it is incremental."""
        self.backup("no-bookmarks")
        self.backup("no-bookmarks")
        self.assertEqual(len(self.ids("orders")), 30)

    def test_the_catalog_says_which_streams_are_incremental(self):
        catalog = self.folder / "catalog.json"
        catalog.write_text(json.dumps({"streams": [
            {"tap_stream_id": "users", "metadata": [
                {"breadcrumb": [], "metadata": {"replication-method": "INCREMENTAL"}}]}]}))
        self.backup(more=["--tap-catalog", str(catalog)])
        del self.account["users"][0]
        self.backup(more=["--tap-catalog", str(catalog)])
        self.assertEqual(len(self.ids("users")), 20)
        self.assertIn(str(catalog), json.loads(self.seen.read_text())["arguments"])

    def test_a_tap_that_dies(self):
        self.backup()
        self.account["users"] = [{"id": i, "name": "renamed"} for i in range(20)]
        self.account["orders"] += [{"id": i, "updated": i, "total": 1} for i in range(30, 40)]
        # users, the schema of orders, and three orders with their states
        summary, err, _ = self.backup("die-after=28", code=1)
        self.assertIn("failed with exit code 7: the account ran out of ink", err)
        self.assertEqual((summary["partial"], summary["removed"], summary["added"]), (True, 0, 2))
        self.assertEqual(self.state(), 31)
        self.assertEqual(len(self.ids("users")), 20)
        summary, _, _ = self.backup()
        self.assertEqual(self.seen_state()["bookmarks"]["orders"]["updated"], 31)
        self.assertEqual(self.ids("orders"), list(range(40)))
        self.assertFalse(summary["partial"])

    def test_rubbish_is_a_gap_with_its_line(self):
        summary, _, gaps = self.backup("rubbish-at=10", code=3)
        self.assertEqual(len(gaps), 1)
        self.assertTrue(gaps[0]["reason"].startswith("line 11: "), gaps)
        self.assertEqual(len(self.ids("orders")), 30)
        self.backup()
        self.assertEqual(self.run_it("list", "gaps", "--json")[0].strip(), "[]")

    def test_a_tap_that_stops_half_way_through_a_line(self):
        self.backup()
        self.account["users"] = self.account["users"][:15]
        _, _, gaps = self.backup("cut-at=10", code=3)
        self.assertEqual(len(gaps), 1)
        self.assertEqual(len(self.ids("users")), 20)

    def wait_for(self, path):
        for _ in range(600):
            if path.exists() and path.read_text():
                return path.read_text()
            time.sleep(0.05)
        self.fail(f"{path} did not come")

    def assert_gone(self, pid):
        for _ in range(200):
            try:
                if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    return
            except FileNotFoundError:
                return
            time.sleep(0.05)
        self.fail(f"process {pid} still runs")

    def test_an_interrupt_ends_a_tap_that_hangs_and_its_children(self):
        process = self.start(*self.tap("hang-after=26", "child"))
        child = int(self.wait_for(self.folder / "seen.json.child"))
        tap = json.loads(self.wait_for(self.seen))["pid"]
        time.sleep(1)  # for the lines that it does write; fewer of them change nothing below
        process.send_signal(signal.SIGINT)
        self.end(process, code=130)
        self.assert_gone(tap)
        self.assert_gone(child)
        self.backup()
        self.assertEqual((len(self.ids("users")), len(self.ids("orders"))), (20, 30))

    def test_a_child_that_is_left_does_not_hold_up_the_end(self):
        self.backup("child", "die-after=5", code=1)
        self.assert_gone(int((self.folder / "seen.json.child").read_text()))

    def test_a_talkative_tap_is_silent_in_a_cron_job(self):
        _, err, _ = self.backup("chatty")
        self.assertEqual(err, "")
        _, err, _ = self.backup("chatty", more=["-v"])
        self.assertIn("likes to talk", err)

    def test_no_shell_reads_the_command(self):
        marker = self.folder / "marker"
        self.account["users"] = []
        self.backup("';'", "'touch'", f"'{marker}'", "'$(touch {0})'".format(marker), "'`id`'", "'&'")
        self.assertFalse(marker.exists())
        arguments = json.loads(self.seen.read_text())["arguments"]
        self.assertEqual(arguments[:6], [";", "touch", str(marker), f"$(touch {marker})", "`id`", "&"])
        self.assertEqual(arguments[6:], ["--config", str(self.config)])

    def test_wrong_usage(self):
        _, err = self.run_it("backup", "singer:shop", "--tap", "no-such-tap-at-all", code=1)
        self.assertIn("cannot run no-such-tap-at-all", err)
        _, err = self.run_it("backup", "singer:shop", code=2)
        self.assertIn("--tap COMMAND", err)
        output = self.folder / "output.jsonl"
        output.write_text('{"type":"SCHEMA","stream":"a","schema":{},"key_properties":["id"]}\n')
        self.run_it("backup", "singer:shop", "--tap", str(output))
        self.run_it("backup", "singer:shop", "--tap", str(output), "--full", code=2)
        self.run_it("backup", "singer:shop", "--tap", "x", "--tap-config", str(self.folder / "none"), code=1)

    def test_a_public_tap(self):
        tap = os.environ.get("PROBACKUP_TEST_TAP") or shutil.which("tap-jsonl")
        if not tap:
            self.skipTest("tap-jsonl is not installed (pip install tap-jsonl)")
        data = self.folder / "people.jsonl"
        data.write_text("".join(json.dumps({"id": i, "name": f"person {i}"}) + "\n" for i in range(50)))
        config = self.folder / "public.json"
        config.write_text(json.dumps(public_config(data)))
        out, _ = self.run_it("backup", "singer:people", "--tap", shlex.quote(tap), "--tap-config", str(config), "--json")
        summary = json.loads(out.splitlines()[-1])
        people = next(stream for stream in summary["streams"] if stream["stream"] == "people")
        self.assertEqual((people["records"], people["complete"]), (50, True))
        out, _ = self.run_it("backup", "singer:people", "--tap", shlex.quote(tap), "--tap-config", str(config), "--json")
        people = next(stream for stream in json.loads(out.splitlines()[-1])["streams"] if stream["stream"] == "people")
        self.assertEqual((people["records"], people["changed"]), (50, 0))


def public_config(data):
    return {"path": str(data), "stream_name": "people", "primary_keys": ["id"]}


if __name__ == "__main__":
    unittest.main()
