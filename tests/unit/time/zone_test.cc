#include "time/zone.h"

#include <date/tz.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "time/text.h"

namespace schedules {
namespace {

using testing::HasSubstr;

const Zone& zone(std::string_view name) {
  const auto found = find_zone(name);
  EXPECT_TRUE(found) << name;
  return found ? **found : utc_zone();
}

TimePoint at(std::string_view text) { return parse_time(text).value(); }

LocalTime local(std::string_view text) { return LocalTime{at(text).time_since_epoch()}; }

// Hinnant's library knows the listed changes of a zone file only: beyond 2037 it is no oracle.
constexpr int64_t kOracleEnd_s = 2'114'380'800;  // 2037-01-01

TEST(Zone, OffsetsAgreeWithHinnantInEveryZone) {
  size_t compared = 0;
  for (const auto name : zone_names()) {
    if (name == "UTC") continue;
    const Zone& ours = zone(name);
    const auto* theirs = date::locate_zone(name);
    auto begin = date::sys_seconds{};
    while (begin.time_since_epoch().count() < kOracleEnd_s) {
      const auto info = theirs->get_info(begin);
      const int64_t end_s = std::min<int64_t>(info.end.time_since_epoch().count(), kOracleEnd_s);
      for (const int64_t utc_s : {begin.time_since_epoch().count(), end_s - 1}) {
        const auto& period = ours.periods()[ours.index_at(utc_s)];
        ASSERT_EQ(period.offset_s, info.offset.count()) << name << " at " << utc_s;
        ++compared;
      }
      begin = date::sys_seconds{std::chrono::seconds{end_s}};
    }
  }
  EXPECT_GT(compared, 10'000U);
}

TEST(Zone, LocalTimesAgreeWithHinnantAroundEveryChange) {
  for (const auto name : {"America/New_York", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia",
                          "Africa/Casablanca", "Europe/Dublin", "Antarctica/Troll", "America/Havana"}) {
    const Zone& ours = zone(name);
    const auto* theirs = date::locate_zone(name);
    for (size_t i = 1; i < ours.periods().size() && ours.periods()[i].begin_s < kOracleEnd_s; ++i) {
      if (ours.periods()[i].begin_s < 0) continue;
      for (int64_t shift_s = -90'000; shift_s <= 90'000; shift_s += 900) {
        const int64_t local_s = ours.periods()[i].local_begin_s + shift_s;
        const auto meaning = ours.to_utc(LocalTime{std::chrono::seconds{local_s}});
        const auto info = theirs->get_info(date::local_seconds{std::chrono::seconds{local_s}});
        ASSERT_EQ(static_cast<int>(meaning.kind) == static_cast<int>(LocalMeaning::Kind::unique),
                  info.result == date::local_info::unique)
            << name << ' ' << local_s;
        if (info.result == date::local_info::nonexistent) {
          ASSERT_EQ(meaning.kind, LocalMeaning::Kind::gap);
          ASSERT_EQ(to_micros(meaning.first) / 1'000'000, info.first.end.time_since_epoch().count());
          continue;
        }
        ASSERT_EQ(to_micros(meaning.first) / 1'000'000, local_s - info.first.offset.count());
        if (info.result == date::local_info::ambiguous) {
          ASSERT_EQ(meaning.kind, LocalMeaning::Kind::overlap);
          ASSERT_EQ(to_micros(meaning.second) / 1'000'000, local_s - info.second.offset.count());
        }
      }
    }
  }
}

TEST(Zone, GoesOnAfterTheListedChanges) {
  EXPECT_EQ(zone("America/New_York").to_local(at("2100-07-01T12:00:00Z")).offset.count(), -4 * 3600);
  EXPECT_EQ(zone("America/New_York").to_local(at("2100-12-01T12:00:00Z")).offset.count(), -5 * 3600);
  EXPECT_EQ(zone("Australia/Lord_Howe").to_local(at("2199-01-01T00:00:00Z")).offset.count(), 11 * 3600);
  EXPECT_EQ(zone("Asia/Tokyo").to_local(at("2199-01-01T00:00:00Z")).offset.count(), 9 * 3600);
  // The second Sunday of March 2200 is the 9th.
  EXPECT_EQ(zone("America/New_York").to_local(at("2200-03-09T06:59:59Z")).offset.count(), -5 * 3600);
  EXPECT_EQ(zone("America/New_York").to_local(at("2200-03-09T07:00:00Z")).offset.count(), -4 * 3600);
}

TEST(Zone, GapNamesItsEnd) {
  const auto meaning = zone("Europe/London").to_utc(local("2026-03-29T01:30:00"));
  EXPECT_EQ(meaning.kind, LocalMeaning::Kind::gap);
  EXPECT_EQ(meaning.first, at("2026-03-29T01:00:00Z"));
}

TEST(Zone, OverlapNamesBothPasses) {
  const auto meaning = zone("Europe/London").to_utc(local("2026-10-25T01:30:00"));
  EXPECT_EQ(meaning.kind, LocalMeaning::Kind::overlap);
  EXPECT_EQ(meaning.first, at("2026-10-25T00:30:00Z"));
  EXPECT_EQ(meaning.second, at("2026-10-25T01:30:00Z"));
}

TEST(Zone, ASkippedDayIsAGap) {
  const auto meaning = zone("Pacific/Apia").to_utc(local("2011-12-30T12:00:00"));
  EXPECT_EQ(meaning.kind, LocalMeaning::Kind::gap);
  EXPECT_EQ(meaning.first, at("2011-12-30T10:00:00Z"));
}

TEST(Zone, HalfHourChangesAreKnown) {
  const Zone& lord_howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(lord_howe.to_utc(local("2026-10-04T02:15:00")).kind, LocalMeaning::Kind::gap);
  EXPECT_EQ(lord_howe.to_utc(local("2026-10-04T02:30:00")).kind, LocalMeaning::Kind::unique);
  EXPECT_EQ(lord_howe.to_utc(local("2026-04-05T01:45:00")).kind, LocalMeaning::Kind::overlap);
  EXPECT_EQ(lord_howe.to_utc(local("2026-04-05T01:29:00")).kind, LocalMeaning::Kind::unique);
}

TEST(Zone, KeepsMicroseconds) {
  const auto reading = zone("Asia/Kolkata").to_local(at("2026-01-01T00:00:00.000001Z"));
  EXPECT_EQ(reading.time.time_since_epoch().count(), to_micros(at("2026-01-01T05:30:00.000001Z")));
}

TEST(Zone, TimesFarOutsideDoNoHarm) {
  for (const int64_t utc_s : {-Zone::kForever_s, int64_t{-1}, int64_t{0}, int64_t{7'289'654'400}, Zone::kForever_s}) {
    const Zone& london = zone("Europe/London");
    const size_t index = london.index_at(utc_s);
    ASSERT_LT(index, london.periods().size());
    EXPECT_LE(london.periods()[index].begin_s, utc_s);
    EXPECT_GE(london.end_of(index), utc_s);
  }
}

TEST(FindZone, SharesOneTable) {
  std::array<const Zone*, 8> found{};
  std::vector<std::thread> threads;
  for (auto& slot : found) threads.emplace_back([&slot] { slot = find_zone("Asia/Gaza").value(); });
  for (auto& thread : threads) thread.join();
  for (const auto* one : found) EXPECT_EQ(one, found[0]);
}

TEST(FindZone, UtcNeedsNoFile) { EXPECT_EQ(find_zone("UTC").value(), &utc_zone()); }

TEST(FindZone, UnknownZoneSuggestsTheNearest) {
  for (const auto& [wrong, right] :
       std::initializer_list<std::pair<const char*, const char*>>{{"Europe/Londno", "Europe/London"},
                                                                  {"europe/london", "Europe/London"},
                                                                  {"berlin", "Europe/Berlin"},
                                                                  {"New York", "America/New_York"},
                                                                  {"utc", "UTC"}}) {
    const auto found = find_zone(wrong);
    ASSERT_FALSE(found) << wrong;
    EXPECT_EQ(found.error().code, Code::unknown_time_zone);
    EXPECT_EQ(found.error().field, "timezone");
    EXPECT_THAT(found.error().detail, HasSubstr(fmt::format("did you mean {}?", right)));
  }
}

TEST(FindZone, RefusesWhatIsNoZone) {
  for (const auto* name : {"", "/", "/etc/passwd", "../zoneinfo/UTC", "America", "America/", "zone.tab", "posix/UTC",
                           "right/UTC", "tzdata.zi", "leapseconds", "localtime", "Mars/Phobos", "UTC ", "a\nb"}) {
    EXPECT_FALSE(find_zone(name)) << name;
  }
  EXPECT_FALSE(find_zone(std::string(100'000, 'A')));
}

TEST(FindZone, EveryListedNameLoads) {
  EXPECT_GT(zone_names().size(), 400U);
  for (const auto name : zone_names()) EXPECT_TRUE(find_zone(name)) << name;
}

TEST(FormatWithOffset, ShowsOffsetAndFractionWhereThereIsOne) {
  EXPECT_EQ(format_with_offset(at("2026-03-29T01:00:00Z"), zone("Europe/London")), "2026-03-29T02:00:00+01:00");
  EXPECT_EQ(format_with_offset(at("2026-01-01T00:00:00Z"), utc_zone()), "2026-01-01T00:00:00+00:00");
  EXPECT_EQ(format_with_offset(at("2026-01-01T00:00:00.5Z"), zone("Asia/Kolkata")), "2026-01-01T05:30:00.500000+05:30");
  EXPECT_EQ(format_with_offset(at("2026-01-01T00:00:00Z"), zone("America/St_Johns")), "2025-12-31T20:30:00-03:30");
}

TEST(FormatWithOffset, NamesTheSameInstantForOffsetsWithSeconds) {
  // Liberia was 44 minutes and 30 seconds behind until 1972.
  const auto time = at("1971-01-01T00:00:00Z");
  EXPECT_EQ(zone("Africa/Monrovia").to_local(time).offset.count(), -2670);
  EXPECT_EQ(parse_time(format_with_offset(time, zone("Africa/Monrovia"))).value(), time);
}

}  // namespace
}  // namespace schedules
