// Layouts: made at first contact, by two nodes at once, refused where newer, made again where somebody dropped them.
#include "store/clickhouse/migrations.h"

#include "tests/conformance/clickhouse_far_fixture.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;

class ClickHouseLayoutTest : public ClickHouseFarTest {
 protected:
  static ClickHouseLayoutStatus inspect(Store& at) {
    return await<ClickHouseLayoutStatus>([&](auto done) { at.inspect(std::move(done)); }).value();
  }
};

TEST_F(ClickHouseLayoutTest, InspectSaysWhatWouldBeDoneAndDoesNothing) {
  const auto before = inspect(*store);
  EXPECT_FALSE(before.exists);
  EXPECT_TRUE(before.needs_migration());
  ASSERT_EQ(before.statements.size(), 4U);
  EXPECT_NE(before.statements[0].find("event_schedules"), std::string::npos);
  EXPECT_EQ(database.ask("SELECT 1").find("ClickHouse exception 81"), 0U) << "not even the database is made";
  ASSERT_TRUE(probe(*store));
  const auto after = inspect(*store);
  EXPECT_TRUE(after.exists);
  EXPECT_EQ(after.found, after.current);
  EXPECT_TRUE(after.statements.empty());
}

TEST_F(ClickHouseLayoutTest, ManyNodesMayMakeItAtOnce) {
  std::vector<std::unique_ptr<Store>> nodes;
  std::vector<std::future<Result<void>>> probes;
  for (int i = 0; i < 6; ++i) nodes.push_back(open());
  for (auto& node : nodes) node->probe(keep(probes.emplace_back()));
  for (auto& one : probes) {
    const auto probed = one.get();
    EXPECT_TRUE(probed) << probed.error().detail;
  }
  EXPECT_EQ(database.ask("SELECT max(version), uniqExact(version) FROM schedules_layout"), "1\t1");
  put(*nodes[0], {sample_event(1, 30h)});
  EXPECT_TRUE(get(*nodes[5], sample_id(1)));
}

TEST_F(ClickHouseLayoutTest, ANewerLayoutIsRefusedAndNotTouched) {
  ASSERT_TRUE(probe(*store));
  database.ask("INSERT INTO schedules_layout (component, version) SELECT 'events', 99");
  const auto older = open();
  const auto refused = probe(*older);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::newer_layout);
  EXPECT_EQ(inspect(*older).found, 99U);
  EXPECT_TRUE(probe(*store)) << "who runs already goes on";
}

TEST_F(ClickHouseLayoutTest, StepsGoOnWhereTheyEnded) {
  const ClickHouseLayout first{.component = "parts",
                               .steps = {{"CREATE TABLE IF NOT EXISTS a (x UInt8) ENGINE = Log"}}};
  ClickHouseLayout second = first;
  second.steps.push_back({"CREATE TABLE IF NOT EXISTS b (x UInt8) ENGINE = Log"});
  const auto client = clickhouse::Client::open(database.url()).value();
  const auto migrate = [&](const ClickHouseLayout& layout) {
    return await<void>([&](auto done) { migrate_clickhouse(*client, layout, std::move(done)); });
  };
  ASSERT_TRUE(migrate(first));
  database.ask("DROP TABLE a");
  ASSERT_TRUE(migrate(second));
  EXPECT_EQ(database.ask("EXISTS TABLE a"), "0") << "a step that was done is not done again";
  EXPECT_EQ(database.ask("EXISTS TABLE b"), "1");
  EXPECT_EQ(migrate(first).error().code, Code::newer_layout);
  set_clickhouse_faults(R"([{"match":"CREATE TABLE IF NOT EXISTS b","status":503}])");
  second.steps.push_back({"CREATE TABLE IF NOT EXISTS b2 (x UInt8) ENGINE = Log"});
  second.steps.push_back({"SELECT throwIf(1)"});
  EXPECT_EQ(migrate(second).error().code, Code::unavailable);
  EXPECT_EQ(migrate(second).error().code, Code::io_error);
  EXPECT_EQ(database.ask("SELECT max(version) FROM schedules_layout WHERE component = 'parts'"), "3");
}

TEST_F(ClickHouseLayoutTest, WhatSomebodyDroppedIsMadeAgain) {
  put(*store, {sample_event(1, 30h)});
  database.ask("DROP TABLE event_schedules");
  EXPECT_EQ(probe(*store).has_value(), true) << "nobody has noticed yet";
  const auto first =
      await<std::vector<PutOutcome>>([&](auto done) { store->put({sample_event(2, 30h)}, std::move(done)); });
  EXPECT_EQ(first.error().code, Code::unavailable);
  EXPECT_EQ(put(*store, {sample_event(2, 30h)}).front().result, PutResult::created);
  database.ask("DROP TABLE event_schedule_ids");
  EXPECT_EQ(await<void>([&](auto done) { store->mark_transferred({}, std::move(done)); }).has_value(), true);
  const auto gone = await<FarPage>([&](auto done) { store->due_before(now() + 48h, 10, std::move(done)); });
  EXPECT_EQ(gone.error().code, Code::unavailable);
  EXPECT_EQ(ids_of(due(*store, 48h).events), sample_ids({2})) << "its pointer is made again with the table";
  database.ask("TRUNCATE TABLE event_schedule_ids");
  EXPECT_FALSE(get(*store, sample_id(2)));
  EXPECT_EQ(ids_of(due(*store, 48h).events), sample_ids({2})) << "who reads what is due notices";
  EXPECT_TRUE(get(*store, sample_id(2)));
  database.ask("DROP DATABASE " + database.name());
  const auto second = await<TierCounts>([&](auto done) { store->counts(std::move(done)); });
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_EQ(put(*store, {sample_event(2, 30h)}).front().result, PutResult::created);
}

}  // namespace
}  // namespace schedules::testing
