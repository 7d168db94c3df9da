#!/usr/bin/env python3
"""Signing in as users and scripts do it, against the test authorization server.

  signin_test.py PROBACKUP OAUTH_SERVER
"""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

SERVER = os.path.abspath(sys.argv.pop(2))
PROBACKUP = os.path.abspath(sys.argv.pop(1))


def connector(origin):
    return {
        "connector": 1, "app": "tiny", "title": "Tiny", "version": "1.0",
        "config": {"token": {"help": "Token", "secret": True}},
        "auth": {"kind": "bearer", "token": "${config.token}", "oauth": {
            "authorize_url": origin + "/authorize", "token_url": origin + "/token",
            "device_url": origin + "/device/code", "scopes": ["boards:read", "cards:read"], "restore_scopes": ["cards:write"],
            "app_token_url": origin + "/app/installations/${installation}/access_tokens",
            "client_credentials": True, "service_account": True, "register": "Register at tiny.example/apps"}},
        "http": {"base": origin},
        "check": {"get": "/me", "account": "${body.login}", "show": "${body.name}",
                  "scopes": "${headers['x-scopes']}", "needs": {"boards:read": "boards", "cards:read": "cards"}},
        "streams": {"boards": {"get": "/boards", "id": "id", "name": "name"},
                    "cards": {"each": "boards", "get": "/boards/${parent.id}/cards", "id": "id"}}}


