"""Checks GraphQL requests and answers against a schema written in SDL: what a server's own validation would refuse.

Debian 12 has no GraphQL library that reads today's SDL, so the part that is needed is here: documents are parsed; fields,
arguments, variables, fragments and the shapes of answers are checked. https://spec.graphql.org/October2021/
"""

import re

TOKEN = re.compile(
    r'"""(?:\\"""|[\s\S])*?"""|"(?:\\.|[^"\\\n])*"|\.\.\.|[A-Za-z_]\w*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[!$&()=:@\[\]{|}]'
)
SKIPPED = re.compile(r"(?:[\s,]+|#[^\n]*)*")
BUILT_IN = ("Int", "Float", "String", "Boolean", "ID")


class Tokens:
    def __init__(self, text):
        self.all, at = [], SKIPPED.match(text).end()
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"not GraphQL: {text[at:at + 30]!r}")
            self.all.append(match.group())
            at = SKIPPED.match(text, match.end()).end()
        self.at = 0

    def peek(self):
        return self.all[self.at] if self.at < len(self.all) else ""

    def next(self):
        token = self.peek()
        self.at += 1
        return token

    def take(self, token):
        if self.peek() == token:
            self.at += 1
            return True
        return False

    def expect(self, token):
        found = self.next()
        if found != token:
            raise ValueError(f"expected {token!r}, not {found!r}")

    def type(self):
        if self.take("["):
            out = [self.type()]
            self.expect("]")
        else:
            out = self.next()
        return ("!", out) if self.take("!") else out

    def value(self):
        token = self.next()
        if token == "$":
            return ("$", self.next())
        if token == "[":
            out = []
            while not self.take("]"):
                out.append(self.value())
            return ("list", out)
        if token == "{":
            out = {}
            while not self.take("}"):
                name = self.next()
                self.expect(":")
                out[name] = self.value()
            return ("object", out)
        if token.startswith('"'):
            return ("text", token)
        if re.fullmatch(r"-?\d+", token):
            return ("int", token)
        if re.match(r"-?\d", token):
            return ("float", token)
        return {"true": ("bool", True), "false": ("bool", False), "null": ("null", None)}.get(token, ("enum", token))

    def directives(self):
        while self.take("@"):
            self.next()
            if self.take("("):
                while not self.take(")"):
                    self.next()
                    self.expect(":")
                    self.value()


def printed(wanted):
    if isinstance(wanted, tuple):
        return printed(wanted[1]) + "!"
    return f"[{printed(wanted[0])}]" if isinstance(wanted, list) else wanted


def bare(wanted):
    """The named type inside of lists and non-nulls."""
    while not isinstance(wanted, str):
        wanted = wanted[1] if isinstance(wanted, tuple) else wanted[0]
    return wanted


