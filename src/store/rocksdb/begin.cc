#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include <numeric>

#include "base/log.h"
#include "model/record.h"
#include "store/rocksdb/firing.h"
#include "store/rocksdb/slice.h"

namespace schedules::rocks {
namespace {

/// Reads records by key, cheapest when asked in key order: the next one is often the neighbour.
class DueReader {
 public:
  explicit DueReader(const Database::Reading& reading) : reading_(reading) { open(true); }

  /// nullopt: not there, or damaged (noted).
  std::optional<StoredEvent> read(const EventId& id, const DueKey& due) {
    const auto key = pack(due);
    if (!stands_at(key)) {
      if (valid_) iterator_->Next();
      if (!stands_at(key)) iterator_->Seek(slice(view(key)));
      valid_ = iterator_->Valid();
    }
    if (!valid_ && iterator_->status().IsCorruption()) {
      reading_.damage().note(view(key), id.text(), iterator_->status().ToString());
      open(true);
      return std::nullopt;
    }
    if (!valid_ && !iterator_->status().ok()) status_ = fail(to_error(iterator_->status(), "reading due events"));
    if (!stands_at(key)) return std::nullopt;
    const std::string_view value(iterator_->value().data(), iterator_->value().size());
    if (read_due_id(value) != id) return std::nullopt;
    auto stored = unpack(due_record(value));
    if (stored) return std::move(*stored);
    reading_.damage().note(view(key), id.text(), stored.error().detail);
    return std::nullopt;
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  void open(bool verify) {
    rocksdb::ReadOptions options;
    options.verify_checksums = verify;
    iterator_.reset(reading_.db().NewIterator(options, reading_.family(Family::due)));
    valid_ = false;
  }
  [[nodiscard]] bool stands_at(const DueKeyBytes& key) const {
    return valid_ && iterator_->Valid() && iterator_->key() == slice(view(key));
  }

  const Database::Reading& reading_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool valid_ = false;
  Status status_;
};

/// Entries that came without a place (not from a window) get it from the id index. Others keep theirs.
std::vector<std::optional<DueKey>> places_of(const Database::Reading& reading,
                                             const std::vector<WindowEntry>& entries) {
  std::vector<std::optional<DueKey>> places(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (entry.sequence != 0) {
      places[i] = DueKey{.run = run_of(Tier::near, entry.shard, entry.priority),
                         .place = {.fire_at = to_micros(entry.fire_at), .sequence = entry.sequence}};
      continue;
    }
    std::string value;
    const auto status =
        reading.db().Get(rocksdb::ReadOptions(), reading.family(Family::id), slice(entry.id.view()), &value);
    const auto known = status.ok() ? read_id_entry(value) : std::nullopt;
    const bool waits = known && known->kind == IdEntry::Kind::pending && known->due.run.tier == Tier::near &&
                       known->due.place.fire_at == to_micros(entry.fire_at);
    if (waits) places[i] = known->due;
  }
  return places;
}

/// What a begin found: the events in key order, and for each entry where its event is.
struct Found {
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<Event> events;
  std::vector<uint32_t> index_of;
  std::vector<std::optional<DueKey>> places;
};

Result<Found> read_marked(Database& database, const InFlight& in_flight, const std::vector<WindowEntry>& entries,
                          const std::vector<bool>& marked) {
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  Found found{.events = {},
              .index_of = std::vector<uint32_t>(entries.size(), Found::kNone),
              .places = places_of(*reading, entries)};
  std::vector<uint32_t> order;
  order.reserve(entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    if (marked[i] && found.places[i]) order.push_back(i);
  }
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) { return *found.places[a] < *found.places[b]; });
  found.events.reserve(order.size());
  DueReader reader(*reading);
  for (const uint32_t at : order) {
    auto stored = reader.read(entries[at].id, *found.places[at]);
    if (!stored) continue;
    found.index_of[at] = static_cast<uint32_t>(found.events.size());
    found.events.push_back(std::move(stored->event));
    in_flight.note_crashes(found.events.back());
  }
  if (!reader.status()) return fail(reader.status().error());
  return found;
}

/// In the order asked; that is the key order already where one priority waits.
std::vector<Event> in_asked_order(Found found) {
  std::erase(found.index_of, Found::kNone);
  if (std::ranges::is_sorted(found.index_of)) return std::move(found.events);
  std::vector<Event> events;
  events.reserve(found.events.size());
  for (const uint32_t index : found.index_of) events.push_back(std::move(found.events[index]));
  return events;
}

}  // namespace

// Marked first, read then: a change that commits after the mark has waited for what the read decides, and one that
// committed before it is seen by the read.
Result<std::vector<Event>> begin_events(Database& database, Ledger& ledger, const BeginRequest& request) {
  const auto& entries = request.entries;
  const auto marked = ledger.in_flight.mark(entries);
  auto found = read_marked(database, ledger.in_flight, entries, marked);
  std::vector<InFlight::Look> looks;
  looks.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!marked[i]) continue;
    auto& look = looks.emplace_back(InFlight::Look{.id = entries[i].id, .found = std::nullopt});
    if (!found || found->index_of[i] == Found::kNone) continue;
    const auto& event = found->events[found->index_of[i]];
    look.found = InFlight::Begun{.due = *found->places[i], .moved = event.fire_at != event.due_at};
  }
  ledger.in_flight.decide(looks);
  if (!found) return fail(found.error());
  return in_asked_order(std::move(*found));
}

}  // namespace schedules::rocks
