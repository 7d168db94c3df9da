"""An HTTP server on loopback that plays an app whose description is a GraphQL schema.

Each request is checked against the schema as the app's own server would: fields, arguments, variables, and what an
input must have; each answer is, too. What a mutation does follows from the schema's names (`issueCreate` makes an
`Issue` of its `IssueCreateInput`, `teamId` names a `Team`); what the schema does not say stands in a module of the
app (linear_app.py), as the vendor documents it.
"""

import base64
import json
import os
import pathlib
import re
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "fake"))
from graphql_schema import Document, Schema, bare, printed  # noqa: E402

from account import Account, Kind, Node, get  # noqa: E402
from records import Generator  # noqa: E402
from server import FILES, AppServer  # noqa: E402

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class GraphDescription:
    def __init__(self, folder, table):
        self.schema = Schema(pathlib.Path(os.path.join(folder, table["description"][0])).read_text())


class GraphAccount(Account):
    """Records of the schema's types. A record that another names is {"id": …} there, a connection a list of such."""

    def __init__(self, table, description, seed, only, app):
        import random

        self.table = table
        self.description = description
        self.schema = description.schema
        self.app = app
        self.rng = random.Random(seed)
        self.generator = Generator(self.rng)
        self.next_number = 0
        self.contents = {}
        self.used = set()  # ids of all records that ever were
        self.kinds = {name: Kind(name, {"get": "graphql", **kind}, {}) for name, kind in table["kinds"].items()}
        self.by_type = {}
        for kind in self.kinds.values():
            self.by_type.setdefault(kind.table["type"], kind)
        for kind in self.kinds.values():
            if only is not None and kind.name not in only:
                continue
            for above in self.kinds[kind.table["under"]].nodes if "under" in kind.table else [None]:
                low, high = kind.table.get("count", [1, 4])
                for _ in range(self.rng.randint(low, high) if only is None else only[kind.name]):
                    self.make_node(kind, above)
        app.settle(self)

    def fresh(self):
        out = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.used.add(out)
        return out

    def make_node(self, kind, above):
        node = Node(kind, above, 0)
        node.full = {"id": self.fresh()}
        for name, (wanted, _) in self.schema.fields[kind.table["type"]].items():
            if name != "id":
                node.full[name] = self.value(name, wanted)
        for path, values in kind.table.get("choose", {}).items():
            node.full[path] = json.loads(json.dumps(self.rng.choice(values)))
        kind.nodes.append(node)
        return node

    def value(self, name, wanted):
        """A random value of a leaf; null or an empty list for what names other records."""
        named, needed = bare(wanted), isinstance(wanted, tuple)
        if named.endswith("Connection"):
            return []
        inner = wanted[1] if needed else wanted
        if not self.schema.is_leaf(named):
            return [] if isinstance(inner, list) else None
        if not needed and self.rng.random() < 0.3:
            return None
        if isinstance(inner, list):
            return [self.leaf(name, named) for _ in range(self.rng.randint(0, 2))]
        return self.leaf(name, named)

    def leaf(self, name, named):
        r = self.rng
        if self.schema.kinds[named] == "enum":
            return r.choice(sorted(self.schema.values[named]))
        if named == "Boolean":
            return r.random() < 0.5
        if named == "Int":
            return r.randint(0, 99)
        if named == "Float":
            return r.randint(0, 99)
        if named.startswith("JSON"):
            return {"key": self.generator.text(), "number": r.randint(1, 99)}
        if named == "DateTime":
            return self.generator.time()
        if named == "TimelessDate":
            return self.generator.time()[:10]
        if named == "UUID" or name.endswith("Id"):
            return self.fresh()
        if name.lower().endswith("url"):
            return f"https://example.com/{r.randint(1, 10**6)}"
        if name == "email":
            return f"user{r.randint(1, 10**6)}@example.com"
        if name == "color":
            return f"#{r.getrandbits(24):06x}"
        return self.generator.text()

    def by_id(self, type, id):
        kind = self.by_type.get(type)
        return next((n for n in kind.nodes if n.full["id"] == id), None) if kind else None

    def files(self, kind, node):
        return [(node.full["id"], node.full)] if kind.table.get("file") and self.app.has_file(node.full) else []

    def gone(self, node):
        return self.app.gone(self, node)

    def truth(self):
        return {**super().truth(), **self.app.more_streams(self)}


