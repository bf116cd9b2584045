#include "store/rocksdb/rocks_store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include "base/executor.h"
#include "store/rocksdb/catalog.h"
#include "store/rocksdb/firing.h"
#include "store/rocksdb/migrations.h"
#include "store/rocksdb/open_on.h"
#include "store/rocksdb/tail_messages.h"
#include "store/rocksdb/writer.h"

namespace schedules {
namespace rocks {

/// What all faces share. Destroyed from the bottom up: the writer first, the database last.
struct Engine {
  Engine(const RocksOptions& options, const Clock& clock_in, std::unique_ptr<Database> opened)
      : clock(clock_in),
        placement{.shards = opened->shards(), .immediate_horizon = options.immediate_horizon},
        database(std::move(opened)),
        ledger(placement.shards, options.dedupe_window) {}

  void start(const RocksOptions& options) {
    firing = thread_executor("rocks-firing");
    api = thread_executor("rocks-api");
    writer = std::make_unique<Writer>(
        *database, ledger, clock, *api,
        Writer::Limits{.queue_bytes = options.queue_bytes, .queue_requests = options.queue_requests});
  }

  const Clock& clock;
  const Placement placement;
  std::unique_ptr<Database> database;
  Ledger ledger;
  std::unique_ptr<Executor> firing;
  std::unique_ptr<Executor> api;
  std::unique_ptr<Writer> writer;
};

namespace {

class Near final : public NearStore {
 public:
  explicit Near(Engine& engine) : engine_(engine) {}
  [[nodiscard]] uint32_t shards() const override { return engine_.placement.shards; }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const override {
    return rocks::shard_of(id, engine_.placement.shards);
  }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override {
    engine_.writer->submit(put_request(std::move(events), Tier::near, mode, shards(), std::move(done)));
  }
  void window(WindowRequest request, Done<WindowPage> done) override {
    engine_.firing->post([this, request, done = std::move(done)]() mutable {
      done(read_window(*engine_.database, engine_.ledger, request));
    });
  }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override {
    engine_.firing->post([this, request = std::move(request), done = std::move(done)]() mutable {
      done(begin_events(*engine_.database, engine_.ledger, request));
    });
  }
  void settle(std::vector<Settlement> settlements, Done<void> done) override {
    engine_.writer->submit(settle_request(std::move(settlements), shards(), std::move(done)));
  }

 private:
  Engine& engine_;
};

class Far final : public FarStore {
 public:
  explicit Far(Engine& engine) : engine_(engine) {}
  void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) override {
    engine_.writer->submit(
        put_request(std::move(events), Tier::far, PutMode::if_absent, engine_.placement.shards, std::move(done)));
  }
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override {
    engine_.api->post([this, until, limit, done = std::move(done)]() mutable {
      done(read_due_before(*engine_.database, engine_.ledger, until, limit));
    });
  }
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override {
    engine_.writer->submit(transferred_request(std::move(moved), std::move(done)));
  }

 private:
  Engine& engine_;
};

class Catalog final : public EventCatalog {
 public:
  Catalog(Engine& engine, Scope scope) : engine_(engine), scope_(scope) {}
  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override {
    engine_.api->post([this, ids = std::move(ids), done = std::move(done)]() mutable {
      done(get_events(*engine_.database, engine_.ledger, engine_.clock.wall(), ids, scope_));
    });
  }
  void find(FindRequest request, Done<EventPage> done) override {
    engine_.api->post([this, request = std::move(request), done = std::move(done)]() mutable {
      done(find_events(*engine_.database, engine_.ledger, request, scope_));
    });
  }
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override {
    engine_.writer->submit(cancel_request(std::move(requests), scope_, std::move(done)));
  }
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override {
    engine_.writer->submit(change_request(std::move(events), scope_, engine_.placement, std::move(done)));
  }
  void counts(Done<TierCounts> done) override {
    engine_.api->post([this, done = std::move(done)]() mutable {
      done(count_events(*engine_.database, engine_.ledger, engine_.clock.wall(), scope_));
    });
  }
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override {
    engine_.api->post([this, slots, done = std::move(done)]() mutable {
      done(count_by_slot(*engine_.database, engine_.ledger, slots, scope_));
    });
  }

