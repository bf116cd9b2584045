"""ClickHouse: its engine from the npm package of libchdb, behind clickhouse_http.py."""
import fcntl
import json
import pathlib
import shutil
import subprocess
import sys
import urllib.request

from .control import Control
from .process import Process, cache_dir, free_port

VERSION = "26.5.3"


class ClickHouse(Process):
    name = "clickhouse"

    def __init__(self, keep=None, port=None):
        super().__init__(keep)
        self.dir = self.dir.resolve()
        self.port = port or free_port()
        self.control = None

    @classmethod
    def library(cls):
        return cache_dir() / f"libchdb-{VERSION}" / "libchdb.so"

    @classmethod
    def install(cls):
        if cls.library().exists():
            return
        with open(cache_dir() / "clickhouse.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if cls.library().exists():
                return
            fresh = cls.library().parent.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            packed = subprocess.run(["npm", "pack", "--silent", f"@chdb/lib-linux-x64-gnu@{VERSION}"], cwd=fresh,
                                    check=True, capture_output=True, text=True).stdout.split()[-1]
            subprocess.run(["tar", "xzf", packed, "--strip-components=1", "package/libchdb.so"], cwd=fresh, check=True)
            (fresh / packed).unlink()
            shutil.rmtree(cls.library().parent, ignore_errors=True)
            fresh.rename(cls.library().parent)

    def command(self):
        return [sys.executable, "-B", str(pathlib.Path(__file__).with_name("clickhouse_http.py")),
                str(self.library()), str(self.dir / "data"), str(self.port)]

    def ready(self):
        return urllib.request.urlopen(f"{self.url}/ping", timeout=2).read() == b"Ok.\n"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def query(self, sql):
        """For tests: one statement's answer as text."""
        return urllib.request.urlopen(self.url, data=sql.encode(), timeout=60).read().decode()

    def faults(self, *faults):
        urllib.request.urlopen(f"{self.url}/faults", data=json.dumps(faults).encode(), timeout=10).read()

    def environment(self):
        if self.control is None:
            self.control = Control(self)
        return {"SCHEDULES_TEST_CLICKHOUSE": f"127.0.0.1:{self.port}",
                "SCHEDULES_TEST_CLICKHOUSE_CONTROL": self.control.address}

    def settings(self):
        return {"schedules_CLICKHOUSE_URL": f"{self.url}/schedules"}
