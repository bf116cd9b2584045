"""Events through the API: put, batch, idempotency, lists and pages, change, cancel, bulk jobs."""
import json
import threading
import time
import unittest
import urllib.parse
import uuid

from support import ServerCase, eventually


class Put(ServerCase):
    def test_single(self):
        answer = self.client.post("/events", self.event(tags=["a", "b"], headers={"X-A": "1"}, priority=3, key="k"))
        self.assertEqual(answer.status, 201, answer)
        made = answer.json
        self.assertEqual(answer.headers["Location"], f"/api/v1/events/{made['id']}")
        self.assertEqual(answer.headers["ETag"], '"1"')
        self.assertEqual((made["state"], made["tier"], made["store"]), ("pending", "near", "rocksdb"))
        self.assertEqual((made["tags"], made["headers"], made["priority"], made["key"]), (["a", "b"], {"X-A": "1"}, 3, "k"))
        again = self.client.get(f"/events/{made['id']}")
        self.assertEqual(again.json, made)
        self.assertEqual(again.headers["ETag"], '"1"')
        self.assertEqual(uuid.UUID(made["id"]).version, 4)

    def test_far_or_near(self):
        self.assertEqual(self.created(delay_seconds=86400 - 5)["tier"], "near")
        self.assertEqual(self.created(delay_seconds=86400 + 60)["tier"], "far")

    def test_own_id_is_kept(self):
        own = str(uuid.uuid4())
        self.assertEqual(self.created(id=own)["id"], own)
        again = self.client.post("/events", self.event(id=own))
        self.assertIn(again.status, (200, 409), again)

    def test_array_answers_each_item(self):
        events = [self.event(), self.event(priority=99), {"topic": 1}, "text", self.event()]
        answer = self.client.post("/events", events)
        self.assertEqual(answer.status, 207, answer)
        results = answer.json["results"]
        self.assertEqual([result["index"] for result in results], list(range(5)))
        self.assertEqual([result["status"] for result in results], [201, 422, 422, 400, 201])
        self.assertEqual(results[1]["error"]["code"], "out_of_range")
        self.assertEqual(results[1]["error"]["errors"][0]["field"], "priority")
        for index in (0, 4):
            self.get_event(results[index]["id"])

    def test_lines_answer_each_line(self):
        lines = [json.dumps(self.event()), "{not json", "", json.dumps({**self.event(), "colour": "red"}),
                 json.dumps(self.event(scheduled_at="yesterday")), "[]", json.dumps(self.event())]
        answer = self.client.post("/events", "\r\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.status, 207, answer)
        results = answer.json["results"]
        self.assertEqual([result["status"] for result in results], [201, 400, 422, 422, 400, 201])
        codes = [result.get("error", {}).get("code") for result in results]
        self.assertEqual(codes, [None, "invalid_json", "unknown_field", "invalid_time", "invalid_json", None])

    def test_ten_thousand_at_most(self):
        topic = self.fresh("many")
        lines = "\n".join(json.dumps(self.event(topic=topic, entity_id=str(n))) for n in range(10_000))
        answer = self.client.post("/events", lines, headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.status, 207, answer.status)
        self.assertEqual({result["status"] for result in answer.json["results"]}, {201})
        more = self.client.post("/events", lines + "\n" + json.dumps(self.event(topic=topic)),
                                headers={"Content-Type": "application/x-ndjson"})
        self.refused(more, 413, "payload_too_large")
        job = self.await_job(self.client.post("/events/cancel", {"filter": {"topic": topic}}))
        self.assertEqual((job["matched"], job["succeeded"]), (10_000, 10_000))

    def test_idempotency_by_field_and_header(self):
        for header in (False, True):
            key = self.fresh("key")
            body = self.event(scheduled_at="2090-01-01T00:00:00Z")

            def put(**changes):
                if header:
                    return self.client.post("/events", {**body, **changes}, headers={"Idempotency-Key": key})
                return self.client.post("/events", {**body, **changes, "idempotency_key": key})
            first = put()
            self.assertEqual(first.status, 201, first)
            second = put()
            self.assertEqual(second.status, 200, second)
            self.assertEqual(second.json, first.json)
            self.refused(put(action="other"), 409, "idempotency_conflict")
            self.refused(put(body={"n": 2}), 409, "idempotency_conflict")
            self.client.delete(f"/events/{first.json['id']}")

    def test_idempotency_of_a_delay(self):
        body = self.event(delay_seconds=3600, idempotency_key=self.fresh("key"))
        first = self.client.post("/events", body)
        time.sleep(0.01)
        second = self.client.post("/events", body)
        self.assertEqual((second.status, second.json), (200, first.json), "the same body, sent again")
        batch = self.client.post("/events", [body]).json["results"][0]
        self.assertEqual((batch["status"], batch.get("id")), (200, first.json["id"]))

    def test_idempotency_when_it_was_fired_or_cancelled(self):
        body = self.event(scheduled_at="2020-01-01T00:00:00Z", idempotency_key=self.fresh("key"))
        fired = self.client.post("/events", body).json["id"]
        self.await_state(fired, "fired")
        again = self.client.post("/events", body)
        self.assertEqual((again.status, again.json["id"], again.json["state"]), (200, fired, "fired"), again)
        body = self.event(scheduled_at="2090-01-01T00:00:00Z", idempotency_key=self.fresh("key"))
        cancelled = self.client.post("/events", body).json["id"]
        self.client.delete(f"/events/{cancelled}")
        again = self.client.post("/events", body)
        self.assertEqual((again.status, again.json["id"], again.json["state"]), (200, cancelled, "cancelled"), again)

    def test_idempotency_of_racing_writers(self):
        key = self.fresh("key")
        body = self.event(scheduled_at="2090-01-01T00:00:00Z", idempotency_key=key)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.client.post("/events", body))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answer.status for answer in answers), [200] * 7 + [201])
        self.assertEqual(len({answer.json["id"] for answer in answers}), 1)

    def test_by_its_idempotency_key(self):
        key = self.fresh("a key/with ümläuts")
        made = self.created(idempotency_key=key)
        path = "/events/key:" + urllib.parse.quote(key, safe="")
        self.assertEqual(self.client.get(path).json["id"], made["id"])
        self.assertEqual(self.client.patch(path, {"delay_seconds": 7200}).status, 200)
        self.assertEqual(self.client.delete(path).json["result"], "cancelled")
        self.assertEqual(self.get_event(made["id"])["state"], "cancelled")
        self.refused(self.client.get("/events/key:"), 422, "invalid_argument", "id")
        self.assertEqual(self.client.delete("/events/key:nobody").json["result"], "not_found")

    def test_batch_repeats_within_itself(self):
        key = self.fresh("key")
        same = self.event(scheduled_at="2090-01-01T00:00:00Z", idempotency_key=key)
        results = self.client.post("/events", [same, same, {**same, "action": "x"}]).json["results"]
        self.assertEqual([result["status"] for result in results], [201, 200, 409])


