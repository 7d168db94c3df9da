#!/usr/bin/env python3
"""Times a first and an unchanged sync-drive beside `rclone copy` of the same spreadsheets to the same Drive test server.

  rclone_drive.py PROBACKUP DRIVE_SERVE [--sheets N] [--rows N] [--seed N]

rclone speaks to www.googleapis.com alone. So the program goes into a network of its own, where that name is this
machine and nghttpx (Debian: nghttp2-proxy) answers with a certificate of the program's own, for both of them.
rclone, which nobody here wrote, also judges the server: what it copied has to be the same when it checks it, and
what sync-drive copied has to be there when it lists it. Needs root, rclone, nghttpx and iproute2.
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

from measure import measured

NAMES = ("www.googleapis.com", "oauth2.googleapis.com")


def into_own_network():
    missing = [tool for tool in ("rclone", "nghttpx", "ip", "unshare", "openssl") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        sys.exit("SKIP: " + (f"{', '.join(missing)} not installed" if missing else "this needs root"))
    if "PROBACKUP_BENCH_NETWORK" not in os.environ:
        os.environ["PROBACKUP_BENCH_NETWORK"] = "own"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def write_tap(path, sheets, rows, seed):
    """A stream for each sheet."""
    rng = random.Random(seed)
    with open(path, "w") as out:
        for sheet in range(sheets):
            stream = f"board_{sheet:03}"
            print(json.dumps({"type": "SCHEMA", "stream": stream, "schema": {}, "key_properties": ["id"]}), file=out)
            for row in range(rows):
                record = {"id": f"{sheet}-{row}", "name": f"Card {row}", "text": "%0200x" % rng.getrandbits(800),
                          "points": rng.randint(1, 9), "done": rng.random() < 0.5, "created_at": "2024-05-01T10:00:00Z"}
                print(json.dumps({"type": "RECORD", "stream": stream, "record": record}), file=out)


class Drive:
    """The test server behind TLS."""

    def __init__(self, program, folder):
        self.log = folder / "requests.jsonl"
        self.server = subprocess.Popen([program, self.log], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = self.server.stdout.readline().rsplit(":", 1)[1].strip()
        self.front = subprocess.Popen(["nghttpx", "--frontend=127.0.0.1,443", f"--backend=127.0.0.1,{port}", "--workers=1",
                                       "--errorlog-file=/dev/null", "--accesslog-file=/dev/null", "--conf=/dev/null",
                                       folder / "key.pem", folder / "cert.pem"],
                                      stderr=subprocess.DEVNULL)
        while subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:443"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            time.sleep(0.05)

    def files(self):
        self.server.stdin.write("tree\n")
        self.server.stdin.flush()
        rows = []
        while line := self.server.stdout.readline().strip():
            rows.append(line.split("\t"))
        return [(path, int(size)) for path, kind, size in rows if not kind.endswith(".folder")]

    def close(self):
        """How many requests it got."""
        self.front.terminate()
        self.front.wait()
        self.server.stdin.close()
        self.server.wait()
        return sum(1 for _ in open(self.log))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("probackup", type=os.path.abspath)
    parser.add_argument("drive_serve", type=os.path.abspath)
    parser.add_argument("--sheets", type=int, default=200)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    into_own_network()
    with tempfile.TemporaryDirectory(prefix="probackup-rclone-") as name:
        compare(given, pathlib.Path(name))


def compare(given, folder):
    hosts = folder / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *NAMES)))
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={NAMES[0]}", "-addext", "subjectAltName=" + ",".join("DNS:" + name for name in NAMES),
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
    write_tap(folder / "tap.jsonl", given.sheets, given.rows, given.seed)
    ours = {"HOME": str(folder), "PROBACKUP_REPOSITORY": str(folder / "repository"), "PROBACKUP_PASSWORD": "secret",
            "PROBACKUP_GOOGLE_TOKEN": "good-token"}
    token = json.dumps({"access_token": "good-token", "token_type": "Bearer", "expiry": "2099-01-01T00:00:00Z"})
    theirs = {"HOME": str(folder), "SSL_CERT_FILE": str(folder / "cert.pem"), "RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_D_TYPE": "drive",
              "RCLONE_CONFIG_D_SCOPE": "drive", "RCLONE_CONFIG_D_TOKEN": token}
    probackup = [given.probackup, "--cacert", folder / "cert.pem"]
    measured([given.probackup, "init"], ours)
    measured([given.probackup, "backup", "singer:bench", "--tap", folder / "tap.jsonl"], ours)
    measured([given.probackup, "sync-drive", "--local", folder / "copy"], ours)

    rows = []

    def step(what, command, environment):
        got = measured(command, environment)
        rows.append((what, got))
        return got

    drive = Drive(given.drive_serve, folder)
    first = step("sync-drive, first", [*probackup, "sync-drive"], ours)
    step("sync-drive, unchanged", [*probackup, "sync-drive"], ours)
    made = drive.files()
    listed = subprocess.run(["rclone", "lsf", "-R", "--files-only", "D:"], env=dict(os.environ, **theirs), check=True, text=True,
                            stdout=subprocess.PIPE).stdout.splitlines()
    our_requests = drive.close()
    if len(listed) != len(made) or len(made) < given.sheets:
        sys.exit(f"sync-drive made {len(made)} files, and rclone sees {len(listed)}")

    for what, flags in (("rclone copy", []), ("rclone copy, no pause", ["--drive-pacer-min-sleep=0"])):
        drive = Drive(given.drive_serve, folder)
        peer = step(what, ["rclone", "copy", *flags, "--include=*.xlsx", folder / "copy", "D:copy"], theirs)
        subprocess.run(["rclone", "check", "--include=*.xlsx", folder / "copy", "D:copy"],
                       env=dict(os.environ, **theirs), check=True, stderr=subprocess.DEVNULL)
        copied = drive.files()
        print(f"{what}: {len(copied)} files, {drive.close()} requests with the check's; {peer.wall / first.wall:.2f} times sync-drive's time")
    print(f"sync-drive: {len(made)} files by both runs' and the listing's {our_requests} requests")
    for what, got in rows:
        print(f"{what:<24} {got.wall:7.2f} s {got.cpu:7.2f} s of processor time {got.peak:6.0f} MiB")


if __name__ == "__main__":
    main()
