// A million far events: figures, printed, and that reads look only at what they need.
#include <atomic>
#include <condition_variable>

#include "store/clickhouse/event_reader.h"
#include "tests/conformance/clickhouse_place.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kEvents = 1'000'000;
constexpr uint64_t kBatch = 1'000;
constexpr size_t kUnderWay = 48;
constexpr auto kSpread = 30 * 24h;

class ClickHouseScaleTest : public ::testing::Test {
 protected:
  ClickHouseScaleTest() {
    store_ = ClickHouseFarStore::open({.url = database_.url(), .client = {.timeout = 60s}}, wall_, *random_).value();
  }

  TimePoint begin() const { return ManualClock().wall(); }

  Event event(uint64_t n) const {
    Event made = sample_event(n, 24h + Duration(kSpread) / kEvents * static_cast<int64_t>((n * 7919) % kEvents));
    made.body = fmt::format(R"({{"order":{},"text":"please look at this again, it has waited for some time now"}})", n);
    return made;
  }

  /// Batches, many at a time, as many callers would; answers the seconds that it took.
  double fill() {
    std::mutex mutex;
    std::condition_variable ready;
    size_t under_way = 0;
    uint64_t created = 0;
    const auto began = steady_.steady();
    for (uint64_t first = 0; first < kEvents; first += kBatch) {
      std::vector<Event> events;
      for (uint64_t n = first; n < first + kBatch; ++n) events.push_back(event(n));
      std::unique_lock lock(mutex);
      ready.wait(lock, [&] { return under_way < kUnderWay; });
      ++under_way;
      lock.unlock();
      store_->put(std::move(events), [&](Result<std::vector<PutOutcome>> outcomes) {
        const std::scoped_lock answered(mutex);
        --under_way;
        if (outcomes) {
          created += static_cast<uint64_t>(std::ranges::count(*outcomes, PutResult::created, &PutOutcome::result));
        } else {
          ADD_FAILURE() << outcomes.error().detail;
        }
        ready.notify_one();
      });
    }
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return under_way == 0; });
    EXPECT_EQ(created, kEvents);
    return seconds_since(began);
  }

  uint64_t rows_read(const std::string& what, clickhouse::Query query) const {
    const auto client = clickhouse::Client::open(database_.url()).value();
    const auto answer =
        await<clickhouse::Answer>([&](auto done) { client->query(std::move(query), std::move(done)); }).value();
    std::printf("[ FIGURE   ] %s reads %lu rows, %lu bytes\n", what.c_str(), answer.rows_read, answer.bytes_read);
    return answer.rows_read;
  }

  double seconds_since(SteadyPoint began) const {
    return std::chrono::duration<double>(steady_.steady() - began).count();
  }

  template <class Call>
  void measure(const std::string& what, Call call) {
    call();
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
      const auto began = steady_.steady();
      call();
      best = std::min(best, seconds_since(began));
    }
    std::printf("[ FIGURE   ] %s: %.1f ms\n", what.c_str(), best * 1000);
  }

  ClickHouseDatabase database_;
  ManualClock wall_;
  SystemClock steady_;
  std::unique_ptr<Random> random_ = system_random();
  std::unique_ptr<ClickHouseFarStore> store_;
};

TEST_F(ClickHouseScaleTest, AMillionEvents) {
  const double took = fill();
  std::printf("[ FIGURE   ] put: %.0f events/s in batches of %lu\n", kEvents / took, kBatch);
  std::printf("[ FIGURE   ] parts: %s\n",
              database_
                  .ask("SELECT table, count(), uniq(partition_id), sum(rows), formatReadableSize(sum(bytes_on_disk))"
                       " FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table")
                  .c_str());
  EXPECT_LT(rows_read("get", far_lookup_query({sample_id(777'777)})), kEvents / 20);
  // What is due within 48 h is a thirtieth of all, in a partition or two.
  EXPECT_LT(rows_read("due_before", far_due_query(begin() + 48h, 5000)), kEvents / 5);
  const auto due = [&](size_t limit) {
    return await<FarPage>([&](auto done) { store_->due_before(begin() + 48h, limit, std::move(done)); }).value();
  };
  measure("due_before(48 h), a page of 1000", [&] { EXPECT_EQ(due(1000).events.size(), 1000U); });
  measure("due_before(48 h), a page of 5000", [&] { EXPECT_EQ(due(5000).events.size(), 5000U); });
  measure("get of one id", [&] {
    const auto found = await<std::vector<std::optional<StoredEvent>>>(
        [&](auto done) { store_->get({sample_id(777'777)}, std::move(done)); });
    expect_same(found->front()->event, event(777'777));
  });
  measure("find, first page of 100", [&] {
    EXPECT_EQ(await<EventPage>([&](auto done) { store_->find({}, std::move(done)); })->events.size(), 100U);
  });
  measure("find by entity, one bounded look", [&] {
    const auto page =
        await<EventPage>([&](auto done) { store_->find({.filter = {.entity_id = "777777"}}, std::move(done)); });
    EXPECT_FALSE(page->next_cursor.empty());
  });
  measure("counts, uncached", [&] {
    wall_.advance(0ms);
    const auto counts = await<TierCounts>([&](auto done) { store_->counts(std::move(done)); });
    EXPECT_EQ(counts->pending, kEvents);
    wall_.advance(1h);  // the cache's time is over
  });
}

}  // namespace
}  // namespace schedules::testing
