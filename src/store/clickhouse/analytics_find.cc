// Analytics: executions and posted records looked up and added up together.
#include <algorithm>

#include "store/clickhouse/analytics_row.h"
#include "store/clickhouse/execution_core.h"
#include "store/clickhouse/execution_row.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::RowReader;

using Records = std::vector<AnalyticsRecord>;
using Groups = std::vector<AnalyticsGroup>;

void find_fired(const ExecutionCore& core, const AnalyticsFilter& filter, Done<Records> done) {
  const auto conditions = execution_conditions(filter);
  auto query =
      reading(fmt::format("SELECT {} FROM schedule_execution_results{} ORDER BY executed_at DESC, execution_id DESC "
                          "LIMIT {}",
                          kExecutionColumns, conditions.where(), filter.limit + kSpareRows),
              conditions);
  core->ask(std::move(query), [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    RowReader rows(answer->body);
    Records records;  // neighbours that are equal: one row, twice
    while (!rows.at_end()) {
      const auto execution = read_execution(rows);
      if (!execution) return done(fail(execution.error()));
      auto record = record_of(*execution);
      if (records.empty() || records.back().id != record.id) records.push_back(std::move(record));
    }
    done(std::move(records));
  });
}

void find_posted(const ExecutionCore& core, const AnalyticsFilter& filter, Done<Records> done) {
  const auto conditions = record_conditions(filter);
  auto query =
      reading(fmt::format("SELECT {} FROM schedule_analytics_records{} ORDER BY completed_at DESC, analytics_id DESC "
                          "LIMIT {}",
                          kRecordColumns, conditions.where(), filter.limit + kSpareRows),
              conditions);
  core->ask(std::move(query), [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    RowReader rows(answer->body);
    Records records;
    while (!rows.at_end()) {
      auto record = read_record(rows);
      if (!record) return done(fail(std::move(record.error())));
      if (records.empty() || records.back().id != record->id) records.push_back(std::move(*record));
    }
    done(std::move(records));
  });
}

// The key, counts, and the sums of processing and queue times in microseconds, in the order of read_groups().
std::string fired_sql(AnalyticsBy by, const Conditions& conditions) {
  std::string_view key = "''";
  if (by == AnalyticsBy::type)
    key = "multiIf(of_schedule, 'mongo_periodic', waited_far, 'clickhouse_delayed', 'redis_immediate')";
  if (by == AnalyticsBy::event_type) key = "entity_type";
  if (by == AnalyticsBy::schedule) key = "schedule_id";
  return fmt::format(
      "SELECT {} AS group_key, count() AS total, countIf(status IN ('success', 'running')), countIf(status = "
      "'skipped'), "
      "countIf(status IN ('error', 'timeout')), countIf(status IN ('success', 'running')), countIf(status != "
      "'skipped'), "
      "countIf(status != 'skipped'), sumIf(duration_us, status != 'skipped'), "
      "sumIf(greatest(lateness_us, 0), status != 'skipped') FROM schedule_execution_results FINAL{} GROUP BY group_key "
      "ORDER BY total DESC",
      key, conditions.where());
}

std::string posted_sql(AnalyticsBy by, const Conditions& conditions) {
  std::string_view key = "''";
  if (by == AnalyticsBy::type) key = "toString(schedule_type)";
  if (by == AnalyticsBy::event_type) key = "event_type";
  if (by == AnalyticsBy::schedule) key = "schedule_id";
  return fmt::format(
      "SELECT {} AS group_key, count() AS total, countIf(level = 'info'), countIf(level = 'warning'), countIf(level = "
      "'error'), "
      "countIf(execution_result = 'success'), count(processing_us), count(mongo_queue_us) + count(clickhouse_queue_us) "
      "+ "
      "count(redis_queue_us), sum(ifNull(processing_us, 0)), sum(ifNull(mongo_queue_us, 0)) + "
      "sum(ifNull(clickhouse_queue_us, 0)) + sum(ifNull(redis_queue_us, 0)) FROM schedule_analytics_records FINAL{} "
      "GROUP BY group_key ORDER BY total DESC",
      key, conditions.where());
}

Result<Groups> read_groups(std::string_view body) {
  RowReader rows(body);
  Groups groups;
  const auto mean = [](int64_t micros, uint64_t count) {
    return count == 0 ? 0.0 : static_cast<double>(micros) / static_cast<double>(count) / 1000;
  };
  while (!rows.at_end() && rows.ok()) {
    AnalyticsGroup group{.key = std::string(rows.text()), .figures = {}};
    auto& f = group.figures;
    for (auto* count : {&f.total, &f.info, &f.warning, &f.error, &f.succeeded, &f.processed, &f.queued}) {
      *count = rows.number<uint64_t>();
    }
    f.mean_processing_ms = mean(rows.number<int64_t>(), f.processed);
    f.mean_queue_ms = mean(rows.number<int64_t>(), f.queued);
    if (f.total > 0) groups.push_back(std::move(group));
  }
  if (!rows.ok()) return fail(Code::corrupt, "ClickHouse's answer holds no figures");
  return groups;
}

void ask_groups(const ExecutionCore& core, clickhouse::Query query, Done<Groups> done) {
  core->ask(std::move(query), [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    done(read_groups(answer->body));
  });
}

}  // namespace

void post_records(const ExecutionCore& core, const std::vector<AnalyticsRecord>& records, Done<void> done) {
  if (records.empty()) return done({});
  std::string body;
  for (const auto& record : records) append_record(body, record);
  auto query = inserting(fmt::format("INSERT INTO schedule_analytics_records ({}) FORMAT RowBinary", kRecordColumns),
                         std::move(body));
  core->ask(std::move(query), [done = std::move(done)](const Result<Answer>& answer) mutable {
    if (!answer) return done(fail(answer.error()));
    done({});
  });
}

void find_records(const ExecutionCore& core, AnalyticsFilter filter, Done<Records> done) {
  find_fired(core, filter, [core, filter, done = std::move(done)](Result<Records> fired) mutable {
    if (!fired) return done(std::move(fired));
    find_posted(
        core, filter,
        [limit = filter.limit, records = std::move(*fired), done = std::move(done)](Result<Records> posted) mutable {
          if (!posted) return done(std::move(posted));
          std::ranges::move(*posted, std::back_inserter(records));
          std::ranges::stable_sort(records, std::ranges::greater{}, &AnalyticsRecord::completed_at);
          if (records.size() > limit) records.resize(limit);
          done(std::move(records));
        });
  });
}

void analytics_figures(const ExecutionCore& core, AnalyticsFilter filter, AnalyticsBy by, Done<Groups> done) {
  const auto executions = execution_conditions(filter);
  const auto records = record_conditions(filter);
  const size_t most = by == AnalyticsBy::schedule ? kMostScheduleGroups : SIZE_MAX;
  auto posted_query = reading(posted_sql(by, records), records);
  ask_groups(core, reading(fired_sql(by, executions), executions),
             [core, most, query = std::move(posted_query), done = std::move(done)](Result<Groups> fired) mutable {
               if (!fired) return done(std::move(fired));
               ask_groups(core, std::move(query),
                          [most, fired = std::move(*fired), done = std::move(done)](Result<Groups> posted) mutable {
                            if (!posted) return done(std::move(posted));
                            done(merged(std::move(fired), *posted, most));
                          });
             });
}

}  // namespace schedules
