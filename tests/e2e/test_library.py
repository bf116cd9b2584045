"""The library as another project uses it: installed, found by CMake, built and run."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SCHEDULES_BINARY"]).parent


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=240, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Library(unittest.TestCase):
    def test_the_example_is_built_and_keeps_its_reminders(self):
        with tempfile.TemporaryDirectory() as temporary:
            home = pathlib.Path(temporary)
            run("cmake", "--install", BUILD, "--prefix", home / "prefix")
            run("cmake", "-S", ROOT / "examples/reminders", "-B", home / "build", "-G", "Ninja",
                f"-DCMAKE_PREFIX_PATH={home / 'prefix'}")
            run("cmake", "--build", home / "build")
            program = home / "build/reminders"
            stored = run(program, home / "data", "add", 2, "tea").split()[1]
            out = run(program, home / "data", "run", 5)
            late = re.findall(rf"reminder {stored} \{{\"text\":\"tea\"\}} late by (\d+) us", out)
            self.assertEqual(len(late), 1, out)
            self.assertGreaterEqual(out.count("tick tick"), 3, out)
            self.assertGreaterEqual(out.count('chime {"sound":"bell"}'), 3, "declared in code\n" + out)
            # Due at once: by the program that adds it, if it lives long enough, else by the next one.
            out = run(program, home / "data", "add", 0, "cake") + run(program, home / "data", "run", 1)
            overdue = re.search(r"stored (\S+)", out)[1]
            self.assertIn(f"reminder {overdue} ", out, "due before it was opened")
            self.assertNotIn("reminder", run(program, home / "data", "run", 1), "it fired already")


if __name__ == "__main__":
    unittest.main()
