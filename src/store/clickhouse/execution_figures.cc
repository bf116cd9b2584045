// Figures over executions: of the rows, exactly, while they are few; else of the rollups, the hourly states of what is not
// rolled up, and the rows of the broken hours at both ends.
#include <charconv>
#include <cmath>

#include "store/clickhouse/execution_core.h"
#include "store/clickhouse/execution_rollup.h"
#include "time/text.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::RowReader;
using std::chrono::hours;

constexpr size_t kRecentDurations = 100;

// Nearest rank: the exact quantile takes the element at floor(level × count), so a level is a hair lower.
constexpr std::string_view kExact = "quantilesExactIf(0.4999999999, 0.9499999999, 0.9899999999)(lateness_us, {})";

std::string counts_of_rows(std::string_view percentiles) {
  return fmt::format(
      "count() AS total, countIf(status = 'success') AS succeeded, countIf(status IN ('error', 'timeout')) AS failed, "
      "countIf(status = 'skipped') AS skipped, countIf(duration_us > 0) AS timed, "
      "sumIf(duration_us, duration_us > 0) AS duration_sum, sumIf(lateness_us, {}) AS lateness_sum, {} AS lateness",
      kTried, percentiles);
}

std::string row_key(std::optional<GroupBy> by) {
  if (!by) return "''";
  return *by == GroupBy::event ? "concat(entity_type, '.', action)"
                               : "toString(toUnixTimestamp(toStartOfHour(executed_at)))";
}

std::string state_key(std::optional<GroupBy> by) {
  if (!by) return "''";
  return *by == GroupBy::event ? "concat(entity_type, '.', action)"
                               : "toString(toUnixTimestamp(toDateTime(date, 'UTC')) + hour * 3600)";
}

bool states_suffice(const ExecutionFilter& filter) {
  return !filter.schedule_id && !filter.event_id && !filter.entity_id && !filter.correlation_id && !filter.state &&
         !filter.status;
}

/// The same filter in another range.
ExecutionFilter in_range(ExecutionFilter filter, std::optional<TimePoint> from, std::optional<TimePoint> to) {
  filter.from = from;
  filter.to = to;
  return filter;
}

std::string exact_sql(std::string_view table, const Conditions& conditions, std::optional<GroupBy> by, bool few) {
  const auto percentiles =
      few ? fmt::format("arrayMap(late -> toFloat64(late), {})", fmt::format(fmt::runtime(kExact), kTried))
          : fmt::format("quantilesDDIf(0.005, 0.5, 0.95, 0.99)(lateness_us, {})", kTried);
  return fmt::format("SELECT {} AS group_key, {} FROM {} FINAL{} GROUP BY group_key", row_key(by),
                     counts_of_rows(percentiles), table, conditions.where());
}

/// Whole hours from the states, what is before and after them from the rows.
struct Pieces {
  std::optional<TimePoint> first;  ///< whole hours begin
  std::optional<TimePoint> last;   ///< and end
  [[nodiscard]] bool whole_hours() const { return !first || !last || *first < *last; }
};

Pieces pieces_of(const ExecutionFilter& filter) {
  Pieces pieces;
  if (filter.from) pieces.first = std::chrono::ceil<hours>(*filter.from);
  if (filter.to) pieces.last = std::chrono::floor<hours>(*filter.to);
  return pieces;
}

constexpr std::string_view kSums = "total, succeeded, failed, skipped, timed, duration_sum, lateness_sum, lateness";

/// Whole hours of a table of states or rollups.
void add_range(Conditions& conditions, const Pieces& pieces, const ExecutionFilter& filter) {
  const auto seconds = [](TimePoint at) { return to_micros(at) / 1'000'000; };
  constexpr std::string_view kHour = "toUnixTimestamp(toDateTime(date, 'UTC')) + hour * 3600 {} {{value}}";
  if (pieces.first) {
    conditions.number("date >= toDate(toDateTime({value}, 'UTC'))", seconds(*pieces.first));
    conditions.number(fmt::format(kHour, ">="), seconds(*pieces.first));
  }
  if (pieces.last) conditions.number(fmt::format(kHour, "<"), seconds(*pieces.last));
  if (filter.topic) conditions.text("topic = {value}", *filter.topic);
  if (filter.entity_type) conditions.text("entity_type = {value}", *filter.entity_type);
  if (filter.action) conditions.text("action = {value}", *filter.action);
}

/// Dates that the rollups answer as a whole: by day, those which the range does not cut.
std::string rolled_up(Grain grain, const Pieces& pieces) {
  using std::chrono::days;
  auto rolled = is_rolled_up(grain);
  if (grain == Grain::all_by_hour) return rolled;
  const auto day = [](auto at) { return std::chrono::duration_cast<days>(at.time_since_epoch()).count(); };
  if (pieces.first) rolled += fmt::format(" AND date >= toDate({})", day(std::chrono::ceil<days>(*pieces.first)));
  if (pieces.last) rolled += fmt::format(" AND date < toDate({})", day(std::chrono::floor<days>(*pieces.last)));
  return rolled;
}

