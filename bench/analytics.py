#!/usr/bin/python3
"""How fast the page's questions about the past are answered: `./dev/bench analytics` fills each engine with 10 million executions
of 90 days, asks what the page asks, over the API, and prints one JSON line a question. Medians of five, the first apart."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("SCHEDULES_BINARY", str(ROOT / "build" / "release" / "schedules"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(ROOT / "tests"))

from servers import kinds  # noqa: E402
from support import Client  # noqa: E402
from support.server import Server  # noqa: E402

FILL = ROOT / "build" / "release" / "bin" / "analytics_fill"
LIMITS = {"sqlite": 1_000, "clickhouse": 200}
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


def measure(engine, server, options):
    settings = {"LOG_LEVEL": "warn", "ANALYTICS_RETENTION_DAYS": options.days, **(
        {name.removeprefix("schedules_"): value for name, value in server.settings().items()} if server else {})}
    program = Server(**settings)
    try:
        program.start()
        client = Client(program, timeout=300)
        body = {"name": "measured", "event_type": "order", "event_action": "remind", "cron_expression": "0 0 1 1 *"}
        schedule = client.post("/admin/schedules", body).json["id"]
        program.terminate()
        where = ["--clickhouse", settings["CLICKHOUSE_URL"]] if server else ["--sqlite", str(program.data_dir / "executions.db")]
        filled = subprocess.run([str(FILL), *where, "--executions", str(options.executions), "--days", str(options.days),
                                 "--schedule", schedule], stdout=subprocess.PIPE, text=True, check=True)
        print(json.dumps({"bench": "analytics_fill", "engine": engine, **json.loads(filled.stdout)}), flush=True)
        program.start()
        limit = LIMITS[engine]
        for name, path in questions(schedule):
            first, *others = [ask(client, path) for _ in range(6)]
            middle = statistics.median(others)
            print(json.dumps({"bench": "analytics", "engine": engine, "question": name, "first_ms": first, "median_ms": middle,
                              "max_ms": max(others), "target": {"median_ms": {"at_most": limit}}, "reached": middle <= limit}), flush=True)
    finally:
        program.close()


def main():
    parser = argparse.ArgumentParser(prog="dev/bench analytics", description=__doc__)
    parser.add_argument("engines", nargs="*", help="of " + " ".join(LIMITS) + "; none: all")
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    for engine in options.engines or LIMITS:
        if engine == "sqlite":
            measure(engine, None, options)
            continue
        with kinds()["clickhouse"]() as server:
            measure(engine, server, options)


if __name__ == "__main__":
    main()
