"""A disk that fills up: what was acknowledged stays, what cannot be kept is refused, and it goes on when there is room
again. And stores of a newer version: refused, and not touched."""
import base64
import contextlib
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import unittest

from support import Client, Receiver, Server, eventually
from support.server import StartFailed

SIZE_MB = 64
BALLAST_MB = 24


class DiskFull(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount a small file system")
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="schedules-disk-"))
        self.addCleanup(lambda: self.disk.rmdir())
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", self.disk], capture_output=True,
                                 text=True)
        if mounted.returncode != 0:
            self.skipTest(f"mount is not allowed here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk])
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.server = Server(data_dir=self.disk / "data", MEMORY_BUDGET_MB=16, MAX_RETRIES=20, RETRY_DELAY_SECONDS=1)
        self.addCleanup(self.server.close)
        (self.disk / "ballast").write_bytes(os.urandom(BALLAST_MB << 20))
        self.client = Client(self.server.start())
        self.acknowledged = []

    def put(self, **fields):
        event = {"topic": "full", "entity_type": "o", "action": "a", "delay_seconds": 3600,
                 "body": {"text": base64.b64encode(os.urandom(75_000)).decode()}, **fields}
        answer = self.client.post("/events", event)
        if answer.status == 201:
            self.acknowledged.append(answer.json["id"])
        return answer

    def fill(self):
        """Puts events until none is accepted any more; every refusal has to be an orderly one."""
        refused = 0
        for _ in range(3000):
            answer = self.put()
            if answer.status == 201:
                refused = 0
                continue
            self.assertIn(answer.status, (503, 507), answer)
            self.assertIn(answer.json["code"], ("disk_full", "io_error", "unavailable", "overloaded"), answer)
            self.assertTrue(answer.headers["Retry-After"], answer)
            refused += 1
            if refused == 20:
                return answer
        self.fail("the disk did not fill up")

    def check_acknowledged(self):
        missing = [one for one in self.acknowledged if self.client.get(f"/events/{one}").status != 200]
        self.assertEqual(missing, [], f"{len(missing)} of {len(self.acknowledged)} acknowledged events are LOST")

    def test_it_goes_on_when_there_is_room_again(self):
        due = [self.put(delay_seconds=delay, target=self.receiver.target("/due"), body={}).json["id"] for delay in (6, 7, 8)]
        began = time.monotonic()
        last = self.fill()
        self.assertEqual((last.status, last.json["code"]), (507, "disk_full"), last)
        self.assertTrue(self.server.alive(), self.server.log())
        self.assertGreater(len(self.acknowledged), 50)
        self.assertEqual(self.client.get("//healthz").status, 200)
        for event_id in self.acknowledged[:20]:  # it may say that it cannot say, and never that there is none
            self.assertIn(self.client.get(f"/events/{event_id}").status, (200, 503, 507))
        eventually(lambda: time.monotonic() - began > 8.5, 12, "the due times, on a full disk", 0.1)
        self.assertTrue(self.server.alive(), self.server.log())
        (self.disk / "ballast").unlink()
        eventually(lambda: self.put().status == 201, 15, "a new event accepted, without a restart", 0.2)
        self.receiver.wait("/due", 3, 20)
        self.assertEqual({one.event_id for one in self.receiver.of("/due")}, set(due))
        for event_id in due:
            eventually(lambda: self.client.get(f"/events/{event_id}").json["state"] == "fired", 15, "the record of the fire")
        for _ in range(20):
            self.assertEqual(self.put().status, 201)
        self.check_acknowledged()
        self.server.kill()
        self.server.restart()
        self.check_acknowledged()

    def test_it_starts_on_a_full_disk_or_says_why(self):
        self.fill()
        self.server.kill()
        with contextlib.suppress(StartFailed):
            self.server.restart()
            self.check_acknowledged()
        self.server.kill()
        (self.disk / "ballast").unlink()
        self.server.restart()
        self.check_acknowledged()
        self.assertEqual(self.put().status, 201)


class NewerLayout(unittest.TestCase):
    def test_a_newer_store_is_refused_and_not_touched(self):
        with contextlib.closing(Server()) as server:
            server.start()
            self.assertEqual(server.terminate(), 0)
            files = [path for path in server.data_dir.rglob("*") if path.is_file() and path.read_bytes()[:13] == b"SQLite format"]
            self.assertTrue(files)
            for path in files:
                with contextlib.closing(sqlite3.connect(path)) as database:
                    version = database.execute("PRAGMA user_version").fetchone()[0]
                    database.execute(f"PRAGMA user_version = {version + 1000}")
                before = path.read_bytes()
                with self.assertRaises(StartFailed) as caught:
                    server.start(10)
                self.assertEqual(caught.exception.code, 1)
                self.assertIn("newer", caught.exception.log)
                self.assertEqual(path.read_bytes(), before, f"{path} was touched")
                with contextlib.closing(sqlite3.connect(path)) as database:
                    database.execute(f"PRAGMA user_version = {version}")
            server.start()

    def test_two_servers_do_not_share_a_folder(self):
        with contextlib.closing(Server()) as first, contextlib.closing(Server(data_dir=first.data_dir)) as second:
            first.start()
            with self.assertRaises(StartFailed) as caught:
                second.start(15)
            self.assertEqual(caught.exception.code, 1)
            self.assertEqual(Client(first).get("//healthz").status, 200)


if __name__ == "__main__":
    unittest.main()
