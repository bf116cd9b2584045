"""schedules event and dead, against a scripted server."""
import json

from program import Case, Server

EVENT = {"id": "1b4e28ba-2fa1-4d2b-883f-b9a761bde3fb", "scheduled_at": "2030-01-01T00:00:00.000000Z", "state": "pending",
         "topic": "t", "entity_type": "e", "entity_id": None, "action": "a", "attempt": 0}


class Put(Case):
    def put(self, *arguments, answer=(201, EVENT), code=0):
        self.server = Server(self, lambda request: answer)
        return self.call("event", "put", *arguments, "--server", self.server.url, code=code)

    def test_flags_become_the_event(self):
        self.put("--topic", "t", "--action", "a", "--entity-type", "order", "--entity-id", "7", "--key", "k", "--in", "90s",
                 "--body", '{"x": [1, 2.5]}', "--priority", "3", "--webhook", "https://example.com/h", "--header", "h=v=w",
                 "--header", "i=j", "--tag", "x", "--tag", "y", "--idempotency-key", "idem", "--max-delay", "1h",
                 "--max-retries", "5", "--retry-delay", "2m", "--correlation-id", "c")
        self.assertEqual(self.server.bodies(), [{
            "topic": "t", "action": "a", "entity_type": "order", "entity_id": "7", "key": "k", "delay_seconds": 90,
            "body": {"x": [1, 2.5]}, "priority": 3, "target": {"type": "webhook", "url": "https://example.com/h"},
            "headers": {"h": "v=w", "i": "j"}, "tags": ["x", "y"], "idempotency_key": "idem", "max_delay_seconds": 3600,
            "max_retries": 5, "retry_delay_seconds": 120, "correlation_id": "c"}])
        self.assertEqual((self.server.requests[0]["method"], self.server.requests[0]["path"]), ("POST", "/api/v1/events"))

    def test_fewest_flags(self):
        done = self.put("--topic", "t", "--action", "a", "--in", "1.5s")
        self.assertEqual(self.server.bodies(), [{"topic": "t", "action": "a", "entity_type": "event", "delay_seconds": 1.5}])
        self.assertEqual(done.stdout, f"accepted {EVENT['id']}, due 2030-01-01T00:00:00.000000Z\n")

    def test_body_comes_from_a_file_or_stdin(self):
        path = self.file("body.json", '{"from": "file"}')
        self.put("--topic", "t", "--action", "a", "--at", "2030-01-01T02:00:00+02:00", "--body", "@" + path)
        self.assertEqual(self.server.bodies()[0]["body"], {"from": "file"})
        self.assertEqual(self.server.bodies()[0]["scheduled_at"], "2030-01-01T00:00:00.000000Z")

    def test_one_that_was_there_is_said(self):
        done = self.put("--topic", "t", "--action", "a", "--in", "1s", answer=(200, EVENT))
        self.assertTrue(done.stdout.startswith("was already there: "))

    def test_missing_body_file_is_1(self):
        self.put("--topic", "t", "--action", "a", "--in", "1s", "--body", "@absent", code=1)


