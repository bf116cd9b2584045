"""schedules config and token issue."""
import base64
import hashlib
import hmac
import json
import os
import time

from program import Case


class Config(Case):
    def values(self, *arguments, **options):
        rows = json.loads(self.call("config", "--output", "json", *arguments, **options).stdout)
        return {row["name"]: row for row in rows}

    def test_every_setting_is_listed(self):
        names = self.values()
        for name in ("CHECK_INTERVAL_SECONDS", "MAX_RETRIES", "RETRY_DELAY_SECONDS", "EXECUTION_HISTORY_TTL_DAYS",
                     "MAX_CONCURRENT_EXECUTIONS", "TIMEZONE", "USE_HYBRID_SCHEDULER", "REDIS_PROCESSING_INTERVAL",
                     "CLICKHOUSE_SYNC_INTERVAL", "IMMEDIATE_HORIZON_SECONDS", "TRANSFER_HORIZON_SECONDS",
                     "ANALYTICS_ENABLED", "ANALYTICS_RETENTION_DAYS"):
            self.assertIn(f"schedules_{name}", names)
        for row in names.values():
            self.assertTrue(row["meaning"])
            self.assertEqual(row["source"], "default")

    def test_flag_beats_environment_beats_file(self):
        self.file("schedules.toml", "[schedules]\nSHARDS = 3\nHTTP_THREADS = 4\nMAX_RETRIES = 5\n")
        rows = self.values("--shards", "7", environment={"schedules_SHARDS": "6", "SCHEDULES_http_threads": "8"})
        self.assertEqual((rows["schedules_SHARDS"]["value"], rows["schedules_SHARDS"]["source"]), (7, "flag"))
        self.assertEqual((rows["schedules_HTTP_THREADS"]["value"], rows["schedules_HTTP_THREADS"]["source"]),
                         (8, "environment"))
        self.assertEqual((rows["schedules_MAX_RETRIES"]["value"], rows["schedules_MAX_RETRIES"]["source"]), (5, "file"))
        self.assertTrue(rows["schedules_MAX_RETRIES"]["where"].endswith("schedules.toml:4"))

    def test_set_reaches_every_setting(self):
        rows = self.values("--set", "window_limit=1000", "--set", "schedules_REDIS_PREFIX=x:")
        self.assertEqual(rows["schedules_WINDOW_LIMIT"]["value"], 1000)
        self.assertEqual(rows["schedules_REDIS_PREFIX"]["value"], "x:")

    def test_secrets_are_masked(self):
        environment = {"SECRET_KEY": "hunter2", "schedules_MONGO_URL": "mongodb://me:hunter2@h/db",
                       "schedules_WEBHOOK_SECRET": "hunter2"}
        for output in ("table", "json"):
            done = self.call("config", "--output", output, environment=environment)
            self.assertNotIn("hunter2", done.stdout + done.stderr)
            self.assertIn("********", done.stdout)

    def test_all_faults_are_told(self):
        done = self.call("config", "--listen", "x", code=1,
                         environment={"schedules_SHARD": "1", "schedules_MAX_RETRIES": "1000"})
        self.assertIn("did you mean schedules_SHARDS?", done.stderr)
        self.assertIn("schedules_MAX_RETRIES", done.stderr)
        self.assertIn("schedules_LISTEN", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 3)

    def test_named_file_must_be_there(self):
        self.assertIn("absent.toml", self.call("config", "--config", "absent.toml", code=1).stderr)

    def test_changed_shows_what_is_not_default(self):
        done = self.call("config", "--changed", "--log-level", "debug")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn("flag (--log-level)", done.stdout)

    def test_reference_page_is_made_by_it(self):
        with open(os.environ["SETTINGS_PAGE"], encoding="utf-8") as page:
            self.assertEqual(self.call("config", "--markdown").stdout, page.read())


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Token(Case):
    def test_token_is_signed_with_the_key(self):
        token = self.call("token", "issue", "--role", "producer", "--ttl", "90s", "--sub", "me",
                          environment={"SECRET_KEY": "key"}).stdout.strip()
        head, claims, signature = token.split(".")
        self.assertEqual(json.loads(decoded(head))["alg"], "HS512")
        self.assertEqual(decoded(signature), hmac.new(b"key", f"{head}.{claims}".encode(), hashlib.sha512).digest())
        claims = json.loads(decoded(claims))
        self.assertEqual((claims["role"], claims["sub"]), ("producer", "me"))
        self.assertAlmostEqual(claims["exp"], time.time() + 90, delta=10)

    def test_user_is_another_name_of_reader(self):
        answer = json.loads(self.call("token", "issue", "--role", "user", "--output", "json",
                                      environment={"schedules_SECRET_KEY": "key"}).stdout)
        self.assertEqual(answer["role"], "reader")
        self.assertEqual(json.loads(decoded(answer["token"].split(".")[1]))["role"], "reader")

    def test_key_has_to_be_known(self):
        self.assertIn("schedules_SECRET_KEY", self.call("token", "issue", "--role", "reader", code=1).stderr)

    def test_other_algorithms_are_refused(self):
        done = self.call("token", "issue", "--role", "reader", "--set", "JWT_ALGO=HS256", code=1,
                         environment={"SECRET_KEY": "k"})
        self.assertIn("schedules_JWT_ALGO", done.stderr)

    def test_lifetime_must_be_a_duration(self):
        for ttl in ("soon", "0s", "-1h"):
            self.call("token", "issue", "--role", "reader", "--ttl", ttl, code=2, environment={"SECRET_KEY": "k"})
