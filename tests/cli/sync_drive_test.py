#!/usr/bin/env python3
"""sync-drive as people and scripts see it: the spreadsheets that come out, URLs in lists, exit codes.

  sync_drive_test.py PROBACKUP DRIVE_SERVE
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

try:
    import openpyxl
except ImportError:
    print("SKIP: python3-openpyxl is not installed")
    sys.exit(77)

PROBACKUP = os.path.abspath(sys.argv.pop(1))
DRIVE_SERVE = os.path.abspath(sys.argv.pop(1))
FOLDER_TYPE = "application/vnd.google-apps.folder"


def tap(records):
    schema = '{"type":"SCHEMA","stream":"tasks","schema":{},"key_properties":["id"]}\n'
    return schema + "".join(json.dumps({"type": "RECORD", "stream": "tasks", "record": r}) + "\n" for r in records)


def check_requests(log, description):
    """Every request in the log is one that Google's description of the API knows: path, parameters, body."""
    spec = json.loads(pathlib.Path(description).read_text())
    everywhere = {p["name"] for p in spec["components"]["parameters"].values()}
    writable = {name for name, prop in spec["components"]["schemas"]["File"]["properties"].items()
                if not prop.get("description", "").startswith("Output only")}
    problems, seen = [], 0
    for line in pathlib.Path(log).read_text().splitlines():
        call = json.loads(line)
        path = call["path"].replace("/upload/drive/v3", "").replace("/drive/v3", "")
        names = {name for name, _ in call["query"]}
        if "upload_id" in names:
            continue  # a session's address, which Google gives
        if path not in spec["paths"]:
            path = "/files/{fileId}"
        operation = spec["paths"][path].get(call["method"].lower())
        if operation is None:
            problems.append(f"{call['method']} {path} is not there")
            continue
        seen += 1
        known = everywhere | {p["name"] for p in operation["parameters"]}
        problems += [f"{call['method']} {path}: unknown parameter {name}" for name in sorted(names - known)]
        if call["body"].startswith("{"):
            body = json.loads(call["body"])
            problems += [f"{call['method']} {path}: {name} cannot be written" for name in sorted(set(body) - writable)]
            for name, value in body.get("appProperties", {}).items():
                if value is not None and len((name + value).encode()) > 124:
                    problems.append(f"appProperties: {name} is too long")
    return seen, problems


