"""Redis: standalone, Cluster (three primaries with a replica each) and Sentinel."""
import socket
import subprocess

from .control import Control
from .process import Process, free_ports, wait_until

PASSWORD = "test-secret"  # of the server with TLS


def ask(port, *words):
    """One command's raw answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words))
        connection.settimeout(2)
        answer = b""
        while b"\r\n" not in answer or (answer[:1] == b"$" and not complete(answer)):
            got = connection.recv(65536)
            if not got:
                break
            answer += got
        return answer.decode(errors="replace")


def complete(answer):
    head, _, rest = answer.partition(b"\r\n")
    return int(head[1:]) < 0 or len(rest) >= int(head[1:]) + 2


class Redis(Process):
    name = "redis"

    def __init__(self, keep=None, port=None, extra=()):
        super().__init__(keep)
        self.port = port or free_ports(1)[0]
        self.extra = list(extra)
        self.control = None

    def command(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.dir), "--save", "",
                "--appendonly", "yes", "--shutdown-timeout", "0", *self.extra]

    def ready(self):
        return ask(self.port, "PING").startswith("+PONG")

    def environment(self):
        if self.control is None:
            self.control = Control(self)
        return {"SCHEDULES_TEST_REDIS": f"127.0.0.1:{self.port}", "SCHEDULES_TEST_REDIS_CONTROL": self.control.address}

    def settings(self):
        return {"schedules_REDIS_URL": f"redis://127.0.0.1:{self.port}/0"}


class RedisSecured(Redis):
    """TLS only, with a password. Listens on 127.0.0.2 too, which its certificate does not name."""
    name = "redis-secured"

    def start(self):
        if not (self.dir / "key.pem").exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
                            "/CN=schedules-test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout",
                            str(self.dir / "key.pem"), "-out", str(self.dir / "ca.pem")], check=True, capture_output=True)
        return super().start()

    def command(self):
        return ["redis-server", "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1", "127.0.0.2",
                "--dir", str(self.dir), "--tls-cert-file", "ca.pem", "--tls-key-file", "key.pem", "--tls-auth-clients", "no",
                "--requirepass", PASSWORD, "--save", "", "--shutdown-timeout", "0"]

    def ready(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True

    def environment(self):
        if self.control is None:
            self.control = Control(self)
        return {"SCHEDULES_TEST_REDIS_SECURED": f"127.0.0.1:{self.port}", "SCHEDULES_TEST_REDIS_CA": str(self.dir / "ca.pem"),
                "SCHEDULES_TEST_REDIS_PASSWORD": PASSWORD, "SCHEDULES_TEST_REDIS_SECURED_CONTROL": self.control.address}

    def settings(self):
        return {"schedules_REDIS_URL": f"rediss://:{PASSWORD}@127.0.0.1:{self.port}/0"}


class Group:
    """Several processes that are one server."""

    def __init__(self, keep=None):
        self.keep = keep
        self.nodes = []
        self.control = None

    def control_address(self):
        if self.control is None:
            self.control = Control(self)
        return self.control.address

    @classmethod
    def install(cls):
        pass

    def node_dir(self, name):
        return None if self.keep is None else f"{self.keep}/{name}"

    def close(self):
        for node in self.nodes:
            node.close()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()


class RedisCluster(Group):
    name = "redis-cluster"

    def __init__(self, keep=None, node_timeout_ms=1000):
        super().__init__(keep)
        for port in free_ports(6, also=(10_000,)):
            self.nodes.append(Redis(self.node_dir(str(len(self.nodes))), port, [
                "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
                str(node_timeout_ms), "--cluster-replica-validity-factor", "0", "--cluster-announce-ip", "127.0.0.1",
                "--repl-diskless-sync-delay", "0", "--cluster-allow-replica-migration", "no"]))

    def start(self):
        for node in self.nodes:
            node.start()
        if "cluster_state:ok" not in ask(self.nodes[0].port, "CLUSTER", "INFO"):
            subprocess.run(["redis-cli", "--cluster", "create", *(f"127.0.0.1:{node.port}" for node in self.nodes),
                            "--cluster-replicas", "1", "--cluster-yes"], check=True, stdout=subprocess.DEVNULL)
        wait_until(self.ready, 30, self.name)
        return self

    def ready(self):
        agreed = all("cluster_state:ok" in ask(node.port, "CLUSTER", "INFO") for node in self.nodes)
        linked = sum("master_link_status:up" in ask(node.port, "INFO", "replication") for node in self.nodes)
        return agreed and linked >= 3

    def primaries(self):
        return [node for node in self.nodes if node.alive() and "role:master" in ask(node.port, "INFO", "replication")]

    def environment(self):
        return {"SCHEDULES_TEST_REDIS_CLUSTER": ",".join(f"127.0.0.1:{node.port}" for node in self.nodes),
                "SCHEDULES_TEST_REDIS_CLUSTER_CONTROL": self.control_address()}

    def settings(self):
        return {"schedules_REDIS_URL":
                "redis-cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:3])}


class Sentinel(Redis):
    name = "sentinel"

    def __init__(self, keep, port, primary):
        super().__init__(keep, port)
        self.primary = primary

    def command(self):
        path = self.dir / "sentinel.conf"
        if not path.exists():
            path.write_text(f"port {self.port}\nbind 127.0.0.1\ndir {self.dir}\n"
                            f"sentinel monitor mymaster 127.0.0.1 {self.primary} 2\n"
                            "sentinel down-after-milliseconds mymaster 500\n"
                            "sentinel failover-timeout mymaster 3000\nsentinel parallel-syncs mymaster 1\n")
        return ["redis-server", str(path), "--sentinel"]


class RedisSentinel(Group):
    name = "redis-sentinel"

    def __init__(self, keep=None):
        super().__init__(keep)
        ports = free_ports(5)
        self.data = [Redis(self.node_dir(f"data{i}"), port, ["--repl-diskless-sync-delay", "0"])
                     for i, port in enumerate(ports[:2])]
        self.sentinels = [Sentinel(self.node_dir(f"sentinel{i}"), port, ports[0]) for i, port in enumerate(ports[2:])]
        self.nodes = self.data + self.sentinels

    def start(self):
        for node in self.data:
            node.start()
        ask(self.data[1].port, "REPLICAOF", "127.0.0.1", str(self.data[0].port))
        for node in self.sentinels:
            node.start()
        wait_until(self.ready, 30, self.name)
        return self

    def ready(self):
        linked = "master_link_status:up" in ask(self.data[1].port, "INFO", "replication")
        info = ask(self.sentinels[0].port, "INFO", "sentinel")
        return linked and "slaves=1" in info and "sentinels=3" in info

    def environment(self):
        addresses = ",".join(f"127.0.0.1:{node.port}" for node in self.sentinels)
        return {"SCHEDULES_TEST_REDIS_SENTINEL": f"{addresses}#mymaster",
                "SCHEDULES_TEST_REDIS_SENTINEL_DATA": ",".join(f"127.0.0.1:{node.port}" for node in self.data),
                "SCHEDULES_TEST_REDIS_SENTINEL_CONTROL": self.control_address()}

    def settings(self):
        addresses = ",".join(f"127.0.0.1:{node.port}" for node in self.sentinels)
        return {"schedules_REDIS_URL": f"redis-sentinel://{addresses}/0#mymaster"}
