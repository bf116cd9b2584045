"""One node of the program: a process on a port of its own, killed, paused and started again on the same data."""
import os
import pathlib
import signal
import subprocess
import urllib.request

from servers.process import Process, _die_with_parent, free_port, wait_until


class Node(Process):
    """`settings`: what the program is told by schedules_*; `environment_of_its_own`: further variables; `prefix`: words before
    the program's, such as those that put it into a network namespace."""
    name = "node"
    start_timeout = 60

    def __init__(self, number, binary, settings, directory):
        super().__init__(keep=directory)
        self.number = number
        self.binary = str(binary)
        self.node_settings = dict(settings)
        self.environment_of_its_own = {}
        self.prefix = []
        self.port = free_port()
        self.data_dir = pathlib.Path(directory) / "data"
        self.starts = 0

    def command(self):
        return [*self.prefix, self.binary, "serve", "--data-dir", str(self.data_dir), "--listen", f"127.0.0.1:{self.port}"]

    def _environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.lower().startswith("schedules_")}
        kept.update({f"schedules_{name}": str(value) for name, value in self.node_settings.items()})
        kept.update(schedules_NODE_ID=f"node-{self.number}", **self.environment_of_its_own)
        return kept

    def launch(self):
        """Without waiting. In the main thread: the process dies with the thread that made it."""
        self.starts += 1
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self._environment(), preexec_fn=_die_with_parent)

    def start(self):
        self.launch()
        self.await_ready()
        return self

    def await_ready(self):
        wait_until(self.ready, self.start_timeout, f"node {self.number}", process=self)

    def ready(self):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).status == 200

    def healthy(self):
        path = f"http://127.0.0.1:{self.port}/api/v1/admin/schedules/monitoring/health"
        with urllib.request.urlopen(path, timeout=5) as answer:
            return b'"status":"healthy"' in answer.read().replace(b" ", b"")[:4000].split(b'"services"')[0]

    def stop(self, timeout=30):
        if self.alive():
            self.process.send_signal(signal.SIGCONT)
        super().stop(timeout)

    def kill(self):
        if self.alive():
            self.process.kill()  # also of one that is stopped
            self.process.wait()
