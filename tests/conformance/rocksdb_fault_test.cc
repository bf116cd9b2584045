// What only RocksDB's files can do to the store: fill up, fail, lose what was not synced.
#include <latch>

#include "store/rocksdb/open_on.h"
#include "tests/conformance/rocksdb_place.h"
#include "tests/support/faulty_file_system.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;
using Fault = FaultyFileSystem::Fault;

class RocksFaultTest : public ::testing::Test {
 protected:
  void open() {
    RocksOptions options{.dir = dir.path()};
    options.queue_requests = 4;
    auto opened = rocks::open_on(options, clock, files.env());
    ASSERT_TRUE(opened) << opened.error().detail;
    store = std::move(*opened);
  }
  void lose_machine(size_t torn_bytes = 0) {
    files.set(Fault::dead);
    store.reset();
    files.lose_unsynced(torn_bytes);
    open();
  }
  Result<std::vector<PutOutcome>> put(std::vector<Event> events) {
    return await<std::vector<PutOutcome>>(
        [&](auto done) { store->near().put(std::move(events), PutMode::if_absent, std::move(done)); });
  }
  std::vector<Event> begin_due() {
    const WindowRequest request{.now = clock.wall(), .until = clock.wall(), .limit = 1000};
    auto page = await<WindowPage>([&](auto done) { store->near().window(request, std::move(done)); }).value();
    return await<std::vector<Event>>(
               [&](auto done) { store->near().begin({.entries = std::move(page.entries)}, std::move(done)); })
        .value();
  }
  Status settle(std::vector<Event> events) {
    std::vector<Settlement> settlements;
    for (auto& event : events) {
      settlements.push_back({.event = std::move(event), .outcome = {.state = State::fired, .at = clock.wall()}});
    }
    return await<void>([&](auto done) { store->near().settle(std::move(settlements), std::move(done)); });
  }
  TierCounts counts() {
    return await<TierCounts>([&](auto done) { store->catalog().counts(std::move(done)); }).value();
  }
  std::optional<State> state_of(uint64_t n) {
    auto found = await<std::vector<std::optional<StoredEvent>>>([&](auto done) {
                   store->catalog().get({sample_id(n)}, std::move(done));
                 }).value();
    return found.front() ? std::optional(found.front()->state) : std::nullopt;
  }
  static std::vector<Event> events(uint64_t from, uint64_t to) {
    std::vector<Event> made;
    for (uint64_t n = from; n < to; ++n) made.push_back(sample_event(n));
    return made;
  }

  TemporaryDir dir;
  ManualClock clock;
  FaultyFileSystem files;
  std::unique_ptr<RocksStore> store;
};

TEST_F(RocksFaultTest, AcknowledgedPutsOutliveTheMachine) {
  open();
  for (uint64_t n = 0; n < 50; ++n) ASSERT_TRUE(put(events(n, n + 1)));
  lose_machine();
  EXPECT_EQ(counts().pending, 50U);
  EXPECT_EQ(begin_due().size(), 50U);
}

TEST_F(RocksFaultTest, LostSettleRepeatsButNeverLoses) {
  for (const size_t torn : {size_t{0}, size_t{1}, size_t{100}, size_t{777}, size_t{5000}}) {
    SCOPED_TRACE(torn);
    store.reset();
    open();
    const uint64_t base = torn * 100;
    ASSERT_TRUE(put(events(base, base + 40)));
    auto begun = begin_due();
    for (auto& event : begun) ASSERT_TRUE(settle({event}));
    lose_machine(torn);
    for (uint64_t n = base; n < base + 40; ++n) {
      const auto state = state_of(n);
      EXPECT_TRUE(state == State::pending || state == State::fired) << n;
    }
    const auto after = counts();
    EXPECT_EQ(begin_due().size(), after.pending);
    EXPECT_EQ(counts().in_flight, after.pending);
  }
}

// The port's promise: a settle never survives a crash that an earlier tail append does not survive.
TEST_F(RocksFaultTest, TailSurvivesWhereItsSettleDoes) {
  for (size_t torn = 0; torn < 4000; torn += 97) {
    SCOPED_TRACE(torn);
    store.reset();
    open();
    const auto before = store->tail().tail_range().last;
    ASSERT_TRUE(put(events(torn * 10, torn * 10 + 8)));
    for (auto& event : begin_due()) {
      ASSERT_TRUE(await<uint64_t>([&](auto done) {
        store->tail().append_tail({TailMessage{.at = clock.wall(), .topic = "t", .message = "m"}}, std::move(done));
      }));
      ASSERT_TRUE(settle({event}));
    }
    lose_machine(torn);
    uint64_t settled = 0;
    for (uint64_t n = torn * 10; n < torn * 10 + 8; ++n) settled += state_of(n) == State::fired ? 1 : 0;
    EXPECT_GE(store->tail().tail_range().last - before, settled);
    ASSERT_TRUE(settle(begin_due()));
  }
}

