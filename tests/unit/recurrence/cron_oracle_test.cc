// Every firing of many expressions in many zones, around clock changes and in between, against the
// oracle.
#include "tests/unit/recurrence/cron_oracle.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace schedules {
namespace {

constexpr std::array kZones{"UTC",
                            "America/New_York",
                            "Europe/London",
                            "Europe/Dublin",
                            "Australia/Lord_Howe",  // half an hour
                            "Pacific/Apia",         // a day left out in 2011
                            "Pacific/Kwajalein",    // a day left out in 1993
                            "America/Sao_Paulo",    // changes at midnight
                            "America/Havana",       // midnight, and back at one
                            "Africa/Casablanca",    // back for Ramadan
                            "Antarctica/Troll",     // two hours
                            "Asia/Kathmandu",       // +05:45, from +05:30 in 1986
                            "America/Caracas",      // half an hour in 2007 and 2016
                            "Asia/Pyongyang"};

struct Stretch {
  std::string zone;
  std::vector<oracle::Minute> minutes;
  int64_t after_s = 0;
  int64_t until_s = 0;
};

Stretch stretch(const std::string& zone, int64_t after_s, int64_t until_s) {
  return {zone, oracle::minutes(zone, after_s, until_s), after_s, until_s};
}

// A day and a half around the last few changes that the oracle knows before 2036, and some of the
// older ones.
std::vector<Stretch> stretches() {
  std::vector<Stretch> out;
  for (const std::string name : kZones) {
    const auto* zone = find_zone(name).value();
    std::vector<int64_t> changes;
    for (const auto& period : zone->periods()) {
      if (period.begin_s > 0 && period.begin_s < 2'082'758'400) changes.push_back(period.begin_s);
    }
    for (size_t i = 0; i < changes.size(); ++i) {
      const bool chosen =
          i + 5 > changes.size() || i % 17 == 0 || name == "Pacific/Apia" || name == "Pacific/Kwajalein";
      if (chosen) out.push_back(stretch(name, changes[i] - 129'600 - 61, changes[i] + 129'600));
    }
    out.push_back(stretch(name, 1'772'000'000, 1'772'000'000 + 40 * 86'400));
  }
  return out;
}

template <size_t N>
std::string pick(Random& random, const std::array<const char*, N>& from) {
  return from[random.below(N)];
}

std::string random_expression(Random& random) {
  static constexpr std::array kMinutes{"*",    "0",      "30", "*/5",   "*/15",    "*/7",  "0,30", "10-20",
                                       "5/20", "0-59/7", "59", "50-10", "55-10/5", "1,31", "*/90", "0,1,59"};
  static constexpr std::array kHours{"*",  "2",    "1", "0",    "*/2",     "*/6",  "1-3", "2,14",  "0-4",
                                     "23", "22-2", "3", "9-17", "0,1,2,3", "23-1", "1/3", "*/3,5", "20-4/3"};
  static constexpr std::array kDays{"*",   "*",   "*",  "*",   "?",   "1",    "29",  "30",   "31",      "L",    "LW",
                                    "L-3", "15W", "1W", "31W", "*/2", "*/10", "1-7", "25-5", "10,20,L", "28-31"};
  static constexpr std::array kMonths{"*",       "*",       "*",   "*",    "3",      "10,11",
                                      "MAR-APR", "jan,Dec", "*/3", "11-3", "4-12/2", "3,4,9-11"};
  static constexpr std::array kWeekdays{"*",       "*",    "*",   "*",   "?",       "0",   "7",         "SUN",   "1-5",
                                        "mon-fri", "6,0",  "5-7", "5-1", "sat-mon", "7-2", "0#1",       "sun#2", "5L",
                                        "L5",      "FRIL", "L",   "*/2", "1/2",     "0#5", "SUN#1,WED", "4#4,1L"};
  return pick(random, kMinutes) + " " + pick(random, kHours) + " " + pick(random, kDays) + " " + pick(random, kMonths) +
         " " + pick(random, kWeekdays);
}

std::vector<int64_t> ours(const ZonedCron& cron, const Stretch& over) {
  std::vector<int64_t> out;
  for (int64_t at_s = over.after_s;;) {
    const auto firing = cron.after(at_s);
    if (!firing || firing->at_s > over.until_s) return out;
    at_s = firing->at_s;
    out.push_back(at_s);
  }
}

constexpr std::array kPolicies{ClockPolicies{}, ClockPolicies{GapPolicy::skip, OverlapPolicy::second},
                               ClockPolicies{GapPolicy::shift_forward, OverlapPolicy::both}};

TEST(CronOracle, AgreesOnEveryFiring) {
  const auto over = stretches();
  ASSERT_GT(over.size(), 80U);
  const auto random = seeded_random(20'260'101);
  size_t expressions = 0;
  size_t fired = 0;
  for (int i = 0; i < 400; ++i) {
    const auto text = random_expression(*random);
    const auto cron = Cron::parse(text);
    if (!cron) {
      EXPECT_EQ(cron.error().code, Code::never_fires) << text << ": " << cron.error().detail;
      continue;
    }
    ++expressions;
    for (const auto& one : over) {
      if (random->below(4) != 0) continue;
      const auto policies = kPolicies[random->below(kPolicies.size())];
      const ZonedCron zoned(*cron, *find_zone(one.zone).value(), policies);
      const auto expected = oracle::firings(text, one.minutes, policies);
      ASSERT_EQ(ours(zoned, one), expected)
          << text << " in " << one.zone << " after " << one.after_s << " gap " << static_cast<int>(policies.gap)
          << " overlap " << static_cast<int>(policies.overlap);
      ASSERT_EQ(zoned.count(one.after_s, one.until_s), expected.size()) << text << " in " << one.zone;
      fired += expected.size();
    }
  }
  EXPECT_GT(expressions, 300U);
  EXPECT_GT(fired, 30'000U);
}

// Many wrong answers show only where the search begins inside an overlap or at the edge of a gap.
TEST(CronOracle, AgreesFromEveryMinuteNearAChange) {
  const auto random = seeded_random(7);
  for (const auto& one : {stretch("America/New_York", 1'793'500'000 - 20'000, 1'793'500'000 + 40'000),
                          stretch("Europe/London", 1'774'746'000 - 10'000, 1'774'746'000 + 30'000),
                          stretch("Australia/Lord_Howe", 1'775'314'800 - 10'000, 1'775'314'800 + 30'000)}) {
    for (int i = 0; i < 200; ++i) {
      const auto text = random_expression(*random);
      const auto cron = Cron::parse(text);
      if (!cron) continue;
      const auto policies = kPolicies[static_cast<size_t>(i) % kPolicies.size()];
      const ZonedCron zoned(*cron, *find_zone(one.zone).value(), policies);
      const auto expected = oracle::firings(text, one.minutes, policies);
      for (int64_t after_s = one.after_s; after_s < one.until_s; after_s += 299) {
        const auto due = std::ranges::upper_bound(expected, after_s);
        const auto firing = zoned.after(after_s);
        if (due == expected.end()) {
          ASSERT_TRUE(!firing || firing->at_s > one.until_s) << text << " in " << one.zone << " after " << after_s;
        } else {
          ASSERT_TRUE(firing && firing->at_s == *due) << text << " in " << one.zone << " after " << after_s;
        }
      }
    }
  }
}

}  // namespace
}  // namespace schedules
