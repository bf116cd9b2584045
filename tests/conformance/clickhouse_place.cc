#include "tests/conformance/clickhouse_place.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "base/check.h"
#include "base/random.h"
#include "tests/support/memory_events.h"

namespace schedules::testing {
namespace {

Random& test_random() {
  static const auto random = system_random();
  return *random;
}

/// Near in memory, far in ClickHouse, as one catalog; the steps are those of engine/two_tiers.h.
class BothTiers final : public EventCatalog {
 public:
  BothTiers(MemoryEvents& near, ClickHouseFarStore& far) : near_(near), far_(far) {}

  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override {
    far_.get(ids, [this, ids, done = std::move(done)](Result<std::vector<std::optional<StoredEvent>>> far) mutable {
      if (!far) return done(std::move(far));
      near_.get(ids, [&](Result<std::vector<std::optional<StoredEvent>>> near) {
        for (size_t i = 0; i < ids.size(); ++i) {
          if ((*near)[i]) (*far)[i] = std::move((*near)[i]);
        }
      });
      done(std::move(far));
    });
  }
  void find(FindRequest request, Done<EventPage> done) override { far_.find(std::move(request), std::move(done)); }
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override {
    CHECK(requests.size() == 1);
    std::optional<Changed> near;
    near_.cancel(requests, [&](Result<std::vector<Changed>> changed) { near = std::move(changed->front()); });
    if (near->result != ChangeResult::not_found) return done(std::vector{std::move(*near)});
    far_.cancel(std::move(requests), [this, done = std::move(done)](Result<std::vector<Changed>> far) mutable {
      if (far && far->front().current && far->front().current->state == State::cancelled) {
        near_.cancel(std::vector{*far->front().current}, [](const Result<std::vector<Changed>>&) {});
      }
      done(std::move(far));
    });
  }
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override {
    CHECK(events.size() == 1);
    near_.hold_back({FarRevision{events.front().id, events.front().revision + 1}}, std::chrono::hours(1),
                    [](const Result<void>&) {});
    far_.change(std::move(events), std::move(done));
  }
  void counts(Done<TierCounts> done) override {
    far_.counts([this, done = std::move(done)](Result<TierCounts> far) mutable {
      if (!far) return done(std::move(far));
      near_.counts([&](Result<TierCounts> near) { far->pending += near->pending; });
      done(std::move(far));
    });
  }
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override {
    far_.count_slots(slots, [this, slots, done = std::move(done)](Result<std::vector<SlotCount>> far) mutable {
      if (!far) return done(std::move(far));
      near_.count_slots(slots, [&](Result<std::vector<SlotCount>> near) {
        for (size_t i = 0; i < far->size(); ++i) (*far)[i].count += (*near)[i].count;
      });
      done(std::move(far));
    });
  }

 private:
  MemoryEvents& near_;
  ClickHouseFarStore& far_;
};

/// For the suite of catalogs: what it puts "near" is far, and its window is what is due.
class FarAlone final : public NearStore {
 public:
  explicit FarAlone(ClickHouseFarStore& far) : far_(far) {}
  [[nodiscard]] uint32_t shards() const override { return 1; }
  [[nodiscard]] uint32_t shard_of(const EventId&) const override { return 0; }
  void put(std::vector<Event> events, PutMode, Done<std::vector<PutOutcome>> done) override {
    far_.put(std::move(events), std::move(done));
  }
  void window(WindowRequest request, Done<WindowPage> done) override {
    far_.due_before(request.until, request.limit, [done = std::move(done)](Result<FarPage> due) mutable {
      if (!due) return done(fail(std::move(due.error())));
      WindowPage page;
      for (const auto& event : due->events) {
        page.entries.push_back(WindowEntry{event.id, event.fire_at, 0, event.priority, 0});
      }
      done(std::move(page));
    });
  }
  void begin(BeginRequest, Done<std::vector<Event>> done) override { done(fail(Code::internal, "far only")); }
  void settle(std::vector<Settlement>, Done<void> done) override { done(fail(Code::internal, "far only")); }

 private:
  ClickHouseFarStore& far_;
};

class ClickHousePlace final : public EventPlace {
 public:
  explicit ClickHousePlace(bool both) : both_(both) {}

  EventStores open(const EventStoreSetup& setup, const Clock& clock) override {
    struct Owner {
      std::unique_ptr<ClickHouseFarStore> far;
      std::unique_ptr<FarAlone> alone;
      std::unique_ptr<BothTiers> tiers;
    };
    if (!near_) near_.emplace(clock);
    auto owner = std::make_shared<Owner>();
    owner->far = ClickHouseFarStore::open({.url = database_.url(), .client = {}, .dedupe_window = setup.dedupe_window},
                                          clock, test_random())
                     .value();
    EventStores stores;
    stores.far = owner->far.get();
    stores.far_catalog = owner->far.get();
    stores.near_catalog = &*near_;
    if (both_) {
      owner->tiers = std::make_unique<BothTiers>(*near_, *owner->far);
      stores.near = &*near_;
      stores.catalog = owner->tiers.get();
    } else {
      owner->alone = std::make_unique<FarAlone>(*owner->far);
      stores.near = owner->alone.get();
      stores.catalog = owner->far.get();
    }
    stores.owner = std::move(owner);
    return stores;
  }

 private:
  const bool both_;
  ClickHouseDatabase database_;
  std::optional<MemoryEvents> near_;
};

}  // namespace

std::string clickhouse_address() {
  const char* address = std::getenv("SCHEDULES_TEST_CLICKHOUSE");
  CHECK(address != nullptr);
  return address;
}

std::string clickhouse_server() { return "http://" + clickhouse_address() + "/"; }

ClickHouseDatabase::ClickHouseDatabase()
    : name_(fmt::format("test_{:016x}", test_random().next())), client_(clickhouse::Client::open(url()).value()) {}

ClickHouseDatabase::~ClickHouseDatabase() {
  static_cast<void>(await<clickhouse::Answer>([&](auto done) {
    client_->query({.sql = "DROP DATABASE IF EXISTS " + name_, .in_database = false}, std::move(done));
  }));
}

clickhouse::Url ClickHouseDatabase::url(const std::string& address) const {
  return clickhouse::parse_url("http://" + address + "/" + name_).value();
}

std::string ClickHouseDatabase::ask(const std::string& sql) const {
  auto answer = await<clickhouse::Answer>([&](auto done) {
    client_->query({.sql = sql + " FORMAT TabSeparated", .timeout = std::chrono::seconds(60)}, std::move(done));
  });
  if (!answer) return answer.error().detail;
  if (answer->body.ends_with('\n')) answer->body.pop_back();
  return answer->body;
}

void set_clickhouse_faults(const std::string& json) {
  const auto address = clickhouse_address();
  const auto colon = address.find(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  CHECK(inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) == 1);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
  const auto request =
      fmt::format("POST /faults HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", json.size(), json);
  CHECK(send(fd, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
  char answer[4096];
  while (recv(fd, answer, sizeof(answer), 0) > 0) {
  }
  close(fd);
}

EventBackend clickhouse_far_backend() {
  return EventBackend{
      .name = "ClickHouse", .make = [] { return std::make_unique<ClickHousePlace>(true); }, .one_store = false};
}

EventBackend clickhouse_catalog_backend() {
  return EventBackend{.name = "ClickHouse",
                      .make = [] { return std::make_unique<ClickHousePlace>(false); },
                      .one_store = false,
                      .fires = false,
                      .accept_order = false};
}

}  // namespace schedules::testing
