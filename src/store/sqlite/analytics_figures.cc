// Counts and means of analytics. Both sources are grouped by SQLite and joined here.
#include "store/sqlite/analytics_find.h"
#include "store/sqlite/execution_row.h"
#include "store/sqlite/execution_stats.h"

namespace schedules::sqlite {
namespace {

std::string_view execution_key(AnalyticsBy by) {
  switch (by) {
    case AnalyticsBy::all:
      return "''";
    case AnalyticsBy::type:
      return "CASE WHEN e.schedule_id IS NOT NULL THEN 0 WHEN e.waited_far THEN 1 ELSE 2 END";
    case AnalyticsBy::event_type:
      return "e.entity_type";
    case AnalyticsBy::schedule:
      return "coalesce(e.schedule_id, e.event_id)";
  }
  return "''";
}

std::string_view record_key(AnalyticsBy by) {
  switch (by) {
    case AnalyticsBy::all:
      return "''";
    case AnalyticsBy::type:
      return "type";
    case AnalyticsBy::event_type:
      return "event_type";
    case AnalyticsBy::schedule:
      return "schedule_id";
  }
  return "''";
}

std::string key_of(const Query& row, AnalyticsBy by) {
  if (by == AnalyticsBy::type) return std::string(to_string(static_cast<ScheduleType>(row.integer(0))));
  if (by == AnalyticsBy::schedule && row.is_blob(0)) return read_id(row, 0);
  return row.text(0);
}

// key, total, info, warning, error, succeeded, processed, queued, processing µs, queue µs
AnalyticsFigures figures_of(const Query& row) {
  const auto count = [&](int column) { return static_cast<uint64_t>(row.integer(column)); };
  const auto mean = [&](int sum, int number) {
    return row.integer(number) == 0 ? 0.0 : row.real(sum) / row.real(number) / 1000;
  };
  return {.total = count(1),
          .info = count(2),
          .warning = count(3),
          .error = count(4),
          .succeeded = count(5),
          .processed = count(6),
          .queued = count(7),
          .mean_processing_ms = mean(8, 6),
          .mean_queue_ms = mean(9, 7)};
}

Status collect(Query rows, AnalyticsBy by, std::vector<AnalyticsGroup>& groups) {
  while (rows.step()) {
    if (rows.integer(1) > 0) groups.push_back({key_of(rows, by), figures_of(rows)});
  }
  return rows.end();
}

// Grouping sorts the rows, be it by nothing.
std::string_view grouping(AnalyticsBy by) {
  return by == AnalyticsBy::all ? "" : " GROUP BY key ORDER BY count(*) DESC";
}

// Statuses: 0 success, 1 failure, 2 skipped, 3 running.
std::string execution_sql(const ExecutionSource& source, AnalyticsBy by) {
  return fmt::format(
      "SELECT {} AS key, count(*), sum(e.status IN (0, 3)), sum(e.status = 2), sum(e.status = 1), "
      "sum(e.status IN (0, 3)), sum(e.status <> 2), sum(e.status <> 2), "
      "sum(iif(e.status <> 2, e.duration, 0)), sum(iif(e.status <> 2, max(e.lateness, 0), 0)) "
      "FROM {}{}{}",
      execution_key(by), source.from, source.where.sql(), grouping(by));
}

std::string record_sql(const Where& where, AnalyticsBy by) {
  return fmt::format(
      "SELECT {} AS key, count(*), sum(level = 0), sum(level = 1), sum(level = 2), sum(result = 0), count(processing), "
      "count(mongo_queue) + count(clickhouse_queue) + count(redis_queue), total(processing), "
      "total(mongo_queue) + total(clickhouse_queue) + total(redis_queue) "
      "FROM analytics_records{}{}",
      record_key(by), where.sql(), grouping(by));
}

}  // namespace

Result<std::vector<AnalyticsGroup>> analytics_figures(Database& database, const AnalyticsFilter& filter,
                                                      AnalyticsBy by) {
  const size_t most = by == AnalyticsBy::schedule ? kMostScheduleGroups : SIZE_MAX;
  std::vector<AnalyticsGroup> groups;
  for (const auto& part : executions_of(filter)) {
    const auto source = source_of(part);
    if (auto done = collect(database.query(execution_sql(source, by), source.where.values()), by, groups); !done) {
      return fail(std::move(done.error()));
    }
  }
  const auto where = records_where(filter);
  std::vector<AnalyticsGroup> posted;
  if (auto done = collect(database.query(record_sql(where, by), where.values()), by, posted); !done) {
    return fail(std::move(done.error()));
  }
  return merged(std::move(groups), posted, most);
}

Result<std::vector<ErrorPattern>> common_errors(Database& database, const AnalyticsFilter& filter) {
  auto errors = filter;
  errors.level = AnalyticsLevel::error;
  auto patterns = error_patterns(database, executions_of(errors).front());
  if (!patterns) return patterns;
  auto where = records_where(errors);
  where.add("error <> ''", {});
  const auto sql = fmt::format(
      "SELECT substr(error, 1, instr(error || char(10), char(10)) - 1) AS line, count(*), max(completed_at) "
      "FROM analytics_records{} GROUP BY line ORDER BY count(*) DESC, line",
      where.sql());
  auto rows = database.query(sql, where.values());
  std::vector<ErrorPattern> posted;
  while (rows.step()) posted.push_back({rows.text(0), static_cast<uint64_t>(rows.integer(1)), rows.time(2)});
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return merged(std::move(*patterns), posted, filter.limit);
}

}  // namespace schedules::sqlite
