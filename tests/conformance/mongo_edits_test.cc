// Documents that other programs make and edit: they become schedules and edits like any other.
#include "tests/conformance/mongo_fixture.h"
#include "time/text.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;

class MongoEditsTest : public MongoStoreTest {};

TEST_F(MongoEditsTest, WhatNobodyEditedIsLeftAlone) {
  const auto first = planned(1);
  ASSERT_TRUE(create(full_schedule(2)));
  settle();
  const auto before = database.find(kSchedules, by_id(first.id));
  EXPECT_EQ(take_over(), 0U);
  EXPECT_EQ(take_over(), 0U);
  EXPECT_EQ(database.find(kSchedules, by_id(first.id)), before);
  EXPECT_EQ(get(first.id)->revision, 1U);
  EXPECT_EQ(get(object_id(2))->revision, 5U);
}

TEST_F(MongoEditsTest, TheStoresOwnWritesAreNoEdits) {
  auto schedule = planned(1);
  settle();
  ASSERT_TRUE(note({{schedule.id, clock.wall(), RunStatus::failure, "refused"}}));
  schedule.planned_until = *schedule.next_execution;
  schedule.next_execution = *schedule.next_execution + 1h + 123us;
  ASSERT_TRUE(mark(schedule));
  schedule.description = "changed";
  schedule = update(schedule).value();
  schedule.status = ScheduleStatus::completed;
  schedule.next_execution.reset();
  ASSERT_TRUE(mark(schedule));
  EXPECT_EQ(get(schedule.id)->status, ScheduleStatus::completed);
  EXPECT_EQ(take_over(), 0U);
}

TEST_F(MongoEditsTest, ANewRuleIsANewRevisionPlannedFromNow) {
  const auto schedule = planned(1);
  settle();
  clock.advance(10min);
  ASSERT_EQ(edit(schedule.id, R"({"cron_expression": "30 * * * *"})"), 1);
  EXPECT_EQ(take_over(), 1U);
  const auto taken = *get(schedule.id);
  EXPECT_EQ(taken.revision, 2U);
  EXPECT_EQ(taken.cron_expression, "30 * * * *");
  EXPECT_EQ(taken.planned_until, clock.wall());
  EXPECT_EQ(taken.next_execution, clock.wall() + 20min);
  EXPECT_EQ(taken.updated_at, clock.wall());
  EXPECT_EQ(revision(schedule.id)->revision, 2U);
  EXPECT_EQ(take_over(), 0U);
}

TEST_F(MongoEditsTest, AnEditThatIsTakenOverIsInTheAuditTrail) {
  const auto schedule = planned(1);
  settle();
  ASSERT_EQ(edit(schedule.id, R"({"cron_expression": "30 * * * *", "alerts": {"on_failure": true}})"), 1);
  EXPECT_EQ(take_over(), 1U);
  const auto page =
      await<AuditPage>([&](auto done) { store->find_entries({.object_id = schedule.id}, std::move(done)); });
  ASSERT_EQ(page->entries.size(), 1U);
  EXPECT_EQ(page->entries[0].actor.name, "another program");
  EXPECT_EQ(page->entries[0].object_name, schedule.name);
  EXPECT_EQ(get(schedule.id)->alerts.on, (AlertKinds{.failure = true, .silence = false}));
}

TEST_F(MongoEditsTest, ANewPayloadPlansWhatIsPendingAgain) {
  auto schedule = planned(1);
  settle();
  clock.advance(59min + 55s);
  schedule.planned_until = *schedule.next_execution;
  schedule.planned_count = 1;
  schedule.next_execution = *schedule.next_execution + 1h;
  ASSERT_TRUE(mark(schedule));
  ASSERT_EQ(edit(schedule.id, R"({"event_payload": {"n": 2, "deep": {"x": [1, null, "é"]}}})"), 1);
  EXPECT_EQ(take_over(), 1U);
  const auto taken = *get(schedule.id);
  EXPECT_EQ(taken.revision, 2U);
  EXPECT_EQ(taken.event_payload, R"({"n":2,"deep":{"x":[1,null,"é"]}})");
  // The occurrence in five seconds was planned as its old self, which will not fire.
  EXPECT_EQ(taken.next_execution, clock.wall() + 5s);
  EXPECT_EQ(taken.planned_count, 0U);
}

TEST_F(MongoEditsTest, APausedDocumentPausesAtOnceAndGoesOn) {
  const auto schedule = planned(1);
  settle();
  ASSERT_EQ(edit(schedule.id, R"({"status": "paused"})"), 1);
  EXPECT_EQ(revision(schedule.id)->status, ScheduleStatus::paused) << "what is begun now must not fire";
  EXPECT_TRUE(due_names(clock.wall() + 24h).empty());
  EXPECT_EQ(take_over(), 1U);
  EXPECT_EQ(get(schedule.id)->status, ScheduleStatus::paused);
  EXPECT_EQ(get(schedule.id)->revision, 2U);
  clock.advance(5h);
  ASSERT_EQ(edit(schedule.id, R"({"status": "active"})"), 1);
  EXPECT_EQ(take_over(), 1U);
  EXPECT_EQ(get(schedule.id)->revision, 3U);
  EXPECT_EQ(get(schedule.id)->next_execution, clock.wall() + 1h);
}

