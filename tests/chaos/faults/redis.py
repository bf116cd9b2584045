"""What Redis alone can do to its users: forget everything, or be another server from one moment to the next."""
from servers.process import wait_until
from servers.redis import ask

from . import Fault


class FlushAll(Fault):
    name = "redis_flushall"

    def begin(self, world):
        ask(world.redis.port, "FLUSHALL")
        return "redis"

    def end(self, world):
        pass


class SentinelFailover(Fault):
    """The primary is killed, a replica promoted; the old one comes back as a replica."""
    name = "sentinel_failover"

    def begin(self, world):
        data = world.redis.data
        primaries = [node for node in data if node.alive() and "role:master" in ask(node.port, "INFO", "replication")]
        self.killed = primaries[0]
        self.killed.kill()
        wait_until(lambda: any(node.alive() and "role:master" in ask(node.port, "INFO", "replication") for node in data), 30,
                   "a new primary")
        return f"redis on {self.killed.port}"

    def end(self, world):
        self.killed.start()
        wait_until(lambda: "master_link_status:up" in ask(self.killed.port, "INFO", "replication"), 30, "the replica's link")


class ClusterFailover(Fault):
    """One primary of three is killed; its replica takes its slots."""
    name = "cluster_failover"

    def begin(self, world):
        primaries = world.redis.primaries()
        self.killed = primaries[self.pick % len(primaries)]
        self.killed.kill()
        wait_until(lambda: len(world.redis.primaries()) >= 3, 30, "a new primary")
        return f"redis on {self.killed.port}"

    def end(self, world):
        self.killed.start()
        wait_until(lambda: "master_link_status:up" in ask(self.killed.port, "INFO", "replication"), 30, "the replica's link")
