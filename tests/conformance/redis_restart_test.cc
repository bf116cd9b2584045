// What a process leaves in flight and the next one finds: claims of an earlier process under the same node id; and a take-over
// beside which others settle.
#include "store/redis/scripts.h"
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

constexpr uint64_t kFirstEpoch = 1'000;

class RedisRestartTest : public ::testing::Test {
 protected:
  std::shared_ptr<OpenRedis> open(const std::string& node) {
    return OpenRedis::open("redis://" + environment("SCHEDULES_TEST_REDIS"),
                           {.prefix = prefix, .shards = 1, .node_id = node}, clock);
  }
  static void put(OpenRedis& at, uint64_t first, uint64_t count) {
    std::vector<Event> events;
    for (uint64_t i = first; i < first + count; ++i) events.push_back(sample_event(i, std::chrono::seconds(i)));
    ASSERT_TRUE(await<std::vector<PutOutcome>>(
        [&](auto done) { at.store->near().put(std::move(events), PutMode::if_absent, std::move(done)); }));
  }
  /// What waits now, in order, begun under this epoch.
  std::vector<Event> begin_some(OpenRedis& at, uint64_t epoch, size_t count) {
    const WindowRequest request{
        .shard = 0, .epoch = epoch, .now = clock.wall(), .until = clock.wall() + 1h, .limit = count};
    auto page = await<WindowPage>([&](auto done) { at.store->near().window(request, std::move(done)); }).value();
    return await<std::vector<Event>>([&](auto done) {
             at.store->near().begin({.shard = 0, .epoch = epoch, .entries = std::move(page.entries)}, std::move(done));
           })
        .value();
  }
  static uint64_t recover_claims(OpenRedis& at, std::vector<std::string> alive) {
    return await<uint64_t>([&](auto done) { at.store->recover_claims(0, std::move(alive), std::move(done)); }).value();
  }
  static TierCounts counts(OpenRedis& at) {
    return await<TierCounts>([&](auto done) { at.store->catalog().counts(std::move(done)); }).value();
  }

  ManualClock clock;
  std::string prefix = fresh_prefix();
};

}  // namespace

// A process that is started again under its name at once never looks gone to others.
TEST_F(RedisRestartTest, ClaimsOfAnEarlierProcessUnderOurNameWaitAgain) {
  auto first = open("one");
  first->own(0, kFirstEpoch, prefix);
  put(*first, 1, 3);
  ASSERT_EQ(begin_some(*first, 0, 2).size(), 2U);
  EXPECT_EQ(recover_claims(*first, {"one", "two"}), 0U) << "they are its own";
  const auto other = open("two");
  ASSERT_EQ(begin_some(*other, 0, 1).size(), 1U);
  first->client.reset();
  first.reset();
  const auto again = open("one");
  EXPECT_EQ(recover_claims(*again, {"one", "two"}), 2U);
  EXPECT_EQ(counts(*again).in_flight, 1U) << "the other's stays";
  ASSERT_EQ(begin_some(*again, 0, 2).size(), 2U);
  EXPECT_EQ(recover_claims(*again, {"one", "two"}), 0U);
}

// As a replica has it that did not get the end: nobody else would ever end it.
TEST_F(RedisRestartTest, AClaimWhoseEndAFailoverUndidWaitsAgain) {
  const auto one = open("one");
  put(*one, 1, 2);
  const auto claimed = begin_some(*one, 0, 2);
  ASSERT_EQ(claimed.size(), 2U);
  const auto key = [this](const char* name) { return prefix + "{schedules:0}:" + name; };
  const auto run = [&](std::vector<std::string> words) {
    return await<std::vector<redis::Reply>>(
               [&](auto done) { one->client->run({.key = key("x"), .commands = {std::move(words)}}, std::move(done)); })
        .value()
        .front();
  };
  for (const char* name : {"event", "flight", "flown"}) run({"COPY", key(name), key("copy:") + name});
  std::vector<Settlement> settlements{{.shard = 0,
                                       .epoch = 0,
                                       .begun_fire_at = claimed[0].fire_at,
                                       .event = claimed[0],
                                       .outcome = {.state = State::fired, .at = clock.wall()}}};
  ASSERT_TRUE(await<void>([&](auto done) { one->store->near().settle(std::move(settlements), std::move(done)); }));
  for (const char* name : {"event", "flight", "flown"}) run({"RENAME", key("copy:") + name, key(name)});
  ASSERT_EQ(counts(*one).in_flight, 2U);
  recover_claims(*one, {"one"});
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (counts(*one).in_flight != 1) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(run({"HEXISTS", key("flown"), std::string(claimed[1].id.view())}).integer, 1) << "the other is still held";
}

// The pages of a take-over must not slip where claims before them end meanwhile: what is left out would never be begun again.
TEST_F(RedisRestartTest, ATakeOverMissesNothingWhereOthersSettle) {
  const auto store = open("one");
  store->own(0, kFirstEpoch, prefix);
  put(*store, 1, 8);
  auto claimed = begin_some(*store, 0, 4);
  ASSERT_EQ(claimed.size(), 4U);
  ASSERT_EQ(begin_some(*store, kFirstEpoch, 4).size(), 4U);
  std::string score = "-inf";
  std::string sequence = "0";
  int64_t moved = 0;
  int64_t seen = 0;
  do {
    const auto page =
        await<redis::Reply>([&](auto done) {
          store->client->call(
              {.script = &redis::recover_script(),
               .keys = {prefix + "{schedules:0}:"},
               .arguments = {std::to_string(kFirstEpoch + 1), "1", "", score, sequence, "2", "one", "process"}},
              std::move(done));
        }).value();
    seen = page.items.at(0).integer;
    moved += page.items.at(1).integer;
    score = page.items.at(2).text;
    sequence = std::to_string(std::strtoll(page.items.at(3).text.c_str(), nullptr, 10) + 1);
    if (claimed.empty()) continue;
    const Settlement end{.shard = 0,
                         .epoch = 0,
                         .begun_fire_at = claimed.front().fire_at,
                         .event = claimed.front(),
                         .outcome = {.state = State::fired, .at = clock.wall(), .settled_at = clock.wall()}};
    ASSERT_TRUE(await<void>([&](auto done) { store->store->near().settle({end}, std::move(done)); }));
    claimed.erase(claimed.begin());
  } while (seen > 0);
  EXPECT_EQ(moved, 4);
  EXPECT_EQ(counts(*store).pending, 4U);
}

}  // namespace schedules::testing
