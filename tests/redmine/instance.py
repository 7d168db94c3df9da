"""A real Redmine on loopback, run by redmine.sh."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = str(HERE / "redmine.sh")


def installed():
    return shutil.which("ruby") and pathlib.Path("/usr/share/redmine/config.ru").exists()


def output(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Instance:
    """Started at once; to be stopped by its user. `folder` is made where it is missing."""

    def __init__(self, folder):
        self.folder = str(folder)
        said = output("sh", SCRIPT, "start", self.folder, str(free_port()))
        facts = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        self.url, self.key = facts["URL"], facts["KEY"]
        self.environment = dict(os.environ, REDMINE_KEY=self.key)

    def run_ruby(self, name):
        output("sh", SCRIPT, "run", self.folder, str(HERE / name))

    def fill(self, *arguments):
        try:
            return output(sys.executable, str(HERE / "fill.py"), self.url, *arguments, env=self.environment)
        except subprocess.CalledProcessError:
            for log in sorted(pathlib.Path(self.folder).glob("**/*.log")):
                print(f"end of {log.name}:", *log.read_text(errors="replace").splitlines()[-40:], sep="\n  ")
            raise

    def stop(self):
        subprocess.run(["sh", SCRIPT, "stop", self.folder], check=False)
