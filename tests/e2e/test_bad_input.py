"""Bad input of every kind is refused with a code and a field, stores nothing and harms nobody."""
import contextlib
import json
import socket
import threading
import time
import unittest

from support import Client, ServerCase

LONG = "x" * 250
WORDS_BAD = [(7, "wrong_type"), ({}, "wrong_type"), (LONG, "too_long"), ("a\u0000b", "invalid_argument"),
             ("a\nb", "invalid_argument"), ("\u001b[2J", "invalid_argument")]
NAMES_BAD = [*WORDS_BAD, ("", "missing_field")]
# field: (value, code, field that is named; the same where it is missing)
EVENT_BAD = {
    **{name: NAMES_BAD for name in ("topic", "entity_type", "action", "actor_type", "actor_id")},
    **{name: WORDS_BAD for name in ("key", "entity_id", "correlation_id")},
    "body": [(7, "wrong_type"), ([1], "wrong_type"), ("text", "wrong_type"), ("[1]", "wrong_type"),
             ({"x": "y" * (1 << 20)}, "too_long")],
    "headers": [([], "wrong_type"), ({"a": 1}, "wrong_type", "headers.a"), ({"a": "b\r\nc: d"}, "invalid_argument", "headers.a"),
                ({"": "x"}, "invalid_argument", "headers."), ({f"h{n}": "" for n in range(65)}, "too_long"),
                ({"a": "x" * 9000}, "too_long", "headers.a")],
    "scheduled_at": [(7, "wrong_type"), ("soon", "invalid_time"), ("2026-02-30T00:00:00Z", "invalid_time"),
                     ("2026-01-01T25:00:00Z", "invalid_time"), ("2200-01-01T00:00:00Z", "out_of_range"),
                     ("9999-12-31T23:59:59Z", "invalid_time"), ("", "invalid_time")],
    "delay_seconds": [("7", "wrong_type"), (-1, "out_of_range"), (1e12, "out_of_range"), (True, "wrong_type")],
    "priority": [("high", "wrong_type"), (10, "out_of_range"), (-10, "out_of_range"), (1.5, "wrong_type"),
                 (1e30, "out_of_range")],
    "max_delay_seconds": [("1", "wrong_type"), (-1, "out_of_range"), (1.5, "wrong_type")],
    "max_retries": [("1", "wrong_type"), (-1, "out_of_range"), (101, "out_of_range"), (0.5, "wrong_type")],
    "retry_delay_seconds": [("1", "wrong_type"), (-0.1, "out_of_range"), (86401, "out_of_range")],
    "target": [("stream", "wrong_type"), ({}, "missing_field", "target.type"),
               ({"type": "pigeon"}, "invalid_argument", "target.type"), ({"type": "webhook"}, "missing_field", "target.url"),
               ({"type": "webhook", "url": 7}, "wrong_type", "target.url"),
               ({"type": "webhook", "url": "gopher://x"}, "invalid_argument", "target.url"),
               ({"type": "webhook", "url": "http://127.0.0.1/" + "x" * 2048}, "too_long", "target.url"),
               ({"type": "stream", "uri": "x"}, "unknown_field", "target.uri")],
    "tags": [("a", "wrong_type"), ([1], "wrong_type", "tags.0"), (["a", ""], "missing_field", "tags.1"),
             ([f"t{n}" for n in range(33)], "too_long"), ([LONG], "too_long", "tags.0")],
    "traceparent": [(7, "wrong_type"), ("x" * 56, "too_long")],
}
NEW_ONLY = {"id": [(7, "wrong_type"), ("nonsense", "invalid_argument"), ("6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                                                                          "invalid_argument")],
            "idempotency_key": NAMES_BAD}
SCHEDULE_BAD = {
    **{name: NAMES_BAD for name in ("name", "event_type", "event_action", "actor_type", "actor_id")},
    **{name: WORDS_BAD for name in ("event_entity_id", "event_correlation_id", "topic")},
    "description": [(7, "wrong_type"), ("x" * 4097, "too_long"), ("a\u0000b", "invalid_argument")],
    "event_payload": [("text", "wrong_type"), ([1], "wrong_type"), (7, "wrong_type")],
    "event_headers": [([], "wrong_type"), ({"a": "b\r\nc: d"}, "invalid_argument", "event_headers.a"),
                      ({f"h{n}": "" for n in range(65)}, "too_long")],
    "cron_expression": [(7, "wrong_type"), ("every day", "invalid_cron"), ("60 * * * *", "invalid_cron"),
                        ("0 0 31 2 *", "never_fires"), ("* * * *", "invalid_cron"), ("@reboot", "invalid_cron"),
                        ("*/0 * * * *", "invalid_cron"), ("* " * 600, "too_long"), ("0 0 * * *\u0000", "invalid_argument")],
    "execution_time": [("soon", "invalid_time"), ({}, "wrong_type")],
    "timezone": [(7, "wrong_type"), ("Mars/Olympus", "unknown_time_zone"), ("../../etc/passwd", "unknown_time_zone"),
                 ("/etc/localtime", "unknown_time_zone"), ("x" * 65, "too_long")],
    "every_seconds": [("fast", "wrong_type"), (0.5, "out_of_range"), (-1, "out_of_range")],
    "jitter_seconds": [({}, "wrong_type"), (-1, "out_of_range"), (86401, "out_of_range")],
    "max_count": [("some", "wrong_type"), (0, "out_of_range")],
    "max_retries": [("some", "wrong_type"), (-1, "out_of_range"), (101, "out_of_range")],
    "retry_delay_seconds": [("x", "wrong_type"), (-1, "out_of_range"), (86401, "out_of_range")],
    "priority": [("high", "wrong_type"), (10, "out_of_range")],
    "tags": [("a", "wrong_type"), ([1], "wrong_type", "tags.0"), ([f"t{n}" for n in range(33)], "too_long")],
    "one_time": [({}, "wrong_type"), ("perhaps", "wrong_type")],
    "enabled": [([], "wrong_type"), ("perhaps", "wrong_type")],
    "catch_up": [("sometimes", "invalid_argument"), (7, "wrong_type")],
    "overlap": [("sometimes", "invalid_argument"), (7, "wrong_type")],
    "dst_gap": [("jump", "invalid_argument")], "dst_overlap": [("third", "invalid_argument")],
    "late_after": [(0, "out_of_range"), ("x", "wrong_type")], "catch_up_window": [(-1, "out_of_range")],
    "catch_up_max": [(0, "out_of_range")], "catch_up_rate": [(0, "out_of_range")], "overlap_limit": [(0, "out_of_range")],
    "max_runtime": [(0, "out_of_range")], "max_delay_seconds": [(-1, "out_of_range")],
    "target": [("stream", "wrong_type"), ({"type": "pigeon"}, "invalid_argument", "target.type"),
               ({"type": "webhook", "url": "http://10.0.0.1/"}, None, "target.url")],
    "note": [(7, "wrong_type"), ("x" * 4097, "too_long")],
    "start_at": [("soon", "invalid_time")], "end_at": [("soon", "invalid_time")],
}
SCHEDULE = {"event_type": "a", "event_action": "b", "cron_expression": "0 0 1 1 *"}


def fields_of(answer):
    body = answer.json
    if "errors" in body:
        return {error["field"]: error["code"] for error in body["errors"]}
    return {".".join(map(str, error["loc"][1:])): error["code"] for error in body["detail"]}


class BadInput(ServerCase):
    settings = {"BODY_TIMEOUT_SECONDS": 1, "MAX_CONNECTIONS": 200}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stopped = threading.Event()
        cls.healthy_failures = []
        cls.slowest = 0
        cls.thread = threading.Thread(target=cls.healthy, daemon=True)
        cls.thread.start()
        cls.addClassCleanup(cls.stopped.set)

    @classmethod
    def healthy(cls):
        client = Client(cls.server)
        while not cls.stopped.wait(0.02):
            began = time.monotonic()
            answer = client.get("/events", limit=1)
            cls.slowest = max(cls.slowest, time.monotonic() - began)
            if answer.status != 200:
                cls.healthy_failures.append(answer)

    def totals(self):
        stats = self.client.get("/admin/schedules/monitoring/stats").json
        return stats["total_schedules"], len(self.client.get("/admin/schedules", limit=1000).json)

    def setUp(self):
        super().setUp()
        self.before = self.totals()

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.healthy_failures, [], "another client was harmed")
        self.assertLess(self.slowest, 5)
        self.assertEqual(self.totals(), self.before, "something was stored")

    def check(self, answer, code, field, value):
        told = f"{field}={str(value)[:60]!r}: {answer}"
        self.assertEqual(answer.status, 422, told)
        self.assertTrue(answer.json["code"] and answer.json["request_id"], told)
        found = fields_of(answer)
        self.assertIn(field, found, told)
        if code is not None:
            self.assertEqual(found[field], code, told)

    def each(self, table):
        for name, cases in table.items():
            for value, code, *field in cases:
                yield name, value, code, field[0] if field else name

    def test_each_field_of_a_new_event(self):
        for name, value, code, field in self.each({**EVENT_BAD, **NEW_ONLY}):
            with self.subTest(field=name, value=str(value)[:40]):
                event = self.event(**{name: value})
                if name == "scheduled_at":
                    event.pop("delay_seconds", None)
                self.check(self.client.post("/events", event), code, field, value)

    def test_each_field_of_a_changed_event(self):
        made = self.created()
        self.before = self.totals()
        for name, value, code, field in self.each(EVENT_BAD):
            with self.subTest(field=name, value=str(value)[:40]):
                self.check(self.client.patch(f"/events/{made['id']}", {name: value}), code, field, value)
        self.assertEqual(self.get_event(made["id"]), made)

    def test_missing_unknown_and_several(self):
        for name in ("topic", "entity_type", "action", "delay_seconds"):
            event = self.event()
            del event[name]
            answer = self.client.post("/events", event)
            self.check(answer, "missing_field", "scheduled_at" if name == "delay_seconds" else name, None)
        answer = self.client.post("/events", self.event(prioritty=1))
        self.check(answer, "unknown_field", "prioritty", 1)
        self.assertIn("priority", answer.json["detail"])
        answer = self.client.post("/events", {**self.event(), "scheduled_at": "2090-01-01T00:00:00Z"})
        self.assertEqual(answer.status, 422, answer)
        answer = self.client.post("/events", {"topic": 1, "action": "", "colour": 2, "delay_seconds": -1})
        self.assertGreaterEqual(len(fields_of(answer)), 5, "all faults are told at once")

    def test_each_field_of_a_new_schedule(self):
        for name, value, code, field in self.each(SCHEDULE_BAD):
            with self.subTest(field=name, value=str(value)[:40]):
                body = {**SCHEDULE, "name": self.fresh("bad"), name: value}
                if name in ("every_seconds", "execution_time"):
                    del body["cron_expression"]
                self.check(self.client.post("/admin/schedules", body), code, field, value)

    def test_each_field_of_a_changed_schedule(self):
        made = self.client.post("/admin/schedules", {**SCHEDULE, "name": self.fresh("kept")}).json
        self.before = self.totals()
        for name, value, code, field in self.each({**SCHEDULE_BAD, "status": [("asleep", "invalid_argument"), (7, "wrong_type")]}):
            with self.subTest(field=name, value=str(value)[:40]):
                body = {name: value, **({"cron_expression": None} if name in ("every_seconds", "execution_time") else {})}
                self.check(self.client.put(f"/admin/schedules/{made['id']}", body), code, field, value)
        self.assertEqual(self.client.get(f"/admin/schedules/{made['id']}").json, made)

    def test_a_schedule_needs_its_fields(self):
        for name in ("name", "event_type", "event_action", "cron_expression"):
            body = {**SCHEDULE, "name": self.fresh("bad")}
            del body[name]
            self.check(self.client.post("/admin/schedules", body), "missing_field", name, None)
        answer = self.client.post("/admin/schedules", {**SCHEDULE, "name": self.fresh("bad"), "one_time": True,
                                                       "execution_time": "2090-01-01T00:00:00Z"})
        self.check(answer, "invalid_argument", "cron_expression", None)
        answer = self.client.post("/admin/schedules", {"name": self.fresh("bad"), "event_type": "a", "event_action": "b",
                                                       "one_time": True})
        self.check(answer, "missing_field", "execution_time", None)

    def test_what_is_not_json(self):
        good = json.dumps(self.event()).encode()
        deep = b'{"topic":"t","entity_type":"a","action":"b","delay_seconds":60,"body":{"a":' + b"[" * 100 + b"]" * 100 + b"}}"
        bad = [b"", b"{", b"[", b"nonsense", b"{'a':1}", b'{"a":01}', b'{"a":NaN}', good + b"x", good[:-1] + b",}",
               good.replace(b"remind", b"rem\xff\xfeind"), b"\xef\xbb\xbf" + good[:-1], deep, b"[" * 100_000,
               b'{"topic":"\\ud800"}', good[:-1] + b',"topic":"twice"}', b"7", b'"text"', b"null",
               good.replace(b"remind", b"rem\x00ind"), good.replace(b"remind", b"rem\nind")]
        for path, method in (("/events", "POST"), ("/admin/schedules", "POST"), ("/events/cancel", "POST"),
                             ("/dead-letters/redrive", "POST")):
            for body in bad:
                with self.subTest(path=path, body=body[:60]):
                    answer = self.client.request(method, path, body)
                    self.assertIn(answer.status, (400, 422), answer)
                    self.assertTrue(answer.json["code"], answer)

    def test_http_itself(self):
        good = json.dumps(self.event())
        for kind in ("text/plain", "application/xml", "multipart/form-data"):
            self.refused(self.client.post("/events", good, headers={"Content-Type": kind}), 415, "unsupported_media_type")
        self.refused(self.client.post("/events", good, headers={"Content-Encoding": "gzip"}), 415, "unsupported_media_type")
        answer = self.client.put("/events", good)
        self.refused(answer, 405, "method_not_allowed")
        self.assertIn("POST", answer.headers["Allow"])
        for path in ("/nothing", "/events/x/y/z", "/admin/nothing", "//nothing"):
            answer = self.client.get(path)
            self.assertEqual((answer.status, answer.json["code"]), (404, "not_found"), answer)
        self.refused(self.client.get("/events/nonsense"), 422, "invalid_argument", "id")
        self.refused(self.client.get("/events/%00%ff"), 422, "invalid_utf8", "id")
        self.refused(self.client.patch("/events/nonsense", {"priority": 1}), 422, "invalid_argument", "id")
        self.refused(self.client.get("/admin/schedules/nonsense"), 422, "invalid_argument", "id")
        self.assertEqual(self.client.get("/events?" + "x" * 9000).status, 414)
        self.assertEqual(self.client.get("/events", headers={"X-Big": "x" * 20_000}).status, 431)
        self.assertIn(self.client.get("/events", headers={f"X-{n}": "x" for n in range(300)}).status, (400, 431))

    def raw(self, data, timeout=5, wait=True):
        with contextlib.closing(socket.create_connection((self.server.host, self.server.port), timeout)) as peer:
            with contextlib.suppress(ConnectionError):
                peer.sendall(data)
            if not wait:
                return b""
            came = b""
            with contextlib.suppress(ConnectionError, TimeoutError):
                while part := peer.recv(65536):
                    came += part
            return came

    def test_huge_bodies(self):
        head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        for path, size in ((b"/api/v1/events", 65 << 20), (b"/api/v1/admin/schedules", 65 << 20),
                           (b"/api/v1/events", 1 << 62), (b"/api/v1/events/cancel", 65 << 20)):
            answer = self.raw(head % (path, size))
            self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), (path, size, answer[:200]))
            self.assertIn(b"payload_too_large", answer)
        chunked = b"POST /api/v1/events/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" \
                  b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 200
        self.assertIn(b" 413 ", self.raw(chunked)[:20])

    def test_slow_body(self):
        began = time.monotonic()
        answer = self.raw(b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                          b"Content-Length: 100\r\n\r\n{")
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer[:200])
        self.assertIn(b"request_timeout", answer)
        self.assertLess(time.monotonic() - began, 4)

    def test_slow_headers(self):
        answer = self.raw(b"GET /api/v1/events HTTP/1.1\r\nHost: loc", timeout=14)
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer[:200])

    def test_not_http(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"\r\n\r\n\r\n", b"GET\r\n\r\n",
                     b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                     b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
                     b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with self.subTest(data=data[:60]):
                answer = self.raw(data, timeout=3)
                self.assertTrue(not answer or answer.startswith(b"HTTP/1.1 4"), answer[:200])

    def test_abrupt_ends(self):
        good = json.dumps(self.event(delay_seconds=86400 * 90)).encode()
        for cut in range(0, 100, 7):
            self.raw((b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                      b"Content-Length: %d\r\n\r\n" % (len(good) + 100) + good)[:cut + 60], wait=False)
        peers = [socket.create_connection((self.server.host, self.server.port)) for _ in range(50)]
        for peer in peers:
            peer.sendall(b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # reset
            peer.close()
        self.assertEqual(self.client.get("//healthz").status, 200)

    def test_too_many_connections(self):
        peers = [socket.create_connection((self.server.host, self.server.port)) for _ in range(260)]
        self.addCleanup(lambda: [peer.close() for peer in peers])
        refused = 0
        for peer in peers:
            peer.settimeout(0.05)
            with contextlib.suppress(TimeoutError, ConnectionError):
                refused += peer.recv(100).startswith(b"HTTP/1.1 503 ")
        self.assertGreater(refused, 40, "a connection too many is told so")


if __name__ == "__main__":
    unittest.main()
