#include "alerting/history.h"

#include <gtest/gtest.h>

#include "engine/rule.h"
#include "tests/unit/alerting/instants.h"

namespace schedules {
namespace {

Execution execution(int64_t second, RunStatus status, State state, int event) {
  return {.event_id = derived_id(std::to_string(event)),
          .executed_at = at(second),
          .status = status,
          .state = state,
          .error = status == RunStatus::failure ? fmt::format("error {}", second) : ""};
}

TEST(RunHistory, RunsAreCountedNotAttempts) {
  const auto history = history_of(
      {}, {execution(9, RunStatus::failure, State::dead, 3), execution(8, RunStatus::failure, State::pending, 3),
           execution(7, RunStatus::failure, State::dead, 2), execution(6, RunStatus::failure, State::pending, 2),
           execution(5, RunStatus::success, State::fired, 1), execution(4, RunStatus::failure, State::dead, 0)});
  EXPECT_EQ(history.failures, 2U);
  EXPECT_EQ(history.failing_since, at(7));
  EXPECT_EQ(history.error, "error 9");
  EXPECT_EQ(history.last_success, at(5));
}

TEST(RunHistory, CountersOfAScheduleThatNeverFailedSayItAll) {
  Schedule schedule{.last_execution = at(3), .last_status = RunStatus::skipped, .execution_count = 9};
  EXPECT_EQ(history_of_counters(schedule)->last_success, at(3));
  schedule.error_count = 1;
  EXPECT_FALSE(history_of_counters(schedule));
  schedule.last_status = RunStatus::success;
  EXPECT_EQ(history_of_counters(schedule)->last_success, at(3));
  schedule.ack = Ack::required;
  EXPECT_FALSE(history_of_counters(schedule));
}

TEST(RunHistory, TheNextRunIsExpectedAfterTheLastSuccessOrTheLastEdit) {
  Schedule schedule{.cron_expression = "0 0 * * * *", .created_at = at(-7'200), .updated_at = at(-7'200)};
  const auto rule = recurrence_of(schedule, false).value();
  EXPECT_EQ(expected_after(schedule, rule, {}), at(-3'600));
  EXPECT_EQ(expected_after(schedule, rule, at(5)), at(3'600));
  schedule.updated_at = at(4'000);
  EXPECT_EQ(expected_after(schedule, rule, at(5)), at(7'200));
}

TEST(RunHistory, AScheduleThatIsOverIsNotExpected) {
  Schedule schedule{.cron_expression = "0 0 * * * *", .end_at = at(10), .created_at = at(-60), .updated_at = at(-60)};
  EXPECT_FALSE(expected_after(schedule, recurrence_of(schedule, false).value(), at(5)));
}

}  // namespace
}  // namespace schedules
