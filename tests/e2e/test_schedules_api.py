"""The contract's schedules, monitoring and settings, in its own shapes."""
import datetime
import time
import unittest

from support import ServerCase, eventually

FIELDS = {"id", "name", "description", "event_type", "event_action", "event_entity_id", "event_payload", "actor_type", "actor_id",
          "cron_expression", "one_time", "execution_time", "timezone", "max_retries", "retry_delay_seconds", "tags",
          "event_correlation_id", "event_headers", "enabled", "topic", "priority", "status", "last_execution",
          "next_execution", "last_status", "execution_count", "error_count", "last_error", "created_at", "updated_at",
          "created_by"}
EXECUTION_FIELDS = {"id", "schedule_id", "schedule_name", "execution_time", "status", "duration_ms", "event_id",
                    "clickhouse_schedule_id", "redis_scheduled", "error", "retry_count", "node_id", "correlation_id"}
UNKNOWN = "0123456789abcdef01234567"
YEARLY = "0 0 1 1 *"


def unix(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class ScheduleCase(ServerCase):
    def make(self, status=201, **fields):
        body = {"name": self.fresh("schedule"), "event_type": "report", "event_action": "generate", **fields}
        if not {"cron_expression", "one_time", "every_seconds", "execution_time"} & set(fields):
            body["cron_expression"] = YEARLY
        answer = self.client.post("/admin/schedules", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json if status == 201 else answer

    def read(self, schedule):
        answer = self.client.get(f"/admin/schedules/{schedule['id']}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def act(self, schedule, verb, status=200):
        answer = self.client.post(f"/admin/schedules/{schedule['id']}/{verb}")
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def change(self, schedule, answered=200, **fields):
        answer = self.client.put(f"/admin/schedules/{schedule['id']}", fields)
        self.assertEqual(answer.status, answered, answer)
        return answer.json if answered == 200 else answer

    def executions(self, schedule, **query):
        answer = self.client.get(f"/admin/schedules/{schedule['id']}/executions", **query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class Schedules(ScheduleCase):
    def test_create_answers_the_whole_schedule(self):
        answer = self.client.post("/admin/schedules", {"name": self.fresh("full"), "event_type": "report",
                                                       "event_action": "generate", "cron_expression": "0 8 * * 1",
                                                       "timezone": "Europe/Berlin", "what_is_this": "ignored"})
        self.assertEqual(answer.status, 201, answer)
        made = answer.json
        self.assertEqual(FIELDS - set(made), set())
        self.assertRegex(made["id"], "^[0-9a-f]{24}$")
        self.assertEqual(answer.headers["Location"], f"/api/v1/admin/schedules/{made['id']}")
        self.assertEqual(answer.headers["ETag"], '"1"')
        defaults = {"description": None, "event_payload": None, "actor_type": "system", "actor_id": "scheduler",
                    "one_time": False, "execution_time": None, "max_retries": 3, "retry_delay_seconds": 60, "tags": [],
                    "event_correlation_id": None, "event_headers": {}, "enabled": True, "topic": None, "priority": 0,
                    "status": "active", "last_execution": None, "last_status": None, "execution_count": 0, "error_count": 0,
                    "last_error": None}
        self.assertEqual({name: made[name] for name in defaults}, defaults)
        following = datetime.datetime.fromtimestamp(unix(made["next_execution"]), datetime.timezone.utc)
        self.assertEqual((following.weekday(), following.minute), (0, 0))
        self.assertIn(following.hour, (6, 7), "8 o'clock in Berlin")
        self.assertEqual(self.read(made), made)

    def test_names_are_unique(self):
        first, second = self.make(), self.make()
        answer = self.make(409, name=first["name"])
        self.assertEqual(answer.json["code"], "already_exists")
        self.assertIsInstance(answer.json["detail"], str)
        self.change(second, 409, name=first["name"])
        self.assertEqual(self.change(second, name=second["name"])["name"], second["name"])
        self.client.delete(f"/admin/schedules/{first['id']}")
        self.make(name=first["name"])

    def test_unknown_and_malformed_ids(self):
        path = f"/admin/schedules/{UNKNOWN}"
        answers = [self.client.get(path), self.client.put(path, {"priority": 1}), self.client.delete(path),
                   self.client.get(path + "/executions"), self.client.get(path + "/stats"),
                   *(self.client.post(f"{path}/{verb}") for verb in ("execute", "toggle", "activate", "deactivate"))]
        for answer in answers:
            self.assertEqual((answer.status, answer.json["code"]), (404, "not_found"), answer)
            self.assertIsInstance(answer.json["detail"], str)
        self.assertEqual(self.client.get("/admin/schedules/6f9619ff-8b86-4d01-b42d-00cf4fc964ff").status, 404)
        problem = self.refused(self.client.get("/admin/schedules/nonsense"), 422, "invalid_argument", "id")
        self.assertEqual(problem["detail"][0]["loc"], ["path", "id"])

    def test_list_filters_together_and_pages(self):
        tag = self.fresh("tag")
        made = [self.make(tags=[tag], event_type=f"type{n % 2}", event_action=f"action{n % 3}") for n in range(12)]
        for schedule in made[:4]:
            self.act(schedule, "deactivate")

        def names(**query):
            answer = self.client.get("/admin/schedules", tag=tag, **query)
            self.assertEqual(answer.status, 200, answer)
            return [schedule["name"] for schedule in answer.json]
        every = [schedule["name"] for schedule in made]
        self.assertEqual(names(), every)
        self.assertEqual(names(skip=5, limit=4), every[5:9])
        self.assertEqual(names(status_filter="paused"), every[:4])
        self.assertEqual(names(enabled="false"), every[:4])
        self.assertEqual(names(enabled="true"), every[4:])
        self.assertEqual(names(event_type="type1", event_action="action2"), [every[5], every[11]])
        self.assertEqual(names(event_type="type1", status_filter="active", skip=1, limit=1), [every[7]])
        self.assertEqual(names(status_filter="completed"), [])
        self.assertEqual(self.client.get("/admin/schedules/", tag=tag).status, 200, "with a slash, and no redirect")
        for query in ({"limit": 0}, {"limit": 1001}, {"skip": -1}, {"status_filter": "asleep"}):
            answer = self.client.get("/admin/schedules", **query)
            self.assertEqual(answer.status, 422, answer)
            self.assertEqual(answer.json["detail"][0]["loc"], ["query", next(iter(query))])

    def test_put_is_partial_and_null_clears(self):
        made = self.make(description="d", event_payload={"a": 1}, tags=["x"], topic="t", event_headers={"h": "v"})
        changed = self.change(made, event_action="other", description=None, topic=None, event_payload=None)
        self.assertEqual((changed["event_action"], changed["description"], changed["topic"], changed["event_payload"]),
                         ("other", None, None, None))
        self.assertEqual((changed["event_type"], changed["tags"], changed["event_headers"]), ("report", ["x"], {"h": "v"}))
        self.assertEqual(changed["next_execution"], made["next_execution"])
        self.assertEqual(changed["created_at"], made["created_at"])
        self.assertGreater(changed["updated_at"], made["updated_at"])
        self.assertEqual(changed["revision"], 2)
        moved = self.change(made, cron_expression="0 0 1 6 *", timezone="Asia/Tokyo")
        self.assertRegex(moved["next_execution"], r"-05-31T15:00:00\.000000Z$")
        once = self.change(made, execution_time="2090-01-01T00:00:00Z", cron_expression=None, one_time=True)
        self.assertEqual((once["one_time"], once["cron_expression"], once["next_execution"]),
                         (True, None, "2090-01-01T00:00:00.000000Z"))
        stale = self.client.put(f"/admin/schedules/{made['id']}", {"priority": 1}, headers={"If-Match": '"1"'})
        self.assertEqual(stale.status, 412, stale)

    def test_status_verbs(self):
        made = self.make()
        paused = self.act(made, "toggle")
        self.assertEqual((paused["status"], paused["enabled"], paused["next_execution"]), ("paused", False, None))
        self.assertEqual(self.act(made, "toggle")["status"], "active")
        self.assertEqual(self.act(made, "deactivate")["status"], "paused")
        self.assertEqual(self.act(made, "deactivate")["status"], "paused")
        active = self.act(made, "activate")
        self.assertEqual((active["status"], active["next_execution"]), ("active", made["next_execution"]))
        self.assertEqual(self.change(made, status="disabled")["enabled"], False)
        self.assertEqual(self.act(made, "toggle")["status"], "active")
        self.assertEqual(self.make(enabled=False)["status"], "paused")

    def test_bulk(self):
        made = [self.make() for _ in range(5)]
        ids = [schedule["id"] for schedule in made]
        self.act(made[0], "deactivate")
        answer = self.client.post("/admin/schedules/bulk/deactivate", [*ids, UNKNOWN])
        self.assertEqual((answer.status, answer.json), (200, {"matched_count": 5, "modified_count": 4}), answer)
        self.assertEqual({self.read(schedule)["status"] for schedule in made}, {"paused"})
        answer = self.client.post("/admin/schedules/bulk/activate", ids)
        self.assertEqual(answer.json, {"matched_count": 5, "modified_count": 5})
        self.assertEqual({self.read(schedule)["status"] for schedule in made}, {"active"})
        self.assertEqual(self.client.post("/admin/schedules/bulk/activate", {"ids": ids}).status, 422)
        self.assertEqual(self.client.post("/admin/schedules/bulk/activate", ["x"]).status, 422)
        self.assertEqual(self.client.post("/admin/schedules/bulk/activate", []).json["matched_count"], 0)


class Firing(ScheduleCase):
    def hooked(self, path, **fields):
        return self.make(target=self.receiver.target(path), **fields)

    def test_every_two_seconds(self):
        made = self.hooked("/cron", cron_expression="*/2 * * * * *", event_entity_id="e", event_payload={"n": 1},
                           event_headers={"X-A": "1"}, event_correlation_id="weekly", topic="reports")
        received = self.receiver.wait("/cron", 3, 10)
        nominal = [unix(one.headers["X-Schedules-Scheduled-At"]) for one in received[:3]]
        self.assertEqual([time % 2 for time in nominal], [0, 0, 0])
        self.assertEqual([nominal[1] - nominal[0], nominal[2] - nominal[1]], [2, 2])
        for one, due in zip(received, nominal):
            self.assertTrue(0 <= one.at - due < 0.5, one.at - due)
        self.assertEqual(len({one.event_id for one in received}), len(received))
        first = received[0]
        self.assertEqual((first.headers["X-Schedules-Schedule-Id"], first.headers["X-Schedules-Topic"],
                          first.headers["X-A"]), (made["id"], "reports", "1"))
        message = first.message
        self.assertEqual((message["entity"], message["action"], message["payload"]),
                         ({"type": "report", "id": "e"}, "generate", {"n": 1}))
        self.assertEqual(message["metrics"]["custom_metrics"]["schedule_id"], made["id"])
        self.check_executions(made, received)
        self.client.delete(f"/admin/schedules/{made['id']}")

    def check_executions(self, made, received):
        found = eventually(lambda: (lambda list: list if len(list) >= 3 else None)(self.executions(made)))
        self.assertEqual(EXECUTION_FIELDS - set(found[0]), set())
        times = [one["execution_time"] for one in found]
        self.assertEqual(times, sorted(times, reverse=True), "newest first")
        oldest = found[-1]
        self.assertEqual((oldest["status"], oldest["schedule_id"], oldest["schedule_name"], oldest["event_id"], oldest["error"]),
                         ("success", made["id"], made["name"], received[0].event_id, None))
        self.assertEqual(self.executions(made, limit=1, skip=1)[0], self.executions(made, limit=2)[1])
        self.assertEqual(self.executions(made, status_filter="failure"), [])
        self.assertEqual(self.client.get(f"/admin/schedules/{made['id']}/executions", limit=501).status, 422)
        stats = self.client.get(f"/admin/schedules/{made['id']}/stats").json
        self.assertGreaterEqual(stats["total_executions"], 3)
        self.assertEqual(stats["total_executions"], stats["successful_executions"])
        self.assertEqual((stats["failed_executions"], stats["success_rate"]), (0, 1.0))
        self.assertEqual(set(stats["last_execution"]), {"execution_time", "status", "duration_ms"})
        read = self.read(made)
        self.assertGreaterEqual(read["execution_count"], 3)
        self.assertEqual((read["last_status"], read["error_count"], read["last_error"]), ("success", 0, None))
        self.assertGreater(unix(read["next_execution"]), time.time() - 2)

    def test_execute_fires_now_beside_the_plan(self):
        made = self.hooked("/execute")
        done = self.act(made, "execute")
        self.assertEqual(len(self.receiver.of("/execute")), 1)
        self.assertEqual((done["execution_count"], done["last_status"]), (1, "success"))
        self.assertEqual(done["next_execution"], made["next_execution"])
        eventually(lambda: len(self.executions(made)) == 1)
        self.act(made, "deactivate")
        self.act(made, "execute")
        self.assertEqual(len(self.receiver.of("/execute")), 2)

    def test_execute_of_what_cannot_be_published(self):
        self.receiver.answer("/broken", 400)
        made = self.hooked("/broken", max_retries=0)
        self.assertEqual(self.act(made, "execute", 502)["code"], "publish_failed")
        counted = eventually(lambda: (lambda read: read if read["error_count"] else None)(self.read(made)))
        self.assertEqual(counted["last_status"], "failure")
        self.assertIn("400", counted["last_error"])
        failed = self.executions(made, status_filter="failure")
        self.assertEqual(len(failed), 1)
        self.assertIn("400", failed[0]["error"])

    def test_max_retries_of_a_schedule(self):
        self.receiver.answer("/retried", 500, 500, 200)
        made = self.hooked("/retried", one_time=True, execution_time="2020-01-01T00:00:00Z", max_retries=2, retry_delay=0)
        self.assertEqual(made["retry_delay_seconds"], 0)
        self.receiver.wait("/retried", 3)
        self.assertEqual([one.attempt for one in self.receiver.of("/retried")], [1, 2, 3])
        found = eventually(lambda: (lambda list: list if len(list) == 3 else None)(self.executions(made)))
        self.assertEqual([(one["status"], one["retry_count"]) for one in found],
                         [("success", 2), ("failure", 1), ("failure", 0)])

    def test_a_deleted_one_fires_no_more(self):
        made = self.hooked("/deleted", cron_expression="* * * * * *")
        self.receiver.wait("/deleted", 2)
        answer = self.client.delete(f"/admin/schedules/{made['id']}")
        self.assertEqual((answer.status, answer.body), (204, b""))
        at = time.time()
        self.assertEqual(self.client.get(f"/admin/schedules/{made['id']}").status, 404)
        self.assertEqual(self.client.delete(f"/admin/schedules/{made['id']}").status, 404)
        time.sleep(2.1)
        self.assertEqual([one for one in self.receiver.of("/deleted") if one.at > at + 0.3], [])

    def test_a_paused_one_fires_no_more_until_it_is_resumed(self):
        made = self.hooked("/paused", cron_expression="* * * * * *")
        self.receiver.wait("/paused", 1)
        self.act(made, "deactivate")
        at = time.time()
        time.sleep(2.1)
        self.assertEqual([one for one in self.receiver.of("/paused") if one.at > at + 0.3], [])
        count = len(self.receiver.of("/paused"))
        self.act(made, "activate")
        self.receiver.wait("/paused", count + 1, 3)
        self.client.delete(f"/admin/schedules/{made['id']}")

    def test_a_changed_one_fires_as_its_new_self_only(self):
        made = self.hooked("/changed", cron_expression="* * * * * *", event_action="old")
        self.receiver.wait("/changed", 1)
        self.change(made, event_action="new")
        at = time.time()
        self.receiver.wait("/changed", len(self.receiver.of("/changed")) + 2, 5)
        later = {one.message["action"] for one in self.receiver.of("/changed") if one.at > at + 0.3}
        self.assertEqual(later, {"new"})
        self.client.delete(f"/admin/schedules/{made['id']}")

    def test_once(self):
        at = datetime.datetime.fromtimestamp(time.time() + 1.2, datetime.timezone.utc)
        made = self.hooked("/soon", one_time=True, execution_time=at.isoformat())
        self.assertEqual(made["cron_expression"], None)
        received = self.receiver.wait("/soon")[0]
        self.assertTrue(0 <= received.at - at.timestamp() < 0.5)
        done = eventually(lambda: (lambda read: read if read["status"] == "completed" else None)(self.read(made)))
        self.assertEqual((done["next_execution"], done["enabled"]), (None, False))
        self.assertEqual(self.client.post(f"/admin/schedules/{made['id']}/toggle").status, 409, "it has no future")

    def test_once_in_the_past_fires_at_once(self):
        self.hooked("/past", one_time=True, execution_time="2020-01-01T00:00:00Z")
        self.receiver.wait("/past", timeout=3)

    def test_naive_times_are_utc(self):
        made = self.make(one_time=True, execution_time="2090-01-01T00:00:00")
        self.assertEqual(made["next_execution"], "2090-01-01T00:00:00.000000Z")

    def test_max_count(self):
        made = self.hooked("/counted", cron_expression="* * * * * *", max_count=2)
        self.receiver.wait("/counted", 2)
        eventually(lambda: self.read(made)["status"] == "completed", what="the completion")
        time.sleep(1.2)
        self.assertEqual(len(self.receiver.of("/counted")), 2)

    def test_due_ones(self):
        answer = self.client.get("/admin/schedules/active/due")
        self.assertEqual(answer.status, 200, answer)
        self.assertIsInstance(answer.json, list)


class Around(ScheduleCase):
    def test_preview(self):
        answer = self.client.get("/schedules/preview", expr="30 2 * * *", tz="Europe/Berlin", n=3, after="2026-03-27T12:00:00Z")
        self.assertEqual(answer.status, 200, answer)
        locals_ = [one["local"] for one in answer.json["occurrences"]]
        self.assertEqual(locals_, ["2026-03-28T02:30:00.000000+01:00", "2026-03-29T03:00:00.000000+02:00",
                                   "2026-03-30T02:30:00.000000+02:00"])
        self.assertEqual(answer.json["occurrences"][1]["adjustment"], "moved_out_of_gap")
        self.assertTrue(answer.json["occurrences"][1]["why"])
        self.refused(self.client.get("/schedules/preview"), 422, "missing_field", "expr")
        self.refused(self.client.get("/schedules/preview", expr="61 * * * *"), 422, "invalid_cron", "expr")
        self.refused(self.client.get("/schedules/preview", expr="@daily", tz="Mars"), 422, "unknown_time_zone", "tz")
        self.refused(self.client.get("/schedules/preview", expr="@daily", n=1001), 422, "out_of_range", "n")

    def test_monitoring_and_its_other_addresses(self):
        for prefix in ("/admin/schedules/monitoring", "/monitoring", "/schedules/monitoring"):
            health = self.client.get(prefix + "/health").json
            self.assertEqual(set(health) & {"status", "timestamp", "services", "metrics"}, set(health))
            self.assertEqual(health["status"], "healthy", health)
            self.assertEqual(health["services"]["storage"]["status"], "healthy")
            stats = self.client.get(prefix + "/stats").json
            for name in ("total_schedules", "pending_schedules", "processing_schedules", "completed_schedules",
                         "error_schedules", "transferred_to_redis_schedules", "redis_pending", "pending"):
                self.assertIsInstance(stats[name], int)
            self.assertIs(stats["running"], True)
            for path in ("/metrics", "/metrics/prometheus"):
                metrics = self.client.get(prefix + path)
                self.assertTrue(metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
                for name in ("total", "pending", "processing", "completed", "error", "transferred_to_redis"):
                    found = [line for line in metrics.body.decode().splitlines()
                             if line.startswith(f"stufio_schedules_{name} ")]
                    self.assertEqual(len(found), 1, f"stufio_schedules_{name} once")
            for path in ("/analytics/summary", "/analytics/performance"):
                self.assertEqual(self.client.get(prefix + path, hours=1).json["period_hours"], 1)
            self.assertEqual(self.client.post(prefix + "/sync").json, {"status": "success", "transferred_count": 0})
            self.assertEqual(self.client.post(prefix + "/cleanup").json["status"], "success")

    def test_stats_count_events(self):
        before = self.client.get("/monitoring/stats").json
        self.created()
        self.created(delay_seconds=86400 * 9)
        after = self.client.get("/monitoring/stats").json
        self.assertEqual([after[name] - before[name] for name in ("pending_schedules", "redis_pending", "pending")], [2, 1, 1])

    def test_analytics_count_executions(self):
        made = self.make(target=self.receiver.target("/analysed"))
        self.act(made, "execute")
        path = "/admin/schedules/monitoring/analytics/"
        summary = eventually(lambda: (lambda json: json if json["total_executions"] == 1 else None)(
            self.client.get(path + "summary", schedule_id=made["id"]).json))
        self.assertEqual((summary["successful"], summary["success_rate"]), (1, 1.0))
        self.assertEqual([one["event"] for one in summary["by_event"]], ["report.generate"])
        buckets = self.client.get(path + "performance", schedule_id=made["id"]).json["buckets"]
        self.assertEqual(sum(bucket["total_executions"] for bucket in buckets), 1)
        self.assertEqual(self.client.get(path + "summary", hours=0).status, 422)

    def test_settings_page(self):
        schemas = self.client.get("/admin/settings/schemas").json
        self.assertEqual(set(schemas), {"settings", "groups", "subgroups"})
        self.assertEqual(schemas["settings"]["schedules_MAX_RETRIES"]["default_value"], 3)
        got = self.client.post("/admin/settings/get", {"keys": ["schedules_MAX_RETRIES", "schedules_TIMEZONE", "nothing"]})
        self.assertEqual((got.status, got.json), (200, {"schedules_MAX_RETRIES": 3, "schedules_TIMEZONE": "UTC"}))
        wanted = [{"key": "schedules_MAX_RETRIES", "value": 5, "module": "schedules"}]
        saved = self.client.post("/admin/settings/save", wanted)
        self.assertEqual((saved.status, saved.json), (200, [{**wanted[0], "restart_required": True}]), saved)
        self.assertEqual(self.client.post("/admin/settings/get", {"keys": ["schedules_MAX_RETRIES"]}).json,
                         {"schedules_MAX_RETRIES": 5})
        for bad in ([{"key": "schedules_NOTHING", "value": 1}], [{"key": "schedules_MAX_RETRIES", "value": 11}],
                    [{"key": "schedules_MAX_RETRIES", "value": "many"}], [{"key": "schedules_TIMEZONE", "value": "Mars"}],
                    [{"value": 1}], {}, [*wanted, {"key": "schedules_NOTHING", "value": 1}]):
            answer = self.client.post("/admin/settings/save", bad)
            self.assertEqual(answer.status, 422, (bad, answer))
        refreshed = self.client.post("/admin/settings/refresh-cache")
        self.assertEqual((refreshed.status, refreshed.json), (200, {"success": True}))


if __name__ == "__main__":
    unittest.main()
