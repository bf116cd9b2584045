"""Each setting has an effect that can be seen; where they come from; SIGHUP; a clean stop."""
import contextlib
import sqlite3
import threading
import time
import unittest

from support import Client, Receiver, Server, clean_environment, eventually, run_cli
from support.server import StartFailed


class SettingsCase(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def serve(self, arguments=(), **settings):
        server = Server(arguments=arguments, **settings)
        self.addCleanup(server.close)
        return server.start(), Client(server)

    def put(self, client, **fields):
        event = {"topic": "t", "entity_type": "o", "action": "a", "delay_seconds": 0, "body": {}, **fields}
        answer = client.post("/events", event)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def schedule(self, client, **fields):
        answer = client.post("/admin/schedules", {"name": f"s{time.time_ns()}", "event_type": "o", "event_action": "a", **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def read(self, client, key):
        return client.post("/admin/settings/get", {"keys": [f"schedules_{key}"]}).json[f"schedules_{key}"]

    def await_state(self, client, made, state, timeout=10):
        return eventually(lambda: (lambda json: json if json["state"] == state else None)(
            client.get(f"/events/{made['id']}").json), timeout, f"{state} of {made['id']}")


class Effects(SettingsCase):
    def test_retries(self):
        """MAX_RETRIES and RETRY_DELAY_SECONDS, of plain events and of schedules that do not say it."""
        _, client = self.serve(MAX_RETRIES=1, RETRY_DELAY_SECONDS=2)
        self.receiver.answer("/broken", 500)
        made = self.schedule(client, cron_expression="0 0 1 1 *")
        self.assertEqual((made["max_retries"], made["retry_delay_seconds"]), (1, 2))
        event = self.put(client, target=self.receiver.target("/broken"))
        self.assertEqual((event["max_retries"], event["retry_delay_seconds"]), (1, 2))
        dead = self.await_state(client, event, "dead")
        self.assertEqual(dead["outcome"]["reason"], "retries_exhausted")
        first, second = self.receiver.of("/broken")
        self.assertLess(second.at - first.at, 2.5)

    def test_no_retries(self):
        _, client = self.serve(MAX_RETRIES=0)
        self.receiver.answer("/broken", 500)
        self.await_state(client, self.put(client, target=self.receiver.target("/broken")), "dead")
        self.assertEqual(len(self.receiver.of("/broken")), 1)

    def test_max_concurrent_executions(self):
        for most in (1, 4):
            _, client = self.serve(MAX_CONCURRENT_EXECUTIONS=most)
            self.receiver.most_at_once = 0
            path = f"/slow-{most}"
            self.receiver.answer(path, lambda _: (time.sleep(0.05), 200)[1])
            client.post("/events", [{"topic": "t", "entity_type": "o", "action": "a", "delay_seconds": 0.3, "body": {},
                                     "target": self.receiver.target(path)} for _ in range(24)])
            self.receiver.wait(path, 24, 20)
            self.assertEqual(self.receiver.most_at_once, most)

    def test_timezone(self):
        _, client = self.serve(TIMEZONE="Asia/Tokyo")
        made = self.schedule(client, cron_expression="0 9 * * *")
        self.assertEqual(made["timezone"], "Asia/Tokyo")
        self.assertIn("T00:00:00", made["next_execution"])
        preview = client.get("/schedules/preview", expr="0 9 * * *").json
        self.assertIn(preview["timezone"], ("Asia/Tokyo", "UTC"))

    def test_check_interval(self):
        """A long one delays nothing: what is changed is planned at once, and occurrences are planned ahead."""
        _, client = self.serve(CHECK_INTERVAL_SECONDS=3600)
        self.schedule(client, cron_expression="* * * * * *", target=self.receiver.target("/planned"))
        received = self.receiver.wait("/planned", 3, 6)
        self.assertLess(received[2].at - received[0].at, 3)

    def test_immediate_horizon_and_tiers(self):
        _, client = self.serve(IMMEDIATE_HORIZON_SECONDS=10, TRANSFER_HORIZON_SECONDS=20, CLICKHOUSE_SYNC_INTERVAL=2)
        self.assertEqual(self.put(client, delay_seconds=8)["tier"], "near")
        self.assertEqual(self.put(client, delay_seconds=15)["tier"], "far")

    def test_no_hybrid_scheduler(self):
        _, client = self.serve(USE_HYBRID_SCHEDULER="false")
        self.assertEqual(self.put(client, delay_seconds=86400 * 300)["tier"], "near")
        moved = client.patch(f"/events/{self.put(client, delay_seconds=60)['id']}", {"delay_seconds": 86400 * 300})
        self.assertEqual((moved.status, moved.json["tier"]), (200, "near"), "off, all are near")

    def test_far_events_move_near_and_fire(self):
        """TRANSFER_HORIZON_SECONDS and CLICKHOUSE_SYNC_INTERVAL."""
        _, client = self.serve(IMMEDIATE_HORIZON_SECONDS=1, TRANSFER_HORIZON_SECONDS=5, CLICKHOUSE_SYNC_INTERVAL=1)
        made = self.put(client, delay_seconds=7, target=self.receiver.target("/far"))
        later = self.put(client, delay_seconds=3600)
        self.assertEqual(made["tier"], "far")
        event = eventually(lambda: (lambda json: json if json["tier"] == "near" else None)(
            client.get(f"/events/{made['id']}").json), 5, "the transfer")
        self.assertEqual(event["state"], "pending")
        self.assertEqual(client.get(f"/events/{later['id']}").json["tier"], "far")
        received = self.receiver.wait("/far", timeout=10)
        time.sleep(1.2)
        self.assertEqual([one.event_id for one in self.receiver.of("/far")], [made["id"]], "once")
        self.assertLess(int(received[0].message["metrics"]["queue_time_ms"]), 500)

    def test_sync_on_demand(self):
        _, client = self.serve(IMMEDIATE_HORIZON_SECONDS=1, TRANSFER_HORIZON_SECONDS=7200, CLICKHOUSE_SYNC_INTERVAL=3600)
        made = [self.put(client, delay_seconds=3600) for _ in range(3)]
        self.put(client, delay_seconds=9000)
        self.assertEqual(client.post("/monitoring/sync").json["transferred_count"], 3)
        self.assertEqual(client.get(f"/events/{made[0]['id']}").json["tier"], "near")

    def test_correlation_mode(self):
        _, client = self.serve(CORRELATION_MODE="null")
        self.put(client, target=self.receiver.target("/null"), correlation_id="c")
        received = self.receiver.wait("/null")[0]
        self.assertIsNone(received.message["correlation_id"])
        self.assertTrue(received.headers["X-Schedules-Correlation-Id"])

    def test_processing_interval_is_taken(self):
        _, client = self.serve(REDIS_PROCESSING_INTERVAL=5)
        self.assertEqual(self.read(client, "REDIS_PROCESSING_INTERVAL"), 5)
        began = time.time()
        self.put(client, delay_seconds=0.5, target=self.receiver.target("/waited"))
        self.assertLess(self.receiver.wait("/waited")[0].at - began, 1.5, "the interval is no granularity")

    def test_analytics_off(self):
        _, client = self.serve(ANALYTICS_ENABLED="false")
        made = self.put(client)
        self.await_state(client, made, "fired")
        job = self.schedule(client, one_time=True, execution_time="2020-01-01T00:00:00Z")
        eventually(lambda: client.get(f"/admin/schedules/{job['id']}/executions").json, what="a schedule's execution")
        summary = client.get("/monitoring/analytics/summary").json
        self.assertEqual(summary["total_executions"], 1, "only the schedule's")

    def aged(self, **settings):
        """A server with one execution of a schedule and those of three plain events, all three days old."""
        server, client = self.serve(**settings)
        job = self.schedule(client, one_time=True, execution_time="2020-01-01T00:00:00Z")
        path = f"/admin/schedules/{job['id']}/executions"
        for _ in range(3):
            self.await_state(client, self.put(client), "fired")
        eventually(lambda: client.get("/monitoring/analytics/summary").json["total_executions"] == 4, what="4 executions")
        self.assertEqual(len(client.get(path).json), 1)
        server.terminate()
        self.age(server, days=3)
        server.restart()
        client.post("/monitoring/cleanup")
        return len(client.get(path).json), client.get("/monitoring/analytics/summary", hours=8784).json["total_executions"]

    def test_execution_history(self):
        self.assertEqual(self.aged(), (1, 4), "kept for 30 and 90 days")
        kept, total = self.aged(EXECUTION_HISTORY_TTL_DAYS=1)
        self.assertEqual(kept, 0, "EXECUTION_HISTORY_TTL_DAYS=1, and it is three days old")
        self.assertEqual(total, 4, "the figures are kept longer")

    def test_analytics_retention(self):
        kept, total = self.aged(ANALYTICS_RETENTION_DAYS=1)
        self.assertEqual(kept, 1, "the history of schedules is kept longer")
        self.assertLessEqual(total, 1, "ANALYTICS_RETENTION_DAYS=1, and the figures are three days old")

    @staticmethod
    def age(server, days):
        """Moves every time in the tables of executions into the past: microseconds since 1970, and hours."""
        for path in server.data_dir.rglob("*"):
            if not path.is_file() or path.read_bytes()[:15] != b"SQLite format 3":
                continue
            with contextlib.closing(sqlite3.connect(path)) as database:
                tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                for table in (one for one in tables if one.startswith("execution")):
                    for column in (row[1] for row in database.execute(f"PRAGMA table_info({table})")):
                        step = days * 24 if column == "hour" else days * 86_400_000_000
                        least = 400_000 if column == "hour" else 10**15
                        database.execute(f"UPDATE {table} SET {column} = {column} - {step}"
                                         f" WHERE typeof({column}) = 'integer' AND {column} > {least}")
                database.commit()


class Sources(SettingsCase):
    def config(self, *arguments, **settings):
        return run_cli("config", *arguments, env=clean_environment(**settings))

    def test_an_unknown_one_is_refused_with_a_suggestion(self):
        for arguments, settings in (((), {"MAX_RETIRES": 1}), (("--set", "MAX_RETIRES=1"), {})):
            server = Server(arguments=arguments, **settings)
            self.addCleanup(server.close)
            with self.assertRaises(StartFailed) as caught:
                server.start(10)
            self.assertIn(caught.exception.code, (1, 2))
            self.assertIn("MAX_RETRIES", caught.exception.log)

    def test_bad_values_are_refused(self):
        for name, value in (("MAX_RETRIES", "many"), ("MAX_RETRIES", "-1"), ("CHECK_INTERVAL_SECONDS", "4"),
                            ("TIMEZONE", "Mars/Olympus"), ("LISTEN", "nowhere"), ("WEBHOOK_ALLOW", "300.0.0.0/8"),
                            ("USE_HYBRID_SCHEDULER", "perhaps"), ("LOG_LEVEL", "loud"), ("DEFAULT_TARGET", "webhook"),
                            ("TRANSFER_HORIZON_SECONDS", "60")):
            arguments = ["serve", "--data-dir", "/nonexistent/never"]
            if name != "LISTEN":
                arguments += ["--listen", "127.0.0.1:0"]
            done = run_cli(*arguments, env=clean_environment(**{name: value}), timeout=10)
            self.assertIn(done.returncode, (1, 2), (name, done))
            self.assertIn(name, done.stderr)

    def test_precedence(self):
        server = Server(TIMEZONE="Europe/Paris")
        self.addCleanup(server.close)
        (server.home / "schedules.toml").write_text('timezone = "Asia/Tokyo"\nmax_retries = 7\nretry_delay_seconds = "90s"\n')
        server.arguments = ["--set", "RETRY_DELAY_SECONDS=5"]
        server.start()
        client = Client(server)
        self.assertEqual([self.read(client, key) for key in ("TIMEZONE", "MAX_RETRIES", "RETRY_DELAY_SECONDS")],
                         ["Europe/Paris", 7, 5], "flag, environment, file")

    def test_names_in_any_case(self):
        done = run_cli("config", "--output", "json", env={**clean_environment(), "SCHEDULES_MAX_RETRIES": "9"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("9", done.stdout)

    def test_config_lists_every_setting(self):
        done = self.config("--output", "json", MAX_RETRIES=9)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("CHECK_INTERVAL_SECONDS", "MAX_RETRIES", "RETRY_DELAY_SECONDS", "EXECUTION_HISTORY_TTL_DAYS",
                     "MAX_CONCURRENT_EXECUTIONS", "TIMEZONE", "USE_HYBRID_SCHEDULER", "REDIS_PROCESSING_INTERVAL",
                     "CLICKHOUSE_SYNC_INTERVAL", "IMMEDIATE_HORIZON_SECONDS", "TRANSFER_HORIZON_SECONDS", "ANALYTICS_ENABLED",
                     "ANALYTICS_RETENTION_DAYS"):
            self.assertIn(name, done.stdout)


class Reload(SettingsCase):
    def start(self, text):
        server = Server(LOG_LEVEL="info")
        self.addCleanup(server.close)
        self.write(server, text)
        return server.start(), Client(server)

    @staticmethod
    def write(server, text):
        (server.home / "schedules.toml").write_text(text)

    def reload(self, server, text, word="settings.reloaded"):
        before = server.log(10_000).count(word)
        self.write(server, text)
        server.reload()
        eventually(lambda: server.log(10_000).count(word) > before, 5, "the reload in the log")

    def test_concurrency(self):
        server, client = self.start("max_concurrent_executions = 1\n")
        self.reload(server, "max_concurrent_executions = 6\n")
        self.receiver.answer("/slow", lambda _: (time.sleep(0.05), 200)[1])
        for _ in range(30):
            self.put(client, delay_seconds=0.3, target=self.receiver.target("/slow"))
        self.receiver.wait("/slow", 30, 20)
        self.assertTrue(2 <= self.receiver.most_at_once <= 6, self.receiver.most_at_once)

    def test_what_needs_a_restart_is_said_and_stays(self):
        server, client = self.start('timezone = "UTC"\n')
        self.reload(server, 'timezone = "Asia/Tokyo"\n')
        made = self.schedule(client, cron_expression="0 0 1 1 *")
        self.assertEqual(made["timezone"], "UTC")
        self.assertRegex(server.log(10_000), "need_restart=TIMEZONE")

    def test_a_bad_file_changes_nothing(self):
        server, client = self.start("max_concurrent_executions = 3\n")
        self.reload(server, "max_concurrent_executions = 0\n", "settings.reload_refused")
        self.assertTrue(server.alive())
        self.assertEqual(client.get("//healthz").status, 200)


class Stop(SettingsCase):
    def test_drains_what_is_in_flight(self):
        server, client = self.serve()
        self.receiver.hold("/slow")
        made = self.put(client, target=self.receiver.target("/slow"))
        pending = self.put(client, delay_seconds=3600)
        self.receiver.wait("/slow")
        ended = []
        thread = threading.Thread(target=lambda: ended.append(server.terminate(15)))
        thread.start()
        time.sleep(0.5)
        self.assertEqual(ended, [], "it waits for the webhook")
        self.receiver.release("/slow")
        thread.join(15)
        self.assertEqual(ended, [0])
        server.restart()
        self.assertEqual(client.get(f"/events/{made['id']}").json["state"], "fired")
        self.assertEqual(client.get(f"/events/{pending['id']}").json["state"], "pending")
        time.sleep(0.5)
        self.assertEqual(len(self.receiver.of("/slow")), 1, "it was recorded, so it is not sent again")

    def test_does_not_wait_for_ever(self):
        server, client = self.serve(SHUTDOWN_TIMEOUT_SECONDS=1)
        self.receiver.hold("/stuck")
        self.addCleanup(self.receiver.release, "/stuck")
        self.put(client, target=self.receiver.target("/stuck"))
        self.receiver.wait("/stuck")
        began = time.monotonic()
        self.assertEqual(server.terminate(10), 0)
        self.assertLess(time.monotonic() - began, 5)

    def test_idle(self):
        server, client = self.serve()
        self.assertEqual(client.get("//readyz").json["status"], "ready")
        began = time.monotonic()
        self.assertEqual(server.terminate(10), 0)
        self.assertLess(time.monotonic() - began, 3)


if __name__ == "__main__":
    unittest.main()
