"""How fast producers may put events, and how fast a target gets them."""
import unittest

from support import ServerCase, eventually


class Limits(ServerCase):
    settings = {"PRODUCER_RATE": 50, "TARGET_RATE": 10}

    def test_a_producer_is_told_when_to_come_again(self):
        batch = self.client.post("/events", [self.event() for _ in range(75)])  # a debt of 25: half a second
        self.assertEqual(batch.status, 207, batch)
        answer = self.client.post("/events", self.event())
        self.refused(answer, 429, "rate_limited")
        self.assertEqual(answer.headers["Retry-After"], "1")
        eventually(lambda: self.client.post("/events", self.event()).status == 201, 5, "the end of the wait")

    def test_a_target_gets_no_more_than_its_rate(self):
        eventually(lambda: self.client.post("/events", [self.event(delay_seconds=0, target=self.receiver.target("/slow"))
                                                        for _ in range(30)]).status == 207, 5, "room for 30")
        received = self.receiver.wait("/slow", 30, 15)
        self.assertGreater(received[-1].at - received[0].at, 1.5, "10 at once, 20 more at 10 a second")


if __name__ == "__main__":
    unittest.main()
