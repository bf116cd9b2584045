#include "store/sqlite/analytics_find.h"

#include <algorithm>

#include "store/sqlite/analytics_row.h"

namespace schedules::sqlite {

std::vector<ExecutionFilter> executions_of(const AnalyticsFilter& filter) {
  ExecutionFilter executions{.entity_type = filter.event_type, .from = filter.from, .to = filter.to};
  if (filter.schedule_id) {
    executions.event_id = parse_id(*filter.schedule_id);
    executions.schedule_id = executions.event_id ? "" : *filter.schedule_id;
  }
  std::vector<ExecutionFilter> parts{executions};
  if (filter.level == AnalyticsLevel::error) parts[0].status = RunStatus::failure;
  if (filter.level == AnalyticsLevel::warning) parts[0].status = RunStatus::skipped;
  if (filter.level == AnalyticsLevel::info) {
    parts[0].status = RunStatus::success;
    parts.push_back(executions);
    parts[1].status = RunStatus::running;
  }
  return parts;
}

Where records_where(const AnalyticsFilter& filter) {
  Where where;
  where.add_if("schedule_id = ?", filter.schedule_id);
  where.add_if("event_type = ?", filter.event_type);
  where.add_if("level = ?", filter.level);
  where.add_if("completed_at >= ?", filter.from);
  where.add_if("completed_at < ?", filter.to);
  return where;
}

Result<std::vector<AnalyticsRecord>> find_records(Database& database, const AnalyticsFilter& filter) {
  std::vector<AnalyticsRecord> found;
  for (auto& part : executions_of(filter)) {
    part.limit = filter.limit;
    const auto page = find_executions(database, part);
    if (!page) return fail(page.error());
    for (const auto& execution : page->executions) found.push_back(record_of(execution));
  }

  auto where = records_where(filter);
  where.also(filter.limit);
  const auto posted_sql = fmt::format("SELECT {} FROM analytics_records{} ORDER BY completed_at DESC, id LIMIT ?",
                                      kRecordColumns, where.sql());
  auto posted = database.query(posted_sql, where.values());
  while (posted.step()) {
    auto record = read_record(posted);
    if (!record) return fail(std::move(record.error()));
    found.push_back(std::move(*record));
  }
  if (auto done = posted.end(); !done) return fail(std::move(done.error()));
  std::ranges::stable_sort(found, std::ranges::greater{}, &AnalyticsRecord::completed_at);
  if (found.size() > filter.limit) found.resize(filter.limit);
  return found;
}

}  // namespace schedules::sqlite
