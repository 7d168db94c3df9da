#!/usr/bin/env python3
"""Quotas as users meet them: a backup that pauses and goes on, and tokens that share the work.

  quota_test.py PROBACKUP
"""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

PROBACKUP = os.path.abspath(sys.argv.pop(1))
BOARDS, NOTES = 10, 5


class App(http.server.BaseHTTPRequestHandler):
    """Boards, cards and notes; each token may ask so often."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        app, token = self.server, self.headers.get("Authorization", "")[7:]
        with app.lock:
            app.asked.append((token, self.path))
            if token not in app.left:
                return self.answer({}, 401)
            if app.counts(self.path):
                if app.left[token] == 0:
                    return self.answer({}, 429, {"Retry-After": "40000"})
                app.left[token] -= 1
        if self.path == "/me":
            return self.answer({"login": app.accounts.get(token, "acme"), "name": "The user of " + token})
        if self.path == "/boards":
            return self.answer([{"id": f"b{i}"} for i in range(BOARDS)])
        if self.path == "/notes":
            return self.answer([{"id": f"n{i}"} for i in range(NOTES)])
        return self.answer([{"id": "c-" + self.path.split("/")[2]}])

    def answer(self, value, status=200, headers=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def connector(origin):
    return {
        "connector": 1, "app": "tiny", "title": "Tiny", "version": "1.0",
        "config": {"token": {"help": "Token", "secret": True}},
        "auth": {"kind": "bearer", "token": "${config.token}"},
        "http": {"base": origin, "concurrency": 1},
        "check": {"get": "/me", "account": "${body.login}", "show": "${body.name}"},
        "streams": {"boards": {"get": "/boards", "id": "id"}, "notes": {"get": "/notes", "id": "id"},
                    "cards": {"each": "boards", "get": "/boards/${parent.id}/cards", "id": "id"}}}


class Quota(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-quota-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
        self.app.daemon_threads = True
        self.app.lock, self.app.asked, self.app.accounts = threading.Lock(), [], {}
        self.app.left = {"token-one": 1000}
        self.app.counts = lambda path: True
        threading.Thread(target=self.app.serve_forever, daemon=True).start()
        self.addCleanup(self.app.server_close)
        self.addCleanup(self.app.shutdown)
        connectors = self.folder / "connectors"
        connectors.mkdir()
        (connectors / "tiny.json").write_text(json.dumps(connector(f"http://127.0.0.1:{self.app.server_port}")))
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"),
            "PROBACKUP_REPOSITORY": str(self.folder / "repository"), "PROBACKUP_PASSWORD": "secret"}
        self.run_it("init")
        self.add("token-one")

    def run_it(self, *arguments, code=0, text=None):
        done = subprocess.run([PROBACKUP, *arguments, "--connectors", str(self.folder / "connectors")], input=text,
                              env=self.environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def add(self, token, *arguments, code=0):
        return self.run_it("auth", "add", "tiny:acme", *arguments, "--field", "token=-", text=token, code=code)

    def backup(self, code=0):
        self.app.asked.clear()
        done = self.run_it("backup", "tiny:acme", "--json", code=code)
        return json.loads(done.stdout.splitlines()[-1])

    def use_up_with_cards(self):
        """Streams are read side by side, so that otherwise any of them could be the one that meets the limit."""
        self.app.counts = lambda path: path.endswith("/cards")
        self.app.left["token-one"] = 3

    def asked(self, token=None):
        return [path for who, path in self.app.asked if token in (None, who)]

    def test_a_backup_pauses_and_goes_on(self):
        self.use_up_with_cards()
        paused = self.backup(code=3)
        self.app.counts = lambda path: True
        self.assertTrue(paused["partial"])
        self.assertIsNotNone(paused["paused_until"])
        self.assertEqual(paused["unread"], ["cards"])
        [snapshot] = json.loads(self.run_it("list", "--json").stdout)
        self.assertTrue(snapshot["partial"])
        [run] = json.loads(self.run_it("list", "runs", "--json").stdout)
        self.assertEqual(run["status"], "paused")
        self.run_it("forget", "--keep-last", "1", code=1)

        # Too early: nothing can be read, and nothing is lost.
        refused = self.run_it("backup", "tiny:acme", code=1)
        self.assertIn("go on after", refused.stderr)

        self.app.left["token-one"] = 1000
        done = self.backup()
        self.assertFalse(done["partial"])
        self.assertEqual(done["records"], 2 * BOARDS + NOTES)
        self.assertNotIn("/boards", self.asked())
        self.assertNotIn("/notes", self.asked())
        self.backup()
        self.assertIn("/boards", self.asked())

    def test_a_pause_is_told_to_people(self):
        self.use_up_with_cards()
        said = self.run_it("backup", "tiny:acme", code=3).stderr
        self.assertIn("paused: ", said)
        self.assertIn("not read through yet: cards", said)

    def test_tokens_share_the_work(self):
        self.app.left["token-two"] = 1000
        self.add("token-two", "--name", "second")
        listed = json.loads(self.run_it("auth", "list", "--json").stdout)
        self.assertEqual([entry["name"] for entry in listed], ["", "second"])
        self.assertIn("second", self.run_it("auth", "list").stdout)
        checked = json.loads(self.run_it("auth", "check", "tiny:acme", "--json").stdout)
        self.assertEqual([token["who"] for token in checked["tokens"]],
                         ["The user of token-one", "The user of token-two"])
        done = self.backup()
        self.assertEqual(done["records"], 2 * BOARDS + NOTES)
        for token in ("token-one", "token-two"):
            self.assertGreater(len(self.asked(token)), 3)
        self.run_it("auth", "remove", "tiny:acme", "--name", "second")
        self.assertEqual(len(json.loads(self.run_it("auth", "list", "--json").stdout)), 1)

    def test_a_token_that_is_used_up_rests(self):
        self.add("token-two", "--name", "second")
        self.app.left = {"token-one": 0, "token-two": 1000}
        shown = self.run_it("auth", "check", "tiny:acme", code=3).stdout
        self.assertIn("rests until", shown)
        self.assertFalse(self.backup()["partial"])
        self.app.left = {"token-one": 4, "token-two": 5}
        self.assertTrue(self.backup(code=3)["paused_until"])

    def test_a_token_that_is_refused_or_of_another_account_is_left_out(self):
        self.add("token-two", "--name", "second")
        self.add("token-three", "--name", "third")
        self.app.left["token-three"] = 1000
        self.app.accounts["token-three"] = "others"
        warned = self.run_it("backup", "tiny:acme").stderr
        self.assertIn("the token second is left out", warned)
        self.assertIn("the token third is left out: it is of the account others", warned)
        self.assertEqual(self.asked("token-three"), ["/me"])
        self.run_it("auth", "check", "tiny:acme", code=3)

    def test_while_the_first_token_rests_nothing_of_another_account_is_read(self):
        self.add("token-two", "--name", "second")
        self.app.left = {"token-one": 0, "token-two": 1000}
        self.app.accounts["token-two"] = "others"
        self.assertIn("go on after", self.run_it("backup", "tiny:acme", code=1).stderr)
        self.assertEqual(self.asked("token-two"), ["/me"])

    def test_a_further_token_needs_a_first(self):
        self.run_it("auth", "remove", "tiny:acme")
        self.assertIn("no first token", self.add("token-two", "--name", "second", code=2).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
