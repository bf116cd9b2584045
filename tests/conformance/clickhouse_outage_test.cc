// A ClickHouse that is away, fails, answers nothing or loses what it said it had: nothing lost, nothing doubled, no wait.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/conformance/clickhouse_far_fixture.h"
#include "tests/support/tcp_proxy.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto kRowInsert = R"("match":"INSERT INTO event_schedules ")";

class ClickHouseOutageTest : public ClickHouseFarTest {
 protected:
  ~ClickHouseOutageTest() override { EXPECT_EQ(control("start"), "ok"); }

  /// One word to the fixture: kill, start, stop, pause, resume.
  static std::string control(const std::string& word) {
    const char* address = std::getenv("SCHEDULES_TEST_CLICKHOUSE_CONTROL");
    CHECK(address != nullptr);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::atoi(std::strchr(address, ':') + 1)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
    const auto line = word + "\n";
    CHECK(send(fd, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size()));
    std::string answer;
    char byte = 0;
    while (recv(fd, &byte, 1, 0) == 1 && byte != '\n') answer += byte;
    close(fd);
    return answer;
  }

  static Result<std::vector<PutOutcome>> try_put(Store& at, std::vector<Event> events) {
    return await<std::vector<PutOutcome>>([&](auto done) { at.put(std::move(events), std::move(done)); });
  }

  /// Rows of the id as they lie, merged or not.
  std::string rows_of(uint64_t n) const {
    return database.ask(fmt::format("SELECT count(), uniqExact(version) FROM event_schedules WHERE event_id = '{}'",
                                    sample_id(n).text()));
  }
};

TEST_F(ClickHouseOutageTest, AServerThatIsAwayIsUnavailableAtOnceAndFoundAgain) {
  ASSERT_EQ(control("kill"), "ok");
  const auto fresh = open();
  EXPECT_EQ(probe(*fresh).error().code, Code::unavailable);
  EXPECT_EQ(try_put(*fresh, {sample_event(1, 30h)}).error().code, Code::unavailable);
  const auto page = await<FarPage>([&](auto done) { fresh->due_before(now(), 10, std::move(done)); });
  EXPECT_EQ(page.error().code, Code::unavailable);
  const auto found = await<EventPage>([&](auto done) { fresh->find({}, std::move(done)); });
  EXPECT_EQ(found.error().code, Code::unavailable);
  ASSERT_EQ(control("start"), "ok");
  EXPECT_TRUE(probe(*fresh));
  EXPECT_EQ(put(*fresh, {sample_event(1, 30h)}).front().result, PutResult::created);
}

