#!/usr/bin/env python3
"""Holds the connectors and their pages against the vendors' API descriptions.

For each connector whose description lies in the folder PROBACKUP_SPECS:
- every request of the connector exists in the description, with query parameters that it knows;
- every listing of the description has a row in docs/connectors/APP.md that says what becomes of it:
      | `/boards/{id}/cards` | read: cards | why or what |
  with the verdict `read: STREAM…` (a stream asks for exactly this), `contained: STREAM…` (its records
  are part of what another stream reads) or `no` (the row says why). A `*` in a path stands for any text,
  and is only for what is not read;
- no row is left over.

Where the description is a GraphQL schema, the same is asked of every field of the root type Query: a row names it
as `boards`, and a stream asks for it when its document has it at the root.

Usage: coverage.py [APP…]. Exit code 77 (skipped) when PROBACKUP_SPECS is not set.
"""

import fnmatch
import json
import os
import re
import sys
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fake"))

from graphql_schema import Document, Schema  # noqa: E402

ROW = re.compile(r"^\| `(/[^`]*)` \| (read|contained|no)(?:: ([^|]*?))? \|(.*)\|$")

# What an expression in a path stands for, where that is not one part of the path. Several texts are
# alternatives.
EXPANSIONS = {
    "asana": {},
    "github": {
        "parent.full_name": ["{}/{}"],
        "parent.base.repo.full_name": ["{}/{}"],
        "split(parent.repository_url, '/repos/')[-1]": ["{}/{}"],
        "split(parent.assets_url, '/repos/')[-1]": ["{}/{}/releases/{}/assets"],
        "split(record.url, '/repos/')[-1]": ["{}/{}/releases/assets/{}"],
        "split(parent.url, '/repos/')[-1]": ["{}/{}/environments/{}"],
        "parent.type == 'Organization' ? 'orgs' : 'users'": ["orgs", "users"],
        "parent.owner.type == 'Organization' ? 'orgs' : 'users'": ["orgs", "users"],
    },
    "redmine": {},
    "trello": {},
}

# The file of each description. Those of other apps are named by tests/connectors/accounts/APP.json.
FILES = {"asana": "asana.yaml", "github": "github.json", "redmine": "redmine.yaml", "trello": "trello.json"}
ACCOUNTS = ROOT / "tests" / "connectors" / "accounts"
# Apps that are asked by GraphQL alone.
GRAPHQL = ["linear", "monday"]

# Requests and parameters that the description leaves out, each with the reason why we trust them.
UNDESCRIBED = {
    "asana": {},
    "github": {
        "/users/{}/packages/{}/{}/versions?per_page": "as for organisations; the description forgot it",
    },
    "redmine": {
        "/attachments/download/{}": "the name is optional (config/routes.rb of Redmine)",
        "/projects/{}/wiki/{}.json?version": "the parameter that the path of an old version fills, too",
    },
    "trello": {
        "/cards/{}/attachments/{}/download/{}": "described in the vendor's guide on attachments",
        "/boards/{}/cards/{}?": "a nested resource of cards (vendor's guide on nested resources)",
        "/boards/{}/members?": "a nested resource of members",
        "/organizations/{}/actions?": "a nested resource of actions",
        "/organizations/{}/members?": "a nested resource of members",
    },
}


def account_table(app):
    path = ACCOUNTS / f"{app}.json"
    return json.loads(path.read_text()) if app not in FILES and path.exists() else {}


def load_connector(app):
    return json.loads((ROOT / "connectors" / f"{app}.json").read_text())


def load_description(app, folder):
    """The documents of an app's description, each with what makes the connector's path of one of its; None
    where one is not there."""
    documents = []
    table = account_table(app)
    for name in table["description"] if "description" in table else [FILES[app]]:
        path = Path(folder) / name
        if not path.exists():
            return None
        if path.suffix == ".json":
            document = json.loads(path.read_text())
        else:
            try:
                import yaml
            except ImportError:
                return None
            document = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        prefix = base = ""
        if table:
            url = (document.get("servers") or [{"url": document.get("basePath", "")}])[0]["url"]
            base = table["coverage_base"] if "coverage_base" in table else table.get("base", without_host(load_connector(app)["http"]["base"]))
            prefix = without_host(url).rstrip("/")
        documents.append((document, lambda path, prefix=prefix, base=base: (prefix + path).removeprefix(base)))
    return documents


def without_host(url):
    return re.sub(r"^([a-z]+:)?//[^/]*", "", url)


