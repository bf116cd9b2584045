// A far store in a database of its own, with calls that wait for their answer.
#pragma once

#include <future>

#include "base/random.h"
#include "tests/conformance/clickhouse_place.h"

namespace schedules::testing {

class ClickHouseFarTest : public ::testing::Test {
 protected:
  ClickHouseFarTest() { set_clickhouse_faults("[]"); }
  ~ClickHouseFarTest() override { set_clickhouse_faults("[]"); }

  using Store = ClickHouseFarStore;
  template <class T>
  using Started = std::shared_ptr<std::future<Result<T>>>;

  /// Another node's.
  std::unique_ptr<Store> open(const std::string& address = clickhouse_address()) {
    return Store::open({.url = database.url(address), .client = {.timeout = std::chrono::seconds(20)}}, clock, *random)
        .value();
  }

  TimePoint now() const { return clock.wall(); }

  static std::vector<PutOutcome> put(Store& at, std::vector<Event> events) {
    return await<std::vector<PutOutcome>>([&](auto done) { at.put(std::move(events), std::move(done)); }).value();
  }
  static std::optional<StoredEvent> get(Store& at, const EventId& id) {
    return await<std::vector<std::optional<StoredEvent>>>([&](auto done) { at.get({id}, std::move(done)); })
        .value()
        .front();
  }
  static EventPage find(Store& at, EventFilter filter, size_t limit = 100, const std::string& cursor = "") {
    return await<EventPage>([&](auto done) {
             at.find({.filter = std::move(filter), .cursor = cursor, .limit = limit}, std::move(done));
           })
        .value();
  }
  FarPage due(Store& at, Duration in, size_t limit = 1000) const {
    return await<FarPage>([&](auto done) { at.due_before(now() + in, limit, std::move(done)); }).value();
  }
  static Changed change(Store& at, const Event& event) {
    return await<std::vector<Changed>>([&](auto done) { at.change({event}, std::move(done)); }).value().front();
  }
  Changed cancel(Store& at, const EventId& id) const { return start_cancel(at, id).get().value().front(); }
  static void mark(Store& at, const EventId& id, uint64_t revision = 1) {
    ASSERT_TRUE(await<void>([&](auto done) { at.mark_transferred({{id, revision}}, std::move(done)); }));
  }
  static TierCounts counts(Store& at) {
    return await<TierCounts>([&](auto done) { at.counts(std::move(done)); }).value();
  }
  static size_t sweep(Store& at) {
    return await<size_t>([&](auto done) { at.sweep(std::move(done)); }).value();
  }
  static Status probe(Store& at) {
    return await<void>([&](auto done) { at.probe(std::move(done)); });
  }

  template <class T>
  static Done<T> keep(std::future<Result<T>>& future) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    future = promise->get_future();
    return [promise](Result<T> result) { promise->set_value(std::move(result)); };
  }
  static Started<std::vector<PutOutcome>> start_put(Store& at, std::vector<Event> events) {
    auto future = std::make_shared<std::future<Result<std::vector<PutOutcome>>>>();
    at.put(std::move(events), keep(*future));
    return future;
  }
  static std::future<Result<std::vector<Changed>>> start_change(Store& at, std::vector<Event> events) {
    std::future<Result<std::vector<Changed>>> future;
    at.change(std::move(events), keep(future));
    return future;
  }
  std::future<Result<std::vector<Changed>>> start_cancel(Store& at, const EventId& id) const {
    std::future<Result<std::vector<Changed>>> future;
    at.cancel({CancelRequest{.id = id, .at = now(), .reason = "not wanted"}}, keep(future));
    return future;
  }

  ManualClock clock;
  std::unique_ptr<Random> random = system_random();
  ClickHouseDatabase database;
  std::unique_ptr<Store> store = open();
};

}  // namespace schedules::testing
