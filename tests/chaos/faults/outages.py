"""Servers that are killed and come back with what they had synced."""
from . import Fault


class Outage(Fault):
    server = ""

    @property
    def name(self):
        return f"kill_{self.server}"

    def begin(self, world):
        world.servers[self.server].kill()
        return self.server

    def end(self, world):
        world.servers[self.server].start()


class KillRedis(Outage):
    server = "redis"


class KillKafka(Outage):
    server = "kafka"


class KillClickHouse(Outage):
    server = "clickhouse"
    repeats = False  # of near events it knows nothing


class KillMongo(Outage):
    server = "mongo"
    repeats = False
