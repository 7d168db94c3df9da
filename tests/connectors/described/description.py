"""A vendor's API description (OpenAPI 2, 3.0 or 3.1): which requests it knows, and what is wrong with one."""

import json
import os
import re

import jsonschema  # python3-jsonschema


def load_file(path):
    with open(path, encoding="utf-8") as file:
        if path.endswith(".json"):
            return json.load(file)
        import yaml  # python3-yaml

        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class Document:
    """One file of a description."""

    def __init__(self, root):
        self.root = root
        self.known = None
        url = (root.get("servers") or [{"url": root.get("basePath", "")}])[0]["url"]
        self.prefix = re.sub(r"^([a-z]+:)?//[^/]*", "", url).rstrip("/")

    def parts(self):
        """What schemas refer to, as JSON Schema."""
        if self.known is None:
            self.known = {name: json_schema(self.root[name]) for name in ("components", "definitions", "paths") if name in self.root}
        return self.known

    def resolve(self, node):
        seen = 0
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            seen += 1
            if seen > 50:
                return {}
            target = self.root
            for part in node["$ref"].lstrip("#").split("/")[1:]:
                part = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
                target = target.get(part, {}) if isinstance(target, dict) else {}
            node = target
        return node if isinstance(node, dict) else {}


class Operation:
    """One method of one path, with the parameters of both."""

    def __init__(self, document, method, path, item, details):
        self.document = document
        self.method = method
        self.path = document.prefix + path.replace(".{format}", ".json").split("?")[0]
        found = {}
        for parameter in item.get("parameters", []) + details.get("parameters", []):
            parameter = document.resolve(parameter)
            found[(parameter.get("in"), parameter.get("name"))] = parameter
        self.parameters = found
        self.details = details
        text = re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}")
        self.names = re.findall(r"{([^}]*)}", text)
        self.pattern = re.compile(re.sub(r"{[^}]*}", "([^/]+)", text) + "/?")
        self.fixed = len(re.sub(r"{[^}]*}", "", self.path))

    def answer_schema(self):
        for status, answer in sorted(self.details.get("responses", {}).items(), key=lambda pair: str(pair[0])):
            if str(status).startswith("2") or status == "default":
                answer = self.document.resolve(answer)
                if "schema" in answer:
                    return answer["schema"]
                for kind, content in answer.get("content", {}).items():
                    if "json" in kind or kind == "*/*":
                        return content.get("schema", {})
        return {}

    def good_status(self):
        """The status of its success, 200 where none is described."""
        told = sorted(int(s) for s in map(str, self.details.get("responses", {})) if re.fullmatch("2[0-9][0-9]", s))
        return told[0] if told else 200

    def form_names(self):
        """Names of the parts of a form that it takes; None for no form."""
        body = self.document.resolve(self.details.get("requestBody", {}))
        for kind, content in body.get("content", {}).items():
            if kind.startswith("multipart/"):
                schema = self.document.resolve(content.get("schema", {}))
                # A list of files: what each is called stands in the vendor's prose alone.
                return {"file"} if schema.get("type") == "array" else set(schema.get("properties") or {})
        names = {name for place, name in self.parameters if place == "formData"}
        return names or None

    def body_schema(self):
        body = self.document.resolve(self.details.get("requestBody", {}))
        for kind, content in body.get("content", {}).items():
            if "json" in kind:
                return content.get("schema", {})
        for (place, _), parameter in self.parameters.items():
            if place == "body":
                return parameter.get("schema", {})
        return None

    def problems(self, query, headers, body, undescribed=()):
        """What the description says against a request, as texts."""
        found = []
        given = {}
        for name, value in query:
            given.setdefault(name, []).append(value)
        for name, values in given.items():
            if name in undescribed:
                continue
            parameter = self.parameters.get(("query", name)) or self.parameters.get(("query", name + "[]"))
            if parameter is None:
                found.append(f"unknown query parameter {name}")
                continue
            found += [f"query parameter {name}: {p}" for p in self.value_problems(parameter, values)]
        for (place, name), parameter in self.parameters.items():
            if not parameter.get("required"):
                continue
            if place == "query" and name not in given and name not in undescribed:
                found.append(f"query parameter {name} is missing")
            if place == "header" and name.lower() not in headers and name not in undescribed:
                found.append(f"header {name} is missing")
        schema = self.body_schema()
        if schema is not None and body is not None:
            found += self.body_problems(schema, body)
        elif body is not None:
            found.append("a body is not described")
        return found

    def value_problems(self, parameter, values):
        schema = self.document.resolve(parameter.get("schema", parameter))
        kind = schema.get("type")
        if kind == "array":
            if parameter.get("explode") is False or parameter.get("collectionFormat", "multi") == "csv":
                values = [part for value in values for part in value.split(",")]
            schema = self.document.resolve(schema.get("items", {}))
            kind = schema.get("type")
        elif len(values) > 1:
            return ["is given twice"]
        problems = []
        for value in values:
            if kind == "integer" and not re.fullmatch(r"-?\d+", value):
                problems.append(f"{value!r} is no integer")
            elif kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
                problems.append(f"{value!r} is no number")
            elif kind == "boolean" and value not in ("true", "false"):
                problems.append(f"{value!r} is no boolean")
            elif "enum" in schema and value not in [v if isinstance(v, str) else json.dumps(v) for v in schema["enum"]]:
                problems.append(f"{value!r} is none of {schema['enum'][:8]}")
            elif kind in ("integer", "number"):
                if float(value) > schema.get("maximum", float("inf")) or float(value) < schema.get("minimum", float("-inf")):
                    problems.append(f"{value} is out of range")
            elif schema.get("format") == "date-time" and not re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", value):
                problems.append(f"{value!r} is no time")
        return problems

    def body_problems(self, schema, body):
        known = {**json_schema(schema), **self.document.parts()}
        checker = jsonschema.Draft4Validator(known)
        found = [f"body: {'.'.join(map(str, e.absolute_path))} {e.message[:120]}" for e in checker.iter_errors(body)]
        members = self.document.resolve(schema).get("properties")
        if members and isinstance(body, dict):
            found += [f"body: unknown member {name}" for name in body if name not in members]
        return found[:5]


