// The suites of the schedule, dead-letter and definition stores, on MongoDB's protocol; and that what was answered is there
// for another client.
#include "tests/conformance/execution_suite.h"
#include "tests/conformance/mongo_place.h"

namespace schedules::testing {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AnalyticsStoreTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ExecutionStoreTest);

namespace {

const SystemClock& wall_clock() {
  static const SystemClock clock;
  return clock;
}

struct Opened {
  MongoDatabase database;
  std::unique_ptr<MongoScheduleStore> store = open_mongo(database, wall_clock());
};

ScheduleStores open_stores() {
  auto opened = std::make_shared<Opened>();
  auto* const store = opened->store.get();
  return {std::move(opened), store, store, store, store, store, store, store};
}

const ScheduleBackend kMongo{"Mongo", open_stores};

INSTANTIATE_TEST_SUITE_P(Mongo, ScheduleStoreTest, ::testing::Values(kMongo), backend_name);
INSTANTIATE_TEST_SUITE_P(Mongo, DeadLetterStoreTest, ::testing::Values(kMongo), backend_name);
INSTANTIATE_TEST_SUITE_P(Mongo, DefinitionStoreTest, ::testing::Values(kMongo), backend_name);
INSTANTIATE_TEST_SUITE_P(Mongo, RunBookTest, ::testing::Values(kMongo), backend_name);
INSTANTIATE_TEST_SUITE_P(Mongo, AuditTrailTest, ::testing::Values(kMongo), backend_name);
INSTANTIATE_TEST_SUITE_P(Mongo, AlertStoreTest, ::testing::Values(kMongo), backend_name);

TEST(MongoStores, AnotherClientSeesWhatWasAnswered) {
  MongoDatabase database;
  {
    auto first = open_mongo(database, wall_clock());
    ASSERT_TRUE(await<Schedule>([&](auto done) { first->create(full_schedule(1), std::move(done)); }));
    ASSERT_TRUE(await<void>([&](auto done) { first->bury({full_letter(1)}, std::move(done)); }));
  }
  auto second = open_mongo(database, wall_clock());
  const auto found = await<std::optional<Schedule>>([&](auto done) { second->get(object_id(1), std::move(done)); });
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(difference(**found, full_schedule(1)), "");
  const auto letter =
      await<std::optional<DeadLetter>>([&](auto done) { second->get_letter(event_id(1), std::move(done)); });
  ASSERT_TRUE(letter && *letter);
  EXPECT_EQ(difference(**letter, full_letter(1)), "");
}

}  // namespace
}  // namespace schedules::testing
