"""schedules tail, against a scripted stream."""
import json

from program import Case, Server


def frame(number, topic="t"):
    message = {"event_id": f"e{number}", "timestamp": "2026-01-01T00:00:00Z", "action": "a",
               "entity": {"type": "order", "id": "7"}, "payload": {"n": number}}
    return f"id: {number}\nevent: {topic}\ndata: {json.dumps(message)}\n\n"


class Tail(Case):
    def test_one_line_an_event(self):
        server = Server(self, lambda request: (200, [": hello\n\n", frame(1), frame(2)]))
        done = self.call("tail", "-n", "2", "--topic", "x", "--topic", "y", "--server", server.url)
        self.assertEqual(done.stdout.splitlines()[0], '2026-01-01T00:00:00Z t e1 order/7 a {"n":1}')
        self.assertEqual(server.requests[0]["path"], "/api/v1/events/stream?topic=x&topic=y")

    def test_json_is_the_message(self):
        server = Server(self, lambda request: (200, [frame(1)]))
        self.assertEqual(json.loads(self.call("tail", "-n", "1", "--output", "json", "--server", server.url).stdout)["event_id"], "e1")

    def test_comes_back_after_a_break_where_it_was(self):
        parts = {None: [frame(1), frame(2), "id: 3\ndata: {\"cut"], "2": [frame(3), frame(4)]}
        server = Server(self, lambda request: (200, parts[request["headers"].get("Last-Event-ID")]))
        lines = self.call("tail", "-n", "4", "--output", "json", "--server", server.url).stdout.splitlines()
        self.assertEqual([json.loads(line)["event_id"] for line in lines], ["e1", "e2", "e3", "e4"])
        self.assertEqual(server.requests[1]["headers"]["Last-Event-ID"], "2")

    def test_begins_after_what_is_asked_for(self):
        server = Server(self, lambda request: (200, [frame(8)]))
        self.call("tail", "-n", "1", "--after", "7", "--server", server.url)
        self.assertEqual(server.requests[0]["headers"]["Last-Event-ID"], "7")

    def test_server_that_is_away_for_a_moment_is_waited_for(self):
        def script(request):
            if len(server.requests) == 2:
                return 503, {"code": "shutting_down", "detail": "stopping"}
            return 200, [frame(len(server.requests))]
        server = Server(self, script)
        done = self.call("tail", "-n", "2", "--server", server.url)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn("trying again", done.stderr)

    def test_gap_is_told_and_is_no_message(self):
        server = Server(self, lambda request: (200, ['event: gap\ndata: {"asked":1,"next":5}\n\n', frame(5, "gap")]))
        done = self.call("tail", "-n", "1", "--after", "0", "--output", "json", "--server", server.url)
        self.assertEqual(json.loads(done.stdout)["event_id"], "e5")
        self.assertEqual(done.stderr, "messages 1 to 4 are not kept any more\n")

    def test_refusal_ends_it(self):
        server = Server(self, lambda request: (401, {"code": "unauthenticated", "detail": "a token is needed"}))
        self.assertIn("a token is needed", self.call("tail", "--server", server.url, code=1).stderr)
        self.assertEqual(len(server.requests), 1)
