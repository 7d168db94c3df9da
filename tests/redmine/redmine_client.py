"""A few lines around Redmine's REST API, on the standard library alone."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

PAGE = 100  # Redmine gives no more at once


class Refused(Exception):
    def __init__(self, method, path, status, body):
        super().__init__(f"{method} {path}: {status} {body[:300]!r}")
        self.status = status


class Redmine:
    """The key comes from the environment (REDMINE_KEY): an argument would show in the process list."""

    def __init__(self, url, key=None):
        self.url = url.rstrip("/")
        self.key = key or os.environ["REDMINE_KEY"]
        self.requests = 0

    def send(self, method, path, body=None, kind="application/json", login=None):
        """The answer's bytes. `login` writes in that user's name, which only an administrator may."""
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body, method=method)
        request.add_header("X-Redmine-API-Key", self.key)
        if body is not None:
            request.add_header("Content-Type", kind)
        if login:
            request.add_header("X-Redmine-Switch-User", login)
        self.requests += 1
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(method, path, error.code, error.read()) from None

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return json.loads(self.send("GET", path))

    def post(self, path, data, login=None):
        body = self.send("POST", path, json.dumps(data).encode(), login=login)
        return json.loads(body) if body.strip() else {}

    def put(self, path, data=None, login=None):
        self.send("PUT", path, json.dumps(data or {}).encode(), login=login)

    def delete(self, path):
        self.send("DELETE", path)

    def upload(self, name, content):
        """The token under which an attachment can then be named."""
        path = "/uploads.json?" + urllib.parse.urlencode({"filename": name})
        answer = self.send("POST", path, content, "application/octet-stream")
        return json.loads(answer)["upload"]["token"]

    def list(self, path, name, **query):
        """All records of a listing, page after page. Listings without a total are one page."""
        records = []
        while True:
            page = self.get(path, **query, offset=len(records), limit=PAGE)
            records += page[name]
            if len(records) >= page.get("total_count", 0) or not page[name]:
                return records
