#include "tests/support/memory_events.h"

#include <algorithm>

#include "store/crash_note.h"

namespace schedules::testing {

std::optional<PutOutcome> MemoryEvents::refused_for_far(const Event& event, PutMode mode) {
  if (mode == PutMode::from_far_store) {
    const auto newer = data_.held_back.find(event.id);
    if (newer != data_.held_back.end() && clock_.wall() < newer->second.until &&
        event.revision < newer->second.revision)
      return PutOutcome{.result = PutResult::conflict};
    data_.claims.erase(event.id);
    return std::nullopt;
  }
  const auto claim = data_.claims.find(event.id);
  if (claim == data_.claims.end()) return std::nullopt;
  return PutOutcome{.result = claim->second == event.fingerprint ? PutResult::exists : PutResult::conflict};
}

PutOutcome MemoryEvents::put_one(Event event, PutMode mode, Tier tier) {
  const auto found = data_.rows.find(event.id);
  if (found != data_.rows.end() && !broken_.put_if_absent) {
    const StoredEvent& old = found->second.stored;
    const bool waits = old.state == State::pending && !data_.in_flight.contains(event.id);
    const bool replaces =
        (mode == PutMode::planned && waits && old.event.schedule_revision < event.schedule_revision) ||
        (mode == PutMode::from_far_store && waits && old.tier == Tier::far && old.event.revision == event.revision) ||
        (mode == PutMode::redriven && old.state == State::dead);
    if (!replaces) {
      const bool same = old.event.fingerprint == event.fingerprint;
      return PutOutcome{.result = same ? PutResult::exists : PutResult::conflict, .existing = old};
    }
  }
  if (const auto refused = refused_for_far(event, mode)) return *refused;
  Row row{.stored = StoredEvent{.event = std::move(event), .tier = tier}, .sequence = ++data_.sequence};
  const EventId id = row.stored.event.id;
  data_.in_flight.erase(id);
  data_.crashes.erase(id);
  if (tier == Tier::near) wake(row.stored.event);
  data_.rows[id] = std::move(row);
  return PutOutcome{.result = PutResult::created, .existing = std::nullopt, .sequence = data_.sequence};
}

void MemoryEvents::put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) {
  std::vector<PutOutcome> outcomes;
  for (auto& event : events) {
    auto refused = refuses ? refuses(event) : std::nullopt;
    outcomes.push_back(refused ? PutOutcome{.error = std::move(refused)} : put_one(std::move(event), mode, Tier::near));
  }
  sync();
  done(std::move(outcomes));
}

void MemoryEvents::put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) {
  std::vector<PutOutcome> outcomes;
  for (auto& event : events) outcomes.push_back(put_one(std::move(event), PutMode::if_absent, Tier::far));
  sync();
  done(std::move(outcomes));
}

Result<WindowPage> MemoryEvents::window_as(const std::string& node, const WindowRequest& request) {
  ++window_reads;
  if (auto current = check_lease(request.shard, node, request.epoch); !current) return fail(current.error());
  std::vector<WindowEntry> due;
  std::vector<WindowEntry> later;
  for (const auto& [id, row] : data_.rows) {
    const auto& event = row.stored.event;
    if (row.stored.state != State::pending || row.stored.tier != Tier::near || data_.in_flight.contains(id)) continue;
    if (shard_of(id) != request.shard) continue;
    seen_by_window_[id] = event;
    (event.fire_at <= request.now ? due : later)
        .push_back({id, event.fire_at, row.sequence, event.priority, request.shard});
  }
  std::ranges::sort(due, {}, [](const WindowEntry& entry) {
    return std::pair(Event::rank_of(entry.fire_at, entry.priority), entry.sequence);
  });
  std::ranges::sort(later, {}, [](const WindowEntry& entry) { return std::pair(entry.fire_at, entry.sequence); });
  WindowPage page;
  page.covered_until = request.until;
  if (due.size() > request.limit) {
    due.resize(request.limit);
    page.covered_until = TimePoint::min();
  }
  page.entries = std::move(due);
  for (const auto& entry : later) {
    if (entry.fire_at > request.until) {
      page.next_fire_at = entry.fire_at;
      break;
    }
    if (page.entries.size() >= request.limit) {
      page.covered_until = std::min(page.covered_until, entry.fire_at - Duration(1));
      page.next_fire_at = entry.fire_at;
      break;
    }
    page.entries.push_back(entry);
  }
  return page;
}

