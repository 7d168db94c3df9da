"""An app's own list of what changed: each token stands for what was there when it was given."""

import json
import time


def feed_of(account, table):
    return (SyncFeed if "sync" in table else SearchFeed if "search" in table else Feed)(account, table)


class Feed:
    def __init__(self, account, table):
        self.account = account
        self.table = table
        self.held = []  # by token: what was there, by id

    def knows(self, method, path):
        return path in (self.table.get("start"), self.table.get("changes"))

    def now(self, query):
        """The records whose changes the request asks for."""
        kind = self.account.kinds[self.table["kind"]]
        of = query.get(self.table["of"])
        nodes = [n for n in kind.nodes if (n.parent is None) == (of is None) and (of is None or n.parent.look("") == of)]
        return {str(node.look("")): json.dumps(node.full, sort_keys=True) for node in nodes}

    def token(self, query):
        self.held.append(self.now(query))
        return str(len(self.held))

    def answer(self, path, query, body):
        if path == self.table["start"]:
            return {self.table["start_token"]: self.token(query)}
        token, _, skip = query[self.table["by"]].partition("-")
        if not token.isdigit() or not 1 <= int(token) <= len(self.held):
            return None
        before, now, limit = self.held[int(token) - 1], self.now(query), int(query.get("pageSize", 100))
        changes = [{"changeType": "file", "fileId": id, "removed": True} for id in sorted(set(before) - set(now))]
        changes += [{"changeType": "file", "fileId": id, "removed": False, "file": json.loads(text)}
                    for id, text in sorted(now.items()) if before.get(id) != text]
        end = int(skip or 0) + limit
        answer = {"changes": changes[int(skip or 0):end]}
        if end < len(changes):
            return {**answer, self.table["next"]: f"{token}-{end}"}
        return {**answer, self.table["new_token"]: self.token(query)}


class SyncFeed:
    """Todoist's: one request for several kinds, by the names that it has for them; "*" asks for everything."""

    def __init__(self, account, table):
        self.account = account
        self.table = table
        self.held = []  # by token: what was there, by name and id

    def knows(self, method, path):
        return method == "POST" and path == self.table["sync"]

    def now(self):
        held = {}
        for name, kind in self.table["names"].items():
            nodes = [n for n in self.account.kinds[kind].nodes]
            held[name] = {str(n.look("")): {k: v for k, v in n.full.items() if k not in self.table["left_out"]} for n in nodes}
        return json.loads(json.dumps(held))

    def answer(self, path, query, body):
        now, token = self.now(), body["sync_token"]
        if token != "*" and not (token.isdigit() and 1 <= int(token) <= len(self.held)):
            return None
        before = {} if token == "*" else self.held[int(token) - 1]
        self.held.append(now)
        answer = {"full_sync": token == "*", "sync_token": str(len(self.held)), "temp_id_mapping": {}}
        for name in body["resource_types"]:
            old, new = before.get(name, {}), now[name]
            answer[name] = [record for id, record in new.items() if old.get(id) != record]
            # Tasks that are not there any more were deleted, or completed.
            for at, (id, record) in enumerate((i, r) for i, r in old.items() if i not in new):
                done = name == "items" and at % 2 == 1
                answer[name].append({**record, "is_deleted": not done, "checked": done})
        return answer


class SearchFeed:
    """HubSpot's search for what changed since a time. It knows no deletions, and no changes of associations."""

    def __init__(self, account, table):
        self.account = account
        self.table = table
        self.seen = {}  # by kind and id: the properties, and when they were changed
        for name in table["search"]:
            self.changed(name)

    def knows(self, method, path):
        return method == "POST" and path.endswith("/search") and path.split("/")[-2] in (*self.table["search"].values(), "{objectType}")

    def changed(self, kind):
        now = {}
        for node in self.account.kinds[kind].nodes:
            text = json.dumps(node.full["properties"], sort_keys=True)
            old, when = self.seen.get((kind, node.look("")), (text, 0))
            self.seen[kind, node.look("")] = now[node.look("")] = (text, when if old == text else time.time())
        return {id: when for id, (_, when) in now.items()}

    def answer(self, path, query, body):
        kind = next(name for name, called in self.table["search"].items() if path.endswith(f"/{called}/search"))
        rule = body["filterGroups"][0]["filters"][0]
        if rule["propertyName"] != self.table["member"].get(kind, self.table["member"]["*"]) or rule["operator"] != "GTE":
            return None
        nodes = {n.look(""): n for n in self.account.kinds[kind].nodes if not n.full.get("archived")}
        found = [id for id, when in self.changed(kind).items() if id in nodes and when * 1000 >= int(rule["value"])]
        shown = [{**nodes[id].full, "properties": {"hs_object_id": id}} for id in found[: body["limit"]]]
        return {"total": len(found), "results": [{k: v for k, v in record.items() if k != "associations"} for record in shown]}