clickhouse::Query merged_query(const ExecutionFilter& filter, std::optional<GroupBy> by) {
  const auto pieces = pieces_of(filter);
  const auto grain = grain_for(filter, by);
  Conditions conditions;
  std::string sql;
  if (grain) {
    conditions.plain(fmt::format("grain = '{}' AND {}", to_string(*grain), rolled_up(*grain, pieces)));
    add_range(conditions, pieces, filter);
    sql = fmt::format("SELECT {} AS group_key, {} FROM schedule_performance_rollups FINAL{} UNION ALL ", state_key(by),
                      kSums, conditions.where());
    conditions.begin_again();
    conditions.plain(fmt::format("NOT ({})", rolled_up(*grain, pieces)));
  }
  add_range(conditions, pieces, filter);
  sql += fmt::format("SELECT {} AS group_key, {} FROM schedule_performance_states{}", state_key(by), kSums,
                     conditions.where());
  const auto state = fmt::format("quantilesDDStateIf(0.005, 0.5, 0.95, 0.99)(lateness_us, {})", kTried);
  const auto add_rows = [&](const ExecutionFilter& part) {
    conditions.begin_again();
    add_conditions(conditions, part);
    sql += fmt::format(" UNION ALL SELECT {} AS group_key, {} FROM {} FINAL{} GROUP BY group_key", row_key(by),
                       counts_of_rows(state), kResults, conditions.where());
  };
  if (pieces.first) add_rows(in_range(filter, filter.from, pieces.first));
  if (pieces.last) add_rows(in_range(filter, pieces.last, filter.to));
  return reading(fmt::format("SELECT group_key, sum(total), sum(succeeded), sum(failed), sum(skipped), sum(timed), "
                             "sum(duration_sum), sum(lateness_sum), quantilesDDMerge(0.005, 0.5, 0.95, 0.99)(lateness) "
                             "FROM ({}) GROUP BY group_key",
                             sql),
                 conditions);
}

double ratio(double sum, uint64_t count) { return count == 0 ? 0 : sum / static_cast<double>(count) / 1000; }

Result<std::vector<ExecutionGroup>> read_execution_groups(std::string_view body) {
  RowReader rows(body);
  std::vector<ExecutionGroup> groups;
  while (!rows.at_end() && rows.ok()) {
    ExecutionGroup group{.key = std::string(rows.text()), .stats = {}};
    auto& stats = group.stats;
    for (auto* count : {&stats.total, &stats.succeeded, &stats.failed, &stats.skipped, &stats.timed}) {
      *count = rows.number<uint64_t>();
    }
    const auto duration_sum = static_cast<double>(rows.number<int64_t>());
    const auto lateness_sum = static_cast<double>(rows.number<int64_t>());
    stats.mean_duration_ms = ratio(duration_sum, stats.timed);
    stats.mean_lateness_ms = ratio(lateness_sum, stats.succeeded + stats.failed);
    const bool three = rows.size() == 3;
    for (auto* percentile : {&stats.p50_lateness_ms, &stats.p95_lateness_ms, &stats.p99_lateness_ms}) {
      const auto micros = three ? rows.number<double>() : 0.0;
      *percentile = std::isfinite(micros) ? micros / 1000 : 0.0;  // none was tried
    }
    if (stats.total > 0) groups.push_back(std::move(group));
    if (!three) break;
  }
  if (!rows.ok() || !rows.at_end()) return fail(Code::corrupt, "ClickHouse's answer holds no figures");
  return groups;
}

/// Of the whole hours which the range touches, where the states know them.
clickhouse::Query count_query(const ExecutionFilter& filter) {
  if (!states_suffice(filter)) {
    const auto conditions = conditions_of(filter);
    return reading(fmt::format("SELECT count() FROM {}{}", table_of(filter), conditions.where()), conditions);
  }
  Pieces touched;
  if (filter.from) touched.first = std::chrono::floor<hours>(*filter.from);
  if (filter.to) touched.last = std::chrono::ceil<hours>(*filter.to);
  Conditions conditions;
  add_range(conditions, touched, filter);
  return reading("SELECT sum(total) FROM schedule_performance_states" + conditions.where(), conditions);
}

void count_rows(const ExecutionCore& core, const ExecutionFilter& filter, Done<uint64_t> done) {
  auto query = count_query(filter);
  core->ask(std::move(query), [done = std::move(done)](const Result<Answer>& answer) mutable {
    if (!answer) return done(fail(answer.error()));
    RowReader rows(answer->body);
    done(rows.number<uint64_t>());
  });
}

