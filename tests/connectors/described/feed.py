"""An app's own list of what changed: each token stands for what was there when it was given."""

import json


class Feed:
    def __init__(self, account, table):
        self.account = account
        self.table = table
        self.held = []  # by token: what was there, by id

    def knows(self, path):
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

    def answer(self, path, query):
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
