"""Puts events at a rate through several connections to every node, and notes each one that was acknowledged:
python3 -m chaos.generator CONFIG.json. Prints one JSON object at its end: what it asked for and what was answered.

Records: put (id, due in ms, sink), cancelled, moved (to another due time), doubt (nobody told how a call ended), again (an old
key was sent once more), wrong (an answer that must not be), schedule and schedule_end."""
import collections
import json
import random
import sys
import threading
import time

from .front_doors import FrontDoors, NoAnswer
from .ledger import Ledger

RECENT = 3_000


def now_ms():
    return time.time() * 1000


def text_of(due_ms):
    whole, rest = divmod(round(due_ms * 1000), 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest:06d}Z"


class Hand:
    """One thread with its own connections and its own random numbers."""

    def __init__(self, number, config, ledger):
        self.number = number
        self.config = config
        self.ledger = ledger
        self.random = random.Random(f"{config['seed']}/{number}")
        self.doors = FrontDoors(config["ports"], number)
        self.recent = collections.deque(maxlen=RECENT)  # (id, due, body)
        self.counts = collections.Counter()
        self.keys = 0

    def run(self, until):
        per_second = self.config["rate"] / self.config["connections"]
        size = max(3, min(100, round(self.config["rate"] / 40)))
        next_at = time.monotonic() + self.random.random()
        while time.monotonic() < until:
            wait = next_at - time.monotonic()
            if wait > 0:
                time.sleep(min(wait, 0.2))
                continue
            next_at = max(next_at, time.monotonic() - 2) + self.act(size) / per_second
        self.doors.close()

    def act(self, size):
        """Does one thing; answers how many events it was worth."""
        chosen = self.random.random()
        shares = self.config["shares"]
        for name in ("single", "cancel", "move", "again"):
            chosen -= shares[name]
            if chosen < 0:
                getattr(self, name)()
                return 1
        count = self.random.randint(max(1, size // 2), size + size // 2)
        self.put([self.body() for _ in range(count)])
        return count

    def body(self):
        far = self.random.random() < self.config["shares"]["far"]
        horizon = self.config["horizon"]
        wait = self.random.uniform(horizon + 1, horizon + 5) if far else self.random.uniform(*self.config["due_within"])
        due = round(now_ms() + wait * 1000)
        number = self.random.getrandbits(40)
        body = {"topic": self.config["topic"], "entity_type": "chaos", "entity_id": str(number % 97), "action": "tick",
                "scheduled_at": text_of(due), "body": {"n": number, "text": self.random.randbytes(self.config["padding"] // 2).hex()},
                "max_retries": 100, "retry_delay_seconds": 1}
        if self.random.random() < self.config["shares"]["webhook"]:
            body["target"] = {"type": "webhook", "url": self.config["webhook"]}
        if self.random.random() < self.config["shares"]["keyed"]:
            self.keys += 1
            body["idempotency_key"] = f"{self.config['run']}-{self.number}-{self.keys}"
        return body, due

    def single(self):
        body, due = self.body()
        if "idempotency_key" not in body:
            return self.put([(body, due)])
        try:
            status, answer, _ = self.doors.ask("POST", "/events", body)
        except NoAnswer:
            self.counts["unanswered"] += 1
            return None
        return self.noted(body, due, status, answer)

    def put(self, items):
        """A batch. After a break, and for items that are to come again, only those with a key are sent again: of the others
        nobody knows, and nothing is promised."""
        deadline = time.monotonic() + 40
        while items:
            try:
                status, answer = self.doors.once("POST", "/events", [body for body, _ in items])
                results = answer["results"] if status in (200, 201, 207) else None
            except ConnectionRefusedError:
                results, status = None, 503
            except Exception:  # noqa: BLE001 - whatever it was, it may have been done
                results, status = None, 0
            again = []
            if results is None:
                again = items if status >= 429 else [item for item in items if "idempotency_key" in item[0]]
                self.counts["unanswered"] += len(items) - len(again)
            else:
                for result in results:
                    body, due = items[result["index"]]
                    if result["status"] >= 500 or result["status"] == 429:
                        again.append((body, due))
                    else:
                        self.noted(body, due, result["status"], result)
            items = again
            if items:
                if time.monotonic() > deadline:
                    self.counts["unanswered"] += len(items)
                    return
                self.doors.next_node()
                time.sleep(0.05)

    def noted(self, body, due, status, answer):
        self.counts[f"put_{status}"] += 1
        if status not in (200, 201):
            self.ledger.add({"k": "wrong", "what": f"put answered {status}", "answer": answer, "at": now_ms()})
            return
        self.ledger.add({"k": "put", "id": answer["id"], "due": due, "at": now_ms(), "keyed": "idempotency_key" in body,
                         "sink": body.get("target", {}).get("type", "kafka")})
        self.recent.append((answer["id"], due, body))

    def pick(self, fits):
        for _ in range(30):
            if self.recent:
                found = self.random.choice(self.recent)
                if fits(found):
                    return found
        return None

    def cancel(self):
        found = self.pick(lambda one: one[1] > now_ms() - 200)
        if found is None:
            return
        self.recent.remove(found)
        try:
            status, answer, doubtful = self.doors.ask("DELETE", f"/events/{found[0]}")
        except NoAnswer:
            return self.ledger.add({"k": "doubt", "id": found[0], "at": now_ms()})
        result = answer.get("result") or answer.get("code")
        self.counts[f"cancel_{result}"] += 1
        if status == 200 and result == "cancelled":
            self.ledger.add({"k": "cancelled", "id": found[0], "at": now_ms()})
        elif doubtful:  # the attempt that nobody answered may have cancelled it
            self.ledger.add({"k": "doubt", "id": found[0], "at": now_ms()})
        elif status not in (200, 202, 409):
            self.ledger.add({"k": "wrong", "what": f"cancel answered {status}", "id": found[0], "answer": answer, "at": now_ms()})

    def move(self):
        found = self.pick(lambda one: one[1] > now_ms() + 200)
        if found is None:
            return
        self.recent.remove(found)
        due = round(now_ms() + self.random.uniform(1, 5) * 1000)
        try:
            status, _, doubtful = self.doors.ask("PATCH", f"/events/{found[0]}", {"scheduled_at": text_of(due)})
        except NoAnswer:
            return self.ledger.add({"k": "doubt", "id": found[0], "due": due, "at": now_ms()})
        self.counts[f"move_{status}"] += 1
        if status == 200:
            self.ledger.add({"k": "moved", "id": found[0], "due": due, "at": now_ms()})
        elif doubtful:
            self.ledger.add({"k": "doubt", "id": found[0], "due": due, "at": now_ms()})

    def again(self):
        """An idempotency key, sent once more when its event has been fired: it must be answered, and fire no more."""
        found = self.pick(lambda one: "idempotency_key" in one[2] and one[1] < now_ms() - 2_000)
        if found is None:
            return
        self.recent.remove(found)
        try:
            status, answer, _ = self.doors.ask("POST", "/events", found[2])
        except NoAnswer:
            return
        self.counts[f"again_{status}"] += 1
        self.ledger.add({"k": "again", "id": found[0], "status": status, "at": now_ms()})
        if status != 200 or answer["id"] != found[0]:
            self.ledger.add({"k": "wrong", "what": f"a key sent again answered {status}", "id": found[0], "at": now_ms()})


class Schedules:
    """A few that fire each second, from the beginning of the load to its end."""

    def __init__(self, config, ledger):
        self.config = config
        self.ledger = ledger
        self.doors = FrontDoors(config["ports"], 0)
        self.ids = []

    def begin(self):
        for number in range(self.config["schedules"]):
            status, answer, _ = self.doors.ask("POST", "/admin/schedules", {
                "name": f"{self.config['run']}-{number}", "event_type": "chaos", "event_action": "tock", "event_payload": {},
                "cron_expression": "* * * * * *", "topic": self.config["topic"], "catch_up": "all"})
            if status != 201:
                raise SystemExit(f"a schedule was refused: {status} {answer}")
            self.ids.append(answer["id"])
            self.ledger.add({"k": "schedule", "id": answer["id"], "at": now_ms()})

    def end(self):
        """They go on: what is deleted or paused does not fire what it still owes. But later occurrences are not asked for."""
        self.ledger.add(*[{"k": "schedule_end", "id": schedule, "at": now_ms()} for schedule in self.ids])
        self.doors.close()


def main(path):
    with open(path) as file:
        config = json.load(file)
    ledger = Ledger(config["ledger"], durable=True)
    schedules = Schedules(config, ledger)
    schedules.begin()
    hands = [Hand(number, config, ledger) for number in range(config["connections"])]
    until = time.monotonic() + config["seconds"]
    threads = [threading.Thread(target=hand.run, args=(until,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    schedules.end()
    ledger.close()
    counts = sum((hand.counts for hand in hands), collections.Counter())
    print(json.dumps(dict(sorted(counts.items()))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
