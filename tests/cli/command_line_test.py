#!/usr/bin/env python3
"""The command line as scripts see it: exit codes, standard output, messages.

  command_line_test.py PROBACKUP
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROBACKUP = os.path.abspath(sys.argv.pop(1))
SCHEMA = '{"type":"SCHEMA","stream":"tasks","schema":{},"key_properties":["id"]}\n'


def records(count, version=1):
    return SCHEMA + "".join(
        json.dumps({"type": "RECORD", "stream": "tasks", "record": {"id": i, "name": f"task {i}", "v": version}}) + "\n"
        for i in range(count))


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"),
                            "PROBACKUP_REPOSITORY": str(self.folder / "repository"), "PROBACKUP_PASSWORD": "secret"}

    def run_it(self, *arguments, code=0, input=None, **environment):
        done = subprocess.run([PROBACKUP, *arguments], env=dict(self.environment, **environment), input=input,
                              stdin=subprocess.DEVNULL if input is None else None,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}\n{done.stderr}")
        return done

    def backup(self, text, *more, code=0):
        tap = self.folder / "tap.jsonl"
        tap.write_text(text)
        return self.run_it("backup", "singer:demo", "--tap", str(tap), "--json", *more, code=code)

    def test_exit_codes_tell_what_is_wrong_with_the_repository(self):
        self.assertIn("no repository", self.run_it("list", code=10).stderr.lower())
        self.run_it("init")
        self.run_it("list", code=12, PROBACKUP_PASSWORD="wrong")
        self.run_it("init", code=1)

    def test_wrong_usage_is_2_and_suggests(self):
        self.run_it("init")
        self.assertIn("did you mean trello", self.run_it("backup", "trelo", code=2).stderr)
        self.run_it("backup", code=2)
        self.assertIn("did you mean --full", self.run_it("backup", "--ful", code=2).stderr)
        self.run_it("nonsense", code=2)
        self.run_it("list", "nonsense", code=2)
        missing = self.run_it("backup", "trello:acme", code=2)
        self.assertIn("PROBACKUP_TRELLO_TOKEN", missing.stderr)
        refused = self.run_it("backup", "trello:acme", "--set", "token=abcdef", code=2)
        self.assertIn("command line", refused.stderr)
        for wrong, said in [(["--exclude", "card"], "did you mean cards"),
                            (["--only", "cardz"], "did you mean cards"),
                            (["--exclude", "cards", "--only", "cards"], "--only and by --exclude"),
                            (["--exclude", "boards", "--only", "comments"], "cannot be read without boards")]:
            self.assertIn(said, self.run_it("backup", "trello", *wrong, code=2).stderr)

    def test_a_snapshot_goes_in_and_comes_out(self):
        self.run_it("init")
        summary = json.loads(self.backup(records(100)).stdout.splitlines()[-1])
        self.assertEqual((summary["type"], summary["records"], summary["added"]), ("summary", 101, 101))
        self.assertEqual(self.run_it("show", "latest", "tasks", "42").stdout, '{"id": 42, "name": "task 42", "v": 1}\n'.replace(": ", ":").replace(", ", ","))
        listed = json.loads(self.run_it("list", "items", "--stream", "tasks", "--json").stdout)
        self.assertEqual(len(listed), 100)
        found = json.loads(self.run_it("find", "task 42", "--json").stdout)
        self.assertEqual([hit["id"] for hit in found], ["42"])
        self.backup(records(100, version=2))
        history = json.loads(self.run_it("history", "tasks", "42", "--json").stdout)
        self.assertEqual(len(history), 2)
        first = json.loads(self.run_it("list", "--json").stdout)[0]["id"]
        self.assertIn('"v":1', self.run_it("show", first, "tasks", "42").stdout)
        changed = self.run_it("diff", first, "latest", "--json").stdout.splitlines()
        self.assertEqual(json.loads(changed[-1]), {"type": "summary", "added": 0, "changed": 100, "removed": 0})
        target = self.folder / "out"
        self.run_it("restore", first, "--target", str(target))
        self.assertEqual(len((target / "records" / "tasks.jsonl").read_text().splitlines()), 100)
        self.assertTrue((target / "index.html").exists())
        self.run_it("restore", first, "--target", str(target), code=1)
        self.run_it("check", "--read-data")

    def test_forget_and_prune_keep_what_the_policy_says(self):
        self.run_it("init")
        for version in range(4):
            self.backup(records(50, version))
        ids = [one["id"] for one in json.loads(self.run_it("list", "--json").stdout)]
        self.assertEqual(len(ids), 4)
        self.run_it("forget", code=2)
        self.run_it("forget", "--keep-last", "many", code=2)
        self.run_it("forget", "--keep-within", "3w", code=2)
        self.run_it("forget", "singer:demo", ids[0][:8], "--keep-last", "1", code=2)
        self.run_it("forget", "singer:other", "--keep-last", "1", code=1)
        planned = json.loads(self.run_it("forget", "--keep-last", "2", "--dry-run", "--json").stdout)
        self.assertEqual((planned["dry_run"], planned["removed"]), (True, 0))
        self.assertEqual(len(planned["sources"][0]["remove"]), 2)
        self.assertEqual(planned["sources"][0]["keep"][0]["reasons"], ["last snapshot"])
        done = json.loads(self.run_it("forget", "singer:demo", "--keep-last", "2", "--prune", "--max-unused", "0",
                                      "--json").stdout)
        self.assertEqual(done["removed"], 2)
        self.assertGreater(done["prune"]["bytes_freed"], 0)
        self.assertIn("nothing to do", self.run_it("prune", "--max-unused", "0").stdout)
        self.run_it("prune", "--max-unused", "lots", code=2)
        left = [one["id"] for one in json.loads(self.run_it("list", "--json").stdout)]
        self.assertEqual(sorted(left), sorted(one["id"] for one in planned["sources"][0]["keep"]))
        self.assertEqual(len(json.loads(self.run_it("history", "tasks", "7", "--json").stdout)), 2)
        self.run_it("forget", left[0][:10])
        self.run_it("check", "--read-data")
        self.assertEqual(self.run_it("show", "latest", "tasks", "7").returncode, 0)

    def test_a_source_whose_newest_run_failed_loses_nothing(self):
        self.run_it("init")
        self.backup(records(50))
        self.backup(records(50, version=2))
        self.run_it("backup", "singer:demo", "--tap", str(self.folder / "missing"), code=1)
        refused = self.run_it("forget", "--keep-last", "1", "--json", code=1)
        self.assertIn("failed", json.loads(refused.stdout)["sources"][0]["refused"])
        self.assertIn("nothing is forgotten", refused.stderr)
        self.assertEqual(len(json.loads(self.run_it("list", "--json").stdout)), 2)
        first = json.loads(self.run_it("list", "--json").stdout)[0]["id"]
        self.run_it("forget", first, code=1)
        self.run_it("forget", "--keep-last", "1", "--despite-failed-run", code=2)
        self.run_it("forget", first, "--despite-failed-run")
        self.assertEqual(len(json.loads(self.run_it("list", "--json").stdout)), 1)

    def test_passwords_are_added_changed_and_removed(self):
        self.run_it("init")
        self.backup(records(3))
        self.run_it("key", "add", code=1)  # no terminal to ask on
        added = json.loads(self.run_it("key", "add", "--json", PROBACKUP_NEW_PASSWORD="second").stdout)["id"]
        keys = json.loads(self.run_it("key", "list", "--json").stdout)
        self.assertEqual(len(keys), 2)
        self.run_it("list", PROBACKUP_PASSWORD="second")
        self.run_it("key", "remove", added, code=1, PROBACKUP_PASSWORD="second")
        new = self.folder / "new-password"
        new.write_text("third\n")
        self.run_it("key", "passwd", "--new-password-file", str(new))
        self.run_it("list", code=12)
        self.run_it("list", PROBACKUP_PASSWORD="third")
        self.run_it("key", "remove", added[:8], PROBACKUP_PASSWORD="third")
        self.run_it("list", code=12, PROBACKUP_PASSWORD="second")

    def test_a_copy_in_a_second_repository_can_be_used(self):
        self.run_it("init")
        self.backup(records(30))
        self.backup(records(30, version=2))
        second = str(self.folder / "second")
        to = {"PROBACKUP_TO_PASSWORD": "other"}
        self.run_it("copy", "--to", second, code=10, **to)
        self.run_it("init", "-r", second, PROBACKUP_PASSWORD="other")
        self.run_it("copy", "--to", second, code=12, PROBACKUP_TO_PASSWORD="wrong")
        done = json.loads(self.run_it("copy", "--to", second, "--json", **to).stdout)
        self.assertEqual((done["snapshots"], done["already_there"]), (2, 0))
        done = json.loads(self.run_it("copy", "singer:demo", "--to", second, "--json", **to).stdout)
        self.assertEqual((done["snapshots"], done["already_there"], done["blobs"]), (0, 2, 0))
        there = {"PROBACKUP_REPOSITORY": second, "PROBACKUP_PASSWORD": "other"}
        self.run_it("check", "--read-data", **there)
        self.assertIn('"v":2', self.run_it("show", "latest", "tasks", "7", **there).stdout)

    def test_a_damaged_snapshot_hides_no_other_from_the_catalog(self):
        self.run_it("init")
        self.backup(records(3))
        packs = lambda: set(path for path in (self.folder / "repository" / "data").rglob("*") if path.is_file())
        before = packs()
        tap = self.folder / "other.jsonl"
        tap.write_text(records(5))
        self.run_it("backup", "singer:a,b", "--tap", str(tap))
        self.assertIn("task 4", self.run_it("show", "latest:singer:a,b", "tasks", "4").stdout)
        for pack in packs() - before:
            pack.unlink()
        rebuilt = self.run_it("catalog", "rebuild", "--json", code=1)
        self.assertEqual(json.loads(rebuilt.stdout), {"sources": 2, "snapshots": 1, "unreadable": 1})
        self.assertIn("singer:a,b", rebuilt.stderr)
        self.assertEqual(len(json.loads(self.run_it("list", "items", "--source", "singer:demo", "--stream", "tasks",
                                                    "--json").stdout)), 3)

    def test_damage_is_named_and_repaired(self):
        self.run_it("init")
        self.backup(SCHEMA + "".join(json.dumps({"type": "RECORD", "stream": "tasks", "record": {
            "id": i, "name": os.urandom(200).hex()}}) + "\n" for i in range(2000)))
        self.run_it("check", "--read-data-subset", "2/3")
        self.run_it("check", "--read-data-subset", "1K")
        self.run_it("check", "--read-data-subset", "7/3", code=2)
        pack = max((self.folder / "repository" / "data").rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
        damaged = bytearray(pack.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(damaged)
        report = json.loads(self.run_it("check", "--read-data-subset", "100%", "--json", code=1).stdout)
        keys = [key for problem in report["problems"] for key in problem.get("keys", [])]
        self.assertGreater(len(keys), 0)
        self.assertTrue(any("/singer/demo/streams/tasks/0000.jsonl" in problem["what"] for problem in report["problems"]))
        index = json.loads(self.run_it("repair", "index", "--read-all-packs", "--json").stdout)
        self.assertEqual((index["packs_damaged"], index["blobs_lost"]), (1, 1))
        dry = json.loads(self.run_it("repair", "snapshots", "--dry-run", "--json").stdout)
        self.assertEqual((len(dry), dry[0]["repaired"]), (1, None))
        repaired = json.loads(self.run_it("repair", "snapshots", "--forget", "--json").stdout)
        self.assertEqual(repaired[0]["snapshot"], dry[0]["snapshot"])
        self.run_it("check", "--read-data")
        self.run_it("catalog", "rebuild")
        gaps = json.loads(self.run_it("list", "gaps", "--json").stdout)
        self.assertEqual(sorted(gap["key"] for gap in gaps), sorted(keys))
        self.assertEqual(len(json.loads(self.run_it("list", "items", "--stream", "tasks", "--json").stdout)),
                         2000 - len(keys))

    def test_an_unknown_thing_says_what_exists(self):
        self.run_it("init")
        self.backup(records(3))
        self.assertIn("did you mean tasks", self.run_it("list", "items", "--stream", "task", code=1).stderr)
        self.assertIn("tasks", self.run_it("show", "latest", "tsks", "1", code=1).stderr)
        self.run_it("show", "latest", "tasks", "99", code=1)
        self.run_it("show", "ffff0000", "tasks", "1", code=1)
        self.assertIn("singer:demo", self.run_it("list", "items", "--source", "github", code=1).stderr)

    def test_the_catalog_may_be_lost(self):
        self.run_it("init")
        self.backup(records(50))
        self.backup(records(60, version=2))
        before = [self.run_it("list", what, "--json").stdout for what in ("items", "streams", "gaps")]
        history = self.run_it("history", "tasks", "7", "--json").stdout
        for path in (self.folder / "home").rglob("*.sqlite*"):
            path.unlink()
        self.run_it("catalog", "rebuild")
        after = [self.run_it("list", what, "--json").stdout for what in ("items", "streams", "gaps")]
        self.assertEqual(before, after)
        self.assertEqual(history, self.run_it("history", "tasks", "7", "--json").stdout)

    def test_gaps_are_exit_code_3_and_listed(self):
        self.run_it("init")
        self.backup(records(3) + "rubbish\n", code=3)
        gaps = json.loads(self.run_it("list", "gaps", "--json").stdout)
        self.assertEqual(len(gaps), 1)
        self.assertIn("not JSON", gaps[0]["reason"])

    def test_secrets_and_control_characters_never_reach_the_terminal(self):
        self.run_it("init")
        self.backup(SCHEMA + json.dumps({"type": "RECORD", "stream": "tasks", "record": {"id": 1, "name": "a\x1b[31mred"}}) + "\n")
        self.assertNotIn("\x1b", self.run_it("list", "items").stdout)
        shown = self.run_it("auth", "add", "trello:acme", "--field", "key=-", input="k" * 32, code=2)
        self.assertNotIn("k" * 32, shown.stderr)

    def test_credentials_are_sealed(self):
        self.run_it("init")
        for name, value in (("key", "K" * 32), ("token", "T" * 64)):
            (self.folder / name).write_text(value + "\n")
        self.run_it("auth", "add", "trello:acme", "--field", f"key={self.folder / 'key'}", "--field", f"token={self.folder / 'token'}")
        stored = (self.folder / "home/.config/probackup/credentials.json")
        self.assertNotIn("T" * 64, stored.read_text())
        self.assertEqual(stored.stat().st_mode & 0o777, 0o600)
        self.assertIn("trello:acme", self.run_it("auth", "list").stdout)
        self.run_it("auth", "remove", "trello:acme")
        self.run_it("auth", "remove", "trello:acme", code=1)

    def test_what_is_no_secret_may_be_stored_from_the_command_line(self):
        self.run_it("init")
        address = ("--set", "base_url=http://127.0.0.1:9")
        self.run_it("auth", "add", "redmine", *address, "--field", "key=-", input="K" * 40)
        listed = json.loads(self.run_it("auth", "list", "--json").stdout)
        self.assertEqual(listed[0]["fields"], ["base_url", "key"])
        self.assertIn("http://127.0.0.1:9", self.run_it("auth", "check", "redmine", code=1).stderr)
        refused = self.run_it("auth", "add", "redmine", *address, "--set", "key=" + "K" * 40, code=2).stderr
        self.assertIn("must not stand on the command line", refused)
        self.assertNotIn("K" * 40, refused)

    def test_no_network_is_one_clear_error(self):
        self.run_it("init")
        done = self.run_it("backup", "trello:acme", code=1, PROBACKUP_TRELLO_KEY="k" * 32, PROBACKUP_TRELLO_TOKEN="t" * 64,
                           PROBACKUP_TRELLO_BASE_URL="http://127.0.0.1:9/1")
        self.assertIn("127.0.0.1", done.stderr)
        self.assertNotIn("t" * 64, done.stderr)

    def test_an_interrupt_is_130_and_leaves_a_healthy_repository(self):
        self.run_it("init")
        process = subprocess.Popen([PROBACKUP, "backup", "singer:demo", "--tap", "-"], env=self.environment,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdin.write(records(2000))
        process.stdin.flush()
        # The lock shows that the run has begun.
        until = time.monotonic() + 60
        while not list((self.folder / "repository/locks").glob("*")) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        lines = records(50_000).splitlines(True)[2001:]
        try:
            for start in range(0, len(lines), 500):
                process.stdin.write("".join(lines[start:start + 500]))
                process.stdin.flush()
                if process.poll() is not None:
                    break
        except BrokenPipeError:
            pass
        try:
            process.communicate(timeout=60)
        except BrokenPipeError:
            process.wait(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.run_it("check", "--read-data")
        self.backup(records(3000))

    def test_help_of_every_command_has_an_example(self):
        names = ["init", "check", "unlock", "auth add", "auth list", "auth check", "auth remove", "backup", "list", "show",
                 "history", "find", "diff", "restore", "connector list", "connector show", "connector lint",
                 "catalog rebuild", "demo", "forget", "prune", "repair index", "repair snapshots", "key list",
                 "key add", "key passwd", "key remove", "copy"]
        for name in names:
            self.assertIn("Example:", self.run_it(*name.split(), "--help").stdout, name)

    def test_connector_files_are_listed_shown_and_linted(self):
        apps = json.loads(self.run_it("connector", "list", "--json").stdout)
        self.assertTrue({"asana", "github", "monday", "redmine", "trello"} <= {app["app"] for app in apps})
        self.run_it("connector", "lint")
        shown = self.run_it("connector", "show", "redmine").stdout
        self.assertRegex(shown, r"trackers +found\n")
        self.assertRegex(shown, r"groups +found or made\n")
        self.assertRegex(shown, r"issues +made\n")
        self.assertIn("suffix", shown)
        broken = self.folder / "broken.json"
        broken.write_text('{"connector": 1, "app": "x", "streams": {}}')
        self.assertIn("broken.json", self.run_it("connector", "lint", str(broken), code=1).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=1)
