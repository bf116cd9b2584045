#include "tests/support/memory_events.h"

#include <algorithm>

namespace schedules::testing {

std::optional<PutOutcome> MemoryEvents::refused_for_far(const Event& event, PutMode mode) {
  if (mode == PutMode::from_far_store) {
    const auto newer = held_back_.find(event.id);
    if (newer != held_back_.end() && event.revision < newer->second) return PutOutcome{.result = PutResult::conflict};
    claims_.erase(event.id);
    return std::nullopt;
  }
  const auto claim = claims_.find(event.id);
  if (claim == claims_.end()) return std::nullopt;
  return PutOutcome{.result = claim->second == event.fingerprint ? PutResult::exists : PutResult::conflict};
}

PutOutcome MemoryEvents::put_one(Event event, PutMode mode, Tier tier) {
  const auto found = rows_.find(event.id);
  if (found != rows_.end() && !broken_.put_if_absent) {
    const StoredEvent& old = found->second.stored;
    const bool waits = old.state == State::pending && !in_flight_.contains(event.id);
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
  Row row{.stored = StoredEvent{.event = std::move(event), .tier = tier}, .sequence = ++sequence_};
  const EventId id = row.stored.event.id;
  in_flight_.erase(id);
  rows_[id] = std::move(row);
  return PutOutcome{.result = PutResult::created, .existing = std::nullopt, .sequence = sequence_};
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

void MemoryEvents::window(WindowRequest request, Done<WindowPage> done) {
  ++window_reads;
  std::vector<WindowEntry> due;
  std::vector<WindowEntry> later;
  for (const auto& [id, row] : rows_) {
    const auto& event = row.stored.event;
    if (row.stored.state != State::pending || row.stored.tier != Tier::near || in_flight_.contains(id)) continue;
    seen_by_window_[id] = event;
    (event.fire_at <= request.now ? due : later).push_back({id, event.fire_at, row.sequence, event.priority, 0});
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
  done(std::move(page));
}

void MemoryEvents::begin(BeginRequest request, Done<std::vector<Event>> done) {
  std::vector<Event> events;
  for (const auto& entry : request.entries) {
    if (broken_.begin_check) {
      if (seen_by_window_.contains(entry.id)) events.push_back(seen_by_window_[entry.id]);
      continue;
    }
    const auto found = rows_.find(entry.id);
    if (found == rows_.end() || in_flight_.contains(entry.id)) continue;
    const auto& stored = found->second.stored;
    const bool waits = stored.state == State::pending && stored.tier == Tier::near;
    if (!waits || stored.event.fire_at != entry.fire_at) continue;
    in_flight_.insert(entry.id);
    events.push_back(stored.event);
  }
  done(std::move(events));
}

void MemoryEvents::settle(std::vector<Settlement> settlements, Done<void> done) {
  for (auto& settlement : settlements) {
    const auto found = rows_.find(settlement.event.id);
    if (found == rows_.end()) continue;
    auto& stored = found->second.stored;
    const bool as_begun = in_flight_.contains(settlement.event.id) &&
                          stored.event.fire_at == settlement.begun_fire_at &&
                          stored.event.schedule_revision == settlement.event.schedule_revision;
    if (!as_begun && !broken_.begin_check) continue;
    in_flight_.erase(settlement.event.id);
    stored.state = settlement.outcome.state;
    stored.outcome = settlement.outcome;
    const uint64_t revision = stored.event.revision;
    stored.event = std::move(settlement.event);
    stored.event.revision = revision;
    if (is_final(stored.state)) {
      stored.event.body.clear();
      stored.event.headers.clear();
    }
  }
  done({});
}

void MemoryEvents::due_before(TimePoint until, size_t limit, Done<FarPage> done) {
  FarPage page;
  for (const auto& [id, row] : rows_) {
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
    const auto row = rows_.find(one.id);
    if (row == rows_.end() || row->second.stored.tier != Tier::far || is_final(row->second.stored.state)) continue;
    if (row->second.stored.event.revision <= one.revision) rows_.erase(row);
  }
  sync();
  done({});
}

void MemoryEvents::get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) {
  std::vector<std::optional<StoredEvent>> found;
  for (const auto& id : ids) {
    const auto row = rows_.find(id);
    found.push_back(row == rows_.end() ? std::nullopt : std::optional(row->second.stored));
    if (found.back() && in_flight_.contains(id)) found.back()->state = State::in_flight;
  }
  done(std::move(found));
}

void MemoryEvents::find(FindRequest request, Done<EventPage> done) {
  EventPage page;
  for (const auto& [id, row] : rows_) {
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
    const auto found = rows_.find(request.id);
    if (found == rows_.end()) {
      changed.push_back({});
      continue;
    }
    auto& stored = found->second.stored;
    ChangeResult result = ChangeResult::done;
    if (is_final(stored.state)) {
      result = ChangeResult::already_finished;
    } else if (in_flight_.contains(request.id)) {
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
    const auto found = rows_.find(event.id);
    if (found == rows_.end()) {
      changed.push_back({});
      continue;
    }
    auto& stored = found->second.stored;
    ChangeResult result = ChangeResult::done;
    if (is_final(stored.state)) {
      result = ChangeResult::already_finished;
    } else if (in_flight_.contains(event.id)) {
      result = ChangeResult::in_flight;
    } else if (event.revision != stored.event.revision) {
      result = ChangeResult::revision_conflict;
    } else {
      stored.event = std::move(event);
      ++stored.event.revision;
      found->second.sequence = ++sequence_;
    }
    changed.push_back(Changed{result, stored});
  }
  sync();
  done(std::move(changed));
}

void MemoryEvents::claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) {
  std::vector<PutOutcome> outcomes;
  for (const auto& claim : claims) {
    const auto row = rows_.find(claim.id);
    if (row != rows_.end()) {
      const bool same = row->second.stored.event.fingerprint == claim.fingerprint;
      outcomes.push_back({.result = same ? PutResult::exists : PutResult::conflict, .existing = row->second.stored});
      continue;
    }
    const auto held = claims_.try_emplace(claim.id, claim.fingerprint).first;
    outcomes.push_back({.result = held->second == claim.fingerprint ? PutResult::created : PutResult::conflict});
  }
  done(std::move(outcomes));
}

void MemoryEvents::hold_back(std::vector<FarRevision> newer, Duration /*keep*/, Done<void> done) {
  for (const auto& one : newer) held_back_[one.id] = std::max(held_back_[one.id], one.revision);
  done({});
}

void MemoryEvents::cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) {
  std::vector<Changed> changed;
  for (auto& one : ended) {
    const EventId id = one.event.id;
    if (!rows_.contains(id)) {
      claims_.erase(id);
      rows_[id] = Row{.stored = one, .sequence = ++sequence_};
      changed.push_back(Changed{ChangeResult::done, std::move(one)});
      continue;
    }
    const CancelRequest request{.id = id, .at = one.outcome.at, .reason = one.outcome.reason};
    cancel({request}, [&changed](Result<std::vector<Changed>> here) { changed.push_back(std::move(here->front())); });
  }
  sync();
  done(std::move(changed));
}

void MemoryEvents::counts(Done<TierCounts> done) {
  done(TierCounts{.pending = waiting(), .in_flight = in_flight_.size(), .remembered = rows_.size() - waiting()});
}

void MemoryEvents::machine_crash() {
  rows_ = synced_;
  in_flight_.clear();
}

const StoredEvent* MemoryEvents::look(const EventId& id) const {
  const auto found = rows_.find(id);
  return found == rows_.end() ? nullptr : &found->second.stored;
}

size_t MemoryEvents::waiting() const {
  return static_cast<size_t>(
      std::ranges::count_if(rows_, [](const auto& row) { return row.second.stored.state == State::pending; }));
}

}  // namespace schedules::testing
