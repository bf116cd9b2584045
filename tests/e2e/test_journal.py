"""The journal, beside a real Redis and Kafka: Redis loses everything, or its last writes; nodes die between publish and settle.
Whoever reads committed records sees every event once."""
import collections
import contextlib
import os
import pathlib
import re
import sys
import threading
import time
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))  # tests/, for the servers

from servers import kinds  # noqa: E402
from servers.redis import ask  # noqa: E402

from support import Client, Server, eventually  # noqa: E402

EVENTS = int(os.environ.get("JOURNAL_EVENTS", "5000"))


class Reader:
    """Counts the event ids of a topic's committed records."""

    def __init__(self, brokers, topic):
        import confluent_kafka

        self.times = collections.Counter()
        self.positions = {}
        self._closing = False
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": brokers, "group.id": f"journal.{time.time_ns()}", "auto.offset.reset": "earliest",
            "isolation.level": "read_committed"})
        self._consumer.subscribe([topic])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._closing:
            for message in self._consumer.consume(1000, 0.2):
                if message.error() is None:
                    self.times[dict(message.headers())["event_id"].decode()] += 1

    def close(self):
        self._closing = True
        self._thread.join()
        self._consumer.close()


class Journal(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        known = kinds()
        self.redis = stack.enter_context(known["redis"]())
        self.kafka = stack.enter_context(known["kafka"]())
        self.topic = "journal.fired"
        self.kafka.create_topic(self.topic, 3)
        settings = {**self.redis.settings(), **self.kafka.settings()}
        self.settings = {name.removeprefix("schedules_"): value for name, value in settings.items()}
        self.reader = Reader(self.kafka.brokers, self.topic)
        self.addCleanup(self.reader.close)

    def node(self, **more):
        server = Server(**{**self.settings, "JOURNAL": "auto", "LOG_LEVEL": "info", **more})
        self.addCleanup(server.close)
        server.start()
        return server

    def healthy(self, client):
        services = client.get("/admin/schedules/monitoring/health").json["services"]
        return all(part["status"] == "healthy" for part in services.values())

    def put(self, client, count, first, spread):
        """`count` events due evenly in the seconds [first, first + spread); answers their ids."""
        ids = []
        for start in range(0, count, 1000):
            batch = [{"topic": self.topic, "entity_type": "order", "entity_id": str(n), "action": "ship", "body": {"n": n},
                      "delay_seconds": first + spread * n / count, "target": {"type": "kafka"}}
                     for n in range(start, min(start + 1000, count))]
            answer = client.post("/events", batch)
            self.assertIn(answer.status, (200, 201, 207), answer.body[:300])
            for result in answer.json["results"]:
                self.assertEqual(result["status"], 201, result)
                ids.append(result["id"])
        return ids

    def expect_once(self, ids, seconds, node):
        def missing():
            return len([i for i in ids if i not in self.reader.times])
        try:
            eventually(lambda: missing() == 0, seconds, "every event")
        except AssertionError:
            self.fail(f"{missing()} of {len(ids)} events did not come\n{node.log()}")
        time.sleep(3)  # what is repeated comes after
        again = {i: n for i, n in self.reader.times.items() if n != 1}
        self.assertEqual(again, {})
        self.assertEqual(set(self.reader.times), set(ids))

    def test_a_redis_that_lost_everything_is_filled_again(self):
        node = self.node()
        client = Client(node)
        eventually(lambda: self.healthy(client), 30, "a healthy node")
        ids = self.put(client, EVENTS, 20, 40)
        ask(self.redis.port, "FLUSHALL")
        self.expect_once(ids, 150, node)
        self.assertTrue(self.healthy(client))
        self.assertIn("journal", client.get("/admin/schedules/monitoring/health").json["services"])
        put_back = re.search(r"^schedules_journal_events_put_back_total (\S+)$", client.get("//metrics").body.decode(), re.M)
        self.assertGreater(float(put_back[1]), 0)

    def test_what_fires_while_redis_is_emptied_comes_once(self):
        node = self.node()
        client = Client(node)
        eventually(lambda: self.healthy(client), 30, "a healthy node")
        ids = self.put(client, 6000, 3, 15)
        for _ in range(5):
            time.sleep(2.5)
            ask(self.redis.port, "FLUSHALL")
        self.expect_once(ids, 120, node)

    def test_nodes_that_are_killed_while_they_publish_repeat_nothing(self):
        first, second = self.node(NODE_ID="a"), self.node(NODE_ID="b")
        client = Client(second)
        eventually(lambda: self.healthy(client), 30, "a healthy node")
        ids = self.put(client, 8000, 3, 16)
        time.sleep(5)
        for _ in range(3):
            first.kill()
            first.start()
            time.sleep(4)
        self.expect_once(ids, 120, second)

    def test_a_cancelled_event_does_not_come_back(self):
        node = self.node()
        client = Client(node)
        eventually(lambda: self.healthy(client), 30, "a healthy node")
        kept, gone = self.put(client, 2, 12, 0)
        self.assertEqual(client.delete(f"/events/{gone}").json["result"], "cancelled")
        ask(self.redis.port, "FLUSHALL")
        self.expect_once([kept], 60, node)

    def test_without_kafka_nothing_is_accepted_and_later_it_is(self):
        node = self.node(KAFKA_MESSAGE_TIMEOUT_SECONDS=2)
        client = Client(node)
        eventually(lambda: self.healthy(client), 30, "a healthy node")
        self.put(client, 1, 600, 0)
        self.kafka.pause()
        event = {"topic": self.topic, "delay_seconds": 5, "body": {}, "entity_type": "order", "entity_id": "1", "action": "ship",
                 "target": {"type": "kafka"}}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        self.assertEqual(client.post("/events", event, headers=key).status, 503)
        self.kafka.resume()
        answer = eventually(lambda: (lambda a: a if a.status < 300 else None)(client.post("/events", event, headers=key)), 30,
                            "an accept")
        ask(self.redis.port, "FLUSHALL")
        self.expect_once([answer.json["id"]], 60, node)


if __name__ == "__main__":
    unittest.main()
