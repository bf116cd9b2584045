"""The audit trail: who changed what, with what was before; kept over a restart, and without secrets."""
import datetime
import json
import pathlib
import tempfile
import time
import unittest

from support import Client, ServerCase, eventually
from support.tokens import KEY, token

DEFINITIONS = """owner: billing
definitions:
  - name: billing.close
    event_type: billing
    event_action: close
    cron_expression: 0 2 * * *
"""


class Audit(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="definitions-")
        cls.addClassCleanup(cls.folder.cleanup)
        pathlib.Path(cls.folder.name, "billing.yaml").write_text(DEFINITIONS)
        cls.settings = {"AUTH": "token", "SECRET_KEY": KEY, "DEFINITIONS_DIR": cls.folder.name, "LOG_LEVEL": "warn"}
        super().setUpClass()
        cls.alice, cls.bob = cls.as_("alice"), cls.as_("bob")
        cls.client = cls.alice

    @classmethod
    def as_(cls, name, role="superuser"):
        return Client(cls.server, token({"sub": name, "role": role, "exp": int(time.time()) + 3600}))

    def schedule(self, client=None, **fields):
        answer = (client or self.alice).post("/admin/schedules", {
            "name": self.fresh("schedule"), "event_type": "a", "event_action": "b", "cron_expression": "0 9 * * *", **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def entries(self, **query):
        answer = self.alice.get("/audit", **query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["items"]

    def await_entries(self, count, **query):
        """Of changes in other stores, which are noted a moment later."""
        return eventually(lambda: (lambda found: found if len(found) >= count else None)(self.entries(**query)), 10, f"{count} entries")

    def test_each_change_of_a_schedule_says_who_and_what_was_before(self):
        made = self.schedule(tags=["x"])
        path = f"/admin/schedules/{made['id']}"
        self.assertEqual(self.bob.put(path, {"cron_expression": "0 10 * * *", "priority": 3}).status, 200)
        self.assertEqual(self.bob.put(path, {"priority": 3}).status, 200)  # nothing of it is new
        self.assertEqual(self.alice.post(path + "/deactivate").status, 200)
        self.assertEqual(self.alice.post("/admin/schedules/bulk/activate", [made["id"]]).json["modified_count"], 1)
        self.assertEqual(self.bob.delete(path).status, 204)
        deleted, activated, paused, updated, created = self.entries(kind="schedule", id=made["id"])
        told = [(one["action"], one["actor"], one["role"]) for one in (created, updated, paused, activated, deleted)]
        self.assertEqual(told, [("create", "alice", "superuser"), ("update", "bob", "superuser"), ("pause", "alice", "superuser"),
                                ("activate", "alice", "superuser"), ("delete", "bob", "superuser")])
        self.assertEqual(updated["changes"], {"cron_expression": {"before": "0 9 * * *", "after": "0 10 * * *"},
                                              "priority": {"before": 0, "after": 3}})
        self.assertEqual(paused["changes"], {"status": {"before": "active", "after": "paused"}})
        self.assertEqual(created["changes"]["tags"], {"before": None, "after": ["x"]})
        self.assertEqual(deleted["changes"]["priority"], {"before": 3, "after": None})
        self.assertTrue(all(one["object_name"] == made["name"] and one["certain"] for one in (created, deleted)))

    def test_a_refused_change_leaves_no_trace(self):
        made = self.schedule()
        path = f"/admin/schedules/{made['id']}"
        self.assertEqual(self.alice.put(path, {"cron_expression": "nonsense"}).status, 422)
        self.assertEqual(self.alice.put(path, {"priority": 5}, headers={"If-Match": '"77"'}).status, 412)
        self.assertEqual(self.alice.post("/admin/schedules", {"name": made["name"], "event_type": "a", "event_action": "b",
                                                              "cron_expression": "@daily"}).status, 409)
        self.assertEqual([one["action"] for one in self.entries(id=made["id"])], ["create"])
        self.assertEqual([one["object_id"] for one in self.entries(kind="schedule") if one["object_name"] == made["name"]],
                         [made["id"]])

    def test_secrets_are_not_in_it(self):
        made = self.schedule(event_headers={"X-Api": "hidden-1"}, target={"type": "webhook", "url": "https://example.com/hidden-2"},
                             event_payload={"password": "hidden-3", "deep": [{"apiKey": "x", "api_key": "hidden-4"}], "n": 1},
                             alerts={"url": "https://hooks.example.com/hidden-5?x=hidden-6"})
        path = f"/admin/schedules/{made['id']}"
        self.alice.put(path, {"event_headers": {"X-Api": "hidden-7"}, "target": {"type": "webhook", "url": "https://example.com/hidden-8"}})
        saved = self.alice.post("/admin/settings/save", [{"key": "schedules_WEBHOOK_SECRET", "value": "hidden-9"}])
        self.assertEqual(saved.status, 200, saved)
        self.alice.delete(path)
        found = self.await_entries(1, kind="setting", id="schedules_WEBHOOK_SECRET") + self.entries(id=made["id"])
        self.assertNotIn("hidden", json.dumps(found))
        updated = next(one for one in found if one["action"] == "update")
        self.assertEqual(set(updated["changes"]), {"event_headers", "target"})
        self.assertEqual(updated["changes"]["target"]["after"], {"type": "webhook", "url": "https://example.com/…"})

    def test_definitions_and_their_overrides(self):
        one = self.alice.get("/admin/schedules/definitions/billing.close").json
        created = self.entries(id=one["schedule_id"])[0]
        self.assertEqual((created["action"], created["actor"], created["role"]), ("create", "definition", "system"))
        answer = self.bob.put("/admin/schedules/definitions/billing.close", {"manual_cron_override": "0 3 * * *"})
        self.assertEqual(answer.status, 200, answer)
        override = self.entries(kind="definition", id=one["event_class_name"])[0]
        self.assertEqual((override["actor"], override["object_name"]), ("bob", "billing.close"))
        self.assertEqual(override["changes"], {"manual_cron_override": {"before": None, "after": "0 3 * * *"}})
        updated = self.entries(id=one["schedule_id"])[0]
        self.assertEqual((updated["action"], updated["actor"]), ("update", "bob"))
        self.assertEqual(updated["changes"]["cron_expression"], {"before": "0 2 * * *", "after": "0 3 * * *"})

    def test_settings(self):
        key = "schedules_MAX_CONCURRENT_EXECUTIONS"
        self.assertEqual(self.bob.post("/admin/settings/save", [{"key": key, "value": 7}]).status, 200)
        entry = self.await_entries(1, kind="setting", id=key)[0]
        self.assertEqual((entry["actor"], entry["changes"]), ("bob", {"value": {"before": 10, "after": 7}}))

    def test_events_of_people_but_not_of_programs(self):
        program = self.as_("program", "producer")
        ours, theirs = self.created(), self.created()
        self.assertEqual(self.alice.patch(f"/events/{ours['id']}", {"priority": 4}).status, 200)
        self.assertEqual(self.alice.delete(f"/events/{ours['id']}").status, 200)
        self.assertEqual(program.delete(f"/events/{theirs['id']}").status, 200)
        cancelled, changed = self.await_entries(2, kind="event", id=ours["id"])
        self.assertEqual((changed["action"], changed["changes"]), ("change", {"priority": {"before": 0, "after": 4}}))
        self.assertEqual((cancelled["action"], cancelled["actor"]), ("cancel", "alice"))
        answer = self.alice.post("/events/cancel", {"filter": {"topic": self.fresh()}})
        many = self.await_entries(1, kind="event", id=answer.json["id"])[0]
        self.assertEqual(many["action"], "cancel_many")
        self.assertIn("topic", many["changes"]["filter"]["after"])
        self.assertEqual(self.entries(id=theirs["id"]), [])

    def test_dead_letters(self):
        path = "/" + self.fresh("rejects")
        self.receiver.answer(path, 400)
        dead = [self.created(delay_seconds=0, target=self.receiver.target(path))["id"] for _ in range(2)]
        for one in dead:
            self.await_state(one, "dead")
        self.assertEqual(self.bob.delete(f"/dead-letters/{dead[0]}").status, 204)
        self.receiver.answer(path, 200)
        self.await_job(self.bob.post("/dead-letters/redrive", {"ids": [dead[1]], "patch": {"priority": 2}}))
        self.assertEqual(self.await_entries(1, kind="dead_letter", id=dead[0])[0]["action"], "drop")
        redriven = self.await_entries(1, kind="dead_letter", id=dead[1])[0]
        self.assertEqual((redriven["action"], redriven["actor"]), ("redrive", "bob"))
        self.assertEqual(redriven["changes"]["patch"], {"before": None, "after": {"priority": 2}})

    def test_filters_and_pages(self):
        carol = self.as_(self.fresh("carol"))
        since = datetime.datetime.now(datetime.timezone.utc).isoformat()
        made = self.schedule(carol)
        actor = self.entries(id=made["id"])[0]["actor"]
        for priority in range(1, 8):
            carol.put(f"/admin/schedules/{made['id']}", {"priority": priority})
        seen, cursor = [], None
        while True:
            page = self.alice.get("/audit", actor=actor, limit=3, **({"cursor": cursor} if cursor else {})).json
            seen += [one["changes"]["priority"]["after"] for one in page["items"] if one["action"] == "update"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        self.assertEqual(seen, list(range(7, 0, -1)))
        self.assertEqual(len(self.entries(actor=actor, since=since)), 8)
        self.assertEqual(self.entries(actor=actor, until=since), [])
        self.assertEqual(self.entries(actor=actor, kind="event"), [])
        self.refused(self.alice.get("/audit?cursor=nonsense"), 422, "invalid_argument", "cursor")
        self.refused(self.alice.get("/audit?kind=cat"), 422, "invalid_argument", "kind")
        self.refused(self.alice.get("/audit?colour=red"), 422, "unknown_field", "colour")

    def test_only_superusers_read_it(self):
        self.refused(self.as_("reader", "reader").get("/audit"), 403, "forbidden")

    def test_zz_it_outlives_the_program(self):
        made = self.schedule(self.bob)
        self.server.kill()
        self.server.restart()
        self.assertEqual([one["actor"] for one in self.entries(id=made["id"])], ["bob"])


if __name__ == "__main__":
    unittest.main()
