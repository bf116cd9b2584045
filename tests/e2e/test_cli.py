"""The command line client against a live server, as scripts use it: --output json, exit codes, stdout and stderr."""
import datetime
import json
import pathlib
import tempfile
import unittest

from support import ServerCase, clean_environment, eventually, run_cli

CRONTAB = """\
# m h dom mon dow command
MAILTO=ops
CRON_TZ=Europe/Berlin
*/5 * * * * /usr/bin/sync-stock --all
30 2 * * 0 /usr/local/bin/backup
@daily /usr/bin/cleanup
not a line
"""
DEFINITIONS = """\
version: 1
owner: billing
definitions:
- name: billing.process
  cron_expression: 0 0 1 * *
  timezone: Europe/London
  event_type: billing
  event_action: process
  payload: {billing_type: monthly}
- name: billing.remind
  cron_expression: "0 9 * * 1"
  event_type: billing
  event_action: remind
"""


class CliCase(ServerCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="schedules-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_json(self, *arguments, code=0, **options):
        done = run_cli(*arguments, "--output", "json", server=self.server, **options)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}\n{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def fails(self, *arguments, code=1):
        done = run_cli(*arguments, server=self.server)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}\n{done.stderr}")
        self.assertTrue(done.stderr.strip(), "it has to say why")
        self.assertEqual(done.stdout.strip(), "", "faults do not go to stdout")
        return done.stderr

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class Events(CliCase):
    def test_put_get_reschedule_cancel(self):
        body = self.file("body.json", '{"text": "Grüße"}')
        made = self.run_json("event", "put", "--topic", "cli", "--action", "go", "--in", "90s", "--body", f"@{body}",
                             "--entity-type", "order", "--entity-id", "7", "--tag", "a", "--tag", "b", "--header", "x=y",
                             "--priority", "2", "--idempotency-key", self.fresh())
        self.assertEqual((made["body"], made["tags"], made["headers"], made["priority"]),
                         ({"text": "Grüße"}, ["a", "b"], {"x": "y"}, 2))
        self.assertEqual(self.run_json("event", "get", made["id"]), made)
        moved = self.run_json("event", "reschedule", made["id"], "--at", "2090-01-01T00:00:00Z")
        self.assertEqual(moved["scheduled_at"], "2090-01-01T00:00:00.000000Z")
        self.assertIn("revision", self.fails("event", "cancel", made["id"], "--if-revision", "1"))
        self.assertEqual(self.run_json("event", "cancel", made["id"])["result"], "cancelled")
        self.assertIn("not_found", self.fails("event", "get", "7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968"))

    def test_bad_usage(self):
        for arguments in (("event", "put", "--topic", "t"), ("event", "put", "--topic", "t", "--action", "a"),
                          ("event", "put", "--topic", "t", "--action", "a", "--in", "soon"), ("event",), ("nonsense",),
                          ("event", "cancel"), ("event", "put", "--topic", "t", "--action", "a", "--in", "1s", "--body", "[1]")):
            self.fails(*arguments, code=2)

    def test_refusals_name_the_field(self):
        told = self.fails("event", "put", "--topic", "x" * 250, "--action", "a", "--in", "1h")
        self.assertIn("too_long", told)
        self.assertIn("topic", told)

    def test_put_file(self):
        topic = self.fresh("file")
        lines = [json.dumps(self.event(topic=topic, entity_id=str(n))) for n in range(250)]
        lines[100] = "{nonsense"
        lines[200] = json.dumps(self.event(topic=topic, priority=99))
        path = self.file("events.ndjson", "\n".join(lines) + "\n")
        done = run_cli("event", "put", "--file", path, "--batch", "60", "--output", "json", server=self.server)
        self.assertEqual(done.returncode, 1, "two lines were refused")
        summary = json.loads(done.stdout)
        self.assertEqual((summary["created"], summary["existing"], summary["refused"]), (248, 0, 2))
        self.assertEqual([(one["line"], one["code"]) for one in summary["errors"]], [(101, "invalid_json"), (201, "out_of_range")])
        listed = self.run_json("event", "list", "--topic", topic, "--limit", "1000")["items"]
        self.assertEqual(len(listed), 248)
        self.assertEqual(len(self.run_json("event", "list", "--topic", topic, "--limit", "7")["items"]), 7)

    def test_put_file_twice(self):
        topic = self.fresh("keyed")
        text = "\n".join(json.dumps(self.event(topic=topic, idempotency_key=f"{topic}-{n}", delay_seconds=None,
                                               scheduled_at="2090-01-01T00:00:00Z")) for n in range(20))
        text = text.replace('"delay_seconds": null, ', "")
        for created, existing in ((20, 0), (0, 20)):
            done = run_cli("event", "put", "--file", "-", "--output", "json", server=self.server, input=text)
            self.assertEqual(done.returncode, 0, done.stderr)
            summary = json.loads(done.stdout)
            self.assertEqual((summary["created"], summary["existing"]), (created, existing))

    def test_cancel_and_reschedule_by_filter(self):
        topic = self.fresh("filter")
        for _ in range(5):
            self.created(topic=topic)
        self.assertEqual(self.run_json("event", "cancel", "--topic", topic, "--dry-run")["matched"], 5)
        self.assertEqual(self.run_json("event", "reschedule", "--topic", topic, "--by", "1h")["succeeded"], 5)
        self.assertEqual(self.run_json("event", "cancel", "--topic", topic)["succeeded"], 5)
        self.assertEqual(self.run_json("event", "list", "--topic", topic)["items"], [])

    def test_tables_are_for_people(self):
        topic = self.fresh("table")
        made = self.created(topic=topic)
        done = run_cli("event", "list", "--topic", topic, server=self.server)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(made["id"], done.stdout)
        self.assertNotIn("\x1b", done.stdout, "no colours into a pipe")

    def test_dead_letters(self):
        topic = self.fresh("dead")
        self.receiver.answer("/dead", 400)
        made = self.created(topic=topic, delay_seconds=0, target=self.receiver.target("/dead"))
        self.await_state(made["id"], "dead")
        listed = eventually(lambda: self.run_json("dead", "list", "--topic", topic)["items"])
        self.assertEqual([(one["id"], one["reason"]) for one in listed], [(made["id"], "rejected")])
        self.assertEqual(self.run_json("dead", "redrive", "--topic", topic, "--dry-run")["matched"], 1)
        self.receiver.answer("/dead", 200)
        self.assertEqual(self.run_json("dead", "redrive", made["id"])["succeeded"], 1)
        self.await_state(made["id"], "fired")
        self.fails("dead", "drop", made["id"])
        self.fails("dead", "redrive", code=2)


