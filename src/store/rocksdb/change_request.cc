#include "model/record.h"
#include "store/rocksdb/request.h"

namespace schedules::rocks {
namespace {

/// What cancel and change have in common: whether the event may be changed at all. `current` is set where there is one.
struct FoundToChange {
  Changed changed;
  bool may_change = false;
};

Result<FoundToChange> find_to_change(Group& group, const Slot& slot, Scope scope, std::optional<uint64_t> revision) {
  FoundToChange found;
  const auto& entry = slot.entry;
  if (entry.kind == IdEntry::Kind::absent) return found;
  const bool pending = entry.kind == IdEntry::Kind::pending;
  const Tier tier = pending ? entry.due.run.tier : entry.tier;
  if (scope && tier != *scope) return found;
  const bool claimed = pending && group.claim(slot.id);
  auto stored = group.read(slot);
  if (!stored && stored.error().code != Code::corrupt) return fail(stored.error());
  if (!stored) return found;  // damaged: it cannot fire either
  found.changed.current = std::move(*stored);
  auto& current = *found.changed.current;
  if (!pending) {
    found.changed.result = ChangeResult::already_finished;
  } else if (!claimed) {
    current.state = State::in_flight;
    found.changed.result = ChangeResult::in_flight;
  } else if (revision && *revision != current.event.revision) {
    found.changed.result = ChangeResult::revision_conflict;
  } else {
    found.changed.result = ChangeResult::done;
    found.may_change = true;
  }
  return found;
}

class CancelAll final : public Request {
 public:
  CancelAll(std::vector<CancelRequest> wanted, Scope scope, Done<std::vector<Changed>> done)
      : wanted_(std::move(wanted)), scope_(scope), done_(std::move(done)) {
    bytes_ = wanted_.size() * sizeof(CancelRequest);
  }

  void ids(std::vector<EventId>& out) const override {
    for (const auto& one : wanted_) out.push_back(one.id);
  }

  Status apply(Group& group, size_t first) override {
    changed_.clear();
    for (size_t i = 0; i < wanted_.size(); ++i) {
      auto& slot = group.slot(first + i);
      auto found = find_to_change(group, slot, scope_, wanted_[i].if_revision);
      if (!found) return fail(found.error());
      if (found->may_change) cancel(group, slot, wanted_[i], *found->changed.current);
      changed_.push_back(std::move(found->changed));
    }
    return {};
  }

  void answer(const Status& written) override {
    if (!written) return done_(fail(written.error()));
    done_(std::move(changed_));
  }

 private:
  static void cancel(Group& group, Slot& slot, const CancelRequest& wanted, StoredEvent& current) {
    const auto old = slot.entry;
    current.state = State::cancelled;
    current.tier = old.due.run.tier;
    current.outcome =
        Outcome{.state = State::cancelled, .at = wanted.at, .settled_at = wanted.at, .reason = wanted.reason};
    current.event.body.clear();
    current.event.headers.clear();
    std::string record;
    pack(current, record);
    group.drop_pending(old.due, old.moved);
    group.put_finished(slot, State::cancelled, current.tier, old.due.place.sequence, group.keep(std::move(record)));
  }

  std::vector<CancelRequest> wanted_;
  const Scope scope_;
  Done<std::vector<Changed>> done_;
  std::vector<Changed> changed_;
};

class ChangeAll final : public Request {
 public:
  ChangeAll(std::vector<Event> events, Scope scope, Placement placement, Done<std::vector<Changed>> done)
      : events_(std::move(events)), scope_(scope), placement_(placement), done_(std::move(done)) {
    for (const auto& event : events_) bytes_ += sizeof(Event) + event.body.size();
  }

  void ids(std::vector<EventId>& out) const override {
    for (const auto& event : events_) out.push_back(event.id);
  }

  Status apply(Group& group, size_t first) override {
    changed_.clear();
    for (size_t i = 0; i < events_.size(); ++i) {
      auto& slot = group.slot(first + i);
      auto found = find_to_change(group, slot, scope_, events_[i].revision);
      if (!found) return fail(found.error());
      if (found->may_change) change(group, slot, events_[i], *found->changed.current);
      changed_.push_back(std::move(found->changed));
    }
    return {};
  }

  void answer(const Status& written) override {
    if (!written) return done_(fail(written.error()));
    done_(std::move(changed_));
  }

 private:
  void change(Group& group, Slot& slot, const Event& event, StoredEvent& current) const {
    const auto old = slot.entry;
    current.event = event;
    ++current.event.revision;
    current.tier = tier_for(old.due.run.tier, event.fire_at, group.now());
    std::string value(event.id.view());
    pack(current.event, State::pending, current.tier, Outcome{}, value);
    const DueKey key{.run = run_of(current.tier, shard_of(event.id, placement_.shards), event.priority),
                     .place = {.fire_at = to_micros(event.fire_at), .sequence = old.due.place.sequence}};
    group.drop_pending(old.due, old.moved);
    group.put_pending(slot, key, event.fire_at != event.due_at, group.keep(std::move(value)));
  }

  [[nodiscard]] Tier tier_for(Tier now_in, TimePoint fire_at, TimePoint now) const {
    if (scope_) return now_in;
    return fire_at - now > placement_.immediate_horizon ? Tier::far : Tier::near;
  }

  std::vector<Event> events_;
  const Scope scope_;
  const Placement placement_;
  Done<std::vector<Changed>> done_;
  std::vector<Changed> changed_;
};

}  // namespace

std::unique_ptr<Request> cancel_request(std::vector<CancelRequest> wanted, Scope scope,
                                        Done<std::vector<Changed>> done) {
  return std::make_unique<CancelAll>(std::move(wanted), scope, std::move(done));
}

std::unique_ptr<Request> change_request(std::vector<Event> events, Scope scope, Placement placement,
                                        Done<std::vector<Changed>> done) {
  return std::make_unique<ChangeAll>(std::move(events), scope, placement, std::move(done));
}

}  // namespace schedules::rocks
