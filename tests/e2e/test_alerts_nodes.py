"""Alerts and the audit trail of two nodes that share Redis and MongoDB: one of them tells, also after the other died."""
import contextlib
import unittest

from support import Client, Server, ServerCase, eventually
from support.hybrid import kinds
from support.receiver import Receiver


class TwoNodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        known = kinds()
        redis = stack.enter_context(known["redis"](extra=["--appendfsync", "always"]))
        mongo = stack.enter_context(known["mongo"]())
        cls.receiver = stack.enter_context(contextlib.closing(Receiver()))
        servers = {name.removeprefix("schedules_"): value for name, value in {**redis.settings(), **mongo.settings()}.items()}
        cls.nodes = {}
        for name in ("one", "two"):
            node = Server(NODE_ID=name, ALERT_URL=cls.receiver.url("/alerts"), ALERT_INTERVAL_SECONDS=1, LOG_LEVEL="warn", **servers)
            cls.nodes[name] = stack.enter_context(contextlib.closing(node))
            node.start()
        cls.clients = {name: Client(node) for name, node in cls.nodes.items()}

    def told(self, schedule):
        return [item["status"] for request in self.receiver.of("/alerts") for item in request.message["alerts"]
                if item["schedule_id"] == schedule["id"]]

    def failing(self, client):
        path = "/" + ServerCase.fresh("work")
        self.receiver.answer(path, 400)
        answer = eventually(lambda: (lambda made: made if made.status == 201 else None)(client.post("/admin/schedules", {
            "name": ServerCase.fresh("schedule"), "event_type": "a", "event_action": "b", "cron_expression": "* * * * * *",
            "target": self.receiver.target(path), "max_retries": 0})), 30, "a schedule")
        return path, answer.json

    def leader(self):
        for client in self.clients.values():
            with contextlib.suppress(OSError):
                found = client.get("/cluster").json.get("leader")
                if found in self.nodes and self.nodes[found].alive():
                    return found
        return None

    def test_one_tells_and_the_other_goes_on_where_it_died(self):
        path, schedule = self.failing(self.clients["one"])
        eventually(lambda: self.told(schedule), 60, "the alert")
        _, later = self.failing(self.clients["two"])
        eventually(lambda: self.told(later), 60, "the other alert")
        self.assertEqual((self.told(schedule), self.told(later)), (["opened"], ["opened"]))
        first = eventually(self.leader, 30, "a leader")
        # What was told is noted a moment after it was.
        eventually(lambda: all(one["told"] for one in self.clients[first].get("/alerts").json["items"]), 10, "noted")
        self.nodes[first].kill()
        second = next(name for name in self.nodes if name != first)
        eventually(lambda: self.leader() == second, 60, "the next leader")
        _, last = self.failing(self.clients[second])
        eventually(lambda: self.told(last), 60, "an alert of the next leader")
        self.assertEqual(self.told(schedule), ["opened"])
        self.receiver.answer(path, 200)
        eventually(lambda: len(self.told(schedule)) > 1, 60, "the recovery")
        self.assertEqual(self.told(schedule), ["opened", "recovered"])
        entries = self.clients[second].get("/audit", id=schedule["id"]).json["items"]
        self.assertEqual([(one["action"], one["actor"], one["certain"]) for one in entries], [("create", "local", True)])


if __name__ == "__main__":
    unittest.main()