TEST_F(ClickHouseOutageTest, WhatWasAcknowledgedIsThereAfterACrash) {
  std::vector<Started<std::vector<PutOutcome>>> puts;
  for (uint64_t n = 0; n < 200; ++n) {
    std::vector<Event> events;
    for (uint64_t i = 0; i < 20; ++i) events.push_back(sample_event(n * 20 + i, 24h + i * 5h));
    puts.push_back(start_put(*store, std::move(events)));
    if (n == 20) puts.front()->wait();
    if (n == 120) puts[60]->wait();
  }
  ASSERT_EQ(control("kill"), "ok");
  std::vector<EventId> acknowledged;
  for (uint64_t n = 0; n < puts.size(); ++n) {
    if (!puts[n]->get()) continue;
    for (uint64_t i = 0; i < 20; ++i) acknowledged.push_back(sample_id(n * 20 + i));
  }
  EXPECT_GE(acknowledged.size(), 20U * 60U);
  ASSERT_EQ(control("start"), "ok");
  const auto found = await<std::vector<std::optional<StoredEvent>>>([&](auto done) {
                       store->get(acknowledged, std::move(done));
                     }).value();
  EXPECT_EQ(std::ranges::count(found, true, [](const auto& one) { return one.has_value(); }),
            static_cast<ptrdiff_t>(acknowledged.size()));
  // The others may be there or not; given again they are one.
  std::vector<Event> all;
  for (uint64_t n = 0; n < 4'000; ++n) all.push_back(sample_event(n, 24h + (n % 20) * 5h));
  put(*store, all);
  EXPECT_EQ(due(*store, 24h * 30, 10'000).events.size(), 4'000U);
}

TEST_F(ClickHouseOutageTest, AnInsertWhoseAnswerWasLostIsResolvedByReading) {
  put(*store, {sample_event(1, 30h)});
  set_clickhouse_faults(fmt::format(R"([{{{},"after":true,"drop":true,"times":2}}])", kRowInsert));
  EXPECT_EQ(put(*store, {sample_event(2, 30h)}).front().result, PutResult::created);
  EXPECT_EQ(rows_of(2), "1\t1");
  EXPECT_EQ(due(*store, 48h).events.size(), 2U);
}

TEST_F(ClickHouseOutageTest, AnInsertThatFailedAfterItWasDoneCountsOnce) {
  set_clickhouse_faults(fmt::format(R"([{{{},"after":true,"status":503}}])", kRowInsert));
  EXPECT_EQ(put(*store, {sample_event(1, 30h)}).front().result, PutResult::created);
  EXPECT_EQ(rows_of(1), "1\t1");
}

TEST_F(ClickHouseOutageTest, AnInsertThatFailedBeforeItWasDoneIsDoneAgain) {
  put(*store, {sample_event(1, 30h)});
  uint64_t n = 1;
  for (const std::string how : {R"("status":503)", R"("drop":true,"times":3)", R"("status":500,"code":252)"}) {
    set_clickhouse_faults(fmt::format("[{{{},{}}}]", kRowInsert, how));
    const auto outcomes = try_put(*store, {sample_event(++n, 30h)});
    ASSERT_TRUE(outcomes) << how << outcomes.error().detail;
    EXPECT_EQ(rows_of(n), "1\t1") << how;
  }
  EXPECT_EQ(due(*store, 48h).events.size(), 4U);
}

TEST_F(ClickHouseOutageTest, AnInsertThatWasAcknowledgedButLostIsNoticed) {
  put(*store, {sample_event(1, 30h)});
  set_clickhouse_faults(fmt::format(R"([{{{},"swallow":true,"times":2}}])", kRowInsert));
  EXPECT_EQ(put(*store, {sample_event(2, 30h)}).front().result, PutResult::created);
  EXPECT_EQ(get(*store, sample_id(2))->state, State::pending);
  set_clickhouse_faults(fmt::format(R"([{{{},"swallow":true,"times":3}}])", kRowInsert));
  EXPECT_EQ(try_put(*store, {sample_event(3, 30h)}).error().code, Code::unavailable);
  set_clickhouse_faults("[]");
  EXPECT_EQ(put(*store, {sample_event(3, 30h)}).front().result, PutResult::created);
}

TEST_F(ClickHouseOutageTest, AServerThatOnlyFailsAnswersAndIsTriedAgainByTheCaller) {
  put(*store, {sample_event(1, 30h)});
  set_clickhouse_faults(R"([{"match":"","status":503,"times":1000}])");
  EXPECT_EQ(try_put(*store, {sample_event(2, 30h)}).error().code, Code::unavailable);
  const auto cancelled = start_cancel(*store, sample_id(1)).get();
  EXPECT_EQ(cancelled.error().code, Code::unavailable);
  set_clickhouse_faults("[]");
  EXPECT_EQ(get(*store, sample_id(1))->state, State::pending);
  EXPECT_EQ(put(*store, {sample_event(2, 30h)}).front().result, PutResult::created);
  EXPECT_EQ(cancel(*store, sample_id(1)).result, ChangeResult::done);
}

TEST_F(ClickHouseOutageTest, ANetworkThatSwallowsAnswersDoublesNothing) {
  TcpProxy proxy(clickhouse_address());
  const auto through =
      Store::open({.url = database.url(proxy.address()), .client = {.timeout = 500ms}}, clock, *random).value();
  ASSERT_EQ(put(*through, {sample_event(1, 30h)}).front().result, PutResult::created);
  proxy.set(TcpProxy::Mode::swallow_answers);
  EXPECT_EQ(try_put(*through, {sample_event(2, 30h)}).error().code, Code::unavailable);
  proxy.set(TcpProxy::Mode::swallow_requests);
  EXPECT_EQ(probe(*through).error().code, Code::unavailable);
  proxy.set(TcpProxy::Mode::refuse);
  EXPECT_EQ(probe(*through).error().code, Code::unavailable);
  proxy.set(TcpProxy::Mode::pass);
  EXPECT_TRUE(try_put(*through, {sample_event(2, 30h)}));
  EXPECT_EQ(due(*through, 48h).events.size(), 2U);
}

TEST_F(ClickHouseOutageTest, AChangeThatIsCutShortLeavesOneEvent) {
  put(*store, {sample_event(1, 30h)});
  Event event = get(*store, sample_id(1))->event;
  event.due_at = event.fire_at = now() + 40h;
  // The new row is written, closing the old one fails: the first insert passes, the second does not.
  set_clickhouse_faults(fmt::format(R"([{{{0},"delay":0}},{{{0},"status":503,"times":3}}])", kRowInsert));
  EXPECT_EQ(change(*store, event).result, ChangeResult::done);
  set_clickhouse_faults("[]");
  const auto page = due(*store, 48h);
  ASSERT_EQ(page.events.size(), 1U);
  EXPECT_EQ(page.events.front().due_at, event.due_at);
}

TEST_F(ClickHouseOutageTest, ClosingAnswersWhatIsUnderWay) {
  put(*store, {sample_event(1, 30h)});
  set_clickhouse_faults(R"([{"match":"event_schedule","delay":5}])");
  const auto first = start_put(*store, {sample_event(2, 30h)});
  const auto second = start_put(*store, {sample_event(3, 30h)});
  store.reset();
  EXPECT_EQ(first->get().error().code, Code::shutting_down);
  EXPECT_EQ(second->get().error().code, Code::shutting_down);
}

}  // namespace
}  // namespace schedules::testing
