#include "tests/conformance/schedule_suite.h"

namespace schedules::testing {

using Names = std::vector<std::string>;

TEST_P(ScheduleStoreTest, DueAreTheActiveOnesSoonestFirst) {
  ASSERT_TRUE(create(plain_schedule(1, at_second(30))));
  ASSERT_TRUE(create(plain_schedule(2, at_second(10))));
  ASSERT_TRUE(create(plain_schedule(3, at_second(20))));
  ASSERT_TRUE(create(plain_schedule(4)));  // never
  for (const auto status : {ScheduleStatus::paused, ScheduleStatus::disabled, ScheduleStatus::completed}) {
    auto idle = plain_schedule(10 + static_cast<uint32_t>(status), at_second(5));
    idle.status = status;
    ASSERT_TRUE(create(idle));
  }
  EXPECT_EQ(due_names(at_second(30)), (Names{"schedule 2", "schedule 3", "schedule 1"}));
  EXPECT_EQ(due_names(at_second(30), 2), (Names{"schedule 2", "schedule 3"}));
  EXPECT_EQ(due_names(at_second(30) - Duration{1}), (Names{"schedule 2", "schedule 3"}));
  EXPECT_TRUE(due_names(at_second(9)).empty());
}

TEST_P(ScheduleStoreTest, PlannedIsNoLongerDue) {
  auto schedule = create(plain_schedule(1, at_second(10))).value();
  schedule.planned_until = at_second(60);
  schedule.next_execution = at_second(70);
  schedule.planned_count = 6;
  schedule.note = "not for mark_planned";
  ASSERT_TRUE(mark_planned({schedule}));
  EXPECT_TRUE(due_names(at_second(60)).empty());
  const auto stored = get(schedule.id);
  EXPECT_EQ(stored.planned_until, at_second(60));
  EXPECT_EQ(stored.next_execution, at_second(70));
  EXPECT_EQ(stored.planned_count, 6U);
  EXPECT_EQ(stored.status, ScheduleStatus::active);
  EXPECT_EQ(stored.revision, 1U);
  EXPECT_EQ(stored.note, "");
}

TEST_P(ScheduleStoreTest, LastOccurrenceCompletes) {
  auto schedule = create(plain_schedule(1, at_second(10))).value();
  schedule.next_execution.reset();
  schedule.status = ScheduleStatus::completed;
  ASSERT_TRUE(mark_planned({schedule}));
  EXPECT_EQ(get(schedule.id).status, ScheduleStatus::completed);
  EXPECT_EQ(get(schedule.id).next_execution, std::nullopt);
  EXPECT_TRUE(due_names(at_second(1000)).empty());
}

TEST_P(ScheduleStoreTest, EditWinsAgainstThePlanner) {
  const auto first = create(plain_schedule(1, at_second(10))).value();
  const auto other = create(plain_schedule(2, at_second(20))).value();
  auto edited = first;
  edited.next_execution = at_second(50);
  ASSERT_TRUE(update(edited));

  auto planned = first;
  planned.planned_until = at_second(60);
  planned.next_execution = at_second(70);
  planned.status = ScheduleStatus::completed;
  auto other_planned = other;
  other_planned.next_execution = at_second(80);
  ASSERT_TRUE(mark_planned({planned, other_planned}));
  EXPECT_EQ(get(first.id).next_execution, at_second(50));
  EXPECT_EQ(get(first.id).planned_until, std::nullopt);
  EXPECT_EQ(get(first.id).status, ScheduleStatus::active);
  // Its neighbour in the batch is not harmed.
  EXPECT_EQ(get(other.id).next_execution, at_second(80));
}

TEST_P(ScheduleStoreTest, PlanningKeepsCounters) {
  auto schedule = create(plain_schedule(1, at_second(10))).value();
  ASSERT_TRUE(note({{schedule.id, at_second(10), RunStatus::success, ""}}));
  schedule.planned_count = 3;
  ASSERT_TRUE(mark_planned({schedule}));
  EXPECT_EQ(get(schedule.id).execution_count, 1U);
  EXPECT_EQ(get(schedule.id).planned_count, 3U);
}

TEST_P(ScheduleStoreTest, FoundInOrderOfCreation) {
  for (const uint32_t number : {3U, 1U, 2U}) ASSERT_TRUE(create(plain_schedule(number)));
  auto twin = plain_schedule(9);
  twin.created_at = at_second(2);
  ASSERT_TRUE(create(twin));
  EXPECT_EQ(find_names({}), (Names{"schedule 1", "schedule 2", "schedule 9", "schedule 3"}));
}

TEST_P(ScheduleStoreTest, EachFilterSelects) {
  auto a = plain_schedule(1);
  a.event_type = "invoice";
  a.tags = {"red", "blue"};
  auto b = plain_schedule(2);
  b.event_action = "deleted";
  b.tags = {"red"};
  b.name = "Nightly 100% REPORT_x";
  auto c = plain_schedule(3);
  c.owner = "team";
  c.status = ScheduleStatus::disabled;
  for (const auto& schedule : {a, b, c}) ASSERT_TRUE(create(schedule));

  EXPECT_EQ(find_names({.event_type = "invoice"}), Names{a.name});
  EXPECT_EQ(find_names({.event_action = "deleted"}), Names{b.name});
  EXPECT_EQ(find_names({.tag = "red"}), (Names{a.name, b.name}));
  EXPECT_EQ(find_names({.tag = "blue"}), Names{a.name});
  EXPECT_EQ(find_names({.tag = "re"}), Names{});
  EXPECT_EQ(find_names({.owner = "team"}), Names{c.name});
  EXPECT_EQ(find_names({.owner = ""}), (Names{a.name, b.name}));
  EXPECT_EQ(find_names({.status = ScheduleStatus::disabled}), Names{c.name});
  EXPECT_EQ(find_names({.name_contains = "report"}), Names{b.name});
  EXPECT_EQ(find_names({.name_contains = "SCHEDULE"}), (Names{a.name, c.name}));
  // No letter has a special meaning.
  EXPECT_EQ(find_names({.name_contains = "%"}), Names{b.name});
  EXPECT_EQ(find_names({.name_contains = "_"}), Names{b.name});
  EXPECT_EQ(find_names({.name_contains = "' OR 1=1"}), Names{});
  // Together they narrow.
  EXPECT_EQ(find_names({.event_action = "deleted", .tag = "red"}), Names{b.name});
  EXPECT_EQ(find_names({.event_type = "invoice", .tag = "red", .name_contains = "1"}), Names{a.name});
  EXPECT_EQ(find_names({.status = ScheduleStatus::active, .event_type = "order"}), Names{b.name});
}

TEST_P(ScheduleStoreTest, ChangedTagsAreFound) {
  auto schedule = plain_schedule(1);
  schedule.tags = {"old", "kept", "kept"};
  auto stored = create(schedule).value();
  stored.tags = {"new", "kept"};
  stored.event_type = "invoice";
  ASSERT_TRUE(update(stored));
  EXPECT_TRUE(find({.tag = "old"}).empty());
  EXPECT_EQ(find({.tag = "new"}).size(), 1U);
  EXPECT_EQ(find({.tag = "kept"}).size(), 1U);
  EXPECT_TRUE(find({.event_type = "order"}).empty());
}

TEST_P(ScheduleStoreTest, PagesHaveNoGapsAndNoRepeats) {
  constexpr uint32_t kCount = 57;
  for (uint32_t i = 0; i < kCount; ++i) {
    auto schedule = plain_schedule(i);
    schedule.created_at = at_second(i / 10);  // many at the same time
    schedule.tags = {"all"};
    ASSERT_TRUE(create(schedule));
  }
  for (const ScheduleFilter& base :
       {ScheduleFilter{}, ScheduleFilter{.event_type = "order"}, ScheduleFilter{.tag = "all"}}) {
    Names seen;
    for (auto filter = base; filter.skip < kCount; filter.skip += 10) {
      filter.limit = 10;
      for (auto& name : find_names(filter)) seen.push_back(std::move(name));
    }
    auto whole = base;
    whole.limit = 1000;
    EXPECT_EQ(seen, find_names(whole));
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), kCount);
  }
  EXPECT_TRUE(find({.skip = kCount}).empty());
}

