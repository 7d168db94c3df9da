"""Random values that fit a schema of an API description."""

import uuid

WORDS = ("plan", "draft", "Größe", "release", "über", "bug \"42\"", "a,b;c", "<b>fett</b>", "naïve", "終わり", "roadmap",
         "invoice", "tab\there", "line\nbreak", "emoji 🎉", "=1+1", "back\\slash", "Q3", "budget", "follow-up")


class Generator:
    def __init__(self, rng):
        self.rng = rng

    def text(self, schema=None):
        words = " ".join(self.rng.choice(WORDS) for _ in range(self.rng.randint(1, 4)))
        longest = (schema or {}).get("maxLength")
        shortest = (schema or {}).get("minLength", 0)
        words = words.ljust(shortest, "x")
        return words[:longest] if longest is not None else words

    def time(self):
        r = self.rng
        return f"20{r.randint(18, 25):02}-{r.randint(1, 12):02}-{r.randint(1, 28):02}T{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}.{r.randint(0, 999):03}Z"

    def make(self, document, schema, depth=0):
        schema = self.whole(document, schema)
        r = self.rng
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return r.choice(schema["enum"])
        kind = schema.get("type")
        if isinstance(kind, list):
            rest = [k for k in kind if k != "null"]
            if not rest or ("null" in kind and r.random() < 0.2):
                return None
            kind = rest[0]
        if (schema.get("nullable") or schema.get("x-nullable")) and r.random() < 0.2:
            return None
        if kind == "object" or (kind is None and ("properties" in schema or "additionalProperties" in schema)):
            return self.object(document, schema, depth)
        if kind == "array" or (kind is None and "items" in schema):
            least = schema.get("minItems", 0)
            count = least if depth > 4 else max(least, r.randint(0, 2))
            return [self.make(document, schema.get("items", {}), depth + 1) for _ in range(count)]
        if kind == "integer":
            low = int(schema.get("minimum", 0))
            return r.randint(low, int(min(schema.get("maximum", low + 10**6), low + 10**6)))
        if kind == "number":
            return round(r.uniform(schema.get("minimum", 0), min(schema.get("maximum", 1000), 1000)), 2)
        if kind == "boolean":
            return r.random() < 0.5
        return self.string(schema)

    def string(self, schema):
        form = schema.get("format")
        if form == "date-time":
            return self.time()
        if form == "date":
            return self.time()[:10]
        if form == "uuid":
            return str(uuid.UUID(int=self.rng.getrandbits(128)))
        if form in ("uri", "url"):
            return f"https://example.com/{self.rng.randint(1, 10**6)}"
        if form == "email":
            return f"user{self.rng.randint(1, 10**6)}@example.com"
        if "pattern" in schema and isinstance(schema.get("example"), str):
            return schema["example"]
        return self.text(schema)

    def object(self, document, schema, depth):
        made = {}
        required = schema.get("required") or []
        for name, member in (schema.get("properties") or {}).items():
            if not isinstance(member, dict) or member.get("writeOnly"):
                continue
            if name in required if isinstance(required, list) else False:
                made[name] = self.make(document, member, depth + 1)
            elif depth < 4 and self.rng.random() < (0.8 if depth == 0 else 0.5):
                made[name] = self.make(document, member, depth + 1)
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and not made and depth < 4:
            for _ in range(self.rng.randint(0, 2)):
                made[f"key{self.rng.randint(1, 99)}"] = self.make(document, extra, depth + 1)
        return made

    def whole(self, document, schema, depth=0):
        """The schema without $ref and allOf, one of the alternatives of oneOf and anyOf chosen."""
        while isinstance(schema, list):  # draft 4: a schema for each place of a list
            schema = schema[0] if schema else {}
        schema = document.resolve(schema)
        if depth > 12:
            return {"type": "string"}
        if schema.get("allOf"):
            merged = {k: v for k, v in schema.items() if k != "allOf"}
            for part in schema["allOf"]:
                part = self.whole(document, part, depth + 1)
                properties = {**part.get("properties", {}), **merged.get("properties", {})}
                required = list(part.get("required") or []) + list(merged.get("required") or [])
                merged = {**part, **merged, "properties": properties, "required": required}
                if not properties:
                    merged.pop("properties")
            schema = merged
        for name in ("oneOf", "anyOf"):
            if schema.get(name):
                choice = self.whole(document, self.rng.choice(schema[name]), depth + 1)
                rest = {k: v for k, v in schema.items() if k != name}
                properties = {**choice.get("properties", {}), **rest.get("properties", {})}
                schema = {**choice, **{k: v for k, v in rest.items() if k not in ("required", "properties")}}
                if properties:
                    schema["properties"] = properties
        return schema

    def member_schema(self, document, schema, path):
        """The schema at a path of member names; a list stands for its elements at the end and on the way."""
        schema = self.whole(document, schema)
        for name in [p for p in path.split(".") if p]:
            while schema.get("type") == "array" or "items" in schema:
                schema = self.whole(document, schema.get("items", {}))
            if name != "*":
                schema = self.whole(document, (schema.get("properties") or {}).get(name, schema.get("additionalProperties") or {}) or {})
        while schema.get("type") == "array" or "items" in schema:
            schema = self.whole(document, schema.get("items", {}))
        return schema
