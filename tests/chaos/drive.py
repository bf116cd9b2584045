"""Runs one scenario: load, faults in their order, then the wait for what is still to come, then the verdict."""
import json
import platform
import subprocess
import time

from . import ledger, scenarios, verdict
from .world import World

AFTER_THE_LAST = 6  # seconds in which a repeat would still come
MOST_WAITED = 240


def timeline(faults):
    steps = [(at, "begin", fault) for at, fault in faults] + [(at + fault.seconds, "end", fault) for at, fault in faults]
    return sorted(steps, key=lambda step: step[0])


def carry_out(world, faults, say):
    """In the main thread, with which processes die."""
    since = time.monotonic()
    begun = {}
    for at, what, fault in timeline(faults):
        time.sleep(max(0.0, since + at - time.monotonic()))
        if what == "begin":
            begun[fault] = time.time() * 1000
            on = fault.begin(world)
            say(f"{time.monotonic() - since:6.1f} s  {fault.name}: {on}, for {fault.seconds:.1f} s")
            fault.on = on
        else:
            fault.end(world)
            world.note(k="fault", begin=begun[fault], end=time.time() * 1000, on=fault.on, **fault.describe())


class Arrivals:
    """Follows the ledgers until nothing that was acknowledged is missing."""

    def __init__(self, world):
        self.acknowledged = ledger.Tail(world.dir / "acknowledged")
        self.tails = [ledger.Tail(world.dir / name) for name in ("kafka-arrivals", "webhooks")]
        self.put, self.settled, self.arrived = set(), set(), set()
        self.of_schedules = []

    def look(self):
        for one in self.acknowledged.new():
            if one["k"] == "put":
                self.put.add(one["id"])
            elif one["k"] in ("cancelled", "doubt"):
                self.settled.add(one["id"])
            elif one["k"].startswith("schedule"):
                self.of_schedules.append(one)
        for tail in self.tails:
            self.arrived.update(verdict.occurrence(one) or one["id"] for one in tail.new())

    def missing(self):
        return (self.put - self.settled | verdict.occurrences_wanted(self.of_schedules)) - self.arrived

    def wait(self, patience):
        deadline = time.monotonic() + MOST_WAITED
        last, before = time.monotonic(), None
        while time.monotonic() < deadline:
            self.look()
            missing = len(self.missing())
            if missing != before:
                last, before = time.monotonic(), missing
            if not missing or time.monotonic() - last > patience:
                return
            time.sleep(0.5)


def versions(binary):
    def first_line(*command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else "?"
    return {"schedules": first_line(str(binary), "--version"), "commit": first_line("git", "rev-parse", "--short", "HEAD"),
            "redis": first_line("redis-server", "--version").split("v=")[-1].split()[0], "kernel": platform.release(),
            "python": platform.python_version()}


def run(scenario, binary, options, say):
    faults = scenarios.schedule_of_faults(scenario, options.seed, options.seconds)
    with World(scenario, binary, options) as world:
        say(f"{scenario.name}: {options.nodes} nodes, {options.rate} events/s, {options.seconds} s, seed {options.seed}; "
            f"ledgers in {world.dir}")
        world.start_generator()
        carry_out(world, faults, say)
        counts = world.generator.result()
        for node in world.nodes:
            if not node.alive():
                say(f"node {node.number} is gone: {node.log_tail()[-300:]}")
                node.launch()
        Arrivals(world).wait(scenario.patience)
        time.sleep(AFTER_THE_LAST)
        fates = fates_of_missing(world)
        world.consumer.stop()
        world.webhooks.stop()
    facts = verdict.Facts(*(ledger.read(world.dir / name) for name in ("acknowledged", "kafka-arrivals", "webhooks", "faults")))
    exactly_once = options.journal and world.on_redis()
    judged = verdict.judge(facts, scenarios.MOST_CONCURRENT, exactly_once)
    report = {"scenario": scenario.name, "seed": options.seed, "nodes": options.nodes, "rate": options.rate,
              "seconds": options.seconds, **judged, "answers": counts, "journal": exactly_once,
              "faults": [{"at_s": round(at, 1), **fault.describe(), "on": getattr(fault, "on", None)} for at, fault in faults],
              "versions": versions(binary)}
    if fates:
        report["missing_as_the_program_sees_them"] = fates
    if judged["held"] and not options.keep:
        world.forget()
    else:
        report["ledgers"] = str(world.dir)
        (world.dir / "report.json").write_text(json.dumps(report, indent=1))
    return report


def fates_of_missing(world):
    """Only for the reader: the verdict asks the ledgers alone."""
    arrivals = Arrivals(world)
    arrivals.look()
    found = {}
    from .front_doors import FrontDoors, NoAnswer
    doors = FrontDoors([node.port for node in world.nodes], 0)
    for event in sorted(one for one in arrivals.missing() if isinstance(one, str))[:5]:
        try:
            found[event] = doors.ask("GET", f"/events/{event}", patience=5)[1]
        except NoAnswer:
            found[event] = "no answer"
    return found


def table(report):
    lines = [f"{report['scenario']}  seed {report['seed']}  {len(report['faults'])} faults  "
             f"{report['figures']['acknowledged']:,} acknowledged"]
    for name, promise in report["promises"].items():
        mark = "broken" if name in report["broken"] else "held"
        lines.append(f"  {name:30} {promise['found']:>8,}   at most {promise['allowed']:>6,}   {mark}")
    for name in ("arrived_kafka", "arrived_webhook", "cancelled", "moved", "in_doubt", "early_by_the_true_clock", "takeover_p99_s",
                 "lateness_p50_ms", "lateness_p99_ms", "lateness_max_ms"):
        value = report["figures"][name]
        lines.append(f"  {name:30} {'-' if value is None else round(value, 1):>8}")
    lines.append("  every promise was held" if report["held"] else f"  BROKEN: {', '.join(report['broken'])}")
    return "\n".join(lines)
