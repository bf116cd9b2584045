#!/usr/bin/python3
"""How fast the page's questions about the past are answered: `./dev/bench analytics` fills each engine with 10 million executions
of 90 days, asks what the page asks, over the API, and prints one JSON line a question. Medians of five, the first apart."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from hybrid import ROOT, Hybrid  # noqa: E402

FILL = ROOT / "build" / "release" / "bin" / "analytics_fill"
LIMITS = {"sqlite": 1_000, "clickhouse": 200}
SERVERS = {"sqlite": [], "clickhouse": ["clickhouse"]}
RANGES = (1, 24, 168, 720, 2_160)
MONITORING = "/admin/schedules/monitoring/analytics"


def questions(schedule):
    """What the pages ask: the overview, the analytics page over each of its ranges, for all and for one schedule, a schedule's page."""
    for hours in RANGES:
        for name in ("summary", "performance"):
            yield f"{name} {hours} h", f"{MONITORING}/{name}?hours={hours}"
            yield f"{name} {hours} h of a schedule", f"{MONITORING}/{name}?hours={hours}&schedule_id={schedule}"
    for hours in (24, 168):
        yield f"stats {hours} h", f"/admin/analytics/stats?hours_back={hours}"
        yield f"stats {hours} h of a schedule", f"/admin/analytics/stats?hours_back={hours}&schedule_id={schedule}"
        yield f"error patterns {hours} h", f"/admin/analytics/errors/patterns?hours_back={hours}"
    yield "schedule's stats", f"/admin/schedules/{schedule}/stats"
    yield "schedule's executions", f"/admin/schedules/{schedule}/executions?limit=50"
    yield "schedule's failures", f"/admin/schedules/{schedule}/executions?limit=50&status=failure"
    yield "schedule's executions, page 100", f"/admin/schedules/{schedule}/executions?limit=50&skip=5000"
    yield "system health", "/admin/analytics/health/system"


def ask(client, path):
    began = time.monotonic()
    answer = client.get(path)
    if answer.status != 200:
        raise SystemExit(f"GET {path}: {answer.status} {answer.body[:300]}")
    return round((time.monotonic() - began) * 1e3, 1)


def fill(system, options, schedule):
    """While the program is away."""
    settings = system.settings
    where = ["--clickhouse", settings["CLICKHOUSE_URL"]] if "CLICKHOUSE_URL" in settings else [
        "--sqlite", str(system.program.data_dir / "executions.db")]
    filled = subprocess.run([str(FILL), *where, "--executions", str(options.executions), "--days", str(options.days),
                             "--schedule", schedule], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(filled.stdout)


def measure(engine, options):
    limit = LIMITS[engine]
    with Hybrid(*SERVERS[engine], ANALYTICS_RETENTION_DAYS=options.days + 1) as system:  # the oldest must not go at once
        body = {"name": "measured", "event_type": "order", "event_action": "remind", "cron_expression": "0 0 1 1 *"}
        schedule = system.client.post("/admin/schedules", body).json["id"]
        system.program.terminate()
        yield {"bench": "analytics_fill", "engine": engine, **fill(system, options, schedule)}
        system.program.start()
        for name, path in questions(schedule):
            first, *others = [ask(system.client, path) for _ in range(6)]
            middle = statistics.median(others)
            yield {"bench": "analytics", "engine": engine, "question": name, "first_ms": first, "median_ms": middle,
                   "max_ms": max(others), "target": {"median_ms": {"at_most": limit}}, "reached": middle <= limit}


def main():
    parser = argparse.ArgumentParser(prog="dev/bench analytics", description=__doc__)
    parser.add_argument("engines", nargs="*", help="of " + " ".join(LIMITS) + "; none: all")
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    for engine in options.engines or LIMITS:
        for figures in measure(engine, options):
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
