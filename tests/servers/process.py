"""One server process: started in a directory of its own, ready when its check says so, gone when its parent is."""
import ctypes
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def cache_dir():
    """Where downloads are kept between runs: SCHEDULES_SERVERS_CACHE, else ~/.cache/schedules-servers."""
    path = os.environ.get("SCHEDULES_SERVERS_CACHE") or "~/.cache/schedules-servers"
    path = pathlib.Path(path).expanduser()
    path.mkdir(parents=True, exist_ok=True)
    return path


def free_ports(count, also=()):
    """`count` different ports that nobody listens on now, nor on the port plus any offset of `also`. They lie below the
    range from which the kernel takes ports of outgoing connections, so that none is taken before the server starts."""
    chosen = []
    while len(chosen) < count:
        port = random.SystemRandom().randrange(10_000, 22_000)
        if port in chosen:
            continue
        try:
            for one in (port, *(port + offset for offset in also)):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", one))
        except OSError:
            continue
        chosen.append(port)
    return chosen


def free_port():
    return free_ports(1)[0]


def wait_until(check, timeout=30, what="the server", every=0.02, process=None):
    """Returns the first true answer of `check`; an exception in it counts as not yet."""
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        if process is not None and not process.alive():
            raise RuntimeError(f"{what} ended at its start:\n{process.log_tail()}")
        try:
            answer = check()
            if answer:
                return answer
        except Exception as error:  # noqa: BLE001 - not ready yet, whatever the reason
            last = error
        time.sleep(every)
    raise TimeoutError(f"{what} was not ready within {timeout} s ({last})")


def _die_with_parent():
    os.setsid()
    if not os.environ.get("SCHEDULES_SERVERS_STAY"):  # set by dev/servers alone
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Process:
    """Base of every server. Subclasses set `name`, `binaries` or install(), command() and ready()."""
    name = "server"
    start_timeout = 60

    def __init__(self, keep=None):
        """`keep`: a directory to work in and leave behind; else a temporary one."""
        self._own = keep is None
        if keep is not None:
            pathlib.Path(keep).mkdir(parents=True, exist_ok=True)
        self.dir = pathlib.Path(keep or tempfile.mkdtemp(prefix=f"schedules-{self.name}-"))
        self.process = None

    @classmethod
    def install(cls):
        """Downloads what is missing into cache_dir(); does nothing where nothing is."""

    def command(self):
        raise NotImplementedError

    def ready(self):
        raise NotImplementedError

    def environment(self):
        """What tests read to find this server: SCHEDULES_TEST_<NAME>."""
        raise NotImplementedError

    def settings(self):
        """The schedules_* settings that point the program at this server."""
        raise NotImplementedError

    def start(self):
        self.install()
        log = open(self.dir / "log", "ab")  # noqa: SIM115 - handed to the child
        self.process = subprocess.Popen(self.command(), cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        preexec_fn=_die_with_parent)
        log.close()
        wait_until(self.ready, self.start_timeout, self.name, process=self)
        return self

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log_tail(self):
        try:
            return (self.dir / "log").read_text(errors="replace")[-4000:]
        except OSError:
            return ""

    def stop(self, timeout=10):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """As a crash: SIGKILL, and gone when it returns."""
        if self.alive():
            self.process.kill()
            self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        self.kill()
        if self._own:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()
