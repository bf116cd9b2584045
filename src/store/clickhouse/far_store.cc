#include "store/clickhouse/far_store.h"

#include "base/log.h"
#include "store/clickhouse/event_reader.h"
#include "store/clickhouse/event_schema.h"
#include "store/clickhouse/event_sweep.h"
#include "store/clickhouse/far_writer.h"

namespace schedules {
namespace {

constexpr std::chrono::seconds kProbeTimeout{2};
constexpr std::chrono::seconds kRebuildTimeout{120};
constexpr int kRepairs = 3;
constexpr Duration kSweepMargin = std::chrono::hours(24);  // events that were late, clocks that differ

}  // namespace

class ClickHouseFarStore::Parts {
 public:
  Parts(const ClickHouseFarOptions& options, std::unique_ptr<clickhouse::Client> opened, const Clock& clock,
        Random& random)
      : gate(*opened, event_layout()),
        writer(gate, FarWriterOptions{.dedupe_window = options.dedupe_window}, clock, random),
        reader(gate, options.dedupe_window, clock),
        sweep(gate, options.dedupe_window + kSweepMargin, clock),
        client(std::move(opened)) {}

  void submit(FarRequestPtr request) { writer.submit(std::move(request)); }

  /// Counts that were read before a write was acknowledged are not shown after it.
  template <class T>
  Done<T> counted(Done<T> done) {
    return [this, done = std::move(done)](Result<T> result) mutable {
      reader.counts_changed();
      done(std::move(result));
    };
  }

  void due_before(TimePoint until, size_t limit, int tries, Done<FarPage> done) {
    reader.due_before(until, limit, [this, until, limit, tries, done = std::move(done)](Result<FarDue> due) mutable {
      if (!due) return done(fail(std::move(due.error())));
      if (!due->strays.empty()) {
        auto again = [this, until, limit, tries, done = std::move(done)](const Status& repaired) mutable {
          if (!repaired) return done(fail(repaired.error()));
          if (tries == 0) return done(fail(Code::io_error, "ClickHouse's due events and their ids do not agree"));
          due_before(until, limit, tries - 1, std::move(done));
        };
        return due->pointer_lost ? find_again(std::move(again))
                                 : submit(far_tidy(std::move(due->strays), std::move(again)));
      }
      const bool last = !due->page.more;
      done(std::move(due->page));
      if (last) sweep.run_if_due();
    });
  }

  void find_again(Done<void> done) {
    log::warn("clickhouse.pointers_lost");
    gate.query(clickhouse::Query{.sql = std::string(rebuild_pointers()), .timeout = kRebuildTimeout},
               [done = std::move(done)](const Result<clickhouse::Answer>& answer) mutable {
                 if (!answer) return done(fail(answer.error()));
                 done({});
               });
  }

  ClickHouseGate gate;
  FarWriter writer;
  ClickHouseEventReader reader;
  ClickHouseEventSweep sweep;
  std::unique_ptr<clickhouse::Client> client;  ///< last: its end answers what is under way
};

Result<std::unique_ptr<ClickHouseFarStore>> ClickHouseFarStore::open(ClickHouseFarOptions options, const Clock& clock,
                                                                     Random& random) {
  auto client = clickhouse::Client::open(options.url, options.client);
  if (!client) return fail(std::move(client.error()));
  return std::make_unique<ClickHouseFarStore>(std::make_unique<Parts>(options, std::move(*client), clock, random));
}

ClickHouseFarStore::ClickHouseFarStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClickHouseFarStore::~ClickHouseFarStore() = default;

void ClickHouseFarStore::put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) {
  parts_->submit(far_put(std::move(events), parts_->counted(std::move(done))));
}

void ClickHouseFarStore::due_before(TimePoint until, size_t limit, Done<FarPage> done) {
  parts_->due_before(until, limit, kRepairs, std::move(done));
}

void ClickHouseFarStore::mark_transferred(std::vector<FarRevision> moved, Done<void> done) {
  parts_->submit(far_mark(std::move(moved), parts_->counted(std::move(done))));
}

void ClickHouseFarStore::get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) {
  parts_->reader.get(std::move(ids), std::move(done));
}

void ClickHouseFarStore::find(FindRequest request, Done<EventPage> done) {
  parts_->reader.find(std::move(request), std::move(done));
}

void ClickHouseFarStore::cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) {
  parts_->submit(far_cancel(std::move(requests), parts_->counted(std::move(done))));
}

void ClickHouseFarStore::change(std::vector<Event> events, Done<std::vector<Changed>> done) {
  parts_->submit(far_change(std::move(events), parts_->counted(std::move(done))));
}

void ClickHouseFarStore::counts(Done<TierCounts> done) { parts_->reader.counts(std::move(done)); }

void ClickHouseFarStore::count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) {
  parts_->reader.count_slots(slots, std::move(done));
}

void ClickHouseFarStore::probe(Done<void> done) {
  parts_->gate.query(clickhouse::Query{.sql = "SELECT 1", .timeout = kProbeTimeout},
                     [done = std::move(done)](const Result<clickhouse::Answer>& answer) mutable {
                       if (!answer) return done(fail(answer.error()));
                       done({});
                     });
}

void ClickHouseFarStore::inspect(Done<ClickHouseLayoutStatus> done) {
  inspect_clickhouse(*parts_->client, event_layout(), std::move(done));
}

void ClickHouseFarStore::sweep(Done<size_t> done) { parts_->sweep.run(std::move(done)); }

}  // namespace schedules
