#include "store/rocksdb/group.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <numeric>

#include "base/log.h"
#include "model/record.h"
#include "store/rocksdb/slice.h"

namespace schedules::rocks {
namespace {

void must(const rocksdb::Status& status) { status.PermitUncheckedError(); }

}  // namespace

Group::Group(Database::Reading reading, Ledger& ledger, rocksdb::WriteBatch& batch, TimePoint now)
    : reading_(std::move(reading)), ledger_(ledger), batch_(batch), now_(now) {}

Group::~Group() = default;

Status Group::look_up(std::span<const EventId> ids) {
  std::vector<uint32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) { return ids[a] < ids[b]; });
  slots_.clear();
  slots_.reserve(ids.size());
  slot_of_.assign(ids.size(), 0);
  for (const uint32_t at : order) {
    if (slots_.empty() || slots_.back().id != ids[at]) slots_.push_back(Slot{.id = ids[at]});
    slot_of_[at] = static_cast<uint32_t>(slots_.size() - 1);
  }
  std::vector<rocksdb::Slice> keys;
  keys.reserve(slots_.size());
  for (const auto& slot : slots_) keys.push_back(slice(slot.id.view()));
  std::vector<rocksdb::PinnableSlice> values(slots_.size());
  std::vector<rocksdb::Status> statuses(slots_.size());
  reading_.db().MultiGet(rocksdb::ReadOptions(), reading_.family(Family::id), keys.size(), keys.data(), values.data(),
                         statuses.data(), true);
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return fail(to_error(statuses[i], "looking up event ids"));
    const auto entry = read_id_entry({values[i].data(), values[i].size()});
    if (!entry) {
      log::error("rocksdb.damaged_id", {{"event_id", slots_[i].id.text()}});
      continue;
    }
    const bool expired = entry->kind == IdEntry::Kind::finished && entry->expires_at <= to_micros(now_);
    if (!expired) slots_[i].entry = *entry;
  }
  return {};
}

Result<std::string> Group::read_value(const Slot& slot) const {
  const auto& entry = slot.entry;
  std::string value;
  rocksdb::Status status;
  if (entry.kind == IdEntry::Kind::pending) {
    const auto key = pack(entry.due);
    status = reading_.db().Get(rocksdb::ReadOptions(), reading_.family(Family::due), slice(view(key)), &value);
    if (status.ok() && !value.empty()) value.erase(0, std::min(kIdBytes, value.size()));
  } else {
    const auto key = done_key(entry.expires_at, entry.sequence);
    status = reading_.db().Get(rocksdb::ReadOptions(), reading_.family(Family::done), slice(view(key)), &value);
  }
  if (status.IsNotFound()) return fail(Code::corrupt, "event {} has no record", slot.id.text());
  if (!status.ok()) return fail(to_error(status, "reading event " + slot.id.text()));
  return value;
}

Result<StoredEvent> Group::read(const Slot& slot) {
  Result<StoredEvent> stored = fail(Code::internal, "");
  if (!slot.staged.empty()) {
    stored = unpack(slot.staged);
  } else if (auto value = read_value(slot); value) {
    stored = unpack(*value);
  } else {
    stored = fail(value.error());
  }
  if (!stored && stored.error().code == Code::corrupt) {
    reading_.damage().note(slot.id.view(), slot.id.text(), stored.error().detail);
  }
  return stored;
}

bool Group::claim(const EventId& id) {
  if (!ledger_.in_flight.claim(id)) return false;
  claimed_.push_back(id);
  return true;
}

void Group::put_pending(const EventId& id, const DueKey& key, bool moved, std::string_view value) {
  due_.push_back(DueChange{.key = pack(key), .put = true, .value = value});
  ids_.push_back(IdChange{
      .id = pack(id), .put = true, .entry = IdEntry{.kind = IdEntry::Kind::pending, .due = key, .moved = moved}});
  ledger_.runs.add(key.run, key.place, moved);
}

void Group::put_pending(Slot& slot, const DueKey& key, bool moved, std::string_view value) {
  put_pending(slot.id, key, moved, value);
  slot.entry = ids_.back().entry;
  slot.staged = due_record(value);
}

void Group::drop_pending(const DueKey& key, bool moved) {
  due_.push_back(DueChange{.key = pack(key)});
  ledger_.runs.remove(key.run, moved);
}

IdEntry Group::remember(const EventId& id, State state, Tier tier, uint64_t sequence, std::string_view record) {
  const IdEntry entry{.kind = IdEntry::Kind::finished,
                      .state = state,
                      .tier = tier,
                      .expires_at = ledger_.remembered.expires_at(now_),
                      .sequence = sequence};
  must(batch_.Put(reading_.family(Family::done), slice(view(done_key(entry.expires_at, sequence))), slice(record)));
  ids_.push_back(IdChange{.id = pack(id), .put = true, .entry = entry});
  ledger_.remembered.add(tier, entry.expires_at);
  return entry;
}

void Group::put_finished(const EventId& id, State state, Tier tier, uint64_t sequence, std::string_view record) {
  static_cast<void>(remember(id, state, tier, sequence, record));
}

void Group::put_finished(Slot& slot, State state, Tier tier, uint64_t sequence, std::string_view record) {
  slot.entry = remember(slot.id, state, tier, sequence, record);
  slot.staged = record;
}

void Group::forget(Slot& slot) {
  ids_.push_back(IdChange{.id = pack(slot.id)});
  slot.entry = IdEntry{};
  slot.staged = {};
}

// In key order, because a sorted group is inserted at a fraction of the cost; changes of one key stay in their order.
void Group::write_due() {
  std::ranges::stable_sort(due_, {}, [](const DueChange& change) { return view(change.key); });
  auto* family = reading_.family(Family::due);
  for (const auto& change : due_) {
    if (change.put) {
      must(batch_.Put(family, slice(view(change.key)), slice(change.value)));
    } else {
      // Every key is put once between two deletions, so the deletion can vanish together with the put.
      must(batch_.SingleDelete(family, slice(view(change.key))));
    }
  }
}

void Group::write_ids() {
  std::ranges::stable_sort(ids_, {}, [](const IdChange& change) { return view(change.id); });
  auto* family = reading_.family(Family::id);
  for (size_t i = 0; i < ids_.size(); ++i) {
    const auto& change = ids_[i];
    if (i + 1 < ids_.size() && ids_[i + 1].id == change.id) continue;  // only the last word on an id counts
    if (change.put) {
      must(batch_.Put(family, slice(view(change.id)), slice(pack(change.entry))));
    } else {
      must(batch_.Delete(family, slice(view(change.id))));
    }
  }
}

bool Group::finish() {
  write_due();
  write_ids();
  ledger_.stage(batch_);
  return batch_.Count() > 0;
}

void Group::commit() {
  ledger_.commit();
  ledger_.in_flight.finish_settling(settling_);
  ledger_.in_flight.release(claimed_);
}

void Group::abort() {
  ledger_.abort();
  ledger_.in_flight.undo_settling(settling_);
  ledger_.in_flight.release(claimed_);
}

}  // namespace schedules::rocks
