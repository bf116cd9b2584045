"""What was promised, and what the ledgers say: set arithmetic, and nothing that the program itself says of its events."""
import bisect
import collections

from .ledger import ms_of

SECOND = 1000.0  # ledgers are in ms
BEFORE, AFTER = 1 * SECOND, 4 * SECOND  # what was published so near to a fault may not have been settled
STEP_REACH = 2.5 * SECOND  # a publish may have looked at the clock so long before it arrived


class Facts:
    """The ledgers, by event."""

    def __init__(self, acknowledged, kafka, webhooks, faults):
        self.acknowledged = acknowledged
        self.faults = [one for one in faults if one["k"] == "fault"]
        self.steps = [one for one in faults if one["k"] == "step"]
        self.arrivals = {"kafka": collections.defaultdict(list), "webhook": collections.defaultdict(list)}
        for one in kafka:
            self.arrivals["kafka"][one["id"]].append(one)
        for one in webhooks:
            self.arrivals["webhook"][one["id"]].append(one)
        for by_id in self.arrivals.values():
            for found in by_id.values():
                found.sort(key=lambda one: one["ts"])
        self.put = {}
        for one in acknowledged:
            if one["k"] == "put":
                self.put.setdefault(one["id"], one)
        self.cancelled = self.of("cancelled")
        self.doubt = self.of("doubt")
        self.moved = self.of("moved")

    def of(self, kind):
        return {one["id"]: one for one in self.acknowledged if one["k"] == kind}

    def arrived(self, event):
        return self.arrivals[self.put[event]["sink"]].get(event, [])

    def due(self, event):
        """The earliest time at which it may fire."""
        if event in self.moved:
            return self.moved[event]["due"]
        due = self.put[event]["due"]
        return min(due, self.doubt[event].get("due", due)) if event in self.doubt else due

    def ahead(self, ts):
        """How far the clock of the node that is most ahead was ahead, at the publish of what arrived at `ts`."""
        most = current = 0
        offsets = collections.defaultdict(float)
        for step in self.steps:
            if step["at"] > ts:
                break
            if step["at"] > ts - STEP_REACH:
                most = max(most, current)
            offsets[step["node"]] = step["offset"] * SECOND
            current = max(0, *offsets.values())
        return max(most, current)


def missing(facts):
    """Acknowledged, and neither arrived nor, as far as anybody knows, cancelled."""
    return [event for event in facts.put
            if event not in facts.cancelled and event not in facts.doubt and not facts.arrived(event)]


def early(facts):
    """(event, by how many ms) of what was published before it was due by the clock of every node; and by the true clock."""
    by_nodes, by_truth = [], []
    for event in facts.put:
        due = facts.due(event)
        for one in facts.arrived(event):
            if one["ts"] < int(due):
                by_truth.append((event, due - one["ts"]))
                if one["ts"] + facts.ahead(one["ts"]) < int(due):
                    by_nodes.append((event, due - one["ts"]))
    return by_nodes, by_truth


def fired_after_cancel(facts):
    return [event for event in facts.cancelled if event in facts.put and facts.arrived(event)]


def exposed(facts, sink, most_at_once):
    """Events whose first publish was so near to a fault that it may not have been settled: what was in flight. Of a node that
    was paused or cut off also the few publishes that it had begun and sends when it wakes."""
    arrivals = facts.arrivals[sink]
    firsts = sorted((found[0]["ts"], found[0].get("end", found[0]["ts"]), event) for event, found in arrivals.items())
    times = [one[0] for one in firsts]
    found, more = set(), 0
    for fault in facts.faults:
        if not fault["repeats"]:
            continue
        since = fault["begin"] - BEFORE
        until = fault["begin"] + BEFORE / 2 if fault["takes_over"] else fault["end"] + AFTER
        # A slow receiver: what came earlier may not have been answered.
        at = bisect.bisect_left(times, since - 10 * SECOND)
        for ts, answered, event in firsts[at:bisect.bisect_right(times, until)]:
            if answered >= since:
                found.add(event)
        if fault["wakes"]:
            more += most_at_once
            found |= {event for _, _, event in firsts if since <= arrivals[event][0]["due"] <= fault["begin"] + 100}
    return found, more


def repeats(facts, sink, most_at_once):
    """Those that came more than once; those of them that no fault explains; how many were in flight at faults."""
    twice = {event for event, found in facts.arrivals[sink].items() if len(found) > 1}
    in_flight, more = exposed(facts, sink, most_at_once)
    return twice, sorted(twice - in_flight), len(in_flight) + more, more


def occurrence(arrival):
    """(schedule, second) of what a schedule fired; None of another event."""
    if "schedule" not in arrival:
        return None
    return arrival["schedule"], round(ms_of(arrival["nominal"]) / SECOND)


