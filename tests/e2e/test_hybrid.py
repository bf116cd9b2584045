"""The program as the hybrid system: near events in Redis, far ones and analytics in ClickHouse, Kafka out and in."""
import json
import time
import unittest
import uuid

from support import Client, ServerCase, clean_environment, eventually, run_cli
from support.collector import Collector
from support.hybrid import Servers
from support.stufio_consumer import StufioConsumer

FAR = 8  # seconds from which on an event is far, in these tests


class Hybrid(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = Servers()
        cls.addClassCleanup(cls.servers.close)
        cls.collector = Collector()
        cls.addClassCleanup(cls.collector.close)
        cls.settings = {**cls.servers.settings(), "OTLP_ENDPOINT": cls.collector.url, "LOG_LEVEL": "warn", "IMMEDIATE_HORIZON_SECONDS": FAR,
                        "TRANSFER_HORIZON_SECONDS": 2 * FAR, "CLICKHOUSE_SYNC_INTERVAL": 1}
        super().setUpClass()
        cls.servers.kafka.create_topic("hybrid", 3)
        cls.consumer = StufioConsumer(cls.servers.kafka.brokers, ["hybrid", "stufio.events"])
        cls.addClassCleanup(cls.consumer.close)
        cls.consumer.handle("order", "remind")
        eventually(lambda: all(part["status"] == "healthy" for part in cls.health().values()), 30, "healthy servers")

    @classmethod
    def health(cls):
        return cls.client.get("/admin/schedules/monitoring/health").json["services"]

    def put(self, **fields):
        return self.created(**{"topic": "hybrid", "delay_seconds": 1, **fields})

    def test_a_near_event_goes_from_redis_to_kafka(self):
        event = self.put(body={"n": 1}, entity_id="7", correlation_id="reminder-123", headers={"tenant": "a"})
        self.assertEqual((event["tier"], event["store"]), ("near", "redis"))
        received = self.consumer.wait_id(event["id"])
        self.assertEqual(received.message.payload, {"n": 1})
        self.assertEqual(received.key, b"order.7")
        self.assertEqual(received.headers["tenant"], b"a")
        self.assertEqual(received.headers["event_id"].decode(), event["id"])
        self.assertEqual(received.headers["original_correlation_id"], b"reminder-123")
        fired = self.await_state(event["id"], "fired")
        self.assertEqual(fired["sink"] if "sink" in fired else fired["outcome"]["sink"], "kafka")

    def test_a_far_event_waits_in_clickhouse_and_is_transferred(self):
        event = self.put(delay_seconds=FAR + 3, body={"far": True})
        self.assertEqual((event["tier"], event["store"]), ("far", "clickhouse"))
        due = time.time() + FAR + 3
        eventually(lambda: self.get_event(event["id"])["tier"] == "near", 15, "the transfer")
        received = self.consumer.wait_id(event["id"], FAR + 20)
        self.assertGreaterEqual(received.at, due - 0.5)
        self.assertEqual(self.consumer.times(event["id"]), 1)

    def test_sync_transfers_now_what_is_within_the_horizon(self):
        event = self.put(delay_seconds=2 * FAR + 30)
        self.assertEqual(self.get_event(event["id"])["tier"], "far")
        self.assertEqual(self.client.post("/admin/schedules/monitoring/sync").json["status"], "success")
        self.assertEqual(self.get_event(event["id"])["tier"], "far")
        self.assertEqual(self.client.delete(f"/events/{event['id']}").json["result"], "cancelled")

    def test_one_key_is_one_event_in_both_tiers(self):
        key = self.fresh("key")
        far = self.put(delay_seconds=3600, idempotency_key=key)
        again = self.client.post("/events", self.event(topic="hybrid", delay_seconds=3600, idempotency_key=key))
        self.assertEqual((again.status, again.json["id"]), (200, far["id"]))
        other = self.client.post("/events", self.event(topic="hybrid", delay_seconds=1, idempotency_key=key, body={"x": 1}))
        self.refused(other, 409, "idempotency_conflict")

    def test_cancel_and_reschedule_of_a_far_event(self):
        cancelled = self.put(delay_seconds=3600)
        self.assertEqual(self.client.delete(f"/events/{cancelled['id']}").json["result"], "cancelled")
        self.assertEqual(self.get_event(cancelled["id"])["state"], "cancelled")
        moved = self.put(delay_seconds=3600, body={"moved": True})
        answer = self.client.patch(f"/events/{moved['id']}", {"delay_seconds": 1})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.consumer.wait_id(moved["id"], 30).message.payload, {"moved": True})

    def test_a_trace_comes_with_a_delayed_event_and_goes_on(self):
        event_id, trace, caller = str(uuid.uuid4()), uuid.uuid4().hex, uuid.uuid4().hex[:16]
        envelope = {"event_id": event_id, "correlation_id": None, "timestamp": "2026-11-27T10:00:00Z",
                    "entity": {"type": "order", "id": "9"}, "action": "remind", "actor": {"type": "user", "id": "u1"},
                    "payload": {}}
        self.servers.produce("stufio.events.delayed", envelope, key="order.9", delivery_time=int((time.time() + 1) * 1000),
                             original_topic="hybrid", traceparent=f"00-{trace}-{caller}-01")
        received = self.consumer.wait_id(event_id)
        steps = {span.name.split()[0]: span for span in self.collector.wait(6, trace=trace)}
        self.assertEqual(steps["accept"].parent, caller)
        self.assertEqual(steps["accept"].kind, 5)
        self.assertEqual((steps["publish"].kind, steps["publish"].attributes["messaging.system"]), (4, "kafka"))
        self.assertEqual(received.headers["traceparent"].decode(), f"00-{trace}-{steps['publish'].id}-01")
        self.assertEqual(self.collector.faults, [])

    def test_a_far_event_is_transferred_in_its_trace(self):
        trace, caller = uuid.uuid4().hex, uuid.uuid4().hex[:16]
        event = self.put(delay_seconds=FAR + 3, traceparent=f"00-{trace}-{caller}-01")
        self.consumer.wait_id(event["id"], FAR + 20)
        steps = {span.name.split()[0]: span for span in self.collector.wait(7, trace=trace)}
        self.assertEqual(steps["store"].attributes["schedules.tier"], "far")
        self.assertEqual({span.parent for name, span in steps.items() if name != "accept"}, {steps["accept"].id})
        self.assertLessEqual(steps["transfer"].end, steps["begin"].start)

    def test_a_delayed_event_of_another_producer_is_published_as_it_came(self):
        event_id = str(uuid.uuid4())
        envelope = {"event_id": event_id, "correlation_id": None, "timestamp": "2026-11-27T10:00:00Z",
                    "entity": {"type": "order", "id": "9"}, "action": "remind", "actor": {"type": "user", "id": "u1"},
                    "payload": {"as": "it came"}}
        self.servers.produce("stufio.events.delayed", envelope, key="order.9", delivery_time=int((time.time() + 2) * 1000),
                             original_topic="hybrid", entity_type="order", action="remind", correlation_id=str(uuid.uuid4()))
        received = self.consumer.wait_id(event_id)
        self.assertEqual(received.value, json.dumps(envelope).encode())
        self.assertEqual(received.key, b"order.9")
        self.assertNotIn("delivery_time", received.headers)
        self.await_state(event_id, "fired")

    def test_a_delayed_event_that_cannot_be_one_goes_to_the_dead_letter_topic(self):
        with StufioConsumer(self.servers.kafka.brokers, ["stufio.events.delayed.dlq"]) as letters:
            self.servers.produce("stufio.events.delayed", b"\xff not json", original_topic="hybrid", delivery_time="soon")
            eventually(lambda: letters.unhandled, 30, "the dead letter")
            headers = dict(letters.unhandled[0].headers())
            self.assertTrue(headers["dead_letter_reason"])
            self.assertTrue(headers["dead_letter_detail"])
            self.assertEqual(letters.unhandled[0].value(), b"\xff not json")

    def test_a_schedule_fires_into_the_default_topic(self):
        created = self.client.post("/admin/schedules", {
            "name": self.fresh("schedule"), "event_type": "order", "event_action": "remind", "event_payload": {"by": "cron"},
            "cron_expression": "* * * * * *"})
        self.assertEqual(created.status, 201, created)
        schedule = created.json["id"]
        mine = eventually(lambda: [one for one in list(self.consumer.received)
                                   if one.headers.get("schedule_id", b"").decode() == schedule][:3], 20, "fires")
        self.assertEqual(mine[0].topic, "stufio.events")
        self.assertEqual(mine[0].message.payload["by"], "cron")
        eventually(lambda: self.client.get(f"/admin/schedules/{schedule}/executions").json, 20, "executions")
        self.assertEqual(self.client.delete(f"/admin/schedules/{schedule}").status, 204)

    def test_executions_are_in_clickhouse_under_the_runbook_names(self):
        event = self.put()
        self.await_state(event["id"], "fired")
        rows = eventually(lambda: self.servers.clickhouse.query(
            "SELECT status, node_id FROM schedules.schedule_execution_results "
            f"WHERE schedule_id = '{event['id']}' FORMAT TSV").strip(), 20, "the execution")
        self.assertTrue(rows.startswith("success"), rows)


