#!/usr/bin/env python3
"""Checks recorded traffic against the vendors' own API descriptions.

usage: validate_traffic.py LOG...           logs as ApiServer::write_log() makes them
       validate_traffic.py --run PROGRAM [ARGUMENT...]
                                            runs PROGRAM, which writes the log named by
                                            PROBACKUP_TRAFFIC_LOG (without arguments: by its
                                            only argument), then checks it

PROBACKUP_SPECS names the folder with the descriptions (asana.yaml, github.json, trello.json, redmine.yaml:
OpenAPI 3.0; monday.graphql: GraphQL). Without it nothing is checked and the script ends with 77, which ctest reads as "skipped".
For each request, its path and its query parameters are looked up in the description, and its JSON body is
validated; each answer's body is validated against the schema of its status. Prints counts and every kind of
mismatch once; ends with 1 if there is any.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import warnings

SKIP = 77
if not os.environ.get("PROBACKUP_SPECS"):
    print("SKIP: PROBACKUP_SPECS names no folder with API descriptions")
    sys.exit(SKIP)

import jsonschema  # python3-jsonschema

from graphql_schema import Document, Schema

# Faults that leave a proper answer.
HARMLESS = {"none", "slow", "data_changes"}

# Where the official description itself is wrong: (app, JSON pointer, what stands there instead, reason).
NULLABLE_ID = {"type": "string", "pattern": "^[0-9a-f]{24}$", "nullable": True}
NULLABLE_TEXT = {"type": "string", "nullable": True}
OBJECTS = {"type": "array", "items": {"type": "object"}}
SCHEMAS = "#/components/schemas/"
PATHS = "#/paths/"
JSON_BODY = "/requestBody/content/application~1json/schema"
TEXTS = {"type": "object", "properties": {name: {"type": "string"} for name in ("text", "number", "checked", "date")}}
ID = {"$ref": SCHEMAS + "TrelloID"}
OPTION = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": TEXTS, "color": {"type": "string"}, "pos": {"$ref": SCHEMAS + "posStringOrNumber"}},
}
NULLABLE_OBJECT = {"type": "object", "nullable": True}
CORRECTIONS = [
    ("asana", SCHEMAS + "TaskResponse/allOf/1/properties/parent", NULLABLE_OBJECT, "its own text: null if this is no subtask"),
    ("asana", SCHEMAS + "TaskSetParentRequest/properties/parent", NULLABLE_TEXT, "its own text: null for no parent"),
    ("asana", SCHEMAS + "ProjectResponse/allOf/1/properties/team", NULLABLE_OBJECT, "workspaces that are no organizations have no teams"),
    ("asana", SCHEMAS + "WorkspaceResponse/allOf/1/properties/email_domains/items", {"type": "string"}, "its own example is no URI"),
    ("asana", SCHEMAS + "StatusUpdateBase/allOf/1/required", ["status_type"], "the guide to rich text: html_text may stand in for text"),
    *[
        ("asana", SCHEMAS + name + "/allOf/1/properties/custom_fields", {"type": "object"}, "values are objects, lists and numbers as well, says the member of the same name in its answer")
        for name in ("TaskRequestBase", "ProjectRequest", "ProjectUpdateRequest", "PortfolioUpdateRequest", "GoalUpdateRequest")
    ],
    ("trello", SCHEMAS + "Board/properties/descData", {"type": "object", "nullable": True}, "holds emoji as an object; null without any"),
    ("trello", SCHEMAS + "Board/properties/idOrganization", NULLABLE_ID, "null for a board outside of any Workspace"),
    ("trello", SCHEMAS + "Board/properties/memberships", OBJECTS, "the object definitions say: array of objects"),
    ("trello", SCHEMAS + "Board/properties/powerUps", {"type": "array"}, "the object definitions say: array of strings"),
    ("trello", SCHEMAS + "Board/properties/idTags", {"type": "array"}, "the object definitions say: array of strings"),
    ("trello", SCHEMAS + "Prefs/properties/background", {"type": "string"}, "the name of a colour, unless it is an uploaded picture's id"),
    ("trello", SCHEMAS + "Prefs/properties/backgroundImage", NULLABLE_TEXT, "null with a colour as background"),
    ("trello", SCHEMAS + "Prefs/properties/backgroundImageScaled", {"type": "array", "nullable": True}, "null with a colour as background"),
    ("trello", SCHEMAS + "Card/properties/labels", {"type": "array", "items": {"$ref": SCHEMAS + "Label"}}, "the object definitions say: array of labels"),
    ("trello", SCHEMAS + "TrelloList/properties/softLimit", NULLABLE_TEXT, "null where no limit is set"),
    ("trello", SCHEMAS + "Member/properties/idEnterprise", NULLABLE_ID, "null for members of no enterprise"),
    ("trello", SCHEMAS + "Member/properties/uploadedAvatarHash", NULLABLE_TEXT, "null for members without a picture"),
    ("trello", SCHEMAS + "Organization/properties/memberships", OBJECTS, "memberships are objects at boards, too"),
    ("trello", SCHEMAS + "Attachment/properties/bytes", {"type": "integer", "nullable": True}, "the object definitions say: integer"),
    ("trello", SCHEMAS + "Prefs/properties/permissionLevel", {"type": "string", "enum": ["org", "private", "public"]}, "as POST /boards takes it"),
    ("trello", SCHEMAS + "CheckItem/properties/nameData", {"type": "object", "nullable": True}, "holds emoji as an object, as descData does"),
    ("trello", SCHEMAS + "CheckItem/properties/pos", {"type": "number"}, "the example is a number"),
    ("trello", PATHS + "~1cards~1{idCard}~1customField~1{idCustomField}~1item/put" + JSON_BODY, {"type": "object", "properties": {"value": TEXTS, "idValue": ID}}, "every body fits both of `oneOf`; values are texts, as they are in CustomFieldItems"),
    ("trello", PATHS + "~1cards~1{idCard}~1customFields/put" + JSON_BODY + "/properties/customFieldItems/items/properties/idCustomField", ID, "ids have 24 digits"),
    ("trello", PATHS + "~1cards~1{id}~1attachments/post/responses/200/content/application~1json/schema", {"$ref": SCHEMAS + "Attachment"}, "one attachment is made"),
    ("trello", PATHS + "~1customFields/post" + JSON_BODY + "/properties/options", {"type": "array", "items": OPTION}, "the guide to custom fields: a list of options"),
    ("trello", PATHS + "~1customFields~1{id}~1options/post/requestBody", {"content": {"application/json": {"schema": OPTION}}}, "not described; the guide to custom fields"),
    ("trello", PATHS + "~1lists~1{id}~1closed/put/parameters/value/schema", {"type": "boolean"}, "its own description: true closes the list"),
    ("trello", PATHS + "~1lists~1{id}~1{field}/put/parameters/value/schema", {}, "every text fits several of `oneOf`"),
    ("trello", "#/paths/~1boards~1{id}~1memberships/get/responses/200/content/application~1json/schema", OBJECTS, "a listing of memberships, described as one"),
    ("trello", "#/paths/~1boards~1{id}~1plugins/get/responses/200/content/application~1json/schema", OBJECTS, "a listing of plugins, described as one"),
    ("trello", "#/paths/~1cards~1{id}/get/parameters/attachments/schema", {"type": "string", "enum": ["true", "false", "cover"]}, "`type` contradicts `oneOf` there"),
]

# Values that a list parameter may hold beside those of the description: (app, parameter), values, where.
LIST_VALUES = {
    ("asana", "opt_fields"): ({"gid", "resource_type"}, "members of every record (schema AsanaResource)"),
}

# Parameters that the vendor documents in prose only: (app, path templates, names, where).
PARAMETERS = [
    (
        "trello",
        r"/boards/\{id\}/cards(/\{filter\})?",
        "filter limit before since fields attachments attachment_fields checklists members member_fields"
        " membersVoted customFieldItems stickers pluginData actions".split(),
        "guides/rest-api/nested-resources, Cards Nested Resource",
    ),
    ("trello", r"/boards/\{id\}/(members|checklists)", ["fields", "filter", "checkItems"], "the same page"),
    ("trello", r"/cards/\{id\}/actions", ["limit", "before", "since"], "the same page, Actions Nested Resource"),
    ("trello", r"/organizations/\{id\}(/members)?", ["fields", "filter"], "the same page, Organizations Nested Resource"),
]


def load(folder, app):
    path = os.path.join(folder, app + ".graphql")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return GraphqlDescription(app, file.read())
    for name in (app + ".json", app + ".yaml"):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            if name.endswith(".json"):
                return json.load(file)
            import yaml  # python3-yaml, for descriptions in YAML only

            return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return None


def pointer_parts(pointer):
    return [p.replace("~1", "/").replace("~0", "~") for p in pointer.lstrip("#").split("/")[1:]]


def correct(spec, app):
    for of, pointer, value, _ in CORRECTIONS:
        if of != app:
            continue
        *parents, last = pointer_parts(pointer)
        node = spec
        for part in parents:
            if isinstance(node, list) and part.isdigit():
                node = node[int(part)]
            elif isinstance(node, list):  # of parameters, which have names
                node = next(entry for entry in node if entry.get("name") == part)
            else:
                node = node[part]
        node[last] = value


def to_json_schema(node):
    """OpenAPI 3.0 as JSON Schema draft 4: `nullable` becomes a type. It counts beside $ref, too, and in any part of
    an allOf: vendors write so that what they refer to there may be null."""
    if isinstance(node, list):
        return [to_json_schema(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    out = {key: to_json_schema(value) for key, value in node.items() if key not in ("example", "examples")}
    nullable = out.pop("nullable", False) is True
    if any(isinstance(part, dict) and part.get("nullable") is True for part in node.get("allOf", [])):
        out["allOf"] = [to_json_schema({k: v for k, v in part.items() if k != "nullable"}) for part in node["allOf"]]
        nullable = True
    if "$ref" in node and isinstance(node["$ref"], str):
        out = {"$ref": node["$ref"]}
    if nullable:
        out = {"anyOf": [{"type": "null"}, out]}
    return out


FORMATS = jsonschema.FormatChecker(formats=())
DATE = r"\d{4}-\d{2}-\d{2}"
for name, pattern in {
    "date-time": DATE + r"T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})",
    # Trello writes "date" and sends date-times everywhere.
    "date": DATE + r"(T\d{2}:\d{2}:\d{2}(\.\d+)?Z)?",
    "uri": r"[a-z][a-z0-9+.-]*:\S*|",
    "url": r"https?://\S+",
    "email": r"\S+@\S+",
}.items():
    FORMATS.checks(name)(lambda value, p=re.compile(pattern): not isinstance(value, str) or bool(p.fullmatch(value)))
FORMATS.checks("int64")(lambda value: not isinstance(value, int) or -(2**63) <= value < 2**63)


def what_is_wrong(error):
    """One text for all values that are wrong in the same way."""
    if error.validator == "type":
        return f"{type(error.instance).__name__} where {error.validator_value} is described"
    if error.validator in ("enum", "pattern", "format"):
        return f"{str(error.instance)[:60]!r} does not fit {error.validator} {str(error.validator_value)[:80]}"
    return f"{error.validator}: {error.message[-160:]}"


class Description:
    def __init__(self, app, spec):
        correct(spec, app)
        self.app = app
        self.spec = spec
        self.prefix = re.sub(r"^[a-z]+://[^/]*", "", spec.get("servers", [{"url": ""}])[0]["url"]).rstrip("/")
        self.schemas = {"components": to_json_schema(spec.get("components", {}))}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the newer way is missing in Debian 12
            self.resolver = jsonschema.RefResolver.from_schema(self.schemas)
        self.templates = [([s for s in path.strip("/").split("/")], path) for path in spec["paths"]]
        self.found = {}

    def deref(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.spec
            for part in pointer_parts(node["$ref"]):
                target = target[part]
            node = target
        return node

    def template(self, path):
        """The path template with the most literal segments that fits."""
        if not path.startswith(self.prefix):
            return None
        segments = path[len(self.prefix) :].strip("/").split("/")
        best, best_literals = None, -1
        for parts, template in self.templates:
            if len(parts) != len(segments):
                continue
            literals = 0
            for part, segment in zip(parts, segments):
                if part == segment:
                    literals += 1
                elif "{" not in part:
                    break
            else:
                if literals > best_literals:
                    best, best_literals = template, literals
        return best

    def operation(self, method, template):
        item = self.deref(self.spec["paths"][template])
        operation = item.get(method.lower())
        if operation is None:
            return None, []
        given = list(item.get("parameters", [])) + list(operation.get("parameters", []))
        return operation, [self.deref(parameter) for parameter in given]

    def errors(self, schema, value):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            validator = jsonschema.Draft4Validator(
                to_json_schema(schema), resolver=self.resolver, format_checker=FORMATS
            )
            for error in validator.iter_errors(value):
                # Of alternatives, the errors inside the one that fits best say what is wrong.
                while error.context:
                    error = jsonschema.exceptions.best_match([error])
                    if error.context:
                        error = min(error.context, key=lambda e: -len(e.absolute_path))
                where = ".".join("*" if isinstance(p, int) else p for p in error.absolute_path)
                yield f"{where or 'it'}: {what_is_wrong(error)}"


def parameter_errors(description, parameter, text):
    schema = description.deref(parameter.get("schema", {}))
    # "`all` or a comma-separated list": each entry of the list is to be one of the enum.
    if "comma-separated" in parameter.get("description", ""):
        schema = description.deref(schema.get("items", schema))
        if text == "all" or "enum" not in schema:
            return
        more, _ = LIST_VALUES.get((description.app, parameter["name"]), (set(), ""))
        for entry in text.split(","):
            if entry not in more:
                yield from description.errors(schema, entry)
        return
    yield from description.errors(schema, parameter_value(schema, text))


def parameter_value(schema, text):
    """A query parameter's text as the schema's type, if it can be read as such."""
    if schema.get("type") == "string":
        return text
    kinds = {schema.get("type")} | {s.get("type") for s in schema.get("oneOf", []) + schema.get("anyOf", [])}
    if kinds & {"integer", "number"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    return text.split(",") if "array" in kinds else text


class Report:
    def __init__(self):
        self.counts = collections.Counter()
        self.mismatches = collections.Counter()

    def add(self, what):
        self.mismatches[what] += 1


def sent_in_body(entry):
    """What a JSON object or a form holds; None for a body that is neither."""
    kind = next((value for name, value in entry["headers"] if name == "content-type"), "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(urllib.parse.parse_qsl(entry["body"], keep_blank_values=True))
    if not kind.startswith("application/json") or not entry["body"]:
        return None
    body = json.loads(entry["body"])
    return body if isinstance(body, dict) else None


def check_body(description, entry, operation, known, report):
    """Returns the names in the body. They are those of the described body, or of query parameters,
    which Trello takes from there as well ("may also be replaced with a JSON request body")."""
    body = sent_in_body(entry)
    if body is None or entry["status"] >= 400:  # what is refused may be wrong
        return set()
    place = f"{entry['method']} {description.template(entry['path'])}"
    described = description.deref(operation.get("requestBody", {})).get("content", {})
    schema = described.get("application/json", {}).get("schema")
    names = set()
    for part in [description.deref(schema or {})] + (schema or {}).get("oneOf", []):
        names |= set(description.deref(part).get("properties", {}))
    if schema is not None:
        report.counts["bodies validated"] += 1
        for error in description.errors(schema, {k: v for k, v in body.items() if k not in known}):
            report.add(f"{place}: body: {error}")
    for name, value in body.items():
        if name in known:
            report.counts["parameters in bodies validated"] += 1
            for error in description.errors(known[name].get("schema", {}), value):
                report.add(f"{place}: parameter {name} in the body: {error}")
        elif name not in names:
            report.add(f"{place}: {name} in the body is not described")
    return set(body)


def check_request(description, entry, template, operation, parameters, report):
    place = f"{entry['method']} {template}"
    known = {p["name"]: p for p in parameters if p["in"] == "query"}
    in_body = check_body(description, entry, operation, known, report) if description.app == "trello" else set()
    extra = set()
    for of, pattern, names, _ in PARAMETERS:
        if of == description.app and re.fullmatch(pattern, template):
            extra |= set(names)
    for name, value in entry["query"]:
        if value == "***":
            continue  # credentials
        if name not in known:
            if name not in extra:
                report.add(f"{place}: unknown query parameter {name}")
            continue
        for error in parameter_errors(description, known[name], value):
            report.add(f"{place}: query parameter {name}: {error}")
    given = {name for name, _ in entry["query"]} | in_body
    if entry["status"] >= 400:
        return  # refused, perhaps for what is missing
    for name, parameter in known.items():
        if parameter.get("required") and name not in given:
            report.add(f"{place}: query parameter {name} is missing")


def check_json_body(description, entry, template, operation, report):
    """A JSON body that the server accepted: its schema, and that it has no member of another name."""
    content = description.deref(operation.get("requestBody", {})).get("content", {})
    schema = description.deref(content.get("application/json", {}).get("schema", {}))
    if entry["status"] >= 400 or not schema or not entry["body"]:
        return
    place = f"{entry['method']} {template}"
    try:
        body = json.loads(entry["body"])
    except ValueError as error:
        report.add(f"{place}: the request's body is not JSON: {error}")
        return
    report.counts["request bodies validated"] += 1
    for error in description.errors(schema, body):
        report.add(f"{place}: request: {error}")
    known = schema.get("properties")
    if known and isinstance(body, dict):
        for name in sorted(set(body) - set(known)):
            report.add(f"{place}: request: unknown member {name}")
    if description.app == "asana" and isinstance(body, dict) and isinstance(body.get("data"), dict):
        inner = members(description, schema.get("properties", {}).get("data", {}))
        for name in sorted(body["data"]) if inner else []:
            if name not in inner:
                report.add(f"{place}: request: unknown member data.{name}")
            elif inner[name].get("readOnly"):
                report.add(f"{place}: request: data.{name} is read only")


def members(description, schema):
    """The members of an object by name, those of all its parts."""
    schema = description.deref(schema)
    out = {}
    for part in schema.get("allOf", []) + schema.get("oneOf", []):
        out |= members(description, part)
    for name, value in schema.get("properties", {}).items():
        out[name] = description.deref(value)
    return out


def check_answer(description, entry, template, operation, report):
    if entry["fault"] not in HARMLESS or (entry["answer_bytes"] and not entry["answer"]):
        report.counts["answers left out (faults, files)"] += 1
        return
    if entry["status"] == 304:  # any GET with a validator may be answered so (RFC 9110, 15.4.5)
        report.counts["not modified"] += 1
        return
    place = f"{entry['method']} {template} -> {entry['status']}"
    responses = operation.get("responses", {})
    response = responses.get(str(entry["status"]), responses.get(entry["status"]))
    if response is None:
        response = responses.get("default") if entry["status"] < 400 else None
    if response is None:
        if entry["status"] < 400:
            report.add(f"{place}: not a described status")
        report.counts["refusals that are not described"] += 1
        return
    schema = description.deref(response).get("content", {}).get("application/json", {}).get("schema")
    if not entry["answer_type"].startswith("application/json") or not entry["answer"]:
        report.counts["answers without JSON"] += 1
        return
    try:
        body = json.loads(entry["answer"])
    except ValueError as error:
        report.add(f"{place}: not JSON: {error}")
        return
    if schema is None:
        report.counts["answers whose body is not described"] += 1
        return
    report.counts["answers validated"] += 1
    listed = body.get("data") if isinstance(body, dict) else body
    report.counts["records in them"] += len(listed) if isinstance(listed, list) else 1
    for error in description.errors(schema, body):
        report.add(f"{place}: {error}")


def check(entry, description, report):
    path = entry["path"]
    if description.app == "github":
        # Link headers name a repository by its number: /repositories/1/issues is /repos/O/R/issues.
        path = re.sub(r"^/repositories/\d+", "/repos/owner/repo", path)
        if path == "/graphql":
            report.counts["GraphQL requests (another description)"] += 1
            return
    if description.app == "trello" and "/download/" in path:
        report.counts["downloads (documented in prose)"] += 1
        return
    template = description.template(path)
    if template is None:
        if entry["status"] == 404:
            report.counts["requests refused as unknown"] += 1
        else:
            report.add(f"{entry['method']} {path}: no such path")
        return
    operation, parameters = description.operation(entry["method"], template)
    if operation is None:
        report.add(f"{entry['method']} {template}: no such method")
        return
    report.counts["requests validated"] += 1
    check_request(description, entry, template, operation, parameters, report)
    check_answer(description, entry, template, operation, report)
    if description.app in ("asana", "github"):
        check_json_body(description, entry, template, operation, report)


class GraphqlDescription:
    """A schema in GraphQL's own language, and the documents that were seen."""

    def __init__(self, app, text):
        self.app = app
        self.schema = Schema(text)
        self.documents = {}

    def document(self, text):
        if text not in self.documents:
            self.documents[text] = Document(self.schema, text)
        return self.documents[text]


