"""The git repositories of a described app, served over HTTP by git's own program for that (git-http-backend)."""

import os
import pathlib
import shutil
import subprocess
import tempfile

BACKEND = pathlib.Path(subprocess.run(["git", "--exec-path"], stdout=subprocess.PIPE, text=True).stdout.strip()) / "git-http-backend"
PREFIX = "/probackup-test-git/"
WHO = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
       "GIT_AUTHOR_DATE": "2024-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2024-01-02T03:04:05Z", "GIT_CONFIG_NOSYSTEM": "1"}


class GitSide:
    def __init__(self, authorization):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="probackup-git-"))
        self.authorization = authorization
        self.pushes = 0

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def git(self, *arguments, folder=None, stdin=None):
        return subprocess.run(["git", *arguments], cwd=folder, input=stdin, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.root), **WHO}).stdout.strip()

    def make(self, name, branch="main"):
        folder = self.root / f"{name}.git"
        self.git("init", "-q", "--bare", "-b", branch, str(folder))
        self.git("config", "http.receivepack", "true", folder=folder)
        return folder

    def fill(self, name, branch, texts):
        """A repository with a commit for each text, a second branch and a tag."""
        folder = self.make(name, branch)
        parent = []
        for text in texts:
            blob = self.git("hash-object", "-w", "--stdin", folder=folder, stdin=text.encode()).decode()
            tree = self.git("mktree", folder=folder, stdin=f"100644 blob {blob}\tREADME.md\n".encode()).decode()
            parent = [self.git("commit-tree", tree, "-m", text, *[p for c in parent for p in ("-p", c)], folder=folder).decode()]
        for reference in (f"refs/heads/{branch}", "refs/heads/topic/ü", "refs/tags/v1"):
            self.git("update-ref", reference, parent[0], folder=folder)

    def refs(self):
        """Repository to what it holds."""
        found = {}
        for folder in self.root.glob("**/*.git"):
            told = self.git("for-each-ref", "--format=%(refname) %(objectname)", folder=folder).decode()
            if told:
                found[str(folder.relative_to(self.root))] = told
        return found

    def remove(self, name):
        for end in (".git", ".wiki.git"):
            shutil.rmtree(self.root / f"{name}{end}", ignore_errors=True)

    def answer(self, method, path, query, headers, raw):
        """Status, headers and body."""
        if headers.get("authorization") != self.authorization:
            return 401, {"WWW-Authenticate": 'Basic realm="git"'}, b""
        if path.endswith("/git-receive-pack"):
            self.pushes += 1
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1",
                       "PATH_INFO": "/" + path[len(PREFIX):], "QUERY_STRING": query, "REQUEST_METHOD": method, "REMOTE_USER": "me",
                       "CONTENT_TYPE": headers.get("content-type", ""), "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
                       "GIT_PROTOCOL": headers.get("git-protocol", ""), "CONTENT_LENGTH": str(len(raw or b""))}
        out = subprocess.run([str(BACKEND)], env=environment, input=raw or b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        told = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(told.pop("Status", "200").split()[0])
        return status, told, body
