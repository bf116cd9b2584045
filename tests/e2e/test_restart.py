"""What was acknowledged survives kill -9, whenever it comes: nothing lost, nothing early, repeats only of what was in
flight at a kill."""
import collections
import contextlib
import datetime
import http.client
import itertools
import json
import os
import pathlib
import random
import threading
import time
import unittest

from support import Client, Receiver, Server, StreamReader, eventually

KILLS = 22
IN_FLIGHT = 20
SETTLED_WITHIN = 2.0  # seconds; on a busy machine


class Generator(threading.Thread):
    """Puts events for ever; each acknowledged one is in the ledger, fsynced, before the next is sent."""

    def __init__(self, server, receiver, ledger, number):
        super().__init__(daemon=True)
        self.client = Client(server, timeout=5)
        self.receiver = receiver
        self.ledger = open(ledger, "ab")
        self.number = number
        self.random = random.Random(number)
        self.ended = threading.Event()
        self.acknowledged = {}  # id: a time before which it cannot be due
        self.failures = []

    def one(self):
        target = self.receiver.target("/restart") if self.random.random() < 0.5 else {"type": "stream"}
        return {"topic": "restart", "entity_type": "load", "entity_id": str(self.number), "action": "go",
                "delay_seconds": round(self.random.uniform(0.0, 3.0), 3), "target": target,
                "retry_delay_seconds": 0.2, "max_retries": 100, "body": {}}

    def run(self):
        while not self.ended.is_set():
            events = [self.one() for _ in range(self.random.choice((1, 1, 5, 20)))]
            sent = time.time()
            try:
                answer = self.client.post("/events", events)
            except (OSError, http.client.HTTPException):
                self.ended.wait(0.02)
                continue
            if answer.status != 207:
                if answer.status != 503:
                    self.failures.append(answer)
                continue
            self.note(sent, events, answer.json["results"])

    def note(self, sent, events, results):
        for event, result in zip(events, results):
            if result["status"] != 201:
                if result["status"] != 503:
                    self.failures.append(result)
                continue
            self.acknowledged[result["id"]] = sent + event["delay_seconds"]
            self.ledger.write((result["id"] + "\n").encode())
        self.ledger.flush()
        os.fsync(self.ledger.fileno())

    def stop(self):
        self.ended.set()
        self.join(15)
        self.ledger.close()


