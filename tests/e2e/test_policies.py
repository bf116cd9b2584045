"""What is promised about missed occurrences, overlap, order, priority, broken targets and repeated crashes."""
import contextlib
import datetime
import time
import unittest

from support import Client, Receiver, Server, ServerCase, eventually


class Policies(ServerCase):
    settings = {"MAX_CONCURRENT_EXECUTIONS": 4}

    def make(self, path, **fields):
        body = {"name": self.fresh("schedule"), "event_type": "a", "event_action": "b", "target": self.receiver.target(path),
                "cron_expression": "* * * * * *", **fields}
        answer = self.client.post("/admin/schedules", body)
        self.assertEqual(answer.status, 201, answer)
        self.addCleanup(self.client.delete, f"/admin/schedules/{answer.json['id']}")
        return answer.json

    def executions(self, schedule, **query):
        return self.client.get(f"/admin/schedules/{schedule['id']}/executions", **query).json

    def test_overlap_skip(self):
        self.receiver.answer("/skip", lambda _: (time.sleep(2.5), 200)[1])
        made = self.make("/skip", overlap="skip")
        skipped = eventually(lambda: self.executions(made, status_filter="skipped"), 6, "a skipped occurrence")
        self.assertTrue(skipped[0]["reason"], "every decision not to fire has a reason")
        self.receiver.wait("/skip", 2, 8)
        first, second = self.receiver.of("/skip")[:2]
        self.assertGreater(second.at - first.at, 2.4, "two runs at one time")

    def test_overlap_buffer_one(self):
        self.receiver.answer("/buffer", lambda _: (time.sleep(2.5), 200)[1])
        made = self.make("/buffer", overlap="buffer_one")
        first, second = self.receiver.wait("/buffer", 2, 10)[:2]
        self.assertGreater(second.at - first.at, 2.4, "two runs at one time")
        nominal = [one.headers["X-Schedules-Scheduled-At"] for one in (first, second)]
        self.assertNotEqual(nominal[0], nominal[1])
        self.assertTrue(eventually(lambda: self.executions(made, status_filter="skipped"), 6, "those beyond the one that waits"))

    def test_a_run_goes_on_until_it_is_acknowledged(self):
        made = self.make("/ack", overlap="skip", ack="required")
        first = self.receiver.wait("/ack", 1, 6)[0]
        eventually(lambda: len(self.executions(made, status_filter="skipped")) >= 2, 8, "two skipped occurrences")
        self.assertEqual(len(self.receiver.of("/ack")), 1)
        self.assertEqual(self.client.post(f"/events/{first.event_id}/complete", {"success": True}).status, 200)
        self.receiver.wait("/ack", 2, 6)

    def test_overlap_allow(self):
        self.receiver.answer("/allow", lambda _: (time.sleep(2.5), 200)[1])
        self.make("/allow")
        first, second = self.receiver.wait("/allow", 2, 6)[:2]
        self.assertLess(second.at - first.at, 1.6)

    def test_one_key_keeps_its_order(self):
        receiver = self.own_receiver()
        receiver.answer("/key", lambda _: (time.sleep(0.03), 200)[1])
        events = [self.event(key="same", delay_seconds=0.5, target=receiver.target("/key"), entity_id=str(n))
                  for n in range(20)]
        self.client.post("/events", events)
        received = receiver.wait("/key", 20)
        self.assertEqual([one.message["entity"]["id"] for one in received], [str(n) for n in range(20)])
        gaps = [after.at - before.at for before, after in zip(received, received[1:])]
        self.assertGreaterEqual(min(gaps), 0.029, "two of one key at one time")

    def test_a_burst_after_a_quiet_time(self):
        """How fast a target was asked lately is not how fast it can be asked."""
        target = self.own_receiver()
        for _ in range(4):
            self.created(delay_seconds=0, target=target.target("/quiet"))
            time.sleep(1)
        self.client.post("/events", [self.event(delay_seconds=0, target=target.target("/burst")) for _ in range(200)])
        target.wait("/burst", 200, 5)

    def own_receiver(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        return receiver

    def test_priority_decides_in_a_backlog(self):
        receiver = self.own_receiver()
        receiver.hold("/priority")
        target = receiver.target("/priority")
        self.client.post("/events", [self.event(delay_seconds=0, target=target, entity_type="blocker") for _ in range(4)])
        receiver.wait("/priority", 4)
        order = [0, 9, -9, 5, -5] * 6
        results = self.client.post("/events", [self.event(delay_seconds=0.2, target=target, priority=one, entity_id=str(one))
                                               for one in order]).json["results"]
        self.assertEqual({result["status"] for result in results}, {201})
        time.sleep(0.6)  # until all are due
        receiver.release("/priority")
        got = [int(one.message["entity"]["id"]) for one in receiver.wait("/priority", 34)[4:]]
        # Those that were handed to the lane before the jam are in their places already: so on average.
        places = {level: sum(n for n, one in enumerate(got) if one == level) / 6 for level in set(order)}
        self.assertLess(places[9], places[-9], got)
        self.assertLess(places[5], places[-5], got)

    def test_a_broken_target_is_left_alone(self):
        """The breaker: while it is open events wait, and no attempt is used up; other targets do not suffer."""
        broken = self.own_receiver()
        broken.answer("/down", 500)
        events = [self.event(delay_seconds=0, target=broken.target("/down"), max_retries=3, retry_delay_seconds=0.1)
                  for _ in range(60)]
        self.client.post("/events", events)
        time.sleep(3)
        tried = len(broken.of("/down"))
        self.assertLess(tried, 60, "the breaker did not open after 20 failures")
        made = self.created(delay_seconds=0, target=self.receiver.target("/fine"))
        self.receiver.wait("/fine", timeout=3)
        self.assertEqual(self.await_state(made["id"], "fired")["state"], "fired")
        broken.answer("/down", 200)
        eventually(lambda: len(broken.of("/down")) >= tried + 40, 30, "the backlog after the target came back", 0.1)

    def test_the_largest_body(self):
        text = "x" * ((1 << 20) - 20)
        made = self.created(delay_seconds=0, body={"text": text}, target=self.receiver.target("/large"))
        self.assertEqual(self.receiver.wait("/large")[0].message["payload"]["text"], text)
        self.await_state(made["id"], "fired")


class CatchUp(unittest.TestCase):
    def test_after_a_pause_of_the_server(self):
        with contextlib.closing(Server()) as server, contextlib.closing(Receiver()) as receiver:
            client = Client(server.start())
            made = {}
            for policy in ("last", "first", "all", "skip", "fail"):
                answer = client.post("/admin/schedules", {
                    "name": policy, "event_type": "a", "event_action": "b", "target": receiver.target(f"/{policy}"),
                    "cron_expression": "* * * * * *", "catch_up": policy, "late_after": 1})
                self.assertEqual(answer.status, 201, answer)
                made[policy] = answer.json["id"]
            for policy in made:
                receiver.wait(f"/{policy}", 2)
            time.sleep((1.5 - time.time() % 1) % 1)  # between two occurrences, so that it is plain which were missed
            server.kill()
            killed = time.time()
            time.sleep(5)
            server.restart()
            up = time.time()
            for policy in made:
                eventually(lambda: receiver.of(f"/{policy}")[-1].at > up + 1.5, 10, f"{policy} goes on")
            self.check(client, receiver, made, killed, up)

    def check(self, client, receiver, made, killed, up):
        def nominal(one):
            return datetime.datetime.fromisoformat(one.headers["X-Schedules-Scheduled-At"].replace("Z", "+00:00")).timestamp()
        missed, surely = {}, {}  # up is a little after the first look at what is late: between the two it may go either way
        for policy in made:
            after = [one for one in receiver.of(f"/{policy}") if nominal(one) > killed + 0.2]
            self.assertEqual(len(after), len({nominal(one) for one in after}), f"{policy}: repeated")
            missed[policy] = [one for one in after if nominal(one) < up - 0.9]
            surely[policy] = [one for one in after if nominal(one) < up - 1.4]
        for policy, least, most in (("all", 3, 5), ("skip", 0, 0), ("fail", 0, 0), ("last", 1, 1), ("first", 1, 1)):
            with self.subTest(policy, fired=len(missed[policy])):
                self.assertGreaterEqual(len(missed[policy]), least)
                self.assertLessEqual(len(surely[policy]), most)
        with self.subTest("missed_count"):
            counts = [one.message["metrics"]["custom_metrics"].get("missed_count", 0) for one in receiver.of("/last")]
            self.assertGreaterEqual(max(counts), 2, "one fire carries how many were missed")
        with self.subTest("skips are recorded"):
            self.assertTrue(client.get(f"/admin/schedules/{made['skip']}/executions", status_filter="skipped").json)
        with self.subTest("fail: to the dead letters"):
            self.assertTrue(client.get("/dead-letters", reason="misfire", schedule_id=made["fail"]).json["items"])


class Quarantine(unittest.TestCase):
    def test_an_event_that_is_in_flight_at_three_crashes(self):
        with contextlib.closing(Server()) as server, contextlib.closing(Receiver()) as receiver:
            client = Client(server.start())
            receiver.hold("/killer")
            made = client.post("/events", {"topic": "t", "entity_type": "o", "action": "a", "delay_seconds": 0,
                                           "target": receiver.target("/killer")}).json["id"]
            for crash in range(3):
                receiver.wait("/killer", crash + 1)
                server.kill()
                server.restart()
            dead = eventually(lambda: (lambda json: json if json["state"] == "dead" else None)(
                client.get(f"/events/{made}").json), 5, "the quarantine")
            self.assertTrue(dead["outcome"]["reason"])
            self.assertEqual(len(receiver.of("/killer")), 3)
            self.assertEqual(client.get(f"/dead-letters/{made}").status, 200)
            receiver.release("/killer")


if __name__ == "__main__":
    unittest.main()