class Refusal(Exception):
    """The app refuses this. `known`: a refusal that clients have to live with."""

    def __init__(self, message, known=False):
        super().__init__(message)
        self.known = known


class Execution:
    """One operation, answered from the account."""

    def __init__(self, server, document, variables):
        self.server = server
        self.account = server.account
        self.schema = document.schema
        self.document = document
        self.variables = variables

    def data(self):
        out = {}
        for alias, name, arguments, below in self.document.selections:
            given = {n: self.literal(v) for n, v in arguments.items()}
            given = {n: v for n, v in given.items() if v is not ...}
            wanted = self.schema.fields[self.document.root][name][0]
            if self.document.operation == "mutation":
                value = self.server.writer.mutate(name, given)
            else:
                value = self.root(name, bare(wanted), given)
            out[alias] = self.shown(wanted, value, below, given)
        return out

    def literal(self, value):
        kind, content = value
        if kind == "$":
            return self.variables.get(content, ...)
        if kind == "list":
            return [self.literal(v) for v in content]
        if kind == "object":
            made = {n: self.literal(v) for n, v in content.items()}
            return {n: v for n, v in made.items() if v is not ...}
        if kind == "text":
            return json.loads(content)
        return {"int": int, "float": float}.get(kind, lambda x: x)(content)

    def root(self, name, type, given):
        found = self.server.app.root(self.account, name, given)
        if found is not None:
            return found
        for kind in self.account.kinds.values():
            if kind.table.get("field") == name:
                nodes = kind.nodes
                if not given.get("includeArchived"):
                    nodes = [n for n in nodes if not n.full.get("archivedAt")]
                if name == "users" and not given.get("includeDisabled"):
                    nodes = [n for n in nodes if n.full["active"]]
                return [n.full for n in nodes if self.passes(n.full, given.get("filter"))]
        node = self.account.by_id(type, given.get("id"))
        if node is None:
            raise Refusal(f"Entity not found: {type}", known=True)
        return node.full

    def passes(self, record, wanted):
        """Whether a record fits a filter: comparators of its members, and filters of the records that it names."""
        for name, rule in (wanted or {}).items():
            if name in ("and", "or"):
                if not (all if name == "and" else any)(self.passes(record, w) for w in rule):
                    return False
                continue
            value = record.get(name)
            for how, operand in rule.items():
                if how == "eq":
                    good = value == operand
                elif how == "in":
                    good = value in operand
                elif how == "null":
                    good = (value is None) == operand
                elif how == "gte":
                    good = value is not None and str(value) >= str(operand)
                elif isinstance(operand, dict):
                    good = value is not None and self.passes(self.whole(value), {how: operand})
                else:
                    raise Refusal(f"the test server knows no comparator {how}")
                if not good:
                    return False
        return True

    def whole(self, value):
        """The record that {"id": …} names."""
        if set(value) == {"id"}:
            for kind in self.account.kinds.values():
                for node in kind.nodes:
                    if node.full["id"] == value["id"]:
                        return node.full
        return value

    def shown(self, wanted, value, below, given):
        if below is None or value is None:
            return value
        wanted = wanted[1] if isinstance(wanted, tuple) else wanted
        if isinstance(wanted, list):
            return [self.shown(wanted[0], element, below, {}) for element in value]
        if wanted.endswith("Connection"):
            return self.page(wanted, value, below, given)
        return self.object(wanted, self.whole(value), below)

    def object(self, type, record, selections):
        out = {}
        for alias, name, arguments, below in selections:
            if alias == "...":
                if name in (None, type):
                    out.update(self.object(type, record, below))
                continue
            wanted = self.schema.fields[type][name][0]
            given = {n: self.literal(v) for n, v in arguments.items()}
            value = self.server.app.derived(self.account, type, name, record)
            if value is None:
                value = record.get(name)
            kind = self.account.by_type.get(type)
            if kind and kind.table.get("file", {}).get("member") == name and self.server.app.has_file(record):
                value = f"{self.server.origin}{FILES}{kind.name}/{record['id']}"
            out[alias] = self.shown(wanted, value, below, given)
        return out

    def page(self, type, records, selections, given):
        limit = given.get("first", 50)
        if limit is ... or limit > 250:
            raise Refusal("first is out of range")
        after = given.get("after", ...)
        start = 0
        if after not in (..., None):
            start = int(base64.urlsafe_b64decode(after))
            self.server.pages[type] = self.server.pages.get(type, 0) + 1
        end = start + limit
        connection = {"nodes": records[start:end], "pageInfo": {
            "hasNextPage": end < len(records), "hasPreviousPage": start > 0,
            "endCursor": base64.urlsafe_b64encode(str(end).encode()).decode() if records[start:end] else None}}
        return self.object(type, connection, selections)


