#include "store/sqlite/execution_table.h"

#include <map>

#include "store/sqlite/execution_hours.h"
#include "store/sqlite/execution_row.h"

namespace schedules::sqlite {
namespace {

constexpr int kRunBits = 14;  // also in the expressions of the indexes

/// Between which times the rows of each run lie.
class RunBounds {
 public:
  void add(int64_t run, TimePoint at) {
    const auto [found, fresh] = bounds_.try_emplace(run, at, at);
    if (fresh) return;
    found->second.first = std::min(found->second.first, at);
    found->second.second = std::max(found->second.second, at);
  }
  Status apply(Database& database) const {
    auto widen = database.prepare(
        "INSERT INTO execution_runs(run, oldest, newest) VALUES (?1, ?2, ?3) ON CONFLICT(run) DO "
        "UPDATE SET "
        "oldest = min(oldest, ?2), newest = max(newest, ?3)");
    for (const auto& [run, bounds] : bounds_) {
      if (auto done = widen.run({run, bounds.first, bounds.second}); !done) return done;
    }
    return {};
  }

 private:
  std::map<int64_t, std::pair<TimePoint, TimePoint>> bounds_;
};

}  // namespace

Status append_executions(Database& database, const std::vector<Execution>& executions) {
  if (executions.empty()) return {};
  HourChanges changes;
  RunBounds bounds;
  auto insert = database.prepare(
      "INSERT INTO executions(id, executed_at, lateness, duration, status, state, attempt, "
      "event_id, schedule_id, "
      "schedule_name, topic, entity_type, entity_id, action, correlation_id, reason, error, sink, "
      "position, node_id, waited_far) "
      "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21) "
      "ON CONFLICT(executed_at, id) DO NOTHING");
  for (const auto& e : executions) {
    const ShortId id(e.id);
    const ShortId schedule(e.schedule_id);
    const int64_t lateness = (e.executed_at - e.due_at).count();
    auto done = insert.run({id.value(),
                            e.executed_at,
                            lateness,
                            e.duration.count(),
                            e.status,
                            e.state,
                            e.attempt,
                            Blob{e.event_id.view()},
                            e.schedule_id.empty() ? Value(std::nullopt) : schedule.value(),
                            e.schedule_name,
                            e.topic,
                            e.entity_type,
                            e.entity_id,
                            e.action,
                            e.correlation_id,
                            e.reason,
                            e.error,
                            e.sink,
                            e.position,
                            e.node_id,
                            e.waited_far});
    if (!done) return done;
    if (database.changes() == 0) continue;  // known: a repeated append
    bounds.add(database.last_row() >> kRunBits, e.executed_at);
    changes.add(to_micros(e.executed_at), e.entity_type, e.action, e.status, lateness, e.duration.count());
  }
  return changes.apply(database, 1).and_then([&] { return bounds.apply(database); });
}

// The oldest that may go: of a schedule past both cuts, of a plain event past its own.
Result<Expired> expire_executions(Database& database, RetentionCuts cuts, size_t limit) {
  HourChanges changes;
  Expired removed;
  std::vector<int64_t> expired;
  const TimePoint of_schedules = std::min(cuts.history, cuts.analytics);
  auto rows = database.query(
      "SELECT seq, executed_at, entity_type, action, status, lateness, duration, schedule_id IS NULL "
      "FROM executions INDEXED BY executions_time "
      "WHERE executed_at < ?1 AND (executed_at < ?2 OR schedule_id IS NULL) ORDER BY executed_at LIMIT ?3",
      {cuts.analytics, of_schedules, limit});
  while (rows.step()) {
    expired.push_back(rows.integer(0));
    ++(rows.integer(7) != 0 ? removed.analytics : removed.history);
    changes.add(rows.integer(1), rows.bytes(2), rows.bytes(3), static_cast<RunStatus>(rows.integer(4)), rows.integer(5),
                rows.integer(6));
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  auto remove = database.prepare("DELETE FROM executions WHERE seq = ?1");
  for (const int64_t seq : expired) {
    if (auto done = remove.run({seq}); !done) return fail(std::move(done.error()));
  }
  if (auto done = changes.apply(database, -1); !done) return fail(std::move(done.error()));
  if (expired.size() < limit) {
    auto done = database.query("DELETE FROM execution_runs WHERE newest < ?1", {of_schedules}).end();
    if (!done) return fail(std::move(done.error()));
  }
  return removed;
}

}  // namespace schedules::sqlite
