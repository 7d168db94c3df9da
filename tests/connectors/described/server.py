"""An HTTP server on loopback that plays an app as its API description tells.

Every request is checked against the description; what it does not know is refused with 400 and noted in
`problems`. Records come from the account, in pages as the account's table says that the vendor turns them.
"""

import base64
import json
import random
import socket
import sys
import threading
import traceback
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from account import get, put, shape
from feed import feed_of
from git_side import PREFIX, GitSide
from writes import Refused, Writer, parts_of

FILES = "/probackup-test-files/"


class AppServer:
    def __init__(self, account, table, description):
        self.account = account
        self.table = table
        self.description = description
        self.problems = []
        self.requests = 0
        self.checked = 0
        self.listings = {}
        self.pages = {}
        self.volatile = 0
        self.faults = None
        self.faults_sent = 0
        self.faults_most = 6
        self.writer = Writer(self, table.get("writes", {}))
        self.feed = feed_of(account, table.get("feed", {}))
        self.writes = 0
        self.kill = None
        self.lock = threading.Lock()
        self.git = GitSide(table["git"]["authorization"]) if "git" in table else None
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                server.handle(self, "GET", None)

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                server.handle(self, self.command, self.rfile.read(length))

            do_PUT = do_PATCH = do_DELETE = do_POST

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A client that was killed is no error of the server."""
                if not isinstance(sys.exc_info()[1], OSError):
                    super().handle_error(*_)

        self.http = Server(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        if self.git:
            self.git.close()

    def fill_git(self):
        """Git data for all repositories of the account, wikis where they have one."""
        told = self.table["git"]
        for node in self.account.kinds[told["kind"]].nodes:
            name, branch = node.look(told["name"]), node.look(told["branch"])
            self.git.fill(name, branch, [f"first of {name}", "second Größe"])
            if node.look(told["wiki"]):
                self.git.fill(name + ".wiki", branch, [f"page of {name}"])

    def start_faults(self, seed):
        self.faults = random.Random(seed)
        self.faults_sent = 0

    # --- one request

    def handle_git(self, request, method, raw):
        target = urllib.parse.urlsplit(request.path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("transfer-encoding") == "chunked":
            raw = b""
            while size := int(request.rfile.readline().strip() or b"0", 16):
                raw += request.rfile.read(size)
                request.rfile.readline()
            request.rfile.readline()
        status, headers, body = self.git.answer(method, target.path, target.query, headers, raw)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def handle(self, request, method, raw):
        if self.git and request.path.startswith(PREFIX):
            return self.handle_git(request, method, raw)
        with self.lock:
            self.requests += 1
            fault = self.fault()
            if fault == "limit":  # what is refused so is not done
                limit = self.table["limit"]
                status, headers, body = limit.get("status", 429), limit.get("headers", {}), json.dumps(limit.get("body", {})).encode()
            else:
                try:
                    status, headers, body = self.answer(request, method, raw)
                except Exception:  # a mistake in the table or here must not pass for a broken answer
                    status, headers, body = self.refuse(500, traceback.format_exc(limit=-3), f"{method} {request.path}")
            if self.kill and self.writes >= self.kill[0]:
                self.kill[1]()
                self.kill = None
        if fault == "broken":
            status, headers, body = 500, {}, b"<html>Internal Server Error</html>"
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if "Content-Type" not in headers:
            request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if fault == "cut":
            request.wfile.write(body[: len(body) // 2])
            request.wfile.flush()
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_WR)
        else:
            request.wfile.write(body)

    def fault(self):
        if self.faults is None or self.faults_sent >= self.faults_most or self.faults.random() > 0.15:
            return None
        self.faults_sent += 1
        # One refusal is enough: each halves the pace of the run.
        return "limit" if self.faults_sent == 1 and "limit" in self.table else self.faults.choice(["broken", "cut"])

    def refuse(self, status, why, target):
        self.problems.append(f"{target}: {why}")
        return status, {}, json.dumps({"error": why}).encode()

    def answer(self, request, method, raw):
        target = urllib.parse.urlsplit(request.path)
        path = target.path
        if path.startswith(FILES):
            kind, id = path[len(FILES):].split("/")[:2]
            if request.headers.get("Authorization") and self.table.get("files_without_sign_in"):
                return self.refuse(400, "a signed address must not get the token", request.path)
            return 200, {"Content-Type": "application/octet-stream"}, self.account.content(self.account.kinds[kind], urllib.parse.unquote(id))
        headers = {name.lower(): value for name, value in request.headers.items()}
        for name, value in self.table["auth"].items():
            if headers.get(name.lower()) != value:
                return self.refuse(401, f"header {name} is not as the vendor wants it", request.path)
        pairs = urllib.parse.parse_qsl(target.query, keep_blank_values=True)
        operation, values = self.description.find(method, path)
        if operation is None:
            return self.refuse(404, f"{method} is not described", request.path)
        self.checked += 1
        values = [urllib.parse.unquote(value) for value in values]
        body, files = None, {}
        if headers.get("content-type", "").startswith("multipart/form-data"):
            files = parts_of(headers["content-type"], raw)
            if strange := set(files) - (operation.form_names() or set()):
                return self.refuse(400, f"parts that are not described: {sorted(strange)}", request.path)
        elif raw:
            try:
                body = json.loads(raw)
            except ValueError:
                return self.refuse(400, "the body is no JSON", request.path)
        undescribed = {**self.table.get("undescribed", {}).get("*", {}), **self.table.get("undescribed", {}).get(operation.path, {})}
        if problems := operation.problems(pairs, headers, body, undescribed):
            return self.refuse(400, "; ".join(problems), request.path)
        query = dict(pairs)
        if self.feed.knows(method, operation.path):
            answer = self.feed.answer(path, query, body)
            return (200, {}, json.dumps(answer).encode()) if answer else (410, {}, b"{}")
        if self.writer.knows(method, operation):
            return self.write(method, operation, values, query, body, files, request.path)
        kind, entry, nodes, parent = self.account.listing(method, operation.path, values, operation.names, query, body)
        if nodes is not None:
            return self.list_answer(operation, kind, entry, nodes, parent, query, body, request.path)
        file = self.file_of(operation, values)
        if file is not None:
            return 200, {"Content-Type": "application/octet-stream"}, file
        found, entry, node = self.account.detail(method, operation.path, values)
        if node is not None:
            self.note(operation)
            answer = self.shown(node, entry, True)
            return 200, {}, json.dumps(put_at({}, entry.get("detail_at", ""), answer), ensure_ascii=len(operation.path) % 2 == 0).encode()
        if found is not None:  # clients may ask whether a record is still there
            return 404, {}, b'{"message": "not found"}'
        why = "no such record" if kind == "known" else "not in the account's table"
        return self.refuse(404, why, f"{method} {request.path}")

    def write(self, method, operation, values, query, body, files, target):
        if self.kill and method != "GET" and self.writes + 1 >= self.kill[0] and self.kill[2] == "before":
            self.kill[1]()
            self.kill = None
            return 503, {}, b"{}"
        self.writes += method != "GET"
        try:
            return self.writer.answer(method, operation, values, query, body, files)
        except Refused as refused:
            if refused.body is not None:
                return refused.status, {}, json.dumps(refused.body).encode()
            return self.refuse(refused.status, str(refused), f"{method} {target}")

    def note(self, operation):
        self.listings[operation.path] = self.listings.get(operation.path, 0) + 1

    def file_of(self, operation, values):
        for kind in self.account.kinds.values():
            if shape(kind.table.get("file", {}).get("get", "-")) == shape(operation.path):
                for node in kind.nodes:
                    for id, _ in self.account.files(kind, node):
                        if str(id) == values[-1]:
                            return self.account.content(kind, id)
        return None

    # --- answers

    def shown(self, node, entry, detail=False):
        record = json.loads(json.dumps(node.full))
        if not detail:
            for name in entry.get("thin", []):
                record.pop(name, None)
            if "listed" in entry:
                record = {name: value for name, value in record.items() if name in entry["listed"]}
        if self.git and node.kind.name == self.table["git"]["kind"]:
            put(record, self.table["git"]["member"], f"{self.origin}{PREFIX}{node.look(self.table['git']['name'])}.git")
        file = node.kind.table.get("file", {})
        if file.get("member"):
            held = [id for id, _ in self.account.files(node.kind, node)]
            for element in (get(record, file["each"]) or []) if "each" in file else [record]:
                id = get(element, file.get("id", "id")) if "each" in file else node.look("")
                if id in held:
                    where = FILES + f"{node.kind.name}/{urllib.parse.quote(str(id), safe='')}"
                    if file.get("signed"):  # another address in each answer
                        self.volatile += 1
                        where += f"?signature={self.volatile}"
                    put(element, file["member"], ("" if file.get("relative") else self.origin) + where)
        for member, names in node.kind.table.get("named", {}).items():
            ids = {element["name"]: element["id"] for element in node.look(names)}
            put(record, member, {ids.get(name, name): value for name, value in (get(record, member) or {}).items()})
        for path in node.kind.table.get("volatile", []):
            old = get(record, path)
            if isinstance(old, (str, int)):
                self.volatile += 1
                put(record, path, old + f"?signature={self.volatile}" if isinstance(old, str) else self.volatile)
        return record

    def list_answer(self, operation, kind, entry, nodes, parent, query, body, target):
        self.note(operation)
        given = {**query, **{name: value for name, value in flat(body)}}
        for name, rule in entry.get("filter", {}).items():
            value = given.get(name, rule.get("default"))
            nodes = [n for n in nodes if passes(n, rule, value)]
        if entry.get("one"):
            answer = self.shown(nodes[0], entry) if nodes else {}
            answer = put_at({}, entry.get("at", ""), answer)
            return 200, {}, json.dumps(answer).encode()
        page = entry.get("page", {"by": "none"})
        start, limit, problem = self.window(page, given, nodes)
        if problem:
            return self.refuse(400, problem, target)
        if start:
            self.pages[operation.path] = self.pages.get(operation.path, 0) + 1
        records = [self.shown(n, entry) for n in nodes[start : start + limit]]
        if entry.get("wrap_out"):
            records = [get(r, entry["wrap_out"]) for r in records]
        answer = records
        if entry.get("at", ""):
            document = operation.document
            envelope = self.account.generator.make(document, operation.answer_schema(), 3)
            envelope = envelope if isinstance(envelope, dict) else {}
            envelope = {name: [] if isinstance(value, list) else value for name, value in envelope.items()}
            for place, others in self.account.beside(kind, entry, parent):
                put(envelope, place, [self.shown(n, o) for n, o in others])
            answer = put_at(envelope, entry["at"], records)
        headers = {}
        self.turn(page, answer, headers, start, limit, len(nodes), target)
        return 200, headers, json.dumps(answer, ensure_ascii=len(operation.path) % 2 == 0).encode()

    def window(self, page, given, nodes):
        by, total = page["by"], len(nodes)
        if by == "none":
            return 0, max(total, 1), None
        limit = page.get("size", 3)
        if page.get("limit") and page["limit"] in given:
            limit = int(given[page["limit"]])
            if limit < 1 or limit > page.get("max", 10**9):
                return 0, 0, f"{page['limit']} is out of range"
        if by == "offset":
            return int(given.get(page["offset"], 0)), limit, None
        if by == "number" or by == "link":
            return (int(given.get(page["number"], page.get("start", 1))) - page.get("start", 1)) * limit, limit, None
        if by == "after":  # goes on after the record that the client names
            ids = [str(n.look("")) for n in nodes]
            after = given.get(page["after"])
            if after not in (None, "") and str(after) not in ids:
                return 0, 0, f"{after!r} is no record of this listing"
            return (ids.index(str(after)) + 1 if after else 0), limit, None
        token = given.get(page["cursor"])
        if token in (None, ""):
            return 0, limit, None
        try:
            start, of = base64.urlsafe_b64decode(str(token)).decode().split(" ", 1)
            return int(start), limit, None
        except ValueError:
            return 0, 0, f"{token!r} is no cursor of ours"

    def turn(self, page, answer, headers, start, limit, total, target):
        by = page["by"]
        more = start + limit < total
        token = base64.urlsafe_b64encode(f"{start + limit} {limit}".encode()).decode() if more else None
        if page.get("last_page_token_too") and not more:
            token = base64.urlsafe_b64encode(f"{total} {limit}".encode()).decode()
        if by == "link" and more:
            headers["Link"] = f'<{self.follow(target, page["number"], start // limit + 1 + page.get("start", 1))}>; rel="next"'
        if by == "url":
            url = self.follow(target, page["cursor"], token) if more else None
            if url is not None and page.get("relative"):
                url = url[len(self.origin) + len(page.get("cut", "")):]
            say(answer, page["next"], url, page.get("end", "absent"))
        if by == "cursor" and page.get("next"):
            say(answer, page["next"], token, page.get("end", "absent"))
        values = {"total": total, "start": start, "limit": limit, "more": more, "last": not more, "count": min(limit, max(total - start, 0)),
                  "next": start + limit, "number": start // max(limit, 1) + page.get("start", 1), "pages": -(-total // max(limit, 1))}
        for path, name in page.get("out", {}).items():
            put(answer, path, values[name])

    def follow(self, target, name, value):
        parts = urllib.parse.urlsplit(target)
        pairs = [(k, v) for k, v in urllib.parse.parse_qsl(parts.query, keep_blank_values=True) if k != name]
        return f"{self.origin}{parts.path}?{urllib.parse.urlencode(pairs + [(name, value)])}"


def flat(body, prefix=""):
    for name, value in (body or {}).items():
        yield prefix + name, value
        if isinstance(value, dict):
            yield from flat(value, prefix + name + ".")


def passes(node, rule, value):
    if rule.get("from"):
        return value is None or str(get(node.full, rule["from"])) >= str(value)
    member = get(node.full, rule["of"])
    if rule.get("shows") is not None:  # hidden unless the parameter has this value
        return not member or str(value).lower() == str(rule["shows"]).lower()
    if value is None or str(value) in rule.get("any", []):
        return True
    allowed = rule.get("values", {}).get(str(value), [value])
    return str(member).lower() in [str(a).lower() for a in allowed]


def put_at(answer, path, value):
    if not path:
        return value
    put(answer, path, value)
    return answer


def say(answer, path, value, end):
    if not isinstance(answer, dict):
        return
    if value is not None:
        put(answer, path, value)
        return
    if end == "absent":
        *parents, last = path.split(".")
        for name in parents[:1]:
            answer.pop(name, None)
        if not parents:
            answer.pop(last, None)
    elif end == "null":
        put(answer, path, None)
    else:
        put(answer, path, "")
