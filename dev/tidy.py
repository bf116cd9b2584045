#!/usr/bin/env python3
"""The house rules that a machine can check: sizes, banned calls and what to use instead, headers that begin with what
they are. Prints every breach; exits 1 if there is one."""
import pathlib
import re
import subprocess
import sys

MAX_LINES = 400
MAX_COLUMNS = 130
BANNED = [  # pattern, what to use, rooms where it is allowed
    (r"\bsystem_clock::now\(|\bsteady_clock::now\(|\bclock_gettime\(", "an injected Clock", ("time", "app", "cli", "src/base/log.cc")),
    (r"this_thread::sleep|\busleep\(", "a wake time or a condition", ("cli",)),
    (r"\brandom_device\b|\bmt19937|\brand\(\)", "an injected Random", ("base",)),
    (r"\bgetenv\(", "Settings", ("config", "cli")),
    (r"\bstd::cout\b|\bstd::cerr\b", "log:: or the command's output", ("cli",)),
    (r"\busing namespace\b", "qualified names", ()),
    (r"//\s*(TODO|FIXME|XXX)(?!\(#\d+\))", "TODO(#issue)", ()),
]


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    names = subprocess.run(["git", "ls-files", "*.h", "*.cc", "*.py"], cwd=root, capture_output=True, text=True).stdout
    faults = []
    for name in names.split():
        path = root / name
        if not path.exists():
            continue
        lines = path.read_text().splitlines()
        if len(lines) > MAX_LINES:
            faults.append(f"{name}: {len(lines)} lines, at most {MAX_LINES}: is there a second noun in it?")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS and not name.startswith("tests/") and '"' not in line:
                faults.append(f"{name}:{number}: {len(line)} columns, at most {MAX_COLUMNS}")
        if not name.startswith("src/") or not name.endswith((".h", ".cc")):
            continue
        if name.endswith(".h") and not lines[0].startswith("//"):
            faults.append(f"{name}:1: a header begins with what it is")
        room = name.split("/")[1]
        for number, line in enumerate(lines, 1):
            for pattern, instead, rooms in BANNED:
                if room not in rooms and name not in rooms and re.search(pattern, line):
                    faults.append(f"{name}:{number}: {pattern} is banned here: use {instead}")
    print("\n".join(faults) or "tidy: nothing found")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
