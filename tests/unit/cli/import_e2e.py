"""schedules import crontab."""
from program import Case


class ImportCrontab(Case):
    def test_jobs_become_definitions(self):
        done = self.call("import", "crontab", self.file("c", "PATH=/bin\n0 2 * * * backup --full\n"), "--tz", "Europe/Paris")
        self.assertIn('cron_expression: "0 2 * * *"', done.stdout)
        self.assertIn('timezone: "Europe/Paris"', done.stdout)
        self.assertIn('payload: {"command":"backup --full","environment":{"PATH":"/bin"}}', done.stdout)
        self.assertIn("1 imported, 0 not", done.stderr)

    def test_what_is_left_out_is_said_and_is_1(self):
        done = self.call("import", "crontab", self.file("c", "@reboot a\n0 2 * * * b\n"), code=1)
        self.assertIn("# line 1 cannot be imported: @reboot", done.stdout)
        self.assertIn("line 1 cannot be imported", done.stderr)
        self.assertIn('name: "crontab.b"', done.stdout)

    def test_stdin_and_an_empty_table(self):
        self.assertIn("definitions: []", self.call("import", "crontab", "-", stdin="# nothing\n").stdout)

    def test_user_column(self):
        done = self.call("import", "crontab", self.file("c", "0 2 * * * root b\n"), "--user-column")
        self.assertIn('{"command":"b","user":"root"}', done.stdout)

    def test_missing_file_is_1(self):
        self.call("import", "crontab", "absent", code=1)