def resolve(document, node):
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[urllib.parse.unquote(part).replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def members_of(document, schema):
    """The members of an object, those of its parts too."""
    schema = resolve(document, schema)
    members = {}
    for part in schema.get("allOf", []):
        members.update(members_of(document, part))
    members.update(schema.get("properties", {}))
    return members


def is_listing(app, document, get):
    """True for an answer that is a list or has one; the older descriptions say more exactly which ones are listings."""
    try:
        responses = {str(status): answer for status, answer in get["responses"].items()}
        answer = resolve(document, responses.get("200") or responses["default"])
        schema = answer["schema"] if "schema" in answer else next(iter(answer["content"].values()))["schema"]
    except (KeyError, StopIteration):
        return False
    schema = resolve(document, schema)
    if schema.get("type") == "array":
        return True
    members = members_of(document, schema)
    if resolve(document, members.get("data", {})).get("type") == "array":
        return True
    lists = [m for m in members.values() if resolve(document, m).get("type") == "array"]
    return bool(lists) and (app not in ("asana", "github") or "total_count" in members)


def described_gets(app, documents, method="get"):
    """Path as the description writes it, to (is a listing, names of query parameters)."""
    gets = {}
    for document, place in documents:
        for path, item in document["paths"].items():
            if method not in item:
                continue
            get = item[method]
            parameters = [resolve(document, p) for p in get.get("parameters", []) + item.get("parameters", [])]
            query = {p["name"].removesuffix("[]") for p in parameters if p["in"] == "query"}
            # Trello's description has few schemas and Redmine's is small: there every GET counts.
            listing = app in ("redmine", "trello") or is_listing(app, document, get)
            gets[place(path.replace(".{format}", ".json"))] = (listing, query)
    return gets


def normal(path):
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/") or "/"


def expand(app, template):
    """The paths that a template stands for, `{}` for each part that an expression fills."""
    expansions = EXPANSIONS.get(app) or account_table(app).get("expansions", {})
    paths = [""]
    for text, expression in re.findall(r"([^$]*)(?:\$\{((?:[^}'\"]|'[^']*')*)\})?", template):
        alternatives = expansions.get(expression, ["{}"]) if expression else [""]
        paths = [p + text + a for p in paths for a in alternatives]
    return paths


def requests(app, connector):
    """(stream, method, path, query parameter names) of each GET and POST that the connector sends."""
    defaults = connector.get("defaults", {})
    for name, stream in connector["streams"].items():
        for source in stream.get("from", [stream]):
            method = "get" if "get" in source else "post"
            if method not in source:
                continue
            def key(what):
                return source.get(what, stream.get(what, defaults.get(what)))
            query = set(stream.get("query", {})) | set(source.get("query", {}))
            for part in (key("page") or {}, key("since") or {}):
                if part.get("into", "").startswith("query."):
                    query.add(part["into"][len("query."):])
                if isinstance(part.get("size"), str):
                    query.add(part["size"].split("=")[0])
            for path in expand(app, source[method]):
                yield name, method, path, {q.removesuffix("[]") for q in query}
            feed = source.get("feed", {})
            for part in (feed, feed.get("start", {}), feed.get("detail", {})):
                for verb in [verb for verb in ("get", "post") if verb in part]:
                    turned = {feed["page"]["into"].removeprefix("query.")} if part is feed and "page" in feed else set()
                    for path in expand(app, part[verb]):
                        yield name, verb, path, set(part.get("query", {})) | turned
        if "get" in (detail := stream.get("detail", {})):
            for path in expand(app, detail["get"]):
                yield name, "get", path, set(detail.get("query", {}))
        for file in stream.get("files", []):
            for path in expand(app, file["get"]):
                if path.startswith("/"):
                    yield name, "get", path, set()
            if "get" in (renew := file.get("renew", {})):
                for path in expand(app, renew["get"]):
                    yield name, "get", path, set(renew.get("query", {}))


def check_requests(app, connector, gets, posts):
    """Problems of requests that the description does not know; and stream to its paths."""
    problems, asked = [], {}
    shapes = {"get": {}, "post": {}}
    for method, described in (("get", gets), ("post", posts)):
        for path, (_, query) in described.items():
            shapes[method].setdefault(normal(path), set()).update(query)
    known = UNDESCRIBED.get(app) or account_table(app).get("not_described", {})
    for stream, method, path, query in requests(app, connector):
        shape = normal(path.split("?")[0])
        by_shape = shapes[method]
        matches = [s for s in by_shape if s == shape or fits(shape, s)]
        if not matches:
            if shape not in known:
                problems.append(f"stream {stream} asks for {path}, which is not described")
            continue
        best = max(matches, key=lambda s: len(s.replace("{}", "")))
        if method == "get":
            asked.setdefault(best, set()).add(stream)
        for parameter in sorted(query - by_shape[best]):
            if not {f"{best}?", f"{best}?{parameter}", f"*?{parameter}"} & set(known):
                problems.append(f"stream {stream}: {best} has no parameter {parameter}")
    return problems, asked


def fits(shape, described):
    """True when `shape` has fixed text where the description has a parameter."""
    pattern = re.escape(described).replace(r"\{\}", "[^/]+")
    return re.fullmatch(pattern, shape) is not None


def read_rows(page):
    rows = {}
    for line in page.read_text().splitlines():
        if match := ROW.match(line):
            path, verdict, streams, why = match.groups()
            rows[path] = (verdict, [s for s in re.split(r"[ ,]+", streams or "") if s], why)
    return rows


def check_page(app, connector, gets, asked, rows):
    problems, used = [], set()
    streams = set(connector["streams"])
    for path, (listing, _) in sorted(gets.items()):
        row = path if path in rows else next((r for r in rows if "*" in r and fnmatch.fnmatchcase(path, r)), None)
        askers = asked.get(normal(path), set())
        if row is None:
            if listing:
                problems.append(f"{path}: not on the page")
            continue
        used.add(row)
        verdict, named, _ = rows[row]
        if verdict == "read" and set(named) != askers:
            problems.append(f"{path}: the page says it is read as {named}, the connector does so as {sorted(askers)}")
        if verdict != "read" and askers and listing:
            problems.append(f"{path}: is read as {sorted(askers)}, the page says {verdict}")
        if verdict == "contained" and not named:
            problems.append(f"{path}: contained in which stream?")
        for name in set(named) - streams:
            problems.append(f"{path}: there is no stream {name}")
    problems += [f"{row}: the description has no such request" for row in sorted(set(rows) - used)]
    return problems


FIELD_ROW = re.compile(r"^\| `(\w+)` \| (read|contained|no)(?:: ([^|]*?))? \|(.*)\|$")


def graphql_documents(connector):
    """(stream, text) of each GraphQL request that reads."""
    lets = connector.get("let", {})

    def text_of(request):
        text = request["graphql"] if isinstance(request["graphql"], str) else "\n".join(request["graphql"])
        return re.sub(r"\$\{(\w+)\}", lambda match: lets[match.group(1)], text)

    for name, stream in connector["streams"].items():
        requests = list(stream.get("from", [stream])) + [stream.get("detail", {})]
        requests += [file.get("renew", {}) for file in stream.get("files", [])]
        yield from ((name, text_of(request)) for request in requests if "graphql" in request)


def restore_documents(node):
    """The text of each GraphQL request below `restore`."""
    if isinstance(node, list):
        for entry in node:
            yield from restore_documents(entry)
    elif isinstance(node, dict):
        if "graphql" in node:
            yield node["graphql"] if isinstance(node["graphql"], str) else "\n".join(node["graphql"])
        for entry in node.values():
            yield from restore_documents(entry)


def check_graphql(app, connector, folder):
    """Problems, and how many fields and rows were compared."""
    schema = Schema((Path(folder) / f"{app}.graphql").read_text())
    problems, asked = [], {}
    for stream, text in graphql_documents(connector):
        document = Document(schema, text)
        problems += [f"stream {stream}: {problem}" for problem in document.problems]
        for _, field, _, _ in document.selections:
            asked.setdefault(field, set()).add(stream)
    for text in restore_documents(connector.get("restore", {})):
        problems += [f"restore: {problem}" for problem in Document(schema, text).problems]
    page = (ROOT / "docs" / "connectors" / f"{app}.md").read_text()
    rows = {m.group(1): m.groups() for m in map(FIELD_ROW.match, page.splitlines()) if m}
    fields = schema.fields["Query"]
    for field in sorted(fields):
        if field not in rows:
            problems.append(f"{field}: not on the page")
            continue
        _, verdict, named, _ = rows[field]
        named = {s for s in re.split(r"[ ,]+", named or "") if s}
        askers = asked.get(field, set()) if field != "complexity" else set()
        if verdict == "read" and named != askers:
            problems.append(f"{field}: the page says it is read as {sorted(named)}, the connector does so as {sorted(askers)}")
        if verdict != "read" and askers:
            problems.append(f"{field}: is read as {sorted(askers)}, the page says {verdict}")
        if verdict == "contained" and not named:
            problems.append(f"{field}: contained in which stream?")
        problems += [f"{field}: there is no stream {name}" for name in sorted(named - set(connector["streams"]))]
    problems += [f"{row}: the schema has no such field" for row in sorted(set(rows) - set(fields))]
    return problems, len(fields), len(rows)


def report(app, problems, summary):
    print(f"{app}: {summary}, {len(problems)} problems")
    for problem in problems:
        print(f"  {problem}")
    return bool(problems)


def main():
    folder = os.environ.get("PROBACKUP_SPECS")
    if not folder:
        print("SKIP: PROBACKUP_SPECS names no folder with API descriptions")
        return 77
    failed = False
    described = {path.stem for path in ACCOUNTS.glob("*.json") if account_table(path.stem).get("description")}
    for app in sys.argv[1:] or sorted({*FILES, *described, *GRAPHQL}):
        if app in GRAPHQL:
            if not (Path(folder) / f"{app}.graphql").exists():
                print(f"{app}: SKIP, no description in {folder}")
                continue
            connector = json.loads((ROOT / "connectors" / f"{app}.json").read_text())
            problems, fields, rows = check_graphql(app, connector, folder)
            failed |= report(app, problems, f"{fields} fields of the root, {rows} rows")
            continue
        document = load_description(app, folder)
        if document is None:
            print(f"{app}: SKIP, no description in {folder} (or no PyYAML)")
            continue
        connector = load_connector(app)
        gets = described_gets(app, document)
        rows = read_rows(ROOT / "docs" / "connectors" / f"{app}.md")
        problems, asked = check_requests(app, connector, gets, described_gets(app, document, "post"))
        problems += check_page(app, connector, gets, asked, rows)
        listings = sum(1 for listing, _ in gets.values() if listing)
        failed |= report(app, problems, f"{listings} listings, {len(rows)} rows")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
