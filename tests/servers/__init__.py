"""Real servers for tests and development: each module starts one kind on free ports of 127.0.0.1, as processes that end
with their parent. Nothing here needs root, a container or a port of its own choosing.

    from servers import Redis
    with Redis() as redis: ...            # redis.environment() is {"SCHEDULES_TEST_REDIS": "127.0.0.1:PORT"}
"""
from .process import Process, cache_dir, free_port, free_ports, wait_until

__all__ = ["Process", "cache_dir", "free_port", "free_ports", "wait_until", "kinds"]


def kinds():
    """Name → class of every server there is, loaded when asked for."""
    import importlib
    found = {}
    for module, names in (("redis", ("Redis", "RedisSecured", "RedisCluster", "RedisSentinel")), ("kafka", ("Kafka",)),
                          ("mongo", ("Mongo",)), ("clickhouse", ("ClickHouse",))):
        try:
            loaded = importlib.import_module(f".{module}", __name__)
        except ModuleNotFoundError:
            continue
        for name in names:
            if hasattr(loaded, name):
                found[getattr(loaded, name).name] = getattr(loaded, name)
    return found
