#!/usr/bin/env python3
"""Checks that includes only point down (docs/architecture.md): a room may include itself and the rooms listed for it."""
import pathlib
import re
import sys

ROOMS = {
    "base": [],
    "time": ["base"],
    "model": ["time", "base"],
    "recurrence": ["time", "base"],
    "wheel": ["time", "base"],
    "config": ["model", "time", "base"],
    "telemetry": ["base"],
    "definitions": ["time", "base"],
    "store": ["model", "time", "base"],
    "sink": ["model", "time", "base"],
    "cluster": ["time", "base"],
    "cluster/redis": ["cluster", "store/redis", "redis", "store", "model", "time", "base"],
    "engine": ["recurrence", "wheel", "store", "sink", "cluster", "model", "time", "base"],
    "analytics": ["engine", "store", "model", "time", "base"],
    "trace": ["engine", "model", "time", "base"],
    "alerting": ["engine", "recurrence", "store", "model", "time", "base"],
    "store/rocksdb": ["sink", "store", "model", "time", "base"],  # sink: the tail's port
    "store/sqlite": ["store", "model", "time", "base"],
    "sink/webhook": ["sink", "model", "time", "base"],
    "sink/stream": ["sink", "model", "time", "base"],
    "sink/log": ["sink", "model", "time", "base"],
    "sink/handler": ["sink", "model", "time", "base"],
    "redis": ["time", "base"],
    "clickhouse": ["time", "base"],
    "mongo": ["time", "base"],
    "kafka": ["time", "base"],
    "store/redis": ["redis", "store", "model", "time", "base"],
    "store/clickhouse": ["clickhouse", "store", "model", "time", "base"],
    "store/mongo": ["mongo", "store", "model", "time", "base"],
    "journal": ["store", "model", "time", "base"],
    "journal/kafka": ["journal", "kafka", "store", "model", "time", "base"],
    "sink/kafka": ["journal", "kafka", "sink", "store", "model", "time", "base"],
    "ingest/kafka": ["kafka", "engine", "store", "sink", "model", "time", "base"],
    "api/http": ["time", "base"],
    "api": ["api/http", "alerting", "definitions", "engine", "cluster", "recurrence", "store", "sink", "model", "time", "base"],
    "app": ["*"],
    "cli": ["*"],
}


def room_of(path):
    parts = path.parts
    for depth in (2, 1):
        name = "/".join(parts[:depth])
        if name in ROOMS and len(parts) > depth:
            return name
    return None


def main():
    source = pathlib.Path(__file__).resolve().parent.parent / "src"
    faults = []
    for file in sorted([*source.rglob("*.h"), *source.rglob("*.cc")]):
        room = room_of(file.relative_to(source))
        if room is None:
            faults.append(f"{file}: in no known room")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = re.match(r'#include "([^"]+)"', line)
            if not found or found.group(1).startswith("schedules/"):
                continue
            other = room_of(pathlib.Path(found.group(1)))
            allowed = ROOMS[room]
            if other is None and "/" not in found.group(1):
                continue
            if other != room and other not in allowed and allowed != ["*"]:
                faults.append(f"{file}:{number}: {room} must not include {found.group(1)}")
    print("\n".join(faults) or "layers: all includes point down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
