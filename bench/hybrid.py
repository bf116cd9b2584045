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
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("SCHEDULES_BINARY", str(ROOT / "build" / "release" / "schedules"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(ROOT / "tests"))

import confluent_kafka  # noqa: E402
from servers import kinds  # noqa: E402
from support import Client, eventually  # noqa: E402
from support.server import Server  # noqa: E402

PARTITIONS = 3
LOAD = ROOT / "build" / "release" / "bin" / "schedules_load"
TARGETS = {"hybrid_ingest_batch": ("events_per_s", 60_000, True), "hybrid_far_ingest": ("events_per_s", 50_000, True),
           "hybrid_burst": ("fired_per_s", 40_000, True), "hybrid_lateness_2000": ("p99_ms", 10, False),
           "hybrid_memory": ("redis_bytes_per_event", 520, False), "hybrid_transfer": ("events_per_s", 30_000, True),
           "journal_burst": ("fired_per_s", 30_000, True), "journal_lateness_1000": ("p99_ms", 100, False),
           "journal_rebuild": ("seconds", 60, False)}


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
    """(due, time of the record) in seconds, of each record: the producer's when it publishes."""
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


class Live:
    """What a reader of committed records gets, as it gets it: for transactions the time of a record says nothing."""

    def __init__(self, brokers, topic):
        self.values, self.ended = [], False
        self.consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": "bench", "enable.auto.commit": False,
                                                  "isolation.level": "read_committed"})
        self.consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended:
            for message in self.consumer.consume(200, 0.005):
                if message.error() is None:
                    self.values.append((message.value(), time.time()))

    def forget(self):
        """What came so far; answers how many."""
        time.sleep(1)
        seen, self.values = self.values, []
        return len(seen)

    def fired(self, count, patience=40):
        deadline = time.monotonic() + patience
        while len(self.values) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)  # what comes twice
        self.ended = True
        self.thread.join()
        self.consumer.close()
        return [(int(json.loads(value)["payload"]["due"]) / 1e6, at) for value, at in self.values]


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
        few = system.load("ingest-batch", name="hybrid_far_ingest_4_connections", events=events // 3)
        put = system.load("ingest-batch", name="hybrid_far_ingest", events=events, connections=16)
        system.program.terminate()
        system.program.settings.update(TRANSFER_HORIZON_SECONDS=30 * 86_400)
        system.program.start()
        moved, began = [], time.monotonic()
        while (not moved or moved[-1][1] < events + few["events"]) and time.monotonic() - began < 120:
            stats = system.client.get("/admin/schedules/monitoring/stats")
            if stats.status == 200 and stats.json["transferred_to_redis_schedules"] > 0:
                moved.append((time.monotonic(), stats.json["transferred_to_redis_schedules"]))
            time.sleep(0.1)
        (first, some), (last, all_of) = moved[0], moved[-1]
        return [few, put, {"bench": "hybrid_transfer", "events": all_of, "seconds": round(last - first, 2),
                      "events_per_s": round((all_of - some) / max(last - first, 1e-3))}]


def journal_burst(size):
    events = size(100_000)
    return journalled("burst", "journal_burst", events, {"events": events, "ahead": 10, "patience": 5},
                      {"events": 20_000, "ahead": 4, "patience": 5})


def journal_lateness(size):
    seconds = size(20)
    return journalled("lateness", "journal_lateness_1000", 1_000 * seconds, {"rate": 1_000, "seconds": seconds},
                      {"rate": 1_000, "seconds": 5})


def journalled(mode, name, count, options, first):
    """`first`: before it is measured, as a broker that has just been started compiles itself."""
    with Hybrid("redis", "kafka", JOURNAL="auto") as system:
        system.servers["kafka"].create_topic("bench", PARTITIONS)
        live = Live(system.servers["kafka"].brokers, "bench")
        system.load(mode, **first)
        before = live.forget()
        used = cpu_of(system.program.pid)
        system.load(mode, **options)
        figures = of_fires(name, live.fired(count), count)
        return [{**figures, "warmed_up_by": before, "cpu_s": round(cpu_of(system.program.pid) - used, 1)}]


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def journal_rebuild(size):
    """Redis is emptied; then until every event is back in it and every shard fires again."""
    events = size(1_000_000)
    with Hybrid("redis", "kafka", JOURNAL="auto") as system:
        port = system.servers["redis"].port

        def held():
            asked = "".join(f"HLEN stufio:{{schedules:{shard}}}:event\n" for shard in range(16))
            answer = subprocess.run(["redis-cli", "-p", str(port)], input=asked, capture_output=True, text=True, check=True).stdout
            return sum(int(line) for line in answer.split())

        def owned():
            return sum(one["owner"] is not None for one in system.client.get("/cluster").json["shards"])
        put = system.load("ingest-batch", name="journal_ingest_batch", events=events)
        before = held()
        subprocess.run(["redis-cli", "-p", str(port), "FLUSHALL"], check=True, stdout=subprocess.DEVNULL)
        began, whole = time.monotonic(), False
        while not whole and time.monotonic() - began < 200:
            time.sleep(0.25)
            whole = held() >= before and owned() == 16 and system.healthy()
        return [put, {"bench": "journal_rebuild", "events": before, "seconds": round(time.monotonic() - began, 1),
                      "lost": before - held(), "whole": whole}]


def kafka(mode, name, count, options, first):
    """`first`: before it is measured, as a broker that has just been started compiles itself, on the same cores."""
    with Hybrid("redis", "kafka", JOURNAL="off") as system:
        system.servers["kafka"].create_topic("bench", PARTITIONS)
        system.load(mode, **first)
        began = time.time()
        used = cpu_of(system.program.pid)
        system.load(mode, **options)
        used = cpu_of(system.program.pid) - used
        before = first.get("events") or first["rate"] * first["seconds"]
        found = [one for one in fired(system.servers["kafka"].brokers, "bench", before + count) if one[0] > began]
        return [{**of_fires(name, found, count), "warmed_up_by": before, "cpu_s": round(used, 1)}]


def burst(size):
    events = size(50_000)
    return kafka("burst", "hybrid_burst", events, {"events": events, "ahead": 8}, {"events": 20_000, "ahead": 4})


def lateness(size):
    seconds = size(20)
    return kafka("lateness", "hybrid_lateness_2000", 2_000 * seconds, {"rate": 2_000, "seconds": seconds},
                 {"rate": 2_000, "seconds": size(40)})


WORKLOADS = {"ingest": ingest, "memory": memory, "far": far, "burst": burst, "lateness": lateness}
JOURNAL = {"burst": journal_burst, "lateness": journal_lateness, "rebuild": journal_rebuild}


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
    parser.add_argument("--journal", action="store_true", help="with the journal: of " + " ".join(JOURNAL))
    options = parser.parse_args()
    workloads = JOURNAL if options.journal else WORKLOADS

    def size(full):
        return max(full // 10, 2) if options.quick else full
    for name in options.names or workloads:
        for figures in workloads[name](size):
            print(json.dumps(judged(figures)), flush=True)


if __name__ == "__main__":
    main()
