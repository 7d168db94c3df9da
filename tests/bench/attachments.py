#!/usr/bin/env python3
"""Backs up attachments and prints the figures beside restic's over the same files.

  attachments.py PROBACKUP [--megabytes N] [--rounds N] [--place folder|s3] [--seed N] [--folder DIR]

Half of the bytes are random, half are text. probackup downloads them as it does from every app: by a
connector, from a web server on loopback that a process of this program runs. restic reads the files.
Each round writes to new repositories, in the other order than the one before; medians are printed.
"""
import argparse
import http.server
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

from measure import measured, median, open_place, print_ratio, print_table, size_of
from million_records import WORDS

CONNECTOR = {
    "connector": 1, "app": "files", "title": "Files", "version": "1.0", "docs": "https://files.example",
    "auth": {"kind": "none"}, "http": {"base": "http://127.0.0.1", "concurrency": 8},
    "check": {"get": "/me", "account": "${body.name}", "show": "${body.name}"},
    "streams": {"documents": {
        "get": "/documents", "id": "id", "name": "name",
        "files": [{"id": "${record.id}", "name": "${record.name}", "size": "${record.size}", "get": "/files/${record.name}"}],
    }},
}


def make_files(folder, megabytes, seed):
    """Files of 20 KB to 32 MB, most below 1 MB, as attachments are."""
    rng = random.Random(seed)
    words = [word.encode() + end for word in WORDS for end in (b" ", b"s ", b", ")][:256]
    folder.mkdir()
    documents, total = [], [0, 0]
    while sum(total) < megabytes * 1e6:
        size = int(min(32e6, max(20e3, rng.lognormvariate(13.5, 1.5))))
        kind = total.index(min(total))
        name = f"{len(documents):05}.{('bin', 'txt')[kind]}"
        if kind == 0:
            data = rng.randbytes(size)
        else:
            data = b"".join(map(words.__getitem__, rng.randbytes(size // 6)))[:size]
        (folder / name).write_bytes(data)
        total[kind] += len(data)
        documents.append({"id": len(documents), "name": name, "size": len(data)})
    return documents, sum(total)


def serve(folder, documents, pipe):
    """Runs in a process of its own: it sends files as a web server does, from the page cache."""

    class App(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path.startswith("/files/"):
                with open(folder / self.path[7:], "rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    self.head(size, "application/octet-stream")
                    at = 0
                    while at < size:
                        at += os.sendfile(self.connection.fileno(), file.fileno(), at, size - at)
                return
            body = json.dumps({"name": "bench"} if self.path == "/me" else documents).encode()
            self.head(len(body), "application/json")
            self.wfile.write(body)

        def head(self, size, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.flush()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    os.write(pipe, str(server.server_address[1]).encode())
    server.serve_forever()


class Server:
    def __init__(self, folder, documents):
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            serve(folder, documents, writing)
        self.port = int(os.read(reading, 20))

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        os.kill(self.pid, 15)
        os.waitpid(self.pid, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probackup")
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--place", choices=("folder", "s3"), default="folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default=None)
    given = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="probackup-bench-", dir=given.folder))
    documents, total = make_files(folder / "files", given.megabytes, given.seed)
    print(f"{len(documents)} files, {total / 1e6:.0f} MB, into {given.place}", flush=True)
    (folder / "connectors").mkdir()
    (folder / "connectors/files.json").write_text(json.dumps(CONNECTOR))
    server = Server(folder / "files", documents)
    environment = {"PROBACKUP_PASSWORD": "bench", "RESTIC_PASSWORD": "bench", "RESTIC_PROGRESS_FPS": "0.1",
                   "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder),
                   "PROBACKUP_FILES_BASE_URL": f"http://127.0.0.1:{server.port}"}
    rows, spent = {"probackup": [], "restic": []}, []

    def ours(place, env):
        name = place.repository("probackup")
        env = dict(env, PROBACKUP_CATALOG=str(folder / "catalog.sqlite"))
        pathlib.Path(env["PROBACKUP_CATALOG"]).unlink(missing_ok=True)
        base = [given.probackup, "-q", "-r", name]
        measured([*base, "init"], env)
        before = server.processor_seconds()
        rows["probackup"].append(measured([*base, "backup", "files:bench", "--connectors", folder / "connectors"], env, place))
        spent.append(server.processor_seconds() - before)
        if len(rows["probackup"]) == 1:
            subprocess.run(["restic", "-q", "-r", name, "check", "--read-data", "--no-cache"], check=True,
                           env=dict(os.environ, **env), stdout=subprocess.DEVNULL)

    def theirs(place, env):
        base = ["restic", "-q", "-r", place.repository("restic")]
        measured([*base, "init", "--repository-version", "2"], env)
        rows["restic"].append(measured([*base, "backup", folder / "files"], env, place))

    try:
        for number in range(given.rounds):
            for run in ((ours, theirs) if number % 2 == 0 else (theirs, ours)):
                place = open_place(given.place, folder)
                try:
                    run(place, dict(environment, **place.environment))
                    if given.place == "folder":
                        print(f"{run.__name__}: {size_of(place.path) / 1e6:.0f} MB stored", flush=True)
                finally:
                    place.close()
        for name, runs in rows.items():
            print(name, "MB/s:", *(f"{total / 1e6 / run.wall:.0f}" for run in runs))
        print_table([("attachments", name, median(runs)) for name, runs in rows.items()])
        print_ratio("attachments", median(rows["probackup"]), median(rows["restic"]))
        print(f"the web server spent {max(spent):.1f} s of processor time on each of probackup's runs")
    finally:
        server.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