def occurrences_wanted(acknowledged):
    """Every full second in the life of each schedule, from what the generator noted."""
    ends = {one["id"]: one["at"] for one in acknowledged if one["k"] == "schedule_end"}
    return {(one["id"], second) for one in acknowledged if one["k"] == "schedule" and one["id"] in ends
            for second in range(int(one["at"] / SECOND) + 2, int(ends[one["id"]] / SECOND))}


def lost_occurrences(facts):
    fired = {occurrence(one) for found in facts.arrivals["kafka"].values() for one in found}
    wanted = occurrences_wanted(facts.acknowledged)
    return sorted(wanted - fired), len(wanted)


def takeovers(facts):
    """For each fault that left shards without an owner: how late the latest of what was due right after it was, in seconds."""
    lateness = sorted((facts.due(event), facts.arrived(event)[0]["ts"] - facts.due(event))
                      for event in facts.put if facts.arrived(event))
    dues = [due for due, _ in lateness]
    begins = sorted(fault["begin"] for fault in facts.faults)
    found = []
    for fault in facts.faults:
        if not fault["takes_over"]:
            continue
        following = [begin for begin in begins if begin > fault["begin"]]
        until = min([fault["begin"] + 10 * SECOND, *following])
        after = lateness[bisect.bisect_left(dues, fault["begin"]):bisect.bisect_left(dues, until)]
        if after:
            found.append(round(max(late for _, late in after) / SECOND, 2))
    return found


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def judge(facts, most_at_once, exactly_once):
    """`exactly_once`: whether the nodes have a journal, so that Kafka sees nothing twice. Promises are what the exit code is
    made of; the rest is for the reader."""
    lost, wrong = missing(facts), [one for one in facts.acknowledged if one["k"] == "wrong"]
    early_by_nodes, early_by_truth = early(facts)
    cancelled_fired = fired_after_cancel(facts)
    lost_of_schedules, of_schedules = lost_occurrences(facts)
    twice_kafka, odd_kafka, in_flight_kafka, more_kafka = repeats(facts, "kafka", 0)
    twice_webhook, odd_webhook, in_flight_webhook, more_webhook = repeats(facts, "webhook", most_at_once)
    taken = takeovers(facts)
    late = [facts.arrived(event)[0]["ts"] - facts.due(event) for event in facts.put if facts.arrived(event)]
    ids = {one for by_id in facts.arrivals.values() for one in by_id}
    promises = {
        "LOST": (len(lost), 0), "LOST_OCCURRENCES": (len(lost_of_schedules), 0), "EARLY": (len(early_by_nodes), 0),
        "FIRED_AFTER_CANCEL": (len(cancelled_fired), 0), "WRONG_ANSWERS": (len(wrong), 0),
        "REPEATS_KAFKA": (len(twice_kafka), 0 if exactly_once else in_flight_kafka),
        "REPEATS_KAFKA_UNEXPLAINED": (len(odd_kafka), 0 if exactly_once else more_kafka),
        "REPEATS_WEBHOOK": (len(twice_webhook), in_flight_webhook),
        "REPEATS_WEBHOOK_UNEXPLAINED": (len(odd_webhook), more_webhook)}
    figures = {
        "acknowledged": len(facts.put), "cancelled": len(facts.cancelled), "moved": len(facts.moved),
        "in_doubt": len(facts.doubt), "arrived_kafka": len(facts.arrivals["kafka"]),
        "arrived_webhook": len(facts.arrivals["webhook"]), "occurrences": of_schedules,
        "arrived_unacknowledged": len([one for one in ids - set(facts.put)
                                       if "schedule" not in facts.arrivals["kafka"].get(one, [{}])[0]]),
        "in_flight_at_faults_kafka": in_flight_kafka, "in_flight_at_faults_webhook": in_flight_webhook,
        "early_by_the_true_clock": len(early_by_truth), "takeovers_s": taken, "takeover_p99_s": quantile(taken, 0.99),
        "lateness_p50_ms": quantile(late, 0.5), "lateness_p99_ms": quantile(late, 0.99), "lateness_max_ms": quantile(late, 1)}
    examples = {"LOST": lost[:10], "LOST_OCCURRENCES": lost_of_schedules[:10], "EARLY": early_by_nodes[:10],
                "FIRED_AFTER_CANCEL": cancelled_fired[:10], "WRONG_ANSWERS": wrong[:5],
                "REPEATS_KAFKA_UNEXPLAINED": odd_kafka[:10], "REPEATS_WEBHOOK_UNEXPLAINED": odd_webhook[:10]}
    broken = [name for name, (found, allowed) in promises.items() if found > allowed]
    return {"held": not broken, "broken": broken,
            "promises": {name: {"found": found, "allowed": allowed} for name, (found, allowed) in promises.items()},
            "figures": figures, "examples": {name: found for name, found in examples.items() if found}}