 private:
  Engine& engine_;
  const Scope scope_;
};

class Tail final : public TailStore {
 public:
  explicit Tail(Engine& engine) : engine_(engine) {}
  void append_tail(std::vector<TailMessage> messages, Done<uint64_t> done) override {
    engine_.writer->submit(append_tail_request(std::move(messages), std::move(done)));
  }
  Result<std::vector<TailMessage>> read_tail(uint64_t from, size_t limit) override {
    const auto reading = engine_.database->read();
    if (!reading) return fail(reading.error());
    return read_tail_from(*reading, std::max(from, engine_.ledger.tail.committed().first), limit);
  }
  TailRange tail_range() override {
    auto range = engine_.ledger.tail.committed();
    if (range.first > range.last) range.first = 0;
    return range;
  }
  void trim_tail(TimePoint before, uint64_t keep, Done<void> done) override {
    engine_.writer->submit(trim_tail_request(before, keep, std::move(done)));
  }

 private:
  Engine& engine_;
};

bool waits(const Database::Reading& reading, const EventId& id) {
  std::string value;
  const rocksdb::Slice key(id.view().data(), id.view().size());
  const auto status = reading.db().Get(rocksdb::ReadOptions(), reading.family(Family::id), key, &value);
  const auto known = status.ok() ? read_id_entry(value) : std::nullopt;
  return known && known->kind == IdEntry::Kind::pending;
}

}  // namespace
}  // namespace rocks

class RocksStore::Parts {
 public:
  Parts(const RocksOptions& options, const Clock& clock, std::unique_ptr<rocks::Database> database)
      : engine(options, clock, std::move(database)) {}

  rocks::Engine engine;
  rocks::Near near{engine};
  rocks::Far far{engine};
  rocks::Catalog both{engine, std::nullopt};
  rocks::Catalog near_catalog{engine, Tier::near};
  rocks::Catalog far_catalog{engine, Tier::far};
  rocks::Tail tail{engine};
};

Result<std::unique_ptr<RocksStore>> rocks::open_on(const RocksOptions& options, const Clock& clock, rocksdb::Env* env) {
  auto database = Database::open(options, clock, env);
  if (!database) return fail(database.error());
  auto parts = std::make_unique<RocksStore::Parts>(options, clock, std::move(*database));
  {
    auto reading = parts->engine.database->read();
    if (!reading) return fail(reading.error());
    if (auto loaded = parts->engine.ledger.load(*reading); !loaded) return fail(loaded.error());
  }
  // A test's own files (env) are not the machine's: nothing is marked there.
  if (env == nullptr && options.mark_in_flight) {
    auto reading = parts->engine.database->read();
    if (!reading) return fail(reading.error());
    parts->engine.ledger.in_flight.keep_marks(
        CrashMarks::open(options.dir, clock.wall(), [&](const EventId& id) { return waits(*reading, id); }));
  }
  parts->engine.start(options);
  return std::make_unique<RocksStore>(std::move(parts));
}

Result<std::unique_ptr<RocksStore>> RocksStore::open(RocksOptions options, const Clock& clock) {
  return rocks::open_on(options, clock, nullptr);
}

Result<LayoutStatus> RocksStore::inspect(const std::string& dir) {
  const auto marker = rocks::look_at_marker(*rocksdb::Env::Default(), dir);
  if (!marker) return fail(marker.error());
  return LayoutStatus{
      .exists = marker->has_value(), .found = *marker ? (*marker)->layout : 0, .current = rocks::kLayout};
}

RocksStore::RocksStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RocksStore::~RocksStore() = default;

NearStore& RocksStore::near() { return parts_->near; }
FarStore& RocksStore::far() { return parts_->far; }
EventCatalog& RocksStore::catalog() { return parts_->both; }
EventCatalog& RocksStore::near_catalog() { return parts_->near_catalog; }
EventCatalog& RocksStore::far_catalog() { return parts_->far_catalog; }
TailStore& RocksStore::tail() { return parts_->tail; }

}  // namespace schedules