void MemoryEvents::begin(BeginRequest request, Done<std::vector<Event>> done) {
  done(begin_as(FlightMark{.epoch = request.epoch, .token = "", .node = ""}, request));
}

Status MemoryEvents::check_lease(uint32_t shard, const std::string& node, uint64_t epoch) const {
  if (broken_.fencing || !is_lease || epoch == 0 || is_lease(shard, node, epoch)) return {};
  return fail(Code::stale_epoch, "the shard has another owner");
}

Result<std::vector<Event>> MemoryEvents::begin_as(const FlightMark& mark, const BeginRequest& request) {
  if (auto current = check_lease(request.shard, mark.node, request.epoch); !current) return fail(current.error());
  if (data_.voided.contains(mark.token)) return fail(Code::conflict, "this begin was given up");
  std::vector<Event> events;
  for (const auto& entry : request.entries) {
    if (broken_.begin_check) {
      if (seen_by_window_.contains(entry.id)) events.push_back(seen_by_window_[entry.id]);
      continue;
    }
    const auto found = data_.rows.find(entry.id);
    if (found == data_.rows.end() || data_.in_flight.contains(entry.id)) continue;
    const auto& stored = found->second.stored;
    const bool waits = stored.state == State::pending && stored.tier == Tier::near;
    if (!waits || stored.event.fire_at != entry.fire_at) continue;
    data_.in_flight[entry.id] = mark;
    events.push_back(stored.event);
    if (const auto crashes = data_.crashes.find(entry.id); crashes != data_.crashes.end()) {
      for (const TimePoint at : crashes->second) note_crash(events.back(), at);
    }
  }
  return events;
}

Result<void> MemoryEvents::settle_as(const std::string& node, std::vector<Settlement>& settlements) {
  for (const auto& settlement : settlements) {
    if (auto current = check_lease(settlement.shard, node, settlement.epoch); !current) return fail(current.error());
  }
  for (auto& settlement : settlements) {
    const auto mark = data_.in_flight.find(settlement.event.id);
    const bool ours = broken_.begin_check || broken_.fencing ||
                      (mark != data_.in_flight.end() && mark->second.epoch == settlement.epoch &&
                       (settlement.epoch != 0 || mark->second.node == node));
    if (ours) settle_one(std::move(settlement));
  }
  return {};
}

void MemoryEvents::settle_one(Settlement settlement) {
  const EventId id = settlement.event.id;
  const auto found = data_.rows.find(id);
  if (found == data_.rows.end()) return;
  auto& stored = found->second.stored;
  const bool as_begun = data_.in_flight.contains(id) && stored.event.fire_at == settlement.begun_fire_at &&
                        stored.event.schedule_revision == settlement.event.schedule_revision;
  if (!as_begun && !broken_.begin_check) return;
  data_.in_flight.erase(id);
  stored.state = settlement.outcome.state;
  stored.outcome = settlement.outcome;
  const uint64_t revision = stored.event.revision;
  stored.event = std::move(settlement.event);
  stored.event.revision = revision;
  stored.event.begun_epoch = 0;
  if (is_final(stored.state)) {
    stored.event.body.clear();
    stored.event.headers.clear();
    data_.crashes.erase(id);
  } else if (settlement.epoch == 0) {
    wake(stored.event);
  }
}

Result<void> MemoryEvents::give_back(uint32_t shard, const FlightMark& mark, const std::vector<EventId>& ids) {
  if (auto current = check_lease(shard, mark.node, mark.epoch); !current) return fail(current.error());
  data_.voided.insert(mark.token);
  for (const auto& id : ids) {
    const auto found = data_.in_flight.find(id);
    if (found == data_.in_flight.end() || found->second.token != mark.token) continue;
    data_.in_flight.erase(found);
    if (mark.epoch == 0) wake(data_.rows[id].stored.event);
  }
  return {};
}

