#include "engine/plan.h"

#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class PlanTest : public EngineFixture {
 protected:
  Schedule every_minute() const {
    Schedule schedule;
    schedule.name = "tick";
    schedule.event_type = "report";
    schedule.event_action = "generate";
    schedule.cron_expression = "* * * * *";
    return schedule;
  }
  Schedule create(Schedule schedule) {
    std::optional<Schedule> created;
    engine->schedules().create(std::move(schedule), [&](Result<Schedule> got) { created = std::move(got.value()); });
    engine->tick();
    return created.value();
  }
  void edit(const std::string& id, const ScheduleEdit& change) {
    engine->schedules().edit(id, {}, change,
                             [](const Result<Schedule>& got) { ASSERT_TRUE(got) << got.error().detail; });
    engine->tick();
  }
  std::vector<int64_t> fired_seconds(TimePoint since) const {
    std::vector<int64_t> out;
    for (const auto& delivery : sink.delivered) {
      out.push_back(std::chrono::duration_cast<seconds>(delivery.fired_at - since).count());
    }
    return out;
  }
  const TimePoint start = clock.wall();
};

TEST_F(PlanTest, FiresEveryOccurrenceOnce) {
  const auto created = create(every_minute());
  EXPECT_EQ(created.next_execution, start + minutes(1));
  run_for(minutes(3) + seconds(5));
  EXPECT_EQ(fired_seconds(start), (std::vector<int64_t>{60, 120, 180}));
  EXPECT_EQ(sink.delivered[0].event.topic, "stufio.events");
  EXPECT_EQ(sink.delivered[0].event.schedule_id, created.id);
}

TEST_F(PlanTest, APageByNextExecutionIsInTheOrderShown) {
  const auto named = [&](std::string name, std::string cron) {
    auto schedule = every_minute();
    schedule.name = std::move(name);
    schedule.cron_expression = std::move(cron);
    return create(std::move(schedule));
  };
  const auto daily = named("daily", "30 23 * * *");
  const auto hourly = named("hourly", "0 * * * *");
  const auto minutely = named("minutely", "* * * * *");
  edit(named("paused", "* * * * *").id, [](Schedule& schedule) {
    schedule.status = ScheduleStatus::paused;
    return Status{};
  });
  const auto names = [&](ScheduleOrder order, bool descending) {
    std::vector<std::string> found;
    engine->schedules().find({.order = order, .descending = descending}, [&](const Result<std::vector<Schedule>>& got) {
      for (const auto& each : *got) found.push_back(each.name);
    });
    return found;
  };
  using Names = std::vector<std::string>;
  const auto soonest = std::min(*daily.next_execution, *hourly.next_execution);
  const Names sooner = soonest == *daily.next_execution ? Names{"daily", "hourly"} : Names{"hourly", "daily"};
  EXPECT_EQ(names(ScheduleOrder::next_execution, false), (Names{"minutely", sooner[0], sooner[1], "paused"}));
  EXPECT_EQ(names(ScheduleOrder::next_execution, true), (Names{sooner[1], sooner[0], "minutely", "paused"}));
  // Just before it fires the minutely one is planned, and what is stored is already the time after.
  run_for(*minutely.next_execution - seconds(2) - clock.wall());
  EXPECT_EQ(names(ScheduleOrder::next_execution, false), (Names{"minutely", sooner[0], sooner[1], "paused"}));
}

TEST_F(PlanTest, RestartsNeitherLoseNorRepeat) {
  create(every_minute());
  for (int i = 0; i < 200; ++i) {
    run_for(seconds(3));
    restart();
  }
  EXPECT_EQ(sink.delivered.size(), 10U);
}

// As where the shard of one of them is away.
TEST_F(PlanTest, AnOccurrenceThatCouldNotBeStoredIsPlannedAgain) {
  size_t refused = 0;
  events.refuses = [&](const Event& event) -> std::optional<Error> {
    if (to_micros(event.due_at) / 1'000'000 % 3 != 0 || clock.wall() > start + seconds(5)) return std::nullopt;
    ++refused;
    return Error{.code = Code::unavailable, .detail = "its shard is away"};
  };
  auto schedule = every_minute();
  schedule.cron_expression = "* * * * * *";
  create(std::move(schedule));
  run_for(seconds(20));
  EXPECT_GT(refused, 0U);
  std::set<TimePoint> nominal;
  for (const auto& delivery : sink.delivered) nominal.insert(delivery.event.nominal_at.value());
  EXPECT_EQ(nominal.size(), sink.delivered.size());
  EXPECT_GE(nominal.size(), 19U);
}

TEST_F(PlanTest, PausedDoesNotFireEvenWhatIsPlanned) {
  const auto schedule = create(every_minute());
  run_for(seconds(58));
  edit(schedule.id, [](Schedule& one) -> Status {
    one.status = ScheduleStatus::paused;
    return {};
  });
  run_for(minutes(5));
  EXPECT_TRUE(sink.delivered.empty());
  ASSERT_FALSE(log.kept.empty());
  EXPECT_EQ(log.kept[0].status, RunStatus::skipped);
  edit(schedule.id, [](Schedule& one) -> Status {
    one.status = ScheduleStatus::active;
    return {};
  });
  run_for(minutes(2));
  EXPECT_EQ(sink.delivered.size(), 2U);
}

