"""schedules doctor."""
import json
import socket

from program import Case, Server


class Doctor(Case):
    def checks(self, *arguments, code=0, **options):
        answer = json.loads(self.call("doctor", "--output", "json", *arguments, code=code, **options).stdout)
        self.assertEqual(answer["healthy"], code == 0)
        out = {}
        for check in answer["checks"]:
            out.setdefault(check["check"], []).append(check)
        return out

    def test_running_server_is_well(self):
        server = Server(self, lambda request: (200, {"status": "healthy"}))
        checks = self.checks("--server", server.url)
        self.assertEqual(checks["settings"][0]["result"], "ok")
        self.assertEqual(checks["server"][0]["result"], "ok")
        self.assertEqual(checks["data directory"][0]["result"], "ok")

    def test_server_that_nobody_named_may_be_absent(self):
        environment = {"schedules_LISTEN": "127.0.0.1:8480"}
        checks = self.checks(environment=environment) if self.port_is_free(8480) else {}
        if checks:
            self.assertEqual(checks["server"][0]["result"], "warn")
            self.assertIn("schedules serve", checks["server"][0]["advice"])

    @staticmethod
    def port_is_free(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    def test_named_server_must_answer(self):
        checks = self.checks("--server", "http://127.0.0.1:1", code=1)
        self.assertEqual(checks["server"][0]["result"], "fail")

    def test_faulty_settings_are_all_told(self):
        server = Server(self, lambda request: (200, {}))
        checks = self.checks("--server", server.url, "--listen", "x", "--shards", "0", code=1)
        self.assertEqual([c["result"] for c in checks["settings"]], ["fail", "fail"])

    def test_folder_that_cannot_be_made_is_told(self):
        server = Server(self, lambda request: (200, {}))
        checks = self.checks("--server", server.url, "--data-dir", "/proc/nothing/here", code=1)
        self.assertEqual(checks["data directory"][0]["result"], "fail")

    def test_backends_are_reached(self):
        server = Server(self, lambda request: (200, {}))
        host = server.url.removeprefix("http://")
        self.assertEqual(self.checks("--server", server.url, "--redis-url", f"redis://{host}")["redis"][0]["result"], "ok")
        checks = self.checks("--server", server.url, "--kafka-brokers", f"{host},127.0.0.1:1", code=1)
        self.assertIn("127.0.0.1:1", checks["kafka"][0]["detail"])

    def test_short_key_and_other_version_are_warnings(self):
        server = Server(self, lambda request: (200, {"version": "99.0.0"}))
        checks = self.checks("--server", server.url, "--auth", "token", environment={"SECRET_KEY": "short"})
        self.assertEqual(checks["access"][0]["result"], "warn")
        self.assertEqual(checks["server"][0]["result"], "warn")
        self.assertNotIn("short", json.dumps(checks).replace("a short schedules_SECRET_KEY", ""))

    def test_table_has_a_line_a_check(self):
        server = Server(self, lambda request: (200, {}))
        self.assertRegex(self.call("doctor", "--server", server.url).stdout, r"(?m)^time zones +ok")
