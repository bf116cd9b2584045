"""Schedules declared in files: applied at the start, on SIGHUP and by request; overridden by an operator; and the shipped
examples fire when their vectors say."""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import yaml

from support import Client, Server, ServerCase, StreamReader, binary, clean_environment, eventually

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples" / "definitions" / "periodic.yaml"
BASE = "/admin/schedules/definitions"

ONE = """
version: 1
module_name: shop
definitions:
- {name: cart.remind, event_type: cart, event_action: remind, cron_expression: "* * * * * *", payload: {n: 1}}
- {name: stock.check, event_type: stock, event_action: check, cron_expression: "0 4 * * *"}
"""


class DefinitionsCase(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="definitions-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "shop.yaml").write_text(ONE)
        cls.settings = {"DEFINITIONS_DIR": str(cls.folder)}
        super().setUpClass()
        cls.client_for_setup = Client(cls.server)
        eventually(lambda: len(cls.client_for_setup.get(BASE).json) >= 2, 10, "the definitions")

    def write(self, text, name="shop.yaml"):
        (self.folder / name).write_text(text)
        self.addCleanup(self.restore, name)

    def restore(self, name):
        if name == "shop.yaml":
            (self.folder / name).write_text(ONE)
        else:
            (self.folder / name).unlink(missing_ok=True)
        self.sync()

    def sync(self):
        answer = self.client.post(BASE + "/sync", None)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def definition(self, name="cart.remind"):
        answer = self.client.get(f"{BASE}/{name}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def override(self, **fields):
        answer = self.client.put(f"{BASE}/cart.remind", fields)
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class Definitions(DefinitionsCase):
    def test_a_declared_schedule_fires(self):
        reader = StreamReader(self.server).opened()
        self.addCleanup(reader.close)
        message = eventually(lambda: next((one.message for one in reader.events
                                           if one.message["entity"]["type"] == "cart"), None), 10, "a fire")
        self.assertEqual(message["payload"], {"n": 1})

    def test_it_is_shown_by_class_and_by_event_name(self):
        one = self.definition("CartRemindScheduledEvent")
        self.assertEqual(one, {**self.definition("cart.remind"), "execution_count": one["execution_count"],
                               "last_execution_at": one["last_execution_at"],
                               "next_execution_at": one["next_execution_at"]})
        self.assertEqual((one["module_name"], one["cron_expression"], one["payload"], one["schedule_status"]),
                         ("shop", "* * * * * *", {"n": 1}, "active"))
        self.assertEqual(self.client.get(BASE + "/nobody").status, 404)
        self.assertEqual([each["event_name"] for each in self.client.get(BASE + "?module_name=shop").json],
                         ["cart.remind", "stock.check"])

    def test_the_same_again_changes_nothing(self):
        self.assertEqual({key: value for key, value in self.sync().items() if value},
                         {"status": "success", "unchanged": 2})

    def test_sighup_applies_what_changed(self):
        self.write(ONE.replace("0 4 * * *", "0 5 * * *"))
        self.server.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.definition("stock.check")["cron_expression"] == "0 5 * * *", 10, "the change")
        schedule = self.client.get("/admin/schedules/" + self.definition("stock.check")["schedule_id"]).json
        self.assertEqual(schedule["cron_expression"], "0 5 * * *")

    def test_what_is_taken_out_is_disabled_and_comes_back(self):
        self.write(ONE.split("- {name: stock.check")[0])
        self.assertEqual(self.sync()["disabled"], 1)
        gone = self.definition("stock.check")
        self.assertEqual((gone["status"], gone["last_error"], gone["schedule_status"]),
                         ("disabled", "definition removed", "disabled"))
        self.write(ONE)
        self.sync()
        self.assertEqual(self.definition("stock.check")["schedule_status"], "active")

    def test_an_override_is_stronger_and_can_be_taken_back(self):
        self.addCleanup(self.override, manual_cron_override=None, manual_payload_override=None)
        changed = self.override(manual_cron_override="0 9 * * *", manual_payload_override={"by": "hand"})
        schedule = self.client.get("/admin/schedules/" + changed["schedule_id"]).json
        self.assertEqual((schedule["cron_expression"], schedule["event_payload"]), ("0 9 * * *", {"by": "hand"}))
        self.sync()
        self.assertEqual(self.definition()["manual_cron_override"], "0 9 * * *")
        self.assertEqual(self.definition()["cron_expression"], "* * * * * *", "what is declared stays visible")
        self.override(manual_cron_override=None)
        schedule = self.client.get("/admin/schedules/" + changed["schedule_id"]).json
        self.assertEqual((schedule["cron_expression"], schedule["event_payload"]), ("* * * * * *", {"by": "hand"}))

    def test_a_status_override_stops_it(self):
        self.addCleanup(self.override, manual_status_override=None)
        self.assertEqual(self.override(manual_status_override="disabled")["schedule_status"], "disabled")
        self.sync()
        self.assertEqual(self.definition()["schedule_status"], "disabled")
        self.assertEqual(self.override(manual_status_override=None)["schedule_status"], "active")

    def test_an_operators_pause_survives(self):
        schedule = self.definition("stock.check")["schedule_id"]
        self.assertEqual(self.client.post(f"/admin/schedules/{schedule}/deactivate", None).status, 200)
        self.addCleanup(self.client.post, f"/admin/schedules/{schedule}/activate", None)
        self.write(ONE.replace("0 4 * * *", "0 6 * * *"))
        self.assertEqual(self.sync()["updated"], 1)
        self.assertEqual(self.definition("stock.check")["schedule_status"], "paused")

    def test_faulty_overrides_name_the_field(self):
        for fields, field in (({"manual_cron_override": "61 * * * *"}, "manual_cron_override"),
                              ({"manual_cron_override": 7}, "manual_cron_override"),
                              ({"manual_payload_override": [1]}, "manual_payload_override"),
                              ({"manual_status_override": "asleep"}, "manual_status_override")):
            answer = self.client.put(f"{BASE}/cart.remind", fields)
            self.assertEqual(answer.status, 422, answer)
            self.assertIn(field, json.dumps(answer.json["detail"]))
        self.assertEqual(self.client.put(BASE + "/nobody", {}).status, 404)
        self.assertIsNone(self.definition()["manual_cron_override"])

    def test_a_faulty_definition_is_told_in_health_and_harms_no_other(self):
        self.write("module_name: other\ndefinitions:\n- {event_type: a, event_action: b, cron_expression: '0 0 31 2 *'}\n"
                   "- {event_type: c, event_action: d, cron_expression: '@daily'}\n- {event_type: e}\n", "other.yaml")
        report = self.sync()
        self.assertEqual(report["status"], "partial")
        self.assertEqual(report["created"], 1)
        self.assertRegex("\n".join(report["errors"]), r"other\.yaml:5")
        self.assertIn("day", self.definition("a.b")["last_error"])
        part = self.client.get("/admin/schedules/monitoring/health").json["services"]["definitions"]
        self.assertNotEqual(part["status"], "healthy")
        (self.folder / "other.yaml").unlink()
        self.sync()
        part = self.client.get("/admin/schedules/monitoring/health").json["services"]["definitions"]
        self.assertEqual(part["status"], "healthy")


class Start(unittest.TestCase):
    def test_one_name_in_two_files_is_refused_with_both(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.yaml", "b.yaml"):
                (pathlib.Path(folder) / name).write_text(ONE)
            with tempfile.TemporaryDirectory() as data:
                ended = subprocess.run([binary(), "serve", "--data-dir", data, "--listen", "127.0.0.1:0"], timeout=20,
                                       env={"PATH": "/usr/bin:/bin", "schedules_DEFINITIONS_DIR": folder},
                                       capture_output=True, text=True)
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, r"cart\.remind.*a\.yaml:5.*b\.yaml:5")

    def test_definitions_survive_a_restart_unchanged(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "shop.yaml").write_text(ONE)
            server = Server(DEFINITIONS_DIR=folder)
            self.addCleanup(server.close)
            server.start()
            client = Client(server)
            eventually(lambda: len(client.get(BASE).json) == 2, 10, "the definitions")
            before = client.get("/admin/schedules/" + client.get(BASE + "/stock.check").json["schedule_id"]).headers["ETag"]
            server.kill()
            server.start()
            client = Client(server)
            synced = eventually(lambda: client.post(BASE + "/sync", None).json["unchanged"] == 2, 10, "the sync")
            self.assertTrue(synced)
            after = client.get("/admin/schedules/" + client.get(BASE + "/stock.check").json["schedule_id"]).headers["ETag"]
            self.assertEqual(before, after, "no new revision")


class Examples(unittest.TestCase):
    def test_all_28_fire_when_their_vectors_say(self):
        definitions = yaml.safe_load(EXAMPLES.read_text())["definitions"]
        self.assertEqual(len(definitions), 28)
        asked, wanted = [], []
        for one in definitions:
            for key, times in one.items():
                found = re.fullmatch(r"next_fires_(utc|local)_after_(.+)", key)
                if found:
                    asked.append({"expr": one["cron_expression"], "tz": one["timezone"], "after": found[2],
                                  "n": len(times)})
                    wanted.append((one["name"], [str(time) for time in times]))
        self.assertGreaterEqual(len(asked), 28)
        ended = subprocess.run([binary(), "next", "--batch"], input="\n".join(map(json.dumps, asked)), text=True,
                               capture_output=True, timeout=30, check=True, env=clean_environment())
        for (name, times), line in zip(wanted, ended.stdout.splitlines(), strict=True):
            with self.subTest(name):
                self.assertEqual([instant(time) for time in json.loads(line)["next"]], [instant(time) for time in times])

    def test_the_server_takes_them_all(self):
        server = Server(DEFINITIONS_DIR=str(EXAMPLES.parent))
        self.addCleanup(server.close)
        server.start()
        client = Client(server)
        all_28 = eventually(lambda: (lambda found: found if len(found) == 28 else None)(client.get(BASE).json), 15, "28")
        self.assertEqual({one["schedule_status"] for one in all_28}, {"active"})
        self.assertTrue(all(one["next_execution_at"] for one in all_28))


def instant(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


if __name__ == "__main__":
    unittest.main()
