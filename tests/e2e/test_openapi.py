"""The server does what api/openapi.yaml says: every operation is called, every JSON answer is of its schema."""
import datetime
import http.client
import json
import pathlib
import re
import shutil
import tempfile
import unittest
import urllib.parse
import uuid

import jsonschema
import yaml

from support import ServerCase, eventually

PATH = pathlib.Path(__file__).resolve().parents[2] / "api" / "openapi.yaml"
SPEC = yaml.safe_load(PATH.read_text())
METHODS = ("get", "post", "put", "patch", "delete")
UNKNOWN_EVENT = str(uuid.uuid4())
UNKNOWN_SCHEDULE = "f" * 24
MONITORING = "/api/v1/admin/schedules/monitoring"


def resolve(node):
    while "$ref" in node:
        found = SPEC
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def operations():
    return {(method, path) for path, item in SPEC["paths"].items() for method in METHODS if method in item}


class OpenApi(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="definitions-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.settings = {"DEFINITIONS_DIR": str(cls.folder)}
        super().setUpClass()
        cls.called = set()
        cls.resolver = jsonschema.RefResolver.from_schema(SPEC)

    def call(self, method, path, body=None, status=None, headers=None, query="", **parameters):
        """Calls the operation and checks status, media type and schema of the answer."""
        operation = SPEC["paths"][path][method]
        self.called.add((method, path))
        answer = self.client.request(method.upper(), "/" + path.format(**parameters) + query, body, headers)
        told = f"{method} {path}: {answer}"
        if status is not None:
            self.assertEqual(answer.status, status, told)
        described = operation["responses"].get(str(answer.status), operation["responses"].get("default"))
        self.assertIsNotNone(described, f"status not described: {told}")
        self.check_answer(resolve(described), answer, told)
        return answer

    def check_answer(self, described, answer, told):
        self.assertTrue(answer.headers["X-Request-Id"], told)
        for name, header in described.get("headers", {}).items():
            if header.get("required", True) or name in answer.headers:  # `required: false` is said where it depends
                self.assertTrue(answer.headers[name], f"header {name}: {told}")
        content = described.get("content")
        if content is None:
            self.assertEqual(answer.body, b"", told)
            return
        kind = answer.headers["Content-Type"].split(";")[0]
        self.assertIn(kind, content, told)
        if "json" not in kind:
            return
        validator = jsonschema.Draft202012Validator(content[kind]["schema"], resolver=self.resolver)
        faults = [f"{'/'.join(map(str, fault.path))}: {fault.message[:300]}" for fault in validator.iter_errors(answer.json)]
        self.assertEqual(faults, [], told)
        self.check_times(answer.json, told)

    def check_times(self, value, told):
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in ("body", "payload", "event_payload", "input"):
                    continue
                if isinstance(inner, str) and (name.endswith("_at") or name in ("at", "next_execution", "last_execution")):
                    self.assertRegex(inner, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", told)
                self.check_times(inner, told)
        elif isinstance(value, list):
            for inner in value:
                self.check_times(inner, told)

    def test_events(self):
        events = "/api/v1/events"
        one = events + "/{id}"
        made = self.call("post", events, self.event(tags=["t"], key="k"), 201).json["id"]
        keyed = self.event(scheduled_at="2090-01-01T00:00:00Z", idempotency_key="openapi")
        self.call("post", events, keyed, 201)
        self.call("post", events, keyed, 200)
        self.call("post", events, {**keyed, "action": "x"}, 409)
        self.call("post", events, [self.event(), {"topic": 1}, keyed], 207)
        self.call("post", events, "{", 400)
        self.call("post", events, {"topic": 1}, 422)
        self.call("post", events, "x", 415, headers={"Content-Type": "text/plain"})
        self.call("get", events, status=200)
        for state in ("pending", "in_flight", "fired", "cancelled", "skipped", "dead"):
            self.call("get", events, status=200, query=f"?status={state}&limit=5")
        self.call("get", events, status=422, query="?limit=0")
        self.call("get", one, status=200, id=made)
        self.call("get", one, status=404, id=UNKNOWN_EVENT)
        self.call("patch", one, {"priority": 2}, 200, id=made)
        self.call("patch", one, {"priority": 2}, 412, id=made, headers={"If-Match": '"1"'})
        self.call("patch", one, {"priority": 2}, 404, id=UNKNOWN_EVENT)
        self.call("delete", one, status=409, id=made, headers={"If-Match": '"1"'})
        self.call("delete", one, status=200, id=made)
        self.call("delete", one, status=404, id=UNKNOWN_EVENT)
        self.call("get", one, status=200, id=made)

    def test_finished_events(self):
        events = "/api/v1/events"
        one = events + "/{id}"
        for target in ({"type": "stream"}, self.receiver.target("/x"), {"type": "log"}):
            fired = self.created(delay_seconds=0, target=target)["id"]
            self.await_state(fired, "fired")
            self.call("get", one, status=200, id=fired)
            self.call("delete", one, status=409, id=fired)
            self.call("patch", one, {"priority": 2}, 409, id=fired)
            self.call("post", one + "/complete", {"success": True}, 200, id=fired)
            self.call("post", one + "/complete", {"success": True}, 409, id=fired)
        self.call("post", one + "/complete", status=404, id=UNKNOWN_EVENT)
        eventually(lambda: len(self.call("get", events, status=200, query="?status=fired").json["items"]) >= 3)

    def test_jobs(self):
        wanted = {"filter": {"topic": "none"}, "dry_run": True}
        job = self.call("post", "/api/v1/events/cancel", wanted, 202).json["id"]
        self.call("get", "/api/v1/jobs/{id}", status=200, id=job)
        self.call("get", "/api/v1/jobs/{id}", status=404, id="nothing")
        self.call("post", "/api/v1/events/cancel", {}, 422)
        self.call("post", "/api/v1/events/reschedule", {**wanted, "shift_seconds": 1}, 202)
        self.call("post", "/api/v1/dead-letters/redrive", {"filter": {}, "dry_run": True}, 202)
        self.call("post", "/api/v1/dead-letters/redrive", {}, 422)

    def test_dead_letters(self):
        letters = "/api/v1/dead-letters"
        self.receiver.answer("/400", 400)
        dead = self.created(delay_seconds=0, target=self.receiver.target("/400"))["id"]
        self.await_state(dead, "dead")
        self.assertEqual(len(self.call("get", letters, status=200).json["items"]), 1)
        self.call("get", letters + "/{id}", status=200, id=dead)
        self.call("get", letters + "/{id}", status=404, id=UNKNOWN_EVENT)
        self.call("get", "/api/v1/events/{id}", status=200, id=dead)
        self.call("get", "/api/v1/events", status=200, query="?status=dead")
        self.call("delete", letters + "/{id}", status=204, id=dead)
        self.call("delete", letters + "/{id}", status=404, id=dead)

    def test_stream(self):
        self.called.add(("get", "/api/v1/events/stream"))
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=5)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1/events/stream?topic=a&topic=b*")
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        self.assertTrue(response.headers["Content-Type"].startswith("text/event-stream"))

    def test_schedules(self):
        schedules = "/api/v1/admin/schedules"
        one = schedules + "/{id}"
        body = {"name": self.fresh(), "event_type": "a", "event_action": "b", "cron_expression": "0 0 1 1 *",
                "target": self.receiver.target("/s")}
        made = self.call("post", schedules, body, 201).json["id"]
        self.call("post", schedules, body, 409)
        self.call("post", schedules, {}, 422)
        self.call("post", schedules, "{", 422)
        self.call("post", schedules, {**body, "name": self.fresh(), "cron_expression": None, "every_seconds": 90.5,
                                      "event_payload": {"a": 1}, "tags": ["x"], "max_count": 3}, 201)
        self.call("get", schedules, status=200)
        counted = self.call("get", schedules, status=200, query="?sort=-next_execution&total=true&limit=1")
        self.assertGreaterEqual(int(counted.headers["X-Total-Count"]), 2)
        self.call("get", schedules, status=422, query="?limit=0")
        self.call("get", schedules, status=422, query="?sort=status")
        self.call("get", one, status=200, id=made)
        self.call("get", one, status=404, id=UNKNOWN_SCHEDULE)
        self.call("put", one, {"priority": 1}, 200, id=made)
        self.call("put", one, {"priority": 1}, 412, id=made, headers={"If-Match": '"1"'})
        self.call("put", one, {"priority": 99}, 422, id=made)
        for verb in ("execute", "toggle", "activate", "deactivate"):
            self.call("post", f"{one}/{verb}", status=200, id=made)
            self.call("post", f"{one}/{verb}", status=404, id=UNKNOWN_SCHEDULE)
        eventually(lambda: self.call("get", one + "/executions", status=200, id=made).json)
        self.call("get", one + "/stats", status=200, id=made)
        self.call("get", schedules + "/active/due", status=200)
        self.call("post", schedules + "/bulk/activate", [made], 200)
        self.call("post", schedules + "/bulk/deactivate", [made], 200)
        self.call("delete", one, status=204, id=made)
        self.call("delete", one, status=404, id=made)
        self.call("get", "/api/v1/schedules/preview", status=200, query="?expr=30+2+*+*+*&tz=Europe/Berlin&n=400")
        self.call("get", "/api/v1/schedules/preview", status=422)

    def test_definitions(self):
        definitions = "/api/v1/admin/schedules/definitions"
        (self.folder / "one.yaml").write_text(
            "owner: me\ndefinitions:\n- {event_type: a, event_action: b, cron_expression: '@daily'}\n- {name: x}\n")
        self.assertEqual(self.call("post", definitions + "/sync", status=200).json["status"], "partial")
        self.assertEqual(len(self.call("get", definitions, status=200).json), 1)
        one = definitions + "/{name}"
        self.call("get", one, status=200, name="a.b")
        self.call("get", one, status=404, name="nobody")
        self.call("put", one, {"manual_cron_override": "@hourly", "manual_status_override": "draft"}, 200, name="a.b")
        self.call("put", one, {"manual_cron_override": 1}, 422, name="a.b")
        self.call("put", one, {}, 404, name="nobody")

    def test_scheduled(self):
        path = "/api/v1/admin/scheduled"
        one = path + "/{event_id}"
        body = {"topic": "t", "entity_type": "a", "action": "b", "payload": "{}", "scheduled_at": "2090-01-01T00:00:00Z"}
        made = self.call("post", path, body, 201).json["schedule_id"]
        self.call("post", path, {}, 422)
        self.call("get", path, status=200)
        self.call("get", path, status=422, query="?limit=0")
        self.call("get", one, status=200, event_id=made)
        self.call("get", one, status=404, event_id=UNKNOWN_EVENT)
        self.call("get", one, status=422, event_id="x")
        self.call("put", one, {"priority": 1}, 200, event_id=made)
        self.call("put", one, {"status": "skipped"}, 409, event_id=made)
        self.call("get", path + "/ready/transfer", status=200)
        self.call("post", one + "/transfer", status=200, event_id=made)
        self.call("post", one + "/transfer", status=404, event_id=UNKNOWN_EVENT)
        self.call("post", path + "/bulk/transfer", [made], 200)
        self.call("post", path + "/batch/create", [body, {}], 200)
        self.call("put", one, {"status": "completed"}, 200, event_id=made)
        eventually(lambda: self.call("get", path, status=200, query="?status_filter=completed").json)
        for tail in ("overview", "by-source", "by-time"):
            self.call("get", f"{path}/stats/{tail}", status=200)
        self.call("delete", path + "/cleanup/old", status=200)
        self.call("delete", path + "/cleanup/old", status=200, query="?dry_run=false")
        self.call("delete", one, status=409, event_id=made)
        self.call("delete", one, status=204, event_id=self.call("post", path, body, 201).json["schedule_id"])

    def test_analytics(self):
        path = "/api/v1/admin/analytics"
        body = {"schedule_type": "redis_immediate", "schedule_id": "s", "event_type": "a", "event_action": "b", "correlation_id": "c",
                "scheduled_at": "2026-01-05T08:00:00Z", "started_processing_at": "2026-01-05T08:00:00Z", "execution_result": "FAILURE",
                "error_message": "no"}
        self.call("post", path, body, 201)
        self.call("post", path, {}, 422)
        short = "?" + urllib.parse.urlencode({name: body[name] for name in body if name != "schedule_type"})
        for tail in ("mongo/execution", "clickhouse/transfer", "redis/processing"):
            self.call("post", f"{path}/{tail}", status=201, query=short)
            self.call("post", f"{path}/{tail}", status=422)
        self.created(delay_seconds=0)
        eventually(lambda: self.call("get", path + "/level/{level}", status=200, level="info").json)
        self.call("get", path + "/level/{level}", status=422, level="x")
        self.call("get", path + "/schedule/{schedule_id}", status=200, schedule_id="s", query="?level=error")
        self.call("get", path + "/event-type/{event_type}", status=200, event_type="a")
        times = "?start_time=2026-01-01T00:00:00Z&end_time=2026-01-07T00:00:00Z"
        self.call("get", path + "/time-range", status=200, query=times)
        self.call("get", path + "/time-range", status=400, query=times.replace("-07T", "-10T"))
        self.call("get", path + "/time-range", status=422)
        for tail in ("stats", "errors/patterns", "health/system"):
            self.call("get", f"{path}/{tail}", status=200)
        self.call("get", path + "/performance/schedule/{schedule_id}", status=200, schedule_id="s")
        self.call("delete", path + "/cleanup", status=200)

    def test_redis_events(self):
        path = "/api/v1/admin/redis-events"
        one = path + "/{event_id}"
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        body = {"topic": "t", "entity_type": "a", "action": "b", "scheduled_at": soon.isoformat()}
        made = self.call("post", path, body, 201).json["event_id"]
        self.call("post", path, {**body, "scheduled_at": "2090-01-01T00:00:00Z"}, 400)
        self.call("post", path, {}, 422)
        self.call("get", path, status=200)
        self.call("get", path + "/ready/processing", status=200)
        self.call("put", one, {"priority": 1}, 200, event_id=made)
        self.call("post", one + "/claim", status=200, event_id=made, query="?processor_id=w")
        self.call("post", one + "/claim", status=409, event_id=made, query="?processor_id=w")
        self.call("get", one, status=200, event_id=made)
        self.call("post", one + "/complete", status=200, event_id=made)
        self.call("post", one + "/complete", status=404, event_id=UNKNOWN_EVENT)
        self.call("get", one, status=200, event_id=made)
        for tail in ("stats/overview", "stats/health", "monitoring/dashboard"):
            self.call("get", f"{path}/{tail}", status=200)
        self.call("post", path + "/maintenance/cleanup", status=200)
        made = self.call("post", path + "/batch/transfer-from-clickhouse", [body, {}], 200)
        self.call("delete", one, status=204, event_id=self.call("post", path, body, 201).json["event_id"])
        self.call("delete", one, status=404, event_id=UNKNOWN_EVENT)

    def test_monitoring_settings_and_service(self):
        for path in ("health", "stats", "metrics", "metrics/prometheus", "analytics/summary", "analytics/performance"):
            self.call("get", f"{MONITORING}/{path}", status=200)
        self.call("post", MONITORING + "/sync", status=200)
        self.call("post", MONITORING + "/cleanup", status=200)
        settings = "/api/v1/admin/settings"
        self.call("get", settings + "/schemas", status=200)
        self.call("get", settings + "/sources", status=200)
        self.call("post", settings + "/get", {"keys": ["schedules_MAX_RETRIES"]}, 200)
        self.call("post", settings + "/get", {}, 422)
        self.call("post", settings + "/save", [{"key": "schedules_MAX_RETRIES", "value": 4}], 200)
        self.call("post", settings + "/save", [{"key": "x", "value": 4}], 422)
        self.call("post", settings + "/refresh-cache", status=200)
        self.call("get", "/api/v1/forecast", status=422, query="?hours=0")
        for path in ("/api/v1/alerts", "/api/v1/audit", "/api/v1/cluster", "/api/v1/forecast", "/healthz", "/readyz", "/metrics",
                     "/openapi.json", "/docs", "/"):
            self.call("get", path, status=200)
        self.call("get", "/assets/{name}", status=404, name="none.js")

    def test_other_addresses(self):
        for path, item in SPEC["paths"].items():
            for alias in item.get("x-aliases", ()):
                method = "get" if "get" in item else "post"
                answer = self.client.request(method.upper(), "/" + alias)
                self.assertEqual(answer.status, 200, alias)
                self.check_answer(resolve(item[method]["responses"]["200"]), answer, alias)

    def test_the_document_is_served(self):
        served = self.client.get("//openapi.json").json
        self.assertEqual(served, json.loads(json.dumps(SPEC, default=str)))

    def test_pages_refer_to_nothing_elsewhere(self):
        for path in ("//docs", "//"):
            answer = self.client.get(path)
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            html = answer.body.decode()
            loaded = re.findall(r"""(?:src|href|action|poster|data)\s*=\s*["']?([^"'\s>]+)""", html)
            elsewhere = [one for one in loaded if re.match(r"(?i)(https?:)?//", one)]
            self.assertEqual(elsewhere, [], path)
            self.assertNotRegex(html, r"@import|url\(\s*['\"]?(https?:)?//")

    def test_head_and_options(self):
        for path in ("//healthz", "/events", "/admin/schedules", "//openapi.json"):
            get, head = self.client.get(path), self.client.request("HEAD", path)
            self.assertEqual((head.status, head.body), (get.status, b""))
            self.assertEqual(head.headers["Content-Length"], get.headers["Content-Length"])
            self.assertIn("GET", self.client.request("OPTIONS", path).headers["Allow"])

    def test_request_ids(self):
        self.assertEqual(self.client.get("//healthz", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"], "mine-1")
        refused = self.client.get("/events?limit=0", headers={"X-Request-Id": "mine-2"})
        self.assertEqual(refused.json["request_id"], "mine-2")
        self.assertNotEqual(self.client.get("//healthz", headers={"X-Request-Id": "x" * 129}).headers["X-Request-Id"], "x" * 129)

    def test_zz_every_operation_was_called(self):
        self.assertEqual(operations() - self.called, set())


if __name__ == "__main__":
    unittest.main()