class Schedules(CliCase):
    def test_create_pause_resume_run_delete(self):
        name = self.fresh("cli")
        made = self.run_json("schedule", "create", "--name", name, "--event-type", "report", "--event-action", "make",
                             "--cron", "0 8 * * 1", "--json", json.dumps({"target": self.receiver.target("/run")}))
        self.assertEqual((made["name"], made["cron_expression"], made["status"]), (name, "0 8 * * 1", "active"))
        self.assertEqual(self.run_json("schedule", "pause", name)["status"], "paused")
        self.assertEqual(self.run_json("schedule", "resume", made["id"])["status"], "active")
        self.run_json("schedule", "run", name)
        self.receiver.wait("/run")
        history = eventually(lambda: self.run_json("schedule", "history", name))
        self.assertEqual(history[0]["status"], "success")
        self.assertEqual(self.run_json("schedule", "update", name, "--status", "disabled")["status"], "disabled")
        self.assertIn(name, [one["name"] for one in self.run_json("schedule", "list", "--limit", "1000")])
        self.assertEqual(len(self.run_json("schedule", "next", name, "-n", "3")["occurrences"]), 3)
        self.run_json("schedule", "delete", name)
        self.fails("schedule", "get", name)

    def test_refusals(self):
        told = self.fails("schedule", "create", "--name", self.fresh(), "--event-type", "a", "--event-action", "b",
                          "--cron", "61 * * * *")
        self.assertIn("invalid_cron", told)
        name = self.fresh()
        arguments = ("schedule", "create", "--name", name, "--event-type", "a", "--event-action", "b", "--cron", "0 0 1 1 *")
        self.run_json(*arguments)
        self.assertIn("already_exists", self.fails(*arguments))

    def test_definitions(self):
        path = self.file("definitions.yaml", DEFINITIONS)
        plan = self.run_json("definitions", "plan", path)
        self.assertEqual([(one["action"], one["name"]) for one in plan["items"]],
                         [("create", "billing.process"), ("create", "billing.remind")])
        self.assertEqual(self.run_json("definitions", "apply", path)["applied"], {"changed": 2, "failed": 0})
        found = {one["name"]: one for one in self.client.get("/admin/schedules", owner="billing").json}
        self.assertEqual(set(found), {"billing.process", "billing.remind"})
        process = found["billing.process"]
        self.assertEqual((process["timezone"], process["event_payload"]), ("Europe/London", {"billing_type": "monthly"}))
        again = self.run_json("definitions", "apply", path)
        self.assertEqual((again["summary"]["unchanged"], again["applied"]["changed"]), (2, 0))
        self.assertEqual(self.client.get(f"/admin/schedules/{process['id']}").json, process, "untouched")
        self.client.post(f"/admin/schedules/{process['id']}/deactivate")
        path.write_text(DEFINITIONS.replace("0 0 1 * *", "0 0 2 * *").split("- name: billing.remind")[0])
        self.assertEqual(self.run_json("definitions", "plan", path)["summary"]["update"], 1)
        self.run_json("definitions", "apply", path)
        changed = self.client.get(f"/admin/schedules/{process['id']}").json
        self.assertEqual((changed["cron_expression"], changed["status"]), ("0 0 2 * *", "paused"), "an operator's pause stays")
        orphan = self.client.get(f"/admin/schedules/{found['billing.remind']['id']}").json
        self.assertEqual(orphan["status"], "disabled", "disabled first, deleted only by --prune")
        self.run_json("definitions", "apply", path, "--prune", "--force")
        self.assertEqual(self.client.get(f"/admin/schedules/{orphan['id']}").status, 404)

    def test_import_crontab(self):
        done = run_cli("import", "crontab", self.file("crontab", CRONTAB))
        self.assertEqual(done.returncode, 1, "a line cannot be imported")
        self.assertIn("line 7", done.stderr)
        self.run_json("definitions", "apply", self.file("imported.yaml", done.stdout))
        found = self.client.get("/admin/schedules", owner="crontab").json
        self.assertCountEqual([one["cron_expression"] for one in found], ["*/5 * * * *", "30 2 * * 0", "@daily"])
        self.assertEqual({one["timezone"] for one in found}, {"Europe/Berlin"})
        self.assertEqual({one["event_payload"]["command"] for one in found},
                         {"/usr/bin/sync-stock --all", "/usr/local/bin/backup", "/usr/bin/cleanup"})


