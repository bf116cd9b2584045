#include "store/clickhouse/execution_rollup.h"

namespace schedules {
namespace {

constexpr std::chrono::seconds kRefreshTimeout{300};

// What is read back must be what is written: the columns in the table's order.
std::string added_up(Grain grain) {
  const bool by_day = grain == Grain::kinds_by_day;
  return fmt::format(
      "SELECT '{}', date, {}, sum(total), sum(succeeded), sum(failed), sum(skipped), sum(timed), sum(duration_sum), "
      "sum(lateness_sum), quantilesDDMergeState(0.005, 0.5, 0.95, 0.99)(lateness), now64(6) FROM "
      "schedule_performance_states WHERE date IN (SELECT date FROM behind) GROUP BY date, {}",
      to_string(grain), by_day ? "0, entity_type, action, topic" : "hour, '', '', ''",
      by_day ? "entity_type, action, topic" : "hour");
}

constexpr std::string_view kBehind = R"(SELECT s.date AS date
FROM (SELECT date, sum(total) AS counted FROM schedule_performance_states GROUP BY date) AS s
LEFT JOIN (SELECT date, sumIf(total, grain = 'kinds_by_day') AS by_day, sumIf(total, grain = 'all_by_hour') AS by_hour
    FROM schedule_performance_rollups FINAL GROUP BY date) AS r ON s.date = r.date
WHERE s.counted != r.by_day OR s.counted != r.by_hour)";

}  // namespace

std::string_view to_string(Grain grain) { return grain == Grain::kinds_by_day ? "kinds_by_day" : "all_by_hour"; }

std::optional<Grain> grain_for(const ExecutionFilter& filter, std::optional<GroupBy> by) {
  const bool of_all = !filter.topic && !filter.entity_type && !filter.action;
  if (by != GroupBy::event && of_all) return Grain::all_by_hour;
  if (by != GroupBy::hour) return Grain::kinds_by_day;
  return std::nullopt;
}

std::string is_rolled_up(Grain grain) {
  return fmt::format(
      "date IN (SELECT s.date FROM (SELECT date, sum(total) AS counted FROM schedule_performance_states GROUP BY date) "
      "AS s INNER JOIN (SELECT date, sum(total) AS counted FROM schedule_performance_rollups FINAL WHERE grain = '{}' "
      "GROUP BY date) AS r ON s.date = r.date AND s.counted = r.counted)",
      to_string(grain));
}

void refresh_rollups(const ExecutionCore& core, Done<void> done) {
  clickhouse::Query query{
      .sql = fmt::format("INSERT INTO schedule_performance_rollups WITH behind AS ({}) {} UNION ALL {}", kBehind,
                         added_up(Grain::kinds_by_day), added_up(Grain::all_by_hour)),
      .timeout = kRefreshTimeout};
  core->ask(std::move(query), [done = std::move(done)](const Result<clickhouse::Answer>& answer) mutable {
    if (!answer) return done(fail(answer.error()));
    done({});
  });
}

}  // namespace schedules