TEST_P(ScheduleStoreTest, SortedEachWay) {
  auto a = plain_schedule(1, at_second(30));
  auto b = plain_schedule(2, at_second(10));
  auto c = plain_schedule(3);
  auto d = plain_schedule(4, at_second(5));
  a.name = "b";
  b.name = "A";
  c.name = "a";
  d.name = "C";
  d.status = ScheduleStatus::paused;
  for (const auto& schedule : {a, b, c, d}) ASSERT_TRUE(create(schedule));
  const auto ran = [&](const Schedule& schedule, int64_t second, RunStatus status) {
    return ExecutionNote{schedule.id, at_second(second), status, ""};
  };
  ASSERT_TRUE(note({ran(a, 100, RunStatus::success), ran(a, 90, RunStatus::success), ran(b, 200, RunStatus::failure),
                    ran(d, 48, RunStatus::success), ran(d, 49, RunStatus::success), ran(d, 50, RunStatus::success)}));

  const auto sorted = [&](ScheduleOrder order, bool descending) {
    std::string ids;
    for (const auto& each : find({.order = order, .descending = descending})) {
      ids += each.id == a.id ? 'a' : each.id == b.id ? 'b' : each.id == c.id ? 'c' : 'd';
    }
    return ids;
  };
  using enum ScheduleOrder;
  EXPECT_EQ(sorted(created_at, false), "abcd");
  EXPECT_EQ(sorted(created_at, true), "dcba");
  EXPECT_EQ(sorted(name, false), "bdca");
  EXPECT_EQ(sorted(name, true), "acdb");
  // A paused one has no next execution, whatever the planner had noted.
  EXPECT_EQ(sorted(next_execution, false), "bacd");
  EXPECT_EQ(sorted(next_execution, true), "abdc");
  EXPECT_EQ(sorted(last_execution, false), "dabc");
  EXPECT_EQ(sorted(last_execution, true), "badc");
  EXPECT_EQ(sorted(execution_count, false), "cbad");
  EXPECT_EQ(sorted(execution_count, true), "dabc");
  EXPECT_EQ(sorted(error_count, false), "acdb");
  EXPECT_EQ(sorted(error_count, true), "bdca");
}