class Restart(unittest.TestCase):
    def setUp(self):
        self.server = Server(MAX_CONCURRENT_EXECUTIONS=IN_FLIGHT, LOG_LEVEL="warn")
        self.addCleanup(self.server.close)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def put(self, client, **fields):
        answer = client.post("/events", {"topic": "restart", "entity_type": "one", "action": "go", "body": {}, **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def test_what_was_accepted_survives(self):
        client = Client(self.server.start())
        near = [self.put(client, delay_seconds=2, target=self.receiver.target("/near"))["id"] for _ in range(20)]
        far = [self.put(client, delay_seconds=10 * 86400, body={"n": n}) for n in range(5)]
        schedule = client.post("/admin/schedules", {"name": "kept", "event_type": "a", "event_action": "b",
                                                    "cron_expression": "0 0 1 1 *"}).json
        self.server.kill()
        self.server.restart()
        self.assertCountEqual([one.event_id for one in self.receiver.wait("/near", len(near), 10)], near)
        for event in far:
            again = client.get(f"/events/{event['id']}").json
            self.assertEqual((again["state"], again["tier"]), ("pending", "far"))
            self.assertEqual(again["body"], event["body"])
            self.assertEqual(again["scheduled_at"], event["scheduled_at"])
        again = client.get(f"/admin/schedules/{schedule['id']}").json
        self.assertEqual({**again, "next_execution": None}, {**schedule, "next_execution": None})

    def test_finished_events_stay_finished(self):
        client = Client(self.server.start())
        fired = self.put(client, delay_seconds=0, target=self.receiver.target("/once"))["id"]
        self.receiver.wait("/once")
        eventually(lambda: client.get(f"/events/{fired}").json["state"] == "fired", what="the fire")
        cancelled = self.put(client, delay_seconds=1, target=self.receiver.target("/never"))["id"]
        self.assertEqual(client.delete(f"/events/{cancelled}").json["result"], "cancelled")
        for _ in range(2):
            self.server.kill()
            self.server.restart()
        marker = self.put(client, delay_seconds=1.2, target=self.receiver.target("/marker"))
        self.receiver.wait("/marker")
        self.assertEqual(len(self.receiver.of("/once")), 1)
        self.assertEqual(len(self.receiver.of("/never")), 0)
        self.assertEqual(client.get(f"/events/{cancelled}").json["state"], "cancelled")
        self.assertEqual(client.get(f"/events/{fired}").json["state"], "fired")
        self.assertIsNotNone(marker)

    def test_nothing_is_left_in_shared_memory(self):
        self.server.start()
        own = pathlib.Path(f"/dev/shm/mongoc-{self.server.pid}")
        self.assertTrue(own.parent.is_dir())
        self.assertFalse(own.exists(), "a kill -9 would leave this file behind")

    def test_killed_while_starting(self):
        client = Client(self.server.start())
        ids = [self.put(client, delay_seconds=3600, body={"n": n})["id"] for n in range(50)]
        chance = random.Random(4)
        for _ in range(10):
            self.server.kill()
            self.server.launch()
            time.sleep(chance.uniform(0, 0.25))
        self.server.kill()
        self.server.restart()
        for event_id in ids:
            self.assertEqual(client.get(f"/events/{event_id}").json["state"], "pending")

    def test_random_kills_under_load(self):
        seed = int(os.environ.get("E2E_SEED", time.time_ns() % 10**6))
        chance = random.Random(seed)
        self.server.start()
        reader = StreamReader(self.server, topics=["restart"], after=0)
        self.addCleanup(reader.close)
        generators = [Generator(self.server, self.receiver, self.server.home / f"ledger-{n}", n) for n in range(2)]
        for generator in generators:
            generator.start()
        kills = []
        while len(kills) < KILLS:
            time.sleep(chance.uniform(0.1, 1.0))
            kills.append(time.time())
            self.server.kill()
            if chance.random() < 0.25:  # once more, while it starts
                self.server.launch()
                time.sleep(chance.uniform(0, 0.3))
                kills.append(time.time())
                self.server.kill()
            self.server.restart()
        for generator in generators:
            generator.stop()
        self.verdict(seed, kills, reader, generators)

    def verdict(self, seed, kills, reader, generators):
        self.assertEqual([failure for generator in generators for failure in generator.failures], [])
        ledgers = [self.server.home / f"ledger-{n}" for n in range(len(generators))]
        accepted = {line for ledger in ledgers for line in ledger.read_text().split()}
        not_before = {k: v for generator in generators for k, v in generator.acknowledged.items()}
        self.assertEqual(accepted, set(not_before))
        with contextlib.suppress(AssertionError):
            eventually(lambda: not accepted - self.fired_ids(reader), 30, every=0.2)
        client = Client(self.server)
        lost = sorted(accepted - self.fired_ids(reader))
        self.assertEqual(lost, [], f"seed {seed}: {len(lost)} of {len(accepted)} are LOST, such as "
                         + str([client.get(f"/events/{one}") for one in lost[:3]]))
        came = collections.defaultdict(list)
        early = []
        for channel, event_id, at, due in self.firings(reader):
            came[channel, event_id].append(at)
            if at < max(due, not_before.get(event_id, 0)):
                early.append(event_id)
        fired = {event_id for _, event_id in came}
        self.assertEqual(early, [], f"seed {seed}: {len(early)} of {len(fired)} are EARLY")
        pairs = [(one, first, second) for one, times in came.items()
                 for first, second in itertools.pairwise(sorted(times))]
        print(f"\nseed {seed}: {len(kills)} kills, {len(accepted)} acknowledged, {len(fired)} fired, LOST 0, EARLY 0, "
              f"{len(pairs)} repeats", flush=True)
        # A repeat is of what was in flight at a kill: it came shortly before one, and again after it.
        wrong = [pair for pair in pairs
                 if not any(pair[1] - 0.1 <= kill <= min(pair[2], pair[1] + SETTLED_WITHIN) for kill in kills)]
        self.assertEqual(wrong, [], f"seed {seed}: repeats of what was not in flight at a kill {kills}")
        hooks = collections.Counter(one.event_id for one in self.receiver.of("/restart"))
        self.assertLessEqual(sum(hooks.values()) - len(hooks), IN_FLIGHT * len(kills), f"seed {seed}: repeated webhooks")
        eventually(lambda: client.get("/admin/schedules/monitoring/stats").json["pending_schedules"] == 0,
                   what="an empty store")

    def fired_ids(self, reader):
        return {one.event_id for one in self.receiver.of("/restart")} | set(reader.ids())

    def firings(self, reader):
        """(where it came, id, when it was fired, when it was due by its own words). The stream shows webhooks too, so a
        repeat is one within the same channel."""
        for one in self.receiver.of("/restart"):
            yield "webhook", one.event_id, one.at, unix(one.headers["X-Schedules-Due-Time"])
        for event in list(reader.events):  # those of before a kill may be read after it: so their own time counts
            message = event.message
            yield ("stream", event.event_id, unix(message["timestamp"]),
                   unix(message["metrics"]["custom_metrics"]["scheduled_at"]))


def unix(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    unittest.main()