void MemoryEvents::recover(uint32_t shard, const FlightMark& owner, bool crashed) {
  std::erase_if(data_.in_flight, [&](const auto& flight) {
    const auto& [id, mark] = flight;
    const bool theirs = mark.epoch < owner.epoch || (mark.epoch == owner.epoch && mark.node != owner.node);
    if (mark.epoch == 0 || !theirs || shard_of(id) != shard) return false;
    if (crashed) data_.crashes[id].push_back(clock_.wall());
    return true;
  });
}

std::vector<EventId> MemoryEvents::recover_claims(uint32_t shard, const std::vector<std::string>& alive,
                                                  const FlightMark& self, const Knows& knows) {
  std::vector<EventId> back;
  std::erase_if(data_.in_flight, [&](const auto& flight) {
    const auto& [id, mark] = flight;
    if (mark.epoch != 0 || shard_of(id) != shard) return false;
    const bool ours = mark.node == self.node && mark.token.starts_with(self.token);
    const bool lives = mark.node != self.node && std::ranges::find(alive, mark.node) != alive.end();
    if (lives || (ours && knows(id, mark.token))) return false;
    back.push_back(id);
    return true;
  });
  for (const auto& id : back) wake(data_.rows[id].stored.event);
  return back;
}

bool MemoryEvents::has_in_flight(uint32_t shard, uint64_t epoch) const {
  return std::ranges::any_of(data_.in_flight, [&](const auto& flight) {
    return flight.second.epoch == epoch && shard_of(flight.first) == shard;
  });
}

void MemoryEvents::due_before(TimePoint until, size_t limit, Done<FarPage> done) {
  FarPage page;
  for (const auto& [id, row] : data_.rows) {
    if (row.stored.state != State::pending || row.stored.tier != Tier::far) continue;
    if (row.stored.event.fire_at <= until) page.events.push_back(row.stored.event);
  }
  std::ranges::sort(page.events, {}, &Event::fire_at);
  page.more = page.events.size() > limit;
  if (page.more) page.events.resize(limit);
  done(std::move(page));
}

// Where the near store is the same, put(from_far_store) has taken the row over.
void MemoryEvents::mark_transferred(std::vector<FarRevision> moved, Done<void> done) {
  for (const auto& one : moved) {
    const auto row = data_.rows.find(one.id);
    if (row == data_.rows.end() || row->second.stored.tier != Tier::far || is_final(row->second.stored.state)) continue;
    if (row->second.stored.event.revision <= one.revision) data_.rows.erase(row);
  }
  sync();
  done({});
}

void MemoryEvents::get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) {
  std::vector<std::optional<StoredEvent>> found;
  for (const auto& id : ids) {
    const auto row = data_.rows.find(id);
    found.push_back(row == data_.rows.end() ? std::nullopt : std::optional(row->second.stored));
    if (found.back() && data_.in_flight.contains(id)) found.back()->state = State::in_flight;
  }
  done(std::move(found));
}

void MemoryEvents::find(FindRequest request, Done<EventPage> done) {
  EventPage page;
  for (const auto& [id, row] : data_.rows) {
    if (row.stored.state == State::pending && request.filter.matches(row.stored.event))
      page.events.push_back(row.stored);
  }
  std::ranges::sort(page.events, {}, [](const StoredEvent& stored) { return stored.event.fire_at; });
  if (page.events.size() > request.limit) page.events.resize(request.limit);
  done(std::move(page));
}

void MemoryEvents::cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) {
  std::vector<Changed> changed;
  for (const auto& request : requests) {
    const auto found = data_.rows.find(request.id);
    if (found == data_.rows.end()) {
      changed.push_back({});
      continue;
    }
    auto& stored = found->second.stored;
    ChangeResult result = ChangeResult::done;
    if (is_final(stored.state)) {
      result = ChangeResult::already_finished;
    } else if (data_.in_flight.contains(request.id)) {
      result = ChangeResult::in_flight;
    } else if (request.if_revision && *request.if_revision != stored.event.revision) {
      result = ChangeResult::revision_conflict;
    } else {
      stored.state = State::cancelled;
      stored.outcome = Outcome{.state = State::cancelled, .at = request.at, .reason = request.reason};
    }
    changed.push_back(Changed{result, stored});
  }
  sync();
  done(std::move(changed));
}