TEST_P(ScheduleStoreTest, PagesOfEveryOrderHaveNoGapsAndNoRepeats) {
  constexpr uint32_t kCount = 43;
  for (uint32_t i = 0; i < kCount; ++i) {
    // A third has no next execution, and many share theirs.
    auto schedule = plain_schedule(i, i % 3 == 0 ? std::nullopt : std::optional(at_second(i % 5)));
    schedule.tags = {"all"};
    ASSERT_TRUE(create(schedule));
  }
  using enum ScheduleOrder;
  for (const auto order : {created_at, name, next_execution, last_execution, execution_count, error_count}) {
    for (const bool descending : {false, true}) {
      for (const ScheduleFilter& base :
           {ScheduleFilter{}, ScheduleFilter{.event_type = "order"}, ScheduleFilter{.tag = "all"}}) {
        auto filter = base;
        filter.order = order;
        filter.descending = descending;
        filter.limit = 1000;
        const auto whole = find_names(filter);
        EXPECT_EQ(std::set(whole.begin(), whole.end()).size(), kCount);
        filter.limit = 7;
        Names seen;
        for (; filter.skip < kCount; filter.skip += 7) {
          for (auto& name : find_names(filter)) seen.push_back(std::move(name));
        }
        EXPECT_EQ(seen, whole) << static_cast<int>(order) << descending;
        filter.skip = kCount;
        EXPECT_TRUE(find(filter).empty());
      }
    }
  }
}

TEST_P(ScheduleStoreTest, CountsWhatMatches) {
  for (uint32_t i = 0; i < 25; ++i) {
    auto schedule = plain_schedule(i);
    if (i % 5 == 0) schedule.tags = {"fifth"};
    if (i % 2 == 0) schedule.status = ScheduleStatus::paused;
    if (i == 7) schedule.event_type = "invoice";
    ASSERT_TRUE(create(schedule));
  }
  EXPECT_EQ(count({}), 25U);
  EXPECT_EQ(count({.skip = 20, .limit = 1}), 25U);
  EXPECT_EQ(count({.tag = "fifth"}), 5U);
  EXPECT_EQ(count({.status = ScheduleStatus::paused}), 13U);
  EXPECT_EQ(count({.status = ScheduleStatus::paused, .tag = "fifth"}), 3U);
  EXPECT_EQ(count({.event_type = "invoice"}), 1U);
  EXPECT_EQ(count({.name_contains = "LE 1"}), 11U);  // 1 and 10 to 19
  EXPECT_EQ(count({.name_contains = "%"}), 0U);
  EXPECT_EQ(count({.order = ScheduleOrder::name}), 25U);
}

}  // namespace schedules::testing
