"""Traces: what an event goes through is told to an OTLP collector as spans of the caller's trace, and what is fired goes on
with it."""
import copy
import json
import pathlib
import re
import secrets
import unittest

from support import Client, Receiver, Server, ServerCase, clean_environment, eventually, run_cli
from support.collector import Collector, Fault, read_export

STEPS = ["accept", "store", "window", "begin", "publish", "settle"]
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "unit" / "trace" / "golden" / "export.json"
SERVER, CLIENT = 2, 3


def fresh_parent(sampled=True):
    """A traceparent, its trace and its span."""
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    return f"00-{trace}-{span}-{'01' if sampled else '00'}", trace, span


def spans_metric(client):
    found = re.findall(r'^schedules_trace_spans_total\{result="(\w+)"\} (\S+)$', client.get("//metrics").body.decode(), re.M)
    return {result: float(value) for result, value in found}


class Traced(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = Collector()
        cls.addClassCleanup(cls.collector.close)
        cls.settings = {"OTLP_ENDPOINT": cls.collector.url, "OTLP_HEADERS": "x-key=a secret", "TRACE_SAMPLE": "0",
                        "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "NODE_ID": "node-a"}
        super().setUpClass()

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.collector.faults, [])

    def post(self, path, parent, **fields):
        event = self.event(target=self.receiver.target(path), **{"delay_seconds": 0.2, **fields})
        answer = self.client.post("/events", event, headers={"traceparent": parent})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def test_a_request_is_one_trace_up_to_the_webhook(self):
        parent, trace, caller = fresh_parent()
        self.collector.answer(503, 503)  # it comes again
        made = self.post("/one", parent)
        received = self.receiver.wait("/one")[0]
        by_step = {span.name.split()[0]: span for span in self.collector.wait(6, trace=trace)}
        self.assertCountEqual(by_step, STEPS)
        accept, store, window, begin, publish, settle = spans = [by_step[step] for step in STEPS]
        self.assertEqual([span.start for span in spans], sorted(span.start for span in spans))
        self.assertEqual(accept.parent, caller)
        self.assertEqual({span.parent for span in spans[1:]}, {accept.id})
        self.assertEqual(received.headers.get_all("traceparent"), [f"00-{trace}-{publish.id}-01"])
        self.assertEqual([span.kind for span in spans], [SERVER, 1, 1, 1, CLIENT, 1])
        self.assertEqual(publish.name, "publish e2e")
        self.assertLessEqual(store.end, accept.end)
        self.assertLessEqual(window.end, begin.start)
        self.assertLessEqual(begin.end, publish.start)
        self.assertEqual(publish.end, settle.start)
        self.assertFalse(any(span.failed for span in spans))
        for span in spans:
            self.assertEqual(span.attributes["messaging.message.id"], made["id"])
            self.assertEqual(span.attributes["messaging.destination.name"], "e2e")
            self.assertEqual(span.resource["service.name"], "stufio-schedules")
            self.assertEqual(span.resource["service.instance.id"], "node-a")
            self.assertRegex(span.resource["service.version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(accept.attributes["schedules.source"], "api_request")
        self.assertEqual(store.attributes["schedules.tier"], "near")
        self.assertEqual(publish.attributes["schedules.position"], "HTTP 200")
        self.assertEqual(settle.attributes["schedules.outcome"], "fired")
        self.assertEqual({headers["x-key"] for headers in self.collector.requests}, {"a secret"})
        self.assertEqual(self.get_event(made["id"])["traceparent"], parent, "what is kept is the caller's")
        self.assertGreaterEqual(eventually(lambda: spans_metric(self.client).get("exported"), 10, "the metric"), 6)

    def test_each_try_is_a_publish_of_the_trace(self):
        parent, trace, _ = fresh_parent()
        self.receiver.answer("/retried", 503, 200)
        self.post("/retried", parent, retry_delay_seconds=0.1)
        received = self.receiver.wait("/retried", 2)
        published = self.collector.wait(2, trace=trace, step="publish")
        self.assertEqual([span.failed for span in published], [True, False])
        self.assertEqual([span.attributes["schedules.attempt"] for span in published], [1, 2])
        self.assertEqual(published[0].attributes["error.type"], "retry")
        self.assertEqual([one.headers["traceparent"].split("-")[2] for one in received], [span.id for span in published])
        self.collector.wait(2, trace=trace, step="settle")

    def test_what_its_caller_does_not_sample_goes_out_as_it_came(self):
        parent, trace, _ = fresh_parent(sampled=False)
        self.post("/unsampled", parent)
        self.post("/without", "")
        self.post("/invalid", "00-" + "0" * 32 + "-b7ad6b7169203331-01")
        self.assertEqual(self.receiver.wait("/unsampled")[0].headers["traceparent"], parent)
        self.assertIsNone(self.receiver.wait("/without")[0].headers["traceparent"])
        self.assertIsNone(self.receiver.wait("/invalid")[0].headers["traceparent"])
        later, sampled, _ = fresh_parent()
        self.post("/sampled", later)
        self.collector.wait(6, trace=sampled)
        self.assertNotIn(trace, {span.trace for span in self.collector.spans})
        self.assertFalse([span for span in self.collector.spans if span.parent is None], "a trace began here")

    def test_a_batch_is_in_one_trace(self):
        parent, trace, caller = fresh_parent()
        lines = "".join(json.dumps(self.event(target=self.receiver.target("/batch"), delay_seconds=0)) + "\n" for _ in range(5))
        answer = self.client.post("/events", lines, headers={"traceparent": parent, "Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.status, 207, answer)
        self.receiver.wait("/batch", 5)
        spans = self.collector.wait(30, trace=trace)
        accepts = {span.id: span for span in spans if span.name == "accept"}
        self.assertEqual({span.parent for span in accepts.values()}, {caller})
        self.assertEqual(len(accepts), 5)
        for span in spans:
            if span.name != "accept":
                self.assertEqual(accepts[span.parent].attributes["messaging.message.id"], span.attributes["messaging.message.id"])

    def test_a_dead_letter_fails_in_its_trace(self):
        parent, trace, _ = fresh_parent()
        self.receiver.answer("/gone", 410)
        self.post("/gone", parent)
        settled = self.collector.wait(1, trace=trace, step="settle")[0]
        self.assertTrue(settled.failed)
        self.assertEqual(settled.attributes["schedules.outcome"], "dead")
        self.assertEqual(settled.attributes["error.type"], "rejected")

    def test_log_lines_name_event_and_trace(self):
        parent, trace, _ = fresh_parent()
        made = self.post("/logged", parent)
        other = self.post("/logged", "")
        self.await_state(made["id"], "fired")
        self.await_state(other["id"], "fired")
        lines = [json.loads(line) for line in self.server.log_path.read_text().splitlines() if line.endswith("}")]
        settled = {line["event_id"]: line["trace_id"] for line in lines if line["message"] == "event.settled"}
        self.assertEqual(settled[made["id"]], trace)
        self.assertEqual(settled[other["id"]], other["id"].replace("-", ""))
        self.assertIn(parent, [line["traceparent"] for line in lines if line["message"] == "http.request"])


class Lives(unittest.TestCase):
    """With servers that come and go."""

    def setUp(self):
        self.collector = Collector()
        self.addCleanup(self.collector.close)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def serve(self, arguments=(), **settings):
        server = Server(arguments=arguments, **settings)
        self.addCleanup(server.close)
        return server.start(), Client(server)

    def put(self, client, path, parent="", **fields):
        event = {"topic": "lives", "entity_type": "o", "action": "a", "delay_seconds": 0, "body": {},
                 "target": self.receiver.target(path), **fields}
        answer = client.post("/events", event, headers={"traceparent": parent})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def test_a_restart_in_between_goes_on_with_the_trace(self):
        server, client = self.serve(OTLP_ENDPOINT=self.collector.url)
        parent, trace, caller = fresh_parent()
        self.put(client, "/later", parent, delay_seconds=4)
        accept = self.collector.wait(1, trace=trace, step="accept")[0]
        server.kill()
        server.restart()
        received = self.receiver.wait("/later")[0]
        publish = self.collector.wait(1, trace=trace, step="publish")[0]
        self.assertEqual((accept.parent, publish.parent), (caller, accept.id))
        self.assertEqual(received.headers["traceparent"], f"00-{trace}-{publish.id}-01")
        self.assertEqual(self.collector.faults, [])

    def test_a_clean_stop_exports_what_waits(self):
        server, client = self.serve(OTLP_ENDPOINT=self.collector.url)
        parent, trace, _ = fresh_parent()
        made = self.put(client, "/last", parent)
        eventually(lambda: client.get(f"/events/{made['id']}").json["state"] == "fired", what="the event")
        self.assertEqual(server.terminate(), 0)
        self.assertEqual(len([span for span in self.collector.spans if span.trace == trace]), 6, self.collector.faults)

    def test_traces_begin_here_by_the_share_which_is_live(self):
        server = Server(arguments=["--config", "traces.toml"], OTLP_ENDPOINT=self.collector.url)
        self.addCleanup(server.close)
        file = server.home / "traces.toml"
        file.write_text("TRACE_SAMPLE = 1\n")
        server.start()
        client = Client(server)
        made = self.put(client, "/root")
        trace = made["id"].replace("-", "")
        by_step = {span.name.split()[0]: span for span in self.collector.wait(6, trace=trace)}
        self.assertIsNone(by_step["accept"].parent)
        self.assertEqual(self.receiver.wait("/root")[0].headers["traceparent"], f"00-{trace}-{by_step['publish'].id}-01")
        file.write_text("TRACE_SAMPLE = 0\n")
        server.reload()
        eventually(lambda: "settings.reloaded" in server.log(), what="the reload")
        none = self.put(client, "/none")
        parent, sampled, _ = fresh_parent()
        self.put(client, "/sampled", parent)
        self.collector.wait(6, trace=sampled)
        self.assertNotIn(none["id"].replace("-", ""), {span.trace for span in self.collector.spans})

    def test_without_a_collector_the_program_works_on_and_counts(self):
        self.collector.close()
        server, client = self.serve(OTLP_ENDPOINT=self.collector.url)
        parent, _, _ = fresh_parent()
        many = "".join(json.dumps({"topic": "many", "entity_type": "o", "action": "a", "delay_seconds": 3600, "body": {}}) + "\n"
                       for _ in range(10_000))
        answer = client.post("/events", many, headers={"traceparent": parent, "Content-Type": "application/x-ndjson"})
        self.assertEqual({one["status"] for one in answer.json["results"]}, {201})
        self.put(client, "/works-on", parent)
        self.receiver.wait("/works-on")
        eventually(lambda: spans_metric(client).get("dropped", 0) > 0, what="dropped spans")
        self.assertEqual(client.get("//readyz").status, 200)
        self.assertEqual(client.get("/admin/schedules/monitoring/health").json["status"], "healthy")
        self.assertEqual(server.terminate(), 0)

    def test_off_is_off(self):
        _, client = self.serve(TRACE_SAMPLE=1)
        parent, _, _ = fresh_parent()
        self.put(client, "/off", parent)
        self.put(client, "/none")
        self.assertEqual(self.receiver.wait("/off")[0].headers["traceparent"], parent)
        self.assertIsNone(self.receiver.wait("/none")[0].headers["traceparent"])
        self.assertEqual(spans_metric(client), {})

    def test_doctor_warns_of_a_collector_that_is_away(self):
        def doctor():
            done = run_cli("doctor", "--output", "json", env=clean_environment(OTLP_ENDPOINT=self.collector.url))
            return next(one for one in json.loads(done.stdout)["checks"] if one["check"] == "otlp")
        self.assertEqual(doctor()["result"], "ok")
        self.collector.close()
        self.assertEqual(doctor()["result"], "warn")

    def test_settings_that_cannot_be_are_refused(self):
        for name, value in (("OTLP_ENDPOINT", "grpc://collector:4317"), ("OTLP_HEADERS", "no equals"), ("TRACE_SAMPLE", "1.5")):
            done = run_cli("config", env=clean_environment(**{name: value}))
            self.assertNotEqual(done.returncode, 0, value)
            self.assertIn(f"schedules_{name}", done.stdout + done.stderr)
        done = run_cli("config", env=clean_environment(OTLP_HEADERS="authorization=very secret"))
        self.assertNotIn("very secret", done.stdout + done.stderr)


class TheCollectorOfTheseTests(unittest.TestCase):
    """It would notice."""

    def setUp(self):
        self.good = json.loads(GOLDEN.read_text())

    def test_takes_what_is_right(self):
        self.assertEqual([span.name.split()[0] for span in read_export(json.dumps(self.good))], ["accept", "publish"])

    def test_refuses_what_is_wrong(self):
        def span(value):
            return value["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        faults = {
            "unknown field": lambda it: span(it).update(kindd=1), "id in capitals": lambda it: span(it).update(spanId="A" * 16),
            "short id": lambda it: span(it).update(traceId="ab"), "zero id": lambda it: span(it).update(traceId="0" * 32),
            "enumeration as text": lambda it: span(it).update(kind="SPAN_KIND_SERVER"),
            "time as number": lambda it: span(it).update(startTimeUnixNano=1), "no name": lambda it: span(it).pop("name"),
            "end before start": lambda it: span(it).update(endTimeUnixNano="5"),
            "bare value": lambda it: span(it).update(attributes=[{"key": "a", "value": "b"}]),
            "number as number": lambda it: span(it).update(attributes=[{"key": "a", "value": {"intValue": 7}}]),
            "key twice": lambda it: span(it).update(attributes=2 * [{"key": "a", "value": {"stringValue": "b"}}]),
            "bad status": lambda it: span(it).update(status={"code": 3}), "other top": lambda it: it.update(spans=[])}
        for what, spoil in faults.items():
            bad = copy.deepcopy(self.good)
            spoil(bad)
            with self.subTest(what), self.assertRaises(Fault):
                read_export(json.dumps(bad))


if __name__ == "__main__":
    unittest.main()
