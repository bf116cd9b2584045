#!/usr/bin/env python3
"""Writes schedules.json beside it, the Grafana dashboard: panels are named here, once. `--check` says whether it is current."""
import json
import pathlib
import sys

FILE = pathlib.Path(__file__).with_name("schedules.json")
QUANTILE = "histogram_quantile({q}, sum(rate({metric}_bucket[$__rate_interval])) by (le{by}))"


def quantile(q, metric, by=""):
    return QUANTILE.format(q=q, metric=metric, by=f", {by}" if by else "")


def rate(metric, by=""):
    return f"sum(rate({metric}[$__rate_interval]))" + (f" by ({by})" if by else "")


# row → (title, unit, [(query, legend)])
ROWS = {
    "What fires": [
        ("Fired", "eps", [(rate("schedules_events_fired_total", "sink"), "{{sink}}")]),
        ("Lateness", "s", [(quantile(0.5, "schedules_event_lateness_seconds"), "p50"),
                           (quantile(0.99, "schedules_event_lateness_seconds"), "p99")]),
        ("Oldest that is due", "s", [("max(schedules_oldest_due_seconds)", "waits")]),
        ("Failed attempts", "eps", [(rate("schedules_publishes_failed_total", "sink"), "{{sink}}")]),
        ("Ended otherwise", "eps", [(rate("schedules_events_skipped_total", "reason"), "skipped: {{reason}}"),
                                    (rate("schedules_events_dead_total", "reason"), "dead: {{reason}}")]),
        ("Dead letters", "short", [("max(schedules_dead_letters)", "kept")]),
    ],
    "What comes in": [
        ("Accepted", "eps", [(rate("schedules_events_accepted_total", "source"), "{{source}}")]),
        ("Refused", "eps", [(rate("schedules_events_refused_total", "code"), "{{code}}")]),
        ("Accept takes", "s", [(quantile(0.5, "schedules_accept_duration_seconds"), "p50"),
                               (quantile(0.99, "schedules_accept_duration_seconds"), "p99")]),
        ("Delayed topic", "short", [("sum(schedules_ingest_records_waiting)", "waiting"),
                                    ("sum(schedules_ingest_partitions_paused)", "partitions paused")]),
        ("HTTP requests", "reqps", [(rate("schedules_http_requests_total", "status"), "{{status}}")]),
        ("HTTP takes, p99", "s", [(quantile(0.99, "schedules_http_request_duration_seconds", "route"), "{{route}}")]),
    ],
    "What waits": [
        ("Pending", "short", [("max(schedules_events_pending) by (tier)", "{{tier}}")]),
        ("Queues", "short", [("sum(schedules_queue_depth) by (queue)", "{{queue}}")]),
        ("Moved near", "eps", [(rate("schedules_events_transferred_total"), "events")]),
        ("Planned", "eps", [(rate("schedules_occurrences_planned_total", "result"), "{{result}}")]),
    ],
    "Parts": [
        ("Servers", "bool_on_off", [("min(schedules_dependency_up) by (dependency)", "{{dependency}}")]),
        ("Breakers", "short", [("max(schedules_breaker_state) by (lane)", "{{lane}}")]),
        ("Store calls, p99", "s", [(quantile(0.99, "schedules_store_call_duration_seconds", "store, op"), "{{store}} {{op}}")]),
        ("Store errors", "eps", [(rate("schedules_store_errors_total", "store, op"), "{{store}} {{op}}")]),
        ("Shards of each node", "short", [("schedules_shards_owned", "{{instance}}")]),
        ("History waiting", "short", [("sum(schedules_executions_waiting)", "executions")]),
        ("Memory", "bytes", [('process_resident_memory_bytes{job="schedules"}', "{{instance}}")]),
        ("CPU", "percentunit", [('rate(process_cpu_seconds_total{job="schedules"}[$__rate_interval])', "{{instance}}")]),
    ],
}


def panel(number, x, y, title, unit, queries):
    return {"id": number, "type": "timeseries", "title": title, "gridPos": {"x": x, "y": y, "w": 8, "h": 7},
            "datasource": {"type": "prometheus", "uid": "${source}"},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "targets": [{"refId": chr(ord("A") + i), "expr": query, "legendFormat": legend}
                        for i, (query, legend) in enumerate(queries)]}


def dashboard():
    panels, y = [], 0
    for row, content in ROWS.items():
        panels.append({"id": len(panels) + 1, "type": "row", "title": row, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
        y += 1
        for place, (title, unit, queries) in enumerate(content):
            panels.append(panel(len(panels) + 1, 8 * (place % 3), y + 7 * (place // 3), title, unit, queries))
        y += 7 * ((len(content) + 2) // 3)
    return {"title": "Stufio Schedules", "uid": "stufio-schedules", "schemaVersion": 39, "editable": True, "refresh": "10s",
            "time": {"from": "now-1h", "to": "now"}, "tags": ["schedules"], "panels": panels,
            "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]}}


def main():
    text = json.dumps(dashboard(), indent=1) + "\n"
    if "--check" in sys.argv:
        return 0 if FILE.exists() and FILE.read_text() == text else 1
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
