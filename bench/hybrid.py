#!/usr/bin/python3
"""Measures the program on real Redis, ClickHouse and Kafka and prints one JSON line per figure: `./dev/bench hybrid`.

Servers, program and load share the machine. Each workload gets fresh servers; all are gone afterwards."""
import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("SCHEDULES_BINARY", str(ROOT / "build" / "release" / "schedules"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(ROOT / "tests"))

import confluent_kafka  # noqa: E402
from servers import kinds  # noqa: E402
from support import Client, eventually  # noqa: E402
from support.server import Server  # noqa: E402

LOAD = ROOT / "build" / "release" / "bin" / "schedules_load"
TARGETS = {"hybrid_ingest_batch": ("events_per_s", 60_000, True), "hybrid_far_ingest": ("events_per_s", 50_000, True),
           "hybrid_burst": ("fired_per_s", 40_000, True), "hybrid_lateness_2000": ("p99_ms", 10, False),
           "hybrid_memory": ("redis_bytes_per_event", 520, False), "hybrid_transfer": ("events_per_s", 30_000, True)}


class Hybrid:
    """Some real servers and the program on them."""

    def __init__(self, *names, **settings):
        self.stack = contextlib.ExitStack()
        self.servers = {name: self.stack.enter_context(kinds()[name]()) for name in names}
        found = {}
        for server in self.servers.values():
            found.update({name.removeprefix("schedules_"): value for name, value in server.settings().items()})
        self.settings = {**found, "LOG_LEVEL": "warn", **settings}
        self.program = Server(**self.settings)
        self.stack.callback(self.program.close)
        self.program.start()
        self.client = Client(self.program, timeout=300)
        eventually(self.healthy, 60, "good health")

    def healthy(self):
        return self.client.get("/admin/schedules/monitoring/health").json["status"] == "healthy"

    def restart(self, **settings):
        self.program.terminate()
        self.program.settings.update(settings)
        self.program.start()
        eventually(self.healthy, 60, "good health")

    def load(self, mode, **options):
        command = [str(LOAD), mode, "--server", self.program.url, "--pid", str(self.program.process.pid)]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{mode}: {done.stderr.strip()}")
        return json.loads(done.stdout.splitlines()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()


def fired(brokers, topic, count, patience=120):
    """(due, broker's time of the record) in seconds, of each record."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": "bench", "auto.offset.reset": "earliest",
                                         "enable.auto.commit": False})
    consumer.subscribe([topic])
    found, deadline = [], time.monotonic() + patience
    while len(found) < count and time.monotonic() < deadline:
        for message in consumer.consume(5_000, 1):
            if message.error() is None:
                due = json.loads(message.value())["payload"]["due"]
                found.append((int(due) / 1e6, message.timestamp()[1] / 1e3))
    consumer.close()
    return found


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def of_fires(name, found, events):
    late = [(at - due) * 1e3 for due, at in found]
    first = min(due for due, _ in found)
    return {"bench": name, "events": events, "lost": events - len(found), "early": sum(ms < -1 for ms in late),
            "p50_ms": round(percentile(late, 0.5), 1), "p99_ms": round(percentile(late, 0.99), 1), "max_ms": round(max(late), 1),
            "fired_per_s": round(len(found) / max(max(at for _, at in found) - first, 1e-3))}


def ingest(size):
    with Hybrid("redis") as system:
        batch = system.load("ingest-batch", name="hybrid_ingest_batch", events=size(400_000))
        return [batch, system.load("ingest-single", name="hybrid_ingest_single", events=size(60_000))]


def memory(size):
    with Hybrid("redis") as system:
        def used():
            answer = subprocess.run(["redis-cli", "-p", str(system.servers["redis"].port), "info", "memory"], capture_output=True,
                                    text=True, check=True).stdout
            return int(answer.split("used_memory:")[1].split()[0])
        before, events = used(), size(300_000)
        system.load("ingest-batch", events=events)
        return [{"bench": "hybrid_memory", "events": events, "body_bytes": 256,
                 "redis_bytes_per_event": round((used() - before) / events)}]


def far(size):
    """All are beyond the transfer's horizon when they are put; then the horizon grows and the transfer moves them."""
    events = size(300_000)
    near = {"IMMEDIATE_HORIZON_SECONDS": 60, "TRANSFER_HORIZON_SECONDS": 1_800, "CLICKHOUSE_SYNC_INTERVAL": 900}
    with Hybrid("redis", "clickhouse", **near) as system:
        put = system.load("ingest-batch", name="hybrid_far_ingest", events=events)
        system.program.terminate()
        system.program.settings.update(TRANSFER_HORIZON_SECONDS=30 * 86_400)
        system.program.start()
        moved, began = [], time.monotonic()
        while (not moved or moved[-1][1] < events) and time.monotonic() - began < 120:
            stats = system.client.get("/admin/schedules/monitoring/stats")
            if stats.status == 200 and stats.json["transferred_to_redis_schedules"] > 0:
                moved.append((time.monotonic(), stats.json["transferred_to_redis_schedules"]))
            time.sleep(0.1)
        (first, some), (last, all_of) = moved[0], moved[-1]
        return [put, {"bench": "hybrid_transfer", "events": all_of, "seconds": round(last - first, 2),
                      "events_per_s": round((all_of - some) / max(last - first, 1e-3))}]


def kafka(mode, name, count, **options):
    with Hybrid("redis", "kafka") as system:
        system.servers["kafka"].create_topic("bench", 3)
        system.load(mode, **options)
        return [of_fires(name, fired(system.servers["kafka"].brokers, "bench", count), count)]


def burst(size):
    events = size(50_000)
    return kafka("burst", "hybrid_burst", events, events=events, ahead=8)


def lateness(size):
    seconds = size(20)
    return kafka("lateness", "hybrid_lateness_2000", 2_000 * seconds, rate=2_000, seconds=seconds)


WORKLOADS = {"ingest": ingest, "memory": memory, "far": far, "burst": burst, "lateness": lateness}


def judged(figures):
    if figures["bench"] in TARGETS:
        name, limit, least = TARGETS[figures["bench"]]
        figures["target"] = {name: {"at_least" if least else "at_most": limit}}
        figures["reached"] = figures[name] >= limit if least else figures[name] <= limit
    return figures


def main():
    parser = argparse.ArgumentParser(prog="dev/bench hybrid", description=__doc__)
    parser.add_argument("names", nargs="*", help="of " + " ".join(WORKLOADS) + "; none: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    options = parser.parse_args()

    def size(full):
        return max(full // 10, 2) if options.quick else full
    for name in options.names or WORKLOADS:
        for figures in WORKLOADS[name](size):
            print(json.dumps(judged(figures)), flush=True)


if __name__ == "__main__":
    main()