def json_schema(node):
    """OpenAPI as JSON Schema: `nullable` becomes a type, oneOf anyOf; what draft 4 writes otherwise goes."""
    if isinstance(node, list):
        return [json_schema(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    out = {k: json_schema(v) for k, v in node.items() if k not in ("example", "examples", "exclusiveMinimum", "exclusiveMaximum")}
    if "oneOf" in out and "anyOf" not in out:  # alternatives of which no member is required all fit at once
        out["anyOf"] = out.pop("oneOf")
    if out.get("nullable") is True and "$ref" not in out:
        out = {"anyOf": [{"type": "null"}, {k: v for k, v in out.items() if k != "nullable"}]}
    return out


def written_document(written):
    """What a table writes down from the vendor's reference, as a description."""
    paths = {}
    for title, request in written.items():
        method, _, path = title.partition(" ")
        parameters = [{"name": name, "in": "query", "schema": {"type": kind}} for name, kind in request.get("query", {}).items()]
        details = {"parameters": parameters, "responses": {str(request.get("status", 200)): {"schema": request.get("answer", {})}}}
        kinds = {"body": "application/json", "form": "multipart/form-data"}
        if content := {kinds[name]: {"schema": request[name]} for name in kinds if name in request}:
            details["requestBody"] = {"content": content}
        paths.setdefault(path, {})[method.lower()] = details
    return {"paths": paths}


class Description:
    """All files that describe one app, and what its table adds to them."""

    def __init__(self, folder, table):
        self.operations = []
        documents = [Document(written_document(table.get("written", {})))]  # first, for what descriptions have wrong
        documents += [Document(load_file(os.path.join(folder, name))) for name in table.get("description", [])]
        for document in documents:
            for path, item in document.root["paths"].items():
                for method, details in item.items():
                    if method in ("get", "post", "put", "patch", "delete") and isinstance(details, dict):
                        self.operations.append(Operation(document, method.upper(), path, item, details))

    def find(self, method, path):
        """The operation that a path belongs to, and the values of its parameters in order; None for neither."""
        best = None
        for operation in self.operations:
            if operation.method == method and (best is None or operation.fixed > best[0].fixed):
                if match := operation.pattern.fullmatch(path):
                    best = (operation, list(match.groups()))
        return best or (None, [])

    def named(self, method, path):
        shape = re.sub(r"{[^}]*}", "{}", path)
        for operation in self.operations:
            if operation.method == method and re.sub(r"{[^}]*}", "{}", operation.path) == shape:
                return operation
        raise KeyError(f"{method} {path} is not described")
