#include "tests/conformance/execution_suite.h"

#include <set>

namespace schedules::testing {

using Ids = std::vector<std::string>;

std::vector<Execution> ExecutionStoreTest::find_all(ExecutionFilter filter) {
  std::vector<Execution> found;
  do {
    auto page = find(filter);
    EXPECT_LE(page.executions.size(), filter.limit);
    for (auto& execution : page.executions) found.push_back(std::move(execution));
    filter.cursor = page.next_cursor;
  } while (!filter.cursor.empty());
  return found;
}

TEST_P(ExecutionStoreTest, EveryFieldComesBack) {
  const auto execution = full_execution(1);
  ASSERT_TRUE(append({execution}));
  const auto page = find({});
  ASSERT_EQ(page.executions.size(), 1U);
  EXPECT_EQ(difference(page.executions[0], execution), "");
  EXPECT_EQ(page.next_cursor, "");
}

TEST_P(ExecutionStoreTest, EmptyFieldsStayEmpty) {
  const Execution execution{.id = "x", .due_at = at_second(1), .executed_at = at_second(1)};
  ASSERT_TRUE(append({execution}));
  EXPECT_EQ(difference(find({}).executions.at(0), execution), "");
}

TEST_P(ExecutionStoreTest, AnyTextIsAnId) {
  for (const std::string& id :
       {std::string("f47ac10b-58cc-4372-a567-0e02b2c3d479"), std::string("F47AC10B-58CC-4372-A567-0E02B2C3D479"),
        object_id(0xABCDEF), std::string("ABCDEFABCDEFABCDEFABCDEF"), std::string("12345678901"),
        std::string("an id with spaces and \xC3\xA9"), std::string("twelve bytes"), std::string("sixteen bytes!!!")}) {
    auto execution = full_execution(1);
    execution.id = id;
    execution.schedule_id = id;
    ASSERT_TRUE(append({execution}));
    const auto found = find({.schedule_id = id}).executions;
    ASSERT_EQ(found.size(), 1U) << id;
    EXPECT_EQ(difference(found[0], execution), "") << id;
  }
  EXPECT_EQ(find_all({.limit = 3}).size(), 8U);
}

TEST_P(ExecutionStoreTest, SameExecutionIsStoredOnce) {
  const auto all = random_executions(300, 1);
  ASSERT_TRUE(append(all));
  ASSERT_TRUE(append({all.begin() + 100, all.begin() + 200}));
  ASSERT_TRUE(append({all[5], all[5], all[5]}));
  EXPECT_EQ(find_all({}).size(), all.size());
  expect_equal(stats({}), brute_force_stats(matching(all, {}), false));
}

TEST_P(ExecutionStoreTest, EmptyAppendIsAnswered) {
  EXPECT_TRUE(append({}));
  EXPECT_TRUE(find({}).executions.empty());
  EXPECT_EQ(stats({}).total, 0U);
  EXPECT_TRUE(groups({}, GroupBy::hour).empty());
  EXPECT_TRUE(patterns({}).empty());
  EXPECT_EQ(expire(at_second(0)), 0U);
}

TEST_P(ExecutionStoreTest, EachFilterSelects) {
  const auto all = random_executions(400, 2);
  ASSERT_TRUE(append(all));
  const auto& some = all[200];
  const std::vector<ExecutionFilter> filters{
      {.schedule_id = some.schedule_id},
      {.schedule_id = ""},
      {.schedule_id = object_id(3)},
      {.schedule_id = "unknown"},
      {.event_id = some.event_id},
      {.event_id = event_id(999'999)},
      {.topic = some.topic},
      {.entity_type = some.entity_type},
      {.entity_id = some.entity_id},
      {.action = some.action},
      {.correlation_id = some.correlation_id},
      {.state = some.state},
      {.status = some.status},
      {.from = some.executed_at},
      {.to = some.executed_at},
      {.from = at_second(86'400), .to = at_second(3 * 86'400)},
      {.schedule_id = object_id(2), .status = RunStatus::failure, .from = at_second(86'400)},
      {.event_id = some.event_id, .entity_type = some.entity_type, .action = some.action},
  };
  for (size_t i = 0; i < filters.size(); ++i) {
    // Where times tie, the order is the backend's; so compare what is found, and that times never
    // rise.
    const auto found = find_all(filters[i]);
    const auto wanted = matching(all, filters[i]);
    const auto by_id = [](const std::vector<Execution>& list) {
      const auto all_ids = ids(list);
      return std::multiset<std::string>(all_ids.begin(), all_ids.end());
    };
    EXPECT_EQ(by_id(found), by_id(wanted)) << "filter " << i;
    EXPECT_TRUE(std::ranges::is_sorted(found, std::ranges::greater{}, &Execution::executed_at)) << "filter " << i;
  }
}

TEST_P(ExecutionStoreTest, PagesHaveNoGapsAndNoRepeats) {
  const auto all = random_executions(500, 3);
  ASSERT_TRUE(append(all));
  for (const auto& base : {ExecutionFilter{}, ExecutionFilter{.schedule_id = object_id(1)},
                           ExecutionFilter{.status = RunStatus::success}}) {
    auto filter = base;
    filter.limit = 7;
    const auto found = ids(find_all(filter));
    EXPECT_EQ(found.size(), matching(all, base).size());
    EXPECT_EQ(std::set(found.begin(), found.end()).size(), found.size());
    // The same by skipping.
    Ids skipped;
    for (filter.skip = 0; filter.skip < found.size(); filter.skip += 7) {
      for (auto& id : find_ids(filter)) skipped.push_back(std::move(id));
    }
    EXPECT_EQ(skipped, found);
  }
}

TEST_P(ExecutionStoreTest, ManyRowsOutOfOrderArePagedInOrder) {
  constexpr size_t kCount = 40'000;
  const auto all = random_executions(kCount, 6);
  for (size_t i = 0; i < kCount; i += 4000) {
    ASSERT_TRUE(append({all.begin() + static_cast<int64_t>(i), all.begin() + static_cast<int64_t>(i) + 4000}));
  }
  for (const auto& base :
       {ExecutionFilter{.schedule_id = object_id(1)},
        ExecutionFilter{.schedule_id = object_id(2), .from = at_second(86'400), .to = at_second(200'000)},
        ExecutionFilter{.event_id = all[77].event_id}}) {
    auto filter = base;
    filter.limit = 300;
    const auto found = find_all(filter);
    const auto wanted = matching(all, base);
    ASSERT_EQ(found.size(), wanted.size());
    for (size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i].executed_at, wanted[i].executed_at) << i;
    const auto all_ids = ids(found);
    EXPECT_EQ(std::set(all_ids.begin(), all_ids.end()).size(), found.size());
    if (found.size() > 3) {
      filter.skip = 3;
      EXPECT_EQ(find_ids(filter).front(), all_ids[3]);
    }
    expect_equal(stats(base), brute_force_stats(wanted, false));
  }
}

TEST_P(ExecutionStoreTest, AppendsDoNotMoveAPage) {
  ASSERT_TRUE(append({full_execution(1), full_execution(2), full_execution(3)}));
  const auto first = find({.limit = 2});
  EXPECT_EQ(ids(first.executions), (Ids{object_id(3), object_id(2)}));
  ASSERT_TRUE(append({full_execution(4)}));
  const auto second = find({.cursor = first.next_cursor, .limit = 2});
  EXPECT_EQ(ids(second.executions), Ids{object_id(1)});
  EXPECT_EQ(second.next_cursor, "");
}

TEST_P(ExecutionStoreTest, ForeignCursorIsRefused) {
  const auto page =
      await<ExecutionPage>([&](auto done) { store.find_executions({.cursor = "x'--"}, std::move(done)); });
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::invalid_argument);
  EXPECT_EQ(page.error().field, "cursor");
}

TEST_P(ExecutionStoreTest, ExpiryIsExact) {
  const auto all = random_executions(600, 4);
  ASSERT_TRUE(append(all));
  const auto before = all[300].executed_at;
  const auto kept = matching(all, {.from = before});
  EXPECT_EQ(expire(before), all.size() - kept.size());
  EXPECT_EQ(expire(before), 0U);
  EXPECT_EQ(find_all({}).size(), kept.size());
  expect_equal(stats({}), brute_force_stats(kept, false));
  EXPECT_EQ(expire(at_second(100 * 86'400)), kept.size());
  EXPECT_EQ(stats({}).total, 0U);
  EXPECT_TRUE(groups({}, GroupBy::event).empty());
}

TEST_P(ExecutionStoreTest, LongExpiryRemovesAll) {
  constexpr size_t kCount = 12'000;
  const auto all = random_executions(kCount, 5);
  for (size_t i = 0; i < kCount; i += 1000) {
    ASSERT_TRUE(append({all.begin() + static_cast<int64_t>(i), all.begin() + static_cast<int64_t>(i) + 1000}));
  }
  EXPECT_EQ(expire(at_second(100 * 86'400)), kCount);
  EXPECT_TRUE(find({}).executions.empty());
}

}  // namespace schedules::testing