void collect(const ExecutionCore& core, ExecutionFilter filter, std::optional<GroupBy> by,
             Done<std::vector<ExecutionGroup>> done) {
  // Before the count: the filter is moved.
  const auto counted = filter;
  count_rows(core, counted,
             [core, filter = std::move(filter), by, done = std::move(done)](Result<uint64_t> count) mutable {
               if (!count) return done(fail(std::move(count.error())));
               const bool few = *count <= core->exact_rows_max;
               const auto conditions = conditions_of(filter);
               auto query = few || !states_suffice(filter) || !pieces_of(filter).whole_hours()
                                ? reading(exact_sql(table_of(filter), conditions, by, few), conditions)
                                : merged_query(filter, by);
               core->ask(std::move(query), [done = std::move(done)](Result<Answer> answer) mutable {
                 if (!answer) return done(fail(std::move(answer.error())));
                 done(read_execution_groups(answer->body));
               });
             });
}

void mean_duration_within(const ExecutionCore& core, ExecutionFilter filter, Reach reach, Done<double> done) {
  auto conditions = conditions_of(filter);
  conditions.plain("duration_us > 0");
  if (reach == Reach::newest_day) {
    if (auto placed = within_newest_day(conditions, filter); !placed) return done(fail(std::move(placed.error())));
  }
  auto query =
      reading(fmt::format("SELECT count(), ifNotFinite(avg(duration_us), 0) FROM (SELECT duration_us FROM {}{} "
                          "ORDER BY executed_at DESC, execution_id DESC LIMIT {})",
                          table_of(filter), conditions.where(), kRecentDurations),
              conditions);
  core->ask(std::move(query),
            [core, filter = std::move(filter), reach, done = std::move(done)](const Result<Answer>& answer) mutable {
              if (!answer) return done(fail(answer.error()));
              RowReader rows(answer->body);
              const auto count = rows.number<uint64_t>();
              const auto mean = rows.number<double>() / 1000;
              if (reach == Reach::newest_day && count < kRecentDurations) {
                return mean_duration_within(core, std::move(filter), Reach::all, std::move(done));
              }
              done(mean);
            });
}

void recent_mean_duration(const ExecutionCore& core, const ExecutionFilter& filter, Done<double> done) {
  mean_duration_within(core, filter, first_reach(filter), std::move(done));
}

// "1800000000" to RFC 3339.
std::string hour_text(const std::string& key) {
  int64_t seconds = 0;
  std::from_chars(key.data(), key.data() + key.size(), seconds);
  return format_time(from_micros(seconds * 1'000'000));
}

}  // namespace

// Figures, then the mean of the last durations, then the last of all.
void execution_stats(const ExecutionCore& core, ExecutionFilter filter, Done<ExecutionStats> done) {
  filter.cursor.clear();
  filter.skip = 0;
  filter.limit = 1;
  auto add_last = [core, filter](ExecutionStats stats, Done<ExecutionStats> next) {
    find_executions(core, filter,
                    [stats = std::move(stats), next = std::move(next)](Result<ExecutionPage> page) mutable {
                      if (!page) return next(fail(std::move(page.error())));
                      if (!page->executions.empty()) stats.last = std::move(page->executions.front());
                      next(std::move(stats));
                    });
  };
  auto add_mean = [core, filter, add_last](ExecutionStats stats, Done<ExecutionStats> next) {
    recent_mean_duration(core, filter,
                         [add_last, stats = std::move(stats), next = std::move(next)](Result<double> mean) mutable {
                           if (!mean) return next(fail(std::move(mean.error())));
                           stats.mean_duration_ms = *mean;
                           add_last(std::move(stats), std::move(next));
                         });
  };
  collect(core, filter, std::nullopt,
          [add_mean, done = std::move(done)](Result<std::vector<ExecutionGroup>> groups) mutable {
            if (!groups) return done(fail(std::move(groups.error())));
            if (groups->empty()) return done(ExecutionStats{});
            add_mean(std::move(groups->front().stats), std::move(done));
          });
}

void execution_groups(const ExecutionCore& core, ExecutionFilter filter, GroupBy by,
                      Done<std::vector<ExecutionGroup>> done) {
  collect(core, std::move(filter), by,
          [by, done = std::move(done)](Result<std::vector<ExecutionGroup>> groups) mutable {
            if (!groups) return done(std::move(groups));
            if (by == GroupBy::hour) {
              for (auto& group : *groups) group.key = hour_text(group.key);
            }
            std::ranges::sort(*groups, {}, &ExecutionGroup::key);
            done(std::move(groups));
          });
}

}  // namespace schedules