class List(ServerCase):
    COUNT = 300

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = [{"topic": f"t{n % 3}", "entity_type": "order" if n % 2 else "cart", "entity_id": str(n % 5),
                       "action": "ship" if n % 4 else "pay", "correlation_id": f"c{n % 7}", "tags": [f"tag{n % 6}"],
                       "body": {"n": n}, "delay_seconds": 3600 + n % 50 if n % 10 else 86400 * 5 + n}
                      for n in range(cls.COUNT)]
        results = cls.client.post("/events", cls.events).json["results"]
        assert all(result["status"] == 201 for result in results), results
        cls.ids = [result["id"] for result in results]

    def pages(self, limit, **query):
        found, cursor = [], None
        for _ in range(self.COUNT * 3):
            page = self.client.get("/events", limit=limit, **query, **({"cursor": cursor} if cursor else {}))
            self.assertEqual(page.status, 200, page)
            self.assertLessEqual(len(page.json["items"]), limit)
            found += page.json["items"]
            cursor = page.json["next_cursor"]
            if not cursor:
                return found
        self.fail("the pages do not end")

    def check(self, wanted, **query):
        expected = {self.ids[n] for n, event in enumerate(self.events) if wanted(event)}
        self.assertTrue(expected)
        found = [item["id"] for item in self.pages(50, **query)]
        self.assertEqual(len(found), len(set(found)), "an event is on two pages")
        self.assertEqual(set(found), expected, query)

    def test_pages_have_no_gaps(self):
        for limit in (7, 100, 1000):
            found = self.pages(limit)
            self.assertCountEqual([item["id"] for item in found], self.ids)
            near = [item["scheduled_at"] for item in found if item["tier"] == "near"]
            self.assertEqual(near, sorted(near))

    def test_pages_while_others_write(self):
        extra = [self.created(delay_seconds=7200)["id"] for _ in range(20)]
        first = self.client.get("/events", limit=100).json
        for event_id in extra:
            self.client.delete(f"/events/{event_id}")
        found = {item["id"] for item in first["items"]}
        cursor = first["next_cursor"]
        while cursor:
            page = self.client.get("/events", limit=100, cursor=cursor).json
            found |= {item["id"] for item in page["items"]}
            cursor = page["next_cursor"]
        self.assertEqual(set(self.ids) - found, set())

    def test_filters(self):
        self.check(lambda e: e["topic"] == "t1", topic="t1")
        self.check(lambda e: e["action"] == "pay", action="pay")
        self.check(lambda e: e["entity_type"] == "order", entity="order")
        self.check(lambda e: (e["entity_type"], e["entity_id"]) == ("order", "3"), entity="order.3")
        self.check(lambda e: e["entity_id"] == "3", entity_id="3")
        self.check(lambda e: e["entity_type"] == "cart", entity_type="cart")
        self.check(lambda e: e["correlation_id"] == "c2", correlation_id="c2")
        self.check(lambda e: e["tags"] == ["tag4"], tag="tag4")
        self.check(lambda e: e["topic"] == "t2" and e["action"] == "ship" and e["tags"] == ["tag5"],
                   topic="t2", action="ship", tag="tag5")
        self.check(lambda e: True, status="pending")

    def test_due_times(self):
        items = self.pages(1000)
        times = sorted(item["scheduled_at"] for item in items)
        low, high = times[50], times[200]
        found = {item["id"] for item in self.pages(50, due_from=low, due_to=high)}
        self.assertEqual(found, {item["id"] for item in items if low <= item["scheduled_at"] < high})

    def test_by_schedule(self):
        self.assertEqual(self.pages(50, schedule_id="0" * 24), [])

    def listed(self, topic, status):
        return sorted(item["id"] for item in self.pages(2, topic=topic, status=status))

    def test_fired_and_dead_ones(self):
        topic = self.fresh("done")
        fired = [self.created(topic=topic, delay_seconds=0)["id"] for _ in range(5)]
        dead = self.created(topic=topic, delay_seconds=0, max_retries=0,
                            target={"type": "webhook", "url": "http://127.0.0.1:1/"})["id"]
        eventually(lambda: self.listed(topic, "fired") == sorted(fired), what="the list of fired ones")
        eventually(lambda: self.listed(topic, "dead") == [dead], what="the list of dead ones")
        self.assertEqual(self.listed(topic, "pending"), [])

    def test_cancelled_ones(self):
        topic = self.fresh("done")
        cancelled = self.created(topic=topic)["id"]
        self.client.delete(f"/events/{cancelled}")
        eventually(lambda: self.listed(topic, "cancelled") == [cancelled], 3, what="the list of cancelled ones")

    def test_skipped_ones(self):
        topic = self.fresh("done")
        self.receiver.answer("/skipped", lambda _: (time.sleep(0.5), 200)[1])
        due = [self.created(topic=topic, delay_seconds=1, key="one", target=self.receiver.target("/skipped"),
                            max_delay_seconds=0)["id"] for _ in range(4)]
        ended = {one: self.await_state(one, "fired", "skipped")["state"] for one in due}
        skipped = sorted(one for one, state in ended.items() if state == "skipped")
        self.assertTrue(skipped, "events of one key wait for each other, and these may not be late")
        eventually(lambda: self.listed(topic, "skipped") == skipped, 3, what="the list of skipped ones")

    def test_bad_queries(self):
        self.refused(self.client.get("/events", limit=0), 422, "out_of_range", "limit")
        self.refused(self.client.get("/events", limit="ten"), 422, "wrong_type", "limit")
        self.refused(self.client.get("/events", colour="red"), 422, "unknown_field", "colour")
        self.refused(self.client.get("/events", status="asleep"), 422, "invalid_argument", "status")
        self.refused(self.client.get("/events", due_from="soon"), 422, "invalid_time", "due_from")
        self.refused(self.client.get("/events", cursor="%%%"), 422, "invalid_argument", "cursor")
        self.assertEqual(self.client.get("/events", cursor="AAAA").status, 422)


