#include "store/sqlite/execution_stats.h"

#include <map>

#include "store/sqlite/execution_find.h"
#include "store/sqlite/execution_hours.h"
#include "store/sqlite/figures.h"
#include "time/text.h"

namespace schedules::sqlite {
namespace {

constexpr size_t kPatternsMax = 100;
constexpr size_t kRecentDurations = 100;

/// What one row or one hour's sums belong to. "" for all together.
using Groups = std::map<std::string, Figures>;

struct Collector {
  Database& database;
  std::optional<GroupBy> by;
  size_t allowance;
  Groups groups = {};

  Figures& group(int64_t hour, std::string_view entity_type, std::string_view action) {
    std::string key;
    if (by == GroupBy::hour) key = format_time(from_micros(hour * kHourMicros));
    if (by == GroupBy::event) key = fmt::format("{}.{}", entity_type, action);
    return groups.try_emplace(std::move(key), allowance).first->second;
  }
  Status add_rows(const ExecutionFilter& filter);
  Status add_hours(const ExecutionFilter& filter, int64_t from_hour, int64_t to_hour);
};

/// Whole hours inside the filter's range; to < from if there are none.
struct Hours {
  int64_t from = 0;
  int64_t to = 0;
};

Hours whole_hours(const ExecutionFilter& filter) {
  Hours hours{0, INT64_MAX / kHourMicros};
  if (filter.from) hours.from = (to_micros(*filter.from) + kHourMicros - 1) / kHourMicros;
  if (filter.to) hours.to = to_micros(*filter.to) / kHourMicros;
  return hours;
}

bool sums_suffice(const ExecutionFilter& filter) {
  return !filter.schedule_id && !filter.event_id && !filter.topic && !filter.entity_id && !filter.correlation_id &&
         !filter.state && !filter.status;
}

Where hours_where(const ExecutionFilter& filter, int64_t from, int64_t to) {
  Where where;
  where.add("hour >= ?", {from});
  where.add("hour < ?", {to});
  where.add_if("entity_type = ?", filter.entity_type);
  where.add_if("action = ?", filter.action);
  return where;
}

Status Collector::add_rows(const ExecutionFilter& filter) {
  auto source = source_of(filter);
  const auto sql =
      fmt::format("SELECT e.status, e.lateness, e.duration, e.executed_at, e.entity_type, e.action FROM {}{}",
                  source.from, source.where.sql());
  auto rows = database.query(sql, source.where.values());
  // Neighbours mostly belong to the same hour; a lookup for each row would cost more than the sum.
  int64_t last_hour = -1;
  Figures* last = nullptr;
  while (rows.step()) {
    const int64_t hour = by == GroupBy::hour ? rows.integer(3) / kHourMicros : 0;
    if (last == nullptr || hour != last_hour || by == GroupBy::event) {
      last = &group(hour, rows.bytes(4), rows.bytes(5));
      last_hour = hour;
    }
    last->add(static_cast<RunStatus>(rows.integer(0)), rows.integer(1), rows.integer(2));
  }
  return rows.end();
}

Status Collector::add_hours(const ExecutionFilter& filter, int64_t from_hour, int64_t to_hour) {
  const auto where = hours_where(filter, from_hour, to_hour);
  const auto sql =
      fmt::format("SELECT {}, hour, entity_type, action FROM execution_hours{}", kHourColumns, where.sql());
  auto rows = database.query(sql, where.values());
  while (rows.step()) {
    const auto sums = read_hour_sums(rows);
    if (!sums) return fail(sums.error());
    group(rows.integer(8), rows.bytes(9), rows.bytes(10)).add(*sums);
  }
  return rows.end();
}

Status collect(Collector& collector, const ExecutionFilter& filter) {
  const auto hours = whole_hours(filter);
  if (!sums_suffice(filter) || hours.from >= hours.to) return collector.add_rows(filter);
  const auto where = hours_where(filter, hours.from, hours.to);
  const auto sql = "SELECT coalesce(sum(total), 0) FROM execution_hours" + where.sql();
  auto count = collector.database.query(sql, where.values());
  const uint64_t rows = count.step() ? static_cast<uint64_t>(count.integer(0)) : 0;
  if (auto done = count.end(); !done) return done;
  if (rows <= collector.allowance) return collector.add_rows(filter);

  if (auto done = collector.add_hours(filter, hours.from, hours.to); !done) return done;
  // The broken hours at both ends.
  if (filter.from) {
    auto before = filter;
    before.to = from_micros(hours.from * kHourMicros);
    if (auto done = collector.add_rows(before); !done) return done;
  }
  if (filter.to) {
    auto after = filter;
    after.from = from_micros(hours.to * kHourMicros);
    if (auto done = collector.add_rows(after); !done) return done;
  }
  return {};
}

Result<double> recent_mean_duration_ms(Database& database, const ExecutionFilter& filter) {
  const auto recent = newest_timed_executions(database, filter, kRecentDurations);
  if (!recent) return fail(recent.error());
  if (recent->empty()) return 0;
  Duration sum{};
  for (const auto& execution : *recent) sum += execution.duration;
  return static_cast<double>(sum.count()) / static_cast<double>(recent->size()) / 1000;
}

}  // namespace

Result<ExecutionStats> execution_stats(Database& database, const ExecutionFilter& filter, size_t exact_rows_max) {
  const Transaction snapshot(database, Transaction::Kind::reading);
  if (!snapshot.begun()) return fail(snapshot.begun().error());
  Collector collector{.database = database, .by = std::nullopt, .allowance = exact_rows_max};
  if (auto done = collect(collector, filter); !done) return fail(std::move(done.error()));
  auto stats = collector.group(0, "", "").answer();
  const auto duration = recent_mean_duration_ms(database, filter);
  if (!duration) return fail(duration.error());
  stats.mean_duration_ms = *duration;
  auto newest = filter;
  newest.cursor.clear();
  newest.skip = 0;
  newest.limit = 1;
  auto last = find_executions(database, newest);
  if (!last) return fail(std::move(last.error()));
  if (!last->executions.empty()) stats.last = std::move(last->executions.front());
  return stats;
}

Result<std::vector<ExecutionGroup>> execution_groups(Database& database, const ExecutionFilter& filter, GroupBy by,
                                                     size_t exact_rows_max) {
  const Transaction snapshot(database, Transaction::Kind::reading);
  if (!snapshot.begun()) return fail(snapshot.begun().error());
  Collector collector{.database = database, .by = by, .allowance = exact_rows_max};
  if (auto done = collect(collector, filter); !done) return fail(std::move(done.error()));
  std::vector<ExecutionGroup> groups;
  groups.reserve(collector.groups.size());
  for (auto& [key, figures] : collector.groups) groups.push_back({key, figures.answer()});
  return groups;
}

Result<std::vector<ErrorPattern>> error_patterns(Database& database, const ExecutionFilter& filter) {
  auto source = source_of(filter);
  // The condition is spelt as in the partial index, else SQLite could not use it.
  source.where.add("e.error <> ''", {});
  if (!filter.event_id && !filter.schedule_id) source.from = "executions AS e INDEXED BY executions_error";
  source.where.also(kPatternsMax);
  const auto sql = fmt::format(
      "SELECT substr(e.error, 1, instr(e.error || char(10), char(10)) - 1) AS line, count(*), "
      "max(e.executed_at) "
      "FROM {}{} GROUP BY line ORDER BY count(*) DESC, line LIMIT ?",
      source.from, source.where.sql());
  auto rows = database.query(sql, source.where.values());
  std::vector<ErrorPattern> patterns;
  while (rows.step()) {
    patterns.push_back({rows.text(0), static_cast<uint64_t>(rows.integer(1)), rows.time(2)});
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return patterns;
}

}  // namespace schedules::sqlite
