"""schedules next, alone and in batches."""
import json
import subprocess
import threading

from program import PROGRAM, Case

# expression, zone, after, the next ones
VECTORS = [
    ("0 2 * * *", "UTC", "2026-01-01T00:00:00Z",
     ["2026-01-01T02:00:00+00:00", "2026-01-02T02:00:00+00:00"]),
    ("0 8 * * 1", "UTC", "2026-01-01T00:00:00Z", ["2026-01-05T08:00:00+00:00", "2026-01-12T08:00:00+00:00"]),
    ("0 18 * * 1-5", "Asia/Tokyo", "2026-01-01T00:00:00Z",
     ["2026-01-01T18:00:00+09:00", "2026-01-02T18:00:00+09:00", "2026-01-05T18:00:00+09:00"]),
    ("30 1 * * *", "Europe/London", "2026-03-28T12:00:00Z", ["2026-03-29T02:00:00+01:00", "2026-03-30T01:30:00+01:00"]),
    ("30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z", ["2026-10-25T01:30:00+01:00", "2026-10-26T01:30:00+00:00"]),
    ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"]),
    ("30 0 12 * * ?", "UTC", "2026-01-01T00:00:00Z", ["2026-01-01T12:00:30+00:00"]),
    ("@every 90s", "UTC", "2026-01-01T00:00:10Z", ["2026-01-01T00:01:40+00:00", "2026-01-01T00:03:10+00:00"]),
]


class Next(Case):
    def test_vectors_as_json(self):
        for expression, zone, after, wanted in VECTORS:
            with self.subTest(expression=expression):
                done = self.call("next", expression, "--tz", zone, "--after", after, "-n", str(len(wanted)), "--output", "json")
                answer = json.loads(done.stdout)
                self.assertEqual(answer["next"], wanted)
                self.assertEqual(len(answer["occurrences"]), len(wanted))

    def test_table_says_why(self):
        done = self.call("next", "30 1 * * *", "--tz", "Europe/London", "--after", "2026-03-28T12:00:00Z", "-n", "1")
        self.assertIn("2026-03-29T02:00:00+01:00", done.stdout)
        self.assertIn("does not exist", done.stdout)

    def test_five_is_the_default_and_zone_comes_from_the_settings(self):
        answer = json.loads(self.call("next", "0 0 * * *", "--output", "json",
                                      environment={"schedules_TIMEZONE": "Asia/Tokyo"}).stdout)
        self.assertEqual(len(answer["next"]), 5)
        self.assertTrue(answer["next"][0].endswith("+09:00"))

    def test_seconds_field_comes_from_the_settings(self):
        arguments = ("next", "0 0 12 * * 30", "--after", "2026-01-01T00:00:00Z", "-n", "1", "--output", "json")
        for more in ({"environment": {"schedules_CRON_SECONDS_FIELD": "last"}},):
            # Minute 0, hour 0, day 12, second 30.
            self.assertEqual(json.loads(self.call(*arguments, **more).stdout)["next"], ["2026-01-12T00:00:30+00:00"])
        self.assertEqual(json.loads(self.call(*arguments, "--seconds-last").stdout)["next"], ["2026-01-12T00:00:30+00:00"])
        self.call(*arguments, code=1)

    def test_fault_names_field_and_column(self):
        done = self.call("next", "0 25 * * *", code=1)
        self.assertIn("invalid_cron", done.stderr)
        self.assertIn("field hour", done.stderr)
        self.assertIn("column 3", done.stderr)

    def test_unknown_zone_is_refused(self):
        self.assertIn("Europe/London", self.call("next", "0 1 * * *", "--tz", "Europe/Londno", code=1).stderr)


class Batch(Case):
    def answers(self, *lines):
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        done = self.call("next", "--batch", stdin=text)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_vectors(self):
        lines = [{"expr": e, "tz": z, "after": a, "n": len(w)} for e, z, a, w in VECTORS]
        self.assertEqual(self.answers(*lines), [{"next": w} for *_, w in VECTORS])

    def test_each_line_has_its_answer_in_order(self):
        good = {"expr": "0 0 1 1 *", "after": "2026-06-01T00:00:00Z", "n": 1}
        answers = self.answers(good, {"expr": "0 25 * * *"}, "nonsense", "", {"tz": "UTC"}, {"expr": "* * * * *", "tz": "X/Y"},
                               {"expr": "0 0 31 2 *"}, {"expr": "* * * * *", "n": 0}, {"expr": 5},
                               {"expr": "* * * * *", "after": "soon"}, good)
        self.assertEqual(answers[0], {"next": ["2027-01-01T00:00:00+00:00"]})
        self.assertEqual(answers[-1], answers[0])
        codes = [a["error"]["code"] for a in answers[1:-1]]
        self.assertEqual(codes, ["invalid_cron", "invalid_json", "missing_field", "unknown_time_zone", "never_fires",
                                 "out_of_range", "wrong_type", "invalid_time"])
        self.assertEqual((answers[1]["error"]["field"], answers[1]["error"]["column"]), ("hour", 2))
        for answer in answers[1:-1]:
            self.assertEqual(set(answer["error"]), {"code", "detail", "field", "column"})

    def test_answers_come_before_the_input_ends(self):
        with subprocess.Popen([PROGRAM, "next", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              cwd=self.folder) as program:
            # Without its answers the loop below would wait for ever.
            guard = threading.Timer(10, program.kill)
            self.addCleanup(guard.cancel)
            guard.start()
            for _ in range(3):
                program.stdin.write('{"expr":"0 0 1 1 *","after":"2026-06-01T00:00:00Z","n":1}\n')
                program.stdin.flush()
                self.assertEqual(json.loads(program.stdout.readline()), {"next": ["2027-01-01T00:00:00+00:00"]})
            program.stdin.close()
            self.assertEqual(program.wait(10), 0)

    def test_many_lines(self):
        answers = self.answers(*[{"expr": f"{i % 60} * * * *", "n": 2} for i in range(5000)])
        self.assertEqual(len(answers), 5000)
        self.assertTrue(all(len(a["next"]) == 2 for a in answers))
