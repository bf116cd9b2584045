// The front door for schedules: what REST, the library and definitions call. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/schedule.h"
#include "store/schedule_store.h"

namespace schedules {

/// Changes a copy of the stored schedule; may refuse, and may set Schedule::audit. Called on a store's thread; must not
/// block.
using ScheduleEdit = std::function<Status(Schedule&)>;

class Schedules {
 public:
  virtual ~Schedules() = default;

  /// Checks the rule, gives id, created_at, next_execution; plans at once. Errors: already_exists (name),
  /// invalid_cron, never_fires, unknown_time_zone, invalid_argument, each with its field.
  virtual void create(Schedule schedule, Done<Schedule> done) = 0;
  /// Compare-and-set, tried again after a lost race when if_revision is absent. A changed rule, zone, bound or status
  /// plans anew from now. Errors as create, and not_found, revision_conflict, conflict (activated without a future
  /// fire).
  virtual void edit(std::string id, std::optional<uint64_t> if_revision, ScheduleEdit edit, Done<Schedule> done) = 0;
  virtual void get(std::string id, Done<std::optional<Schedule>> done) = 0;
  /// As ScheduleStore::find. By next_execution: in the order of what is shown within a page; across pages by when the planner
  /// looks again, which is a few seconds ahead of it.
  virtual void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) = 0;
  virtual void count(ScheduleFilter filter, Done<uint64_t> done) = 0;
  /// Whether it was there. What is pending of it never fires.
  virtual void remove(std::string id, AuditNote audit, Done<bool> done) = 0;
  /// Fires it now, beside its plan; answers the refreshed schedule once the event has ended. Errors: not_found,
  /// publish_failed, timeout.
  virtual void execute(std::string id, Done<Schedule> done) = 0;
  /// Active ones whose next_execution is not after now.
  virtual void due(Done<std::vector<Schedule>> done) = 0;
  /// Active ones with something to be planned not after `until`, soonest first, at most `limit`; as they are stored.
  virtual void to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) = 0;
};

/// Checks everything that can be checked without a store. All faults at once (Error::more).
Status check_schedule(const Schedule& schedule);

}  // namespace schedules