class GraphWriter:
    """What mutations do: the same for every type, and what the app does beside it."""

    def __init__(self, server):
        self.server = server
        self.account = server.account
        self.schema = server.account.schema
        self.app = server.app
        self.uploads = {}
        self.parts = set()
        self.times = set()

    def now(self):
        told = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"
        self.times.add(told)
        return told

    def mutate(self, name, given):
        payload = bare(self.schema.fields["Mutation"][name][0])
        type, _, verb = name.rpartition(re.search(r"(Create|Update|Delete|Archive|Unarchive|Resolve)$", name).group(1))[0], 0, 0
        verb = name[len(type):]
        type = type[0].upper() + type[1:]
        if verb == "Create":
            node = self.create(type, given["input"])
        else:
            node = self.account.by_id(type, given["id"])
            if node is None:
                raise Refusal(f"Entity not found: {type}", known=verb in ("Delete", "Archive"))
            if verb == "Update":
                self.fill(node, self.app.update_input(self, node, given["input"]))
                node.full["updatedAt"] = self.now()
                self.app.updated(self, type, node, given["input"])
            elif verb == "Archive":
                node.full["archivedAt"] = self.now()
            elif verb == "Unarchive":
                node.full["archivedAt"] = None
            elif verb == "Delete":
                self.app.delete(self, type, node, given)
            else:
                self.app.other(self, name, node, given)
        out = {"success": True, "lastSyncId": 1, "entityId": node.full["id"], "entity": node.full}
        for field, (wanted, _) in self.schema.fields[payload].items():
            if bare(wanted) == type:
                out[field] = node.full
        return out

    def create(self, type, given):
        kind = self.account.by_type.get(type)
        if kind is None:
            raise Refusal(f"the test server has no records of the type {type}")
        id = given.get("id")
        if id is not None:
            if not UUID4.fullmatch(id):
                raise Refusal(f"id must be a UUID: {id}")
            if id in self.account.used:
                raise Refusal(f"{type}: a record with the id {id} was made before")
            self.account.used.add(id)
        node = Node(kind, None, 0)
        node.full = {"id": id or self.account.fresh()}
        for name, (wanted, _) in self.schema.fields[type].items():
            if name != "id":
                node.full[name] = self.empty(wanted)
        node.full.update(json.loads(json.dumps(kind.table.get("new", {}))))
        node.full["createdAt"] = node.full["updatedAt"] = self.now()
        node = self.app.place(self, type, node, given) or node
        self.fill(node, given)
        if node not in kind.nodes:
            kind.nodes.append(node)
        self.app.created(self, type, node, given)
        return node

    def empty(self, wanted):
        """What a member is that nobody set."""
        named, needed = bare(wanted), isinstance(wanted, tuple)
        if named.endswith("Connection") or isinstance(wanted[1] if needed else wanted, list):
            return []
        if not needed or not self.schema.is_leaf(named):
            return None
        if self.schema.kinds[named] == "enum":
            return sorted(self.schema.values[named])[0]
        return {"Boolean": False, "Int": 0, "Float": 0, "JSON": {}, "JSONObject": {}}.get(named, "")

    def fill(self, node, given):
        fields = self.schema.fields[node.kind.table["type"]]
        for name, value in given.items():
            if name == "id" or name in self.app.unseen:
                continue
            single, several = name.removesuffix("Id"), name.removesuffix("Ids") + "s"
            if name.endswith("Id") and single in fields:
                self.named(bare(fields[single][0]), value)
                node.full[single] = None if value is None else {"id": value}
                if name in fields:
                    node.full[name] = value
            elif name.endswith("Ids"):
                for id in value:
                    self.named(self.app.type_of(node.kind.table["type"], name), id)
                if name in fields:
                    node.full[name] = value
                if several in fields:
                    node.full[several] = [{"id": id} for id in value]
            elif name in fields:
                node.full[name] = value
            elif name not in self.app.known_inputs:
                raise Refusal(f"the test server does not know what {name} does")

    def named(self, type, id):
        if id is not None and type in self.account.by_type and self.account.by_id(type, id) is None:
            raise Refusal(f"Entity not found: {type} {id}")

    def remove(self, node, _along=None):
        """The record is gone, and all that lies in it."""
        for kind in self.account.kinds.values():
            kind.nodes = [n for n in kind.nodes if n is not node]
        for kind in self.account.kinds.values():
            inside = kind.table.get("inside", [])
            for other in list(kind.nodes):
                if other.parent is node or any(get(other.full, member + ".id") == node.full["id"] for member in inside):
                    if other in kind.nodes:
                        self.remove(other)


