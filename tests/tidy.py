#!/usr/bin/env python3
"""Checks what no compiler does: includes go one way only, files stay small, no orphan files."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A folder may include from itself and from any to its left.
ORDER = ["util", "http", "storage", "repository", "signin", "expr", "connector", "engine", "restore", "git",
         "catalog", "export", "drive", "job", "demo", "cli"]
# The public header of each part; a folder may include those of parts it may include.
PUBLIC = {
    "error.h": "util", "id.h": "util", "clock.h": "util", "storage.h": "storage", "http.h": "http",
    "repository.h": "repository", "signin.h": "signin", "connector.h": "connector", "engine.h": "engine",
    "restore.h": "restore",
    "catalog.h": "catalog", "export.h": "export", "drive.h": "drive", "drive_job.h": "job", "job.h": "job",
    "retention.h": "repository", "prune.h": "repository",
    "copy.h": "repository", "keys.h": "repository",
    "repair.h": "repository", "repair_snapshots.h": "job", "forget.h": "job", "restore_job.h": "job",
}
# What may stand beside the order: parts on one level that do not know each other.
APART = [{used, user} for used in ("storage", "repository") for user in ("signin", "expr", "connector", "engine",
                                                                         "restore")]
APART += [{used, user} for used in ("expr", "connector", "engine", "restore", "git")
          for user in ("catalog", "export", "drive")]
APART += [{"signin", "expr"}]
LINES_MAX = 600
NAMESPACE = re.compile(r"^namespace\s*([\w:]*)\s*\{")
TYPE = re.compile(r"^(?:struct|class|enum class|union) (\w+)(?: final)?(?: :.*)?\s*\{")
INCLUDE = re.compile(r'^\s*#include "([^"]+)"')
# These speak of the engines' value types and interfaces; they do not call them.
VALUE_TYPES = {("catalog", "engine"), ("catalog", "restore"), ("export", "engine"), ("git", "engine")}


def part_of(include):
    if include.startswith("probackup/"):
        return PUBLIC.get(include.removeprefix("probackup/"))
    folder = include.split("/")[0]
    return folder if folder in ORDER else None


def allowed(user, used):
    if user == used or (user, used) in VALUE_TYPES:
        return True
    if any({user, used} <= apart for apart in APART):
        return False
    return ORDER.index(used) < ORDER.index(user)


def check_includes(problems):
    files = [(p, p.relative_to(ROOT / "src").parts[0]) for p in (ROOT / "src").rglob("*.*")
             if p.suffix in (".h", ".cpp") and p.parent != ROOT / "src"]
    files += [(p, PUBLIC.get(p.name)) for p in (ROOT / "include/probackup").glob("*.h")]
    for path, user in files:
        name = path.relative_to(ROOT)
        if user is None:
            problems.append(f"{name}: a public header that tests/tidy.py does not know")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            used = part_of(match[1])
            if used is None:
                if "/" in match[1] or not (path.parent / match[1]).exists():
                    problems.append(f"{name}:{number}: {match[1]} belongs to no part")
            elif not allowed(user, used):
                problems.append(f"{name}:{number}: {user} must not include {match[1]} of {used}")
    return len(files)


def check_files(problems):
    for path in sorted((ROOT / "src").rglob("*.cpp")):
        listed = (path.parent / "CMakeLists.txt").read_text()
        if path.name not in listed:
            problems.append(f"{path.relative_to(ROOT)}: no CMakeLists.txt builds it")
    for folder in ("src", "include"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            lines = path.read_text().count("\n")
            if lines > LINES_MAX:
                problems.append(f"{path.relative_to(ROOT)}: {lines} lines; two rooms in one? (at most {LINES_MAX})")


def check_types(problems):
    """Two types of one name break the one definition rule, and neither compiler nor linker says so."""
    seen = {}
    for folder in ("include", "src"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            spaces = []
            for line in path.read_text().splitlines():
                if match := NAMESPACE.match(line):
                    spaces.append(match[1])
                elif line.startswith("}  // namespace"):
                    spaces.pop()
                elif (match := TYPE.match(line)) and "" not in spaces:
                    name = "::".join([*spaces, match[1]])
                    if other := seen.setdefault(name, path):
                        if other != path:
                            problems.append(f"{path.relative_to(ROOT)}: {name} is also in {other.relative_to(ROOT)}")


def main():
    problems = []
    count = check_includes(problems)
    check_files(problems)
    check_types(problems)
    for problem in problems:
        print(problem)
    print(f"{count} files looked at, {len(problems)} problems")
    return 1 if problems or count < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
