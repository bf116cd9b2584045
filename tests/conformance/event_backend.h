// What the suites of the near store, far store, event catalog and tail share: how a backend is opened, calls that wait
// for their answer, and sample events. A backend instantiates the suites with its EventBackend:
//   INSTANTIATE_TEST_SUITE_P(RocksDb, NearStoreTest, ::testing::Values(backend), event_backend_name);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sink/tail_store.h"
#include "store/event_catalog.h"
#include "store/far_guard.h"
#include "store/far_store.h"
#include "store/near_store.h"
#include "tests/conformance/schedule_await.h"
#include "tests/support/manual_clock.h"

namespace schedules::testing {

/// Null where the backend does not play the role; its suite is then not instantiated.
struct EventStores {
  std::shared_ptr<void> owner;  ///< closes them
  NearStore* near = nullptr;
  FarStore* far = nullptr;
  EventCatalog* catalog = nullptr;  ///< of both tiers, where one store holds both
  EventCatalog* near_catalog = nullptr;
  EventCatalog* far_catalog = nullptr;
  FarGuard* guard = nullptr;
  TailStore* tail = nullptr;
};

struct EventStoreSetup {
  uint32_t shards = 1;
  std::chrono::seconds dedupe_window{24 * 3600};
};

/// One place where data lies, empty at first. open() may be called again once what it gave is gone.
class EventPlace {
 public:
  virtual ~EventPlace() = default;
  virtual EventStores open(const EventStoreSetup& setup, const Clock& clock) = 0;
};

struct EventBackend {
  std::string name;
  std::function<std::unique_ptr<EventPlace>()> make;
  bool epochs = false;       ///< refuses calls of a past owner
  bool one_store = true;     ///< near and far are one store
  bool fires = true;         ///< events can be begun and settled; not so in a far store alone
  bool accept_order = true;  ///< of events that fire at one time, the first accepted is found first; else by id
};

inline std::string event_backend_name(const ::testing::TestParamInfo<EventBackend>& info) { return info.param.name; }

/// The n-th sample id.
EventId sample_id(uint64_t n);
/// A small event, due `in` after the manual clock's start.
Event sample_event(uint64_t n, Duration in = Duration{});
/// Every field set to something of its own.
Event full_event(uint64_t n);
void expect_same(const Event& a, const Event& b);

class EventStoreTest : public ::testing::TestWithParam<EventBackend> {
 protected:
  void open(EventStoreSetup setup = {});
  void reopen();

  TimePoint now() const { return clock.wall(); }
  std::vector<PutOutcome> put(std::vector<Event> events, PutMode mode = PutMode::if_absent);
  PutOutcome put_one(Event event, PutMode mode = PutMode::if_absent);
  std::vector<PutOutcome> put_far(std::vector<Event> events);
  WindowPage window(Duration until_in, size_t limit = 1000, uint32_t shard = 0);
  std::vector<Event> begin(std::vector<WindowEntry> entries);
  /// What is due now, begun.
  std::vector<Event> begin_due(size_t limit = 1000);
  void settle(std::vector<Event> events, State state, const std::string& reason = "");
  std::optional<StoredEvent> get(const EventId& id);
  EventPage find(EventFilter filter = {}, size_t limit = 100, const std::string& cursor = "");
  /// All pages of this size.
  std::vector<StoredEvent> find_all(const EventFilter& filter, size_t limit);
  Changed cancel(const EventId& id, std::optional<uint64_t> if_revision = {});
  Changed change(Event event);
  TierCounts counts();
  std::vector<SlotCount> count_slots(Duration from_in, Duration width, size_t count);
  FarPage due_before(TimePoint until, size_t limit = 100);
  void mark_transferred(const std::vector<EventId>& ids, uint64_t revision = 1);

  ManualClock clock;
  std::unique_ptr<EventPlace> place = GetParam().make();
  EventStoreSetup setup_used;
  EventStores stores;
  std::mutex begun_mutex;
  std::map<EventId, TimePoint> begun_at;  ///< fire_at under which the last begin gave an event
};

class NearStoreTest : public EventStoreTest {};
class NearStoreRaceTest : public EventStoreTest {};
class EventCatalogTest : public EventStoreTest {};
class FarStoreTest : public EventStoreTest {};
class TailStoreTest : public EventStoreTest {};

class FarGuardTest : public EventStoreTest {
 protected:
  PutOutcome claim(const Event& event, Duration keep = std::chrono::hours(48));
  void hold_back(const EventId& id, uint64_t revision, Duration keep);
  Changed cancel_far(const Event& event);
};

std::vector<EventId> ids_of(const std::vector<WindowEntry>& entries);
std::vector<EventId> ids_of(const std::vector<Event>& events);
std::vector<EventId> ids_of(const std::vector<StoredEvent>& events);
std::vector<EventId> sample_ids(std::initializer_list<uint64_t> numbers);

}  // namespace schedules::testing
