"""Schedules in MongoDB, in the original's collections, beside other programs that write there."""
import datetime
import pathlib
import time
import unittest

import pymongo
from bson import ObjectId
from support import Client, Server, ServerCase, clean_environment, eventually, run_cli
from support.hybrid import kinds
from support.tokens import KEY, token

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "definitions"
SECONDLY = "* * * * * *"


class MongoCase(ServerCase):
    """`settings` beside those of MongoDB; `before` may write before the program starts."""

    more = {}

    @classmethod
    def setUpClass(cls):
        cls.mongo = kinds()["mongo"]()
        cls.mongo.__enter__()
        cls.addClassCleanup(cls.mongo.__exit__, None, None, None)
        driver = pymongo.MongoClient(cls.mongo.url, serverSelectionTimeoutMS=10_000)
        cls.addClassCleanup(driver.close)
        cls.database = driver["stufio"]
        cls.before()
        cls.settings = {"MONGO_URL": f"{cls.mongo.url}/stufio", "CHECK_INTERVAL_SECONDS": 5, "LOG_LEVEL": "warn", **cls.more}
        super().setUpClass()
        cls.wait_healthy()

    @classmethod
    def before(cls):
        pass

    @classmethod
    def services(cls):
        return cls.client.get("/admin/schedules/monitoring/health").json["services"]

    @classmethod
    def wait_healthy(cls):
        eventually(lambda: cls.services().get("mongodb", {}).get("status") == "healthy", 30, "a healthy MongoDB")

    def schedule(self, **fields):
        answer = self.client.post("/admin/schedules", {
            "name": self.fresh("schedule"), "event_type": "order", "event_action": "remind", "cron_expression": SECONDLY,
            "event_payload": {"n": 1}, "target": self.receiver.target(), **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def document(self, schedule_id):
        return self.database.mongo_schedules.find_one({"_id": ObjectId(schedule_id)})

    def foreign(self, **fields):
        """One of the original: no next_execution, no bookkeeping of ours."""
        now = datetime.datetime.utcnow().replace(microsecond=0)
        made = {"name": self.fresh("foreign"), "event_type": "order", "event_action": "remind", "cron_expression": SECONDLY,
                "status": "active", "timezone": "UTC", "event_payload": {"from": "elsewhere"}, "event_headers": {},
                "actor_type": "system", "actor_id": "scheduler", "max_retries": 3, "retry_delay_seconds": 60, "tags": [],
                "execution_count": 0, "error_count": 0, "created_at": now, "updated_at": now, **fields}
        return str(self.database.mongo_schedules.insert_one(made).inserted_id)

    def fires(self, schedule_id, count=1, timeout=15):
        def look():
            return self.client.get(f"/admin/schedules/{schedule_id}").json["execution_count"] >= count
        eventually(look, timeout, f"{count} fires of {schedule_id}")


class Schedules(MongoCase):
    more = {"DEFINITIONS_DIR": str(EXAMPLES)}

    def test_a_schedule_lies_in_the_originals_collection_and_its_executions_beside_it(self):
        made = self.schedule(description="kept in MongoDB", tags=["a", "b"])
        document = self.document(made["id"])
        for field in ("name", "description", "event_type", "event_action", "cron_expression", "tags", "event_payload", "status",
                      "timezone", "max_retries", "retry_delay_seconds"):
            self.assertEqual(document[field], made[field], field)
        self.fires(made["id"], 2)
        copies = eventually(lambda: list(self.database.mongo_schedule_executions.find({"schedule_id": made["id"]})), 10, "copies")
        self.assertEqual(copies[0]["status"], "success")
        self.assertGreaterEqual(self.document(made["id"])["execution_count"], 2)
        self.assertEqual(self.client.delete(f"/admin/schedules/{made['id']}").status, 204)
        self.assertIsNone(self.document(made["id"]))

    def test_a_document_of_another_program_fires_within_the_check_interval(self):
        schedule = self.foreign()
        self.fires(schedule, 1, 20)
        self.assertIsNotNone(self.document(schedule)["next_execution"])
        self.database.mongo_schedules.update_one({"_id": ObjectId(schedule)}, {"$set": {"status": "paused"}})
        eventually(lambda: self.client.get(f"/admin/schedules/{schedule}").json["next_execution"] is None, 10, "the pause")
        time.sleep(1.5)  # what was begun ends
        count = self.client.get(f"/admin/schedules/{schedule}").json["execution_count"]
        time.sleep(2)
        self.assertEqual(self.client.get(f"/admin/schedules/{schedule}").json["execution_count"], count)

    def test_one_that_cannot_be_used_is_shown_as_disabled_and_holds_up_no_other(self):
        bad = self.foreign(cron_expression="not a rule")
        good = self.foreign()
        self.fires(good, 1, 20)
        shown = eventually(lambda: (lambda one: one if one["status"] == "disabled" else None)(
            self.client.get(f"/admin/schedules/{bad}").json), 10, "disabled")
        self.assertIn("cron_expression", shown["last_error"])

    def test_definitions_are_in_a_collection(self):
        eventually(lambda: self.database.scheduled_event_definitions.count_documents({}) == 28, 20, "28 definitions")
        one = self.database.scheduled_event_definitions.find_one({"event_name": "user.send_reminder"})
        self.assertEqual((one["entity_type"], one["action"], one["cron_expression"]), ("user", "send_reminder", "0 10 * * *"))

    def test_dead_letters_are_in_a_collection(self):
        self.receiver.answer("/gone", 410)
        event = self.created(topic="gone", delay_seconds=0.1, max_retries=0, target=self.receiver.target("/gone"))
        self.await_state(event["id"], "dead")
        letter = self.database.schedules_dead_letters.find_one({"topic": "gone"})
        self.assertIsNotNone(letter)
        self.assertEqual(self.client.get("/dead-letters").json["items"][0]["id"], event["id"])

    def test_an_outage_stops_no_plain_event_and_no_fire_of_a_schedule_is_lost(self):
        made = self.schedule(cron_expression=None, every_seconds=1, catch_up="all")
        self.fires(made["id"], 1)
        self.mongo.kill()
        eventually(lambda: self.services()["mongodb"]["status"] != "healthy", 10, "MongoDB not healthy")
        event = self.created(delay_seconds=0.3, target=self.receiver.target())
        self.await_state(event["id"], "fired")
        answer = self.client.post("/admin/schedules", {"name": self.fresh(), "event_type": "a", "event_action": "b",
                                                       "cron_expression": SECONDLY})
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("Retry-After", answer.headers)
        self.mongo.start()
        self.wait_healthy()
        began = time.time()
        self.fires(made["id"], int(time.time() - began) + 4, 40)
        self.assertEqual(self.client.delete(f"/admin/schedules/{made['id']}").status, 204)


class Settings(MongoCase):
    def value(self, key):
        return self.client.post("/admin/settings/get", {"keys": [key]}).json[key]

    def test_an_override_outlives_a_restart_and_one_of_the_panel_is_seen(self):
        saved = self.client.post("/admin/settings/save", [{"key": "schedules_MAX_RETRIES", "value": 7, "module": "schedules"}])
        self.assertEqual(saved.status, 200, saved)
        kept = self.database.settings.find_one({"key": "schedules_MAX_RETRIES"})
        self.assertEqual((kept["value"], kept["module"]), (7, "schedules"))
        self.server.terminate()
        self.server.restart()
        self.wait_healthy()
        eventually(lambda: self.value("schedules_MAX_RETRIES") == 7, 10, "the kept override")
        self.database.settings.update_one({"key": "schedules_MAX_RETRIES"}, {"$set": {"value": 8}})
        self.assertEqual(self.client.post("/admin/settings/refresh-cache", {}).status, 200)
        self.assertEqual(self.value("schedules_MAX_RETRIES"), 8)
        self.database.settings.update_one({"key": "schedules_MAX_RETRIES"}, {"$set": {"value": "no number"}})
        self.client.post("/admin/settings/refresh-cache", {})
        self.assertEqual(self.value("schedules_MAX_RETRIES"), 3)


class Users(MongoCase):
    more = {"AUTH": "stufio", "SECRET_KEY": KEY}
    ids = {name: ObjectId() for name in ("admin", "retired", "plain", "odd")}

    @classmethod
    def before(cls):
        flags = {"admin": (True, True), "retired": (False, True), "plain": (True, False), "odd": ("yes", 1)}
        cls.database.users.insert_many([{"_id": cls.ids[name], "email": f"{name}@example.com", "is_active": active,
                                         "is_superuser": superuser} for name, (active, superuser) in flags.items()])

    def call(self, sub, path="/admin/schedules", **claims):
        return Client(self.server, token({"sub": str(sub), "exp": int(time.time()) + 600, **claims})).get(path).status

    def test_only_active_superusers_of_the_framework_may(self):
        self.assertEqual(self.call(self.ids["admin"]), 200)
        refused = {name: self.call(self.ids[name]) for name in ("retired", "plain", "odd")}
        refused |= {"unknown": self.call(ObjectId()), "not an id": self.call("not an id")}
        self.assertEqual(refused, {"retired": 400, "plain": 400, "odd": 400, "unknown": 404, "not an id": 404})
        self.assertEqual(self.call(self.ids["admin"], refresh=True), 403)
        self.assertEqual(self.client.get("/admin/schedules").status, 401)


class Migration(unittest.TestCase):
    def test_the_first_collection_of_the_original_is_imported_once(self):
        with kinds()["mongo"]() as mongo, pymongo.MongoClient(mongo.url, serverSelectionTimeoutMS=10_000) as driver:
            now = datetime.datetime.utcnow()
            driver["stufio"].schedules.insert_one({"name": "old", "event_type": "order", "event_action": "remind", "enabled": True,
                                                   "cron_expression": "0 3 * * *", "retry_delay": 30, "created_at": now})
            program = Server(MONGO_URL=f"{mongo.url}/stufio", LOG_LEVEL="warn")
            self.addCleanup(program.close)
            environment = clean_environment(**program.settings, DATA_DIR=program.data_dir)
            dry = run_cli("migrate", "--dry-run", env=environment)
            self.assertEqual(dry.returncode, 0, dry.stderr)
            self.assertIn("schedules (MongoDB): not there yet", dry.stdout)
            self.assertIn("1 schedules to import", dry.stdout)
            self.assertEqual(driver["stufio"].list_collection_names(), ["schedules"])
            for _ in range(2):
                done = run_cli("migrate", env=environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(driver["stufio"].mongo_schedules.count_documents({}), 1)
            program.start()
            client = Client(program)
            found = eventually(lambda: client.get("/admin/schedules").json, 20, "the imported schedule")
            self.assertEqual((found[0]["name"], found[0]["status"], found[0]["retry_delay_seconds"]), ("old", "active", 30))
            self.assertIsNotNone(found[0]["next_execution"])
            indexes = driver["stufio"].mongo_schedules.index_information()
            self.assertTrue(indexes["name_1"]["unique"])


if __name__ == "__main__":
    unittest.main()