class Schema:
    def __init__(self, text):
        self.fields = {}  # of types, interfaces and inputs: name to (type, {argument: (type, has a default)})
        self.kinds = {name: "scalar" for name in BUILT_IN}
        self.members = {}  # of unions and interfaces: the object types
        self.values = {}  # of enums
        self.roots = {"query": "Query", "mutation": "Mutation"}
        tokens = Tokens(text)
        while tokens.peek():
            if tokens.peek().startswith('"'):
                tokens.next()
            else:
                self.definition(tokens)

    def definition(self, tokens):
        kind = tokens.next()
        if kind == "schema":
            tokens.directives()
            tokens.expect("{")
            while not tokens.take("}"):
                operation = tokens.next()
                tokens.expect(":")
                self.roots[operation] = tokens.next()
            return
        if kind == "directive":
            tokens.expect("@")
            tokens.next()
            if tokens.take("("):
                self.arguments(tokens, ")")
            tokens.take("repeatable")
            tokens.expect("on")
            tokens.take("|")
            tokens.next()
            while tokens.take("|"):
                tokens.next()
            return
        name = tokens.next()
        self.kinds[name] = kind
        if kind in ("type", "interface"):
            self.object(tokens, name, kind)
        elif kind == "input":
            tokens.directives()
            tokens.expect("{")
            self.fields[name] = {n: (t, d) for n, (t, d) in self.arguments(tokens, "}").items()}
        elif kind == "union":
            tokens.directives()
            tokens.expect("=")
            tokens.take("|")
            self.members.setdefault(name, set()).add(tokens.next())
            while tokens.take("|"):
                self.members[name].add(tokens.next())
        elif kind == "enum":
            tokens.directives()
            tokens.expect("{")
            self.values[name] = set()
            while not tokens.take("}"):
                if not tokens.peek().startswith('"'):
                    self.values[name].add(tokens.next())
                    tokens.directives()
                else:
                    tokens.next()
        elif kind == "scalar":
            tokens.directives()
        else:
            raise ValueError(f"unknown definition {kind}")

    def object(self, tokens, name, kind):
        if tokens.take("implements"):
            tokens.take("&")
            while tokens.peek() not in ("{", "@"):
                if kind == "type":
                    self.members.setdefault(tokens.peek(), set()).add(name)
                tokens.next()
                tokens.take("&")
        tokens.directives()
        tokens.expect("{")
        fields = self.fields[name] = {}
        while not tokens.take("}"):
            if tokens.peek().startswith('"'):
                tokens.next()
                continue
            field = tokens.next()
            arguments = self.arguments(tokens, ")") if tokens.take("(") else {}
            tokens.expect(":")
            fields[field] = (tokens.type(), arguments)
            tokens.directives()

    @staticmethod
    def arguments(tokens, end):
        out = {}
        while not tokens.take(end):
            if tokens.peek().startswith('"'):
                tokens.next()
                continue
            name = tokens.next()
            tokens.expect(":")
            wanted = tokens.type()
            has_default = tokens.take("=")
            if has_default:
                tokens.value()
            tokens.directives()
            out[name] = (wanted, has_default)
        return out

    def possible(self, name):
        return self.members.get(name, set()) if self.kinds.get(name) in ("union", "interface") else {name}

    def is_leaf(self, name):
        return self.kinds.get(name) in ("scalar", "enum")


def selections(tokens):
    """A list of (alias, name, arguments, selections) and of ("...", type or None, None, selections)."""
    tokens.expect("{")
    out = []
    while not tokens.take("}"):
        if tokens.take("..."):
            on = tokens.next() if tokens.take("on") else None
            tokens.directives()
            out.append(("...", on, None, selections(tokens)))
            continue
        alias = name = tokens.next()
        if tokens.take(":"):
            name = tokens.next()
        arguments = {}
        if tokens.take("("):
            while not tokens.take(")"):
                argument = tokens.next()
                tokens.expect(":")
                arguments[argument] = tokens.value()
        tokens.directives()
        out.append((alias, name, arguments, selections(tokens) if tokens.peek() == "{" else None))
    return out


