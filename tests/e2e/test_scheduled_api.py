"""/admin/scheduled: the contract's view of the far tier, on every event."""
import datetime
import json
import unittest
import uuid

from support import ServerCase, eventually

PATH = "/admin/scheduled"
DAY = 86_400
INJECTION = "x' OR '1'='1'; DROP TABLE event_schedules; --"


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


class Scheduled(ServerCase):
    def body(self, seconds=30 * DAY, **fields):
        return {"topic": "e2e", "entity_type": "order", "action": "remind", "payload": '{"id": 7}',
                "scheduled_at": at(seconds), **fields}

    def made(self, seconds=30 * DAY, **fields):
        answer = self.client.post(PATH, self.body(seconds, **fields))
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def got(self, event_id):
        answer = self.client.get(f"{PATH}/{event_id}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def listed(self, **query):
        answer = self.client.request("GET", PATH, **query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_create_gives_what_the_contract_says(self):
        answer = self.client.post(PATH, self.body(source_id="s-1", source_execution_id="x-1", priority=3, max_retries=1,
                                                  max_delay_seconds=60, entity_id="9", correlation_id="c", headers={"a": "b"},
                                                  unknown_key=1))
        self.assertEqual(answer.status, 201, answer)
        event = answer.json
        self.assertTrue(answer.headers["Location"].endswith(event["schedule_id"]))
        self.assertEqual(uuid.UUID(event["schedule_id"]).version, 4)
        wanted = {"status": "pending", "source": "api_request", "source_id": "s-1", "source_execution_id": "x-1", "priority": 3,
                  "max_retries": 1, "max_delay_seconds": 60, "entity_id": "9", "correlation_id": "c", "headers": {"a": "b"},
                  "actor_type": "system", "actor_id": "scheduler", "retry_count": 0, "error": None}
        self.assertEqual({name: event[name] for name in wanted}, wanted)
        self.assertEqual(json.loads(event["payload"]), {"id": 7})
        self.assertEqual(self.got(event["schedule_id"]), event)

    def test_defaults(self):
        event = self.made(payload={"as": "object"})
        self.assertEqual((event["max_delay_seconds"], event["priority"], event["max_retries"]), (DAY, 0, 3))
        self.assertEqual(json.loads(event["payload"]), {"as": "object"})
        uuid.UUID(event["correlation_id"])

    def test_the_tier_decides_the_status(self):
        self.assertEqual(self.made(30 * DAY)["status"], "pending")
        near = self.made(3600)
        self.assertEqual(near["status"], "transferred_to_redis")
        self.assertEqual(self.get_event(near["schedule_id"])["tier"], "near")

    def test_it_fires_and_is_completed(self):
        event = self.made(0.3)
        done = eventually(lambda: (lambda one: one if one["status"] == "completed" else None)(self.got(event["schedule_id"])))
        self.assertTrue(done["completed_at"] and done["processing_started_at"])
        found = eventually(lambda: [one for one in self.listed(status_filter="completed")
                                    if one["schedule_id"] == event["schedule_id"]])
        self.assertEqual(found[0]["topic"], "e2e")
        self.assertEqual(self.client.put(f"{PATH}/{event['schedule_id']}", {"priority": 1}).status, 409)
        self.assertEqual(self.client.delete(f"{PATH}/{event['schedule_id']}").status, 409)

    def test_bad_bodies(self):
        good = self.body()
        for name in ("topic", "entity_type", "action", "payload", "scheduled_at"):
            with self.subTest(missing=name):
                self.refused(self.client.post(PATH, {key: value for key, value in good.items() if key != name}), 422,
                             "missing_field", name)
        for name, value in (("payload", "no json"), ("payload", "[1]"), ("payload", 5), ("scheduled_at", "soon"),
                            ("scheduled_at", 5), ("priority", 10), ("priority", "1"), ("priority", 1.5), ("max_retries", -1),
                            ("max_delay_seconds", -1), ("source", "elsewhere"), ("headers", []), ("headers", {"a": 1}),
                            ("topic", ""), ("topic", "x" * 250), ("topic", "a\nb"), ("action", None), ("source_id", "x" * 201),
                            ("scheduled_at", "2300-01-01T00:00:00Z")):
            with self.subTest(field=name, value=str(value)[:20]):
                answer = self.client.post(PATH, {**good, name: value})
                self.assertEqual(answer.status, 422, answer)
                self.assertEqual(answer.json["detail"][0]["loc"][:2], ["body", name], answer)
        for text in ("", "{", "[]", "null", "5", '"x"'):
            self.assertEqual(self.client.post(PATH, text).status, 422, text)
        self.refused(self.client.post(PATH, self.body(-2 * DAY)), 422, "expired", "scheduled_at")

    def test_bad_ids(self):
        for method, tail, body in (("GET", "", None), ("PUT", "", {}), ("DELETE", "", None), ("POST", "/transfer", None)):
            answer = self.client.request(method, f"{PATH}/not-a-uuid{tail}", body)
            self.assertEqual((answer.status, answer.json["detail"][0]["loc"]), (422, ["path", "event_id"]), answer)
            answer = self.client.request(method, f"{PATH}/{uuid.uuid4()}{tail}", body)
            self.assertEqual((answer.status, answer.json["code"]), (404, "not_found"), answer)

    def test_both_forms_of_the_slash(self):
        for path in (PATH, PATH + "/"):
            self.assertEqual(self.client.get(path).status, 200)
            self.assertEqual(self.client.post(path, self.body()).status, 201)
        event = self.made()
        self.assertEqual(self.client.get(f"{PATH}/{event['schedule_id']}/").status, 200)

    def test_filters(self):
        kind = self.fresh("kind").replace("-", "_")
        far = self.made(40 * DAY, entity_type=kind, source="system")
        near = self.made(7200, entity_type=kind)
        ids = lambda **query: [one["schedule_id"] for one in self.listed(event_type=kind, **query)]
        far_id, near_id = far["schedule_id"], near["schedule_id"]
        self.assertEqual(ids(), [near_id, far_id], "newest first")
        self.assertEqual(ids(status_filter="pending"), [far_id])
        self.assertEqual(ids(status_filter="transferred_to_redis"), [near_id])
        self.assertEqual(ids(status_filter="completed"), [])
        self.assertEqual(ids(source="system"), [far_id])
        self.assertEqual(ids(source="system", status_filter="transferred_to_redis"), [])
        self.assertEqual(ids(scheduled_after=at(DAY)), [far_id])
        self.assertEqual(ids(scheduled_before=at(DAY)), [near_id])
        self.assertEqual(ids(scheduled_after=at(0), scheduled_before=at(50 * DAY)), [near_id, far_id], "by due time")
        self.assertEqual(ids(limit=1), [near_id])
        self.assertEqual(ids(skip=1, limit=1), [far_id])
        self.assertEqual(ids(skip=5), [])
        self.assertEqual(self.listed(event_type=INJECTION), [])
        for query in ("limit=0", "limit=1001", "skip=-1", "limit=x", "status_filter=odd", "source=" + "odd",
                      "scheduled_after=never"):
            answer = self.client.get(f"{PATH}?{query}")
            self.assertEqual((answer.status, answer.json["detail"][0]["loc"][0]), (422, "query"), answer)

    def test_update(self):
        event = self.made()
        path = f"{PATH}/{event['schedule_id']}"
        answer = self.client.put(path, {"payload": '{"new": 1}', "priority": 5, "action": "other", "source": "system"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((json.loads(answer.json["payload"]), answer.json["priority"], answer.json["action"]), ({"new": 1}, 5, "other"))
        self.assertEqual(answer.json["source"], "api_request", "where it came from does not change")
        self.assertEqual(answer.json["topic"], "e2e")
        self.assertEqual(self.client.put(path, {}).status, 200)
        self.assertEqual(self.client.put(path, {"status": "pending"}).status, 200)
        self.assertEqual(self.client.put(path, {"priority": 99}).status, 422)
        self.assertEqual(self.client.put(path, {"status": "odd"}).status, 422)
        self.refused(self.client.put(path, {"status": "processing"}), 409, "conflict")
        moved = self.client.put(path, {"scheduled_at": at(600)})
        self.assertEqual((moved.status, moved.json["status"]), (200, "transferred_to_redis"))

    def test_update_of_the_status(self):
        transferred = self.client.put(f"{PATH}/{self.made()['schedule_id']}", {"status": "transferred_to_redis"})
        self.assertEqual((transferred.status, transferred.json["status"]), (200, "transferred_to_redis"))
        done = self.client.put(f"{PATH}/{self.made()['schedule_id']}", {"status": "completed"})
        self.assertEqual((done.status, done.json["status"]), (200, "completed"))
        failed = self.client.put(f"{PATH}/{self.made(max_retries=0)['schedule_id']}", {"status": "error", "error": "no paper"})
        self.assertEqual((failed.status, failed.json["status"]), (200, "error"))
        self.assertIn("no paper", failed.json["error"])

    def test_delete(self):
        for seconds in (30 * DAY, 3600):
            path = f"{PATH}/{self.made(seconds)['schedule_id']}"
            answer = self.client.delete(path)
            self.assertEqual((answer.status, answer.body), (204, b""))
            self.assertEqual(self.client.get(path).status, 404)
            self.assertEqual(self.client.delete(path).status, 404)
            self.assertEqual(self.client.put(path, {"priority": 1}).status, 404)

    def test_transfer(self):
        event = self.made(30 * DAY)
        path = f"{PATH}/{event['schedule_id']}"
        for body in (None, {"why": "operator"}, {}):
            answer = self.client.post(path + "/transfer", body)
            self.assertEqual((answer.status, answer.json["status"]), (200, "transferred_to_redis"), answer)
        self.assertEqual(answer.json["scheduled_at"], event["scheduled_at"])
        self.assertEqual(json.loads(answer.json["payload"]), {"id": 7})
        self.assertEqual(self.get_event(event["schedule_id"])["tier"], "near")
        self.assertEqual(self.client.post(path + "/transfer", "[1]").status, 422)

    def test_bulk_transfer_is_not_taken_for_an_id(self):
        far = [self.made(30 * DAY)["schedule_id"] for _ in range(3)]
        near, unknown = self.made(3600)["schedule_id"], str(uuid.uuid4())
        answer = self.client.post(PATH + "/bulk/transfer", [*far, near, unknown, far[0]])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["transferred_count"], 3)
        self.assertEqual(sorted(answer.json["failed_ids"]), sorted([near, unknown]))
        self.assertEqual(self.client.post(PATH + "/bulk/transfer", []).json, {"transferred_count": 0, "failed_ids": []})
        for bad in ({}, ["x"], [1], [None], "x"):
            self.assertEqual(self.client.post(PATH + "/bulk/transfer", bad).status, 422, bad)

    def test_ready_to_transfer(self):
        soon = self.made(30 * 3600)["schedule_id"]
        late = self.made(60 * DAY)["schedule_id"]
        answer = self.client.get(PATH + "/ready/transfer")
        self.assertEqual(answer.status, 200, answer)
        ids = [one["schedule_id"] for one in answer.json]
        self.assertIn(soon, ids)
        self.assertNotIn(late, ids)
        self.assertEqual(len(self.client.get(PATH + "/ready/transfer?limit=1").json), 1)
        self.assertEqual(self.client.get(PATH + "/ready/transfer?limit=0").status, 422)

    def test_overview(self):
        before = self.client.get(PATH + "/stats/overview").json
        self.made(30 * DAY), self.made(3600)
        after = self.client.get(PATH + "/stats/overview").json
        for name in ("pending_count", "transferred_to_redis_count"):
            self.assertEqual(after[name] - before[name], 1, name)
        self.assertEqual(after["total_count"] - before["total_count"], 2)

    def test_by_source(self):
        self.made(30 * DAY, source="kafka_delayed")
        answer = self.client.get(PATH + "/stats/by-source").json
        tally = answer["stats_by_source"]["kafka_delayed"]
        self.assertEqual((tally["total"], tally["pending"]), (1, 1))
        self.assertEqual(tally["earliest_event"], tally["latest_event"])
        self.assertEqual(answer["total_sources"], len(answer["stats_by_source"]))

    def test_by_time(self):
        self.made()
        answer = self.client.get(PATH + "/stats/by-time").json
        self.assertEqual(answer["hours_analyzed"], 24)
        self.assertEqual(answer["total_hours"], len(answer["stats_by_hour"]))
        self.assertTrue(all(hour.endswith(":00:00.000000Z") for hour in answer["stats_by_hour"]), answer)
        self.assertGreaterEqual(sum(one["pending"] for one in answer["stats_by_hour"].values()), 1)
        for hours in ("0", "169", "x"):
            self.assertEqual(self.client.get(f"{PATH}/stats/by-time?hours_back={hours}").status, 422)

    def test_cleanup_touches_nothing_that_waits(self):
        event = self.made(3600)
        answer = self.client.delete(PATH + "/cleanup/old")
        self.assertEqual(answer.json, {"would_delete": 0, "dry_run": True})
        answer = self.client.delete(PATH + "/cleanup/old?days_old=1&dry_run=false")
        self.assertEqual((answer.status, answer.json), (200, {"deleted_count": 0, "dry_run": False}))
        self.got(event["schedule_id"])
        for query in ("days_old=0", "days_old=366", "dry_run=perhaps"):
            self.assertEqual(self.client.delete(f"{PATH}/cleanup/old?{query}").status, 422, query)

    def test_batch(self):
        batch = [self.body(), {**self.body(), "priority": 99, "entity_type": "odd"}, {"topic": "t"}, "x", self.body(3600)]
        answer = self.client.post(PATH + "/batch/create", batch)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["created_count"], answer.json["failed_count"]), (2, 3))
        errors = answer.json["errors"]
        self.assertEqual([(one["index"], one["event_type"]) for one in errors], [(1, "odd"), (2, None), (3, None)])
        self.assertTrue(all(one["error"] for one in errors))
        self.assertEqual(self.client.post(PATH + "/batch/create", []).json, {"created_count": 0, "failed_count": 0, "errors": []})
        self.refused(self.client.post(PATH + "/batch/create", [self.body()] * 1001), 400, "bad_request")
        for bad in ({}, "x", 5):
            self.assertEqual(self.client.post(PATH + "/batch/create", bad).status, 422)
        self.assertEqual(self.client.post(PATH + "/batch/create", [self.body()] * 1000).json["created_count"], 1000)


class ScheduledAfterARestart(ServerCase):
    def test_it_is_still_there(self):
        made = self.client.post(PATH, {"topic": "t", "entity_type": "a", "action": "b", "payload": {}, "scheduled_at": at(40 * DAY)}).json
        self.server.kill()
        self.server.start()
        self.assertEqual(self.client.get(f"{PATH}/{made['schedule_id']}").json, made)


if __name__ == "__main__":
    unittest.main()
