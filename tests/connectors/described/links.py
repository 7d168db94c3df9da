"""Links between records that both of them show, such as the associations of a CRM.

The table's `links` says which kinds are linked, and how the records show it (README.md in tests/connectors/accounts).
"""


class Links:
    def __init__(self, account):
        self.account = account
        self.table = account.table.get("links", {"between": {}})

    def begin(self):
        """Random links between the records of the account."""
        rng = self.account.rng
        for kind, others in self.table["between"].items():
            for node in self.live(kind):
                for other in others:
                    among = self.live(other)
                    for end in rng.sample(among, rng.randint(0, min(2, len(among)))):
                        self.add(node, end)

    def live(self, kind):
        return [n for n in self.account.kinds[kind].nodes if not n.full.get("archived")]

    def add(self, node, other):
        """False where such records cannot be linked."""
        between = self.table["between"]
        if node.kind.name in between.get(other.kind.name, []):
            node, other = other, node
        if other.kind.name not in between.get(node.kind.name, []):
            return False
        for one, end in ((node, other), (other, node)):
            if one is node or one.kind.name not in self.table["one_way"]:
                self.show(one, end)
        return True

    def show(self, node, other):
        held = node.full.setdefault("associations", {}).setdefault(other.kind.name.replace("_", " "), {"results": []})["results"]
        for type in self.types(node.kind.name, other.kind.name):
            if (entry := {"id": other.look(""), "type": type}) not in held:
                held.append(entry)

    def types(self, kind, other):
        singular = self.table["singular"]
        name = f"{singular[kind]}_to_{singular[other]}"
        return [name, name + "_unlabeled"] if name in self.table["twice"] else [name]

    def forget(self, gone):
        """What is no more is shown nowhere."""
        ids = {node.look("") for node in gone}
        for kind in self.account.kinds.values() if self.table["between"] else []:
            for node in kind.nodes:
                held = node.full.get("associations")
                for name in list(held or {}):
                    held[name]["results"] = [e for e in held[name]["results"] if e["id"] not in ids]
                    if not held[name]["results"]:
                        del held[name]
                if held == {}:
                    del node.full["associations"]
