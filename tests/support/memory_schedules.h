// Schedules, dead letters and executions in memory, for unit tests and the simulator. Answers inline; always durable.
#pragma once

#include <map>
#include <vector>

#include "store/execution_store.h"
#include "store/run_book.h"
#include "store/schedule_store.h"

namespace schedules::testing {

class MemorySchedules final : public ScheduleStore, public ScheduleCounters, public DeadLetterStore, public RunBook {
 public:
  void create(Schedule schedule, Done<Schedule> done) override;
  void update(Schedule schedule, Done<Schedule> done) override;
  void get(std::string id, Done<std::optional<Schedule>> done) override;
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override;
  void count(ScheduleFilter filter, Done<uint64_t> done) override;
  void remove(std::string id, AuditNote audit, Done<bool> done) override;
  void due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) override;
  void mark_planned(std::vector<Schedule> schedules, Done<void> done) override;
  void revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) override;
  void note_executions(std::vector<ExecutionNote> notes, Done<void> done) override;
  void bury(std::vector<DeadLetter> letters, Done<void> done) override;
  void get_letter(EventId id, Done<std::optional<DeadLetter>> done) override;
  void find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) override;
  void drop_letters(std::vector<EventId> ids, Done<uint64_t> done) override;
  void count_letters(Done<uint64_t> done) override;

  void change_runs(std::string schedule_id, RunChange change, Done<std::vector<RunEntry>> done) override;

  std::map<std::string, Schedule> schedules;
  std::map<EventId, DeadLetter> letters;
  std::map<std::string, std::vector<RunEntry>> runs;
};

}  // namespace schedules::testing
