"""Who may call what: tokens and roles; and without tokens only this machine, and no foreign page."""
import contextlib
import hashlib
import json
import time
import unittest

from support import Client, Server, ServerCase, run_cli
from support.server import StartFailed
from support.tokens import KEY, encoded, token

SCHEDULE = {"name": "s", "event_type": "a", "event_action": "b", "cron_expression": "0 0 1 1 *"}
UNKNOWN_EVENT = "7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968"
UNKNOWN_SCHEDULE = "f" * 24
ROLES = ("reader", "producer", "superuser")
# what a role needs at least: method, path, body
ROUTES = {
    "anyone": [("GET", "//healthz", None), ("GET", "//readyz", None), ("GET", "//metrics", None), ("GET", "//docs", None),
               ("GET", "//", None), ("GET", "//openapi.json", None), ("GET", "/monitoring/health", None),
               ("GET", "/monitoring/stats", None), ("GET", "/admin/schedules/monitoring/metrics", None)],
    "reader": [("GET", "/events", None), ("GET", f"/events/{UNKNOWN_EVENT}", None), ("GET", "/dead-letters", None),
               ("GET", "/schedules/preview?expr=@daily", None), ("GET", "/monitoring/analytics/summary", None),
               ("GET", "/jobs/x", None), ("GET", "/cluster", None), ("GET", "/alerts", None)],
    "producer": [("POST", "/events", {"topic": "t", "entity_type": "a", "action": "b", "delay_seconds": 9999}),
                 ("PATCH", f"/events/{UNKNOWN_EVENT}", {"priority": 1}), ("DELETE", f"/events/{UNKNOWN_EVENT}", None),
                 ("POST", "/events/cancel", {"filter": {"topic": "x"}}), ("POST", "/dead-letters/redrive", {"filter": {}}),
                 ("DELETE", f"/dead-letters/{UNKNOWN_EVENT}", None), ("POST", f"/events/{UNKNOWN_EVENT}/complete", None)],
    "superuser": [("POST", "/admin/schedules", SCHEDULE), ("PUT", f"/admin/schedules/{UNKNOWN_SCHEDULE}", {}),
                  ("DELETE", f"/admin/schedules/{UNKNOWN_SCHEDULE}", None),
                  ("POST", f"/admin/schedules/{UNKNOWN_SCHEDULE}/execute", None),
                  ("POST", "/admin/schedules/bulk/activate", []), ("POST", "/monitoring/sync", None),
                  ("POST", "/monitoring/cleanup", None), ("POST", "/admin/settings/save", []),
                  ("POST", "/admin/settings/refresh-cache", None), ("GET", "/admin/schedules", None),
                  ("GET", f"/admin/schedules/{UNKNOWN_SCHEDULE}/executions", None), ("GET", "/admin/settings/schemas", None),
                  ("POST", "/admin/settings/get", {"keys": []}), ("GET", "/admin/scheduled", None),
                  ("POST", "/admin/scheduled", {}), ("GET", f"/admin/scheduled/{UNKNOWN_EVENT}", None),
                  ("PUT", f"/admin/scheduled/{UNKNOWN_EVENT}", {}), ("DELETE", f"/admin/scheduled/{UNKNOWN_EVENT}", None),
                  ("POST", f"/admin/scheduled/{UNKNOWN_EVENT}/transfer", None), ("POST", "/admin/scheduled/bulk/transfer", []),
                  ("GET", "/admin/scheduled/stats/overview", None), ("DELETE", "/admin/scheduled/cleanup/old", None),
                  ("POST", "/admin/scheduled/batch/create", []), ("GET", "/admin/redis-events", None),
                  ("POST", "/admin/redis-events", {}), ("GET", f"/admin/redis-events/{UNKNOWN_EVENT}", None),
                  ("POST", f"/admin/redis-events/{UNKNOWN_EVENT}/claim?processor_id=w", None),
                  ("POST", f"/admin/redis-events/{UNKNOWN_EVENT}/complete", None),
                  ("GET", "/audit", None), ("GET", "/admin/redis-events/monitoring/dashboard", None),
                  ("POST", "/admin/redis-events/maintenance/cleanup", None)],
}