class Document:
    """One operation, held against a schema. `problems` says what the schema does not allow."""

    def __init__(self, schema, text):
        self.schema, self.problems = schema, []
        tokens = Tokens(text)
        self.operation = "query"
        self.variables = {}  # name to (type, has a default)
        if tokens.peek() != "{":
            self.operation = tokens.next()
            if tokens.peek() not in ("(", "{", "@"):
                tokens.next()
            if tokens.take("("):
                while not tokens.take(")"):
                    tokens.expect("$")
                    name = tokens.next()
                    tokens.expect(":")
                    wanted = tokens.type()
                    has_default = tokens.take("=")
                    if has_default:
                        tokens.value()
                    self.variables[name] = (wanted, has_default)
            tokens.directives()
        self.root = schema.roots.get(self.operation)
        if self.root is None:
            raise ValueError(f"there is no operation {self.operation!r}")
        self.selections = selections(tokens)
        if tokens.peek():
            raise ValueError(f"{tokens.peek()!r} behind the operation")
        self.used = set()
        self.check(self.root, self.selections, "")
        self.problems += [f"variable ${name} is not used" for name in self.variables.keys() - self.used]
        for name, (wanted, _) in self.variables.items():
            if bare(wanted) not in schema.kinds:
                self.problems.append(f"variable ${name}: there is no type {bare(wanted)}")

    def check(self, on, fields, path):
        shapes = {}
        self.check_fields(on, fields, path, shapes)

    def check_fields(self, on, fields, path, shapes):
        for alias, name, arguments, below in fields:
            if alias == "...":
                inner = name or on
                if inner not in self.schema.kinds:
                    self.problems.append(f"{path}: there is no type {inner}")
                elif not self.schema.possible(inner) & self.schema.possible(on):
                    self.problems.append(f"{path}: a {on} is never a {inner}")
                else:
                    self.check_fields(inner, below, path, shapes)
                continue
            where = f"{path}.{name}" if path else name
            if name == "__typename":
                continue
            known = self.schema.fields.get(on, {}).get(name)
            if known is None:
                self.problems.append(f"{where}: {on} has no such field")
                continue
            wanted, described = known
            leaf = self.schema.is_leaf(bare(wanted))
            shape = printed(wanted) if leaf else re.sub(r"\w+", "", printed(wanted))
            if shapes.setdefault(alias, shape) != shape:
                self.problems.append(f"{where}: {alias} is {shape} here and {shapes[alias]} beside it")
            self.check_arguments(where, arguments, described)
            if leaf != (below is None):
                self.problems.append(f"{where}: {'no' if leaf else 'a'} selection is needed")
            elif below is not None:
                self.check(bare(wanted), below, where)

    def check_arguments(self, where, given, described):
        for name, value in given.items():
            if name not in described:
                self.problems.append(f"{where}: no argument {name}")
            else:
                self.check_literal(f"{where}({name})", value, *described[name])
        for name, (wanted, has_default) in described.items():
            if isinstance(wanted, tuple) and not has_default and name not in given:
                self.problems.append(f"{where}: argument {name} is needed")

    def check_literal(self, where, value, wanted, has_default=False):
        kind, content = value
        if kind == "$":
            self.used.add(content)
            if content not in self.variables:
                self.problems.append(f"{where}: ${content} is not declared")
            elif not self.fits(self.variables[content], wanted, has_default):
                self.problems.append(f"{where}: ${content} is {printed(self.variables[content][0])}, not {printed(wanted)}")
            return
        if isinstance(wanted, tuple):
            if kind == "null":
                self.problems.append(f"{where}: null where {printed(wanted)} is needed")
            else:
                self.check_literal(where, value, wanted[1])
        elif kind == "null":
            return
        elif isinstance(wanted, list):
            for entry in content if kind == "list" else [value]:
                self.check_literal(where, entry, wanted[0])
        elif self.schema.kinds.get(wanted) == "enum":
            if kind != "enum" or content not in self.schema.values[wanted]:
                self.problems.append(f"{where}: {content} is no {wanted}")
        elif self.schema.kinds.get(wanted) == "input":
            if kind != "object":
                self.problems.append(f"{where}: {wanted} is an object")
            else:
                self.check_arguments(where, content, self.schema.fields[wanted])
        else:
            allowed = {"Int": {"int"}, "Float": {"int", "float"}, "String": {"text"}, "Boolean": {"bool"}, "ID": {"text", "int"}}
            if wanted in allowed and kind not in allowed[wanted]:
                self.problems.append(f"{where}: {content} is no {wanted}")

    @staticmethod
    def fits(variable, wanted, argument_default):
        declared, variable_default = variable
        if isinstance(wanted, tuple) and not isinstance(declared, tuple):
            if not (variable_default or argument_default):
                return False
            wanted = wanted[1]
        return Document.covers(declared, wanted)

    @staticmethod
    def covers(declared, wanted):
        if isinstance(wanted, tuple):
            return isinstance(declared, tuple) and Document.covers(declared[1], wanted[1])
        if isinstance(declared, tuple):
            return Document.covers(declared[1], wanted)
        if isinstance(wanted, list) or isinstance(declared, list):
            return isinstance(wanted, list) and isinstance(declared, list) and Document.covers(declared[0], wanted[0])
        return declared == wanted

    def variable_problems(self, values):
        for name in values.keys() - self.variables.keys():
            yield f"variable ${name} is sent, not declared"
        for name, (wanted, has_default) in self.variables.items():
            if name in values:
                yield from self.value_problems(f"${name}", values[name], wanted)
            elif isinstance(wanted, tuple) and not has_default:
                yield f"variable ${name} is missing"

    def value_problems(self, where, value, wanted):
        """Of a value in JSON: a variable, or (with the same scalars) a leaf of an answer."""
        if isinstance(wanted, tuple):
            if value is None:
                yield f"{where}: null where {printed(wanted)} is described"
            else:
                yield from self.value_problems(where, value, wanted[1])
        elif value is None:
            return
        elif isinstance(wanted, list):
            for entry in value if isinstance(value, list) else [value]:
                yield from self.value_problems(where, entry, wanted[0])
        elif self.schema.kinds.get(wanted) == "enum":
            if value not in self.schema.values[wanted]:
                yield f"{where}: {value!r} is no {wanted}"
        elif self.schema.kinds.get(wanted) == "input":
            fields = self.schema.fields[wanted]
            if not isinstance(value, dict):
                yield f"{where}: {wanted} is an object"
                return
            for name in value.keys() - fields.keys():
                yield f"{where}: {wanted} has no {name}"
            for name, (inner, has_default) in fields.items():
                if name in value:
                    yield from self.value_problems(f"{where}.{name}", value[name], inner)
                elif isinstance(inner, tuple) and not has_default:
                    yield f"{where}: {name} is missing"
        else:
            types = {"Int": int, "Float": (int, float), "String": str, "Boolean": bool, "ID": (str, int)}
            kind = types.get(wanted)
            if kind and (not isinstance(value, kind) or (isinstance(value, bool) and wanted != "Boolean")):
                yield f"{where}: {type(value).__name__} where {wanted} is described"

    def answer_problems(self, data):
        yield from self.object_problems("", data, self.root, self.selections)

    def object_problems(self, where, value, on, fields):
        if not isinstance(value, dict):
            yield f"{where}: {type(value).__name__} where {on} is described"
            return
        of = value.get("__typename", on)
        if of not in self.schema.possible(on):
            yield f"{where}: a {of} where {on} is described"
            return
        names = set()
        yield from self.field_problems(where, value, of, fields, names)
        for name in value.keys() - names:
            yield f"{where}.{name}: was not asked for"

    def field_problems(self, where, value, of, fields, names):
        for alias, name, _, below in fields:
            if alias == "...":
                # What an abstract type is, only __typename says.
                if of in self.schema.possible(name or of):
                    yield from self.field_problems(where, value, of, below, names)
                continue
            names.add(alias)
            here = f"{where}.{alias}" if where else alias
            if name == "__typename":
                continue
            if alias not in value:
                yield f"{here}: is missing"
                continue
            wanted = self.schema.fields[of][name][0]
            yield from self.typed_problems(here, value[alias], wanted, below)

    def typed_problems(self, where, value, wanted, below):
        if below is None:
            yield from self.value_problems(where, value, wanted)
        elif isinstance(wanted, tuple):
            if value is None:
                yield f"{where}: null where {printed(wanted)} is described"
            else:
                yield from self.typed_problems(where, value, wanted[1], below)
        elif value is None:
            return
        elif isinstance(wanted, list):
            if not isinstance(value, list):
                yield f"{where}: no list"
                return
            for entry in value:
                yield from self.typed_problems(where, entry, wanted[0], below)
        else:
            yield from self.object_problems(where, value, wanted, below)
