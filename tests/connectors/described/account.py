"""A random account of an app: what its server holds, made from the description and the account's table.

The tables lie in tests/connectors/accounts/APP.json; README.md there says what stands in them.
"""

import hashlib
import json
import random
import uuid

from links import Links
from records import Generator


def get(value, path):
    """The member at a path of names; a number names an element of a list, -1 the last one."""
    for name in path.split("."):
        if isinstance(value, list):
            value = value[int(name)] if name.lstrip("-").isdigit() and -len(value) <= int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def put(value, path, new):
    name, _, rest = path.partition(".")
    if isinstance(value, list):
        name = int(name)
        held = value[name]
    else:
        held = value.get(name)
    if not rest:
        value[name] = new
        return
    # What the generator made of a schema may be a list where the path wants an object.
    is_list = isinstance(held, list) and rest.partition(".")[0].lstrip("-").isdigit()
    if not isinstance(held, dict) and not is_list:
        held = value[name] = {}
    put(held, rest, new)


def file_bytes(kind, id):
    seed = f"{kind}/{id}"
    return (seed + "\n").encode() + hashlib.sha256(seed.encode()).digest() * (len(seed) % 7 + 1)


class Node:
    """A record, and the record whose listing gives it."""

    def __init__(self, kind, parent, level):
        self.kind = kind
        self.parent = parent
        self.level = level
        self.full = None
        self.list_index = 0

    def above(self):
        node, out = self.parent, []
        while node is not None:
            out.append(node)
            node = node.parent
        return out

    def look(self, path):
        """A value named as tables do: a member of this record, of the one above (^.) or of an ancestor (@kind.)."""
        if "+" in path:  # several members, with # between them
            return "#".join(str(self.look(part)) for part in path.split("+"))
        node = self
        while path.startswith("^."):
            node, path = node.parent, path[2:]
            if node is None:
                return None
        if path.startswith("@"):
            kind, _, path = path[1:].partition(".")
            while node is not None and node.kind.name != kind:
                node = node.parent
        return None if node is None else get(node.full, path or node.kind.id)


class Kind:
    def __init__(self, name, table, defaults):
        merged = {**defaults, **table}
        self.name = name
        self.table = merged
        self.stream = merged.get("stream", name)
        self.id = merged.get("id", "id")
        self.lists = []
        for entry in table.get("lists", [{}]):
            entry = {**merged, **entry}
            method, _, path = entry["get"].rpartition(" ")
            self.lists.append({**entry, "method": method or "GET", "path": path})
        self.nodes = []


