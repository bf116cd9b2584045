// What was planned ahead of an outage and is begun too late; and the quarantine.
#include "store/crash_note.h"
#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct LateCase {
  CatchUp policy;
  Duration outage;
  std::vector<int64_t> fires;  ///< nominal second of each fire for a missed time
  size_t letters;
};

class LateTest : public EngineFixture, public ::testing::WithParamInterface<LateCase> {
 protected:
  Schedule every_second(CatchUp policy) {
    Schedule schedule;
    schedule.name = "tick";
    schedule.event_type = "report";
    schedule.event_action = "generate";
    schedule.cron_expression = "* * * * * *";
    schedule.catch_up = policy;
    schedule.late_after = seconds(1);
    std::optional<Schedule> created;
    engine->schedules().create(schedule, [&](Result<Schedule> got) { created = std::move(got.value()); });
    engine->tick();
    return created.value();
  }
  const TimePoint start = clock.wall();
};

TEST_P(LateTest, PlannedAheadAndMissed) {
  every_second(GetParam().policy);
  run_for(seconds(2));
  ASSERT_EQ(sink.delivered.size(), 2U);
  engine.reset();
  clock.advance(GetParam().outage);
  sink.delivered.clear();
  const TimePoint up = clock.wall();
  restart();
  run_for(seconds(3));
  std::vector<int64_t> missed;
  for (const auto& delivery : sink.delivered) {
    const auto nominal = *delivery.event.nominal_at;
    if (nominal < up - seconds(1)) missed.push_back(std::chrono::duration_cast<seconds>(nominal - start).count());
  }
  EXPECT_EQ(missed, GetParam().fires);
  EXPECT_EQ(schedules.letters.size(), GetParam().letters);
  for (const auto& one : log.kept) EXPECT_TRUE(one.status != RunStatus::skipped || one.reason == "misfire");
}

INSTANTIATE_TEST_SUITE_P(
    Policies, LateTest,
    // Up again at 2 + 5.5 s: 3, 4, 5, 6 are later than 1 s, 7 is not. All of them had been planned.
    ::testing::Values(LateCase{CatchUp::last, std::chrono::milliseconds(5'500), {6}, 0},
                      LateCase{CatchUp::first, std::chrono::milliseconds(5'500), {3}, 0},
                      LateCase{CatchUp::all, std::chrono::milliseconds(5'500), {3, 4, 5, 6}, 0},
                      LateCase{CatchUp::skip, std::chrono::milliseconds(5'500), {}, 0},
                      LateCase{CatchUp::fail, std::chrono::milliseconds(5'500), {}, 4},
                      // Longer than was planned ahead: the planner has a part in it; still one fire.
                      LateCase{CatchUp::last, std::chrono::milliseconds(40'500), {41}, 0},
                      LateCase{CatchUp::first, std::chrono::milliseconds(40'500), {3}, 0},
                      LateCase{CatchUp::skip, std::chrono::milliseconds(40'500), {}, 0}));

TEST_F(LateTest, LastCountsBothParts) {
  every_second(CatchUp::last);
  run_for(seconds(2));
  engine.reset();
  clock.advance(std::chrono::milliseconds(40'500));
  sink.delivered.clear();
  restart();
  run_for(seconds(1));
  ASSERT_FALSE(sink.delivered.empty());
  uint64_t most = 0;
  for (const auto& delivery : sink.delivered) most = std::max<uint64_t>(most, delivery.event.missed_count);
  EXPECT_EQ(most, 38U) << "3 to 40 stand behind 41";
}

TEST_F(LateTest, WhatWaitedForItsTargetIsNotMissed) {
  every_second(CatchUp::skip);
  run_for(seconds(2));
  sink.delivered.clear();
  sink.script = {{.verdict = Verdict::retry, .error = "HTTP 503"}};
  run_for(minutes(3));
  EXPECT_TRUE(std::ranges::none_of(log.kept, [](const Execution& one) { return one.status == RunStatus::skipped; }));
}

TEST_F(LateTest, QuarantinedAfterThreeCrashes) {
  for (const size_t crashes : {2U, 3U}) {
    auto one = event("poison", seconds(1));
    for (size_t i = 0; i < crashes; ++i) note_crash(one, clock.wall() + seconds(1 + static_cast<int64_t>(i)));
    const auto id = accept(one).stored.event.id;
    sink.delivered.clear();
    run_for(seconds(2));
    EXPECT_EQ(sink.delivered.size(), crashes < 3 ? 1U : 0U);
    EXPECT_EQ(state_of(id), crashes < 3 ? State::fired : State::dead);
    if (crashes == 3) {
      ASSERT_TRUE(schedules.letters.contains(id));
      EXPECT_EQ(schedules.letters.at(id).reason, "quarantined");
    }
  }
}

}  // namespace
}  // namespace schedules::testing
