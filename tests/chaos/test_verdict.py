"""The verdict notices each broken promise in ledgers written by hand, and no other. And a seed gives one schedule of faults."""
import unittest

from . import scenarios, verdict

KILL = {"k": "fault", "fault": "kill_node", "begin": 50_000.0, "end": 52_000.0, "takes_over": True, "wakes": False, "repeats": True}
PAUSE = {**KILL, "fault": "pause_node", "end": 55_000.0, "wakes": True}
OUTAGE = {**KILL, "fault": "kill_redis", "takes_over": False}


def put(event, due, sink="kafka"):
    return {"k": "put", "id": event, "due": due, "at": due - 1000.0, "sink": sink}


def came(event, ts, **more):
    return {"id": event, "due": ts, "ts": ts, **more}


def judged(acknowledged, kafka=(), webhooks=(), faults=(), exactly_once=False):
    facts = verdict.Facts(list(acknowledged), list(kafka), list(webhooks), list(faults))
    return verdict.judge(facts, 10, exactly_once)


class Verdict(unittest.TestCase):
    def breaks(self, names, *ledgers, **more):
        self.assertEqual(judged(*ledgers, **more)["broken"], names)

    def test_all_that_came_once_and_in_time_holds(self):
        self.breaks([], [put("a", 1000), put("w", 1000, "webhook")], [came("a", 1000)], [came("w", 1001)])

    def test_what_did_not_come_is_lost_unless_it_was_cancelled_or_nobody_knows(self):
        self.breaks(["LOST"], [put("a", 1000)])
        self.breaks(["LOST"], [put("a", 1000, "webhook")], [came("a", 1000)])  # to the other target
        self.breaks([], [put("a", 1000), {"k": "cancelled", "id": "a"}])
        self.breaks([], [put("a", 1000), {"k": "doubt", "id": "a"}])

    def test_early_is_before_the_due_time_that_was_told_last(self):
        self.breaks(["EARLY"], [put("a", 1000)], [came("a", 999)])
        moved = {"k": "moved", "id": "a", "due": 5000}
        self.breaks(["EARLY"], [put("a", 1000), moved], [came("a", 2000)])
        self.breaks([], [put("a", 9000), moved], [came("a", 5000)])
        doubt = {"k": "doubt", "id": "a", "due": 5000}
        self.breaks([], [put("a", 9000), doubt], [came("a", 5000)])
        self.breaks(["EARLY"], [put("a", 9000), doubt], [came("a", 4000)])

    def test_a_clock_that_is_ahead_excuses_what_it_says_and_only_while_it_does(self):
        steps = [{"k": "step", "node": 0, "offset": 10, "at": 1000.0}, {"k": "step", "node": 0, "offset": 0, "at": 3000.0}]
        self.breaks([], [put("a", 11_500)], [came("a", 2000)], [], steps)
        self.breaks(["EARLY"], [put("a", 12_500)], [came("a", 2000)], [], steps)
        self.breaks(["EARLY"], [put("a", 11_500)], [came("a", 6000)], [], steps)
        self.assertEqual(judged([put("a", 11_500)], [came("a", 2000)], [], steps)["figures"]["early_by_the_true_clock"], 1)

    def test_fired_though_a_cancel_was_acknowledged(self):
        self.breaks(["FIRED_AFTER_CANCEL"], [put("a", 1000), {"k": "cancelled", "id": "a"}], [came("a", 1000)])

    def test_a_repeat_needs_a_fault_that_explains_it(self):
        twice = [came("a", 20_000), came("a", 51_000)]
        self.breaks(["REPEATS_KAFKA", "REPEATS_KAFKA_UNEXPLAINED"], [put("a", 20_000)], twice, [], [])
        self.breaks(["REPEATS_KAFKA", "REPEATS_KAFKA_UNEXPLAINED"], [put("a", 20_000)], twice, [], [KILL])
        in_flight = [came("a", 49_900), came("a", 53_000)]
        self.breaks([], [put("a", 49_900)], in_flight, [], [KILL])
        during = [came("a", 51_500), came("a", 53_000)]
        self.breaks([], [put("a", 51_500)], during, [], [OUTAGE])
        no_excuse = {**OUTAGE, "fault": "step_clock", "repeats": False}
        self.breaks(["REPEATS_KAFKA", "REPEATS_KAFKA_UNEXPLAINED"], [put("a", 51_500)], during, [], [no_excuse])

    def test_a_journal_allows_none(self):
        self.breaks(["REPEATS_KAFKA"], [put("a", 49_900)], [came("a", 49_900), came("a", 53_000)], [], [KILL], exactly_once=True)

    def test_a_paused_node_may_repeat_what_it_had_begun_and_no_queue(self):
        def queue(size):
            events = [f"w{n}" for n in range(size)]
            first = [came(event, 53_000.0, end=53_100.0) for event in events]
            return [put(event, 40_000, "webhook") for event in events], first + [came(event, 56_000.0) for event in events]
        woken = [came("a", 53_000, due=49_990.0), came("a", 55_001)]  # acknowledged or not, it may have been begun
        self.breaks([], [], woken, [], [PAUSE])
        later = [came("a", 53_000), came("a", 55_001)]  # it cannot have begun that
        self.breaks(["REPEATS_KAFKA", "REPEATS_KAFKA_UNEXPLAINED"], [], later, [], [PAUSE])
        events, arrivals = queue(10)
        self.breaks([], events, [], arrivals, [PAUSE])
        events, arrivals = queue(11)
        self.breaks(["REPEATS_WEBHOOK", "REPEATS_WEBHOOK_UNEXPLAINED"], events, [], arrivals, [PAUSE])

    def test_every_second_of_a_schedule_fires(self):
        life = [{"k": "schedule", "id": "s", "at": 1_000_000.0}, {"k": "schedule_end", "id": "s", "at": 1_019_000.0}]
        fired = [came(f"s{n}", n * 1000, schedule="s", nominal=f"1970-01-01T00:{n // 60:02}:{n % 60:02}Z")
                 for n in range(1002, 1020)]
        self.breaks([], life, fired[:-1])
        self.breaks(["LOST_OCCURRENCES"], life, fired[:5] + fired[6:])

    def test_a_takeover_lasts_until_the_latest_of_what_was_due_then(self):
        events = [put(f"e{n}", 50_000 + n * 100) for n in range(50)]
        arrivals = [came(one["id"], max(one["due"], 53_500)) for one in events]
        self.assertEqual(judged(events, arrivals, [], [KILL])["figures"]["takeovers_s"], [3.5])


class Plans(unittest.TestCase):
    def test_a_seed_gives_one_schedule_of_faults(self):
        def described(scenario, seed):
            return [(at, fault.describe()) for at, fault in scenarios.schedule_of_faults(scenario, seed, scenario.seconds)]
        for scenario in scenarios.SCENARIOS.values():
            with self.subTest(scenario.name):
                plan = described(scenario, 7)
                self.assertEqual(plan, described(scenario, 7))
                self.assertLessEqual(sum(at + fault["seconds"] > scenario.seconds for at, fault in plan), 1)

    def test_the_standard_mix_has_ten_kills_and_five_pauses_one_after_another(self):
        mix = scenarios.SCENARIOS["mix"]
        plan = scenarios.schedule_of_faults(mix, 3, mix.seconds)
        names = [fault.name for _, fault in plan]
        self.assertEqual((names.count("kill_node"), names.count("pause_node")), (10, 5))
        for (at, fault), (after, _) in zip(plan, plan[1:]):
            self.assertLess(at + fault.seconds, after)


if __name__ == "__main__":
    unittest.main()