class Account:
    def __init__(self, table, description, seed, only=None):
        """`only`: the kinds that hold records, each with how many; without it all."""
        self.table = table
        self.description = description
        self.rng = random.Random(seed)
        self.generator = Generator(self.rng)
        self.next_number = self.rng.randint(10**4, 10**5)
        self.kinds = {name: Kind(name, kind, table.get("defaults", {})) for name, kind in table["kinds"].items()}
        self.contents = {}
        for kind in self.kinds.values():
            if only is None or kind.name in only:
                self.fill(kind)
                if only is not None:
                    kind.nodes = kind.nodes[: only[kind.name]]
        for kind in self.kinds.values():
            for node in list(kind.nodes):
                self.refer(node)
                if any(get(node.full, path) is None for path in kind.lists[node.list_index].get("needs", [])):
                    kind.nodes.remove(node)
        self.links = Links(self)
        self.links.begin()

    # --- making it

    def fill(self, kind):
        for index, entry in enumerate(kind.lists):
            above = entry.get("under")
            parents = [None]
            if above:
                parents = [n for name in (above if isinstance(above, list) else [above]) for n in self.kinds[name].nodes]
            while parents:
                made = []
                for parent in parents:
                    if parent is not None and any(get(parent.full, k) != v for w in ("where", "only") for k, v in entry.get(w, {}).items()):
                        continue
                    low, high = (1, 1) if entry.get("one") else entry.get("count", [0, 4])
                    count = self.rng.randint(low, high)
                    made += [self.make(kind, index, parent) for _ in range(count)]
                    for path, value in entry.get("first", {}).items() if count else []:
                        put(made[-count].full, path, value)
                # Records below records of the same kind: two levels.
                parents = [n for n in made if n.level < 2] if above == kind.name else []

    def make(self, kind, index, parent):
        level = parent.level + 1 if parent is not None and parent.kind is kind else 0
        node = Node(kind, parent, level)
        node.list_index = index
        entry = kind.lists[index]
        source = entry.get("full_from", entry)
        operation = self.description.named(source.get("method", "GET"), source.get("path") or source["get"])
        schema = entry.get("schema") or self.generator.member_schema(operation.document, operation.answer_schema(), source.get("at", ""))
        made = self.generator.make(operation.document, schema)
        node.full = made if isinstance(made, dict) else {}
        for name in entry.get("drop", []):
            node.full.pop(name, None)
        for name in entry.get("whole", []):
            if node.full.get(name) is None:
                member = self.generator.member_schema(operation.document, schema, name)
                node.full[name] = self.generator.make(operation.document, {**member, "nullable": False})
        if kind.table.get("id") != "":
            put(node.full, kind.id, self.new_id(entry, operation.document, schema, kind.id))
        for path, values in entry.get("choose", {}).items():
            put(node.full, path, json.loads(json.dumps(self.rng.choice(values))))
        for path, value in entry.get("set", {}).items():
            put(node.full, path, json.loads(json.dumps(value)))
        if "mix" in entry:
            mix = entry["mix"]
            if isinstance(mix, dict):
                mix = mix.get(parent.full["type"], mix["*"])
            node.full.update(json.loads(json.dumps(self.rng.choice(mix))))
        for path in entry.get("ids", []):
            self.number(node.full, path.split("."))
        self.attach(kind, node)
        kind.nodes.append(node)
        return node

    def number(self, value, names):
        """Ids of their own for the elements of lists in a record."""
        for element in value.get(names[0]) or []:
            if len(names) > 1:
                self.number(element, names[1:])
            else:
                self.next_number += 1
                element["id"] = f"part-{self.next_number}"

    def blank(self, kind, index, parent):
        """A record that holds nothing yet, and is in no listing."""
        node = Node(kind, parent, parent.level + 1 if parent is not None and parent.kind is kind else 0)
        node.list_index = index
        node.full = {}
        return node

    def fresh_id(self, kind, index):
        entry = kind.lists[index]
        source = entry.get("full_from", entry)
        operation = self.description.named(source.get("method", "GET"), source.get("path") or source["get"])
        schema = entry.get("schema") or self.generator.member_schema(operation.document, operation.answer_schema(), source.get("at", ""))
        return self.new_id(entry, operation.document, schema, kind.id)

    def content(self, kind, id):
        """The bytes of a file: what was sent, or made of its id."""
        return self.contents.get((kind.name, str(id))) or file_bytes(kind.name, id)

    def attach(self, kind, node):
        """Ids for the files that a record lists."""
        file = kind.table.get("file", {})
        if "each" not in file:
            if "size" in file and self.files(kind, node):
                put(node.full, file["size"], len(file_bytes(kind.name, node.look(""))))
            return
        if not isinstance(get(node.full, file["each"]), list):
            put(node.full, file["each"], [])
        for element in get(node.full, file["each"])[:]:
            if not isinstance(element, dict):
                get(node.full, file["each"]).remove(element)
                continue
            self.next_number += 1
            put(element, file.get("id", "id"), file.get("prefix", "") + str(self.next_number))
            for path, value in file.get("set", {}).items():
                put(element, path, value)
            if "size" in file:
                put(element, file["size"], len(file_bytes(kind.name, get(element, file.get("id", "id")))))

    def new_id(self, entry, document, schema, path):
        form = entry.get("form")
        if form is None:
            member = self.generator.member_schema(document, schema, path)
            form = "number" if member.get("type") in ("integer", "number") else member.get("format", "digits")
        self.next_number += self.rng.randint(1, 9)
        number = self.next_number
        if form == "number":
            return number
        if form == "uuid":
            return str(uuid.UUID(int=self.rng.getrandbits(100) << 20 | number))
        if form == "braced":
            return "{" + str(uuid.UUID(int=self.rng.getrandbits(100) << 20 | number)) + "}"
        if form == "hex":
            return f"{number:024x}"
        return form.replace("#", str(number)) if "#" in form else str(number)

    def refer(self, node):
        """Members that name other records."""
        entry = node.kind.lists[node.list_index]
        for path, source in entry.get("refer", {}).items():
            if source.startswith(("some ", "one ", "few ", "pair ")):
                value = self.some(node, *source.split(" "))
            elif source.startswith("any "):
                others = self.kinds[source[4:]].nodes
                value = self.rng.choice(others).look("") if others else None
            else:
                value = node.look(source)
            if value != []:  # a list of none is left out
                put(node.full, path, value)
        for path, source in entry.get("copy", {}).items():
            put(node.full, path, self.copy(node, source))
        if "copied" in entry:
            node.full = self.copy(node, entry["copied"]) or {}
        for path, (source, most, *inside) in entry.get("embed", {}).items():
            held = [n for n in self.kinds[source].nodes if n.parent is None or n.parent in node.above()]
            chosen = [json.loads(json.dumps(n.full)) for n in self.rng.sample(held, self.rng.randint(0, min(most, len(held))))]
            if inside:
                chosen = [{"id": self.next_number + i + 1, inside[0]: record} for i, record in enumerate(chosen)]
                self.next_number += len(chosen)
            put(node.full, path, chosen)
        for path, sources in entry.get("join", {}).items():
            put(node.full, path, "/".join(source[1:] if source.startswith("=") else str(node.look(source)) for source in sources))

    def some(self, node, how, kind, where="", member=""):
        """One of the records of a kind ("some": or none, "few": several), its id or a member: README.md says how it is named."""
        if kind in ("earlier", "other"):
            others = node.kind.nodes[: node.kind.nodes.index(node)] if kind == "earlier" else [n for n in node.kind.nodes if n is not node]
        else:
            others = self.kinds[kind].nodes
        if where == "where":
            others, member = [n for n in others if get(n.full, member) == get(node.full, member)], ""
        elif where == "beside":
            others = [n for n in others if n.parent is node.parent]
        elif where == "under":
            others, member = [n for n in others if n.parent.look("") == node.look(member)], ""
        if how == "pair":  # one for each, in their order
            return others[node.kind.nodes.index(node) % len(others)].look(member) if others else None
        if how == "few":
            return [n.look(member) for n in self.rng.sample(others, self.rng.randint(0, min(3, len(others))))]
        return self.rng.choice(others).look(member) if others and (how == "one" or self.rng.random() < 0.6) else None

    def copy(self, node, kind):
        """Another record of a kind in the same place, whole; null for none."""
        places = [node.parent, *node.above()]
        others = [n for n in self.kinds[kind].nodes if n.parent in places and n is not node.parent]
        return json.loads(json.dumps(self.rng.choice(others).full)) if others else None

    def files(self, kind, node):
        """Id and container of each file of a record."""
        file = kind.table.get("file")
        if file is None:
            return []
        if "each" in file:
            return [(get(e, file.get("id", "id")), e) for e in get(node.full, file["each"]) or []]
        if all(get(node.full, path) == value for path, value in file.get("where", {}).items()):
            return [(node.look(""), node.full)]
        return []

    # --- what the server asks

    def listing(self, method, template, values, names, query, body):
        """The entry and records of the listing that a request means; None where there is no such parent."""
        known = False
        for kind in self.kinds.values():
            for index, entry in enumerate(kind.lists):
                if entry["method"] != method or shape(entry["path"]) != shape(template):
                    continue
                known = True
                found, parent = self.bound(kind, entry, dict(zip(names, values)), query, body)
                if found:
                    nodes = [n for n in kind.nodes if n.list_index == index and n.parent is parent]
                    if entry.get("same_as"):
                        nodes = [n for n in self.kinds[entry["same_as"]].nodes if n.parent is parent or parent is None]
                    return kind, entry, nodes, parent
        return ("known" if known else "unknown"), None, None, None

    def beside(self, kind, entry, parent):
        """Other kinds that the same answer holds, with the place of each."""
        for other in self.kinds.values():
            for index, its in enumerate(other.lists):
                if other is not kind and its["path"] == entry["path"] and its.get("under") == entry.get("under") and its.get("at") != entry.get("at"):
                    yield its["at"], [(n, its) for n in other.nodes if n.list_index == index and n.parent is parent]

    def bound(self, kind, entry, values, query, body):
        binds = dict(entry.get("bind", {}))
        above = entry.get("under")
        names = list(values)
        if above:
            path = ""
            for name in reversed(names):
                if name not in binds:
                    binds[name] = path
                    path = "^." + path
        candidates = [None]
        if above:
            candidates = [n for name in (above if isinstance(above, list) else [above]) for n in self.kinds[name].nodes]
        for parent in candidates:
            if parent is not None and any(get(parent.full, k) != v for k, v in entry.get("where", {}).items()):
                continue
            for name, path in binds.items():
                given = values.get(name)
                if name.startswith("?"):
                    given = query.get(name[1:])
                elif name.startswith("!"):
                    given = get(body or {}, name[1:])
                if path.startswith("="):
                    wanted = path[1:]
                elif path.startswith("~"):  # the value begins with this text, the parent's id in it
                    wanted = None if parent is None else path[1:].replace("{}", str(parent.look("")))
                    given = given and given[: len(wanted or "")]
                elif path == "-":  # must not be given
                    wanted = None
                    given = given or None
                else:
                    wanted = None if parent is None else parent.look(path)
                if (given is None) != (wanted is None) or (wanted is not None and str(given) != str(wanted)):
                    break
            else:
                return True, parent
        return False, None

    def detail(self, method, template, values):
        """The record that a request for one means; without a node where there is none, without a kind where it means none."""
        known = None
        for kind in self.kinds.values():
            for entry in kind.lists:
                details = entry.get("detail")
                for path in [details] if isinstance(details, str) else details or []:
                    way, _, path = path.rpartition(" ")
                    if (way or "GET") != method or shape(path) != shape(template):
                        continue
                    known = kind
                    for node in kind.nodes:
                        wanted = [node.look(p) for p in entry.get("detail_bind", [""])]
                        if [str(w) for w in wanted] == values[-len(wanted):]:
                            return kind, entry, node
        return known, None, None

    def gone(self, node):
        """Whether a record that is still listed counts as deleted."""
        return False

    # --- what a backup must hold

    def truth(self):
        """Stream to its records."""
        streams = {}
        for kind in self.kinds.values():
            if kind.stream is None:
                continue
            for node in kind.nodes:
                entry = kind.lists[node.list_index]
                if any(get(node.full, k) != v for k, v in entry.get("keep", {}).items()):
                    continue
                for stream in kind.stream if isinstance(kind.stream, list) else [kind.stream]:
                    streams.setdefault(stream, []).append(node)
        return streams


def shape(template):
    out, inside = [], False
    for character in template:
        if character == "{":
            inside = True
            out.append("{}")
        elif character == "}":
            inside = False
        elif not inside:
            out.append(character)
    return "".join(out).rstrip("/")
