"""/admin/analytics: what fired is there by itself, what others post is kept, and the figures are right."""
import datetime
import json
import unittest
import uuid

from support import ServerCase, eventually

PATH = "/admin/analytics"
BASE = {"schedule_id": "outside", "correlation_id": "c-1", "event_type": "invoice", "event_action": "sent"}


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ")


class Analytics(ServerCase):
    settings = {"IMMEDIATE_HORIZON_SECONDS": 1, "TRANSFER_HORIZON_SECONDS": 5, "CLICKHOUSE_SYNC_INTERVAL": 1}

    def got(self, path, status=200, **query):
        answer = self.client.get(PATH + path, **query)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def posted(self, **fields):
        answer = self.client.post(PATH, {**BASE, "schedule_type": "redis_immediate", "scheduled_at": at(-5),
                                         "started_processing_at": at(-4), **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def records(self, schedule_id, count=1):
        return eventually(lambda: (lambda found: found if len(found) >= count else None)(
            self.got(f"/schedule/{schedule_id}")), what=f"{count} records of {schedule_id}")

    def test_a_fired_event_has_a_record(self):
        made = self.created(delay_seconds=0, entity_type="shipment", action="packed", entity_id="7", correlation_id="c-9")
        record, = self.records(made["id"])
        wanted = {"schedule_type": "redis_immediate", "schedule_id": made["id"], "level": "info", "event_type": "shipment",
                  "event_action": "packed", "event_entity_id": "7", "correlation_id": "c-9", "execution_result": "success",
                  "retry_count": 0, "error_message": None, "scheduled_at": made["due_at"] if "due_at" in made else
                  made["scheduled_at"]}
        self.assertEqual({name: record[name] for name in wanted}, wanted)
        self.assertTrue(record["processed_by_node"])
        self.assertGreaterEqual(record["started_processing_at"], record["scheduled_at"])
        self.assertGreaterEqual(record["completed_at"], record["started_processing_at"])
        self.assertGreaterEqual(record["time_in_redis_queue_ms"], 0)
        self.assertEqual(str(uuid.UUID(record["analytics_id"])), record["analytics_id"])
        self.assertIn(made["id"], [one["schedule_id"] for one in self.got("/event-type/shipment")])

    def test_a_failure_is_an_error_and_says_why(self):
        self.receiver.answer("/broken", 400)
        made = self.created(delay_seconds=0, entity_type="parcel", target=self.receiver.target("/broken"))
        record, = self.records(made["id"])
        self.assertEqual((record["level"], record["execution_result"]), ("error", "failure"))
        self.assertIn("400", record["error_message"])
        self.assertIn(made["id"], [one["schedule_id"] for one in self.got("/level/error")])
        self.assertNotIn(made["id"], [one["schedule_id"] for one in self.got("/level/info")])
        patterns = self.got("/errors/patterns")
        self.assertEqual((patterns["error_types"]["parcel"], patterns["schedule_errors"][made["id"]]), (1, 1))
        self.assertEqual(patterns["total_errors"], sum(patterns["error_types"].values()))
        performance = self.got(f"/performance/schedule/{made['id']}")
        self.assertEqual(performance["recent_errors"], [{"timestamp": record["completed_at"], "retry_count": 0,
                                                         "error_message": record["error_message"]}])
        self.assertEqual(performance["statistics"]["most_common_errors"][0]["error_message"], record["error_message"])

    def test_a_schedules_occurrence_is_periodic(self):
        made = self.client.post("/admin/schedules", {"name": self.fresh(), "event_type": "o", "event_action": "a", "one_time": True,
                                                     "execution_time": "2020-01-01T00:00:00Z"}).json
        record, = self.records(made["id"])
        self.assertEqual((record["schedule_type"], record["schedule_name"]), ("mongo_periodic", made["name"]))
        self.assertIsNotNone(record["time_in_mongo_queue_ms"])

    def test_what_waited_far_is_delayed(self):
        made = self.created(delay_seconds=2.5)
        self.assertEqual(made["tier"], "far")
        record, = self.records(made["id"])
        self.assertEqual((record["schedule_type"], record["source_clickhouse_id"]), ("clickhouse_delayed", made["id"]))

    def test_a_posted_record_keeps_every_field(self):
        fields = {"schedule_type": "clickhouse_delayed", "schedule_id": self.fresh("s"), "schedule_name": "n", "level": "warning",
                  "event_type": "x'; DROP TABLE analytics_records; --", "event_action": "a", "event_entity_id": "e",
                  "correlation_id": "c", "scheduled_at": at(-90), "started_processing_at": at(-80), "completed_at": at(-70),
                  "time_in_mongo_queue_ms": 1, "time_in_clickhouse_queue_ms": 2, "time_in_redis_queue_ms": 3,
                  "total_processing_time_ms": 4, "kafka_publish_time_ms": 5, "execution_result": "timeout", "retry_count": 6,
                  "error_message": "one\ntwo \"three\" \\ é", "processed_by_node": "p", "kafka_topic": "t", "kafka_partition": 7,
                  "kafka_offset": 2**40, "source_mongo_execution_id": "m", "source_clickhouse_id": "k", "source_redis_key": "r"}
        made = self.posted(**fields)
        self.assertEqual({name: made[name] for name in fields}, fields)
        self.assertEqual(self.records(fields["schedule_id"]), [made])
        self.assertEqual(self.got("/event-type/" + "x%27%3B%20DROP%20TABLE%20analytics_records%3B%20--"), [made])

    def test_short_forms(self):
        schedule = self.fresh("s")
        base = {**BASE, "schedule_id": schedule, "scheduled_at": at(-3), "started_processing_at": at(-2)}
        for path, more in (("/mongo/execution", {"retry_count": 1}), ("/clickhouse/transfer", {"time_in_clickhouse_queue_ms": 5}),
                           ("/redis/processing", {"kafka_partition": 3, "execution_result": "failure", "error_message": "no"})):
            answer = self.client.post(PATH + path, **base, **more)
            self.assertEqual(answer.status, 201, answer)
            uuid.UUID(answer.json)
            missing = self.client.post(PATH + path, **{**base, "schedule_id": ""})
            self.assertEqual((missing.status, missing.json["detail"][0]["loc"]), (422, ["query", "schedule_id"]), missing)
        found = self.records(schedule, 3)
        self.assertEqual([one["schedule_type"] for one in found], ["redis_immediate", "clickhouse_delayed", "mongo_periodic"])
        self.assertEqual([one["level"] for one in found], ["error", "info", "info"])

    def test_stats_equal_a_count_of_the_records(self):
        schedule = self.fresh("s")
        processing = [10, 20, 45, 5]
        for number, took in enumerate(processing):
            self.posted(schedule_id=schedule, total_processing_time_ms=took, time_in_redis_queue_ms=number,
                        level=("info", "info", "warning", "error")[number], error_message="it broke" if number == 3 else None,
                        execution_result=("success", "success", "retry", "failure")[number])
        stats = self.got("/stats", schedule_id=schedule)
        self.assertAlmostEqual(stats.pop("avg_execution_time"), sum(processing) / 4)
        self.assertAlmostEqual(stats.pop("avg_queue_time"), 1.5)
        errors = stats.pop("most_common_errors")
        self.assertEqual([(one["error_message"], one["count"]) for one in errors], [("it broke", 1)])
        self.assertEqual(stats, {"total_records": 4, "info_count": 2, "warning_count": 1, "error_count": 1, "success_rate": 0.5})

    def test_system_health_adds_up(self):
        self.created(delay_seconds=0)
        health = self.got("/health/system")
        breakdown = health["schedule_type_breakdown"]
        self.assertEqual(set(breakdown), {"mongo_periodic", "clickhouse_delayed", "redis_immediate"})
        # Others may be written between the two figures of one page.
        self.assertLessEqual(health["overall_statistics"]["total_records"], sum(one["total_executions"] for one in breakdown.values()))

    def test_time_ranges(self):
        schedule = self.fresh("s")
        old = self.posted(schedule_id=schedule, started_processing_at=at(-7200), completed_at=at(-7200))
        new = self.posted(schedule_id=schedule, completed_at=at(-60))
        ask = lambda start, end, **more: self.client.get(PATH + "/time-range", start_time=start, end_time=end, **more)  # noqa: E731
        self.assertEqual(ask(at(-7300), at(0), schedule_id=schedule).json, [new, old])
        self.assertEqual(ask(at(-3600), at(0), schedule_id=schedule).json, [new])
        self.assertEqual(ask(old["completed_at"], new["completed_at"], schedule_id=schedule).json, [new, old], "both ends")
        self.assertEqual(ask(at(0), at(-10)).status, 400)
        self.assertEqual(ask(at(-8 * 86_400), at(0)).status, 400)
        self.assertEqual(self.client.get(PATH + "/time-range", start_time=at(-5)).json["detail"][0]["loc"], ["query", "end_time"])

    def test_bad_bodies(self):
        good = {**BASE, "schedule_type": "redis_immediate", "scheduled_at": at(0), "started_processing_at": at(0)}
        for name in good:
            answer = self.client.post(PATH, {key: value for key, value in good.items() if key != name})
            self.assertEqual((answer.status, answer.json["detail"][0]["loc"]), (422, ["body", name]), answer)
        for name, value in (("schedule_type", "weekly"), ("level", "loud"), ("execution_result", "won"), ("retry_count", -1),
                            ("kafka_offset", "1"), ("completed_at", "soon"), ("event_type", ""), ("schedule_id", 5)):
            answer = self.client.post(PATH, {**good, name: value})
            self.assertEqual((answer.status, answer.json["detail"][0]["loc"]), (422, ["body", name]), answer)
        for text in ("", "{", "[]", "null"):
            self.assertEqual(self.client.post(PATH, text).status, 422, text)

    def test_cleanup(self):
        schedule = self.fresh("s")
        old = self.posted(schedule_id=schedule, completed_at=at(-3 * 86_400))
        new = self.posted(schedule_id=schedule)
        self.assertEqual(self.records(schedule, 2), [new, old])
        answer = self.client.delete(PATH + "/cleanup", days_to_keep=2)
        self.assertEqual((answer.status, answer.json["status"], answer.json["days_kept"]), (200, "success", 2), answer)
        self.assertGreaterEqual(answer.json["deleted_count"], 1)
        self.assertEqual(self.records(schedule), [new])
        self.assertEqual(self.client.delete(PATH + "/cleanup", days_to_keep=0).status, 422)

    def test_summary_and_performance_agree(self):
        for _ in range(3):
            self.created(delay_seconds=0, entity_type="agree")
        eventually(lambda: len(self.got("/event-type/agree")) == 3, what="3 records")
        summary = self.client.get("/monitoring/analytics/summary").json
        groups = {one["event"]: one for one in summary["by_event"]}
        self.assertEqual(groups["agree.remind"]["total_executions"], 3)
        for name in ("total_executions", "successful", "failed", "success_rate", "avg_delay_seconds", "p95_delay_seconds",
                     "avg_processing_time_ms"):
            self.assertIn(name, summary)
        self.assertGreaterEqual(summary["p95_delay_seconds"], summary["p50_delay_seconds"])
        buckets = self.client.get("/monitoring/analytics/performance").json["buckets"]
        self.assertGreaterEqual(sum(one["total_executions"] for one in buckets), summary["total_executions"])


class Restarted(ServerCase):
    def test_posted_records_outlive_a_restart(self):
        body = {**BASE, "schedule_type": "mongo_periodic", "scheduled_at": at(0), "started_processing_at": at(0)}
        made = self.client.post(PATH, json.dumps(body)).json
        self.server.kill()
        self.server.restart()
        self.assertEqual(self.client.get(f"{PATH}/schedule/outside").json, [made])


if __name__ == "__main__":
    unittest.main()