class Outages(unittest.TestCase):
    """Each server goes and comes back under load. Nothing acknowledged is lost, none is early, none needs a restart."""

    @classmethod
    def setUpClass(cls):
        cls.servers = Servers()
        cls.addClassCleanup(cls.servers.close)
        cls.server = cls.servers.program()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.client = Client(cls.server, timeout=20)
        cls.servers.kafka.create_topic("outages", 3)
        cls.consumer = StufioConsumer(cls.servers.kafka.brokers, ["outages"])
        cls.addClassCleanup(cls.consumer.close)
        cls.consumer.handle("order", "remind")
        cls.all_well()

    @classmethod
    def health(cls):
        return cls.client.get("/admin/schedules/monitoring/health").json

    @classmethod
    def all_well(cls):
        eventually(lambda: cls.health()["status"] == "healthy", 40, "good health")

    def put(self, delay=0.5, **fields):
        return self.client.post("/events", {"topic": "outages", "entity_type": "order", "entity_id": "1", "action": "remind",
                                            "body": {}, "delay_seconds": delay, **fields})

    def load(self, seconds):
        """Puts events all the time; answers ids that were acknowledged, and other answers."""
        acknowledged, refused = {}, []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self.put(delay=1)
            if answer.status == 201:
                acknowledged[answer.json["id"]] = time.time()
            else:
                refused.append(answer)
                time.sleep(0.05)
        return acknowledged, refused

    def all_fire(self, acknowledged):
        for event_id, since in acknowledged.items():
            try:
                received = self.consumer.wait_id(event_id, 60)
            except AssertionError as error:
                raise AssertionError(f"{error}; it is {self.client.get(f'/events/{event_id}')}\n{self.server.log(20)}") from None
            self.assertGreaterEqual(received.at, since + 0.4)

    def degraded(self, part):
        eventually(lambda: self.health()["services"][part]["status"] != "healthy", 10, f"{part} not healthy")
        self.assertEqual(self.health()["status"], "degraded")

    def test_clickhouse_away_stops_nothing_that_is_near(self):
        self.servers.clickhouse.kill()
        acknowledged, refused = self.load(2)
        self.assertEqual(refused, [])
        self.degraded("clickhouse")
        self.all_fire(acknowledged)
        far = self.put(delay=30 * 86400)
        self.assertEqual(far.status, 503, far)
        self.assertIn("Retry-After", far.headers)
        self.servers.clickhouse.start()
        self.all_well()
        self.assertEqual(self.put(delay=30 * 86400).status, 201)

    def test_redis_away_refuses_and_loses_nothing(self):
        before, refused = self.load(1)
        self.assertEqual(refused, [])
        self.servers.redis.kill()
        _, refused = self.load(1)
        self.assertTrue(refused)
        for answer in refused:
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("Retry-After", answer.headers)
        self.degraded("redis")
        self.servers.redis.start()
        self.all_well()
        after, _ = self.load(1)
        self.assertTrue(after)
        self.all_fire({**before, **after})

    def test_kafka_away_holds_events_until_it_is_back(self):
        self.servers.kafka.kill()
        acknowledged, refused = self.load(2)
        self.assertEqual(refused, [])
        self.degraded("kafka")
        self.servers.kafka.start()
        self.all_well()
        self.all_fire(acknowledged)


