#include "engine/forecast.h"

#include <gtest/gtest.h>

#include "engine/rule.h"

namespace schedules {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = from_micros(1'767'600'000'000'000);  // 2026-01-05T08:00:00Z, a Monday

Schedule planned(std::string cron, TimePoint until = kStart) {
  Schedule schedule;
  schedule.id = "0123456789abcdef01234567";
  schedule.name = "tick";
  schedule.cron_expression = std::move(cron);
  schedule.planned_until = until;
  schedule.created_at = kStart - 24h;
  return schedule;
}

std::vector<uint64_t> counts_of(const std::vector<SlotCount>& counted) {
  std::vector<uint64_t> counts;
  for (const auto& slot : counted) counts.push_back(slot.count);
  return counts;
}

std::vector<uint64_t> counts(const Schedule& schedule, const TimeSlots& slots) {
  const auto counted = forecast({&schedule, 1}, slots, std::nullopt, false);
  EXPECT_FALSE(std::ranges::any_of(counted, &SlotCount::more));
  return counts_of(counted);
}

TEST(ForecastTest, CountsBySlots) {
  const TimeSlots hours{kStart, 1h, 3};
  EXPECT_EQ(counts(planned("30 * * * *"), hours), (std::vector<uint64_t>{1, 1, 1}));
  EXPECT_EQ(counts(planned("*/10 * * * * *"), hours), (std::vector<uint64_t>{359, 360, 360}));  // not at 8:00:00 itself
  EXPECT_EQ(counts(planned("15,45 10 * * *"), hours), (std::vector<uint64_t>{0, 0, 2}));
  EXPECT_EQ(counts(planned("0 0 1 1 *"), hours), (std::vector<uint64_t>{0, 0, 0}));
  Schedule every;
  every.every = 25min;
  every.start_at = kStart;
  every.planned_until = kStart;
  EXPECT_EQ(counts(every, hours), (std::vector<uint64_t>{2, 2, 3}));
}

TEST(ForecastTest, AgreesWithWhatFires) {
  const TimeSlots slots{kStart - 7min, 15min, 96};
  for (const std::string cron : {"*/7 * * * *", "*/13 */3 * * * *", "0 9-17 * * 1-5", "59 59 * * * *", "0 0 * * *"}) {
    for (const auto jitter : {0s, 40s}) {
      auto schedule = planned(cron, kStart + 100s);
      schedule.jitter = jitter;
      const auto rule = recurrence_of(schedule, false).value();
      std::vector<uint64_t> expected(slots.count);
      TimePoint after = kStart + 100s;
      while (const auto one = rule.next(after)) {
        if (one->nominal >= slots.end()) break;
        if (const auto slot = slots.slot_of(one->due)) ++expected[*slot];
        after = one->nominal;
      }
      // With jitter the last ones of a slot may be due in the next one.
      if (jitter == 0s || cron == "0 0 * * *") {
        EXPECT_EQ(counts(schedule, slots), expected) << cron;
      }
    }
  }
}

TEST(ForecastTest, LeavesOutWhatIsPlannedAlready) {
  const TimeSlots hours{kStart, 1h, 2};
  EXPECT_EQ(counts(planned("*/10 * * * *", kStart + 30min), hours), (std::vector<uint64_t>{2, 6}));
}

TEST(ForecastTest, EndsWithTheSchedule) {
  const TimeSlots hours{kStart, 1h, 3};
  auto schedule = planned("*/10 * * * *");
  schedule.max_count = 10;
  schedule.planned_count = 2;
  EXPECT_EQ(counts(schedule, hours), (std::vector<uint64_t>{5, 3, 0}));
  schedule.max_count.reset();
  schedule.end_at = kStart + 75min;
  EXPECT_EQ(counts(schedule, hours), (std::vector<uint64_t>{5, 2, 0}));
}

TEST(ForecastTest, SaysWhereItStopsCounting) {
  const TimeSlots hours{kStart, 1h, 4};
  const std::vector<Schedule> two{planned("30 * * * *"), planned("45 * * * *")};
  const auto all = forecast(two, hours, kStart + 150min, false);
  EXPECT_EQ(counts_of(all), (std::vector<uint64_t>{2, 2, 2, 2}));
  EXPECT_EQ(all[1], (SlotCount{.count = 2, .more = false}));
  EXPECT_EQ(all[2], (SlotCount{.count = 2, .more = true}));
  EXPECT_EQ(all[3], (SlotCount{.count = 2, .more = true}));

  const auto some = forecast(two, hours, std::nullopt, false, {.steps = 5});
  EXPECT_EQ(some[0], (SlotCount{.count = 2, .more = false}));
  EXPECT_EQ(some[1], (SlotCount{.count = 1, .more = true}));
  EXPECT_TRUE(some[3].more);
  EXPECT_TRUE(forecast(two, hours, kStart - 1h, false)[0].more);  // it waits to be planned
  EXPECT_FALSE(forecast(two, hours, kStart + 5h, false)[3].more);
}

}  // namespace
}  // namespace schedules
