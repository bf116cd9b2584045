// The suite of the board of breakers, in memory and in Redis; and what is in Redis.
#include <thread>

#include "base/random.h"
#include "cluster/redis/redis_breaker_board.h"
#include "tests/conformance/schedule_await.h"
#include "tests/support/memory_breakers.h"
#include "tests/support/server_control.h"
#include "tests/support/tcp_proxy.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

const SystemClock kClock;

std::unique_ptr<redis::Client> connect(const std::string& address) {
  redis::Options options;
  options.timeout = 2s;
  options.connect_timeout = 1s;
  return redis::Client::open(redis::parse_url("redis://" + address).value(), options, kClock).value();
}

std::string new_prefix() {
  static const auto random = system_random();
  return fmt::format("t{:x}:", random->next());
}

/// One board, of no node at first.
class BoardPlace {
 public:
  virtual ~BoardPlace() = default;
  virtual BreakerBoard& node(const std::string& id) = 0;
};

class MemoryPlace final : public BoardPlace {
 public:
  BreakerBoard& node(const std::string& id) override { return *nodes_.emplace_back(board_.node(id)); }

 private:
  MemoryBreakers board_{kClock};
  std::vector<std::unique_ptr<BreakerBoard>> nodes_;
};

class RedisPlace final : public BoardPlace {
 public:
  ~RedisPlace() override {
    for (auto& node : nodes_) node.client.reset();
  }
  BreakerBoard& node(const std::string& id) override {
    auto& made = nodes_.emplace_back();
    made.client = connect(environment("SCHEDULES_TEST_REDIS"));
    made.board = std::make_unique<RedisBreakerBoard>(*made.client, prefix_, id);
    return *made.board;
  }

 private:
  struct Node {
    std::unique_ptr<redis::Client> client;
    std::unique_ptr<BreakerBoard> board;
  };
  const std::string prefix_ = new_prefix();
  std::deque<Node> nodes_;
};

/// What a node has heard.
class Ear {
 public:
  explicit Ear(BreakerBoard& board) {
    board.start([heard = heard_](BreakerNews news) {
      const std::scoped_lock lock(heard->mutex);
      heard->news.push_back(std::move(news));
    });
  }
  [[nodiscard]] std::vector<BreakerNews> all() const {
    const std::scoped_lock lock(heard_->mutex);
    return heard_->news;
  }
  [[nodiscard]] bool has(const std::string& lane, bool open) const {
    return std::ranges::any_of(
        all(), [&](const BreakerNews& one) { return one.lane == lane && one.open_for.has_value() == open; });
  }

