"""Breakers of nodes that share Redis: what one has found down the others do not try, and what one finds up again is up for all."""
import contextlib
import unittest

from support import Client, Server, eventually
from support.hybrid import kinds
from support.receiver import Receiver


class Nodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        redis = cls.stack.enter_context(kinds()["redis"]())
        cls.receiver = cls.stack.enter_context(contextlib.closing(Receiver()))
        cls.servers = {name.removeprefix("schedules_"): value for name, value in redis.settings().items()}
        cls.clients = {name: cls.node(name) for name in ("one", "two")}

    @classmethod
    def node(cls, name):
        node = cls.stack.enter_context(contextlib.closing(Server(NODE_ID=name, LOG_LEVEL="warn", **cls.servers)))
        node.start()
        return Client(node)

    def put(self, client, count):
        # A retry comes so late that no breaker opens by it.
        for _ in range(count):
            answer = client.post("/events", {"topic": "t", "entity_type": "a", "action": "b", "delay_seconds": 0, "max_retries": 50,
                                             "retry_delay_seconds": 3600, "target": self.receiver.target("/down")})
            self.assertEqual(answer.status, 201, answer)

    def is_open(self, name):
        """Of the only lane that has a breaker, as /metrics shows it."""
        lines = self.clients[name].get("//metrics").body.decode().splitlines()
        return any(line.startswith("schedules_breaker_state{") and not line.endswith(" 0") for line in lines)

    def await_shares(self):
        def shared():
            shards = self.clients["one"].get("/cluster").json.get("shards", [])
            return {shard.get("owner") for shard in shards} == set(self.clients)
        eventually(shared, 60, "each has shards")

    def test_what_is_down_for_one_is_down_for_all_until_one_finds_it_up(self):
        self.await_shares()
        self.receiver.answer("/down", 500)
        for _ in range(60):  # until one of the two has failed twenty times, and the other has not
            self.put(self.clients["one"], 1)
            if any(self.is_open(name) for name in self.clients):
                break
        for name in self.clients:
            eventually(lambda name=name: self.is_open(name), 30, f"{name}'s breaker is open")
        tried = len(self.receiver.of("/down"))
        self.assertLess(tried, 40)
        self.clients["three"] = self.node("three")
        self.await_shares()
        self.put(self.clients["three"], 15)  # it could not find out by these
        eventually(lambda: self.is_open("three"), 30, "three's breaker is open")
        self.receiver.answer("/down", 200)
        for name in self.clients:
            eventually(lambda name=name: not self.is_open(name), 150, f"{name}'s breaker closes")


if __name__ == "__main__":
    unittest.main()
