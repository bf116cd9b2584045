"""Everything that a scenario runs on: servers, nodes, consumers and the generator. Used from the main thread, with which all
of its processes die."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import tempfile
import time

from servers import kinds
from servers.process import wait_until

from . import ledger
from .children import Child
from .node import Node

HORIZON = 8  # seconds; an event that is due later is a far one
TOPIC = "chaos"
KEPT = pathlib.Path(tempfile.gettempdir()) / "schedules-chaos"
REDIS_KINDS = ("redis", "redis-sentinel", "redis-cluster")
SETTINGS = {"LOG_LEVEL": "warn", "WEBHOOK_ALLOW": "127.0.0.0/8", "IMMEDIATE_HORIZON_SECONDS": HORIZON,
            "TRANSFER_HORIZON_SECONDS": 2 * HORIZON, "CLICKHOUSE_SYNC_INTERVAL": 1, "CHECK_INTERVAL_SECONDS": 5}


class World:
    def __init__(self, scenario, binary, options):
        self.scenario = scenario
        self.binary = binary
        self.options = options
        self.run = f"{scenario.name}-{options.seed}-{os.getpid()}"
        self.dir = KEPT / self.run
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.stack = contextlib.ExitStack()
        self.servers = {}
        self.nodes = []
        self.tunnels = {}  # by node number, where nodes have networks of their own
        self.faults = ledger.Ledger(self.dir / "faults")

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self):
        known = kinds()
        for name in self.scenario.servers:
            # A killed Redis keeps what it acknowledged only where it syncs first.
            more = {"extra": ["--appendfsync", "always"]} if name == "redis" else {}
            self.servers[name] = self.stack.enter_context(known[name](keep=str(self.dir / name), **more))
        self.kafka.create_topic(TOPIC, 3, {"message.timestamp.type": "LogAppendTime"})
        self.webhooks = Child("webhook_ledger", self.dir / "webhooks", self.scenario.webhook_delay_ms, log=self.dir / "harness.log")
        self.stack.callback(self.webhooks.stop)
        self.webhook_port = int(self.webhooks.line())
        self.consumer = Child("kafka_ledger", self.kafka.brokers, TOPIC, self.dir / "kafka-arrivals", log=self.dir / "harness.log")
        self.stack.callback(self.consumer.stop)
        self.consumer.line()
        for number in range(self.options.nodes):
            self.nodes.append(Node(number, self.binary, self.node_settings(), self.dir / f"node{number}"))
            self.stack.callback(self.nodes[-1].close)
        for equip in self.scenario.equipment:
            self.stack.enter_context(equip(self))
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            wait_until(node.healthy, 60, f"good health of node {node.number}", process=node)

    @property
    def kafka(self):
        return self.servers["kafka"]

    @property
    def redis(self):
        return next(self.servers[kind] for kind in REDIS_KINDS if kind in self.servers)

    def on_redis(self):
        return any(kind in self.servers for kind in REDIS_KINDS)

    def node_settings(self):
        found = dict(SETTINGS)
        for server in self.servers.values():
            found.update({name.removeprefix("schedules_"): value for name, value in server.settings().items()})
        if self.options.journal:
            found["JOURNAL"] = "auto"
        found.update(self.scenario.settings)
        return found

    def ports_of_servers(self):
        """All that a node connects to."""
        texts = [str(value) for server in self.servers.values() for value in server.settings().values()]
        ports = {int(port) for text in texts for port in re.findall(r"127\.0\.0\.1:(\d+)", text)}
        for server in self.servers.values():
            ports.update(one.port for one in getattr(server, "nodes", []))
        return ports | {self.webhook_port}

    def start_generator(self):
        config = {"run": self.run, "seed": self.options.seed, "rate": self.options.rate, "seconds": self.options.seconds,
                  "connections": min(12, max(4, self.options.rate // 100)), "ports": [node.port for node in self.nodes],
                  "ledger": str(self.dir / "acknowledged"), "topic": TOPIC, "horizon": HORIZON,
                  "webhook": f"http://127.0.0.1:{self.webhook_port}/", "schedules": self.scenario.schedules,
                  "due_within": self.scenario.due_within, "padding": self.scenario.padding, "shares": self.scenario.shares}
        path = self.dir / "generator.json"
        path.write_text(json.dumps(config))
        self.generator = Child("generator", path, log=self.dir / "harness.log")
        self.stack.callback(self.generator.stop)

    def note(self, **record):
        self.faults.add({"at": time.time() * 1000, **record})

    def close(self):
        self.stack.close()
        self.faults.close()

    def forget(self):
        """Only what a good run leaves: a bad one's ledgers and logs stay to be looked at."""
        shutil.rmtree(self.dir, ignore_errors=True)
