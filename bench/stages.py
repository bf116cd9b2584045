#!/usr/bin/python3
"""What an event costs in each stage: µs of CPU of the program and of each server, put by put and fired at one instant. Prints one
JSON line a stage; docs/scale.md counts with them. Servers, program and this script share the machine."""
import json
import os
import pathlib
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from hybrid import Hybrid  # noqa: E402

BATCH = 1_000
BODY = {"text": "x" * 240}
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """Of the process and the children that it has waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Meter:
    def __init__(self, system):
        self.pids = {"program": system.program.process.pid}
        self.pids.update({name: server.process.pid for name, server in system.servers.items()})
        self.stages = []

    def look(self):
        return time.monotonic(), {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def stage(self, name, events, since, until):
        self.stages.append((name, events, until[0] - since[0], {part: until[1][part] - since[1][part] for part in self.pids}))

    def print(self):
        """Less what they need with nothing to do, which is looked at last: a server that has just started does more."""
        (began, before), _, (ended, after) = self.look(), time.sleep(5), self.look()
        idle = {name: (after[name] - before[name]) / (ended - began) for name in self.pids}
        for name, events, took, used in self.stages:
            found = {part: round((used[part] - idle[part] * took) / events * 1e6, 1) for part in self.pids}
            print(json.dumps({"bench": f"stage_{name}", "events": events, "seconds": round(took, 2), "cpu_us_per_event": found}),
                  flush=True)


def put(system, events, due_us, topic):
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(due_us / 1e6)) + "Z"
    lines = [json.dumps({"topic": topic, "entity_type": "bench", "entity_id": str(n), "action": "tick", "scheduled_at": text,
                         "body": BODY}) for n in range(BATCH)]
    body = "\n".join(lines).encode()
    for _ in range(events // BATCH):
        request = urllib.request.Request(system.program.url + "/api/v1/events", body, {"Content-Type": "application/x-ndjson"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()


def fired(system):
    with urllib.request.urlopen(system.program.url + "/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("schedules_events_fired_total"))


def measure(servers, events, ahead, **settings):
    name = "_".join(servers) or "embedded"
    name += "_journal" if "JOURNAL" in settings else ""
    with Hybrid(*servers, **settings) as system:
        if "kafka" in system.servers:
            system.servers["kafka"].create_topic("stages", 6)
        meter = Meter(system)
        time.sleep(4)
        due_us = int((time.time() + ahead) * 1e6)
        since = meter.look()
        put(system, events, due_us, "stages")
        until = meter.look()
        meter.stage(f"put_{name}", events, since, until)
        time.sleep(max(0.0, due_us / 1e6 - 6 - time.time()))
        since = meter.look()
        deadline = time.time() + ahead + 120
        while fired(system) < events and time.time() < deadline:
            time.sleep(0.2)
        meter.stage(f"fire_{name}", events, since, meter.look())
        meter.print()


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    measure((), events, 25)
    measure(("redis", "kafka"), events, 30)
    measure(("redis", "kafka"), events, 30, JOURNAL="auto")


if __name__ == "__main__":
    main()
