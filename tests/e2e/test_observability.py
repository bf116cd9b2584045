"""Metrics as Prometheus reads them; alert rules by promtool; each panel of the dashboard asked of a real Prometheus that the
program feeds."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

import yaml
from support import ServerCase, eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from servers.process import free_port  # noqa: E402

RULES = ROOT / "ops" / "alerts" / "schedules.yaml"
DASHBOARD = ROOT / "ops" / "grafana" / "schedules.json"
# Of servers and of nodes beside each other, which this program has not.
ELSEWHERE = re.compile(r"schedules_dependency_up|schedules_breaker_state|schedules_ingest_|schedules_.*_dead_|schedules_.*_skipped_|"
                       r"publishes_failed|refused|store_errors|transferred|planned")


def promtool(*arguments, **options):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, **options)


def queries():
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "10s")


class Observability(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="prometheus-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        host = urllib.parse.urlsplit(cls.server.url).netloc
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
                  "scrape_configs": [{"job_name": "schedules", "static_configs": [{"targets": [host]}]}]}
        (cls.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        cls.prometheus = f"http://127.0.0.1:{free_port()}"
        process = subprocess.Popen(
            ["prometheus", f"--config.file={cls.folder}/prometheus.yml", f"--storage.tsdb.path={cls.folder}/data",
             f"--web.listen-address={cls.prometheus.removeprefix('http://')}", "--log.level=error"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait, 20)
        cls.addClassCleanup(process.terminate)

    @classmethod
    def ask(cls, path, **query):
        try:
            with urllib.request.urlopen(f"{cls.prometheus}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return None  # it starts
            raise AssertionError(f"{path} {query}: {error.read()[:300]}") from None
        except urllib.error.URLError:
            return None

    def feed(self):
        self.client.post("/events", [self.event(delay_seconds=0, target=self.receiver.target("/hook")) for _ in range(50)])
        self.client.post("/events", [self.event(delay_seconds=3600), self.event(delay_seconds=5 * 86400)])
        self.receiver.wait("/hook", 50)

    def test_every_panel_has_figures(self):
        eventually(lambda: self.ask("query", query="up"), 30, "Prometheus")
        deadline, empty = time.monotonic() + 40, ["?"]
        while empty and time.monotonic() < deadline:
            self.feed()
            time.sleep(1)
            answers = {(title, query): self.ask("query", query=query) for title, query in queries()}
            empty = [key for key, answer in answers.items() if not answer["result"] and not ELSEWHERE.search(key[1])]
        self.assertEqual(empty, [])

    def test_the_rules_are_loaded_and_nothing_is_wrong_here(self):
        rules = eventually(lambda: [rule for group in (self.ask("rules") or {"groups": []})["groups"] for rule in group["rules"]
                                    if rule["health"] == "ok"], 30, "rules")
        self.assertEqual(len(rules), len(yaml.safe_load(RULES.read_text())["groups"][0]["rules"]))
        self.assertEqual([rule["name"] for rule in rules if rule["state"] == "firing"], [])

    def test_the_metrics_page_is_as_promtool_wants_it(self):
        self.feed()
        checked = promtool("check", "metrics", input=self.client.get("//metrics").body.decode())
        # The one name that the original's contract gives against the rules.
        faults = [line for line in checked.stderr.splitlines() if not line.startswith("stufio_schedules_total non-counter")]
        self.assertEqual(faults, [])
        self.assertIn(checked.returncode, (0, 3))

    def test_each_name_in_rules_and_panels_is_one_of_ours(self):
        known = {name for name in re.findall(r'"((?:schedules|process)_\w+)"', (ROOT / "src/telemetry/metrics.def").read_text())}
        text = RULES.read_text() + DASHBOARD.read_text()
        for name in set(re.findall(r"\b((?:schedules|process)_[a-z_]+)\b(?=[{\[)\s])", text)):
            self.assertIn(name.removesuffix("_bucket"), known)

    def test_requests_and_store_calls_are_measured(self):
        self.feed()
        page = self.client.get("//metrics").body.decode()
        self.assertRegex(page, r'schedules_http_requests_total\{route="/api/v1/events",status="2xx"\} [1-9]')
        self.assertRegex(page, r'schedules_store_call_duration_seconds_count\{store="near",op="put"\} [1-9]')
        self.assertIn("schedules_oldest_due_seconds 0", page)


class Rules(unittest.TestCase):
    def test_each_alert_at_its_threshold(self):
        checked = promtool("check", "rules", RULES)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        tested = promtool("test", "rules", RULES.with_suffix(".test.yaml"))
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)

    def test_a_wrong_threshold_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            for file in RULES.parent.glob("*.yaml"):
                shutil.copy(file, folder)
            broken = pathlib.Path(folder) / RULES.name
            broken.write_text(RULES.read_text().replace('tier="near"}) > 50000', 'tier="near"}) > 70000'))
            self.assertNotEqual(promtool("test", "rules", broken.with_suffix(".test.yaml")).returncode, 0)

    def test_each_alert_has_its_entry_in_the_runbook(self):
        headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.M)}
        for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
            self.assertIn(rule["annotations"]["runbook_url"].partition("#")[2], headings, rule["alert"])

    def test_the_dashboard_is_current(self):
        made = subprocess.run([sys.executable, ROOT / "ops/grafana/dashboard.py", "--check"], check=False)
        self.assertEqual(made.returncode, 0, "run ops/grafana/dashboard.py")


if __name__ == "__main__":
    unittest.main()
