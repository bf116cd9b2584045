"""schedules definitions, against a server that keeps schedules in memory."""
import json

from program import Case, Server

HEAD = "version: 1\nowner: billing\ndefinitions:\n"
ONE = "- {name: one, cron_expression: 0 1 * * *, event_type: t, event_action: a}\n"
TWO = "- {name: two, cron_expression: 0 2 * * *, event_type: t, event_action: b}\n"


class Definitions(Case):
    def setUp(self):
        super().setUp()
        self.stored = {}
        self.server = Server(self, self.script)

    def script(self, request):
        path, _, query = request["path"].partition("?")
        body = json.loads(request["body"]) if request["body"] else {}
        name = path.removeprefix("/api/v1/admin/schedules").strip("/")
        if request["method"] == "GET":
            return 200, list(self.stored.values()) if "skip=0" in query else []
        if request["method"] == "POST":
            if body.get("cron_expression") == "refuse":
                return 422, {"detail": [{"loc": ["body", "cron_expression"], "msg": "no"}], "code": "invalid_cron"}
            self.stored[body["name"]] = {"status": "active", "note": None, **body, "id": body["name"]}
            return 201, self.stored[body["name"]]
        if request["method"] == "DELETE":
            return 204, self.stored.pop(name) and ""
        self.stored[name].update(body)
        return 200, self.stored[name]

    def definitions(self, command, text, *arguments, code=0):
        self.server.requests.clear()
        path = self.file("definitions.yaml", text)
        done = self.call("definitions", command, path, *arguments, "--server", self.server.url, "--output", "json", code=code)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def actions(self, answer):
        return {item["name"]: item["action"] for item in answer["items"]}

    def writes(self):
        return [r["method"] for r in self.server.requests if r["method"] != "GET"]

    def test_plan_changes_nothing(self):
        self.assertEqual(self.actions(self.definitions("plan", HEAD + ONE + TWO)), {"one": "create", "two": "create"})
        self.assertEqual(self.writes(), [])

    def test_apply_makes_it_so_and_again_changes_nothing(self):
        answer = self.definitions("apply", HEAD + ONE + TWO)
        self.assertEqual(answer["applied"], {"changed": 2, "failed": 0})
        self.assertEqual(self.stored["one"]["owner"], "billing")
        answer = self.definitions("apply", HEAD + ONE + TWO)
        self.assertEqual(self.actions(answer), {"one": "unchanged", "two": "unchanged"})
        self.assertEqual(self.writes(), [])

    def test_changed_one_is_updated_alone(self):
        self.definitions("apply", HEAD + ONE + TWO)
        answer = self.definitions("apply", HEAD + ONE.replace("0 1", "30 1") + TWO)
        self.assertEqual(self.actions(answer), {"one": "update", "two": "unchanged"})
        self.assertEqual(self.server.bodies("PUT"), [{"cron_expression": "30 1 * * *"}])

    def test_orphan_is_disabled_then_comes_back(self):
        self.definitions("apply", HEAD + ONE + TWO)
        self.assertEqual(self.actions(self.definitions("apply", HEAD + ONE))["two"], "orphan")
        self.assertEqual(self.stored["two"]["status"], "disabled")
        self.definitions("apply", HEAD + ONE)
        self.assertEqual(self.writes(), [])
        self.definitions("apply", HEAD + ONE + TWO)
        self.assertEqual((self.stored["two"]["status"], self.stored["two"]["note"]), ("active", None))

    def test_prune_deletes_at_most_a_fifth_without_force(self):
        self.definitions("apply", HEAD + ONE + TWO)
        self.assertIn("--force", self.definitions("apply", HEAD + ONE, "--prune", code=1))
        self.assertEqual(self.writes(), [])
        self.definitions("apply", HEAD + ONE, "--prune", "--force")
        self.assertEqual(list(self.stored), ["one"])

    def test_pause_of_an_operator_survives(self):
        self.definitions("apply", HEAD + ONE)
        self.stored["one"]["status"] = "paused"
        answer = self.definitions("apply", HEAD + ONE.replace("0 1", "30 1"))
        self.assertEqual(self.stored["one"]["status"], "paused")
        self.assertIn("paused", answer["items"][0]["note"])

    def test_name_of_somebody_else_is_refused(self):
        self.stored["one"] = {"id": "one", "name": "one", "status": "active", "owner": None}
        answer = self.definitions("apply", HEAD + ONE + TWO, code=1)
        self.assertEqual(self.actions(answer), {"one": "conflict", "two": "create"})
        self.assertEqual(answer["applied"], {"changed": 1, "failed": 1})
        self.definitions("plan", HEAD + ONE, code=1)

    def test_one_that_is_refused_keeps_no_other(self):
        answer = self.definitions("apply", HEAD + ONE.replace("0 1 * * *", "refuse") + TWO, code=1)
        self.assertEqual(answer["applied"], {"changed": 1, "failed": 1})
        self.assertIn("two", self.stored)

    def test_faulty_file_changes_nothing(self):
        self.assertIn("did you mean timezone?", self.definitions("apply", HEAD + ONE + "- {name: x, timezon: UTC}\n", code=1))
        self.assertEqual(self.server.requests, [])

    def test_table_shows_what_changes(self):
        self.definitions("apply", HEAD + ONE)
        path = self.file("new.yaml", HEAD + ONE.replace("0 1", "30 1") + TWO)
        done = self.call("definitions", "plan", path, "--server", self.server.url)
        self.assertIn('cron_expression: "0 1 * * *" → "30 1 * * *"', done.stdout)
        self.assertIn("1 to create, 1 to update, 0 unchanged", done.stdout)

    def test_imported_crontab_can_be_applied(self):
        crontab = self.file("crontab", "CRON_TZ=Europe/London\n0 2 * * * /bin/backup \"a b\" 'c: d' # x\n@daily b\n")
        self.file("made.yaml", self.call("import", "crontab", crontab).stdout)
        answer = self.definitions("apply", (self.folder / "made.yaml").read_text())
        self.assertEqual(answer["applied"]["changed"], 2)
        made = next(s for s in self.stored.values() if s["cron_expression"] == "0 2 * * *")
        self.assertEqual(made["timezone"], "Europe/London")
        self.assertEqual(made["event_payload"]["command"], "/bin/backup \"a b\" 'c: d' # x")
