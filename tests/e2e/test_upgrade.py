"""A new version in the place of an old one: nodes are restarted one after the other under load, and what the version before
has stored is read.

What an older version stored is frozen: the three records below, of record layout 1 (src/model/record.h), and in golden/ a
RocksDB folder that holds them. One is due since 2026, one in 2099, one has been fired."""
import pathlib
import random
import socket
import tarfile
import tempfile
import types
import unittest

from support import Client, Server, ServerCase, StreamReader, binary, eventually
from support.hybrid import kinds  # which knows where tests/ is

from chaos import drive, scenarios

DUE, LATER, FIRED = (
    "953663da-7121-4137-9e71-9b857dd92f2e", "136a2715-ec34-4692-9ece-3bce4fbd862f", "d62e3c4c-bec0-4447-93d2-8782b7798766")
RECORDS = {
    DUE: "010000953663DA712141379E719B857DD92F2E077570677261646500056F7264657201370672656D696E640C72656D696E6465722D313233"
         "0673797374656D097363686564756C6572000000000B6170695F72657175657374808082E288D2A306808082E288D2A30680E4E5A888D2A306"
         "040006C0A9070090DEB3D68AD199A2220200000000000000077B226E223A317D0105782D6F6E650131",
    LATER: "010000136A2715EC3446929ECE3BCE4FBD862F077570677261646500056F7264657201370672656D696E64000673797374656D09736368"
           "6564756C6572000000000B6170695F726571756573748080FF8E8A9EBB0E8080FF8E8A9EBB0E808082E288D2A306000006C0A9070D7570"
           "67726164652D6C61746572ABE8D8FD9FA7A09FC5010200000000000000077B226E223A327D00",
    FIRED: "010200D62E3C4CBEC0444793D28782B7798766077570677261646500056F7264657201370672656D696E64000673797374656D0973636865"
           "64756C6572000000000B6170695F72657175657374808082E288D2A306808082E288D2A306808082E288D2A306000006C0A9070D757067"
           "726164652D6669726564D9C4C4E4E4EDE5FD64020000000000000004D08F82E288D2A306A09F82E288D2A30600000673747265616D0131",
}
AT = {DUE: 1_767_225_600_000_000, LATER: 4_070_908_800_000_000}  # µs
PRIORITIES = {DUE: 2, LATER: 0}
GOLDEN = pathlib.Path(__file__).parent / "golden"


def key_of(event_id):
    return bytes.fromhex(event_id.replace("-", ""))


def record_of(event_id):
    return bytes.fromhex(RECORDS[event_id])


def fingerprint_of(event_id):
    """As the record has it: a zigzag varint after the idempotency key."""
    record = record_of(event_id)
    word = b"upgrade-later" if event_id == LATER else b"upgrade-fired"
    if word not in record:
        return bytes(8)
    at, value, shift = record.index(word) + len(word), 0, 0
    while True:
        value |= (record[at] & 0x7F) << shift
        shift += 7
        if record[at] < 0x80:
            break
        at += 1
    return ((value >> 1) ^ -(value & 1)).to_bytes(8, "big", signed=True)


class OlderRecords:
    """What is asked of each store. A subclass gives the server on which they lie."""

    @classmethod
    def start(cls, server):
        cls.server = server
        cls.addClassCleanup(server.close)
        server.start()
        cls.client = Client(server)

    def test_what_was_due_is_fired_as_it_was(self):
        reader = StreamReader(self.server, after=0)
        self.addCleanup(reader.close)
        fired = eventually(lambda: next((one for one in reader.events if one.event_id == DUE), None), 20, "the due event")
        self.assertEqual(fired.message["payload"], {"n": 1})
        self.assertEqual(self.await_state(DUE, "fired")["correlation_id"], "reminder-123")

    def test_what_waits_is_known_and_keeps_its_key(self):
        event = self.get_event(LATER)
        self.assertEqual((event["state"], event["body"], event["scheduled_at"]), ("pending", {"n": 2}, "2099-01-01T00:00:00.000000Z"))
        again = self.client.post("/events", self.sent(n=2, scheduled_at="2099-01-01T00:00:00Z", idempotency_key="upgrade-later"))
        self.assertEqual((again.status, again.json["id"]), (200, LATER))

    def test_what_has_been_fired_is_remembered(self):
        self.assertEqual(self.get_event(FIRED)["outcome"]["at"], "2026-01-01T00:00:00.001000Z")
        again = self.client.post("/events", self.sent(n=3, delay_seconds=0, idempotency_key="upgrade-fired"))
        self.assertEqual((again.status, again.json["id"], again.json["state"]), (200, FIRED, "fired"))

    @staticmethod
    def sent(n, **fields):
        return {"topic": "upgrade", "entity_type": "order", "entity_id": "7", "action": "remind", "body": {"n": n}, **fields}


class OnRocksDb(OlderRecords, ServerCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        with tarfile.open(GOLDEN / "rocksdb-record-1.tar.xz") as packed:
            packed.extractall(pathlib.Path(folder.name) / "events")  # noqa: S202 - our own
        cls.start(Server(data_dir=folder.name))


class OnRedis(OlderRecords, ServerCase):
    @classmethod
    def setUpClass(cls):
        redis = kinds()["redis"]()
        redis.start()
        cls.addClassCleanup(redis.stop)
        cls.lay(redis.port)
        settings = {name.removeprefix("schedules_"): value for name, value in redis.settings().items()}
        cls.start(Server(**settings, SHARDS=1))

    @staticmethod
    def lay(port):
        """As src/store/redis/layout.md says."""
        base = b"stufio:{schedules:0}:"
        commands = [[b"HSET", b"stufio:{schedules}:meta", b"layout", b"1", b"shards", b"1"], [b"SET", base + b"top", b"2"]]
        for number, event in enumerate((DUE, LATER), 1):
            head = (number.to_bytes(8, "big") + bytes([PRIORITIES[event] + 9]) + AT[event].to_bytes(8, "big") +
                    (1).to_bytes(8, "big") + bytes(8) + fingerprint_of(event))
            commands += [[b"HSET", base + b"event", key_of(event), head + record_of(event)],
                         [b"ZADD", base + b"due:%d" % PRIORITIES[event], b"%d" % AT[event], head[:8] + key_of(event)]]
        commands += [[b"HSET", base + b"ended", key_of(FIRED), b"f" + fingerprint_of(FIRED) + record_of(FIRED)],
                     [b"ZADD", base + b"ended_at", b"3786912000000000", key_of(FIRED)]]
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            for command in commands:
                connection.sendall(b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%b\r\n" % (len(one), one) for one in command))
                answer = connection.recv(100)
                assert answer[:1] in b":+", answer


class RollingRestart(unittest.TestCase):
    def test_nothing_is_lost_and_nothing_comes_twice(self):
        scenario = scenarios.SCENARIOS["rolling-restart"]
        options = types.SimpleNamespace(seed=random.SystemRandom().randrange(1_000_000), keep=False, journal=False,
                                        nodes=scenario.nodes, rate=scenario.rate, seconds=scenario.seconds)
        report = drive.run(scenario, binary(), options, print)
        self.assertTrue(report["held"], drive.table(report))
        self.assertEqual([fault["on"] for fault in report["faults"]], [f"node {n}" for n in (0, 1, 2)] * 2)
        self.assertGreater(report["figures"]["acknowledged"], 500)


if __name__ == "__main__":
    unittest.main()
