#include "model/record.h"
#include "store/rocksdb/firing.h"
#include "store/rocksdb/run_cursor.h"

namespace schedules::rocks {
namespace {

/// The runs of one shard, merged, without what is in flight.
class WaitingEvents {
 public:
  WaitingEvents(const Database::Reading& reading, const Ledger& ledger, uint32_t shard)
      : reading_(reading), in_flight_(ledger.in_flight) {
    for (const auto& scan : ledger.runs.scans_of_shard(shard)) {
      cursors_.emplace_back(reading, scan.run, scan.from, RunCursor::How{});
    }
  }

  /// The first waiting one in this order with fire_at ≤ until; nullptr: none.
  RunCursor* first(Order order, int64_t until) {
    while (true) {
      RunCursor* cursor = order == Order::rank ? first_due(until) : first_of(cursors_, order);
      if (cursor == nullptr || cursor->place().fire_at > until) return nullptr;
      const auto id = read_due_id(cursor->value());
      if (id && !in_flight_.contains(*id) && !damaged(*cursor)) {
        id_ = *id;
        return cursor;
      }
      cursor->next();
    }
  }
  /// Of the event that first() answered.
  [[nodiscard]] const EventId& id() const { return id_; }
  [[nodiscard]] Status status() const { return status_of(cursors_); }

 private:
  // By rank, but only among what is due: a run's later events must not hide another run's due ones.
  RunCursor* first_due(int64_t until) {
    RunCursor* best = nullptr;
    for (auto& cursor : cursors_) {
      if (!cursor.valid() || cursor.place().fire_at > until) continue;
      const auto key = std::pair(cursor.rank(), cursor.place().sequence);
      if (best == nullptr || key < std::pair(best->rank(), best->place().sequence)) best = &cursor;
    }
    return best;
  }

  // What begin could not read would otherwise be offered to it for ever.
  [[nodiscard]] bool damaged(const RunCursor& cursor) const {
    return reading_.damage().contains(view(pack(DueKey{.run = cursor.run(), .place = cursor.place()})));
  }

  const Database::Reading& reading_;
  const InFlight& in_flight_;
  std::vector<RunCursor> cursors_;
  EventId id_;
};

WindowEntry entry_of(const RunCursor& cursor, const EventId& id) {
  return WindowEntry{.id = id,
                     .fire_at = from_micros(cursor.place().fire_at),
                     .sequence = cursor.place().sequence,
                     .priority = priority_of(cursor.run().priority_class),
                     .shard = cursor.run().shard};
}

}  // namespace

Result<WindowPage> read_window(Database& database, const Ledger& ledger, const WindowRequest& request) {
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  WaitingEvents waiting(*reading, ledger, request.shard);
  const size_t limit = std::max<size_t>(request.limit, 1);
  const int64_t until = to_micros(request.until);
  const int64_t due = std::min(to_micros(request.now), until);
  WindowPage page;
  page.covered_until = request.until;
  while (RunCursor* cursor = waiting.first(Order::rank, due)) {
    if (page.entries.size() == limit) {
      page.covered_until = TimePoint::min();
      page.next_fire_at = from_micros(cursor->place().fire_at);
      break;
    }
    page.entries.push_back(entry_of(*cursor, waiting.id()));
    cursor->next();
  }
  while (!page.next_fire_at) {
    RunCursor* cursor = waiting.first(Order::fire_time, INT64_MAX);
    if (cursor == nullptr) break;
    const int64_t fire_at = cursor->place().fire_at;
    if (fire_at > until || page.entries.size() == limit) {
      page.next_fire_at = from_micros(fire_at);
      if (fire_at <= until) page.covered_until = from_micros(fire_at - 1);
      break;
    }
    page.entries.push_back(entry_of(*cursor, waiting.id()));
    cursor->next();
  }
  if (auto status = waiting.status(); !status) return fail(status.error());
  return page;
}

Result<FarPage> read_due_before(Database& database, const Ledger& ledger, TimePoint until, size_t limit) {
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  FarPage page;
  const auto scan = ledger.runs.scan(RunId{.tier = Tier::far});
  if (!scan) return page;
  RunCursor cursor(*reading, scan->run, scan->from, {});
  for (; cursor.valid() && cursor.place().fire_at <= to_micros(until); cursor.next()) {
    if (page.events.size() >= std::max<size_t>(limit, 1)) {
      page.more = true;
      break;
    }
    auto stored = unpack(due_record(cursor.value()));
    if (stored) {
      page.events.push_back(std::move(stored->event));
      continue;
    }
    const auto id = read_due_id(cursor.value());
    const DueKey key{.run = cursor.run(), .place = cursor.place()};
    reading->damage().note(view(pack(key)), id ? id->text() : "unknown", stored.error().detail);
  }
  if (!cursor.status()) return fail(cursor.status().error());
  return page;
}

}  // namespace schedules::rocks