 private:
  struct Heard {
    mutable std::mutex mutex;
    std::vector<BreakerNews> news;
  };
  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

void until(const char* what, const std::function<bool()>& fact) {
  const auto deadline = kClock.steady() + 30s;
  while (!fact()) {
    ASSERT_LT(kClock.steady(), deadline) << what;
    std::this_thread::sleep_for(5ms);
  }
}

struct BoardBackend {
  std::string name;
  std::function<std::unique_ptr<BoardPlace>()> make;
};

class BreakerBoardTest : public ::testing::TestWithParam<BoardBackend> {
 protected:
  std::unique_ptr<BoardPlace> place = GetParam().make();
};

/// Both hear: told again until it is, since one may not listen yet.
void until_heard(BreakerBoard& from, const Ear& by, const BreakerNews& news) {
  until("it is heard", [&] {
    from.tell(news);
    std::this_thread::sleep_for(1ms);
    return by.has(news.lane, news.open_for.has_value());
  });
}

TEST_P(BreakerBoardTest, WhatOneTellsTheOthersHearAndItDoesNot) {
  auto& a = place->node("a");
  auto& b = place->node("b");
  const Ear by_a(a);
  const Ear by_b(b);
  until_heard(a, by_b, {.lane = "webhook:https://x:443", .open_for = 5s});
  EXPECT_LE(by_b.all().front().open_for, Duration(5s));
  EXPECT_GT(by_b.all().front().open_for, Duration(0));
  until_heard(a, by_b, {.lane = "webhook:https://x:443", .open_for = std::nullopt});
  until_heard(b, by_a, {.lane = "a lane with blanks", .open_for = 1ms});
  EXPECT_FALSE(by_a.has("webhook:https://x:443", true));
}

TEST_P(BreakerBoardTest, WhoComesLaterHearsWhatIsOpenStill) {
  auto& a = place->node("a");
  auto& b = place->node("b");
  const Ear by_b(b);
  until_heard(a, by_b, {.lane = "down", .open_for = 60s});
  until_heard(a, by_b, {.lane = "up again", .open_for = 60s});
  until_heard(a, by_b, {.lane = "up again", .open_for = std::nullopt});
  const Ear by_c(place->node("c"));
  until("c has heard", [&] { return by_c.has("down", true); });
  const auto heard = by_c.all();
  EXPECT_LE(heard.front().open_for, Duration(60s));
  EXPECT_GT(heard.front().open_for, Duration(20s));
  EXPECT_FALSE(by_c.has("up again", true));
}

INSTANTIATE_TEST_SUITE_P(Boards, BreakerBoardTest,
                         ::testing::Values(BoardBackend{"Memory", [] { return std::make_unique<MemoryPlace>(); }},
                                           BoardBackend{"Redis", [] { return std::make_unique<RedisPlace>(); }}),
                         [](const ::testing::TestParamInfo<BoardBackend>& one) { return one.param.name; });

class RedisBreakerBoardTest : public ::testing::Test {
 protected:
  Result<redis::Reply> say(std::vector<std::string> words) {
    auto replies = await<std::vector<redis::Reply>>(
        [&](auto done) { direct->run({.key = key, .commands = {std::move(words)}}, std::move(done)); });
    if (!replies) return fail(replies.error());
    return std::move(replies->front());
  }
  const std::string prefix = new_prefix();
  const std::string key = prefix + "{schedules}:breakers";
  std::unique_ptr<redis::Client> direct = connect(environment("SCHEDULES_TEST_REDIS"));
};

TEST_F(RedisBreakerBoardTest, WhatAConnectionMissedIsHeardOnceItIsBack) {
  TcpProxy proxy(environment("SCHEDULES_TEST_REDIS"));
  const auto client = connect(proxy.address());
  RedisBreakerBoard a(*direct, prefix, "a");
  RedisBreakerBoard b(*client, prefix, "b");
  const Ear by_b(b);
  until_heard(a, by_b, {.lane = "first", .open_for = 60s});
  proxy.set(TcpProxy::Mode::swallow_requests);
  proxy.cut();
  a.tell({.lane = "missed", .open_for = 60s});
  until("it is there", [&] { return say({"HEXISTS", key, "missed"}).value().integer == 1; });
  EXPECT_FALSE(by_b.has("missed", true));
  proxy.set(TcpProxy::Mode::pass);
  proxy.cut();
  until("b has heard", [&] {
    b.look();
    return by_b.has("missed", true);
  });
}

TEST_F(RedisBreakerBoardTest, WhatWasToldLongAgoIsForgotten) {
  ASSERT_TRUE(say({"HSET", key, "old", "1000 b", "recent", "99999999999999 b", "own", "99999999999999 a"}));
  const auto client = connect(environment("SCHEDULES_TEST_REDIS"));
  RedisBreakerBoard board(*client, prefix, "a");
  const Ear ear(board);
  until("it has read", [&] { return ear.has("recent", true); });
  EXPECT_FALSE(ear.has("old", true));
  EXPECT_FALSE(ear.has("own", true)) << "it knows";
  EXPECT_EQ(say({"HEXISTS", key, "old"}).value().integer, 0);
}

TEST_F(RedisBreakerBoardTest, WhatIsNoNewsIsNotHeard) {
  const auto client = connect(environment("SCHEDULES_TEST_REDIS"));
  RedisBreakerBoard board(*client, prefix, "a");
  const Ear ear(board);
  RedisBreakerBoard other(*direct, prefix, "b");
  until_heard(other, ear, {.lane = "first", .open_for = 1s});
  const size_t before = ear.all().size();
  ASSERT_TRUE(say({"HSET", key, "damaged", "x"}));
  for (const char* text : {"", "x", "up\nlane", "1 2\nlane\nb", "-5\nlane\nb", "soon\nlane\nb", "\n\n"})
    ASSERT_TRUE(say({"PUBLISH", key, text}));
  until_heard(other, ear, {.lane = "last", .open_for = 1s});
  for (size_t i = before; i < ear.all().size(); ++i) EXPECT_NE(ear.all()[i].lane, "lane");
}

TEST_F(RedisBreakerBoardTest, TheHashHasALimit) {
  std::vector<std::string> words{"HSET", key};
  for (int i = 0; i < 1'000; ++i) words.insert(words.end(), {"lane" + std::to_string(i), "99999999999999 c"});
  ASSERT_TRUE(say(words));
  const auto client = connect(environment("SCHEDULES_TEST_REDIS"));
  RedisBreakerBoard listening(*client, prefix, "b");
  const Ear ear(listening);
  RedisBreakerBoard board(*direct, prefix, "a");
  until_heard(board, ear, {.lane = "one more", .open_for = 1s});
  EXPECT_EQ(say({"HLEN", key}).value().integer, 1'000);
}

}  // namespace
}  // namespace schedules::testing