class WithJournal(unittest.TestCase):
    def test_kafka_away_nothing_is_accepted_and_what_was_fires_once(self):
        servers = Servers()
        self.addCleanup(servers.close)
        program = servers.program(JOURNAL="auto")
        self.addCleanup(program.close)
        program.start()
        client = Client(program, timeout=20)
        servers.kafka.create_topic("held", 3)
        consumer = StufioConsumer(servers.kafka.brokers, ["held"])
        self.addCleanup(consumer.close)
        consumer.handle("order", "remind")
        eventually(lambda: client.get("/admin/schedules/monitoring/health").json["status"] == "healthy", 40, "good health")

        def put(delay):
            return client.post("/events", {"topic": "held", "entity_type": "order", "entity_id": "1", "action": "remind",
                                           "body": {}, "delay_seconds": delay})
        ids = []
        for _ in range(20):
            answer = put(2)
            self.assertEqual(answer.status, 201, answer)
            ids.append(answer.json["id"])
        servers.kafka.kill()
        refused = put(1)
        self.assertEqual(refused.status, 503, refused)
        self.assertIn("Retry-After", refused.headers)
        servers.kafka.start()
        for event_id in ids:
            consumer.wait_id(event_id, 60)
        self.assertEqual([one for one in ids if consumer.times(one) != 1], [])