class Change(ServerCase):
    def test_patch_moves_and_changes(self):
        made = self.created(delay_seconds=3600, target=self.receiver.target("/moved"), correlation_id="c")
        answer = self.client.patch(f"/events/{made['id']}", {"delay_seconds": 0.3, "body": {"new": 1}, "correlation_id": None},
                                   headers={"If-Match": '"1"'})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.headers["ETag"], answer.json["revision"]), ('"2"', 2))
        received = self.receiver.wait("/moved")[0]
        self.assertEqual(received.message["payload"], {"new": 1})
        time.sleep(0.2)
        self.assertEqual(len(self.receiver.of("/moved")), 1, "the old form was published too")

    def test_patch_moves_between_tiers(self):
        made = self.created(delay_seconds=3600)
        far = self.client.patch(f"/events/{made['id']}", {"delay_seconds": 86400 * 30}).json
        self.assertEqual(far["tier"], "far", far)
        near = self.client.patch(f"/events/{made['id']}", {"delay_seconds": 0.2}).json
        self.assertEqual(near["tier"], "near", near)
        self.await_state(made["id"], "fired", timeout=5)

    def test_patch_wants_the_current_revision(self):
        made = self.created()
        path = f"/events/{made['id']}"
        self.assertEqual(self.client.patch(path, {"priority": 1}).status, 200)
        stale = self.client.patch(path, {"priority": 2}, headers={"If-Match": '"1"'})
        problem = self.refused(stale, 412, "revision_conflict")
        self.assertEqual((problem["result"], problem["revision"]), ("conflict", 2))
        self.assertEqual(self.get_event(made["id"])["priority"], 1)
        self.assertEqual(self.client.patch(path, {"priority": 3}, headers={"If-Match": "*"}).status, 200)

    def test_patch_refuses(self):
        made = self.created()
        path = f"/events/{made['id']}"
        self.refused(self.client.patch(path, {}), 422, "missing_field")
        self.refused(self.client.patch(path, {"id": made["id"]}), 422, "invalid_argument", "id")
        self.refused(self.client.patch(path, {"idempotency_key": "x"}), 422, "invalid_argument", "idempotency_key")
        self.refused(self.client.patch(path, {"topic": None}), 422, "wrong_type", "topic")
        self.refused(self.client.patch(f"/events/{uuid.uuid4()}", {"priority": 1}), 404, "not_found")
        self.assertEqual(self.get_event(made["id"]), made)

    def test_delete_answers(self):
        made = self.created()
        path = f"/events/{made['id']}"
        conflict = self.client.delete(path, headers={"If-Match": '"7"'})
        self.assertEqual((conflict.status, conflict.json["result"], conflict.json["revision"]), (409, "conflict", 1), conflict)
        for _ in range(2):
            answer = self.client.delete(path)
            self.assertEqual((answer.status, answer.json["result"], answer.json["id"]), (200, "cancelled", made["id"]), answer)
        unknown = self.client.delete(f"/events/{uuid.uuid4()}")
        self.assertEqual((unknown.status, unknown.json["result"]), (404, "not_found"), unknown)

    def test_delete_of_a_fired_one(self):
        made = self.created(delay_seconds=0, target=self.receiver.target("/fired"))
        fired = self.await_state(made["id"], "fired")
        answer = self.client.delete(f"/events/{made['id']}")
        self.assertEqual((answer.status, answer.json["result"]), (409, "already_fired"), answer)
        self.assertEqual(answer.json["at"], fired["outcome"]["at"])
        self.assertEqual(answer.json["position"], fired["outcome"]["position"])

    def test_delete_of_one_in_flight(self):
        self.receiver.hold("/slow")
        self.addCleanup(self.receiver.release, "/slow")
        made = self.created(delay_seconds=0, target=self.receiver.target("/slow"))
        self.receiver.wait("/slow")
        answer = self.client.delete(f"/events/{made['id']}")
        self.assertEqual((answer.status, answer.json["result"]), (409, "in_flight"), answer)
        waited = self.client.delete(f"/events/{made['id']}", wait=200)
        self.assertEqual(waited.json["result"], "in_flight", waited)
        threading.Timer(0.3, self.receiver.release, ["/slow"]).start()
        ended = self.client.delete(f"/events/{made['id']}", wait=10_000)
        self.assertEqual((ended.status, ended.json["result"]), (409, "already_fired"), ended)

    def test_a_cancelled_one_never_fires(self):
        made = [self.created(delay_seconds=0.5, target=self.receiver.target("/race")) for _ in range(60)]
        answers = {one["id"]: self.client.delete(f"/events/{one['id']}", wait=5000).json["result"]
                   for one in made}
        time.sleep(1)
        came = {one.event_id for one in self.receiver.of("/race")}
        for event_id, result in answers.items():
            self.assertIn(result, ("cancelled", "already_fired"))
            self.assertEqual(event_id in came, result == "already_fired")