TEST_F(MongoEditsTest, APlanThatWasWipedIsMadeAgain) {
  const auto schedule = planned(1);
  settle();
  ASSERT_EQ(edit(schedule.id, R"({"next_execution": null})"), 1);
  EXPECT_EQ(take_over(), 1U);
  EXPECT_EQ(get(schedule.id)->next_execution, clock.wall() + 1h);
}

TEST_F(MongoEditsTest, TheSameValueInAnotherNumberTypeIsNoEdit) {
  const auto schedule = planned(1);
  settle();
  ASSERT_EQ(edit(schedule.id, R"({"max_retries": 3.0, "retry_delay_seconds": {"$numberLong": "60"}})"), 1);
  EXPECT_EQ(take_over(), 0U);
}

TEST_F(MongoEditsTest, AFieldOfAnotherProgramIsNoEditAndSurvivesOurs) {
  auto schedule = planned(1);
  settle();
  ASSERT_EQ(edit(schedule.id, R"({"their_own": {"kept": true}})"), 1);
  EXPECT_EQ(take_over(), 0U);
  schedule.note = "ours";
  ASSERT_TRUE(update(schedule));
  EXPECT_NE(database.find(kSchedules, by_id(schedule.id)).find(R"("their_own" : { "kept" : true })"),
            std::string::npos);
}

TEST_F(MongoEditsTest, AnEditThatWasNotNoticedYetIsTakenOverByGet) {
  const auto schedule = planned(1);
  settle();
  ASSERT_EQ(edit(schedule.id, R"({"cron_expression": "45 * * * *"})"), 1);
  auto seen = *get(schedule.id);
  EXPECT_EQ(seen.revision, 2U);
  EXPECT_EQ(seen.next_execution, clock.wall() + 45min);
  seen.note = "and then ours";
  const auto updated = update(seen);
  ASSERT_TRUE(updated) << updated.error().detail;
  EXPECT_EQ(updated->cron_expression, "45 * * * *");
  EXPECT_EQ(updated->revision, 3U);
}

TEST_F(MongoEditsTest, AnEditThatWasNotNoticedYetIsNotPlannedAsItWas) {
  const auto schedule = planned(1);
  settle();
  clock.advance(1h);
  ASSERT_EQ(edit(schedule.id, R"({"cron_expression": "30 * * * *"})"), 1);
  EXPECT_TRUE(due_names(clock.wall() + 5s).empty()) << "the new rule is due in half an hour";
  EXPECT_EQ(due_names(clock.wall() + 30min), std::vector{schedule.name});
}

TEST_F(MongoEditsTest, ADocumentThatWasReplacedAsAWholeGetsARevisionOfItsOwn) {
  const auto schedule = planned(1);
  settle();
  database.replace(kSchedules, by_id(schedule.id),
                   R"({"name": "replaced", "event_type": "a", "event_action": "b", "cron_expression": "0 12 * * *"})");
  EXPECT_FALSE(revision(schedule.id)) << "what is pending of the old one must not fire";
  EXPECT_EQ(take_over(), 1U);
  const auto taken = *get(schedule.id);
  EXPECT_GT(taken.revision, 1'000'000U) << "no number that an occurrence of the old one could carry";
  EXPECT_EQ(taken.name, "replaced");
  EXPECT_EQ(taken.status, ScheduleStatus::active);
  EXPECT_EQ(taken.next_execution, clock.wall() + 12h);
}

TEST_F(MongoEditsTest, ADocumentOfTheOriginalIsCompletedAndPlanned) {
  settle();
  database.insert(kSchedules, R"({"name": "theirs", "description": null, "event_type": "report", "event_action": "send",
      "event_entity_id": null, "event_payload": {"to": "all"}, "actor_type": "system", "actor_id": "scheduler",
      "cron_expression": "0 6 * * *", "timezone": "Europe/London", "max_retries": 3, "retry_delay_seconds": 60, "tags": ["a"],
      "status": "active", "next_execution": null, "last_execution": null, "last_status": null,
      "created_at": {"$date": "2025-11-03T10:00:00Z"}, "updated_at": {"$date": "2025-11-03T10:00:00Z"}, "created_by": null})");
  EXPECT_EQ(take_over(), 1U);
  const auto taken = named("theirs");
  EXPECT_EQ(taken.next_execution, clock.wall() + 6h);
  EXPECT_EQ(taken.event_payload, R"({"to":"all"})");
  EXPECT_EQ(taken.created_at, parse_time("2025-11-03T10:00:00Z").value());
  EXPECT_TRUE(taken.event_headers.empty());
  const auto document = database.find(kSchedules, R"({"name": "theirs"})");
  for (const auto* field :
       {R"("event_headers" : {  })", R"("execution_count" : 0)", R"("error_count" : 0)", R"("one_time" : false)"}) {
    EXPECT_NE(document.find(field), std::string::npos) << field << " in " << document;
  }
  EXPECT_EQ(take_over(), 0U);
}