class PutFile(Case):
    def lines(self, count, keys=True):
        return [json.dumps({"topic": "t", "entity_type": "e", "action": "a", "delay_seconds": 1, "entity_id": str(i),
                            **({"idempotency_key": f"k{i}"} if keys else {})}) for i in range(count)]

    def put(self, text, *arguments, script=None, code=0):
        def accept(request):
            items = [line for line in request["body"].splitlines() if line]
            return 207, {"results": [{"index": i, "id": "x", "status": 201} for i in range(len(items))]}
        self.server = Server(self, script or accept)
        return self.call("event", "put", "--file", self.file("events.ndjson", text), "--server", self.server.url,
                         *arguments, code=code)

    def test_batches_of_a_thousand_over_one_connection(self):
        done = self.put("\n".join(self.lines(2500)))
        self.assertEqual([len(r["body"].splitlines()) for r in self.server.requests], [1000, 1000, 500])
        self.assertEqual(self.server.requests[0]["headers"]["Content-Type"], "application/x-ndjson")
        self.assertEqual(self.server.connections, 1)
        self.assertEqual(done.stdout, "2,500 accepted, 0 were already there, 0 refused\n")
        self.assertEqual(done.stderr, "")

    def test_faults_carry_the_lines_numbers_and_harm_no_other(self):
        def script(request):
            results = []
            for i, line in enumerate(request["body"].splitlines()):
                bad = json.loads(line)["entity_id"] == "2"
                results.append({"index": i, "status": 422, "error": {"code": "out_of_range", "detail": "too high",
                                "errors": [{"field": "priority", "code": "out_of_range", "detail": "too high"}]}} if bad else
                               {"index": i, "id": "x", "status": 200 if i == 0 else 201})
            return 207, {"results": results}
        lines = self.lines(4)
        text = "\n".join([lines[0], "", "nonsense", lines[1], "[1]", lines[2], lines[3]])
        done = self.put(text, "--output", "json", script=script, code=1)
        summary = json.loads(done.stdout)
        self.assertEqual((summary["created"], summary["existing"], summary["refused"]), (2, 1, 3))
        self.assertEqual([e["line"] for e in summary["errors"]], [3, 5, 6])
        self.assertIn("line 6: out_of_range: too high (field priority)", done.stderr)
        self.assertIn("line 3: invalid_json", done.stderr)

    def test_call_that_was_refused_as_a_whole_is_sent_again(self):
        answers = [(503, {"code": "overloaded", "detail": "later"}), (429, {"code": "rate_limited", "detail": "later"})]

        def script(request):
            if answers:
                return answers.pop()
            return 207, {"results": [{"index": i, "id": "x", "status": 201} for i in range(3)]}
        self.put("\n".join(self.lines(3, keys=False)), script=script)
        self.assertEqual(len(self.server.requests), 3)

    def test_items_that_may_succeed_later_are_sent_again_alone(self):
        def script(request):
            first = len(self.server.requests) == 1
            count = len(request["body"].splitlines())
            return 207, {"results": [{"index": i, "id": "x", "status": 201} if not first or i != 1 else
                                     {"index": i, "status": 503, "error": {"code": "overloaded", "detail": "d"}}
                                     for i in range(count)]}
        done = self.put("\n".join(self.lines(3)), script=script)
        self.assertEqual([len(r["body"].splitlines()) for r in self.server.requests], [3, 1])
        self.assertIn("3 accepted", done.stdout)

    def test_broken_connection_is_tried_again_where_keys_make_it_safe(self):
        def script(request):
            if len(self.server.requests) == 1:
                return None
            return 207, {"results": [{"index": i, "id": "x", "status": 200} for i in range(3)]}
        self.assertIn("3 were already there", self.put("\n".join(self.lines(3)), script=script).stdout)

    def test_broken_connection_stops_where_a_repeat_would_double(self):
        done = self.put("\n".join(self.lines(3, keys=False)), "--batch", "2", script=lambda request: None, code=1)
        self.assertEqual(len(self.server.requests), 1)
        self.assertIn("go on with --from-line 1", done.stderr)
        self.assertIn("lines 1 to 2", done.stderr)

    def test_from_line_goes_on(self):
        self.put("\n".join(self.lines(5)), "--from-line", "4")
        self.assertEqual([json.loads(l)["entity_id"] for l in self.server.requests[0]["body"].splitlines()], ["3", "4"])

    def test_stdin_is_read(self):
        server = Server(self, lambda request: (207, {"results": [{"index": 0, "id": "x", "status": 201}]}))
        self.call("event", "put", "--file", "-", "--server", server.url, stdin=self.lines(1)[0])
        self.assertEqual(len(server.requests), 1)

    def test_empty_and_missing_files(self):
        self.assertIn("0 accepted", self.put("").stdout)
        self.call("event", "put", "--file", "absent", code=1)
        self.call("event", "put", "--file", str(self.folder), code=1)


class Find(Case):
    def test_get_shows_the_event(self):
        server = Server(self, lambda request: (200, EVENT))
        self.assertRegex(self.call("event", "get", EVENT["id"], "--server", server.url).stdout, r"state +pending")
        self.assertEqual(server.requests[0]["path"], f"/api/v1/events/{EVENT['id']}")
        self.assertEqual(json.loads(self.call("event", "get", "a/b", "--server", server.url, "--output", "json").stdout), EVENT)
        self.assertEqual(server.requests[1]["path"], "/api/v1/events/a%2Fb")

    def test_list_follows_cursors_to_the_limit(self):
        def script(request):
            page = 2 if "cursor=two" in request["path"] else 1
            return 200, {"items": [EVENT] * 2, "next_cursor": "two" if page == 1 else "three"}
        server = Server(self, script)
        done = self.call("event", "list", "--topic", "a b", "--status", "fired", "--limit", "4", "--server", server.url,
                         "--output", "json")
        answer = json.loads(done.stdout)
        self.assertEqual((len(answer["items"]), answer["next_cursor"]), (4, "three"))
        self.assertIn("topic=a%20b&status=fired&limit=4", server.requests[0]["path"])
        self.assertIn("limit=2&cursor=two", server.requests[1]["path"])

    def test_empty_list(self):
        server = Server(self, lambda request: (200, {"items": [], "next_cursor": None}))
        done = self.call("event", "list", "--server", server.url)
        self.assertEqual((done.stdout, done.stderr), ("", "nothing found\n"))