def claims(**changes):
    return {"sub": "me", "role": "superuser", "exp": int(time.time()) + 600, **changes}


class Tokens(ServerCase):
    settings = {"AUTH": "token", "SECRET_KEY": KEY}

    def test_roles(self):
        order = ["anyone", *ROLES]
        for held in ROLES:
            client = Client(self.server, token(claims(role=held)))
            for needed, routes in ROUTES.items():
                allowed = order.index(held) >= order.index(needed)
                for method, path, body in routes:
                    with self.subTest(role=held, method=method, path=path):
                        answer = client.request(method, path, body)
                        if allowed:
                            self.assertNotIn(answer.status, (401, 403), answer)
                        else:
                            self.assertEqual((answer.status, answer.json["code"]), (403, "forbidden"), answer)

    def test_user_is_another_name_of_reader(self):
        client = Client(self.server, token(claims(role="user")))
        self.assertEqual(client.get("/events").status, 200)
        self.assertEqual(client.post("/events", {}).status, 403)

    def test_without_a_token(self):
        for needed, routes in ROUTES.items():
            for method, path, body in routes:
                with self.subTest(method=method, path=path):
                    answer = self.client.request(method, path, body)
                    if needed == "anyone":
                        self.assertEqual(answer.status, 200, answer)
                        continue
                    self.assertEqual((answer.status, answer.json["code"]), (401, "unauthenticated"), answer)
                    self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")

    def test_bad_tokens(self):
        good = token(claims())
        head, body, signature = good.split(".")
        none = encoded(json.dumps({"alg": "none"}).encode())
        now = int(time.time())
        bad = {
            "expired": token(claims(exp=now - 120)), "no exp": token({"sub": "me", "role": "superuser"}),
            "not yet": token(claims(nbf=now + 600)), "exp as text": token(claims(exp="soon")),
            "another key": token(claims(), "x" * 64), "tampered": ".".join(
                (head, encoded(json.dumps(claims(role="superuser", sub="other")).encode()), signature)),
            "alg none": f"{none}.{body}.", "alg none, signed": f"{none}.{body}.{signature}",
            "HS256": token(claims(), alg="HS256", digest=hashlib.sha256), "cut": good[:-4], "no signature": f"{head}.{body}.",
            "refresh": token(claims(refresh=True)), "totp": token(claims(totp=True)),
            "magic": token(claims(fingerprint="x")), "no role": token(claims(role=None)), "odd role": token(claims(role="king")),
            "nonsense": "nonsense", "dots": "..", "huge": "x" * 8000, "array": f"{head}.{encoded(b'[]')}.{signature}",
        }
        for what, text in bad.items():
            with self.subTest(what):
                answer = Client(self.server, text).get("/events")
                self.assertEqual((answer.status, answer.json["code"]), (403, "forbidden"), answer)
        for scheme in ("Basic bWU6bWU=", f"Token {good}", "Bearer", good):
            answer = self.client.get("/events", headers={"Authorization": scheme})
            self.assertEqual(answer.status, 401, (scheme[:20], answer))
        self.assertEqual(self.client.get("/events", headers={"Authorization": f"bearer {good}"}).status, 200)

    def test_created_by_is_the_subject(self):
        answer = Client(self.server, token(claims(sub="65f0c0ffee0123456789abcd"))).post(
            "/admin/schedules", {**SCHEDULE, "name": "by"})
        self.assertEqual((answer.status, answer.json["created_by"]), (201, "65f0c0ffee0123456789abcd"))

    def test_issued_tokens_work(self):
        for role in ("reader", "user", "producer", "superuser"):
            done = run_cli("token", "issue", "--role", role, "--ttl", "1m", "--set", f"SECRET_KEY={KEY}")
            self.assertEqual(done.returncode, 0, done.stderr)
            client = Client(self.server, done.stdout.strip())
            self.assertEqual(client.get("/events").status, 200)
            self.assertEqual(client.post("/monitoring/sync").status, 200 if role == "superuser" else 403)

    def test_foreign_hosts_may_call_with_a_token(self):
        client = Client(self.server, token(claims()))
        self.assertEqual(client.get("/events", headers={"Host": "schedules.example.com"}).status, 200)

    def test_secrets_are_not_told(self):
        for path in ("/admin/settings/schemas", "//metrics", "/monitoring/health"):
            self.assertNotIn(KEY, Client(self.server, token(claims())).get(path).body.decode())
        answer = Client(self.server, token(claims())).post("/admin/settings/get", {"keys": ["schedules_SECRET_KEY"]})
        self.assertNotIn(KEY, answer.body.decode())
        self.assertNotIn(KEY, self.server.log(1000))


