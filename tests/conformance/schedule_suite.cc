#include "tests/conformance/schedule_suite.h"

#include <atomic>
#include <thread>

namespace schedules::testing {

TEST_P(ScheduleStoreTest, EveryFieldComesBack) {
  const auto schedule = full_schedule(1);
  const auto created = create(schedule);
  ASSERT_TRUE(created) << created.error().detail;
  EXPECT_EQ(difference(*created, schedule), "");
  EXPECT_EQ(difference(get(schedule.id), schedule), "");
  EXPECT_EQ(difference(find({}).at(0), schedule), "");
}

TEST_P(ScheduleStoreTest, AbsentFieldsStayAbsent) {
  const Schedule schedule{.id = object_id(1), .name = "bare", .created_at = at_second(1), .updated_at = at_second(1)};
  ASSERT_TRUE(create(schedule));
  EXPECT_EQ(difference(get(schedule.id), schedule), "");
}

TEST_P(ScheduleStoreTest, UnknownIdIsNotThere) {
  const auto found = await<std::optional<Schedule>>([&](auto done) { store.get(object_id(9), std::move(done)); });
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->has_value());
}

TEST_P(ScheduleStoreTest, NameIsUnique) {
  ASSERT_TRUE(create(plain_schedule(1)));
  auto second = plain_schedule(2);
  second.name = plain_schedule(1).name;
  const auto created = create(second);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Code::already_exists);
  EXPECT_EQ(created.error().field, "name");
  EXPECT_EQ(find({}).size(), 1U);
}

TEST_P(ScheduleStoreTest, NamesDifferByCase) {
  auto upper = plain_schedule(2);
  upper.name = "SCHEDULE 1";
  ASSERT_TRUE(create(plain_schedule(1)));
  EXPECT_TRUE(create(upper));
}

TEST_P(ScheduleStoreTest, TakenNameIsRefusedInUpdate) {
  ASSERT_TRUE(create(plain_schedule(1)));
  auto second = create(plain_schedule(2)).value();
  second.name = plain_schedule(1).name;
  const auto updated = update(second);
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, Code::already_exists);
  EXPECT_EQ(updated.error().field, "name");
  EXPECT_EQ(get(second.id).name, "schedule 2");
  EXPECT_EQ(get(second.id).revision, 1U);
}

TEST_P(ScheduleStoreTest, UpdateReplacesAndRaisesTheRevision) {
  ASSERT_TRUE(create(full_schedule(1)));
  auto wanted = full_schedule(2);
  wanted.id = object_id(1);
  wanted.revision = 5;
  const auto updated = update(wanted);
  ASSERT_TRUE(updated) << updated.error().detail;
  const auto old = full_schedule(1);
  wanted.revision = 6;
  wanted.last_execution = old.last_execution;
  wanted.last_status = old.last_status;
  wanted.last_error = old.last_error;
  wanted.execution_count = old.execution_count;
  wanted.error_count = old.error_count;
  EXPECT_EQ(difference(*updated, wanted), "");
  EXPECT_EQ(difference(get(wanted.id), wanted), "");
}

TEST_P(ScheduleStoreTest, UpdateOfAnOldRevisionIsRefused) {
  const auto first = create(plain_schedule(1)).value();
  ASSERT_TRUE(update(first));
  const auto late = update(first);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::revision_conflict);
  EXPECT_EQ(get(first.id).revision, 2U);
}

TEST_P(ScheduleStoreTest, UpdateOfNothingIsNotFound) {
  const auto updated = update(plain_schedule(1));
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, Code::not_found);
}

TEST_P(ScheduleStoreTest, ExactlyOneRacerWinsEachRevision) {
  constexpr int kRacers = 4;
  constexpr uint64_t kRounds = 25;
  ASSERT_TRUE(create(plain_schedule(1)));
  std::atomic<uint64_t> wins = 0;
  std::atomic<uint64_t> strange = 0;
  std::vector<std::jthread> racers;
  for (int i = 0; i < kRacers; ++i) {
    racers.emplace_back([&, i] {
      for (uint64_t revision = 1; revision <= kRounds;) {
        auto mine = plain_schedule(1);
        mine.revision = revision;
        mine.note = std::to_string(i);
        const auto updated = update(mine);
        if (updated) ++wins;
        if (!updated && updated.error().code != Code::revision_conflict) ++strange;
        revision = get(mine.id).revision;
      }
    });
  }
  racers.clear();
  EXPECT_EQ(wins, kRounds);
  EXPECT_EQ(strange, 0U);
  EXPECT_EQ(get(object_id(1)).revision, kRounds + 1);
}

TEST_P(ScheduleStoreTest, ManyCallsAtOnceAreEachAnsweredAlone) {
  constexpr uint32_t kCalls = 500;
  std::vector<std::future<Result<Schedule>>> answers;
  for (uint32_t i = 0; i < kCalls; ++i) {
    // Every fifth takes the name of its neighbour.
    auto schedule = plain_schedule(i);
    if (i % 5 == 4) schedule.name = plain_schedule(i - 1).name;
    auto answer = std::make_shared<std::promise<Result<Schedule>>>();
    answers.push_back(answer->get_future());
    store.create(schedule, [answer](auto result) { answer->set_value(std::move(result)); });
  }
  for (uint32_t i = 0; i < kCalls; ++i) EXPECT_EQ(answers[i].get().has_value(), i % 5 != 4) << i;
  EXPECT_EQ(find({.limit = 1000}).size(), kCalls / 5 * 4);
}

