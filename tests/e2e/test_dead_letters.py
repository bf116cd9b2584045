"""Events whose webhook fails: retries, dead letters, redrive; and acknowledgements of runs."""
import time
import unittest
import uuid

from support import ServerCase, eventually


class DeadLetters(ServerCase):
    def die(self, path, *script, **fields):
        self.receiver.answer(path, *(script or (500,)))
        made = self.created(**{"delay_seconds": 0, "target": self.receiver.target(path), "max_retries": 0,
                               "retry_delay_seconds": 0.2, **fields})
        return self.await_letter(made["id"])

    def await_letter(self, event_id):
        def look():
            answer = self.client.get(f"/dead-letters/{event_id}")
            return answer.json if answer.status == 200 else None
        return eventually(look, what=f"the dead letter of {event_id}")

    def test_a_refusal_is_dead_at_once(self):
        letter = self.die("/400", 400, max_retries=5)
        self.assertEqual(letter["reason"], "rejected")
        self.assertIn("400", letter["detail"])
        self.assertEqual(len(self.receiver.of("/400")), 1)
        self.assertEqual(len(letter["event"]["attempts"]), 1)
        self.assertEqual(self.get_event(letter["id"])["state"], "dead")

    def test_retries_are_used_up(self):
        for retries in (0, 1):
            path = f"/500-{retries}"
            letter = self.die(path, 500, max_retries=retries, body={"n": retries}, headers={"X-A": "1"})
            self.assertEqual(letter["reason"], "retries_exhausted")
            received = self.receiver.of(path)
            self.assertEqual([one.attempt for one in received], list(range(1, retries + 2)))
            self.assertEqual({one.event_id for one in received}, {letter["id"]}, "one id on every try")
            event = letter["event"]
            self.assertEqual(len(event["attempts"]), retries + 1)
            self.assertEqual((event["body"], event["headers"]["X-A"]), ({"n": retries}, "1"))
            for attempt in event["attempts"]:
                self.assertIn("500", attempt["error"])

    def test_a_retry_may_succeed(self):
        self.receiver.answer("/once", 503, 200)
        made = self.created(delay_seconds=0, target=self.receiver.target("/once"), max_retries=3, retry_delay_seconds=0.2)
        self.await_state(made["id"], "fired")
        self.assertEqual([one.attempt for one in self.receiver.of("/once")], [1, 2])
        self.assertEqual(self.client.get(f"/dead-letters/{made['id']}").status, 404)

    def test_retry_after_is_honoured(self):
        self.receiver.answer("/after", (429, {"Retry-After": "1"}), 200)
        made = self.created(delay_seconds=0, target=self.receiver.target("/after"), max_retries=3, retry_delay_seconds=0)
        self.await_state(made["id"], "fired")
        first, second = self.receiver.of("/after")
        self.assertGreaterEqual(second.at - first.at, 0.99)

    def test_redirects_are_not_followed(self):
        letter = self.die("/from", (302, {"Location": self.receiver.url("/to")}))
        self.assertEqual(self.receiver.of("/to"), [])
        self.assertIn("302", letter["detail"])

    def test_only_allowed_addresses_are_reached(self):
        for url in ("http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]:1/", "http://192.168.0.1/",
                    "ftp://example.com/", "http://user:word@127.0.0.1/", "file:///etc/passwd", "http://127.1/"):
            answer = self.client.post("/events", self.event(target={"type": "webhook", "url": url}))
            self.assertEqual(answer.status, 422, (url, answer))
            self.assertIn("target.url", [error["field"] for error in answer.json["errors"]], (url, answer))

    def test_list_filter_and_drop(self):
        topic = self.fresh("dead")
        ids = [self.die(f"/{topic}-{n}", 500 if n % 2 else 400, topic=topic)["id"] for n in range(5)]

        def listed(**query):
            found, cursor = [], None
            while True:
                page = self.client.get("/dead-letters", topic=topic, limit=2, **query, **({"cursor": cursor} if cursor else {}))
                self.assertEqual(page.status, 200, page)
                found += page.json["items"]
                cursor = page.json["next_cursor"]
                if not cursor:
                    return found
        self.assertEqual([letter["id"] for letter in listed()], ids[::-1], "newest first")
        self.assertCountEqual([letter["id"] for letter in listed(reason="rejected")], ids[0::2])
        self.assertCountEqual([letter["id"] for letter in listed(reason="retries_exhausted")], ids[1::2])
        self.assertEqual(listed(died_to="2020-01-01T00:00:00Z"), [])
        dropped = self.client.delete(f"/dead-letters/{ids[0]}")
        self.assertEqual((dropped.status, dropped.body), (204, b""))
        self.refused(self.client.delete(f"/dead-letters/{ids[0]}"), 404, "not_found")
        self.refused(self.client.get(f"/dead-letters/{ids[0]}"), 404, "not_found")
        self.assertEqual(len(listed()), 4)

    def test_redrive_by_id(self):
        letter = self.die("/back", 500)
        self.receiver.answer("/back", 200)
        dry = self.await_job(self.client.post("/dead-letters/redrive", {"ids": [letter["id"]], "dry_run": True}))
        self.assertEqual((dry["kind"], dry["matched"], dry["succeeded"]), ("redrive", 1, 0))
        self.assertEqual(self.client.get(f"/dead-letters/{letter['id']}").status, 200)
        unknown = str(uuid.uuid4())
        job = self.await_job(self.client.post("/dead-letters/redrive", {"ids": [letter["id"], unknown]}))
        self.assertEqual((job["succeeded"], job["skipped"], job["failed"]), (1, 1, 0), job)
        self.await_state(letter["id"], "fired")
        self.assertEqual({one.event_id for one in self.receiver.of("/back")}, {letter["id"]}, "it keeps its id")
        self.assertEqual(self.client.get(f"/dead-letters/{letter['id']}").status, 404)

    def test_redrive_by_filter_edited_and_paced(self):
        topic = self.fresh("redrive")
        ids = [self.die(f"/{topic}", 400, topic=topic)["id"] for _ in range(4)]
        began = time.monotonic()
        job = self.await_job(self.client.post("/dead-letters/redrive", {
            "filter": {"topic": topic}, "rate": 5, "patch": {"target": self.receiver.target(f"/{topic}-new"),
                                                             "body": {"edited": True}}}))
        self.assertEqual(job["succeeded"], 4, job)
        self.assertGreaterEqual(time.monotonic() - began, 0.55, "4 at 5 a second")
        received = self.receiver.wait(f"/{topic}-new", 4)
        self.assertCountEqual([one.event_id for one in received], ids)
        self.assertEqual(received[0].message["payload"], {"edited": True})
        self.assertEqual(len(self.receiver.of(f"/{topic}")), 4)

    def test_redrive_may_die_again(self):
        letter = self.die("/again", 500, max_retries=1)
        self.await_job(self.client.post("/dead-letters/redrive", {"ids": [letter["id"]]}))
        self.receiver.wait("/again", 4)
        again = eventually(lambda: (lambda one: one if one.get("died_at", letter["died_at"]) > letter["died_at"] else None)(
            self.client.get(f"/dead-letters/{letter['id']}").json), what="the second death")
        self.assertEqual(again["reason"], "retries_exhausted")

    def test_redrive_refuses(self):
        path = "/dead-letters/redrive"
        self.refused(self.client.post(path, {}), 422, "missing_field", "ids")
        self.refused(self.client.post(path, {"ids": [], "filter": {}}), 422, "invalid_argument", "ids")
        self.refused(self.client.post(path, {"ids": ["x"]}), 422, "invalid_argument", "ids.0")
        self.refused(self.client.post(path, {"filter": {"topik": "x"}}), 422, "unknown_field", "filter.topik")
        self.refused(self.client.post(path, {"filter": {}, "rate": 0}), 422, "out_of_range", "rate")
        self.refused(self.client.post(path, {"filter": {}, "patch": {"id": "x"}}), 422, "invalid_argument", "patch.id")

    def test_a_retry_that_would_come_too_late_is_none(self):
        # The delay is drawn from 0 to an hour: by chance it may fit into the second, once in 3600 times.
        letter = self.die("/aged", 500, max_delay_seconds=1, max_retries=9, retry_delay_seconds=3600)
        self.assertEqual(letter["reason"], "max_age")
        self.assertEqual(len(self.receiver.of("/aged")), 1)


