"""What the programs beside this one share: measuring a process, a place for repositories, ratios."""
import collections
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

RADOSGW = pathlib.Path(__file__).resolve().parent.parent / "s3" / "radosgw.sh"
# A request in the gateway's log: method, what for, status, bytes of the body that came or went.
REQUEST = re.compile(r'beast: .*"(\S+) (\S+) HTTP/1\.1" (\d+) (\d+) ')

# wall and cpu in seconds, peak in MiB; of a bucket also requests and bytes up and down.
Figures = collections.namedtuple("Figures", "wall cpu peak requests up down")


class Peak:
    """The most memory that a process held, in MiB. (What wait4 tells counts the parent's before exec, too.)"""

    def __init__(self, pid):
        self.mebibytes = 0
        self.status = pathlib.Path(f"/proc/{pid}/status")
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        try:
            while found := re.search(r"VmHWM:\s+(\d+)", self.status.read_text()):
                self.mebibytes = int(found[1]) / 1024
                time.sleep(0.01)
        except OSError:
            pass  # it has ended

    def get(self):
        self.thread.join()
        return self.mebibytes


def measured(command, environment, place=None, stdout=subprocess.DEVNULL):
    """Runs a program to its end. Code 3 of probackup (gaps) is no success here."""
    if place:
        place.traffic()
    started = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], env=dict(os.environ, **environment), stdout=stdout)
    peak = Peak(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    traffic = place.traffic() if place else (0, 0, 0)
    return Figures(wall, usage.ru_utime + usage.ru_stime, peak.get(), *traffic)


def size_of(folder):
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())


class Folder:
    """Repositories in folders."""
    name = "folder"

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.environment = {}

    def repository(self, name):
        return str(self.path / name)

    def traffic(self):
        return 0, 0, 0

    def forget(self, name):
        shutil.rmtree(self.path / name, ignore_errors=True)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Bucket:
    """Repositories in a bucket of Ceph's S3 gateway on this machine, whose objects lie in memory."""
    name = "S3"

    def __init__(self, path):
        self.path = pathlib.Path(path)
        out = subprocess.run(["sh", RADOSGW, "start", self.path], check=True, text=True, stdout=subprocess.PIPE).stdout
        given = dict(line.split("=", 1) for line in out.splitlines())
        self.url = given["URL"]
        self.environment = {"AWS_ACCESS_KEY_ID": given["KEY"], "AWS_SECRET_ACCESS_KEY": given["SECRET"],
                            "AWS_EC2_METADATA_DISABLED": "true"}
        self.log = open(self.path / "log/client.rgw.a.log")

    def repository(self, name):
        return f"s3:{self.url}/bench/{name}"

    def traffic(self):
        """Requests, bytes up and bytes down since the last call, as the gateway wrote them down."""
        time.sleep(1)  # its log is written behind
        requests = up = down = 0
        for line in self.log:
            found = REQUEST.search(line)
            if not found:
                continue
            requests += 1
            if found[1] in ("PUT", "POST"):
                up += int(found[4])
            else:
                down += int(found[4])
        return requests, up, down

    def forget(self, name):
        """Nothing: the whole server goes with close()."""

    def close(self):
        self.log.close()
        subprocess.run(["sh", RADOSGW, "stop", self.path], check=True)
        shutil.rmtree(self.path, ignore_errors=True)


def open_place(kind, folder):
    return Bucket(pathlib.Path(folder) / "radosgw") if kind == "s3" else Folder(pathlib.Path(folder) / "places")


def median(rows):
    return Figures(*(statistics.median(row[i] for row in rows) for i in range(len(Figures._fields))))


def print_table(rows):
    """Rows of (step, program, Figures)."""
    print(f"{'step':<18} {'program':<10} {'wall s':>8} {'cpu s':>8} {'peak MiB':>9} {'requests':>9} {'MB up':>9} {'MB down':>9}")
    for step, program, got in rows:
        print(f"{step:<18} {program:<10} {got.wall:8.3f} {got.cpu:8.2f} {got.peak:9.0f} {got.requests:9.0f} "
              f"{got.up / 1e6:9.2f} {got.down / 1e6:9.2f}")


def print_ratio(step, ours, theirs):
    text = (f"{step}: {theirs.wall / ours.wall:.2f} times as fast as restic, {ours.cpu / theirs.cpu:.2f} of its "
            f"processor time, {ours.peak / theirs.peak:.2f} of its memory")
    for name in ("requests", "up", "down"):
        if getattr(theirs, name) > 0:
            text += f", {getattr(ours, name) / getattr(theirs, name):.2f} of its {name}"
    print(text)
