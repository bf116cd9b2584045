// What a schedule store does with `mongo_schedules`, call by call. Blocks, on the client's threads. Only for this room's
// sources.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mongo/connection.h"
#include "store/mongo/take_over.h"
#include "store/schedule_store.h"

namespace schedules {

/// Errors: already_exists (name, id).
Result<Schedule> insert_schedule(mongo::Connection& mongo, const Schedule& schedule, bool names_guarded);
/// Errors: not_found, revision_conflict, already_exists (name).
Result<Schedule> replace_schedule(mongo::Connection& mongo, const Schedule& schedule, bool names_guarded);
/// What another program has edited is taken over first, so that who edits it next begins at that.
Result<std::optional<Schedule>> get_schedule(mongo::Connection& mongo, const std::string& id, TakeOver& take_over);
Result<std::vector<Schedule>> find_schedules(mongo::Connection& mongo, const ScheduleFilter& filter);
Result<uint64_t> count_schedules(mongo::Connection& mongo, const ScheduleFilter& filter);
Result<bool> remove_schedule(mongo::Connection& mongo, const std::string& id);
Result<std::vector<Schedule>> due_schedules(mongo::Connection& mongo, TimePoint until, size_t limit,
                                            TakeOver& take_over);
/// Active ones, and completed ones whose last run failed, by id behind `after` (empty: from the first).
Result<std::vector<Schedule>> watched_schedules(mongo::Connection& mongo, const std::string& after, size_t limit);
Status mark_schedules(mongo::Connection& mongo, const std::vector<Schedule>& schedules);
Result<std::vector<ScheduleRevision>> schedule_revisions(mongo::Connection& mongo, const std::vector<std::string>& ids);

}  // namespace schedules
