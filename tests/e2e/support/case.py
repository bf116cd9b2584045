"""A test case with one server, one receiver and one client for all of its tests."""
import itertools
import time
import unittest

from .client import Client
from .receiver import Receiver
from .server import Server

_numbers = itertools.count(1)


def eventually(check, timeout=10, what="it", every=0.02):
    """The first true answer of `check`."""
    deadline = time.monotonic() + timeout
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s; last: {found!r}")
        time.sleep(every)


def settled(look, quiet=0.3):
    """What `look` answers once it has answered the same for `quiet` seconds."""
    last, since = look(), time.monotonic()
    while time.monotonic() - since < quiet:
        time.sleep(0.05)
        found = look()
        if found != last:
            last, since = found, time.monotonic()
    return last


class ServerCase(unittest.TestCase):
    settings = {}
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(arguments=cls.arguments, **cls.settings)
        cls.addClassCleanup(cls.server.close)
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.server.start()
        cls.client = Client(cls.server)

    def setUp(self):
        self.assertTrue(self.server.alive(), "the server is gone:\n" + self.server.log())

    def tearDown(self):
        if not self.server.alive() and self.server.process.returncode != -9:
            self.fail(f"the server ended with {self.server.process.returncode}:\n" + self.server.log())

    @staticmethod
    def fresh(word="name"):
        """A text that no other test uses."""
        return f"{word}-{next(_numbers)}-{time.time_ns() % 10**9}"

    def event(self, **fields):
        made = {"topic": "e2e", "entity_type": "order", "entity_id": "1", "action": "remind", "body": {}}
        if "scheduled_at" not in fields:
            made["delay_seconds"] = 3600
        made.update(fields)
        return made

    def created(self, **fields):
        answer = self.client.post("/events", self.event(**fields))
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def get_event(self, event_id):
        answer = self.client.get(f"/events/{event_id}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def await_state(self, event_id, *states, timeout=15):
        def look():
            answer = self.client.get(f"/events/{event_id}")
            return answer.json if answer.status == 200 and answer.json["state"] in states else None
        return eventually(look, timeout, f"state {states} of {event_id}")

    def await_job(self, answer, timeout=30):
        self.assertEqual(answer.status, 202, answer)
        path = answer.headers["Location"].removeprefix("/api/v1")
        return eventually(lambda: (lambda job: job if job["state"] != "running" else None)(self.client.get(path).json),
                          timeout, "the job's end")

    def refused(self, answer, status, code, field=None):
        self.assertEqual(answer.status, status, answer)
        problem = answer.json
        self.assertEqual(problem["code"], code, problem)
        self.assertTrue(problem["request_id"], problem)
        if field is not None:
            fields = [error["field"] for error in problem["errors"]] if "errors" in problem else \
                [".".join(map(str, error["loc"][1:])) for error in problem["detail"]]
            self.assertIn(field, fields, problem)
        return problem