class ClosedMonitoring(ServerCase):
    settings = {"AUTH": "token", "SECRET_KEY": KEY, "OPEN_MONITORING": "false"}

    def test_monitoring_needs_a_token(self):
        for path in ("/monitoring/health", "/admin/schedules/monitoring/stats", "//metrics"):
            self.assertEqual(self.client.get(path).status, 401, path)
            self.assertEqual(Client(self.server, token(claims(role="reader"))).get(path).status, 200, path)
        self.assertEqual(self.client.get("//healthz").status, 200)


class NoTokens(ServerCase):
    settings = {"CORS_ORIGINS": "https://admin.example.com"}

    def test_host(self):
        port = self.server.port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", f"[::1]:{port}", "127.9.9.9"):
            self.assertEqual(self.client.get("/events", headers={"Host": host}).status, 200, host)
        for host in (f"evil.example.com:{port}", "localhost.example.com", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0", ""):
            answer = self.client.get("/events", headers={"Host": host})
            self.assertIn(answer.status, (400, 403), (host, answer))

    def test_origin(self):
        port = self.server.port
        own = {"Host": f"127.0.0.1:{port}", "Origin": f"http://127.0.0.1:{port}"}
        self.assertEqual(self.client.get("/events", headers=own).status, 200)
        for origin in ("https://evil.example.com", "null", "http://127.0.0.1:1", f"http://localhost.evil.com:{port}"):
            answer = self.client.post("/events", {}, headers={"Origin": origin})
            self.refused(answer, 403, "forbidden")
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    def test_allowed_origin(self):
        origin = {"Origin": "https://admin.example.com"}
        answer = self.client.get("/events", headers=origin)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], origin["Origin"])
        self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")
        preflight = self.client.request("OPTIONS", "/admin/schedules", headers={
            **origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"})
        self.assertEqual(preflight.status, 204, preflight)
        self.assertIn("POST", preflight.headers["Access-Control-Allow-Methods"])


class Refusals(unittest.TestCase):
    def refused(self, *arguments, **settings):
        with contextlib.closing(Server(arguments=arguments, **settings)) as server:
            with self.assertRaises(StartFailed) as caught:
                server.start(10)
            self.assertIn(caught.exception.code, (1, 2))
            return caught.exception.log

    def test_none_on_every_address(self):
        for listen in ("0.0.0.0:0", "[::]:0", ":0"):
            done = run_cli("serve", "--listen", listen, "--data-dir", "/nonexistent/never", timeout=10)
            self.assertIn(done.returncode, (1, 2), done)
            self.assertNotIn("listening", done.stdout)
        done = run_cli("serve", "--listen", "0.0.0.0:0", "--data-dir", "/nonexistent/never", timeout=10)
        self.assertIn("AUTH", done.stderr)

    def test_token_without_a_key(self):
        self.assertIn("SECRET_KEY", self.refused(AUTH="token"))

    def test_stufio_without_its_users(self):
        self.assertIn("MONGO", self.refused(AUTH="stufio", SECRET_KEY=KEY))


if __name__ == "__main__":
    unittest.main()
