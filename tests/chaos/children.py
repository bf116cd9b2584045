"""The harness' own processes: generator, consumer and receiver."""
import json
import pathlib
import signal
import subprocess
import sys

from servers.process import _die_with_parent

TESTS = pathlib.Path(__file__).resolve().parents[1]


class Child:
    """python3 -m chaos.MODULE ARGUMENTS, started in the main thread."""

    def __init__(self, module, *arguments, log):
        self.module = module
        self._log = open(log, "ab")  # noqa: SIM115 - handed to the child
        self.process = subprocess.Popen([sys.executable, "-B", "-m", f"chaos.{module}", *map(str, arguments)], cwd=TESTS,
                                        stdout=subprocess.PIPE, stderr=self._log, text=True, preexec_fn=_die_with_parent)

    def line(self):
        """The next line that it prints."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.module} ended with {self.process.wait()}: {pathlib.Path(self._log.name).read_text()[-2000:]}")
        return line.strip()

    def alive(self):
        return self.process.poll() is None

    def result(self):
        """The JSON that it prints at its end."""
        output = self.process.stdout.read()
        if self.process.wait() != 0:
            raise RuntimeError(f"{self.module} failed: {pathlib.Path(self._log.name).read_text()[-2000:]}")
        return json.loads(output)

    def stop(self):
        """Its ledger is whole when this returns."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()