class Change(Case):
    def test_cancel_by_id(self):
        server = Server(self, lambda request: (200, {"result": "cancelled"}))
        done = self.call("event", "cancel", "a", "b", "--if-revision", "3", "--wait", "1500ms", "--server", server.url)
        self.assertEqual(done.stdout, "a cancelled\nb cancelled\n")
        self.assertEqual([(r["method"], r["path"]) for r in server.requests],
                         [("DELETE", "/api/v1/events/a?wait=1500"), ("DELETE", "/api/v1/events/b?wait=1500")])
        self.assertEqual(server.requests[0]["headers"]["If-Match"], '"3"')

    def test_one_that_has_fired_is_1_and_keeps_no_other(self):
        def script(request):
            if request["path"].endswith("/a"):
                return 409, {"code": "conflict", "detail": "it has fired", "result": "already_fired"}
            return 200, {"result": "cancelled"}
        server = Server(self, script)
        done = self.call("event", "cancel", "a", "b", "--server", server.url, code=1)
        self.assertIn("it has fired", done.stderr)
        self.assertEqual(done.stdout, "b cancelled\n")

    def test_cancel_by_filter_waits_for_the_job(self):
        states = ["running", "running", "done"]

        def script(request):
            return (202 if request["method"] == "POST" else 200), {"id": "j", "state": states.pop(0), "matched": 5, "failed": 0}
        server = Server(self, script)
        done = self.call("event", "cancel", "--topic", "t", "--dry-run", "--server", server.url, "--output", "json")
        self.assertEqual(json.loads(done.stdout)["state"], "done")
        self.assertEqual(server.bodies(), [{"filter": {"topic": "t"}, "dry_run": True}])
        self.assertEqual(server.requests[2]["path"], "/api/v1/jobs/j")

    def test_job_that_failed_is_1(self):
        server = Server(self, lambda request: (202, {"id": "j", "state": "failed", "error": {"code": "unavailable"}}))
        self.call("event", "cancel", "--topic", "t", "--server", server.url, code=1)

    def test_neither_nor_both_is_bad_usage(self):
        self.call("event", "cancel", code=2)
        self.call("event", "cancel", "a", "--topic", "t", code=2)
        self.call("event", "reschedule", "a", code=2)
        self.call("event", "reschedule", "a", "--by", "1h", code=2)

    def test_reschedule(self):
        server = Server(self, lambda request: (200, EVENT) if request["method"] == "PATCH" else (202, {"id": "j", "state": "done"}))
        self.assertIn("due 2030", self.call("event", "reschedule", "a", "--in", "5m", "--server", server.url).stdout)
        self.call("event", "reschedule", "--topic", "t", "--by", "-1h", "--server", server.url)
        self.assertEqual(server.bodies(), [{"delay_seconds": 300},
                                           {"shift_seconds": -3600.0, "filter": {"topic": "t"}, "dry_run": False}])


class Dead(Case):
    def test_list(self):
        letter = {"id": "x", "reason": "rejected", "detail": "404", "died_at": "2026-01-01T00:00:00Z", "event": EVENT}
        server = Server(self, lambda request: (200, {"items": [letter], "next_cursor": None}))
        self.assertRegex(self.call("dead", "list", "--reason", "rejected", "--server", server.url).stdout, r"x +2026.* rejected +t ")
        self.assertIn("reason=rejected", server.requests[0]["path"])

    def test_redrive(self):
        server = Server(self, lambda request: (202, {"id": "j", "state": "done", "succeeded": 2}))
        self.call("dead", "redrive", "a", "b", "--rate", "10", "--patch", '{"topic":"new"}', "--server", server.url)
        self.call("dead", "redrive", "--all", "--dry-run", "--server", server.url)
        self.assertEqual(server.bodies(), [{"dry_run": False, "ids": ["a", "b"], "rate": 10.0, "patch": {"topic": "new"}},
                                           {"dry_run": True, "filter": {}}])

    def test_drop(self):
        server = Server(self, lambda request: (204, "") if request["path"].endswith("/a") else
                        (404, {"detail": "no", "code": "not_found"}))
        done = self.call("dead", "drop", "a", "b", "--server", server.url, code=1)
        self.assertEqual(done.stdout, "dropped a\n")
        self.assertIn("not_found", done.stderr)