def check_graphql(entry, description, report):
    """A GraphQL request (a form with a file has its document in the part `query`) and its answer."""
    if entry["path"].startswith("/files/"):
        report.counts["downloads"] += 1
        return
    try:
        body = json.loads(entry["body"])
        document = description.document(body["query"])
    except (ValueError, KeyError) as error:
        report.add(f"{entry['method']} {entry['path']}: no GraphQL request: {error}")
        return
    report.counts["requests validated"] += 1
    place = f"{document.operation} {document.selections[-1][1]}"
    variables = body.get("variables") or {}
    if "variables[file]" in body:
        variables = {"file": body["variables[file]"]}
    if entry["answer"].startswith('{"errors"'):
        report.counts["refusals"] += 1  # what is refused may be wrong
        return
    for problem in document.problems + list(document.variable_problems(variables)):
        report.add(f"{place}: {problem}")
    if entry["fault"] not in HARMLESS or not entry["answer"] or entry["status"] != 200:
        report.counts["answers left out (faults)"] += 1
        return
    answer = json.loads(entry["answer"])
    report.counts["answers validated"] += 1
    for problem in document.answer_problems(answer["data"]):
        report.add(f"{place} ->: {problem}")


def check_logs(logs, folder):
    descriptions = {}
    reports = collections.defaultdict(Report)
    for log in logs:
        with open(log, encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                app = entry["app"]
                if app not in descriptions:
                    spec = load(folder, app)
                    descriptions[app] = Description(app, spec) if isinstance(spec, dict) else spec
                if descriptions[app] is None:
                    reports[app].counts["without a description"] += 1
                elif isinstance(descriptions[app], GraphqlDescription):
                    check_graphql(entry, descriptions[app], reports[app])
                else:
                    check(entry, descriptions[app], reports[app])
    failed = False
    for app, report in sorted(reports.items()):
        print(f"{app}:")
        for what, count in sorted(report.counts.items()):
            print(f"  {count:6} {what}")
        for what, count in report.mismatches.most_common():
            print(f"  MISMATCH ({count}x) {what}")
        failed = failed or bool(report.mismatches)
    return 1 if failed or not reports else 0


def main(arguments):
    folder = os.environ["PROBACKUP_SPECS"]
    if arguments[:1] == ["--run"]:
        with tempfile.TemporaryDirectory() as temporary:
            log = os.path.join(temporary, "traffic.jsonl")
            named = [] if len(arguments) > 2 else [log]
            subprocess.run(arguments[1:] + named, check=True, env={**os.environ, "PROBACKUP_TRAFFIC_LOG": log})
            return check_logs([log], folder)
    if not arguments:
        print(__doc__)
        return 2
    return check_logs(arguments, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