class Complete(ServerCase):
    def test_acknowledges_once(self):
        made = self.created(delay_seconds=0)
        path = f"/events/{made['id']}/complete"
        self.await_state(made["id"], "fired")
        answer = self.client.post(path, {"success": True, "duration_ms": 12})
        self.assertEqual((answer.status, answer.json), (200, {"result": "completed", "id": made["id"]}), answer)
        self.refused(self.client.post(path), 409, "conflict")

    def test_a_failure_and_no_body(self):
        for body in ({"success": False, "error": "it broke"}, None):
            made = self.created(delay_seconds=0)
            self.await_state(made["id"], "fired")
            self.assertEqual(self.client.post(f"/events/{made['id']}/complete", body).status, 200)

    def test_refuses(self):
        pending = self.created()["id"]
        self.refused(self.client.post(f"/events/{pending}/complete", {}), 409, "conflict")
        self.refused(self.client.post(f"/events/{uuid.uuid4()}/complete"), 404, "not_found")
        self.refused(self.client.post(f"/events/{pending}/complete", {"duration_ms": -1}), 422, "out_of_range", "duration_ms")
        self.refused(self.client.post(f"/events/{pending}/complete", {"sucess": True}), 422, "unknown_field", "sucess")
        self.refused(self.client.post("/events/nonsense/complete"), 422, "invalid_argument", "id")


if __name__ == "__main__":
    unittest.main()
