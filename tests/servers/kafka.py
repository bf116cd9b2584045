"""Apache Kafka as one KRaft node: broker and controller in one Java process, jars by Maven, data in a directory of its own."""
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import pathlib

from .control import Control
from .process import Process, cache_dir, free_ports

VERSION = "4.4.0"
USER, PASSWORD = "schedules", "test-secret"  # of the listener with SASL over TLS

# Small, quick to start, and quick to start again: without a short broker session a restart waits for the old one's end. But
# longer than a busy machine makes the broker wait: one that its controller takes for dead leads no partition, and a
# transaction that is committed just then is never ended in them (Kafka takes them for deleted), which stops every reader of
# committed records.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},SECURED://127.0.0.1:{secured},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURED://127.0.0.1:{secured}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN
listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.secured.ssl.keystore.type=PEM
listener.name.secured.ssl.keystore.location={directory}/tls/keystore.pem
log.dirs={directory}/data
num.partitions=4
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=2
background.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
log.segment.bytes=67108864
log.index.size.max.bytes=1048576
"""


class Kafka(Process):
    name = "kafka"
    start_timeout = 90

    def __init__(self, keep=None, port=None):
        super().__init__(keep)
        self.dir = self.dir.resolve()
        self.ports = self._known_ports(port)
        self.control = None

    def _known_ports(self, port):
        """A directory that is kept keeps its ports; a given one goes first."""
        note = self.dir / "ports.json"
        if note.exists():
            known = json.loads(note.read_text())
            if port in (None, known["port"]):
                return known
        return self._fresh_ports(port)

    def _fresh_ports(self, port=None):
        fresh = free_ports(3)
        chosen = {"port": port or fresh[0], "secured": fresh[1], "controller": fresh[2]}
        (self.dir / "ports.json").write_text(json.dumps(chosen))
        return chosen

    @property
    def port(self):
        return self.ports["port"]

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"

    @classmethod
    def jars(cls):
        return cache_dir() / f"kafka-{VERSION}"

    @classmethod
    def install(cls):
        if (cls.jars() / "complete").exists():
            return
        with open(cache_dir() / "kafka.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (cls.jars() / "complete").exists():
                return
            shutil.rmtree(cls.jars(), ignore_errors=True)
            subprocess.run(
                ["mvn", "-q", "-B", "-f", str(pathlib.Path(__file__).with_name("kafka_pom.xml")),
                 "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
                 f"-DoutputDirectory={cls.jars()}", "-DincludeScope=runtime"], check=True, stdout=subprocess.DEVNULL)
            (cls.jars() / "complete").touch()

    def _java(self, heap, *words):
        return ["java", "-XX:+UseSerialGC", "-Xshare:auto", f"-Xmx{heap}", "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self.jars()}/*", *words]

    def _prepare(self):
        """Certificate, settings and a formatted data directory; nothing of it is made twice."""
        self._make_certificate()
        properties = self.dir / "server.properties"
        properties.write_text(PROPERTIES.format(directory=self.dir, user=USER, password=PASSWORD, **self.ports))
        if (self.dir / "data" / "meta.properties").exists():
            return
        formatted = subprocess.run(self._java("128m", "kafka.tools.StorageTool", "format", "--ignore-formatted", "-t",
                                              "schedules-test-aaaaaa", "-c", str(properties)),
                                   capture_output=True, text=True)
        if formatted.returncode != 0:
            raise RuntimeError(f"formatting Kafka's storage failed:\n{formatted.stdout}{formatted.stderr}")

    def _make_certificate(self):
        place = self.dir / "tls"
        if (place / "keystore.pem").exists():
            return
        place.mkdir(exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
                        "/CN=schedules-test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout",
                        str(place / "key.pem"), "-out", str(place / "ca.pem")], check=True, capture_output=True)
        (place / "keystore.pem").write_text((place / "key.pem").read_text() + (place / "ca.pem").read_text())

    def start(self):
        self.install()
        for tries_left in (2, 1, 0):
            self._prepare()
            try:
                return super().start()
            except RuntimeError:
                # Between choosing a port and listening on it lie seconds. Nobody has been told of ours yet.
                taken = "Address already in use" in self.log_tail()
                if not (taken and tries_left and self._own and self.control is None):
                    raise
                self.ports = self._fresh_ports()

    def command(self):
        heap = os.environ.get("SCHEDULES_TEST_KAFKA_HEAP", "256m")
        words = self._java(heap, "kafka.Kafka", str(self.dir / "server.properties"))
        words.remove("-XX:TieredStopAtLevel=1")  # quick to start is for the formatter; this one is to be quick
        return words

    def ready(self):
        listed = subprocess.run(["kcat", "-b", self.brokers, "-L", "-J", "-m", "1"], capture_output=True, timeout=5)
        return b'"brokers":[{' in listed.stdout

    def environment(self):
        if self.control is None:
            self.control = Control(self)
        return {"SCHEDULES_TEST_KAFKA": self.brokers,
                "SCHEDULES_TEST_KAFKA_CONTROL": self.control.address,
                "SCHEDULES_TEST_KAFKA_SECURED": f"127.0.0.1:{self.ports['secured']}",
                "SCHEDULES_TEST_KAFKA_CA": str(self.dir / "tls" / "ca.pem"),
                "SCHEDULES_TEST_KAFKA_USER": USER,
                "SCHEDULES_TEST_KAFKA_PASSWORD": PASSWORD}

    def settings(self):
        return {"schedules_KAFKA_BROKERS": self.brokers}

    def create_topic(self, topic, partitions=1, settings=None):
        """Made when it returns; one that is there already is left as it is."""
        error, text = create_topic(self.port, topic, partitions, settings or {})
        if error not in (0, 36):  # 36: TOPIC_ALREADY_EXISTS
            raise RuntimeError(f"creating topic {topic} failed: {error} {text}")


def _string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def create_topic(port, topic, partitions, settings):
    """One CreateTopics call, version 2 of Kafka's protocol. Answers error code and text."""
    body = struct.pack(">i", 1) + _string(topic) + struct.pack(">ihi", partitions, 1, 0)
    body += struct.pack(">i", len(settings)) + b"".join(_string(k) + _string(str(v)) for k, v in settings.items())
    body += struct.pack(">i?", 10_000, False)
    request = struct.pack(">hhi", 19, 2, 1) + _string("schedules-tests") + body
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            (size,) = struct.unpack(">i", stream.read(4))
            answer = stream.read(size)
    at = 4 + 4 + 4  # correlation id, throttle time, how many topics
    (name_size,) = struct.unpack_from(">h", answer, at)
    error, text_size = struct.unpack_from(">hh", answer, at + 2 + name_size)
    start = at + 2 + name_size + 4
    return error, answer[start:start + max(text_size, 0)].decode(errors="replace")
