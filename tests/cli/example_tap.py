#!/usr/bin/env python3
"""A Singer tap for tests: an account in a JSON file, read as the Singer specification says.

  example_tap.py --config FILE [--catalog FILE] [--state FILE] [WISH...]

The account: {"users": [...], "orders": [...]}, orders with "updated" for the bookmark. `users` is a full
table, `orders` incremental. A wish makes it misbehave: die-after=N (lines), rubbish-at=N, hang-after=N, cut-at=N
(half a line, then the end), child (leaves a process that holds the output), no-bookmarks (its SCHEMA does not say
that orders are incremental), chatty (a lot on standard error).
"""

import argparse
import json
import os
import subprocess
import sys
import time


class Writer:
    def __init__(self, wishes):
        self.wishes = dict(wish.partition("=")[::2] for wish in wishes)
        self.lines = 0

    def number(self, name):
        return int(self.wishes[name]) if name in self.wishes else None

    def write(self, message):
        if self.lines == self.number("rubbish-at"):
            print("Traceback (most recent call last):")
        line = json.dumps(message)
        if self.lines == self.number("cut-at"):
            sys.stdout.write(line[: len(line) // 2])
            sys.stdout.flush()
            os._exit(0)
        print(line, flush=True)
        self.lines += 1
        if self.lines == self.number("die-after"):
            print("the account ran out of ink", file=sys.stderr)
            sys.exit(7)
        if self.lines == self.number("hang-after"):
            time.sleep(3600)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--catalog")
    parser.add_argument("--state")
    parser.add_argument("wishes", nargs="*")
    arguments = parser.parse_args()
    config = json.load(open(arguments.config))
    account = json.load(open(config["account"]))
    state = json.load(open(arguments.state)) if arguments.state else {}
    since = state.get("bookmarks", {}).get("orders", {}).get("updated", 0)
    if "seen" in config:
        with open(config["seen"], "w") as seen:
            json.dump({"state": state, "arguments": sys.argv[1:], "input": sys.stdin.read(), "pid": os.getpid()}, seen)
    out = Writer(arguments.wishes)
    if "child" in out.wishes:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        with open(config["seen"] + ".child", "w") as file:
            file.write(str(child.pid))
    if "chatty" in out.wishes:
        for number in range(20000):
            print(f"INFO line {number} of a tap that likes to talk", file=sys.stderr)

    out.write({"type": "SCHEMA", "stream": "users", "schema": {}, "key_properties": ["id"]})
    for user in account["users"]:
        out.write({"type": "RECORD", "stream": "users", "record": user})
    bookmarks = [] if "no-bookmarks" in out.wishes else ["updated"]
    out.write({"type": "SCHEMA", "stream": "orders", "schema": {}, "key_properties": ["id"],
               "bookmark_properties": bookmarks})
    for order in sorted(account["orders"], key=lambda order: order["updated"]):
        if order["updated"] >= since:
            out.write({"type": "RECORD", "stream": "orders", "record": order})
            out.write({"type": "STATE", "value": {"bookmarks": {"orders": {"updated": order["updated"]}}}})


if __name__ == "__main__":
    main()
