"""Alerts: a schedule that fails or is silent is told once, its recovery once; by a real receiver, over restarts."""
import hashlib
import hmac
import unittest

from support import Client, Server, ServerCase, eventually
from support.receiver import Receiver

SECRET = "alert-key"


class AlertCase(ServerCase):
    """The receiver is there first: the settings name it."""

    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.server = Server(ALERT_URL=cls.receiver.url("/alerts"), ALERT_INTERVAL_SECONDS=1, ALERT_GRACE_SECONDS=2,
                            PUBLIC_URL="https://schedules.example.com/", WEBHOOK_SECRET=SECRET, LOG_LEVEL="warn")
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.client = Client(cls.server)

    def schedule(self, path, **fields):
        answer = self.client.post("/admin/schedules", {
            "name": self.fresh("schedule"), "event_type": "order", "event_action": "remind",
            "cron_expression": "* * * * * *", "target": self.receiver.target(path), "max_retries": 0, **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def failing(self, **fields):
        path = "/" + self.fresh("work")
        self.receiver.answer(path, 400)
        return path, self.schedule(path, **fields)

    def told(self, schedule, path="/alerts"):
        """What the receiver was told of the schedule, in order."""
        return [item for request in self.receiver.of(path) for item in request.message["alerts"]
                if item["schedule_id"] == schedule["id"]]

    def await_told(self, schedule, status, kind, path="/alerts"):
        def look():
            return [item for item in self.told(schedule, path) if (item["status"], item["kind"]) == (status, kind)]
        return eventually(look, 30, f"{status} {kind} of {schedule['name']}")[-1]

    def delete(self, schedule):
        self.client.delete(f"/admin/schedules/{schedule['id']}")

    def get(self, schedule):
        return self.client.get(f"/admin/schedules/{schedule['id']}").json

    def alerts(self, schedule, **query):
        return self.client.get("/alerts", schedule_id=schedule["id"], **query).json["items"]


class Alerts(AlertCase):
    def test_failures_make_one_alert_and_a_success_ends_it(self):
        path, schedule = self.failing()
        opened = self.await_told(schedule, "opened", "failure")
        self.assertEqual(opened["schedule_name"], schedule["name"])
        self.assertIn("400", opened["last_error"])
        self.assertEqual(opened["link"], f"https://schedules.example.com/#/schedules/{schedule['id']}")
        self.assertTrue(opened["next_execution"])
        shown = self.alerts(schedule)[0]
        self.assertEqual((shown["kind"], shown["status"], shown["recovered_at"]), ("failure", "open", None))
        failed = self.get(schedule)["error_count"]
        eventually(lambda: self.get(schedule)["error_count"] > failed + 3, 20, "more failures")
        self.receiver.answer(path, 200)
        recovered = self.await_told(schedule, "recovered", "failure")
        self.assertEqual(recovered["reason"], "success")
        runs = self.get(schedule)["execution_count"]
        eventually(lambda: self.get(schedule)["execution_count"] > runs + 2, 20, "more runs")
        self.assertEqual([item["status"] for item in self.told(schedule)], ["opened", "recovered"])
        self.assertEqual(self.alerts(schedule), [])
        self.assertEqual(self.alerts(schedule, status="recovered")[0]["reason"], "success")
        self.receiver.answer(path, 400)
        eventually(lambda: len(self.told(schedule)) == 3, 30, "the next alert")
        self.assertEqual(self.told(schedule)[-1]["status"], "opened")
        self.delete(schedule)

    def test_the_message_is_signed_and_has_a_text_for_chat_tools(self):
        _, schedule = self.failing()
        self.await_told(schedule, "opened", "failure")
        request = next(one for one in self.receiver.of("/alerts") if schedule["id"] in one.body.decode())
        self.assertEqual(request.headers["Content-Type"], "application/json")
        sent, signature = (part.split("=", 1)[1] for part in request.headers["X-Schedules-Signature"].split(","))
        wanted = hmac.new(SECRET.encode(), f"{sent}.".encode() + request.body, hashlib.sha256).hexdigest()
        self.assertEqual(signature, wanted)
        self.assertEqual(request.message["status"], "firing")
        self.assertIn(f'Schedule "{schedule["name"]}" failed', request.message["text"])
        self.delete(schedule)
        ended = self.await_told(schedule, "recovered", "failure")
        self.assertEqual(ended["reason"], "deleted")

    def test_a_schedule_that_does_not_succeed_in_time_is_silent(self):
        # Attempts that will be repeated are no failed run: it only does not get anywhere.
        path = "/" + self.fresh("work")
        self.receiver.answer(path, 503)
        schedule = self.schedule(path, every_seconds=1, cron_expression=None, max_retries=5, retry_delay_seconds=3600)
        paused = self.schedule(path, every_seconds=1, cron_expression=None)
        self.client.post(f"/admin/schedules/{paused['id']}/deactivate")
        opened = self.await_told(schedule, "opened", "silence")
        self.assertIn("is silent", opened["text"])
        self.receiver.answer(path, 200)
        self.assertEqual(self.await_told(schedule, "recovered", "silence")["reason"], "success")
        self.assertEqual([(item["status"], item["kind"]) for item in self.told(schedule)],
                         [("opened", "silence"), ("recovered", "silence")])
        self.assertEqual(self.told(paused), [])
        self.delete(schedule)

    def test_a_schedule_says_for_itself_where_and_when(self):
        path, schedule = self.failing(alerts={"url": self.receiver.url("/own"), "on": ["failure"], "after_failures": 3})
        opened = self.await_told(schedule, "opened", "failure", "/own")
        self.assertGreaterEqual(opened["failures"], 3)
        self.assertEqual(self.told(schedule), [])
        self.assertEqual(self.get(schedule)["alerts"], {"url": self.receiver.url("/own"), "on": ["failure"],
                                                        "after_failures": 3})
        answer = self.client.put(f"/admin/schedules/{schedule['id']}", {"alerts": {"url": self.receiver.url("/own"), "on": []}})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.await_told(schedule, "recovered", "failure", "/own")["reason"], "not_watched")
        self.assertIsNone(self.client.put(f"/admin/schedules/{schedule['id']}", {"alerts": None}).json["alerts"])
        self.delete(schedule)

    def test_an_alert_that_stays_open_is_told_again(self):
        _, schedule = self.failing(alerts={"reminder_seconds": 1})
        self.await_told(schedule, "reminder", "failure")
        self.assertEqual(self.told(schedule)[0]["status"], "opened")
        self.delete(schedule)

    def test_a_receiver_that_is_away_is_told_later(self):
        away = "/" + self.fresh("away")
        self.receiver.answer(away, 503, 503, 200)
        _, schedule = self.failing(alerts={"url": self.receiver.url(away)})
        self.receiver.wait(away, 3, timeout=60)
        shown = eventually(lambda: [one for one in self.alerts(schedule) if one["told"]], 10, "told")[0]
        self.assertEqual(shown["attempts"], 3)
        metrics = self.client.get("//metrics").body.decode()
        self.assertRegex(metrics, r'schedules_alert_messages_total\{result="retried"\} [2-9]')
        self.assertRegex(metrics, r'schedules_alerts_open\{kind="failure"\} [1-9]')
        self.delete(schedule)

    def test_what_cannot_be_is_refused_with_its_field(self):
        for alerts, code, field in (({"url": "ftp://x"}, "invalid_argument", "alerts.url"),
                                    ({"url": "http://10.0.0.1/x"}, "egress_forbidden", "alerts.url"),
                                    ({"on": ["noise"]}, "invalid_argument", "alerts.on.0"),
                                    ({"after_failures": 0}, "out_of_range", "alerts.after_failures"),
                                    ({"grace_seconds": 0}, "out_of_range", "alerts.grace_seconds"),
                                    ({"reminder": 5}, "unknown_field", "alerts.reminder"),
                                    ("loud", "wrong_type", "alerts")):
            answer = self.client.post("/admin/schedules", {"name": self.fresh(), "event_type": "a", "event_action": "b",
                                                           "cron_expression": "@daily", "alerts": alerts})
            self.refused(answer, 422, code, field)
        self.refused(self.client.get("/alerts?status=loud"), 422, "invalid_argument", "status")
        self.refused(self.client.get("/alerts?colour=red"), 422, "unknown_field", "colour")
        self.refused(self.client.get("/alerts?cursor=x"), 422, "invalid_argument", "cursor")


class AlertsOverRestarts(AlertCase):
    def test_a_restart_tells_nothing_twice(self):
        path, schedule = self.failing()
        self.await_told(schedule, "opened", "failure")
        eventually(lambda: self.alerts(schedule)[0]["told"], 10, "noted as told")
        self.server.kill()
        self.server.restart()
        _, later = self.failing()
        self.await_told(later, "opened", "failure")  # it has been looked again
        self.assertEqual([item["status"] for item in self.told(schedule)], ["opened"])
        self.receiver.answer(path, 200)
        self.await_told(schedule, "recovered", "failure")
        self.assertEqual([item["status"] for item in self.told(schedule)], ["opened", "recovered"])


if __name__ == "__main__":
    unittest.main()
