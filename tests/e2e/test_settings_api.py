"""/admin/settings: the four calls of the admin panel's settings page, for our own settings."""
import unittest

from support import ServerCase

PATH = "/admin/settings"
META = {"key", "label", "description", "group", "subgroup", "type", "component", "options", "min", "max", "placeholder",
        "required", "secret", "restart_required", "advanced", "order", "depends_on", "module", "default_value", "validation"}


class SettingsPage(ServerCase):
    settings = {"WEBHOOK_SECRET": "hush-hush", "AUDIT_RETENTION_DAYS": "365"}

    def get(self, *keys):
        answer = self.client.post(PATH + "/get", {"keys": list(keys)})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def save(self, *changes):
        return self.client.post(PATH + "/save", [dict(zip(("key", "value", "module"), one)) for one in changes])

    def test_schemas(self):
        answer = self.client.get(PATH + "/schemas")
        self.assertEqual(answer.status, 200, answer)
        settings = answer.json["settings"]
        for key, meta in settings.items():
            self.assertEqual(META - set(meta), set(), key)
            self.assertEqual((meta["key"], meta["module"], meta["group"]), (key, "schedules", "schedules"))
        self.assertEqual(answer.json["groups"]["schedules"]["icon"], "calendar")
        self.assertEqual(answer.json["groups"]["schedules"]["order"], 15)
        known = {one["id"] for one in answer.json["subgroups"]["schedules"]}
        self.assertLessEqual({meta["subgroup"] for meta in settings.values()}, known)
        bounds = {"CHECK_INTERVAL_SECONDS": (60, 5, 3600), "MAX_RETRIES": (3, 0, 10), "RETRY_DELAY_SECONDS": (60, 1, 3600),
                  "EXECUTION_HISTORY_TTL_DAYS": (30, 1, 365), "MAX_CONCURRENT_EXECUTIONS": (10, 1, 100)}
        for name, wanted in bounds.items():
            meta = settings["schedules_" + name]
            self.assertEqual((meta["default_value"], meta["min"], meta["max"]), wanted, name)
        zones = [one["value"] for one in settings["schedules_TIMEZONE"]["options"]]
        self.assertEqual((len(zones), zones[0]), (11, "UTC"))

    def test_get(self):
        self.assertEqual(self.get("schedules_MAX_RETRIES", "schedules_TIMEZONE", "nonsense"),
                         {"schedules_MAX_RETRIES": 3, "schedules_TIMEZONE": "UTC"})
        self.assertEqual(self.get(), {})
        for bad in ({}, {"keys": "x"}, {"keys": [1]}, {"keys": None}, [], "{"):
            self.assertEqual(self.client.post(PATH + "/get", bad).status, 422, bad)

    def test_sources(self):
        sources = self.client.get(PATH + "/sources").json
        self.assertEqual(set(sources), set(self.client.get(PATH + "/schemas").json["settings"]))
        self.assertEqual(sources["schedules_AUDIT_RETENTION_DAYS"], {"source": "environment", "where": "schedules_AUDIT_RETENTION_DAYS"})
        self.assertEqual(sources["schedules_DATA_DIR"]["source"], "flag")
        self.assertEqual(sources["schedules_FSYNC"], {"source": "default", "where": ""})
        self.assertEqual(self.save(("schedules_STREAM_KEEP_SECONDS", 7200, "schedules")).status, 200)
        self.assertEqual(self.client.get(PATH + "/sources").json["schedules_STREAM_KEEP_SECONDS"], {"source": "override", "where": ""})

    def test_a_live_setting_changes_at_once(self):
        answer = self.save(("schedules_MAX_CONCURRENT_EXECUTIONS", 7, "schedules"))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json, [{"key": "schedules_MAX_CONCURRENT_EXECUTIONS", "value": 7, "module": "schedules",
                                        "restart_required": False}])
        self.assertEqual(self.get("schedules_MAX_CONCURRENT_EXECUTIONS"), {"schedules_MAX_CONCURRENT_EXECUTIONS": 7})
        self.assertEqual(self.save(("schedules_LOG_LEVEL", "debug", "schedules")).status, 200)
        self.assertEqual(self.save(("schedules_LOG_LEVEL", "info", "schedules")).json[0]["restart_required"], False)

    def test_another_one_waits_for_a_restart(self):
        answer = self.save(("schedules_MAX_RETRIES", 5, "schedules"))
        self.assertTrue(answer.json[0]["restart_required"], answer)
        self.assertEqual(self.get("schedules_MAX_RETRIES"), {"schedules_MAX_RETRIES": 5})
        self.assertEqual(self.created(scheduled_at="2090-01-01T00:00:00Z")["max_retries"], 3)
        self.save(("schedules_MAX_RETRIES", 3, "schedules"))

    def test_all_or_none(self):
        answer = self.save(("schedules_CHECK_INTERVAL_SECONDS", 90, ""), ("schedules_MAX_RETRIES", 11, ""))
        self.assertEqual(answer.status, 422, answer)
        self.assertEqual(self.get("schedules_CHECK_INTERVAL_SECONDS"), {"schedules_CHECK_INTERVAL_SECONDS": 60})

    def test_bad_values(self):
        for key, value in (("schedules_MAX_RETRIES", 11), ("schedules_MAX_RETRIES", -1), ("schedules_MAX_RETRIES", "many"),
                           ("schedules_MAX_RETRIES", 1.5), ("schedules_MAX_RETRIES", None), ("schedules_MAX_RETRIES", {}),
                           ("schedules_TIMEZONE", "Europe/Nowhere"), ("schedules_CHECK_INTERVAL_SECONDS", 4),
                           ("schedules_USE_HYBRID_SCHEDULER", "perhaps"), ("nonsense", 1), ("", 1)):
            with self.subTest(key=key, value=value):
                answer = self.save((key, value, "schedules"))
                self.assertEqual(answer.status, 422, answer)
        for bad in ({}, [1], [{}], [{"key": "schedules_MAX_RETRIES"}], [{"value": 1}], "["):
            self.assertEqual(self.client.post(PATH + "/save", bad).status, 422, bad)
        self.assertEqual(self.save().json, [])
        self.assertIn("schedules_MAX_RETRIES", self.save(("schedules_MAX_RETRY", 1, "")).body.decode())

    def test_secrets_are_not_told(self):
        self.assertNotIn(b"hush-hush", self.client.post(PATH + "/get", {"keys": ["schedules_WEBHOOK_SECRET"]}).body)
        answer = self.save(("schedules_WEBHOOK_SECRET", "quiet-quiet", "schedules"))
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn(b"quiet-quiet", answer.body)
        self.assertNotIn(b"quiet-quiet", self.client.post(PATH + "/get", {"keys": ["schedules_WEBHOOK_SECRET"]}).body)

    def test_refresh(self):
        self.assertEqual(self.client.post(PATH + "/refresh-cache").json, {"success": True})


if __name__ == "__main__":
    unittest.main()
