"""What a described app does with a request that writes: makes, changes and deletes records of the account.

The table's `writes` says so for each request (README.md in tests/connectors/accounts); everything in it comes from
the vendor's documentation. The description has judged the request before.
"""

import base64
import email.parser
import email.policy
import json
import re
import time
import urllib.parse

from account import get, put, shape

UPLOADED = "/probackup-test-uploads/"


class Refused(Exception):
    """The app would refuse this: status and why. `body`: a refusal that clients have to live with."""

    def __init__(self, status, why, body=None):
        super().__init__(why)
        self.status = status
        self.body = body


def parts_of(content_type, raw):
    """Name to text, or to (file name, type, bytes), of a multipart form."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + raw)
    out = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if part.get_filename() is None:
            out[name] = content.decode(errors="surrogateescape")
        else:
            out[name] = (part.get_filename(), part.get_content_type(), content)
    return out


def plain_texts(value):
    """The value with what it says in plain text beside each part of a rich one."""
    if isinstance(value, list):
        return [plain_texts(element) for element in value]
    if not isinstance(value, dict):
        return value
    out = {name: plain_texts(member) for name, member in value.items()}
    text = get(value, "text.content") if value.get("type") == "text" else get(value, "equation.expression")
    if text is not None and value.get("type") in ("text", "equation") and "rich_text" not in value:
        out["plain_text"] = text
    return out


class Request:
    def __init__(self, operation, values, query, body, files):
        self.operation = operation
        self.path = dict(zip(operation.names, values))
        self.values = values
        self.query = query
        self.body = body if isinstance(body, dict) else {}
        self.whole = body
        self.files = files


class Below:
    """Stands for a record below another one, to look values up from there."""

    def __init__(self, above):
        self.above = above

    def look(self, path):
        return self.above.look(path[2:])


class Writer:
    def __init__(self, server, rules):
        self.server = server
        self.account = server.account
        self.rules = {}
        for title, rule in rules.items():
            method, _, path = title.partition(" ")
            self.rules[(method, shape(path))] = rule if isinstance(rule, list) else [rule]
        self.uploads = {}
        self.times = set()
        self.parts = set()

    def knows(self, method, operation):
        return (method, shape(operation.path)) in self.rules

    def answer(self, method, operation, values, query, body, files):
        """Status, headers and body; raises Refused."""
        if body is None:  # the fields of a form
            body = {name: part for name, part in files.items() if isinstance(part, str)} or None
        request = Request(operation, values, query, body, files)
        for rule in self.rules[(method, shape(operation.path))]:
            if ("present" not in rule or self.plain(request, rule["present"]) is not None) and self.is_for(rule, request):
                return self.done(rule, request)
        raise Refused(422, "the table has no rule for such a request")

    def is_for(self, rule, request):
        try:
            return "for" not in rule or self.named(rule["for"], request) is not None
        except Refused:
            return False

    def done(self, rule, request):
        if "part" in rule:  # a listing of what a record holds
            node = self.found(rule["of"], rule, request)
            shown = self.server.shown(node, node.kind.lists[node.list_index], True)
            return 200, {}, json.dumps(get(shown, rule["part"]) or []).encode()
        if "those" in rule:  # a listing of the records below another that are alike
            kind, above = self.account.kinds[rule["those"]], self.named(rule["in"], request)
            wanted = {path: str(self.value(Below(above), source, request)) for path, source in rule["like"].items()}
            nodes = [n for n in kind.nodes if n.parent is above and all(str(get(n.full, p)) == w for p, w in wanted.items())]
            return 200, {}, json.dumps([self.server.shown(n, n.kind.lists[n.list_index]) for n in nodes]).encode()
        if "upload" in rule:
            return self.upload(rule, request)
        if "link" in rule:
            self.link(rule, request)
        if "nothing" in rule:  # only an answer
            return self.said(rule, request, None)
        if "delete" in rule:
            self.remove(self.found(rule["delete"], rule, request), rule.get("with", {}))
            return self.said(rule, request, None)
        if "change" in rule:
            node, into = self.inside(rule, request)
            self.fill(node, rule, request, into=into)
            if "elsewhere" in rule:  # another record changes with it
                self.fill(self.named(rule["elsewhere"]["in"], request), rule["elsewhere"], request, above=node)
            if "list" in rule:  # it is in another listing from now on
                node.list_index = rule["list"]
        else:
            node = self.made(rule, request)
        return self.said(rule, request, node)

    def inside(self, rule, request):
        """The record that changes, and what of it: all, or the element of a list in it that the path names."""
        steps = rule.get("inside")
        if not steps:
            node = self.found(rule["change"], rule, request)
            return node, node.full
        for node in self.account.kinds[rule["change"]].nodes:
            here = [node.full]
            for member, wanted in zip(steps, request.values[rule.get("skip", 0):]):
                here = [e for record in here for e in record.get(member) or [] if str(e["id"]) == wanted]
            if here:
                return node, here[0]
        raise Refused(404, f"there is no {steps} {request.values}")

    def said(self, rule, request, node):
        status = request.operation.good_status()
        answer = rule.get("answer", "")
        if answer is None or status == 204:
            return status, {}, b""
        if isinstance(answer, dict) and "" in answer:
            told = self.value(node, answer[""], request)
        elif isinstance(answer, dict):
            told = {}
            for path, source in answer.items():
                value = self.value(node, source, request)
                if value is not None:
                    put(told, path, value)
        else:
            told = {}
            shown = {} if node is None else self.server.shown(node, node.kind.lists[node.list_index], True)
            if answer.endswith("[]"):
                put(told, answer[:-2], [shown])
            elif answer:
                put(told, answer, shown)
            else:
                told = shown
        return status, {}, json.dumps(told).encode()

    # --- records

    def made(self, rule, request):
        kind = self.account.kinds[rule["make"].format(**request.path)]
        index, parent = self.place(kind, rule, request)
        if "defined" in rule:
            self.check_defined(rule["defined"], request)
        for source, choice in rule.get("one_of", {}).items():
            given = self.plain(request, source)
            if given is not None and given not in choice["values"]:
                raise Refused(choice["status"], "not one of those", choice["body"])
        node = self.account.blank(kind, index, parent)
        if kind.id and kind.table.get("form") != "given":
            put(node.full, kind.id, self.account.fresh_id(kind, index))
        for path, value in kind.table.get("new", {}).items():
            put(node.full, path, json.loads(json.dumps(value)))
        for need in rule.get("needs", []):
            self.found(need["kind"], need, request)
        if "copy" in rule:
            own = node.look("")
            node.full = self.value(node, rule["copy"], request)
            if rule.get("own_id"):
                put(node.full, kind.id, own)
        self.fill(node, rule, request)
        for path, others in rule.get("count", {}).items():  # numbers that go on inside of a parent
            held = [get(n.full, path) for other in others for n in self.account.kinds[other].nodes if n.parent is parent]
            put(node.full, path, max([n for n in held if n is not None], default=0) + 1)
        for path, source in rule.get("late", {}).items():  # made of what came before
            put(node.full, path, self.value(node, source, request))
        for member in rule.get("unique", []):
            held = [n for n in kind.nodes if n.parent is parent and get(n.full, member) == get(node.full, member)]
            if held and rule.get("taken") == "kept":  # making it again changes nothing
                return held[0]
            if held:
                raise Refused(rule.get("taken", 409), f"{member} is taken")
        kind.nodes.append(node)
        if "content" in rule:  # of the record's file, sent as a text
            self.account.contents[(kind.name, str(node.look("")))] = self.value(node, rule["content"], request).encode(errors="surrogateescape")
        if "nested" in rule:
            self.nest(node, rule, request)
        for path, value in rule.get("above", {}).items():  # what the record above it shows from now on
            put(parent.full, path, value)
        if self.server.git and kind.name == self.account.table["git"]["kind"]:
            for end in ("", ".wiki"):
                self.server.git.make(node.look(self.account.table["git"]["name"]) + end, node.look(self.account.table["git"]["branch"]) or "main")
        for more in rule.get("along", []):  # what the app makes by itself inside of it
            self.along(more, node, request)
        return node

    def check_defined(self, where, request):
        """The members of an object that is sent must be defined in a record's list, and not be read-only there."""
        kind = self.account.kinds[where["in"].format(**request.path)]
        definitions = {d["name"]: d for d in kind.nodes[0].look(where["list"])}
        for name in self.plain(request, where["of"]):
            if name not in definitions or get(definitions[name], where["unless"]):
                raise Refused(400, f"{name} cannot be set")

    def link(self, rule, request):
        for pair in self.plain(request, rule["link"]["each"]):
            ends = [self.named({"of": rule["link"][side].format(**request.path), "by": "=" + pair[side]["id"]}, request) for side in ("from", "to")]
            if not self.account.links.add(*ends):
                raise Refused(400, f"these cannot be linked: {pair}")

    def nest(self, node, rule, request):
        """Makes records below the new one, of a list in it."""
        held = get(node.full, str(node.full.get("type")))
        for child in (held or {}).pop("children", []):
            below = self.account.blank(node.kind, rule["nested"], node)
            below.full = {**child, node.kind.id: self.account.fresh_id(node.kind, rule["nested"])}
            self.fill(below, {"put": rule["put"]}, request)
            node.kind.nodes.append(below)
            node.full["has_children"] = True
            self.nest(below, rule, request)

    def along(self, rule, above, request):
        kind = self.account.kinds[rule["make"]]
        place = self.named(rule["in"], request) if "in" in rule else above
        node = self.account.blank(kind, rule.get("list", 0), place if kind.lists[rule.get("list", 0)].get("under") else None)
        put(node.full, kind.id, self.account.fresh_id(kind, rule.get("list", 0)))
        for path, value in kind.table.get("new", {}).items():
            put(node.full, path, json.loads(json.dumps(value)))
        self.fill(node, rule, request, above)
        kind.nodes.append(node)
        for path, source in rule.get("back", {}).items():
            put(above.full, path, self.value(node, source, request))

    def place(self, kind, rule, request):
        """The listing that shows the new record, and the record above it."""
        inside = rule.get("in")
        if inside is not None:
            index = rule.get("list", 0)
            if not inside:
                return index, None
            found = self.named(inside, request)
            return (found.list_index, found.parent) if inside.get("beside") else (index, found)
        for index, entry in enumerate(kind.lists):
            if rule.get("list", index) != index:
                continue
            found, parent = self.account.bound(kind, entry, request.path, request.query, request.body)
            if found:
                return index, parent
        raise Refused(404, f"nothing to make {kind.name} in")

    def named(self, where, request):
        value = self.value(None, where["by"], request)
        for name in where["of"] if isinstance(where["of"], list) else [where["of"]]:
            for node in self.account.kinds[name].nodes:
                if str(node.look(where.get("member", ""))) == str(value):
                    return node
        raise Refused(404, f"there is no {where['of']} {value}")

    def found(self, name, rule, request):
        by, skip = rule.get("by", [""]), rule.get("skip", 0)
        for node in [n for one in (name if isinstance(name, list) else [name]) for n in self.account.kinds[one.format(**request.path)].nodes]:
            if "at" in rule and node.list_index != rule["at"]:
                continue
            if rule.get("here") and not self.is_here(node, request):
                continue
            if [str(node.look(path)) for path in by] == request.values[skip : skip + len(by)]:
                return node
        raise Refused(404, f"there is no {name} {'/'.join(request.values)}", rule.get("absent"))

    def is_here(self, node, request):
        """Whether the front of the path is that of the record's listing."""
        entry = node.kind.lists[node.list_index]
        front = {name: value for name, value in request.path.items() if f"{{{name}}}" in entry["path"]}
        return self.account.bound(node.kind, entry, front, {}, {}) == (True, node.parent)

    def remove(self, node, along):
        if self.server.git and node.kind.name == self.account.table["git"]["kind"]:
            self.server.git.remove(node.look(self.account.table["git"]["name"]))
        gone = {id(node)}
        for kind in self.account.kinds.values():
            for other in kind.nodes:
                above = other.parent
                while above is not None:
                    if above is node:
                        gone.add(id(other))
                    above = above.parent
        names = {other.look("") for kind in self.account.kinds.values() for other in kind.nodes if id(other) in gone}
        for name, member in along.items():
            for other in list(self.account.kinds[name].nodes):
                if get(other.full, member) in names and id(other) not in gone:
                    self.remove(other, along)
        self.account.links.forget([n for kind in self.account.kinds.values() for n in kind.nodes if id(n) in gone])
        for kind in self.account.kinds.values():
            kind.nodes = [n for n in kind.nodes if id(n) not in gone]

    # --- members

    def fill(self, node, rule, request, above=None, into=None):
        into = node.full if into is None else into
        for member in [m for m in node.kind.table.get("named", {}) if m in rule.get("take", [])]:
            self.fill_named(node, member, get(request.body, member) or {})
        if rule.get("take") == "*":
            for name, value in request.body.items():
                put(into, name, value)
        else:
            for name in rule.get("take", []):
                if name in request.body and name not in node.kind.table.get("named", {}):
                    put(into, name, request.body[name])
        for path, source in rule.get("put", {}).items():
            value = self.value(node, source, request, above)
            if value is not None or (isinstance(source, str) and source.startswith("!") and source[1:] in request.body):
                put(into, path, value)
        for path, source in rule.get("every", {}).items():  # of a list in the record
            for element in get(node.full, path.rpartition(".")[0]) or []:
                element[path.rpartition(".")[2]] = self.value(node, source, request, above)
        for path, source in rule.get("add", {}).items():  # to a list in the record
            value = self.value(node, source, request, above)
            held = get(into, path) or []
            more = value if isinstance(value, list) else [value]
            if rule.get("once"):  # what is there already stays as it is
                more = [m for m in more if not any(all(h.get(k) == v for k, v in m.items()) for h in held)]
            put(into, path, held + more)
        for path, (member, source) in rule.get("take_out", {}).items():  # from a list in the record
            put(into, path, [e for e in get(into, path) if str(e[member]) != str(self.value(node, source, request))])

    def fill_named(self, node, member, given):
        """Members that are named by the ids of a list's elements; the others stay."""
        names = {element["id"]: element["name"] for element in node.look(node.kind.table["named"][member])}
        if strange := set(given) - set(names):
            raise Refused(422, f"{member} has no {sorted(strange)}")
        held = {names[id]: value for id, value in given.items()}
        put(node.full, member, {name: value for name, value in {**(get(node.full, member) or {}), **held}.items() if value not in (None, [])})

    def plain(self, request, source):
        """What the request holds: !member of the body, ?query, {parameter of the path}."""
        if source == "!":
            return request.whole
        if source.startswith("!"):
            return get(request.body, source[1:])
        if source.startswith("?"):
            return request.query.get(source[1:])
        return request.path.get(source.strip("{}"))

    def value(self, node, source, request, above=None):
        if isinstance(source, dict):
            return self.other(node, source, request, above)
        if not isinstance(source, str):
            return source
        if source[:1] in "!?{":
            return self.plain(request, source)
        if source[:1] in "^@":
            return node.look(source)
        if source.startswith("above."):
            return above.look(source[6:])
        if source.startswith("="):
            return source[1:]
        if source in ("$now", "$minute", "$ms"):
            now = time.time()
            form = "%Y-%m-%dT%H:%M:00.000Z" if source == "$minute" else self.account.table.get("time", "%Y-%m-%dT%H:%M:%SZ")
            told = str(int(now * 1000)) if source == "$ms" else time.strftime(form, time.gmtime(now))
            self.times.add(told)
            return told
        if source == "$new":
            self.account.next_number += 1
            self.parts.add(f"new-{self.account.next_number}")
            return f"new-{self.account.next_number}"
        if source.startswith("."):
            return node.look(source[1:])
        raise KeyError(f"{source} is no value")

    def other(self, node, source, request, above):
        """Values that need more than a name: constants, other records, lists and texts made of parts."""
        if "if" in source and self.value(node, source["if"], request, above) is None:
            return None
        if "is" in source:
            return json.loads(json.dumps(source["is"]))
        if "join" in source:
            return "".join(str(self.value(node, part, request, above)) for part in source["join"])
        if "any" in source:  # the first that is there
            return next((v for v in (self.value(node, part, request, above) for part in source["any"]) if v is not None), None)
        if "text" in source:
            given = self.value(node, source["text"], request, above)
            return None if given is None else str(given)
        if "of_these" in source:  # an object of values
            return {name: self.value(node, part, request, above) for name, part in source["of_these"].items()}
        if "typed" in source:  # properties, with their names and kinds; those that are there already stay
            given = self.value(node, source["typed"], request, above) or {}
            made = {name: {"id": name, "name": name, "type": next(k for k in v if k != "type"), **v} for name, v in given.items()}
            return {**(get(node.full, source.get("onto", "-")) or {}), **plain_texts(made)}
        if "onto" in source:  # members that are added to those that are there
            return {**(get(node.full, source["onto"]) or {}), **plain_texts(self.value(node, source["of"], request, above))}
        if "rich" in source:
            return plain_texts(self.value(node, source["rich"], request, above))
        if "attached" in source:  # what names an upload holds its file from now on
            given = self.value(node, source["attached"], request, above)
            if not isinstance(given, dict) or given.get("type") != "file_upload":
                return given
            if given["file_upload"]["id"] not in self.uploads:
                raise Refused(400, f"there is no upload {given}")
            self.account.contents[(node.kind.name, str(node.look("")))] = self.uploads[given["file_upload"]["id"]]
            return {**{k: v for k, v in given.items() if k != "file_upload"}, "type": "file", "file": {"expiry_time": "2026-01-01T00:00:00.000Z"}}
        if "with_ids" in source:  # a list whose elements get ids
            given = self.value(node, source["with_ids"], request, above) or []
            return [{"id": self.value(node, "$new", request), **element} for element in given]
        if "last" in source:
            return (get(node.full, source["last"]) or [None])[-1]
        if "inside" in source:
            return self.inside({"change": node.kind.name, **source}, request)[1]
        if "matches" in source:
            given = self.value(node, source["matches"], request, above)
            return None if given is None else re.search(source["pattern"], given) is not None
        if "sub" in source:  # null where the pattern does not fit
            given = self.value(node, source["sub"], request, above)
            return re.sub(source["pattern"], source["by"], given) if given and re.search(source["pattern"], given) else None
        if "case" in source:
            given = self.value(node, source["case"], request, above)
            return source["to"].get(str(given).lower() if isinstance(given, bool) else str(given), source.get("else"))
        given = self.value(node, source["of"], request, above)
        if given is None:
            return None
        found = [self.shown_other(source, wanted, node) for wanted in (given if isinstance(given, list) else [given])]
        return found if isinstance(given, list) else found[0]

    def shown_other(self, source, wanted, node):
        if source["record"] == "upload":
            return self.taken_upload(source, wanted, node)
        names = source["record"] if isinstance(source["record"], list) else [source["record"]]
        for other in [n for name in names for n in self.account.kinds[name].nodes]:
            if str(other.look(source.get("by", ""))) == str(wanted):
                show = source.get("show")
                if show == "":
                    return other.look("")
                if isinstance(show, str):
                    return other.look(show)
                record = json.loads(json.dumps(other.full))
                return {name: record.get(name) for name in show} if show else record
        raise Refused(422, f"there is no {source['record']} {wanted}")

    # --- files

    def upload(self, rule, request):
        """A file: an upload that a later request names, or one that becomes an element of a record's list."""
        if isinstance(rule["upload"], dict):  # in JSON, as base64
            name, kind, content = (self.plain(request, rule["upload"][part]) for part in ("name", "type", "file"))
            content = base64.b64decode(content, validate=True)
        else:
            name, kind, content = request.files[rule["upload"]]
        self.account.next_number += 1
        id = request.path[rule["as"]] if "as" in rule else rule.get("prefix", "") + str(self.account.next_number)
        self.uploads[id] = content
        made = {}
        for path, value in rule["gives"].items():
            known = {"$id": id, "$name": name, "$type": kind, "$size": len(content),
                     "$number": self.account.next_number, "$given": request.query.get("name", name), "$now": self.value(None, "$now", request), "$ms": int(self.value(None, "$ms", request)),
                     "$url": self.server.origin + UPLOADED + urllib.parse.quote(id)}
            put(made, path, known.get(value, value))
        if "into" in rule:
            node = self.found(rule["into"], rule, request)
            file = node.kind.table["file"]
            for member, names in node.kind.table.get("named", {}).items():
                holder = file["each"].removeprefix(member + ".")
                if (request.values[-1], holder) not in [(e["id"], e["name"]) for e in node.look(names)]:
                    raise Refused(422, f"{request.values[-1]} is not where files go")
            self.account.contents[(node.kind.name, str(get(made, file.get("id", "id"))))] = content
            put(node.full, file["each"], (get(node.full, file["each"]) or []) + [made])
            if "answer" in rule:
                return self.said(rule, request, node)
        return request.operation.good_status(), {}, json.dumps([made] if rule.get("as_list") else made).encode()

    def taken_upload(self, source, wanted, node):
        id = urllib.parse.unquote(str(get(wanted, source["member"])).rsplit("/", 1)[-1])
        if id not in self.uploads:
            raise Refused(422, f"there is no upload {wanted}")
        self.account.contents[(node.kind.name, str(node.look("")))] = self.uploads[id]
        return dict(wanted)