void MemoryEvents::change(std::vector<Event> events, Done<std::vector<Changed>> done) {
  std::vector<Changed> changed;
  for (auto& event : events) {
    const auto found = data_.rows.find(event.id);
    if (found == data_.rows.end()) {
      changed.push_back({});
      continue;
    }
    auto& stored = found->second.stored;
    ChangeResult result = ChangeResult::done;
    if (is_final(stored.state)) {
      result = ChangeResult::already_finished;
    } else if (data_.in_flight.contains(event.id)) {
      result = ChangeResult::in_flight;
    } else if (event.revision != stored.event.revision) {
      result = ChangeResult::revision_conflict;
    } else {
      stored.event = std::move(event);
      ++stored.event.revision;
      found->second.sequence = ++data_.sequence;
      if (stored.tier == Tier::near) wake(stored.event);
    }
    changed.push_back(Changed{result, stored});
  }
  sync();
  done(std::move(changed));
}

void MemoryEvents::claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) {
  std::vector<PutOutcome> outcomes;
  for (const auto& claim : claims) {
    const auto row = data_.rows.find(claim.id);
    if (row != data_.rows.end()) {
      const bool same = row->second.stored.event.fingerprint == claim.fingerprint;
      outcomes.push_back({.result = same ? PutResult::exists : PutResult::conflict, .existing = row->second.stored});
      continue;
    }
    const auto held = data_.claims.try_emplace(claim.id, claim.fingerprint).first;
    outcomes.push_back({.result = held->second == claim.fingerprint ? PutResult::created : PutResult::conflict});
  }
  done(std::move(outcomes));
}

void MemoryEvents::hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) {
  for (const auto& one : newer) {
    auto& hold = data_.held_back[one.id];
    if (hold.until <= clock_.wall()) hold.revision = 0;
    hold = {.revision = std::max(hold.revision, one.revision), .until = clock_.wall() + keep};
  }
  done({});
}

void MemoryEvents::cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) {
  std::vector<Changed> changed;
  for (auto& one : ended) {
    const EventId id = one.event.id;
    if (!data_.rows.contains(id)) {
      data_.claims.erase(id);
      data_.rows[id] = Row{.stored = one, .sequence = ++data_.sequence};
      changed.push_back(Changed{ChangeResult::done, std::move(one)});
      continue;
    }
    const CancelRequest request{.id = id, .at = one.outcome.at, .reason = one.outcome.reason};
    cancel({request}, [&changed](Result<std::vector<Changed>> here) {
      if (here) std::ranges::move(*here, std::back_inserter(changed));
    });
  }
  sync();
  done(std::move(changed));
}

void MemoryEvents::counts(Done<TierCounts> done) {
  done(TierCounts{
      .pending = waiting(), .in_flight = data_.in_flight.size(), .remembered = data_.rows.size() - waiting()});
}

void MemoryEvents::count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) {
  std::vector<SlotCount> counts(slots.count);
  for (const auto& [id, row] : data_.rows) {
    if (is_final(row.stored.state)) continue;
    if (const auto slot = slots.slot_of(row.stored.event.fire_at)) ++counts[*slot].count;
  }
  done(std::move(counts));
}

void MemoryEvents::machine_crash() {
  data_.rows = synced_;
  data_.in_flight.clear();
}

const StoredEvent* MemoryEvents::look(const EventId& id) const {
  const auto found = data_.rows.find(id);
  return found == data_.rows.end() ? nullptr : &found->second.stored;
}

size_t MemoryEvents::waiting() const {
  return static_cast<size_t>(
      std::ranges::count_if(data_.rows, [](const auto& row) { return row.second.stored.state == State::pending; }));
}

}  // namespace schedules::testing