TEST_F(MongoEditsTest, OneThatTheOriginalDidNotFireAnyMoreIsAMisfire) {
  settle();
  const auto missed = clock.wall() - 2h;
  database.insert(kSchedules,
                  fmt::format(R"({{"name": "missed", "event_type": "a", "event_action": "b", "status": "active",
      "cron_expression": "0 * * * *", "next_execution": {{"$date": {{"$numberLong": "{}"}}}}}})",
                              to_micros(missed) / 1000));
  EXPECT_EQ(take_over(), 1U);
  const auto taken = named("missed");
  EXPECT_EQ(taken.planned_until, missed - 1us);
  EXPECT_EQ(due_names(clock.wall()), std::vector<std::string>{"missed"});
}

TEST_F(MongoEditsTest, ASingleTimeThatHasPassedFiresOnceAndOneThatFiredIsOver) {
  settle();
  for (const auto& [name, count] : {std::pair("late", 0), {"fired", 1}}) {
    database.insert(kSchedules,
                    fmt::format(R"({{"name": "{}", "event_type": "a", "event_action": "b", "status": "active",
        "cron_expression": "", "one_time": true, "execution_time": {{"$date": {{"$numberLong": "{}"}}}}, "execution_count": {}}})",
                                name, to_micros(clock.wall() - 1h) / 1000, count));
  }
  EXPECT_EQ(take_over(), 2U);
  EXPECT_EQ(due_names(clock.wall()), std::vector<std::string>{"late"});
  EXPECT_EQ(named("fired").status, ScheduleStatus::completed);
}

TEST_F(MongoEditsTest, ASingleTimeThatIsMovedFiresAgain) {
  auto schedule = plain_schedule(1);
  schedule.cron_expression.reset();
  schedule.one_time = true;
  schedule.execution_time = clock.wall() + 1h;
  schedule.created_at = clock.wall();
  ASSERT_TRUE(engine_replan(schedule, ForeignEdit::rule, clock.wall()));
  schedule = create(schedule).value();
  settle();
  clock.advance(2h);
  schedule.planned_until = schedule.execution_time;
  schedule.planned_count = 1;
  schedule.next_execution.reset();
  schedule.status = ScheduleStatus::completed;
  ASSERT_TRUE(mark(schedule));
  ASSERT_EQ(
      edit(schedule.id, fmt::format(R"({{"status": "active", "execution_time": {{"$date": {{"$numberLong": "{}"}}}}}})",
                                    to_micros(clock.wall() + 1h) / 1000)),
      1);
  EXPECT_EQ(take_over(), 1U);
  EXPECT_EQ(due_names(clock.wall() + 1h), std::vector{schedule.name});
  EXPECT_EQ(get(schedule.id)->planned_count, 0U);
}

TEST_F(MongoEditsTest, TwoNodesTakeAnEditOverOnce) {
  const auto schedule = planned(1);
  settle();
  auto other = open("another node");
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(edit(schedule.id, fmt::format(R"({{"cron_expression": "{} * * * *"}})", round + 1)), 1);
    std::promise<uint64_t> theirs;
    other->take_over_edits([&](auto taken) { theirs.set_value(taken.value_or(99)); });
    const auto ours = take_over();
    EXPECT_EQ(ours + theirs.get_future().get(), 1U);
    EXPECT_EQ(get(schedule.id)->revision, static_cast<uint64_t>(round) + 2);
  }
}

TEST_F(MongoEditsTest, OneThatIsDeletedThereIsGone) {
  const auto schedule = planned(1);
  settle();
  database.command(
      fmt::format(R"({{"delete": "mongo_schedules", "deletes": [{{"q": {}, "limit": 1}}]}})", by_id(schedule.id)));
  EXPECT_FALSE(get(schedule.id));
  EXPECT_FALSE(revision(schedule.id));
  EXPECT_EQ(take_over(), 0U);
}

TEST_F(MongoEditsTest, ALatePlannerDoesNotTakePlansBack) {
  auto ahead = planned(1);
  auto behind = ahead;
  ahead.planned_until = clock.wall() + 20s;
  ahead.next_execution = clock.wall() + 30s;
  ASSERT_TRUE(mark(ahead));
  behind.planned_until = clock.wall() + 10s;
  behind.next_execution = clock.wall() + 11s;
  ASSERT_TRUE(mark(behind));
  EXPECT_EQ(get(ahead.id)->planned_until, ahead.planned_until);
  EXPECT_EQ(get(ahead.id)->next_execution, ahead.next_execution);
}

}  // namespace
}  // namespace schedules::testing
