"""Append-only NDJSON files: one record a line, each on the disk within a few milliseconds where it is to be durable."""
import datetime
import json
import os
import threading


class Ledger:
    """Thread-safe. With `durable` a thread of its own syncs what was added, all that waits at once."""

    def __init__(self, path, durable=False):
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by close()
        self._waiting = []
        self._changed = threading.Condition()
        self._closing = False
        self._durable = durable
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, *records):
        lines = [json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records]
        with self._changed:
            self._waiting += lines
            self._changed.notify()

    def _run(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                lines, self._waiting = self._waiting, []
                if not lines:
                    return
            self._file.write(b"".join(lines))
            if self._durable:
                os.fsync(self._file.fileno())

    def close(self):
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._file.close()


class Tail:
    """The records of a ledger that is still written to, as they come."""

    def __init__(self, path):
        self._path = path
        self._at = 0

    def new(self):
        if not os.path.exists(self._path):
            return []
        with open(self._path, "rb") as file:
            file.seek(self._at)
            data = file.read()
        whole = data.rfind(b"\n") + 1  # the last line may be half written
        self._at += whole
        return [json.loads(line) for line in data[:whole].splitlines()]


def ms_of(text):
    """Of a time as the program writes it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def read(path):
    return Tail(path).new()