class GraphServer(AppServer):
    def __init__(self, account, table, description, connector):
        super().__init__(account, {**table, "writes": {}}, description)
        self.app = account.app
        self.writer = GraphWriter(self)
        self.schema = description.schema
        self.documents = {}
        self.streams = {}
        for name, stream in connector["streams"].items():
            text = "\n".join(stream["graphql"]) if isinstance(stream["graphql"], list) else stream["graphql"]
            self.streams[name] = self.document(text)

    def document(self, text):
        if text not in self.documents:
            self.documents[text] = Document(self.schema, text)
        return self.documents[text]

    def answer(self, request, method, raw):
        path = urllib.parse.urlsplit(request.path).path
        headers = {name.lower(): value for name, value in request.headers.items()}
        for name, value in self.table["auth"].items():
            if headers.get(name.lower()) != value:
                return self.refuse(401, f"header {name} is not as the vendor wants it", request.path)
        if path.startswith(FILES):
            kind, id = path[len(FILES):].split("/")[:2]
            return 200, {"Content-Type": "application/octet-stream"}, self.account.content(self.account.kinds[kind], urllib.parse.unquote(id))
        if (method, path) != ("POST", "/graphql"):
            return self.refuse(404, "is not described", f"{method} {path}")
        self.checked += 1
        sent = json.loads(raw)
        text, variables = sent["query"], sent.get("variables") or {}
        try:
            document = self.document(text)
        except ValueError as wrong:
            return self.refuse(400, str(wrong), text[:200])
        if problems := document.problems + list(document.variable_problems(variables)):
            return self.refuse(400, "; ".join(problems[:5]), text[:200])
        writes = document.operation == "mutation"
        if writes:
            if self.kill and self.writes + 1 >= self.kill[0] and self.kill[2] == "before":
                self.kill[1]()
                self.kill = None
                return 503, {}, b"{}"
            self.writes += 1
        try:
            data = Execution(self, document, variables).data()
        except Refusal as refusal:
            if not refusal.known:
                self.problems.append(f"{text[:150]}: {refusal} {json.dumps(variables, ensure_ascii=False)[:300]}")
            error = {"message": str(refusal), "extensions": {"code": "INPUT_ERROR", "userPresentableMessage": str(refusal)}}
            return 200, {}, json.dumps({"errors": [error], "data": None}).encode()
        if problems := list(document.answer_problems(data)):
            raise AssertionError(f"an answer that the schema does not allow: {problems[:5]}")
        return 200, {}, json.dumps({"data": data}, ensure_ascii=len(text) % 2 == 0).encode()

    def shown(self, node, entry, detail=False):
        """The record as the stream's query asks for it."""
        document = self.streams[node.kind.stream]
        (_, name, _, below), = document.selections
        type = bare(self.schema.fields["Query"][name][0])
        while type != node.kind.table["type"]:
            (_, name, _, below), = [s for s in below if s[1] != "pageInfo"]
            type = bare(self.schema.fields[type][name][0])
        return Execution(self, document, {}).object(type, node.full, below)
