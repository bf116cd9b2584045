"""One event from POST to its sinks: on time, in the agreed form, signed; seen by `schedules tail`."""
import datetime
import hashlib
import hmac
import json
import pathlib
import statistics
import subprocess
import time
import unittest

import jsonschema

from support import ServerCase, StreamReader, binary, clean_environment

SCHEMA = json.loads((pathlib.Path(__file__).parent / "event_message.schema.json").read_text())
SECRET = "a secret for tests"
COUNT = 9
DELAY = 1.5
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def unix(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class FirstEvent(ServerCase):
    settings = {"WEBHOOK_SECRET": SECRET}

    def check_times(self, due, came):
        lateness = [at - due[event_id] for event_id, at in came.items()]
        self.assertEqual(len(lateness), COUNT)
        self.assertGreaterEqual(min(lateness), 0, "an event was published before its due time")
        self.assertLess(max(lateness), 0.5)
        self.assertLess(statistics.median(lateness), 0.1)

    def put_some(self, target):
        due = {}
        for number in range(COUNT):
            made = self.created(delay_seconds=DELAY, target=target, entity_id=str(number), body={"n": number})
            due[made["id"]] = unix(made["scheduled_at"])
            time.sleep(0.03)
        return due

    def test_webhooks_come_on_time(self):
        due = self.put_some(self.receiver.target("/time"))
        received = self.receiver.wait("/time", COUNT, DELAY + 5)
        self.check_times(due, {one.event_id: one.at for one in received})

    def test_the_stream_brings_them_on_time(self):
        reader = StreamReader(self.server, topics=["e2e"]).opened()
        self.addCleanup(reader.close)
        due = self.put_some({"type": "stream"})
        for event_id in due:
            reader.wait_id(event_id, DELAY + 5)
        came = [event for event in reader.events if event.event_id in due]
        self.check_times(due, {event.event_id: event.at for event in came})
        self.assertEqual([event.event_id for event in came], list(due), "due order is kept")

    def test_the_message_has_the_agreed_form(self):
        reader = StreamReader(self.server).opened()
        self.addCleanup(reader.close)
        for extra in ({}, {"correlation_id": "reminder-123", "actor_type": "robot"}, {"entity_id": None},
                      {"body": {"text": "Grüße \"\\\u2028", "deep": [[1.5, None, {"a": True}]]}}):
            fields = {"delay_seconds": 0.1, "body": {"n": 1}, **extra}
            for target in ({"type": "stream"}, self.receiver.target("/form")):
                made = self.created(target=target, **fields)
                if target["type"] == "stream":
                    message = reader.wait_id(made["id"]).message
                else:
                    self.await_state(made["id"], "fired")
                    message = next(one for one in self.receiver.of("/form") if one.event_id == made["id"]).message
                jsonschema.validate(message, SCHEMA, cls=jsonschema.Draft202012Validator)
                self.assertEqual(message["event_id"], made["id"])
                self.assertEqual(message["payload"], fields["body"])
                self.assertEqual(message["action"], "remind")
                self.assertEqual(message["entity"], {"type": "order", "id": made["entity_id"] or ""})
                self.assertEqual(message["actor"], {"type": "system", "id": "scheduler"})

    def test_the_stream_names_topic_and_sequence(self):
        reader = StreamReader(self.server, topics=["named.*"]).opened()
        self.addCleanup(reader.close)
        self.created(topic="other", delay_seconds=0)
        made = [self.created(topic=f"named.{n}", delay_seconds=0.05 * n) for n in range(3)]
        events = reader.wait(3)
        self.assertEqual([event.event_id for event in events], [one["id"] for one in made])
        self.assertEqual([event.name for event in events], ["named.0", "named.1", "named.2"])
        sequences = [int(event.sequence) for event in events]
        self.assertEqual(sequences, sorted(set(sequences)))

    def test_the_stream_shows_what_a_webhook_took_and_not_what_it_refused(self):
        reader = StreamReader(self.server).opened()
        self.addCleanup(reader.close)
        self.receiver.answer("/refused", 410)
        refused = self.created(delay_seconds=0.05, target=self.receiver.target("/refused"))
        taken = self.created(delay_seconds=0.1, target=self.receiver.target("/shown"))
        reader.wait_id(taken["id"])
        self.await_state(refused["id"], "dead")
        self.assertNotIn(refused["id"], [event.event_id for event in reader.events])

    def test_the_stream_resumes_where_a_reader_left(self):
        topic = self.fresh("resume")
        first = self.created(topic=topic, delay_seconds=0)
        self.await_state(first["id"], "fired")
        reader = StreamReader(self.server, topics=[topic], after=0).opened()
        self.addCleanup(reader.close)
        last = reader.wait_id(first["id"]).sequence
        reader.close()
        missed = [self.created(topic=topic, delay_seconds=0)["id"] for _ in range(3)]
        for event_id in missed:
            self.await_state(event_id, "fired")
        again = StreamReader(self.server, topics=[topic], after=last).opened()
        self.addCleanup(again.close)
        self.assertCountEqual([event.event_id for event in again.wait(3)], missed)

    def test_webhook_headers_and_signature(self):
        made = self.created(delay_seconds=0.2, target=self.receiver.target("/headers"), correlation_id="reminder-123",
                            headers={"X-Shop": "north", "X-Schedules-Event-Id": "forged", "Host": "forged"},
                            traceparent=TRACEPARENT, body={"text": "Grüße"})
        received = self.receiver.wait("/headers")[0]
        headers = received.headers
        self.assertEqual(headers["X-Schedules-Event-Id"], made["id"])
        self.assertEqual(headers["X-Schedules-Attempt"], "1")
        self.assertEqual(headers["X-Schedules-Topic"], "e2e")
        self.assertEqual(headers["X-Schedules-Entity-Type"], "order")
        self.assertEqual(headers["X-Schedules-Action"], "remind")
        self.assertEqual(headers["X-Schedules-Due-Time"], made["scheduled_at"])
        self.assertEqual(headers["X-Schedules-Scheduled-At"], made["scheduled_at"])
        self.assertGreaterEqual(unix(headers["X-Schedules-Fired-Time"]), unix(made["scheduled_at"]))
        self.assertEqual(headers["X-Schedules-Correlation-Id"], received.message["correlation_id"])
        self.assertEqual(headers["X-Schedules-Original-Correlation-Id"], "reminder-123")
        self.assertEqual(headers["traceparent"], TRACEPARENT)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["X-Shop"], "north")
        self.assertEqual(headers["Host"], f"127.0.0.1:{self.receiver.port}")
        self.assertEqual(len(headers.get_all("X-Schedules-Event-Id")), 1)
        self.check_signature(headers["X-Schedules-Signature"], received)

    def check_signature(self, signature, received):
        parts = dict(part.split("=", 1) for part in signature.split(","))
        self.assertAlmostEqual(int(parts["t"]), received.at, delta=3)
        wanted = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + received.body, hashlib.sha256).hexdigest()
        self.assertEqual(parts["v1"], wanted)

    def test_tail_prints_it(self):
        for arguments in ([], ["--output", "json"]):
            topic = self.fresh("tail")
            first = self.created(topic=topic, delay_seconds=0)
            self.await_state(first["id"], "fired")
            # --after 0: what has been fired before the command is there counts as well, so nothing has to be waited for.
            process = subprocess.Popen([binary(), "tail", "--server", self.server.url, "--topic", topic, "--after", "0",
                                        "-n", "2", *arguments], stdout=subprocess.PIPE, text=True, env=clean_environment())
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            second = self.created(topic=topic, delay_seconds=0.3)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self.fail("schedules tail -n 2 did not see two events within 10 s")
            self.assertEqual(process.returncode, 0)
            lines = list(process.stdout)
            self.assertEqual(len(lines), 2, lines)
            for line, event in zip(lines, (first, second)):
                self.assertIn(event["id"], line)
                if arguments:
                    self.assertEqual(json.loads(line)["event_id"], event["id"])

    def test_late_events_fire_at_once(self):
        answer = self.client.post("/events", self.event(scheduled_at="2020-01-01T00:00:00Z",
                                                        target=self.receiver.target("/late")))
        self.assertEqual(answer.status, 201, answer)
        self.assertIs(answer.json["late"], True)
        self.receiver.wait("/late", timeout=3)
        answer = self.client.post("/events", self.event(scheduled_at="2020-01-01T00:00:00Z", max_delay_seconds=60))
        self.refused(answer, 422, "expired")


if __name__ == "__main__":
    unittest.main()