TEST_F(RocksFaultTest, FullDiskRefusesAndGoesOnWhenThereIsSpace) {
  open();
  ASSERT_TRUE(put(events(0, 10)));
  files.set(Fault::no_space);
  for (int i = 0; i < 3; ++i) {
    const auto refused = put(events(10, 20));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::disk_full) << refused.error().detail;
  }
  EXPECT_EQ(state_of(3), State::pending) << "reads go on";
  EXPECT_EQ(state_of(13), std::nullopt);
  files.set(Fault::none);
  const auto taken = put(events(10, 20));
  ASSERT_TRUE(taken) << taken.error().detail;
  EXPECT_EQ(counts().pending, 20U);
  lose_machine();
  EXPECT_EQ(counts().pending, 20U);
  EXPECT_EQ(begin_due().size(), 20U);
}

TEST_F(RocksFaultTest, FailingDiskIsAnErrorUntilItWorksAgain) {
  for (const Fault fault : {Fault::io_error, Fault::sync_error}) {
    SCOPED_TRACE(static_cast<int>(fault));
    open();
    const uint64_t base = static_cast<uint64_t>(fault) * 100;
    const uint64_t before = counts().pending;
    ASSERT_TRUE(put(events(base, base + 10)));
    files.set(fault);
    const auto refused = put(events(base + 10, base + 20));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::io_error);
    files.set(Fault::none);
    const auto taken = put(events(base + 10, base + 20));
    ASSERT_TRUE(taken) << taken.error().detail;
    EXPECT_EQ(counts().pending, before + 20) << "counted once, whether the failed write reached the disk or not";
    lose_machine();
    EXPECT_EQ(counts().pending, before + 20);
    store.reset();
  }
}

TEST_F(RocksFaultTest, FailedSettleMayBeRepeated) {
  for (const Fault fault : {Fault::no_space, Fault::io_error}) {
    SCOPED_TRACE(static_cast<int>(fault));
    open();
    const uint64_t base = static_cast<uint64_t>(fault) * 100;
    ASSERT_TRUE(put(events(base, base + 10)));
    const auto begun = begin_due();
    ASSERT_EQ(begun.size(), 10U);
    files.set(fault);
    EXPECT_FALSE(settle(begun));
    EXPECT_TRUE(begin_due().empty()) << "still in flight";
    files.set(Fault::none);
    ASSERT_TRUE(settle(begun));
    EXPECT_EQ(counts().pending, 0U);
    EXPECT_EQ(counts().in_flight, 0U);
    store.reset();
    open();
    EXPECT_EQ(counts().pending, 0U);
    EXPECT_EQ(state_of(base), State::fired);
    store.reset();
  }
}

TEST_F(RocksFaultTest, AnyWriteMayBeTheLast) {
  uint64_t acknowledged = 0;
  for (size_t writes = 0; writes < 60; writes += 3) {
    SCOPED_TRACE(writes);
    open();
    files.set_after(writes, writes % 2 == 0 ? Fault::no_space : Fault::dead);
    for (int i = 0; i < 30; ++i) {
      if (!put(events(acknowledged, acknowledged + 5))) break;
      acknowledged += 5;
    }
    lose_machine(writes);
    for (uint64_t n = 0; n < acknowledged; ++n) ASSERT_EQ(state_of(n), State::pending) << n;
    ASSERT_TRUE(put(events(acknowledged, acknowledged + 5)));
    acknowledged += 5;
    EXPECT_EQ(counts().pending, acknowledged);
    store.reset();
  }
}

TEST_F(RocksFaultTest, FullQueuePushesBackButTakesSettles) {
  open();
  ASSERT_TRUE(put(events(0, 1)));
  auto begun = begin_due();
  files.hold_syncs();
  constexpr int kCalls = 40;
  std::atomic<int> stored = 0;
  std::atomic<int> refused = 0;
  std::latch answered(kCalls);
  for (uint64_t n = 1; n <= kCalls; ++n) {
    store->near().put(events(n, n + 1), PutMode::if_absent, [&](Result<std::vector<PutOutcome>> outcomes) {
      if (outcomes) {
        ++stored;
      } else {
        EXPECT_EQ(outcomes.error().code, Code::overloaded);
        EXPECT_GT(outcomes.error().retry_after.count(), 0);
        ++refused;
      }
      answered.count_down();
    });
  }
  std::promise<bool> settled;
  store->near().settle({Settlement{.event = begun.front(), .outcome = {.state = State::fired}}},
                       [&](Result<void> result) { settled.set_value(result.has_value()); });
  files.release_syncs();
  answered.wait();
  EXPECT_GT(refused, 0);
  EXPECT_GT(stored, 0);
  EXPECT_TRUE(settled.get_future().get());
  EXPECT_EQ(counts().pending, static_cast<uint64_t>(stored));
}

}  // namespace
}  // namespace schedules::testing
