#include "store/rocksdb/catalog.h"

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include <charconv>

#include "base/codec.h"
#include "model/record.h"
#include "store/rocksdb/run_cursor.h"
#include "store/rocksdb/slice.h"

namespace schedules::rocks {
namespace {

constexpr size_t kMostLookedAt = 10'000;  // events in one find, matching or not
constexpr size_t kMostFound = 1'000;
constexpr size_t kMostCounted = 200'000;  // events in one count by slots

std::vector<Tier> tiers_of(Scope scope) { return scope ? std::vector{*scope} : std::vector{Tier::near, Tier::far}; }

/// One point in time for all reads of a get, so that an event which moves meanwhile is seen once.
class Moment {
 public:
  explicit Moment(const Database::Reading& reading) : reading_(reading), snapshot_(&reading.db()) {
    options_.snapshot = snapshot_.snapshot();
  }

  Result<std::optional<std::string>> read(Family family, std::string_view key) const {
    std::string value;
    const auto status = reading_.db().Get(options_, reading_.family(family), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return fail(to_error(status, "reading an event"));
    return value;
  }

  Result<std::optional<StoredEvent>> event(const EventId& id, TimePoint now, Scope scope) const {
    const auto bytes = read(Family::id, id.view());
    if (!bytes) return fail(bytes.error());
    const auto entry = *bytes ? read_id_entry(**bytes) : std::nullopt;
    if (!entry) return std::nullopt;
    const bool pending = entry->kind == IdEntry::Kind::pending;
    if (!pending && entry->expires_at <= to_micros(now)) return std::nullopt;
    if (scope && *scope != (pending ? entry->due.run.tier : entry->tier)) return std::nullopt;
    const auto value = pending ? read(Family::due, view(pack(entry->due)))
                               : read(Family::done, view(done_key(entry->expires_at, entry->sequence)));
    if (!value && value.error().code != Code::corrupt) return fail(value.error());
    if (!value || !*value) {
      reading_.damage().note(id.view(), id.text(), value ? "its record is missing" : value.error().detail);
      return std::nullopt;
    }
    auto stored = unpack(pending ? due_record(**value) : std::string_view(**value));
    if (stored) return std::move(*stored);
    reading_.damage().note(id.view(), id.text(), stored.error().detail);
    return std::nullopt;
  }

 private:
  const Database::Reading& reading_;
  rocksdb::ManagedSnapshot snapshot_;
  rocksdb::ReadOptions options_;
};

// Opaque to the caller: fire_at and sequence of the next event to look at, in hex.
std::string cursor_text(const Place& place) {
  return fmt::format("{:016x}{:016x}", ordered(place.fire_at), place.sequence);
}

std::optional<Place> parse_cursor(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  uint64_t parts[2] = {0, 0};
  for (size_t i = 0; i < 2; ++i) {
    const char* begin = text.data() + 16 * i;
    const auto [end, error] = std::from_chars(begin, begin + 16, parts[i], 16);
    if (error != std::errc{} || end != begin + 16) return std::nullopt;
  }
  return Place{.fire_at = from_ordered(parts[0]), .sequence = parts[1]};
}

/// Where a scan may begin and end without looking at events that cannot match: nothing fires before it is due, and
/// where nothing was moved, nothing fires later either.
struct Range {
  Place from;
  int64_t before = INT64_MAX;
};

Range range_of(const RunTable::Scan& scan, const EventFilter& filter, const Place& cursor) {
  Range range{.from = std::max(scan.from, cursor)};
  if (filter.due_from) range.from = std::max(range.from, Place{to_micros(*filter.due_from), 0});
  if (filter.due_to && !scan.has_moved) range.before = to_micros(*filter.due_to);
  return range;
}

}  // namespace

Result<std::vector<std::optional<StoredEvent>>> get_events(Database& database, const Ledger& ledger, TimePoint now,
                                                           const std::vector<EventId>& ids, Scope scope) {
  std::vector<std::optional<StoredEvent>> found;
  found.reserve(ids.size());
  // Asked before the snapshot: what was begun by then is either still so or finished in the snapshot.
  std::vector<bool> begun;
  for (const auto& id : ids) begun.push_back(ledger.in_flight.contains(id));
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  const Moment moment(*reading);
  for (size_t i = 0; i < ids.size(); ++i) {
    auto event = moment.event(ids[i], now, scope);
    if (!event) return fail(event.error());
    if (*event && begun[i] && (*event)->state == State::pending) (*event)->state = State::in_flight;
    found.push_back(std::move(*event));
  }
  return found;
}

Result<EventPage> find_events(Database& database, const Ledger& ledger, const FindRequest& request, Scope scope) {
  Place cursor{};
  if (!request.cursor.empty()) {
    const auto parsed = parse_cursor(request.cursor);
    if (!parsed) return fail_field(Code::invalid_argument, "cursor", "is not one that this store gave");
    cursor = *parsed;
  }
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  std::vector<RunCursor> cursors;
  std::vector<int64_t> ends;
  for (const Tier tier : tiers_of(scope)) {
    for (const auto& scan : ledger.runs.scans(tier)) {
      const auto range = range_of(scan, request.filter, cursor);
      cursors.emplace_back(*reading, scan.run, range.from, RunCursor::How{.fill_cache = false});
      ends.push_back(range.before);
    }
  }
  EventPage page;
  const size_t limit = std::clamp<size_t>(request.limit, 1, kMostFound);
  size_t looked_at = 0;
  while (RunCursor* first = first_of(cursors, Order::fire_time)) {
    const auto index = static_cast<size_t>(first - cursors.data());
    if (first->place().fire_at >= ends[index]) {
      // The other runs may reach further; this one is done.
      first->stop();
      continue;
    }
    if (page.events.size() == limit || looked_at == kMostLookedAt) {
      page.next_cursor = cursor_text(first->place());
      break;
    }
    ++looked_at;
    if (auto stored = unpack(due_record(first->value())); !stored) {
      const auto id = read_due_id(first->value());
      const DueKey key{.run = first->run(), .place = first->place()};
      reading->damage().note(view(pack(key)), id ? id->text() : "unknown", stored.error().detail);
    } else if (request.filter.matches(stored->event)) {
      if (ledger.in_flight.contains(stored->event.id)) stored->state = State::in_flight;
      page.events.push_back(std::move(*stored));
    }
    first->next();
  }
  if (auto status = status_of(cursors); !status) return fail(status.error());
  return page;
}

Result<TierCounts> count_events(Database& database, const Ledger& ledger, TimePoint now, Scope scope) {
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  TierCounts counts;
  std::optional<Place> next;
  for (const Tier tier : tiers_of(scope)) {
    counts.pending += ledger.runs.pending(tier);
    counts.remembered += ledger.remembered.count(tier, now);
    if (tier == Tier::near) counts.in_flight = ledger.in_flight.size();
    for (const auto& scan : ledger.runs.scans(tier)) {
      RunCursor cursor(*reading, scan.run, scan.from, {});
      while (cursor.valid() && tier == Tier::near) {
        const auto id = read_due_id(cursor.value());
        if (!id || !ledger.in_flight.contains(*id)) break;
        cursor.next();
      }
      if (cursor.valid() && (!next || cursor.place() < *next)) next = cursor.place();
      if (!cursor.status()) return fail(cursor.status().error());
    }
  }
  counts.pending -= std::min(counts.pending, counts.in_flight);
  if (next) counts.next_fire_at = from_micros(next->fire_at);
  return counts;
}

Result<std::vector<SlotCount>> count_by_slot(Database& database, const Ledger& ledger, TimeSlots slots, Scope scope) {
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  std::vector<RunCursor> cursors;
  const Place first{to_micros(slots.from), 0};
  for (const Tier tier : tiers_of(scope)) {
    for (const auto& scan : ledger.runs.scans(tier)) {
      cursors.emplace_back(*reading, scan.run, std::max(scan.from, first), RunCursor::How{.fill_cache = false});
    }
  }
  std::vector<SlotCount> counts(slots.count);
  size_t left = kMostCounted;
  for (size_t slot = 0; slot < slots.count; ++slot) {
    // What quiet slots do not need is there for the busy ones behind them.
    const size_t most = std::max<size_t>(left / (slots.count - slot), 1);
    const int64_t end = to_micros(slots.start_of(slot + 1));
    auto& here = counts[slot];
    for (auto& cursor : cursors) {
      while (cursor.valid() && cursor.place().fire_at < end && here.count < most) {
        ++here.count;
        cursor.next();
      }
      if (!cursor.valid() || cursor.place().fire_at >= end) continue;
      here.more = true;
      cursor = RunCursor(*reading, cursor.run(), Place{end, 0}, RunCursor::How{.fill_cache = false});
    }
    left -= std::min<size_t>(left, here.count);
  }
  if (auto status = status_of(cursors); !status) return fail(status.error());
  return counts;
}

}  // namespace schedules::rocks
