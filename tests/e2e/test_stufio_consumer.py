"""The consumer that the Kafka tests judge by: it takes what the contract's consumers take, and refuses what they refuse."""
import copy
import json
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))  # tests/servers

from support.stufio_consumer import StufioConsumer, correlation, parse, pydantic  # noqa: E402

SCHEMA = json.loads((pathlib.Path(__file__).parent / "event_message.schema.json").read_text())
EXAMPLES = SCHEMA["examples"]


def changed(path, value):
    """The first example with one part replaced; `...` takes it out."""
    message = copy.deepcopy(EXAMPLES[0])
    *where, last = path.split(".")
    part = message
    for name in where:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return json.dumps(message).encode()


class Messages(unittest.TestCase):
    def test_the_schemas_examples_are_understood(self):
        for example in EXAMPLES:
            message = parse(json.dumps(example).encode())
            self.assertEqual(str(message.event_id), example["event_id"])
            self.assertEqual(message.entity.id, example["entity"]["id"])
            self.assertEqual(message.payload, example["payload"])
            self.assertEqual(message.correlation_id and str(message.correlation_id), example["correlation_id"])

    def test_what_consumers_do_not_understand_is_refused(self):
        version_1 = str(uuid.uuid1())
        for path, value in [("event_id", version_1), ("event_id", "17"), ("correlation_id", ...),
                            ("correlation_id", "reminder-123"), ("correlation_id", version_1), ("timestamp", ...),
                            ("timestamp", "yesterday"), ("entity", ...), ("entity.id", None), ("entity.id", 7),
                            ("entity.type", ...), ("action", None), ("actor.type", "robot"), ("actor", ...),
                            ("payload", None), ("payload", "text"), ("payload", ...), ("payload", [1])]:
            with self.subTest(path=path, value=value), self.assertRaises(pydantic.ValidationError):
                parse(changed(path, value))
        for value in (b"", b"not JSON", b"[]", b"null", b"\xff"):
            with self.subTest(value=value), self.assertRaises(ValueError):
                parse(value)

    def test_unknown_keys_are_ignored(self):
        self.assertEqual(parse(changed("novelty", 1)).action, "generate")


class Consuming(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from servers.kafka import Kafka
        cls.kafka = cls.enterClassContext(Kafka())
        cls.kafka.create_topic("events", 3)

    def produce(self, headers, value, key=b"report.1"):
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": self.kafka.brokers})
        producer.produce("events", value, key, headers=headers)
        self.assertEqual(producer.flush(30), 0)

    def test_events_reach_the_handler_that_their_headers_name(self):
        seen = []
        with StufioConsumer(self.kafka.brokers, ["events"]) as consumer:
            consumer.handle("report", "generate", lambda received: seen.append(correlation.get()))
            consumer.ready()
            whole = json.dumps(EXAMPLES[0]).encode()
            named = [("entity_type", b"report"), ("action", b"generate")]
            self.produce([("entity_type", b"report"), ("action", b"other")], whole)
            self.produce([], whole)
            self.produce(named, changed("payload", None))
            self.produce([*named, ("content-type", b"text/plain")], whole)
            self.produce([*named, ("correlation_id", b"from the header"), ("content-type", b"application/json")], whole)
            received = consumer.wait_id(EXAMPLES[0]["event_id"])
            self.assertEqual(received.key, b"report.1")
            self.assertEqual(received.value, whole)
            self.assertEqual(seen, ["from the header"])
            self.assertEqual(len(consumer.unhandled), 2)
            self.assertEqual(len(consumer.refused), 2)
            self.produce(named, whole)
            self.assertEqual(consumer.wait(2)[1].correlation_id, EXAMPLES[0]["correlation_id"])
            self.assertEqual(consumer.times(EXAMPLES[0]["event_id"]), 2)


if __name__ == "__main__":
    unittest.main()