class Around(CliCase):
    def test_status(self):
        status = self.run_json("status")
        self.assertIn("healthy", json.dumps(status))

    def test_doctor(self):
        done = run_cli("doctor", "--output", "json", server=self.server, cwd=self.folder)
        found = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if found["healthy"] else 1)
        checks = {one["check"]: one for one in found["checks"]}
        self.assertEqual(checks["server"]["result"], "ok", checks)
        broken = run_cli("doctor", "--output", "json", env=clean_environment(SERVER="http://127.0.0.1:1"), cwd=self.folder)
        self.assertEqual(broken.returncode, 1)
        self.assertFalse(json.loads(broken.stdout)["healthy"])

    def test_no_server(self):
        for arguments in (("status",), ("event", "list"), ("schedule", "list"), ("tail",)):
            done = run_cli(*arguments, env=clean_environment(SERVER="http://127.0.0.1:1"))
            self.assertEqual(done.returncode, 1, (arguments, done))
            self.assertIn("127.0.0.1:1", done.stderr)

    def test_next(self):
        done = run_cli("next", "30 2 * * *", "--tz", "Europe/Berlin", "--after", "2026-03-28T12:00:00Z", "-n", "2", "--output", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2026-03-29T03:00:00", done.stdout)
        lines = '{"expr":"0 0 * * *","n":2,"after":"2026-01-01T00:00:00Z"}\n{"expr":"61 * * * *"}\n{"expr":"@hourly","n":1}\n'
        done = run_cli("next", "--batch", input=lines)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), 3)
        first = [datetime.datetime.fromisoformat(one.replace("Z", "+00:00")).isoformat() for one in answers[0]["next"]]
        self.assertEqual(first, ["2026-01-02T00:00:00+00:00", "2026-01-03T00:00:00+00:00"])
        self.assertEqual(answers[1]["error"]["code"], "invalid_cron")
        self.assertEqual(len(answers[2]["next"]), 1)

    def test_help_and_version(self):
        for arguments in (("--help",), ("serve", "--help"), ("event", "put", "--help"), ("definitions", "apply", "--help"),
                          ("--version",)):
            done = run_cli(*arguments)
            self.assertEqual(done.returncode, 0, (arguments, done))
            self.assertTrue(done.stdout.strip())


if __name__ == "__main__":
    unittest.main()
