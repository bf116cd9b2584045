"""schedules schedule, against a scripted server."""
import json

from program import Case, Server

ID = "64b0c0ffee64b0c0ffee64b0"
SCHEDULE = {"id": ID, "name": "nightly", "status": "active", "cron_expression": "0 2 * * *", "timezone": "Europe/London",
            "every_seconds": None, "jitter_seconds": 0.0, "dst_gap": "shift_forward", "dst_overlap": "first",
            "next_execution": "2030-01-01T02:00:00Z", "execution_count": 4, "error_count": 0}


def script(request):
    path, method = request["path"].split("?")[0], request["method"]
    if path == "/api/v1/schedules/preview":
        return 200, {"occurrences": [{"at": "2030-01-01T02:00:00Z", "local": "2030-01-01T02:00:00+00:00", "why": "so"}]}
    if path == "/api/v1/admin/schedules":
        return (201, SCHEDULE) if method == "POST" else (200, [SCHEDULE])
    if not path.startswith(f"/api/v1/admin/schedules/{ID}"):
        return 404, {"detail": "no such schedule", "code": "not_found"}
    if path.endswith("/executions"):
        return 200, [{"execution_time": "2026-01-01T00:00:00Z", "status": "success", "duration_ms": 3}]
    return (204, "") if method == "DELETE" else (200, SCHEDULE)


class Schedule(Case):
    def setUp(self):
        super().setUp()
        self.server = Server(self, script)

    def schedule(self, *arguments, code=0):
        return self.call("schedule", *arguments, "--server", self.server.url, code=code)

    def test_create(self):
        done = self.schedule("create", "--name", "nightly", "--cron", "0 2 * * *", "--timezone", "Europe/London",
                             "--event-type", "backup", "--event-action", "run", "--payload", '{"full": true}', "--tag", "a",
                             "--retry-delay", "2m", "--catch-up", "skip")
        self.assertEqual(self.server.bodies(), [{
            "name": "nightly", "cron_expression": "0 2 * * *", "timezone": "Europe/London", "event_type": "backup",
            "event_action": "run", "event_payload": {"full": True}, "tags": ["a"], "retry_delay_seconds": 120,
            "catch_up": "skip"}])
        self.assertRegex(done.stdout, r"name +nightly")

    def test_create_once(self):
        self.schedule("create", "--name", "n", "--at", "2030-01-01T00:00:00Z", "--event-type", "t", "--event-action", "a")
        body = self.server.bodies()[0]
        self.assertEqual((body["one_time"], body["execution_time"]), (True, "2030-01-01T00:00:00.000000Z"))

    def test_flags_win_over_json(self):
        self.schedule("create", "--json", '{"name": "x", "topic": "t"}', "--name", "y")
        self.assertEqual(self.server.bodies(), [{"name": "y", "topic": "t"}])

    def test_update_sends_what_is_given(self):
        self.schedule("update", ID, "--max-retries", "0", "--status", "paused")
        self.assertEqual(self.server.bodies(), [{"max_retries": 0, "status": "paused"}])
        self.assertEqual(self.server.requests[0]["method"], "PUT")
        self.schedule("update", ID, code=2)

    def test_a_name_is_as_good_as_an_id(self):
        self.schedule("get", "nightly")
        self.assertEqual(self.server.requests[-1]["path"], f"/api/v1/admin/schedules/{ID}")
        self.assertIn('no schedule has the id or name "other"', self.schedule("get", "other", code=1).stderr)

    def test_actions(self):
        for command, method, path in (("pause", "POST", "/deactivate"), ("resume", "POST", "/activate"),
                                      ("run", "POST", "/execute"), ("delete", "DELETE", ""), ("get", "GET", "")):
            self.schedule(command, ID)
            request = self.server.requests[-1]
            self.assertEqual((request["method"], request["path"]), (method, f"/api/v1/admin/schedules/{ID}{path}"))

    def test_delete_has_output_without_an_answer(self):
        self.assertEqual(json.loads(self.schedule("delete", ID, "--output", "json").stdout), {"result": "done"})

    def test_list(self):
        self.assertRegex(self.schedule("list", "--status", "active", "--tag", "x").stdout, rf"{ID} +nightly +active")
        self.assertIn("status_filter=active&tag=x&skip=0&limit=100", self.server.requests[0]["path"])

    def test_history(self):
        self.assertRegex(self.schedule("history", ID, "--limit", "7").stdout, r"success +3")
        self.assertTrue(self.server.requests[-1]["path"].endswith("/executions?limit=7"))

    def test_next_asks_for_the_rule(self):
        self.assertIn("so", self.schedule("next", ID, "-n", "1").stdout)
        path = self.server.requests[-1]["path"]
        self.assertIn("expr=0%202%20%2A%20%2A%20%2A&tz=Europe%2FLondon&n=1", path)


class Paging(Case):
    def test_all_pages_are_read(self):
        def pages(request):
            skip = int(request["path"].split("skip=")[1].split("&")[0])
            return 200, [dict(SCHEDULE, name=f"s{i}") for i in range(skip, min(skip + 1000, 2300))]
        server = Server(self, pages)
        rows = json.loads(self.call("schedule", "list", "--limit", "5000", "--server", server.url, "--output", "json").stdout)
        self.assertEqual(len(rows), 2300)
