#include "store/clickhouse/far_group.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr uint8_t kPendingRank = 0;
constexpr uint8_t kTransferredRank = 1;

StoredEvent stored_of(const FarRow& row) {
  return StoredEvent{.event = row.event,
                     .state = row.status == FarStatus::cancelled ? State::cancelled : State::pending,
                     .tier = row.status == FarStatus::transferred ? Tier::near : Tier::far,
                     .outcome = row.outcome};
}

}  // namespace

std::optional<StoredEvent> shown(const FarRow& row, TimePoint now, Duration dedupe_window) {
  if (row.status == FarStatus::pending) return stored_of(row);
  const bool remembered = row.status == FarStatus::cancelled && row.outcome.settled_at + dedupe_window > now;
  return remembered ? std::optional(stored_of(row)) : std::nullopt;
}

/// What stands for the id at present, so that it cannot be given again: what waits, what was cancelled a short time
/// ago, and what is near, for as long as it is not surely forgotten there.
const FarRow* FarGroup::live(const EventId& id) const {
  const auto slot = slots_.find(id);
  const FarRow* row = slot == slots_.end() ? nullptr : slot->second.truth();
  if (row == nullptr || shown(*row, now_, dedupe_window_)) return row;
  const bool near = row->status == FarStatus::transferred && row->event.due_at + dedupe_window_ > now_;
  return near ? row : nullptr;
}

void FarGroup::keep(FarRow row, How how) {
  row.written_at = now_;
  auto& slot = slots_[row.event.id];
  FarRow* known = slot.at_key(row);
  if (known == nullptr) known = &slot.rows.emplace_back(FarRow{.event = {}, .write = FarRow::kNotWritten});
  const size_t place = known->write;
  row.write = place == FarRow::kNotWritten ? writes_.size() : place;
  *known = std::move(row);
  if (place == FarRow::kNotWritten) {
    writes_.push_back(Write{&slot, static_cast<size_t>(known - slot.rows.data()), how});
  } else {  // of what one group makes of a row, the last is written
    writes_[place].how = std::max(writes_[place].how, how);
  }
}

PutOutcome FarGroup::put(Event event) {
  if (const FarRow* known = live(event.id)) {
    const bool same = known->event.fingerprint == event.fingerprint;
    return PutOutcome{.result = same ? PutResult::exists : PutResult::conflict, .existing = stored_of(*known)};
  }
  FarVersion version{.revision = event.revision, .rank = kPendingRank};
  const auto slot = slots_.find(event.id);
  if (slot != slots_.end() && slot->second.truth() != nullptr) {
    version.life = static_cast<uint8_t>(FarVersion::of(slot->second.truth()->version).life + 1);
  }
  FarRow row{.event = std::move(event), .version = version.at(now_, node_)};
  keep(std::move(row), How::new_row);
  return PutOutcome{.result = PutResult::created, .existing = std::nullopt};
}

Changed FarGroup::cancel(const CancelRequest& wanted) {
  const FarRow* known = live(wanted.id);
  if (known == nullptr || known->status == FarStatus::transferred) return {};
  if (known->status == FarStatus::cancelled) return {ChangeResult::already_finished, stored_of(*known)};
  if (wanted.if_revision && *wanted.if_revision != known->event.revision) {
    return {ChangeResult::revision_conflict, stored_of(*known)};
  }
  FarRow row = *known;
  FarVersion version = FarVersion::of(row.version);
  version.ended = true;
  row.version = version.at(now_, node_);
  row.status = FarStatus::cancelled;
  row.outcome = Outcome{.state = State::cancelled, .at = wanted.at, .settled_at = wanted.at, .reason = wanted.reason};
  row.event.body.clear();
  row.event.headers.clear();
  contested_.insert(wanted.id);
  Changed changed{ChangeResult::done, stored_of(row)};
  keep(std::move(row), How::row);
  return changed;
}

Changed FarGroup::change(const Event& event) {
  const FarRow* known = live(event.id);
  if (known == nullptr || known->status == FarStatus::transferred) return {};
  if (known->status == FarStatus::cancelled) return {ChangeResult::already_finished, stored_of(*known)};
  if (event.revision != known->event.revision) return {ChangeResult::revision_conflict, stored_of(*known)};
  const FarRow old = *known;
  FarRow row{.event = event};
  ++row.event.revision;
  row.event.created_at = old.event.created_at;
  FarVersion version = FarVersion::of(old.version);
  version.revision = row.event.revision;
  version.rank = kPendingRank;
  row.version = version.at(now_, node_);
  contested_.insert(event.id);
  Changed changed{ChangeResult::done, stored_of(row)};
  const bool moves = !row.same_key(old);
  keep(std::move(row), moves ? How::new_row : How::row);
  if (moves) {
    FarRow closed = old;
    closed.version = FarVersion::closing(old.version);
    closed.status = FarStatus::skipped;
    keep(std::move(closed), How::closing);
  }
  return changed;
}

void FarGroup::mark_transferred(const FarRevision& moved) {
  const auto slot = slots_.find(moved.id);
  if (slot == slots_.end()) return;
  // All of them: a change may have been cut short before it closed the old row.
  for (const auto& row : std::vector(slot->second.rows)) {
    if (row.status != FarStatus::pending || row.event.revision > moved.revision) continue;
    FarRow closed = row;
    FarVersion version = FarVersion::of(row.version);
    version.rank = kTransferredRank;
    closed.version = version.at(now_, node_);
    closed.status = FarStatus::transferred;
    keep(std::move(closed), How::row);
  }
}

void FarGroup::close_strays(const EventId& id) {
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return;
  const FarRow* truth = slot->second.truth();
  if (truth == nullptr) return;
  const FarRow kept = *truth;
  for (const auto& row : std::vector(slot->second.rows)) {
    if (row.status != FarStatus::pending || row.same_key(kept)) continue;
    FarRow closed = row;
    closed.version = FarVersion::closing(row.version);
    closed.status = FarStatus::skipped;
    keep(std::move(closed), How::row);
  }
}

std::vector<const FarRow*> FarGroup::of(std::initializer_list<How> kinds) const {
  std::vector<const FarRow*> rows;
  for (const auto& write : writes_) {
    if (std::ranges::find(kinds, write.how) != kinds.end()) rows.push_back(&write.slot->rows[write.row]);
  }
  return rows;
}

std::vector<const FarRow*> FarGroup::pointers() const { return of({How::new_row}); }
std::vector<const FarRow*> FarGroup::rows() const { return of({How::row, How::new_row}); }
std::vector<const FarRow*> FarGroup::closings() const { return of({How::closing}); }

std::vector<EventId> FarGroup::contested() const { return {contested_.begin(), contested_.end()}; }

void FarGroup::compare(const FarSlots& found) {
  for (const auto& id : contested_) {
    const FarRow* ours = slots_.at(id).truth();
    const auto slot = found.find(id);
    const FarRow* theirs = slot == found.end() ? nullptr : slot->second.truth();
    if (theirs != nullptr && theirs->version == ours->version) continue;
    auto& lost = lost_[id];
    const auto now = theirs == nullptr ? std::nullopt : shown(*theirs, now_, dedupe_window_);
    if (!now) {
      lost = Changed{};
    } else if (now->state == State::cancelled) {
      lost = Changed{ChangeResult::already_finished, now};
    } else {
      lost = Changed{ChangeResult::revision_conflict, now};
    }
  }
}

std::optional<Changed> FarGroup::lost(const EventId& id) const {
  const auto found = lost_.find(id);
  return found == lost_.end() ? std::nullopt : found->second;
}

}  // namespace schedules