class SyncDrive(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-drive-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"),
                            "PROBACKUP_REPOSITORY": str(self.folder / "repository"), "PROBACKUP_PASSWORD": "secret"}
        self.run_it("init")
        self.records = [
            {"id": "task-0001", "name": "=1+1", "due": "2024-06-01", "created_at": "2024-05-01T10:00:00Z", "points": 3,
             "link": "https://example.com/a", "note": "line 1\nline 2"},
            {"id": "task-0002", "name": "@SUM(A1)", "done": True, "big": 12345678901234567890, "note": "x" * 50001},
            {"id": "task-0003", "name": "\U0001f48c \x01", "note": "-2+3"}]
        self.backup()

    def run_it(self, *arguments, code=0, **environment):
        done = subprocess.run([PROBACKUP, *arguments], env=dict(self.environment, **environment),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}\n{done.stderr}")
        return done

    def backup(self):
        path = self.folder / "tap.jsonl"
        path.write_text(tap(self.records))
        self.run_it("backup", "singer:demo", "--tap", str(path), "--max-delete", "100")

    def sync(self, *more, code=0, **environment):
        return json.loads(self.run_it("sync-drive", "--json", *more, code=code, **environment).stdout)

    def serve(self):
        self.log = self.folder / "drive.log"
        server = subprocess.Popen([DRIVE_SERVE, str(self.log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.stdin.close(), server.wait(), server.stdout.close()))
        self.environment.update(PROBACKUP_GOOGLE_BASE_URL=server.stdout.readline().strip(),
                                PROBACKUP_GOOGLE_TOKEN="good-token")
        return server

    @staticmethod
    def tree(server):
        server.stdin.write("tree\n")
        server.stdin.flush()
        out = {}
        for line in iter(server.stdout.readline, "\n"):
            path, kind, _ = line.rstrip("\n").split("\t")
            out[path] = kind
        return out

    def test_spreadsheets_open_and_hold_what_the_backup_holds(self):
        copy = self.folder / "copy"
        first = self.sync("--local", str(copy))
        self.assertEqual((first["created"], first["sheets"], first["items"]), (5, 3, 4))
        book = openpyxl.load_workbook(copy / "Singer/demo/Tasks.xlsx")
        self.assertEqual(book.sheetnames, ["Items", "Long texts"])
        sheet = book["Items"]
        self.assertEqual(sheet.freeze_panes, "B2")
        titles = [cell.value for cell in sheet[1]]
        rows = [dict(zip(titles, row)) for row in sheet.iter_rows(min_row=2)]
        self.assertEqual([row["ID"].value for row in rows], ["task-0001", "task-0002", "task-0003"])
        self.assertEqual(rows[0]["Title"].value, "=1+1")
        self.assertEqual(rows[0]["Title"].data_type, "s")  # text, no formula
        self.assertEqual(rows[1]["Title"].data_type, "s")
        self.assertEqual(rows[2]["Note"].data_type, "s")
        self.assertEqual(str(rows[0]["Created"].value), "2024-05-01 10:00:00")
        self.assertTrue(rows[0]["Due"].is_date)
        self.assertEqual(rows[0]["Points"].value, 3)
        self.assertEqual(rows[0]["Link"].hyperlink.target, "https://example.com/a")
        self.assertEqual(rows[0]["Note"].value, "line 1\nline 2")
        self.assertEqual(rows[1]["Big"].value, "12345678901234567890")
        self.assertEqual(rows[2]["Title"].value, "\U0001f48c \ufffd")
        self.assertEqual("".join(row[4].value for row in book["Long texts"].iter_rows(min_row=2)), "x" * 50001)
        again = self.sync("--local", str(copy))
        self.assertEqual((again["created"], again["updated"], again["unchanged"]), (0, 0, 5))

    def test_what_is_gone_stands_on_a_sheet_of_its_own(self):
        copy = self.folder / "copy"
        self.sync("--local", str(copy))
        gone = self.records.pop(0)
        self.backup()
        self.assertEqual(self.sync("--local", str(copy))["updated"], 2)  # the tasks and the index
        rows = list(openpyxl.load_workbook(copy / "Singer/demo/Tasks.xlsx")["Deleted"].iter_rows(values_only=True))
        self.assertEqual(len(rows), 2)
        row = dict(zip(rows[0], rows[1]))
        self.assertEqual(row["ID"], gone["id"])
        self.assertEqual(row["To restore it"], "tasks/task-0001")
        snapshots = json.loads(self.run_it("list", "--json").stdout)
        self.assertEqual(snapshots[0]["id"][:8], row["In snapshot"])
        self.assertEqual(str(row["Vanished"])[:16], snapshots[1]["time"][:16].replace("T", " "))

    def test_drive_gets_the_same_tree_and_the_urls_are_kept(self):
        server = self.serve()
        plan = self.sync("--dry-run")
        self.assertEqual((plan["type"], plan["created"]), ("plan", 5))
        self.assertEqual(self.tree(server), {})
        self.sync()
        tree = self.tree(server)
        self.assertEqual(sorted(tree), ["probackup", "probackup/Singer", "probackup/Singer/demo",
                                        "probackup/Singer/demo/Index", "probackup/Singer/demo/Singer messages",
                                        "probackup/Singer/demo/Tasks"])
        self.assertEqual(tree["probackup/Singer"], FOLDER_TYPE)
        again = self.sync()
        self.assertEqual((again["requests"], again["created"], again["updated"]), (1, 0, 0))
        items = json.loads(self.run_it("list", "items", "--stream", "tasks", "--urls", "--json").stdout)
        self.assertEqual(len(items), 3)
        url = items[0]["drive_url"]
        self.assertTrue(url.startswith("https://drive.example/spreadsheets/d/"), url)
        self.assertIn(url, self.run_it("list", "items", "--urls").stdout)
        # Who loses the catalog makes nothing twice, and has the URLs again.
        shutil.rmtree(self.folder / "home")
        self.run_it("catalog", "rebuild")
        again = self.sync()
        self.assertEqual((again["created"], again["updated"]), (0, 0))
        self.assertEqual(sorted(self.tree(server)), sorted(tree))
        items = json.loads(self.run_it("list", "items", "--stream", "tasks", "--urls", "--json").stdout)
        self.assertEqual(items[0]["drive_url"], url)

    def test_a_suspicious_snapshot_is_not_copied_unless_it_is_named(self):
        copy = self.folder / "copy"
        self.records += [{"id": f"more-{i:04}"} for i in range(100)]
        self.backup()
        self.sync("--local", str(copy))
        del self.records[1:]
        path = self.folder / "tap.jsonl"
        path.write_text(tap(self.records))
        done = self.run_it("backup", "singer:demo", "--tap", str(path), "--json", code=3)
        newest = json.loads(done.stdout.splitlines()[-1])["snapshot"]
        done = self.run_it("sync-drive", "--local", str(copy), "--json")
        self.assertIn("suspicious", done.stderr)
        self.assertEqual(json.loads(done.stdout)["updated"], 0)
        self.assertEqual(self.sync("--local", str(copy), "--snapshot", newest)["updated"], 2)

    def test_every_request_is_one_that_google_describes(self):
        description = pathlib.Path(os.environ.get("PROBACKUP_SPECS", "")) / "google-drive.json"
        if not os.environ.get("PROBACKUP_SPECS") or not description.exists():
            self.skipTest("PROBACKUP_SPECS names no folder with google-drive.json")
        server = self.serve()
        self.sync()
        self.records[0]["name"] = "changed"
        del self.records[1]
        self.backup()
        self.sync("--snapshot", "latest")
        server.stdin.close()
        server.wait()
        seen, problems = check_requests(self.log, description)
        self.assertGreater(seen, 8)
        self.assertEqual(problems, [])

    def test_the_sign_in_of_auth_login_is_used(self):
        answers = {"/device/code": {"device_code": "d", "user_code": "ABCD", "verification_url": "https://x.example",
                                    "interval": 1},
                   "/token": {"access_token": "good-token", "expires_in": 3600, "refresh_token": "r"},
                   "/about": {"user": {"emailAddress": "me@tiny.example", "displayName": "Me"}}}

        class Google(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.dumps(answers[self.path.partition("?")[0]]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_POST = do_GET

            def log_message(self, *_):
                pass

        google = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Google)
        threading.Thread(target=google.serve_forever, daemon=True).start()
        self.addCleanup(google.server_close)
        self.addCleanup(google.shutdown)
        server = self.serve()
        self.run_it("auth", "login", "google", "--device", "--client-id", "c", PROBACKUP_GOOGLE_CLIENT_SECRET="s-of-c",
                    PROBACKUP_GOOGLE_TOKEN="", PROBACKUP_GOOGLE_BASE_URL=f"http://127.0.0.1:{google.server_port}")
        self.run_it("sync-drive", PROBACKUP_GOOGLE_TOKEN="")
        self.assertTrue(self.tree(server))
    def test_a_service_account_signs_in_and_a_revoked_one_is_told(self):
        server = self.serve()
        del self.environment["PROBACKUP_GOOGLE_TOKEN"]
        base = self.environment["PROBACKUP_GOOGLE_BASE_URL"]
        key = self.folder / "key.json"
        pem = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True, text=True).stdout
        key.write_text(json.dumps({"type": "service_account", "client_email": "backup@project.example",
                                   "private_key": pem, "token_uri": base + "/token"}))
        self.run_it("auth", "login", "google", "--service-account", str(key))
        self.assertEqual(self.sync()["created"], 5)
        self.assertEqual(self.sync()["requests"], 1)
        server.stdin.write("revoke\n")
        server.stdin.flush()
        done = self.run_it("sync-drive", code=1)
        self.assertIn("invalid_grant", done.stderr)
        self.assertIn("revoked", done.stderr)

    def test_wrong_usage_and_a_missing_sign_in_are_told(self):
        self.assertIn("nobody is signed in as google", self.run_it("sync-drive", code=2).stderr)
        self.run_it("sync-drive", "--local", str(self.folder / "x"), "--folder", "id", code=2)
        self.run_it("sync-drive", "--attachments", "some", code=2)
        self.serve()
        done = self.run_it("sync-drive", code=1, PROBACKUP_GOOGLE_TOKEN="ended-token")
        self.assertIn("does not accept PROBACKUP_GOOGLE_TOKEN", done.stderr)
        self.assertNotIn("ended-token", done.stderr)
        self.run_it("sync-drive", PROBACKUP_GOOGLE_TOKEN="", PROBACKUP_GOOGLE_TOKEN_COMMAND="echo good-token")


if __name__ == "__main__":
    unittest.main()