TEST_P(ScheduleStoreTest, RemovedIsGone) {
  ASSERT_TRUE(create(full_schedule(1)));
  ASSERT_TRUE(create(full_schedule(2)));
  EXPECT_TRUE(remove(object_id(1)));
  EXPECT_FALSE(remove(object_id(1)));
  EXPECT_EQ(find({}).size(), 1U);
  EXPECT_TRUE(find({.tag = "tag 1"}).empty());
  EXPECT_EQ(find({.tag = "shared"}).size(), 1U);
  // Its name is free again.
  EXPECT_TRUE(create(full_schedule(1)));
}

TEST_P(ScheduleStoreTest, RevisionsLeaveOutTheMissing) {
  ASSERT_TRUE(create(plain_schedule(1)));
  ASSERT_TRUE(create(full_schedule(2)));
  const auto found = await<std::vector<ScheduleRevision>>(
      [&](auto done) { store.revisions({object_id(2), object_id(7), object_id(1)}, std::move(done)); });
  ASSERT_TRUE(found);
  std::map<std::string, std::pair<uint64_t, ScheduleStatus>> by_id;
  for (const auto& entry : *found) by_id[entry.id] = {entry.revision, entry.status};
  EXPECT_EQ(by_id, (decltype(by_id){{object_id(1), {1, ScheduleStatus::active}},
                                    {object_id(2), {5, ScheduleStatus::paused}}}));
}

TEST_P(ScheduleStoreTest, NotesCountIntoTheSchedule) {
  ASSERT_TRUE(create(plain_schedule(1)));
  ASSERT_TRUE(create(plain_schedule(2)));
  const auto id = object_id(1);
  ASSERT_TRUE(note({{id, at_second(10), RunStatus::success, ""},
                    {id, at_second(30), RunStatus::failure, "newest"},
                    {object_id(2), at_second(5), RunStatus::success, ""},
                    {id, at_second(20), RunStatus::failure, "older"},
                    {object_id(99), at_second(20), RunStatus::failure, "of a removed one"}}));
  const auto stored = get(id);
  EXPECT_EQ(stored.execution_count, 3U);
  EXPECT_EQ(stored.error_count, 2U);
  EXPECT_EQ(stored.last_execution, at_second(30));
  EXPECT_EQ(stored.last_status, RunStatus::failure);
  EXPECT_EQ(stored.last_error, "newest");
  EXPECT_EQ(stored.revision, 1U);
  EXPECT_EQ(get(object_id(2)).execution_count, 1U);
}

TEST_P(ScheduleStoreTest, LateNoteCountsButIsNotTheLast) {
  ASSERT_TRUE(create(plain_schedule(1)));
  const auto id = object_id(1);
  ASSERT_TRUE(note({{id, at_second(30), RunStatus::success, ""}}));
  ASSERT_TRUE(note({{id, at_second(20), RunStatus::failure, "late"}}));
  const auto stored = get(id);
  EXPECT_EQ(stored.execution_count, 2U);
  EXPECT_EQ(stored.error_count, 1U);
  EXPECT_EQ(stored.last_execution, at_second(30));
  EXPECT_EQ(stored.last_status, RunStatus::success);
  EXPECT_FALSE(stored.last_error.has_value());
}

TEST_P(ScheduleStoreTest, SkipIsNotAnExecution) {
  ASSERT_TRUE(create(plain_schedule(1)));
  const auto id = object_id(1);
  ASSERT_TRUE(note({{id, at_second(10), RunStatus::success, ""}}));
  ASSERT_TRUE(note({{id, at_second(20), RunStatus::skipped, ""}}));
  const auto stored = get(id);
  EXPECT_EQ(stored.execution_count, 1U);
  EXPECT_EQ(stored.last_execution, at_second(10));
  EXPECT_EQ(stored.last_status, RunStatus::skipped);
}

TEST_P(ScheduleStoreTest, LastErrorOutlivesASuccess) {
  ASSERT_TRUE(create(plain_schedule(1)));
  const auto id = object_id(1);
  ASSERT_TRUE(note({{id, at_second(10), RunStatus::failure, "refused"}}));
  ASSERT_TRUE(note({{id, at_second(20), RunStatus::success, ""}}));
  EXPECT_EQ(get(id).last_status, RunStatus::success);
  EXPECT_EQ(get(id).last_error, "refused");
}

TEST_P(ScheduleStoreTest, UpdateKeepsWhatWasCountedMeanwhile) {
  auto mine = create(plain_schedule(1)).value();
  ASSERT_TRUE(note({{mine.id, at_second(10), RunStatus::failure, "refused"}}));
  mine.note = "edited";
  const auto updated = update(mine);
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->execution_count, 1U);
  EXPECT_EQ(updated->error_count, 1U);
  EXPECT_EQ(updated->last_error, "refused");
  EXPECT_EQ(updated->last_execution, at_second(10));
  EXPECT_EQ(updated->note, "edited");
}

}  // namespace schedules::testing
