#include "store/rocksdb/in_flight.h"

namespace schedules::rocks {

std::vector<bool> InFlight::mark(std::span<const WindowEntry> entries) {
  std::vector<bool> marked;
  marked.reserve(entries.size());
  std::unique_lock lock(mutex_);
  released_.wait(lock, [&] {
    return claimed_.empty() ||
           std::ranges::none_of(entries, [&](const WindowEntry& entry) { return claimed_.contains(entry.id); });
  });
  for (const auto& entry : entries) marked.push_back(entries_.try_emplace(entry.id).second);
  return marked;
}

void InFlight::decide(std::span<const Look> looks) {
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& look : looks) {
      if (look.found) {
        entries_[look.id] = Entry{
            .stage = Stage::begun, .begun = *look.found, .mark = marks_ ? marks_->mark(look.id) : CrashMarks::kNone};
      } else {
        entries_.erase(look.id);
      }
    }
  }
  decided_.notify_all();
}

bool InFlight::claim(const EventId& id) {
  std::unique_lock lock(mutex_);
  decided_.wait(lock, [&] {
    const auto found = entries_.find(id);
    return found == entries_.end() || found->second.stage != Stage::looking;
  });
  if (entries_.contains(id)) return false;
  claimed_.insert(id);
  return true;
}

void InFlight::release(std::span<const EventId> ids) {
  if (ids.empty()) return;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& id : ids) claimed_.erase(id);
  }
  released_.notify_all();
}

std::optional<InFlight::Begun> InFlight::start_settling(const EventId& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.stage != Stage::begun) return std::nullopt;
  found->second.stage = Stage::settling;
  return found->second.begun;
}

void InFlight::finish_settling(std::span<const EventId> ids) {
  const std::scoped_lock lock(mutex_);
  for (const auto& id : ids) erase(id);
}

void InFlight::erase(const EventId& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (marks_) marks_->clear(found->second.mark);
  entries_.erase(found);
}

void InFlight::undo_settling(std::span<const EventId> ids) {
  const std::scoped_lock lock(mutex_);
  for (const auto& id : ids) {
    const auto found = entries_.find(id);
    if (found != entries_.end()) found->second.stage = Stage::begun;
  }
}

bool InFlight::contains(const EventId& id) const {
  const std::scoped_lock lock(mutex_);
  return entries_.contains(id);
}

size_t InFlight::size() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

std::vector<std::pair<EventId, DueKey>> InFlight::all() const {
  std::vector<std::pair<EventId, DueKey>> all;
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.stage != Stage::looking) all.emplace_back(id, entry.begun.due);
  }
  return all;
}

}  // namespace schedules::rocks
