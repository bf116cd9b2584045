#include "tests/support/memory_schedules.h"

#include <algorithm>

namespace schedules::testing {

void MemorySchedules::create(Schedule schedule, Done<Schedule> done) {
  const auto same_name = [&](const auto& one) { return one.second.name == schedule.name; };
  if (std::ranges::any_of(schedules, same_name)) {
    return done(fail_field(Code::already_exists, "name", "a schedule of this name exists"));
  }
  schedules[schedule.id] = schedule;
  done(std::move(schedule));
}

void MemorySchedules::update(Schedule schedule, Done<Schedule> done) {
  const auto found = schedules.find(schedule.id);
  if (found == schedules.end()) return done(fail(Code::not_found, "there is no such schedule"));
  if (found->second.revision != schedule.revision) return done(fail(Code::revision_conflict, "edited meanwhile"));
  ++schedule.revision;
  schedule.execution_count = found->second.execution_count;
  schedule.error_count = found->second.error_count;
  found->second = schedule;
  done(std::move(schedule));
}

void MemorySchedules::get(std::string id, Done<std::optional<Schedule>> done) {
  const auto found = schedules.find(id);
  done(found == schedules.end() ? std::nullopt : std::optional(found->second));
}

void MemorySchedules::find(ScheduleFilter filter, Done<std::vector<Schedule>> done) {
  std::vector<Schedule> all;
  for (const auto& [id, schedule] : schedules) {
    if (!filter.status || schedule.status == *filter.status) all.push_back(schedule);
  }
  done(std::move(all));
}

void MemorySchedules::count(ScheduleFilter filter, Done<uint64_t> done) {
  find(std::move(filter), [&](const Result<std::vector<Schedule>>& found) { done(found->size()); });
}

void MemorySchedules::remove(std::string id, AuditNote /*audit*/, Done<bool> done) { done(schedules.erase(id) > 0); }

void MemorySchedules::due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) {
  std::vector<Schedule> due;
  for (const auto& [id, schedule] : schedules) {
    const bool active = schedule.status == ScheduleStatus::active;
    if (active && schedule.next_execution && *schedule.next_execution <= until) due.push_back(schedule);
  }
  std::ranges::sort(due, {}, [](const Schedule& schedule) { return *schedule.next_execution; });
  if (due.size() > limit) due.resize(limit);
  done(std::move(due));
}

void MemorySchedules::mark_planned(std::vector<Schedule> planned, Done<void> done) {
  for (const auto& after : planned) {
    const auto found = schedules.find(after.id);
    if (found == schedules.end() || found->second.revision != after.revision) continue;
    found->second.planned_until = after.planned_until;
    found->second.next_execution = after.next_execution;
    found->second.planned_count = after.planned_count;
    found->second.status = after.status;
  }
  done({});
}

void MemorySchedules::revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) {
  std::vector<ScheduleRevision> found;
  for (const auto& id : ids) {
    const auto one = schedules.find(id);
    if (one != schedules.end()) found.push_back({id, one->second.revision, one->second.status});
  }
  done(std::move(found));
}

void MemorySchedules::note_executions(std::vector<ExecutionNote> notes, Done<void> done) {
  for (const auto& note : notes) {
    const auto found = schedules.find(note.schedule_id);
    if (found == schedules.end()) continue;
    ++found->second.execution_count;
    found->second.last_execution = note.at;
    found->second.last_status = note.status;
  }
  done({});
}

void MemorySchedules::bury(std::vector<DeadLetter> dead, Done<void> done) {
  for (auto& letter : dead) letters[letter.event.id] = std::move(letter);
  done({});
}

void MemorySchedules::get_letter(EventId id, Done<std::optional<DeadLetter>> done) {
  const auto found = letters.find(id);
  done(found == letters.end() ? std::nullopt : std::optional(found->second));
}

void MemorySchedules::find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) {
  DeadLetterPage page;
  for (const auto& [id, letter] : letters) {
    if (!filter.topic || letter.event.topic == *filter.topic) page.letters.push_back(letter);
  }
  done(std::move(page));
}

void MemorySchedules::drop_letters(std::vector<EventId> ids, Done<uint64_t> done) {
  uint64_t dropped = 0;
  for (const auto& id : ids) dropped += letters.erase(id);
  done(dropped);
}

void MemorySchedules::count_letters(Done<uint64_t> done) { done(letters.size()); }

void MemorySchedules::change_runs(std::string schedule_id, RunChange change, Done<std::vector<RunEntry>> done) {
  auto& list = runs[schedule_id];
  change(list);
  auto after = list;
  if (after.empty()) runs.erase(schedule_id);
  done(std::move(after));
}

}  // namespace schedules::testing