class Migrations(unittest.TestCase):
    def test_migrate_shows_what_it_would_do_does_it_and_does_nothing_twice(self):
        servers = Servers()
        self.addCleanup(servers.close)
        program = servers.program()
        self.addCleanup(program.close)
        environment = clean_environment(**program.settings, DATA_DIR=program.data_dir)
        dry = run_cli("migrate", "--dry-run", env=environment)
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertIn("far events (ClickHouse): not there yet", dry.stdout)
        self.assertIn("CREATE TABLE", dry.stdout)
        self.assertEqual(servers.clickhouse.query("SELECT count() FROM system.databases WHERE name = 'schedules'").strip(), "0")
        done = run_cli("migrate", env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        again = run_cli("migrate", "--dry-run", env=environment)
        self.assertIn("far events (ClickHouse): layout 1, up to date", again.stdout)
        self.assertIn("executions (ClickHouse): layout 2, up to date", again.stdout)


class Nodes(unittest.TestCase):
    def test_servers_that_are_away_at_the_start_are_waited_for(self):
        servers = Servers()
        self.addCleanup(servers.close)
        for server in (servers.redis, servers.clickhouse):
            server.kill()
        program = servers.program()
        self.addCleanup(program.close)
        program.start()
        client = Client(program, timeout=20)
        health = client.get("/admin/schedules/monitoring/health").json
        self.assertEqual(client.get("//healthz").status, 200)
        eventually(lambda: client.get("/admin/schedules/monitoring/health").json["status"] == "degraded", 10, "degraded")
        self.assertIsNotNone(health)
        servers.redis.start()
        servers.clickhouse.start()
        eventually(lambda: client.get("/admin/schedules/monitoring/health").json["status"] == "healthy", 40, "good health")
        event = client.post("/events", {"topic": "t", "entity_type": "order", "action": "remind", "delay_seconds": 0.2})
        self.assertEqual(event.status, 201, event)
        eventually(lambda: client.get(f"/events/{event.json['id']}").json["state"] == "fired", 30, "the fire")

    def test_two_nodes_share_and_one_takes_over_what_the_other_leaves(self):
        servers = Servers()
        self.addCleanup(servers.close)
        servers.kafka.create_topic("nodes", 3)
        programs = [servers.program(NODE_ID=f"node-{n}") for n in range(2)]  # at once: one of them makes the tables
        for program in programs:
            self.addCleanup(program.close)
            program.start()
        clients = [Client(program, timeout=20) for program in programs]
        consumer = StufioConsumer(servers.kafka.brokers, ["nodes"])
        self.addCleanup(consumer.close)
        consumer.handle("order", "remind")
        for client in clients:
            eventually(lambda client=client: client.get("/admin/schedules/monitoring/health").json["status"] == "healthy", 40,
                       "good health")

        def put(client, delay):
            answer = client.post("/events", [{"topic": "nodes", "entity_type": "order", "action": "remind",
                                              "delay_seconds": delay, "body": {}} for _ in range(50)])
            return [one["id"] for one in answer.json["results"] if one["status"] == 201]
        ids = [one for client in clients for one in put(client, 1.5)]
        self.assertEqual(len(ids), 100)
        for one in ids:
            consumer.wait_id(one, 60)
        self.assertEqual([one for one in ids if consumer.times(one) != 1], [])
        # Killed with events waiting that it owns a part of.
        ids = put(clients[0], 2) + put(clients[1], 2)
        programs[0].kill()
        for one in ids:
            consumer.wait_id(one, 60)
        # A clean stop hands over at once.
        programs[0].restart()
        ids = put(clients[1], 3)
        self.assertEqual(programs[1].terminate(), 0)
        for one in ids:
            consumer.wait_id(one, 60)


if __name__ == "__main__":
    unittest.main()