class Bulk(ServerCase):
    def some(self, count=40):
        topic = self.fresh("bulk")
        events = [self.event(topic=topic, entity_type="order" if n % 2 else "cart", tags=[f"t{n % 4}"],
                             delay_seconds=3600 if n % 3 else 86400 * 3) for n in range(count)]
        results = self.client.post("/events", events).json["results"]
        return topic, [result["id"] for result in results]

    def test_cancel_by_filter(self):
        topic, ids = self.some()
        wanted = {"filter": {"topic": topic, "entity": "order", "tag": "t1"}}
        dry = self.await_job(self.client.post("/events/cancel", {**wanted, "dry_run": True}))
        self.assertEqual((dry["kind"], dry["state"], dry["dry_run"], dry["matched"], dry["succeeded"]),
                         ("cancel", "done", True, 10, 0))
        self.assertEqual({self.get_event(one)["state"] for one in ids}, {"pending"})
        job = self.await_job(self.client.post("/events/cancel", wanted))
        self.assertEqual((job["matched"], job["succeeded"], job["failed"], job["truncated"]), (10, 10, 0, False))
        states = [self.get_event(one)["state"] for one in ids]
        self.assertEqual(states, ["cancelled" if n % 4 == 1 else "pending" for n in range(len(ids))])

    def test_reschedule_by_filter(self):
        topic, ids = self.some()
        before = {one: self.get_event(one)["scheduled_at"] for one in ids}
        dry = self.await_job(self.client.post("/events/reschedule", {"filter": {"topic": topic}, "shift_seconds": 60,
                                                                     "dry_run": True}))
        self.assertEqual(dry["matched"], len(ids))
        self.assertEqual({one: self.get_event(one)["scheduled_at"] for one in ids}, before)
        job = self.await_job(self.client.post("/events/reschedule", {"filter": {"topic": topic, "entity_type": "cart"},
                                                                     "scheduled_at": "2090-01-01T00:00:00Z"}))
        self.assertEqual(job["succeeded"], 20)
        for n, one in enumerate(ids):
            self.assertEqual(self.get_event(one)["scheduled_at"], before[one] if n % 2 else "2090-01-01T00:00:00.000000Z")
        fire = self.await_job(self.client.post("/events/reschedule", {"filter": {"topic": topic}, "delay_seconds": 0}))
        self.assertEqual(fire["succeeded"], len(ids))
        for one in ids:
            self.await_state(one, "fired")

    def test_refuses(self):
        self.refused(self.client.post("/events/cancel", {}), 422, "missing_field", "filter")
        self.refused(self.client.post("/events/cancel", {"filter": {}}), 422, "missing_field", "filter")
        self.refused(self.client.post("/events/cancel", {"filter": {"topik": "x"}}), 422, "unknown_field", "filter.topik")
        self.refused(self.client.post("/events/reschedule", {"filter": {"topic": "x"}}), 422, "missing_field",
                     "scheduled_at")
        self.refused(self.client.post("/events/reschedule", {"filter": {"topic": "x"}, "delay_seconds": 1,
                                                             "shift_seconds": 1}), 422, "invalid_argument", "scheduled_at")
        self.refused(self.client.get("/jobs/nothing"), 404, "not_found")


if __name__ == "__main__":
    unittest.main()
