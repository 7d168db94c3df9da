"""The schema for editors accepts every connector that the loader accepts, and refuses plain mistakes.

Usage: schema_test.py SOURCE_FOLDER. Exits with 77 (skipped) where python3-jsonschema is missing.
"""
import copy
import json
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    print("SKIP: python3-jsonschema is not installed")
    sys.exit(77)


def tiny_connector(source):
    text = (source / "tests/unit/connector/tiny.h").read_text()
    return json.loads(re.search(r'R"json\((.*)\)json"', text, re.S).group(1))


def example_of_docs(source):
    text = (source / "docs/connectors/README.md").read_text()
    return json.loads(re.search(r"```json\n(\{\n  \"connector\".*?)```", text, re.S).group(1))


# What must be refused: the way to a value, and the value to put there (None takes it away).
MISTAKES = [
    (["steams"], {}),
    (["connector"], 2),
    (["app"], "Tiny App"),
    (["version"], None),
    (["config", "token", "secrt"], True),
    (["config", "token", "help"], None),
    (["auth", "any", 0, "kind"], "baerer"),
    (["auth", "oauth"], {"authorize": "https://tiny.example"}),
    (["auth", "oauth"], {"token_url": "https://tiny.example", "redirect": "https://tiny.example/back"}),
    (["http", "base"], None),
    (["http", "limits", 0, "rate"], "90"),
    (["http", "concurrency"], 0),
    (["errors", 0, "do"], "skip"),
    (["errors", 0, "when"], "status == 429"),
    (["check", "get"], None),
    (["defaults", "get"], "/x"),
    (["streams", "lists", "get"], None),
    (["streams", "lists", "post"], "/x"),
    (["streams", "lists", "feed"], {}),
    (["streams", "boards", "changed"], "a..b"),
    (["streams", "groups", "records"], "data[0]"),
    (["streams", "cards", "page", "next"], None),
    (["streams", "cards", "page", "size"], "limit"),
    (["streams", "cards", "files", 0, "id"], None),
    (["streams", "cards", "files", 0, "renew", "url"], None),
    (["streams", "comments", "since", "format"], "unixms"),
    (["streams", "comments", "since", "lookback"], "5 minutes"),
    (["streams", "tasks", "from"], []),
    (["restore", "lossy"], None),
    (["restore", "steps", 0, "make"], None),
    (["restore", "steps", 0, "mak"], "x"),
    (["restore", "steps", 0, "kinds"], "x"),
    (["restore", "steps", 0, "confirm"], {"get": "/x"}),
    (["restore", "steps", 0, "finish"], [{"put": "/x", "iff": "${true}"}]),
]


def changed(document, way, value):
    document = copy.deepcopy(document)
    at = document
    for step in way[:-1]:
        at = at[step]
    if value is None:
        del at[way[-1]]
    else:
        at[way[-1]] = value
    return document


def main():
    source = pathlib.Path(sys.argv[1])
    schema = json.loads((source / "connectors/connector.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    good = {"tests/unit/connector/tiny.h": tiny_connector(source),
            "docs/connectors/README.md": example_of_docs(source)}
    for path in sorted((source / "connectors").glob("*.json")):
        if not path.name.endswith(".schema.json"):
            good[str(path.relative_to(source))] = json.loads(path.read_text())

    failures = 0
    for name, document in good.items():
        for error in validator.iter_errors(document):
            failures += 1
            print(f"{name}: /{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    for way, value in MISTAKES:
        if validator.is_valid(changed(good["tests/unit/connector/tiny.h"], way, value)):
            failures += 1
            print(f"the schema accepts a mistake: {way} = {value!r}")
    print(f"{len(good)} connectors, {len(MISTAKES)} mistakes, {failures} failures")
    return 1 if failures else 0


sys.exit(main())
