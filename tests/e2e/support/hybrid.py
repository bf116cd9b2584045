"""The hybrid system: the program beside a real MongoDB protocol, Redis, ClickHouse and Kafka."""
import contextlib
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))  # tests/, for the servers

from servers import kinds  # noqa: E402

from .server import Server  # noqa: E402


class Servers:
    """mongo, redis, clickhouse and kafka, started; close() ends them."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        known = kinds()
        try:
            # A killed Redis keeps what it acknowledged only where it syncs first: with everysec it may put off a write.
            self.redis = self._stack.enter_context(known["redis"](extra=["--appendfsync", "always"]))
            for name in ("mongo", "clickhouse", "kafka"):
                setattr(self, name, self._stack.enter_context(known[name]()))
        except BaseException:
            self._stack.close()
            raise

    def settings(self):
        """The program's settings that point at them."""
        all_of = {**self.mongo.settings(), **self.redis.settings(), **self.clickhouse.settings(), **self.kafka.settings()}
        return {name.removeprefix("schedules_"): value for name, value in all_of.items()}

    def program(self, **settings):
        return Server(**{**self.settings(), "LOG_LEVEL": "warn", **settings})

    def produce(self, topic, value, key=None, **headers):
        """One record, by another program than ours."""
        command = ["kcat", "-P", "-b", self.kafka.brokers, "-t", topic]
        for name, text in headers.items():
            command += ["-H", f"{name}={text}"]
        if key is not None:
            command += ["-k", key]
        path = pathlib.Path(self.kafka.dir) / "one-record"
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=30)

    def close(self):
        self._stack.close()
