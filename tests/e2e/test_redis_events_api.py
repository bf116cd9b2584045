"""/admin/redis-events: the near tier, and events that outside workers claim and complete."""
import datetime
import unittest
import urllib.parse
import uuid

from support import ServerCase, eventually, settled

PATH = "/admin/redis-events"


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


class RedisEvents(ServerCase):
    def body(self, seconds=3600, **fields):
        return {"topic": "e2e", "entity_type": "order", "action": "remind", "scheduled_at": at(seconds), **fields}

    def made(self, seconds=3600, **fields):
        answer = self.client.post(PATH, self.body(seconds, **fields))
        self.assertEqual(answer.status, 201, answer)
        return answer.json["event_id"]

    def got(self, event_id):
        answer = self.client.get(f"{PATH}/{event_id}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def claim(self, event_id, processor="worker-1"):
        return self.client.post(f"{PATH}/{event_id}/claim?processor_id={processor}")

    def complete(self, event_id, **query):
        return self.client.post(f"{PATH}/{event_id}/complete?" + urllib.parse.urlencode(query))

    def test_create(self):
        answer = self.client.post(PATH, self.body(payload={"id": 7}, source="shop", source_id="s", clickhouse_schedule_id="c",
                                                  priority=2, max_retries=0, unknown=1))
        self.assertEqual(answer.status, 201, answer)
        event = answer.json
        wanted = {"status": "pending", "payload": {"id": 7}, "source": "shop", "source_id": "s", "clickhouse_schedule_id": "c",
                  "priority": 2, "max_retries": 0, "retry_count": 0, "reserved_by": None, "headers": {}}
        self.assertEqual({name: event[name] for name in wanted}, wanted)
        uuid.UUID(event["correlation_id"])
        self.assertEqual(self.got(event["event_id"]), event)
        plain = self.got(self.made())
        self.assertEqual((plain["payload"], plain["source"], plain["max_retries"]), ({}, "redis", 3))

    def test_only_a_future_time_within_the_horizon(self):
        for seconds in (-5, 86_400 + 60, 30 * 86_400):
            answer = self.client.post(PATH, self.body(seconds))
            self.assertEqual((answer.status, answer.json["code"]), (400, "bad_request"), answer)
            self.assertIsInstance(answer.json["detail"], str)
        self.made(86_400 - 60)

    def test_bad_bodies(self):
        good = self.body()
        for name in ("topic", "entity_type", "action", "scheduled_at"):
            self.refused(self.client.post(PATH, {key: value for key, value in good.items() if key != name}), 422,
                         "missing_field", name)
        for name, value in (("payload", 5), ("payload", []), ("payload", "text"), ("priority", 10), ("max_retries", -1),
                            ("source", ""), ("headers", 1), ("scheduled_at", "x")):
            answer = self.client.post(PATH, {**good, name: value})
            self.assertEqual(answer.status, 422, answer)
            self.assertEqual(answer.json["detail"][0]["loc"], ["body", name], answer)
        for text in ("", "{", "[]"):
            self.assertEqual(self.client.post(PATH, text).status, 422, text)

    def test_ids_are_free_text(self):
        for unknown in (str(uuid.uuid4()), "anything", "%27;--"):
            for method, tail, body in (("GET", "", None), ("PUT", "", {}), ("DELETE", "", None), ("POST", "/complete", None)):
                answer = self.client.request(method, f"{PATH}/{unknown}{tail}", body)
                self.assertEqual((answer.status, answer.json["code"]), (404, "not_found"), answer)
            self.refused(self.claim(unknown), 409, "conflict")

    def test_list(self):
        source = self.fresh("shop")
        later, sooner = self.made(4000, source=source), self.made(3000, source=source)
        answer = self.client.request("GET", PATH, source=source)
        self.assertEqual([one["event_id"] for one in answer.json], [sooner, later])
        self.assertEqual(len(self.client.request("GET", PATH, source=source, limit=1).json), 1)
        self.assertEqual(self.client.request("GET", PATH, source="' OR 1=1").json, [])
        self.assertGreaterEqual(len(self.client.get(PATH + "/").json), 2)
        for query in ("limit=0", "limit=1001", "limit=x"):
            self.assertEqual(self.client.get(f"{PATH}?{query}").status, 422)

    def test_far_events_are_not_shown(self):
        far = self.created(scheduled_at=at(40 * 86_400))["id"]
        self.assertEqual(self.client.get(f"{PATH}/{far}").status, 404)
        self.assertNotIn(far, [one["event_id"] for one in self.client.get(PATH + "?limit=1000").json])
        self.refused(self.claim(far), 409, "conflict")

    def test_update(self):
        path = f"{PATH}/{self.made()}"
        answer = self.client.put(path, {"payload": {"a": 1}, "action": "other", "scheduled_at": at(7200)})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["payload"], answer.json["action"]), ({"a": 1}, "other"))
        for seconds in (-5, 2 * 86_400):
            self.refused(self.client.put(path, {"scheduled_at": at(seconds)}), 400, "bad_request")
        self.assertEqual(self.client.put(path, {"scheduled_at": "x"}).status, 422)
        self.assertEqual(self.client.put(path, {"status": "completed"}).json["status"], "completed")
        self.refused(self.client.put(path, {"action": "x"}), 409, "conflict")

    def test_delete(self):
        event_id = self.made()
        self.assertEqual(self.client.delete(f"{PATH}/{event_id}").status, 204)
        self.assertEqual(self.client.get(f"{PATH}/{event_id}").status, 404)
        self.assertEqual(self.client.delete(f"{PATH}/{event_id}").status, 404)
        self.assertEqual(self.get_event(event_id)["state"], "cancelled")

    def test_claim_and_complete(self):
        event_id = self.made()
        answer = self.claim(event_id)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["claimed"], answer.json["processor_id"]), (True, "worker-1"))
        held = self.got(event_id)
        self.assertEqual((held["status"], held["reserved_by"]), ("reserved", "worker-1"))
        self.assertTrue(held["reserved_at"])
        self.refused(self.claim(event_id), 409, "conflict")
        self.refused(self.claim(event_id, "other"), 409, "conflict")
        self.refused(self.client.put(f"{PATH}/{event_id}", {"action": "x"}), 409, "conflict")
        done = self.complete(event_id)
        self.assertEqual(done.status, 200, done)
        self.assertEqual({name: done.json[name] for name in ("processed", "status", "error_message")},
                         {"processed": True, "status": "completed", "error_message": None})
        self.assertEqual(self.got(event_id)["status"], "completed")
        self.assertEqual(self.complete(event_id).status, 200, "a repeat is harmless")
        self.refused(self.complete(event_id, success="false"), 409, "conflict")
        self.refused(self.claim(event_id), 409, "conflict")

    def test_a_claimed_event_is_not_fired(self):
        event_id, control = self.made(1.5), self.made(1.5)
        self.assertEqual(self.claim(event_id).status, 200)
        self.await_state(control, "fired")
        self.assertEqual(self.got(event_id)["status"], "reserved")
        self.assertEqual(self.complete(event_id).status, 200)
        self.assertEqual(self.get_event(event_id)["outcome"]["sink"], "worker")

    def test_failure_waits_for_a_retry(self):
        event_id = self.made(max_retries=1)
        self.claim(event_id)
        answer = self.complete(event_id, success="false", error_message="no paper")
        self.assertEqual((answer.status, answer.json["status"], answer.json["error_message"]), (200, "failed", "no paper"))
        waiting = self.got(event_id)
        self.assertEqual((waiting["status"], waiting["retry_count"], waiting["error"]), ("pending", 1, "no paper"))
        self.claim(event_id)
        self.complete(event_id, success="false", error_message="no ink")
        dead = self.got(event_id)
        self.assertEqual(dead["status"], "error")
        self.assertIn("no ink", dead["error"])
        self.assertEqual(self.client.get(f"/dead-letters/{event_id}").status, 200)

    def test_a_claimed_event_can_be_deleted(self):
        event_id = self.made()
        self.claim(event_id)
        self.assertEqual(self.client.delete(f"{PATH}/{event_id}").status, 204)
        self.assertEqual(self.complete(event_id).status, 409)

    def test_bad_claims_and_completions(self):
        event_id = self.made()
        self.assertEqual(self.client.post(f"{PATH}/{event_id}/claim").status, 422)
        self.assertEqual(self.claim(event_id, "").status, 422)
        self.assertEqual(self.claim(event_id, "x" * 250).status, 422)
        self.assertEqual(self.complete(event_id, success="perhaps").status, 422)
        self.assertEqual(self.complete(event_id, success="false", error_message="x" * 2049).status, 422)
        self.assertEqual(self.got(event_id)["status"], "pending")

    def test_figures(self):
        self.made()
        stats = self.client.get(PATH + "/stats/overview").json
        health = self.client.get(PATH + "/stats/health").json
        self.assertGreaterEqual(stats["pending_events"], 1)
        self.assertGreaterEqual(stats["queue_size"], stats["pending_events"])
        self.assertEqual((health["health_status"], health["overdue_events"]), ("healthy", 0))
        self.assertEqual(health["total_events"], health["ready_events"] + health["future_events"])
        board = self.client.get(PATH + "/monitoring/dashboard").json
        self.assertEqual(set(board), {"stats", "health", "ready_events_sample", "timestamp"})
        self.assertEqual(set(board["stats"]), set(stats))
        self.assertEqual(set(board["health"]), set(health))
        def total_deleted():
            return self.client.get(PATH + "/stats/overview").json["total_deleted"]

        deleted = settled(total_deleted)  # those of other tests may just be written
        self.client.delete(f"{PATH}/{self.made()}")
        eventually(lambda: total_deleted() == deleted + 1)

    def test_cleanup_removes_nothing_that_waits(self):
        event_id = self.made()
        self.assertEqual(self.client.post(PATH + "/maintenance/cleanup").json, {"cleaned_count": 0})
        self.assertEqual(self.got(event_id)["status"], "pending")

    def test_batch(self):
        path = PATH + "/batch/transfer-from-clickhouse"
        answer = self.client.post(path, [self.body(), self.body(-5), self.body(3 * 86_400), {"topic": "t"}, self.body()])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["created_count"], answer.json["failed_count"]), (2, 3))
        self.assertRegex(answer.json["errors"][0], r"^Event #2: .*future")
        self.assertEqual(len(answer.json["errors"]), 3)
        many = self.client.post(path, [self.body(-5)] * 30).json
        self.assertEqual((many["failed_count"], len(many["errors"])), (30, 10))
        self.refused(self.client.post(path, [self.body()] * 501), 400, "bad_request")
        self.assertEqual(self.client.post(path, [self.body()] * 500).json["created_count"], 500)
        self.assertEqual(self.client.post(path, {}).status, 422)


