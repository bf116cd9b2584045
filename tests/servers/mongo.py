"""MongoDB's protocol by mongo-java-server, jars by Maven: finds, updates, findAndModify, unique indexes as in MongoDB; no
sessions, no transactions, no updates by pipeline, no $text; TTL indexes are taken and do nothing. Data outlive a kill."""
import fcntl
import pathlib
import shutil
import socket
import struct
import subprocess

from .control import Control
from .process import Process, cache_dir, free_port

VERSION = "1.47.0"
LAUNCHER = pathlib.Path(__file__).with_name("DurableMongo.java")
PING = b"\x10ping\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00"


class Mongo(Process):
    name = "mongo"

    def __init__(self, keep=None, port=None):
        super().__init__(keep)
        self.dir = self.dir.resolve()
        self.port = port or free_port()
        self.control = None

    @classmethod
    def home(cls):
        return cache_dir() / f"mongo-java-server-{VERSION}"

    @classmethod
    def install(cls):
        compiled = cls.home() / "classes" / LAUNCHER.with_suffix(".class").name
        with open(cache_dir() / "mongo.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (cls.home() / "complete").exists():
                shutil.rmtree(cls.home(), ignore_errors=True)
                subprocess.run(
                    ["mvn", "-q", "-B", "-f", str(pathlib.Path(__file__).with_name("mongo_pom.xml")),
                     "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
                     f"-DoutputDirectory={cls.home() / 'lib'}", "-DincludeScope=runtime"],
                    check=True, stdout=subprocess.DEVNULL)
                (cls.home() / "complete").touch()
            if not compiled.exists() or compiled.stat().st_mtime < LAUNCHER.stat().st_mtime:
                subprocess.run(["javac", "-cp", f"{cls.home() / 'lib'}/*", "-d", str(compiled.parent), str(LAUNCHER)],
                               check=True)

    def command(self):
        return ["java", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp",
                f"{self.home() / 'classes'}:{self.home() / 'lib'}/*", "DurableMongo", str(self.port),
                str(self.dir / "data.mv")]

    def ready(self):
        """One `ping` in OP_MSG answers with ok: 1."""
        document = struct.pack("<i", len(PING) + 5) + PING + b"\x00"
        message = struct.pack("<iiii", 16 + 4 + 1 + len(document), 1, 0, 2013) + b"\x00\x00\x00\x00\x00" + document
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(message)
            answer = connection.recv(4096)
        return b"ok\x00" in answer

    @property
    def url(self):
        return f"mongodb://127.0.0.1:{self.port}"

    def environment(self):
        if self.control is None:
            self.control = Control(self)
        return {"SCHEDULES_TEST_MONGO": f"127.0.0.1:{self.port}",
                "SCHEDULES_TEST_MONGO_CONTROL": self.control.address}

    def settings(self):
        return {"schedules_MONGO_URL": f"{self.url}/stufio"}
