"""The scenarios: on what they run, how events are put, and which faults come when. A plan is made of the seed alone."""
import dataclasses
import random
from typing import Callable

from . import clock, network, small_disk
from .faults.clocks import StepClock
from .faults.disk import FullDisk
from .faults.nodes import KillNode, PauseNode, RestartNode
from .faults.outages import KillClickHouse, KillKafka, KillMongo, KillRedis
from .faults.redis import ClusterFailover, FlushAll, SentinelFailover
from .faults.split import Split

SHARES = {"single": 0.3, "cancel": 0.06, "move": 0.04, "again": 0.03, "far": 0.06, "webhook": 0.06, "keyed": 0.5}
LEASE_SECONDS = 3
MOST_CONCURRENT = 10  # publishes at one time into one target: MAX_CONCURRENT_EXECUTIONS


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    plan: Callable  # (random, seconds) -> [(second, fault)]
    servers: tuple = ("redis", "kafka", "clickhouse", "mongo")
    nodes: int = 3
    rate: int = 100
    seconds: int = 40
    schedules: int = 3
    due_within: tuple = (0.3, 4.0)
    shares: dict = dataclasses.field(default_factory=lambda: dict(SHARES))
    settings: dict = dataclasses.field(default_factory=dict)
    equipment: tuple = ()
    webhook_delay_ms: int = 0
    padding: int = 0  # bytes that do not compress, in each body
    patience: int = 45  # seconds without an arrival after which what is missing is lost
    why_not: Callable = lambda options: None  # noqa: E731 - why it cannot run here
    control_of: str = ""  # the guard without which it has to fail


def one_after_another(make, lasts, first=6, last=5):
    """A plan: the faults that `make` answers, in random order, in slots of one length, so that no two overlap."""
    def plan(numbers, seconds):
        faults = make(numbers, seconds)
        numbers.shuffle(faults)
        slot = (seconds - first - last) / len(faults)
        made = []
        for place, kind in enumerate(faults):
            least, most = lasts[kind]
            fault = kind(numbers.uniform(least, most), numbers.randrange(1_000))
            latest = max(slot - fault.seconds - 1, 0)
            made.append((first + place * slot + numbers.uniform(0, latest), fault))
        return made
    return plan


def some(kind, every):
    return lambda numbers, seconds: [kind] * max(1, round(seconds / every))


NODE_LASTS = {KillNode: (0.5, 4.0), PauseNode: (LEASE_SECONDS + 1.0, LEASE_SECONDS + 2.0)}


def mixed(kills, pauses):
    return one_after_another(lambda numbers, seconds: [KillNode] * kills + [PauseNode] * pauses, NODE_LASTS)


def of(kind, every, least, most):
    return one_after_another(some(kind, every), {kind: (least, most)})


def clock_plan(numbers, seconds):
    """An hour ahead, then an hour behind."""
    node = numbers.randrange(1_000)
    return [(seconds * 0.2 + numbers.uniform(0, 2), StepClock(numbers.uniform(4, 6), node, 3600)),
            (seconds * 0.6 + numbers.uniform(0, 2), StepClock(numbers.uniform(4, 6), node + 1, -3600))]


def rolling_plan(numbers, seconds):
    """Every node in its turn, twice."""
    slot = (seconds - 10) / 6
    return [(4 + turn * slot, RestartNode(numbers.uniform(0.1, 1.5), turn % 3)) for turn in range(6)]


def without_journal(options):
    return None if options.journal else "needs the journal (schedules_JOURNAL), which this build has not or --journal leaves out"


def no_plan(numbers, seconds):
    return []


SLOW_WEBHOOKS = {**SHARES, "webhook": 1.0, "far": 0.0, "cancel": 0.02, "move": 0.02, "again": 0.0}

