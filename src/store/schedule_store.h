// Schedules, as the API, the planner and the definitions see them; and dead letters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/schedule.h"

namespace schedules {

enum class ScheduleOrder : uint8_t { created_at, name, next_execution, last_execution, execution_count, error_count };
std::optional<ScheduleOrder> parse_schedule_order(std::string_view text);

struct ScheduleFilter {
  std::optional<ScheduleStatus> status;
  std::optional<std::string> event_type;
  std::optional<std::string> event_action;
  std::optional<std::string> tag;
  std::optional<std::string> name_contains;  ///< case-insensitive
  std::optional<std::string> owner;
  ScheduleOrder order = ScheduleOrder::created_at;
  bool descending = false;
  uint64_t skip = 0;
  size_t limit = 100;  ///< 1…1000
};

/// What an execution changes in its schedule's counters.
struct ExecutionNote {
  std::string schedule_id;
  TimePoint at;
  RunStatus status = RunStatus::success;
  std::string error;
};

struct ScheduleRevision {
  std::string id;
  uint64_t revision = 0;
  ScheduleStatus status = ScheduleStatus::active;
};

/// All calls are thread-safe, answer once on a thread of the store, and are durable when they answer.
/// Errors: unavailable, disk_full, io_error, and those named.
class ScheduleStore {
 public:
  virtual ~ScheduleStore() = default;
  /// Errors: already_exists (field name).
  virtual void create(Schedule schedule, Done<Schedule> done) = 0;
  /// Replaces the one whose stored revision is schedule.revision; answers it with revision + 1. execution_count,
  /// error_count and last_* of the stored one are kept; the plan (planned_until, planned_count, next_execution) is
  /// taken. Errors: not_found, revision_conflict, already_exists (name).
  virtual void update(Schedule schedule, Done<Schedule> done) = 0;
  virtual void get(std::string id, Done<std::optional<Schedule>> done) = 0;
  /// In the order asked for, then by id, in the same direction. Names go by their bytes. Those without such a time come
  /// last in either direction. next_execution is that of active ones, and when the planner looks again.
  virtual void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) = 0;
  /// How many match; skip and limit are not looked at.
  virtual void count(ScheduleFilter filter, Done<uint64_t> done) = 0;
  /// Whether it was there. Its executions stay.
  virtual void remove(std::string id, AuditNote audit, Done<bool> done) = 0;
  /// Active ones whose next_execution ≤ until, soonest first.
  virtual void due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) = 0;
  /// The planner's progress: planned_until, next_execution, planned_count and status completed, where the stored
  /// revision still is the given one (an edit since then wins and the entry is skipped). No new revision.
  virtual void mark_planned(std::vector<Schedule> schedules, Done<void> done) = 0;
  /// Current revision and status of each id, missing ones left out.
  virtual void revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) = 0;
};

/// Counts fires into schedules, in batches; kept apart because only the recorder calls it.
class ScheduleCounters {
 public:
  virtual ~ScheduleCounters() = default;
  /// execution_count grows by successes and failures, error_count by failures. last_execution is of the newest of
  /// these, last_status of the newest note of any kind, last_error stays until the next failure. Notes may come
  /// late; unknown ids are left out.
  virtual void note_executions(std::vector<ExecutionNote> notes, Done<void> done) = 0;
};

struct DeadLetterFilter {
  std::optional<std::string> topic;
  std::optional<std::string> reason;
  std::optional<std::string> schedule_id;
  std::optional<TimePoint> died_from;
  std::optional<TimePoint> died_to;
  std::string cursor;
  size_t limit = 100;
};

struct DeadLetterPage {
  std::vector<DeadLetter> letters;  ///< newest first
  std::string next_cursor;
};

class DeadLetterStore {
 public:
  virtual ~DeadLetterStore() = default;
  /// Durable when it answers; the same event id again replaces the letter.
  virtual void bury(std::vector<DeadLetter> letters, Done<void> done) = 0;
  virtual void get_letter(EventId id, Done<std::optional<DeadLetter>> done) = 0;
  virtual void find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) = 0;
  /// How many of the ids were there.
  virtual void drop_letters(std::vector<EventId> ids, Done<uint64_t> done) = 0;
  virtual void count_letters(Done<uint64_t> done) = 0;
};

}  // namespace schedules
