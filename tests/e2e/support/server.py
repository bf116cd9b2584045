"""The server as a process: started on a free port, killed, restarted on the same data, always gone at the end."""
import atexit
import ctypes
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading

from .client import close_clients

START_SECONDS = 30
_LIBC = ctypes.CDLL(None, use_errno=True)
_running = set()


def binary():
    path = os.environ.get("SCHEDULES_BINARY")
    if not path:
        raise SystemExit("SCHEDULES_BINARY has to name the program under test")
    return path


def clean_environment(**settings):
    """This process's environment without settings of its own: an unknown schedules_* variable stops the server."""
    kept = {name: value for name, value in os.environ.items()
            if not name.lower().startswith("schedules_") and name != "SECRET_KEY"}
    kept.update({f"schedules_{name}": str(value) for name, value in settings.items()})
    return kept


def _die_with_parent():
    _LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def run_cli(*arguments, server=None, input=None, timeout=30, env=None, cwd=None):
    """Runs the command line client to its end."""
    environment = clean_environment() if env is None else env
    if server is not None:
        environment["schedules_SERVER"] = server.url
    return subprocess.run([binary(), *map(str, arguments)], env=environment, input=input, capture_output=True, text=True,
                          timeout=timeout, cwd=cwd or tempfile.gettempdir(), preexec_fn=_die_with_parent)


class StartFailed(Exception):
    def __init__(self, code, log):
        super().__init__(f"the server did not start (exit code {code}):\n{log}")
        self.code = code
        self.log = log


class Server:
    """start(), kill() (SIGKILL), terminate() (SIGTERM, answers the exit code), restart(). Start it in the main thread:
    the process dies with the thread that made it."""

    def __init__(self, data_dir=None, arguments=(), **settings):
        self.settings = {"WEBHOOK_ALLOW": "127.0.0.0/8", **settings}
        self.arguments = list(arguments)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="schedules-e2e-"))
        self.data_dir = pathlib.Path(data_dir) if data_dir else self.home / "data"
        self.port = 0
        self.host = "127.0.0.1"
        self.process = None
        self.listening = None
        self.log_path = self.home / "log"
        self._lines = queue.Queue()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def launch(self):
        """Starts the process and waits for nothing."""
        command = [binary(), "serve", "--data-dir", str(self.data_dir), "--listen", f"{self.host}:{self.port}",
                   *self.arguments]
        self._lines = queue.Queue()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=self.home,
                                            env=clean_environment(**self.settings), preexec_fn=_die_with_parent)
        _running.add(self)
        threading.Thread(target=self._read_stdout, args=(self.process, self._lines), daemon=True).start()
        return self

    def start(self, timeout=START_SECONDS):
        self.launch()
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            self.kill()
            raise StartFailed(None, self.log()) from None
        if line is None:
            code = self.process.wait(timeout)
            _running.discard(self)
            raise StartFailed(code, self.log())
        self.listening = json.loads(line)
        self.port = int(self.listening["http"].rsplit(":", 1)[1])
        return self

    @staticmethod
    def _read_stdout(process, lines):
        for line in process.stdout:
            lines.put(line.decode())
        lines.put(None)
        process.stdout.close()

    def output_lines(self):
        """What came on stdout after the listening line, so far."""
        found = []
        while not self._lines.empty():
            line = self._lines.get()
            if line is not None:
                found.append(line)
        return found

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            _running.discard(self)

    def terminate(self, timeout=30):
        self.process.terminate()
        code = self.process.wait(timeout)
        _running.discard(self)
        return code

    def restart(self, **settings):
        """Again on the same data and port; the caller has ended the process."""
        self.settings.update(settings)
        return self.start()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self, last=60):
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-last:])

    def close(self):
        self.kill()
        close_clients()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.close()


@atexit.register
def _kill_the_rest():
    for server in list(_running):
        server.close()