TEST_F(PlanTest, EditedFiresAsItsNewSelfOnly) {
  const auto schedule = create(every_minute());
  run_for(seconds(58));
  edit(schedule.id, [](Schedule& one) -> Status {
    one.event_action = "changed";
    return {};
  });
  run_for(seconds(10));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].event.action, "changed");
}

TEST_F(PlanTest, DeletedFiresNoMore) {
  const auto schedule = create(every_minute());
  run_for(seconds(58));
  engine->schedules().remove(schedule.id, nullptr, [](const Result<bool>& removed) { EXPECT_TRUE(removed.value()); });
  run_for(minutes(5));
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(PlanTest, OneTimeFiresOnceAndIsCompleted) {
  auto schedule = every_minute();
  schedule.cron_expression.reset();
  schedule.one_time = true;
  schedule.execution_time = start + seconds(30);
  const auto created = create(schedule);
  run_for(seconds(29));
  EXPECT_EQ(schedules.schedules.at(created.id).status, ScheduleStatus::active);
  run_for(seconds(20));
  EXPECT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(schedules.schedules.at(created.id).status, ScheduleStatus::completed);
}

TEST_F(PlanTest, OneTimeInThePastFiresAtOnce) {
  auto schedule = every_minute();
  schedule.cron_expression.reset();
  schedule.one_time = true;
  schedule.execution_time = start - hours(5);
  create(schedule);
  run_for(seconds(1));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(PlanTest, CountIsKept) {
  auto schedule = every_minute();
  schedule.max_count = 3;
  create(schedule);
  run_for(minutes(10));
  EXPECT_EQ(sink.delivered.size(), 3U);
}

TEST_F(PlanTest, ExecuteFiresNowBesideThePlan) {
  const auto schedule = create(every_minute());
  std::optional<Schedule> answered;
  engine->schedules().execute(schedule.id, [&](Result<Schedule> got) { answered = std::move(got.value()); });
  engine->tick();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->last_execution, clock.wall());
  EXPECT_EQ(answered->next_execution, start + minutes(1));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(PlanTest, ExecuteTellsOfAFailure) {
  const auto schedule = create(every_minute());
  sink.script = {{.verdict = Verdict::rejected, .error = "HTTP 400"}};
  std::optional<Code> code;
  engine->schedules().execute(schedule.id, [&](const Result<Schedule>& got) { code = got.error().code; });
  engine->tick();
  EXPECT_EQ(code, Code::publish_failed);
}

struct MisfireCase {
  CatchUp policy;
  size_t fires;
  size_t skips;
  size_t letters;
};

class MisfireTest : public PlanTest, public ::testing::WithParamInterface<MisfireCase> {};

TEST_P(MisfireTest, AfterTenMissedMinutes) {
  auto schedule = every_minute();
  schedule.catch_up = GetParam().policy;
  schedule.catch_up_max = 4;
  create(schedule);
  engine.reset();
  clock.advance(minutes(10) + seconds(30));
  restart();
  run_for(seconds(20));
  EXPECT_EQ(sink.delivered.size(), GetParam().fires);
  const auto skips = std::ranges::count(log.kept, RunStatus::skipped, &Execution::status);
  EXPECT_EQ(static_cast<size_t>(skips), GetParam().skips);
  EXPECT_EQ(schedules.letters.size(), GetParam().letters);
  run_for(minutes(1));
  EXPECT_EQ(sink.delivered.size(), GetParam().fires + 1) << "the plan goes on";
}

INSTANTIATE_TEST_SUITE_P(Policies, MisfireTest,
                         ::testing::Values(MisfireCase{CatchUp::last, 1, 0, 0}, MisfireCase{CatchUp::first, 1, 9, 0},
                                           MisfireCase{CatchUp::all, 4, 6, 0}, MisfireCase{CatchUp::skip, 0, 10, 0},
                                           MisfireCase{CatchUp::fail, 0, 0, 1}));

TEST_F(PlanTest, CatchUpLastSaysHowManyItStandsFor) {
  create(every_minute());
  engine.reset();
  clock.advance(minutes(10) + seconds(30));
  restart();
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].event.missed_count, 9U);
  EXPECT_EQ(sink.delivered[0].event.nominal_at, start + minutes(10));
}

TEST_F(PlanTest, BeyondTheCatchUpWindowIsSkippedWithReason) {
  auto schedule = every_minute();
  schedule.cron_expression = "0 * * * *";
  schedule.catch_up_window = hours(2);
  create(schedule);
  engine.reset();
  clock.advance(hours(5) + minutes(30));
  restart();
  EXPECT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(std::ranges::count(log.kept, "catch_up_window", &Execution::reason), 3);
}

TEST_F(PlanTest, BadRulesAreRefusedWithTheirField) {
  const auto refused = [this](Schedule schedule) {
    std::optional<Error> error;
    engine->schedules().create(std::move(schedule), [&](const Result<Schedule>& got) { error = got.error(); });
    return error.value();
  };
  auto schedule = every_minute();
  schedule.cron_expression = "61 * * * *";
  EXPECT_EQ(refused(schedule).field, "cron_expression");
  schedule.cron_expression = "0 0 31 2 *";
  EXPECT_EQ(refused(schedule).code, Code::never_fires);
  schedule = every_minute();
  schedule.timezone = "Mars/Base";
  EXPECT_EQ(refused(schedule).code, Code::unknown_time_zone);
  schedule = every_minute();
  schedule.one_time = true;
  EXPECT_EQ(refused(schedule).field, "cron_expression");
}

}  // namespace
}  // namespace schedules::testing
