#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include <numeric>

#include "base/log.h"
#include "model/record.h"
#include "store/rocksdb/firing.h"

namespace schedules::rocks {
namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

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
std::vector<std::optional<DueKey>> places_of(const Database::Reading& reading, const std::vector<WindowEntry>& entries) {
  std::vector<std::optional<DueKey>> places(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (entry.sequence != 0) {
      places[i] = DueKey{.run = run_of(Tier::near, entry.shard, entry.priority),
                         .place = {.fire_at = to_micros(entry.fire_at), .sequence = entry.sequence}};
      continue;
    }
    std::string value;
    const auto status = reading.db().Get(rocksdb::ReadOptions(), reading.family(Family::id), slice(entry.id.view()), &value);
    const auto known = status.ok() ? read_id_entry(value) : std::nullopt;
    const bool waits = known && known->kind == IdEntry::Kind::pending && known->due.run.tier == Tier::near &&
                       known->due.place.fire_at == to_micros(entry.fire_at);
    if (waits) places[i] = known->due;
  }
  return places;
}

Result<std::vector<std::optional<StoredEvent>>> read_marked(Database& database, const std::vector<WindowEntry>& entries,
                                                            const std::vector<bool>& marked,
                                                            std::vector<std::optional<DueKey>>& places) {
  const auto reading = database.read();
  if (!reading) return fail(reading.error());
  places = places_of(*reading, entries);
  std::vector<size_t> order;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (marked[i] && places[i]) order.push_back(i);
  }
  std::ranges::sort(order, [&](size_t a, size_t b) { return *places[a] < *places[b]; });
  std::vector<std::optional<StoredEvent>> found(entries.size());
  DueReader reader(*reading);
  for (const size_t at : order) found[at] = reader.read(entries[at].id, *places[at]);
  if (!reader.status()) return fail(reader.status().error());
  return found;
}

}  // namespace

// Marked first, read then: a change that commits after the mark has waited for what the read decides, and one that
// committed before it is seen by the read.
Result<std::vector<Event>> begin_events(Database& database, Ledger& ledger, const BeginRequest& request) {
  const auto& entries = request.entries;
  const auto marked = ledger.in_flight.mark(entries);
  std::vector<std::optional<DueKey>> places(entries.size());
  auto found = read_marked(database, entries, marked, places);
  std::vector<InFlight::Look> looks;
  std::vector<Event> events;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!marked[i]) continue;
    auto& look = looks.emplace_back(InFlight::Look{.id = entries[i].id, .found = std::nullopt});
    if (!found || !(*found)[i]) continue;
    auto& event = (*found)[i]->event;
    look.found = InFlight::Begun{.due = *places[i], .moved = event.fire_at != event.due_at};
    events.push_back(std::move(event));
  }
  ledger.in_flight.decide(looks);
  if (!found) return fail(found.error());
  return events;
}

}  // namespace schedules::rocks
