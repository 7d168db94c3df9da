#!/usr/bin/env python3
"""Backs up into real S3 servers, looks at the result with probackup and with restic.

usage: stores_test.py PROBACKUP radosgw|swift
Skipped (exit code 77) where the server is not installed: tests/s3/NAME.sh install.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from s3_request import s3_request

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = {"radosgw": ["radosgw", "ceph-mon", "ceph-osd", "radosgw-admin"],
            "swift": ["swift-proxy-server", "swift-object-server", "memcached", "openssl"]}
RECORDS = 4000


class Store:
    """A running server, ended with the block."""

    def __init__(self, name, folder):
        self.script = str(HERE / f"{name}.sh")
        self.folder = str(folder)

    def __enter__(self):
        out = subprocess.run(["sh", self.script, "start", self.folder], check=True, text=True,
                             stdout=subprocess.PIPE, timeout=400).stdout
        for line in out.splitlines():
            key, _, value = line.partition("=")
            setattr(self, key.lower(), value)
        return self

    def __exit__(self, *_):
        subprocess.run(["sh", self.script, "stop", self.folder], timeout=100)


class BreakingProxy:
    """Passes a TCP connection on and changes one byte in some of the larger pieces on the way up."""

    def __init__(self, url, damages):
        parts = urllib.parse.urlsplit(url)
        self.target = (parts.hostname, parts.port)
        self.left = damages
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{parts.scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            for source, sink, up in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=(source, sink, up), daemon=True).start()

    def pump(self, source, sink, up):
        try:
            while data := source.recv(1 << 16):
                with self.lock:
                    if up and self.left and len(data) > 20000:
                        self.left -= 1
                        middle = len(data) - 100
                        data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            sink.close()


class Test:
    def __init__(self, program, store, folder, restic):
        self.program, self.store, self.folder, self.restic = program, store, folder, restic
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PROBACKUP_PASSWORD": "a test password",
            "RESTIC_PASSWORD": "a test password", "AWS_ACCESS_KEY_ID": store.key,
            "AWS_SECRET_ACCESS_KEY": store.secret, "AWS_EC2_METADATA_DISABLED": "true",
            "XDG_CACHE_HOME": str(folder / "cache")}
        self.ca = ["--cacert", store.ca] if hasattr(store, "ca") else []
        self.random = random.Random(7)
        self.rows = {n: self.row(n) for n in range(RECORDS)}

    def row(self, number):
        return {"id": number, "text": "%0600x" % self.random.getrandbits(2400)}

    def run(self, repository, *arguments, code=0, environment=None):
        done = subprocess.run([self.program, "-r", repository, *self.ca, *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                              env=self.environment | (environment or {}))
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def run_restic(self, repository, *arguments):
        return subprocess.run([self.restic, "-q", "-r", repository, *self.ca, *arguments], check=True,
                              stdout=subprocess.PIPE, timeout=300, env=self.environment).stdout

    def backup(self, repository, *arguments):
        tap = self.folder / "tap.jsonl"
        with tap.open("w") as out:
            print(json.dumps({"type": "SCHEMA", "stream": "rows", "key_properties": ["id"],
                              "schema": {"properties": {"id": {"type": "integer"}}}}), file=out)
            for row in self.rows.values():
                print(json.dumps({"type": "RECORD", "stream": "rows", "record": row}), file=out)
        lines = self.run(repository, "backup", "singer:test", "--tap", str(tap), "--json", *arguments)
        return [json.loads(line) for line in lines.splitlines()]

    def records(self, text):
        rows = [json.loads(line) for line in text.splitlines()]
        return {row["id"]: row for row in rows}

    def whole_way(self):
        repository = f"s3:{self.store.url}/new-bucket/deep/prefix"
        missing = self.run(repository, "list", code=10)
        assert "no bucket new-bucket" in missing, missing
        self.run(repository, "init")
        first = self.backup(repository)[-1]
        assert first["streams"][0]["added"] == RECORDS, first
        for number in range(0, RECORDS, 400):
            self.rows[number] = self.row(number)
        second = self.backup(repository)[-1]
        assert second["changed"] == RECORDS // 400, second
        assert second["bytes_stored"] < first["bytes_stored"] / 3, (first, second)
        self.run(repository, "check", "--read-data")
        assert len(json.loads(self.run(repository, "list", "--json"))) == 2
        target = self.folder / "restored"
        self.run(repository, "restore", "latest:singer:test", "--target", str(target), "--format",
                 "jsonl")
        restored = "".join(p.read_text() for p in sorted(target.rglob("rows*.jsonl")))
        assert self.records(restored) == self.rows
        self.judge(repository)
        return repository

    def judge(self, repository):
        if not self.restic:
            print("SKIP: restic is not installed")
            return
        self.run_restic(repository, "check", "--read-data")
        names = self.run_restic(repository, "ls", "latest").decode().splitlines()
        files = [n for n in names if "/streams/rows/" in n and n.endswith(".jsonl")
                 and "index" not in n]
        assert files, names
        dumped = b"".join(self.run_restic(repository, "dump", "--path", "/singer/test", "latest", name)
                          for name in files)
        assert self.records(dumped.decode()) == self.rows

    def care(self, repository):
        """forget and prune, a second copy in a folder and back; restic agrees with each."""
        before = json.loads(self.run(repository, "list", "--json"))
        self.run(repository, "forget", "--keep-last", "1")
        pruned = json.loads(self.run(repository, "prune", "--max-unused", "0", "--json"))
        assert pruned["bytes_freed"] > 0 and pruned["packs_locked"] == 0, pruned
        self.run(repository, "check", "--read-data")
        assert [s["id"] for s in json.loads(self.run(repository, "list", "--json"))] == [before[-1]["id"]]
        self.judge(repository)
        second = str(self.folder / "second")
        other = {"PROBACKUP_TO_PASSWORD": "another"}
        self.run(second, "init", environment={"PROBACKUP_PASSWORD": "another"})
        first = json.loads(self.run(repository, "copy", "--to", second, "--json", environment=other))
        again = json.loads(self.run(repository, "copy", "--to", second, "--json", environment=other))
        assert first["snapshots"] == 1 and first["blobs"] > 0, first
        assert again == {"snapshots": 0, "already_there": 1, "blobs": 0, "bytes": 0}, again
        self.run(second, "check", "--read-data", environment={"PROBACKUP_PASSWORD": "another"})

    def two_machines(self, repository):
        """Two at once, each with a catalog and a cache of its own; then a prune of what both left."""
        tap = self.folder / "tap.jsonl"
        running = []
        for name in ("one", "two"):
            environment = self.environment | {"XDG_DATA_HOME": str(self.folder / name),
                                              "XDG_CACHE_HOME": str(self.folder / name)}
            running.append(subprocess.Popen(
                [self.program, "-r", repository, *self.ca, "backup", f"singer:{name}", "--tap", str(tap)],
                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        for process in running:
            said = process.communicate(timeout=300)[1]
            assert process.returncode == 0, said
        self.run(repository, "prune")
        self.run(repository, "check", "--read-data")
        apps = [s["account"] for s in json.loads(self.run(repository, "list", "--json"))]
        assert {"one", "two"} <= set(apps), apps

    def cache(self, repository):
        """What is listed twice is fetched once, also when the cache vanishes between."""
        folder = self.folder / "cache/probackup/objects"
        self.run(repository, "list")
        copies = sorted(p.name for p in folder.rglob("*") if p.is_file())
        assert any(len(name) == 64 for name in copies), copies
        shutil.rmtree(folder)
        show = ["show", "latest:singer:test", "rows", "7"]
        shown = self.run(repository, *show)
        assert json.loads(shown) == self.rows[7], shown
        shutil.rmtree(folder)
        self.run(repository, "--no-cache", *show)
        assert not folder.exists()
        assert self.run(repository, "-o", "cache.size=1K", *show) == shown

    def wrong_region(self, repository):
        """This server names its own region, which is then used."""
        assert self.run(repository, "-o", "s3.region=eu-west-7", "list") == self.run(repository, "list")

    def append_only(self):
        """A key that may remove nothing but locks is enough for backups, and for no more."""
        repository = f"s3:{self.store.url}/append-bucket/r"
        self.run(repository, "init")
        admin = ["radosgw-admin", "-c", f"{self.store.folder}/ceph.conf", "-n", "client.rgw.a"]
        subprocess.run([*admin, "user", "create", "--uid=append", "--display-name=append", "--access-key=appendkey",
                        "--secret-key=appendsecret"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bucket, user = "arn:aws:s3:::append-bucket", {"AWS": ["arn:aws:iam:::user/append"]}
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": user, "Action": ["s3:ListBucket"], "Resource": bucket},
            {"Effect": "Allow", "Principal": user, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{bucket}/r/*"},
            {"Effect": "Allow", "Principal": user, "Action": ["s3:DeleteObject"], "Resource": f"{bucket}/r/locks/*"}]}
        status, said = s3_request(self.store.url, self.store.key, self.store.secret, "PUT", "/append-bucket", "policy=",
                                  json.dumps(policy).encode())
        assert status in (200, 204), (status, said)
        weak = {"AWS_ACCESS_KEY_ID": "appendkey", "AWS_SECRET_ACCESS_KEY": "appendsecret"}
        tap = ["backup", "singer:test", "--tap", str(self.folder / "tap.jsonl")]
        self.run(repository, *tap, environment=weak)
        self.run(repository, *tap, environment=weak)
        assert json.loads(self.run(repository, "unlock", "--all", "--json")) == {"removed": 0}
        for command in (["forget", "--keep-last", "1"], ["init"]):
            where = repository if command[0] == "forget" else repository[:-1] + "other"
            message = self.run(where, *command, code=1, environment=weak)
            assert "the access key appendkey (from the environment) may not do" in message, message
        # What another account uploads is that account's own.
        assert len(json.loads(self.run(repository, "list", "--json", environment=weak))) == 2
        self.run(repository, "check", "--read-data", environment=weak)

    def interrupted(self):
        """Ctrl-C ends a backup in time, keeps what it read, and leaves no lock."""
        repository = f"s3:{self.store.url}/new-bucket/interrupted"
        self.run(repository, "init")
        reading, writing = os.pipe()
        process = subprocess.Popen([self.program, "-r", repository, *self.ca, "backup", "singer:test", "--tap", "-"],
                                   env=self.environment, stdin=reading, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        os.close(reading)
        with os.fdopen(writing, "wb") as tap:
            tap.write((self.folder / "tap.jsonl").read_bytes())
            tap.flush()  # the pipe stays open: the run waits for more
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)[1]
        assert process.returncode == 130, (process.returncode, said)
        assert json.loads(self.run(repository, "unlock", "--all", "--json")) == {"removed": 0}
        self.backup(repository)
        self.run(repository, "check", "--read-data")

    def something_else(self):
        """A prefix that holds other things is no place for a repository."""
        message = self.run(f"s3:{self.store.url}/new-bucket", "init", code=1)
        assert "holds something else: " in message, message
        self.run(f"s3:{self.store.url}/new-bucket/deep/prefix/data", "list", code=10)

    def wrong_keys(self, repository):
        message = self.run(repository, "list", code=1,
                           environment={"AWS_SECRET_ACCESS_KEY": "wrong-wrong"})
        assert "secret key does not fit" in message and "wrong-wrong" not in message, message
        message = self.run(repository, "list", code=1, environment={"AWS_ACCESS_KEY_ID": "nobody"})
        assert "access key nobody" in message, message

    def damage_on_the_way(self):
        proxy = BreakingProxy(self.store.url, damages=3)
        repository = f"s3:{proxy.url}/new-bucket/damaged"
        self.run(repository, "init")
        self.backup(repository)
        assert proxy.left == 0, proxy.left
        self.run(repository, "check", "--read-data")

    def object_lock(self):
        repository = f"s3:{self.store.url}/locked-bucket"
        days = ["--object-lock", "governance", "--retain-days"]
        self.run(repository, "init", *days, "1")
        lock = self.backup(repository, *days, "1")[-1]
        assert lock["type"] == "object_lock" and lock["objects"] >= 5, lock
        longer = self.backup(repository, *days, "2")[-1]
        assert longer["extended"] >= 4 and longer["until"] > lock["until"], (lock, longer)
        again = self.backup(repository, *days, "1")[-1]
        assert again["extended"] == 0, again
        self.run(repository, "check", "--read-data")
        # From the settings; what is locked is left alone by forget and prune, which say until when.
        settings = self.folder / "settings.toml"
        settings.write_text(f'repository = "{repository}"\nobject_lock = "governance"\nretain_days = 3\n')
        lock = self.backup(repository, "--config", str(settings))[-1]
        assert lock["mode"] == "governance" and lock["until"] > longer["until"], lock
        kept = json.loads(self.run(repository, "forget", "--keep-last", "1", "--json"))
        reasons = [reason for s in kept["sources"][0]["keep"] for reason in s["reasons"]]
        assert kept["removed"] == 0 and sum("locked (governance) until" in r for r in reasons) == 3, kept
        first = json.loads(self.run(repository, "list", "--json"))[0]["id"]
        message = self.run(repository, "forget", first, code=1)
        assert "locked (governance) until" in message, message
        # An interrupted run leaves packs that nothing needs.
        self.rows = {n: self.row(n) for n in range(RECORDS)}
        plain = self.backup(repository)[-1]["snapshot"]
        self.run(repository, "forget", plain)
        pruned = json.loads(self.run(repository, "prune", "--max-unused", "0", "--json"))
        assert pruned["packs_removed"] > 0 and pruned["packs_locked"] == 0, pruned
        self.run(repository, "check", "--read-data")
        if self.restic:
            self.run_restic(repository, "check", "--read-data")
        # A second copy is locked as its own command says, again when nothing is new.
        second = f"s3:{self.store.url}/locked-bucket/second"
        self.run(second, "init")
        copy = ["copy", "--to", second, "--json"]
        target = {"PROBACKUP_TO_PASSWORD": self.environment["PROBACKUP_PASSWORD"]}
        unlocked = json.loads(self.run(repository, "--config", str(settings), *copy, environment=target))
        assert "object_lock" not in unlocked and unlocked["snapshots"] == 4, unlocked
        lock = json.loads(self.run(repository, *copy, *days, "2", environment=target))["object_lock"]
        assert lock["extended"] == lock["objects"] >= 6, lock
        first = json.loads(self.run(second, "list", "--json"))[0]["id"]
        message = self.run(second, "forget", first, code=1)
        assert "locked (governance) until" in message, message
        # A bucket that was made without it.
        plain = f"s3:{self.store.url}/new-bucket/unlocked"
        self.run(plain, "init")
        self.backup(plain)
        message = self.run(plain, "backup", "singer:test", "--tap", str(self.folder / "tap.jsonl"),
                           *days, "1", code=1)
        assert "new-bucket has no object lock" in message, message


def main():
    program, name = sys.argv[1], sys.argv[2]
    missing = [p for p in PROGRAMS[name] if not shutil.which(p)]
    if missing:
        print(f"SKIP: {name} is not installed ({', '.join(missing)}); sh tests/s3/{name}.sh install")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with Store(name, folder / "store") as store:
            test = Test(program, store, folder, shutil.which("restic"))
            repository = test.whole_way()
            test.care(repository)
            test.cache(repository)
            test.two_machines(repository)
            test.interrupted()
            test.something_else()
            test.wrong_keys(repository)
            test.wrong_region(repository)
            if name == "radosgw":
                test.damage_on_the_way()
                test.append_only()
                test.object_lock()
    print(f"{name}: all passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