SCENARIOS = {one.name: one for one in (
    Scenario("mix", "10 kills and 5 pauses of three nodes at 2,000 events/s for two minutes", mixed(10, 5), rate=2000, seconds=120),
    Scenario("short", "two kills and a pause at a low rate: part of ./dev/test", mixed(2, 1), rate=60, seconds=32),
    Scenario("kills", "kill -9 of nodes", of(KillNode, 10, 0.5, 4)),
    Scenario("pauses", "SIGSTOP of nodes past their leases", of(PauseNode, 12, LEASE_SECONDS + 1, LEASE_SECONDS + 3)),
    Scenario("rolling-restart", "every node is stopped (SIGTERM) and started again in its turn, twice", rolling_plan,
             rate=60, seconds=46),
    Scenario("redis-kill", "kill -9 of Redis (appendfsync always)", of(KillRedis, 15, 0.2, 5)),
    Scenario("redis-flushall", "Redis forgets everything", of(FlushAll, 20, 0.1, 0.2), why_not=without_journal,
             shares={**SHARES, "again": 0.0}),  # it forgets the keys of what ended too
    Scenario("sentinel", "a Sentinel failover (REDIS_WAIT_REPLICAS=1)", of(SentinelFailover, 25, 2, 4), seconds=50,
             servers=("redis-sentinel", "kafka", "clickhouse", "mongo"), settings={"REDIS_WAIT_REPLICAS": 1}),
    Scenario("cluster", "a primary of a Redis Cluster is killed (REDIS_WAIT_REPLICAS=1)", of(ClusterFailover, 25, 2, 4), seconds=50,
             servers=("redis-cluster", "kafka", "clickhouse", "mongo"), settings={"REDIS_WAIT_REPLICAS": 1}),
    Scenario("kafka-kill", "kill -9 of Kafka", of(KillKafka, 20, 1, 5)),
    Scenario("clickhouse-outage", "ClickHouse is away", of(KillClickHouse, 20, 4, 8)),
    Scenario("mongo-outage", "MongoDB is away", of(KillMongo, 20, 4, 8)),
    Scenario("split", "a node is cut off from all servers, both ways or one way, in a network namespace",
             of(Split, 14, LEASE_SECONDS + 1, LEASE_SECONDS + 4), equipment=(network.own_networks,), seconds=50,
             why_not=lambda options: network.why_not()),
    Scenario("disk-full", "the disk of an embedded node is full", of(FullDisk, 20, 5, 8), servers=("kafka",), nodes=1, padding=20_000,
             equipment=(small_disk.small_disks,), why_not=lambda options: small_disk.why_not()),
    Scenario("clock", "the wall clock of one node is an hour ahead, then another's an hour behind", clock_plan,
             equipment=(clock.own_clocks,), schedules=0, patience=60, why_not=lambda options: clock.why_not()),
    Scenario("published-apart", "a control: nodes are killed while they publish into Kafka", of(KillNode, 4, 0.5, 1.5), nodes=2,
             rate=300, seconds=25, shares={**SHARES, "webhook": 0.0, "far": 0.0}, control_of="transaction", schedules=1,
             why_not=without_journal),
    Scenario("resend", "a control: keys are sent again after their events fired", no_plan, nodes=2, rate=100, seconds=20,
             shares={**SHARES, "again": 0.3, "keyed": 0.9, "single": 0.2}, control_of="put_if_absent", schedules=1),
    Scenario("stale-queue", "a control: a node with a long queue to a slow target is paused past its lease",
             lambda numbers, seconds: [(seconds * 0.6, PauseNode(LEASE_SECONDS + 4, numbers.randrange(1_000)))], nodes=2,
             rate=160, seconds=15, shares=SLOW_WEBHOOKS, webhook_delay_ms=200, control_of="fencing", schedules=0),
    Scenario("clock-back", "a control: the clock goes ahead and back while a queue waits for a slow target",
             lambda numbers, seconds: [(seconds - 2.5, StepClock(1.5, 0, 40))], nodes=1, rate=60, seconds=12,
             due_within=(14.0, 30.0), shares={**SLOW_WEBHOOKS, "cancel": 0.0, "move": 0.0},
             settings={"IMMEDIATE_HORIZON_SECONDS": 3600, "TRANSFER_HORIZON_SECONDS": 7200}, webhook_delay_ms=200,
             equipment=(clock.own_clocks,), control_of="early", schedules=0, patience=100,
             why_not=lambda options: clock.why_not()),
)}


def schedule_of_faults(scenario, seed, seconds):
    return sorted(scenario.plan(random.Random(f"{scenario.name}/{seed}"), seconds), key=lambda one: one[0])
