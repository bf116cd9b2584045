"""Exit codes, help, output to closed pipes, how errors are told."""
import json
import os
import subprocess
import unittest

from program import PROGRAM, Case, Server

COMMANDS = [
    ["serve"], ["next"], ["event"], ["event", "put"], ["event", "get"], ["event", "list"], ["event", "cancel"],
    ["event", "reschedule"], ["schedule"], ["schedule", "create"], ["schedule", "get"], ["schedule", "list"],
    ["schedule", "update"], ["schedule", "pause"], ["schedule", "resume"], ["schedule", "run"], ["schedule", "delete"],
    ["schedule", "history"], ["schedule", "next"], ["definitions"], ["definitions", "plan"], ["definitions", "apply"],
    ["import"], ["import", "crontab"], ["tail"], ["dead"], ["dead", "list"], ["dead", "redrive"], ["dead", "drop"],
    ["status"], ["doctor"], ["migrate"], ["config"], ["token"], ["token", "issue"]]
PRINTING = [c for c in COMMANDS if len(c) == 2 or c[0] in ("next", "status", "doctor", "config", "tail")]


class Help(Case):
    def test_every_command_has_help(self):
        for command in [[]] + COMMANDS:
            for flag in ("--help", "-h"):
                with self.subTest(command=command, flag=flag):
                    done = self.call(*command, flag)
                    self.assertIn("Usage:", done.stdout)
                    self.assertEqual(done.stderr, "")

    def test_commands_that_print_data_take_output(self):
        for command in PRINTING:
            if command == ["import", "crontab"]:
                continue
            with self.subTest(command=command):
                self.assertIn("--output", self.call(*command, "--help").stdout)

    def test_version(self):
        self.assertRegex(self.call("--version").stdout, r"^schedules \d+\.\d+\.\d+\n$")


class ExitCodes(Case):
    def test_bad_usage_is_2(self):
        for arguments in ([], ["nonsense"], ["event"], ["event", "nonsense"], ["event", "get"], ["next", "-n", "x", "* * * * *"],
                          ["next", "--nonsense"], ["config", "--output", "xml"], ["token", "issue"], ["next"],
                          ["token", "issue", "--role", "king"], ["event", "put", "--topic", "t"], ["event", "cancel"],
                          ["event", "put", "--topic", "t", "--action", "a"], ["dead", "redrive"],
                          ["event", "put", "--topic", "t", "--action", "a", "--in", "soon"],
                          ["event", "put", "--topic", "t", "--action", "a", "--in", "1s", "--body", "[1]"],
                          ["event", "put", "--topic", "t", "--action", "a", "--in", "1s", "--at", "2030-01-01T00:00:00Z"],
                          ["config", "--set", "nonsense"], ["serve", "--nonsense"], ["next", "* * * * *", "--after", "soon"]):
            with self.subTest(arguments=arguments):
                done = self.call(*arguments, code=2)
                self.assertNotEqual(done.stderr, "")
                self.assertEqual(done.stdout, "")

    def test_server_that_is_not_there_is_1(self):
        for arguments in (["status"], ["event", "list"], ["schedule", "list"], ["dead", "list"], ["tail"],
                          ["event", "get", "x"]):
            with self.subTest(arguments=arguments):
                done = self.call(*arguments, "--server", "http://127.0.0.1:1", code=1)
                self.assertIn("schedules: unavailable: cannot reach http://127.0.0.1:1", done.stderr)

    def test_faulty_settings_are_1(self):
        self.assertIn("schedules_LISTEN", self.call("config", "--listen", "x", code=1).stderr)


class Errors(Case):
    def test_problem_is_one_line_with_code_and_field(self):
        server = Server(self, lambda request: (422, {
            "type": "x", "title": "t", "status": 422, "detail": "bad", "code": "missing_field",
            "errors": [{"field": "entity_type", "code": "missing_field", "detail": "it is missing"}]}))
        done = self.call("event", "get", "x", "--server", server.url, code=1)
        self.assertEqual(done.stderr, "schedules: missing_field: it is missing (field entity_type)\n")

    def test_answer_that_is_not_ours_is_told(self):
        server = Server(self, lambda request: (200, "<html>"))
        self.assertIn("is --server a Schedules server", self.call("event", "get", "x", "--server", server.url, code=1).stderr)

    def test_control_characters_of_an_answer_are_not_printed(self):
        server = Server(self, lambda request: (200, {"id": "\x1b[31mred"}))
        self.assertNotIn("\x1b", self.call("event", "get", "x", "--server", server.url).stdout)
        server = Server(self, lambda request: (404, {"detail": "\x1b[31mred", "code": "not_found"}))
        self.assertNotIn("\x1b", self.call("event", "get", "x", "--server", server.url, code=1).stderr)


class Connection(Case):
    def test_server_and_token_come_from_the_environment(self):
        server = Server(self, lambda request: (200, {"items": [], "next_cursor": None}))
        self.call("event", "list", environment={"schedules_SERVER": server.url, "SCHEDULES_TOKEN": "secret"})
        self.assertEqual(server.requests[0]["headers"]["Authorization"], "Bearer secret")

    def test_token_file_wins_and_options_may_stand_first(self):
        server = Server(self, lambda request: (200, {"items": [], "next_cursor": None}))
        path = self.file("token", "from-file\n")
        self.call("--server", server.url, "--token-file", path, "event", "list", environment={"schedules_TOKEN": "other"})
        self.assertEqual(server.requests[0]["headers"]["Authorization"], "Bearer from-file")

    def test_proxy_of_the_environment_is_not_asked_for_this_machine(self):
        server = Server(self, lambda request: (200, {"items": [], "next_cursor": None}))
        self.call("event", "list", "--server", server.url, environment={"http_proxy": "http://127.0.0.1:1"})


class Pipes(Case):
    def test_closed_pipe_is_no_crash(self):
        for command in (["config"], ["next", "* * * * *", "-n", "10000"]):
            with self.subTest(command=command):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run([PROGRAM, *command], stdout=writer, stderr=subprocess.PIPE, timeout=30,
                                      cwd=self.folder)
                os.close(writer)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stderr, b"")

    def test_full_disk_is_told(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "config"], stdout=full, stderr=subprocess.PIPE, timeout=30, cwd=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)


class Status(Case):
    def test_parts_are_shown_and_not_ready_is_1(self):
        ready = {"status": "ready", "services": {"storage": {"status": "healthy", "since": "2026-01-01T00:00:00Z"}}}

        def script(request):
            if request["path"] == "/readyz":
                return (200 if ready["status"] == "ready" else 503), ready
            return 200, {"pending": 3}
        server = Server(self, script)
        done = self.call("status", "--server", server.url)
        self.assertRegex(done.stdout, r"storage +healthy +2026")
        self.assertRegex(done.stdout, r"pending +3")
        ready["status"] = "not_ready"
        answer = json.loads(self.call("status", "--server", server.url, "--output", "json", code=1).stdout)
        self.assertEqual(answer["ready"]["status"], "not_ready")
        self.assertEqual(answer["stats"], {"pending": 3})


if __name__ == "__main__":
    unittest.main()
