// The spool's file: order, bounds, damage, a kill.
#include <gtest/gtest.h>

#include "store/sqlite/database.h"
#include "store/sqlite/execution_pack.h"
#include "store/sqlite/execution_spool.h"
#include "tests/conformance/execution_suite.h"
#include "tests/conformance/sqlite_support.h"

namespace schedules::testing {
namespace {

struct Spool : ::testing::Test {
  TemporaryFolder folder;
  std::string path = folder.file("spool.db");
  std::unique_ptr<SqliteExecutionSpool> spool = open();

  std::unique_ptr<SqliteExecutionSpool> open(uint64_t max_bytes = 1U << 30U) {
    return std::move(SqliteExecutionSpool::open({.path = path, .max_bytes = max_bytes}).value());
  }
  Result<void> put(std::vector<Execution> executions) {
    return await<void>([&](auto done) { spool->put(std::move(executions), std::move(done)); });
  }
  SpoolRead oldest(size_t limit) {
    return await<SpoolRead>([&](auto done) { spool->oldest(limit, std::move(done)); }).value();
  }
  void drop(std::vector<int64_t> batches) {
    ASSERT_TRUE(await<void>([&](auto done) { spool->drop(std::move(batches), std::move(done)); }));
  }
  SpoolSize size() {
    return await<SpoolSize>([&](auto done) { spool->size(std::move(done)); }).value();
  }
};

TEST_F(Spool, BatchesComeBackWholeAndInOrder) {
  const auto all = random_executions(30, 1);
  for (size_t i = 0; i < 30; i += 10)
    ASSERT_TRUE(put({all.begin() + static_cast<int64_t>(i), all.begin() + static_cast<int64_t>(i) + 10}));
  spool.reset();
  spool = open();
  EXPECT_EQ(size().executions, 30U);
  const auto first = oldest(25);
  ASSERT_EQ(first.executions.size(), 20U) << "whole batches within the limit";
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(difference(first.executions[i], all[i]), "") << i;
  drop(first.batches);
  EXPECT_EQ(size().executions, 10U);
  const auto last = oldest(1);
  ASSERT_EQ(last.executions.size(), 10U) << "at least one batch";
  drop(last.batches);
  EXPECT_TRUE(oldest(1).batches.empty());
  EXPECT_EQ(size().bytes, 0U);
}

TEST_F(Spool, ItsBoundRefusesAndKeepsWhatIsThere) {
  spool.reset();
  const auto batch = random_executions(10, 2);
  spool = open(sqlite::pack_executions(batch).size() * 5 / 2);
  ASSERT_TRUE(put(batch));
  ASSERT_TRUE(put(batch));
  const auto refused = put(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::overloaded);
  drop(oldest(1).batches);
  EXPECT_TRUE(put(batch));
}

TEST_F(Spool, ADamagedBatchIsToldAndLeavesTheOthers) {
  ASSERT_TRUE(put(random_executions(3, 3)));
  ASSERT_TRUE(put(random_executions(2, 4)));
  spool.reset();
  {
    auto database = sqlite::Database::open({.path = path}).value();
    ASSERT_TRUE(
        database.execute("UPDATE execution_batches SET batch = substr(batch, 1, length(batch) - 5) WHERE seq = 1"));
  }
  spool = open();
  const auto read = oldest(100);
  EXPECT_EQ(read.damaged, 3U);
  EXPECT_EQ(read.executions.size(), 2U);
  EXPECT_EQ(read.batches.size(), 2U);
}

TEST_F(Spool, AnyBytesAreReadWithoutHarm) {
  const auto packed = sqlite::pack_executions(random_executions(3, 5));
  for (size_t size = 0; size < packed.size(); ++size) EXPECT_FALSE(sqlite::unpack_executions(packed.substr(0, size)));
  EXPECT_FALSE(sqlite::unpack_executions(packed + "x"));
  auto newer = packed;
  newer[0] = 9;
  EXPECT_EQ(sqlite::unpack_executions(newer).error().code, Code::newer_layout);
}

// Format 1, as released: what was written by it must be read for ever.
TEST_F(Spool, FormatOneIsStillRead) {
  Execution e{.id = "i",
              .schedule_id = "s",
              .due_at = from_micros(1),
              .executed_at = from_micros(2),
              .duration = Duration{3},
              .status = RunStatus::failure,
              .state = State::dead,
              .attempt = 2,
              .node_id = "n",
              .waited_far = true};
  e.event_id.bytes[15] = 7;
  constexpr char kBytes[] =
      "\x01\x01\x01i\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07\x01s\0\0\0\0\0\0\x02\x04\x06\x01\x05\0\0\x02\0\0\x01n\x01";
  const std::string golden(kBytes, sizeof(kBytes) - 1);
  EXPECT_EQ(sqlite::pack_executions({e}), golden);
  const auto read = sqlite::unpack_executions(golden);
  ASSERT_TRUE(read);
  EXPECT_EQ(difference(read->at(0), e), "");
}

}  // namespace
}  // namespace schedules::testing
