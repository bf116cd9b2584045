#include "tests/conformance/schedule_suite.h"

namespace schedules::testing {
namespace {

Alert alert(uint32_t number, AlertKind kind = AlertKind::failure) {
  const auto n = int64_t{number};
  return {.schedule_id = object_id(number),
          .schedule_name = fmt::format("schedule {} \"quoted\"", number),
          .kind = kind,
          .since = at_second(n) + Duration{3},
          .opened_at = at_second(n) + Duration{5},
          .error = "it broke",
          .failures = 2,
          .url = "https://example.com/hook",
          .news = AlertNews::opened,
          .attempts = 1,
          .next_try_at = at_second(n + 1) + Duration{1},
          .tell_error = "HTTP 503"};
}

Alert over(Alert open, int64_t second) {
  open.recovered_at = at_second(second) + Duration{9};
  open.reason = "success";
  open.told_at = at_second(second);
  open.news = AlertNews::none;
  return open;
}

auto parts(const Alert& a) {
  return std::tie(a.schedule_id, a.schedule_name, a.kind, a.since, a.opened_at, a.recovered_at, a.reason, a.error,
                  a.failures, a.url, a.news, a.attempts, a.next_try_at, a.told_at, a.tell_error, a.version);
}

std::vector<uint32_t> numbers(const std::vector<Alert>& alerts) {
  std::vector<uint32_t> found;
  for (const auto& one : alerts) {
    for (uint32_t number = 0; number < 100; ++number) {
      if (one.schedule_id == object_id(number)) found.push_back(number);
    }
  }
  return found;
}

using Numbers = std::vector<uint32_t>;
using Saved = std::vector<bool>;

}  // namespace

TEST_P(AlertStoreTest, EverythingOfAnAlertComesBack) {
  auto open = alert(1);
  auto ended = over(alert(2, AlertKind::silence), 90);
  ASSERT_EQ(save({open, ended}), (Saved{true, true}));
  const auto found = find({}).alerts;
  ASSERT_EQ(found.size(), 2U);
  open.version = ended.version = 1;
  EXPECT_EQ(parts(found[1]), parts(open));
  EXPECT_EQ(parts(found[0]), parts(ended));
}

TEST_P(AlertStoreTest, OfTwoWhoKnowTheSameOneGoesOn) {
  ASSERT_EQ(save({alert(1)}), Saved{true});
  EXPECT_EQ(save({alert(1)}), Saved{false}) << "there is one already";
  auto mine = find({}).alerts.at(0);
  auto theirs = mine;
  mine.attempts = 7;
  theirs.attempts = 8;
  EXPECT_EQ(save({mine, alert(2)}), (Saved{true, true}));
  EXPECT_EQ(save({theirs}), Saved{false});
  const auto stored = find({.schedule_id = object_id(1)}).alerts.at(0);
  EXPECT_EQ(stored.attempts, 7U);
  EXPECT_EQ(stored.version, 2U);
}

TEST_P(AlertStoreTest, OneThatIsOverAndToldGivesWay) {
  auto untold = over(alert(1), 10);
  untold.news = AlertNews::recovered;
  save({untold, over(alert(2), 10)});
  auto next = alert(2);
  next.attempts = 0;
  EXPECT_EQ(save({alert(1), next}), (Saved{false, true}));
  const auto stored = find({.schedule_id = object_id(2)}).alerts.at(0);
  EXPECT_FALSE(stored.recovered_at);
  EXPECT_EQ(stored.version, 2U);
}

TEST_P(AlertStoreTest, EachFilterSelects) {
  auto untold = over(alert(4), 80);
  untold.news = AlertNews::recovered;
  save({alert(1), alert(2, AlertKind::silence), over(alert(3), 70), untold, alert(1, AlertKind::silence)});
  EXPECT_EQ(numbers(find({.open = true}).alerts), (Numbers{2, 1, 1}));
  EXPECT_EQ(numbers(find({.open = false}).alerts), (Numbers{4, 3}));
  EXPECT_EQ(numbers(find({.kind = AlertKind::silence}).alerts), (Numbers{2, 1}));
  EXPECT_EQ(numbers(find({.kind = AlertKind::failure, .schedule_id = object_id(1)}).alerts), Numbers{1});
  EXPECT_EQ(numbers(find({.current = true}).alerts), (Numbers{4, 2, 1, 1}));
}

TEST_P(AlertStoreTest, PagesHaveNoGapsAndNoRepeats) {
  std::vector<Alert> alerts;
  for (uint32_t number = 0; number < 23; ++number) {
    alerts.push_back(alert(number, number % 2 == 0 ? AlertKind::failure : AlertKind::silence));
    alerts.back().opened_at = at_second(number / 5);  // many at the same time
  }
  save(alerts);
  for (const bool current : {false, true}) {
    AlertFilter filter{.current = current, .limit = 4};
    std::set<std::string> seen;
    size_t count = 0;
    do {
      const auto page = find(filter);
      ASSERT_LE(page.alerts.size(), 4U);
      for (const auto& one : page.alerts) seen.insert(one.schedule_id);
      count += page.alerts.size();
      filter.cursor = page.next_cursor;
    } while (!filter.cursor.empty());
    EXPECT_EQ(count, 23U);
    EXPECT_EQ(seen.size(), 23U);
  }
}

TEST_P(AlertStoreTest, ForeignCursorIsRefused) {
  for (const std::string cursor : {"x", "12", "12.abc", "12.abc.noise"}) {
    const auto page = await<AlertPage>([&](auto done) { store.find_alerts({.cursor = cursor}, std::move(done)); });
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().field, "cursor");
  }
}

TEST_P(AlertStoreTest, OnlyWhatIsOverAndToldIsForgotten) {
  auto untold = over(alert(3), 10);
  untold.news = AlertNews::recovered;
  save({alert(1), over(alert(2), 10), untold, over(alert(4), 50)});
  EXPECT_EQ(forget(at_second(20)), 1U);
  EXPECT_EQ(numbers(find({}).alerts), (Numbers{4, 3, 1}));
}

TEST_P(AlertStoreTest, ActiveOnesAreWatchedAndCompletedOnesThatFailed) {
  const auto make = [&](uint32_t number, ScheduleStatus status, std::optional<RunStatus> last = {}) {
    auto schedule = plain_schedule(number);
    schedule.status = status;
    schedule.last_status = last;
    ASSERT_TRUE(await<Schedule>([&](auto done) { stores.schedules->create(schedule, std::move(done)); }));
  };
  make(4, ScheduleStatus::active);
  make(1, ScheduleStatus::active, RunStatus::failure);
  make(2, ScheduleStatus::paused, RunStatus::failure);
  make(3, ScheduleStatus::completed, RunStatus::failure);
  make(5, ScheduleStatus::completed, RunStatus::success);
  make(6, ScheduleStatus::disabled);
  make(7, ScheduleStatus::active);
  const auto watched = [&](const std::string& after, size_t limit) {
    std::vector<std::string> found;
    const auto page = await<std::vector<Schedule>>([&](auto done) { store.watched(after, limit, std::move(done)); });
    for (const auto& one : page.value()) found.push_back(one.id);
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(watched("", 2), (Ids{object_id(1), object_id(3)}));
  EXPECT_EQ(watched(object_id(3), 10), (Ids{object_id(4), object_id(7)}));
  EXPECT_EQ(watched(object_id(7), 10), Ids{});
}

}  // namespace schedules::testing
