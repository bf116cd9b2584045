#include "store/sqlite/schedule_table.h"

#include <map>

#include "base/text.h"
#include "store/sqlite/schedule_row.h"
#include "store/sqlite/where.h"

namespace schedules::sqlite {
namespace {

Result<std::vector<Schedule>> read_all(Query query, size_t expected) {
  std::vector<Schedule> found;
  found.reserve(std::min<size_t>(expected, 1000));
  while (query.step()) {
    auto schedule = read_schedule(query);
    if (!schedule) return fail(std::move(schedule.error()));
    found.push_back(std::move(*schedule));
  }
  if (auto done = query.end(); !done) return fail(std::move(done.error()));
  return found;
}

Status name_is_free(Database& database, const Schedule& schedule) {
  const auto taken =
      database.number("SELECT count(*) FROM schedules WHERE name = ?1 AND id <> ?2", {schedule.name, schedule.id});
  if (!taken) return fail(taken.error());
  if (*taken == 0) return {};
  return fail_field(Code::already_exists, "name", "another schedule is called \"{}\"", schedule.name);
}

Status add_tags(Database& database, const Schedule& schedule) {
  for (const auto& tag : schedule.tags) {
    auto done = database
                    .query("INSERT OR IGNORE INTO schedule_tags(tag, created_at, id) VALUES (?1, ?2, ?3)",
                           {tag, schedule.created_at, schedule.id})
                    .end();
    if (!done) return done;
  }
  return {};
}

Status drop_tags(Database& database, const Schedule& schedule) {
  for (const auto& tag : schedule.tags) {
    auto done = database
                    .query("DELETE FROM schedule_tags WHERE tag = ?1 AND created_at = ?2 AND id = ?3",
                           {tag, schedule.created_at, schedule.id})
                    .end();
    if (!done) return done;
  }
  return {};
}

struct Tally {
  uint64_t runs = 0;
  uint64_t failures = 0;
  const ExecutionNote* newest_run = nullptr;  ///< success or failure
  const ExecutionNote* newest = nullptr;      ///< of any status
  const ExecutionNote* newest_failure = nullptr;
};

void keep_newest(const ExecutionNote*& kept, const ExecutionNote& note) {
  if (kept == nullptr || note.at >= kept->at) kept = &note;
}

Status add_tally(Database& database, const std::string& id, const Tally& tally) {
  std::optional<TimePoint> ran_at;
  if (tally.newest_run != nullptr) ran_at = tally.newest_run->at;
  std::optional<std::string_view> error;
  if (tally.newest_failure != nullptr) error = tally.newest_failure->error;
  // Notes can come late: what is older than the last known execution only counts.
  return database
      .query(
          "UPDATE schedules SET execution_count = execution_count + ?2, error_count = error_count "
          "+ ?3, "
          "last_status = iif(?4 >= coalesce(last_execution, ?4), ?5, last_status), "
          "last_error = iif(?4 >= coalesce(last_execution, ?4), coalesce(?6, last_error), "
          "last_error), "
          "last_execution = nullif(max(coalesce(last_execution, -1), coalesce(?7, -1)), -1) WHERE "
          "id = ?1",
          {id, tally.runs, tally.failures, tally.newest->at, tally.newest->status, error, ran_at})
      .end();
}

/// The tables to look through for what matches, and the conditions.
std::string matching(const ScheduleFilter& filter, Where& where) {
  std::string from = "schedules AS f";
  if (filter.tag) {
    from = "schedule_tags AS t CROSS JOIN schedules AS f ON f.id = t.id";
    where.add("t.tag = ?", {*filter.tag});
  } else if (filter.event_type) {
    from += " INDEXED BY schedules_type";
  } else if (filter.order == ScheduleOrder::created_at) {
    from += " INDEXED BY schedules_page";
  }
  where.add_if("f.event_type = ?", filter.event_type);
  where.add_if("f.event_action = ?", filter.event_action);
  where.add_if("f.status = ?", filter.status);
  where.add_if("f.owner = ?", filter.owner);
  if (filter.name_contains) {
    where.add("instr(lower(f.name), ?) > 0", {where.keep(to_lower(*filter.name_contains))});
  }
  return from;
}

/// What is sorted by, of that table.
std::string key_of(ScheduleOrder order, char table) {
  static_assert(static_cast<int>(ScheduleStatus::active) == 0);
  switch (order) {
    case ScheduleOrder::created_at:
      return fmt::format("{}.created_at", table);
    case ScheduleOrder::name:
      return fmt::format("{}.name", table);
    case ScheduleOrder::next_execution:
      return fmt::format("iif({0}.status = 0, {0}.next_execution, NULL)", table);
    case ScheduleOrder::last_execution:
      return fmt::format("{}.last_execution", table);
    case ScheduleOrder::execution_count:
      return fmt::format("{}.execution_count", table);
    case ScheduleOrder::error_count:
      return fmt::format("{}.error_count", table);
  }
  return {};
}

std::string order_by(const ScheduleFilter& filter, char table) {
  const bool by_time = filter.order == ScheduleOrder::next_execution || filter.order == ScheduleOrder::last_execution;
  return fmt::format("{1} {0}{2}, {3}.id {0}", filter.descending ? "DESC" : "ASC", key_of(filter.order, table),
                     by_time ? " NULLS LAST" : "", table);
}

}  // namespace

Result<Schedule> insert_schedule(Database& database, const Schedule& schedule) {
  const auto known = database.number("SELECT count(*) FROM schedules WHERE id = ?1", {schedule.id});
  if (!known) return fail(known.error());
  if (*known != 0) return fail_field(Code::already_exists, "id", "schedule {} exists", schedule.id);
  if (auto free = name_is_free(database, schedule); !free) return fail(std::move(free.error()));
  std::string definition;
  pack_definition(schedule, definition);
  auto done =
      database
          .query(
              "INSERT INTO schedules(id, name, status, event_type, event_action, owner, "
              "created_at, "
              "updated_at, revision, planned_until, next_execution, planned_count, last_execution, "
              "last_status, last_error, execution_count, error_count, definition) VALUES "
              "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
              {schedule.id, schedule.name, schedule.status, schedule.event_type, schedule.event_action, schedule.owner,
               schedule.created_at, schedule.updated_at, schedule.revision, schedule.planned_until,
               schedule.next_execution, schedule.planned_count, schedule.last_execution, schedule.last_status,
               schedule.last_error, schedule.execution_count, schedule.error_count, Blob{definition}})
          .end()
          .and_then([&] { return add_tags(database, schedule); });
  if (!done) return fail(std::move(done.error()));
  return schedule;
}

Result<Schedule> replace_schedule(Database& database, const Schedule& schedule) {
  auto stored = get_schedule(database, schedule.id);
  if (!stored) return fail(std::move(stored.error()));
  if (!*stored) return fail(Code::not_found, "there is no schedule {}", schedule.id);
  const Schedule& old = **stored;
  if (old.revision != schedule.revision) {
    return fail(Code::revision_conflict, "schedule {} is at revision {}, not {}", schedule.id, old.revision,
                schedule.revision);
  }
  if (auto free = name_is_free(database, schedule); !free) return fail(std::move(free.error()));

  Schedule next = schedule;
  next.revision = old.revision + 1;
  next.last_execution = old.last_execution;
  next.last_status = old.last_status;
  next.last_error = old.last_error;
  next.execution_count = old.execution_count;
  next.error_count = old.error_count;
  std::string definition;
  pack_definition(next, definition);
  auto done = database
                  .query(
                      "UPDATE schedules SET name=?2, status=?3, event_type=?4, event_action=?5, owner=?6, "
                      "created_at=?7, updated_at=?8, revision=?9, planned_until=?10, next_execution=?11, "
                      "definition=?12, planned_count=?13 WHERE id=?1",
                      {next.id, next.name, next.status, next.event_type, next.event_action, next.owner, next.created_at,
                       next.updated_at, next.revision, next.planned_until, next.next_execution, Blob{definition},
                       next.planned_count})
                  .end()
                  .and_then([&] { return drop_tags(database, old); })
                  .and_then([&] { return add_tags(database, next); });
  if (!done) return fail(std::move(done.error()));
  return next;
}

Result<std::optional<Schedule>> get_schedule(Database& database, const std::string& id) {
  static const std::string sql = fmt::format("SELECT {} FROM schedules AS s WHERE s.id = ?1", kScheduleColumns);
  auto found = read_all(database.query(sql, {id}), 1);
  if (!found) return fail(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

Result<std::vector<Schedule>> find_schedules(Database& database, const ScheduleFilter& filter) {
  Where where;
  const auto from = matching(filter, where);
  where.also(filter.limit);
  where.also(filter.skip);
  // By creation a page is found in an index, in the tags' one too; else all are sorted, by their numbers alone.
  const bool in_tags = filter.tag && filter.order == ScheduleOrder::created_at;
  const auto sql = fmt::format(
      "SELECT {} FROM (SELECT f.seq AS seq FROM {}{} ORDER BY {} LIMIT ? OFFSET ?) AS page "
      "CROSS JOIN schedules AS s ON s.seq = page.seq ORDER BY {}",
      kScheduleColumns, from, where.sql(), order_by(filter, in_tags ? 't' : 'f'), order_by(filter, 's'));
  return read_all(database.query(sql, where.values()), filter.limit);
}

Result<uint64_t> count_schedules(Database& database, const ScheduleFilter& filter) {
  Where where;
  ScheduleFilter by_creation = filter;
  by_creation.order = ScheduleOrder::created_at;
  const auto from = matching(by_creation, where);
  auto query = database.query(fmt::format("SELECT count(*) FROM {}{}", from, where.sql()), where.values());
  uint64_t count = 0;
  if (query.step()) count = static_cast<uint64_t>(query.integer(0));
  if (auto done = query.end(); !done) return fail(std::move(done.error()));
  return count;
}

Result<bool> remove_schedule(Database& database, const std::string& id) {
  const auto stored = get_schedule(database, id);
  if (!stored) return fail(stored.error());
  if (!*stored) return false;
  auto done = drop_tags(database, **stored).and_then([&] {
    return database.query("DELETE FROM schedules WHERE id = ?1", {id}).end();
  });
  if (!done) return fail(std::move(done.error()));
  return true;
}

Result<std::vector<Schedule>> due_schedules(Database& database, TimePoint until, size_t limit) {
  // The condition is spelt as in the partial index, else SQLite could not use it.
  static const std::string sql = fmt::format(
      "SELECT {} FROM schedules AS s INDEXED BY schedules_due WHERE s.status = 0 AND "
      "s.next_execution IS NOT NULL "
      "AND s.next_execution <= ?1 ORDER BY s.next_execution, s.id LIMIT ?2",
      kScheduleColumns);
  static_assert(static_cast<int>(ScheduleStatus::active) == 0);
  return read_all(database.query(sql, {until, limit}), limit);
}

Result<std::vector<Schedule>> watched_schedules(Database& database, const std::string& after, size_t limit) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM schedules AS s WHERE s.id > ?1 AND (s.status = ?2 OR (s.status = ?3 AND s.last_status = ?4)) "
      "ORDER BY s.id LIMIT ?5",
      kScheduleColumns);
  return read_all(
      database.query(sql, {after, ScheduleStatus::active, ScheduleStatus::completed, RunStatus::failure, limit}),
      limit);
}

Status mark_schedules(Database& database, const std::vector<Schedule>& schedules) {
  for (const auto& schedule : schedules) {
    std::optional<ScheduleStatus> completed;
    if (schedule.status == ScheduleStatus::completed) completed = schedule.status;
    auto done = database
                    .query(
                        "UPDATE schedules SET planned_until = ?3, next_execution = ?4, planned_count = ?5, "
                        "status = coalesce(?6, status) WHERE id = ?1 AND revision = ?2",
                        {schedule.id, schedule.revision, schedule.planned_until, schedule.next_execution,
                         schedule.planned_count, completed})
                    .end();
    if (!done) return done;
  }
  return {};
}

Result<std::vector<ScheduleRevision>> schedule_revisions(Database& database, const std::vector<std::string>& ids) {
  std::vector<ScheduleRevision> found;
  for (const auto& id : ids) {
    auto row = database.query("SELECT revision, status FROM schedules WHERE id = ?1", {id});
    if (row.step()) {
      found.push_back({id, static_cast<uint64_t>(row.integer(0)), static_cast<ScheduleStatus>(row.integer(1))});
    }
    if (auto done = row.end(); !done) return fail(std::move(done.error()));
  }
  return found;
}

Status count_executions(Database& database, const std::vector<ExecutionNote>& notes) {
  std::map<std::string_view, Tally> tallies;
  for (const auto& note : notes) {
    auto& tally = tallies[note.schedule_id];
    keep_newest(tally.newest, note);
    if (note.status != RunStatus::success && note.status != RunStatus::failure) continue;
    ++tally.runs;
    keep_newest(tally.newest_run, note);
    if (note.status != RunStatus::failure) continue;
    ++tally.failures;
    keep_newest(tally.newest_failure, note);
  }
  for (const auto& [id, tally] : tallies) {
    if (auto done = add_tally(database, tally.newest->schedule_id, tally); !done) return done;
  }
  return {};
}

}  // namespace schedules::sqlite