class SignIn(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-signin-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        server = subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.stdin.close)
        hello = json.loads(server.stdout.readline())
        self.origin, self.key = hello["origin"], hello["key"]
        connectors = self.folder / "connectors"
        connectors.mkdir()
        (connectors / "tiny.json").write_text(json.dumps(connector(self.origin)))
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"),
            "PROBACKUP_REPOSITORY": str(self.folder / "repository"), "PROBACKUP_PASSWORD": "secret",
            "PROBACKUP_TINY_CLIENT_ID": "client-1", "PROBACKUP_TINY_CLIENT_SECRET": "secret-of-client-1"}
        self.run_it("init")

    def control(self, **wish):
        request = urllib.request.Request(self.origin + "/control", data=json.dumps(wish).encode(), method="POST")
        return json.load(urllib.request.urlopen(request, timeout=20))

    def start(self, *arguments, **environment):
        return subprocess.Popen([PROBACKUP, "--connectors", str(self.folder / "connectors"), *arguments],
                                env=dict(self.environment, **environment), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process, code=0, input=None):
        out, err = process.communicate(input, timeout=60)
        self.assertEqual(process.returncode, code, f"{process.args}: {out}\n{err}")
        return out, err

    def run_it(self, *arguments, code=0, input=None, **environment):
        return self.end(self.start(*arguments, **environment), code, input)

    def visit(self, url):
        try:
            return urllib.request.urlopen(url, timeout=20).read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def login(self, *arguments, code=0, **environment):
        """Signs in with a browser that this test plays."""
        process = self.start("auth", "login", "tiny", "--json", *arguments, **environment)
        event = json.loads(process.stdout.readline())
        self.assertEqual(event["type"], "sign_in")
        page = self.visit(event["url"])
        out, err = self.end(process, code)
        return out, err, page

    def test_a_browser_signs_in_and_backups_run_with_it(self):
        out, err, page = self.login()
        self.assertIn("Signed in", page)
        done = json.loads(out.splitlines()[-1])
        self.assertEqual((done["type"], done["account"], done["scopes"]),
                         ("signed_in", "ada", ["boards:read", "cards:read"]))
        self.assertNotIn("secret-of-client-1", out + err)
        stored = next((self.folder / "home").rglob("credentials.json"))
        self.assertEqual(stat.S_IMODE(stored.stat().st_mode), 0o600)
        self.assertNotIn("refresh-", stored.read_text())
        summary = json.loads(self.run_it("backup", "tiny", "--json")[0].splitlines()[-1])
        self.assertEqual((summary["records"], summary["gaps"]), (4, 0))
        checked = json.loads(self.run_it("auth", "check", "tiny", "--json")[0])
        self.assertEqual((checked["who"], checked["missing"], checked["renewable"]), ("Ada", [], True))
        self.assertRegex(checked["expires"], r"^20\d\d-")
        seen = json.loads(self.run_it("auth", "check", "tiny", "--scope", "--json")[0])["visible"]
        self.assertEqual([(s["stream"], s["names"]) for s in seen], [("boards", ["Roadmap", "Hiring"])])

    def test_a_check_of_the_scope_names_what_a_snapshot_has_and_nobody_sees_now(self):
        self.login()
        self.run_it("backup", "tiny")
        out, _ = self.run_it("auth", "check", "tiny", "--scope")
        self.assertNotIn("hidden now", out)
        fewer = connector(self.origin)
        fewer["streams"]["boards"]["keep"] = "${record.id != 'b2'}"
        (self.folder / "connectors" / "tiny.json").write_text(json.dumps(fewer))
        checked = json.loads(self.run_it("auth", "check", "tiny", "--scope", "--json", code=3)[0])
        self.assertEqual(checked["not_seen"], [{"stream": "boards", "key": "b2", "title": "Hiring"}])
        out, _ = self.run_it("auth", "check", "tiny", "--scope", code=3)
        self.assertIn("hidden now:\n  boards b2 Hiring", out)

    def test_the_browser_is_opened_where_there_is_one(self):
        tools = self.folder / "tools"
        tools.mkdir()
        opener = tools / "xdg-open"
        opener.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import sys, urllib.request; "
                          "urllib.request.urlopen(sys.argv[1])' \"$1\"\n")
        opener.chmod(0o755)
        _, err = self.run_it("auth", "login", "tiny", PATH=f"{tools}:{os.environ['PATH']}", DISPLAY=":9")
        self.assertIn("/authorize?", err)

    def test_a_browser_on_another_machine(self):
        process = self.start("auth", "login", "tiny", "--no-browser", "--json")
        event = json.loads(process.stdout.readline())

        class NoRedirect(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None
        try:
            urllib.request.build_opener(NoRedirect).open(event["url"], timeout=20)
            self.fail("no redirect")
        except urllib.error.HTTPError as answer:
            address = answer.headers["Location"]
            answer.close()
        self.end(process, input=address + "\n")

    def test_cancelled_in_the_browser(self):
        self.control(consent="deny")
        _, err, page = self.login(code=1)
        self.assertIn("cancelled in the browser", err)
        self.assertIn("not completed", page)
        self.assertEqual(self.run_it("auth", "list", "--json")[0].strip(), "[]")

    def test_a_state_that_is_not_ours_and_a_stranger_are_ignored(self):
        self.control(consent="foreign_state")
        process = self.start("auth", "login", "tiny", "--json")
        url = json.loads(process.stdout.readline())["url"]
        self.assertIn("not the answer", self.visit(url))
        port = urllib.parse.urlparse(urllib.parse.parse_qs(urllib.parse.urlparse(url).query)["redirect_uri"][0]).port
        self.assertIn("not the answer", self.visit(f"http://127.0.0.1:{port}/?code=stolen"))
        self.control(consent="approve")
        self.visit(url)
        _, err = self.end(process)
        self.assertIn("another state", err)
        self.assertIn("without a state", err)
        self.assertEqual(self.control()["codes"], 1)

    def test_a_device_code(self):
        self.control(device_interval=1)
        out, _ = self.run_it("auth", "login", "tiny", "--device", "--json")
        shown = json.loads(out.splitlines()[0])
        self.assertEqual((shown["type"], shown["url"]), ("device_code", self.origin + "/device"))
        self.run_it("auth", "check", "tiny")

    def test_missing_scopes_are_named_and_the_exit_code_tells(self):
        self.control(granted_scopes="boards:read")
        _, err, _ = self.login()
        self.assertIn("not granted: cards:read", err)
        out, _ = self.run_it("auth", "check", "tiny", code=3)
        self.assertIn("missing scope cards:read: cards", out)

    def test_processes_that_renew_at_once_keep_the_session(self):
        self.control(lifetime=1)
        self.login()
        for _ in range(3):
            time.sleep(1.1)  # the token's life, which only the server's clock ends
            together = [self.start("auth", "check", "tiny") for _ in range(6)]
            for process in together:
                self.end(process)
        counts = self.control()
        self.assertEqual(counts["refused_refreshes"], 0)
        self.assertGreaterEqual(counts["refreshes"], 3)
        self.control(lifetime=3600)
        self.run_it("backup", "tiny")

    def test_a_token_that_the_app_forgot_is_replaced_once(self):
        self.login()
        self.control(drop=True)
        self.run_it("backup", "tiny")
        self.assertEqual(self.control()["refreshes"], 1)

    def test_a_revoked_sign_in_fails_the_run_and_says_what_to_do(self):
        self.login()
        self.run_it("backup", "tiny")
        self.control(revoke=True)
        for command in (["auth", "check", "tiny"], ["backup", "tiny"]):
            _, err = self.run_it(*command, code=1)
            self.assertIn("expired or revoked", err)
            self.assertIn("probackup auth login tiny", err)
        runs = json.loads(self.run_it("list", "runs", "--json")[0])
        self.assertEqual(runs[0]["status"], "failed")
        self.login()
        self.run_it("backup", "tiny")

    def test_a_token_that_ended_and_cannot_be_renewed(self):
        self.control(lifetime=1, gives_refresh=False)
        self.login()
        time.sleep(1.1)
        _, err = self.run_it("backup", "tiny", code=1)
        self.assertIn("the app gave nothing to renew it with", err)

    def test_maintenance_at_the_token_endpoint(self):
        self.control(lifetime=1)
        self.login()
        time.sleep(1.1)
        self.control(maintenance=1)
        self.run_it("auth", "check", "tiny")  # it was over soon

    def test_keys(self):
        key = self.folder / "key.json"
        key.write_text(json.dumps({"type": "service_account", "client_email": "backup@project.example",
                                   "private_key": self.key, "token_uri": self.origin + "/token"}))
        self.run_it("auth", "login", "tiny:robot", "--service-account", str(key))
        self.run_it("backup", "tiny:robot")
        pem = self.folder / "app.pem"
        pem.write_text(self.key)
        self.run_it("auth", "login", "tiny:app", "--app-id", "Iv1.abc", "--app-key", str(pem), "--installation", "77")
        _, err = self.run_it("auth", "login", "tiny:gone", "--app-id", "Iv1.abc", "--app-key", str(pem),
                             "--installation", "5", code=1)
        self.assertIn("not installed", err)
        self.run_it("auth", "login", "tiny:client", "--client-credentials")
        self.assertEqual(self.control()["keys"], 2)

    def test_a_restore_asks_for_more(self):
        out, _, _ = self.login("--for", "restore")
        self.assertEqual(json.loads(out.splitlines()[-1])["scopes"], ["boards:read", "cards:read", "cards:write"])
        out, _, _ = self.login("--for", "restore", "--scopes", "cards:write")
        self.assertEqual(json.loads(out.splitlines()[-1])["scopes"], ["cards:write"])

    def test_the_ways_to_sign_in_are_listed(self):
        out, _ = self.run_it("connector", "show", "tiny")
        for line in ("token                     probackup auth add tiny", "OAuth in the browser      probackup auth login tiny",
                     "OAuth with a device code  probackup auth login tiny --device",
                     "OAuth client credentials  probackup auth login tiny --client-credentials",
                     "key of a service account  probackup auth login tiny --service-account FILE",
                     "key of an app             probackup auth login tiny --app-id ID --app-key FILE --installation ID",
                     "Scopes: boards:read, cards:read", "For a restore also: cards:write",
                     "Client: Register at tiny.example/apps"):
            self.assertIn(line + "\n", out)
        out, _ = self.run_it("connector", "show", "trello")
        self.assertIn("token or key in a header  probackup auth add trello\n", out)
        self.assertNotIn("auth login", out)

    def test_a_token_of_the_environment_goes_before_the_sign_in(self):
        self.login()
        _, err = self.run_it("auth", "check", "tiny", code=1, PROBACKUP_TINY_TOKEN="of-nobody")
        self.assertIn("refused (401)", err)

    def test_wrong_usage(self):
        _, err = self.run_it("auth", "login", "tiny", code=2, PROBACKUP_TINY_CLIENT_ID="")
        self.assertIn("Register at tiny.example/apps", err)
        _, err = self.run_it("auth", "login", "trello", code=2)
        self.assertIn("auth add trello", err)
        _, err = self.run_it("backup", "google", code=2)
        self.assertIn("sync-drive", err)
        self.run_it("auth", "login", "tiny", "--device", "--client-credentials", code=2)

    def test_an_interrupt_ends_the_wait(self):
        process = self.start("auth", "login", "tiny", "--json")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.end(process, code=130)


if __name__ == "__main__":
    unittest.main()