class Overdue(ServerCase):
    """What is due and does not fire: the target is down, so it waits for its retry."""

    def test_ready_ones_are_listed_and_can_be_worked_on(self):
        self.receiver.answer("/503", 503)
        event = self.created(delay_seconds=0, target=self.receiver.target("/503"), retry_delay_seconds=3600)["id"]
        eventually(lambda: self.get_event(event)["attempt"] == 1)
        ready = self.client.get(PATH + "/ready/processing")
        self.assertEqual(ready.status, 200, ready)
        self.assertEqual(ready.json, [], "it waits for its retry")
        self.assertEqual(self.client.post(PATH + "/maintenance/cleanup").json["cleaned_count"], 0)
        self.assertEqual(self.client.post(f"{PATH}/{event}/claim?processor_id=w").status, 200)
        self.assertEqual(self.client.post(f"{PATH}/{event}/complete").status, 200)
        self.assertEqual(self.get_event(event)["state"], "fired")
        for query in ("limit=0", "limit=1001"):
            self.assertEqual(self.client.get(f"{PATH}/ready/processing?{query}").status, 422)


class AfterARestart(ServerCase):
    def test_a_claim_does_not_outlive_the_process_but_the_work_counts(self):
        body = {"topic": "t", "entity_type": "a", "action": "b", "scheduled_at": at(3600)}
        event = self.client.post(PATH, body).json["event_id"]
        self.assertEqual(self.client.post(f"{PATH}/{event}/claim?processor_id=w").status, 200)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.client.get(f"{PATH}/{event}").json["status"], "pending")
        self.assertEqual(self.client.post(f"{PATH}/{event}/complete").status, 200)
        self.assertEqual(self.client.get(f"{PATH}/{event}").json["status"], "completed")


if __name__ == "__main__":
    unittest.main()
