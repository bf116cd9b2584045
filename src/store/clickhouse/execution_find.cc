#include "store/clickhouse/execution_core.h"
#include "store/clickhouse/execution_row.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::RowReader;

Result<std::vector<Execution>> read_rows(std::string_view body) {
  RowReader rows(body);
  std::vector<Execution> executions;
  while (!rows.at_end()) {
    auto execution = read_execution(rows);
    if (!execution) return fail(std::move(execution.error()));
    executions.push_back(std::move(*execution));
  }
  return executions;
}

ExecutionPage page_of(std::vector<Execution> rows, size_t limit) {
  ExecutionPage page{.executions = std::move(rows), .next_cursor = {}};
  const bool all = page.executions.size() < limit + kSpareRows;
  const auto again = std::ranges::unique(
      page.executions, [](const auto& a, const auto& b) { return a.executed_at == b.executed_at && a.id == b.id; });
  page.executions.erase(again.begin(), again.end());
  if (all && page.executions.size() <= limit) return page;
  page.executions.resize(std::min(limit, page.executions.size()));
  if (!page.executions.empty()) page.next_cursor = cursor_of(page.executions.back());
  return page;
}

Result<clickhouse::Query> page_query(const ExecutionFilter& filter, Reach reach) {
  auto conditions = conditions_of(filter);
  Status placed;
  if (!filter.cursor.empty()) placed = after_cursor(conditions, filter.cursor);
  if (placed && reach == Reach::newest_day) placed = within_newest_day(conditions, filter);
  if (!placed) return fail(std::move(placed.error()));
  constexpr std::string_view kNewest = "ORDER BY executed_at DESC, execution_id DESC";
  const size_t limit = filter.limit + kSpareRows;
  auto part =
      fmt::format("{} {} LIMIT {}, {}", conditions.where(), kNewest, filter.cursor.empty() ? filter.skip : 0, limit);
  if (const auto table = table_of(filter); table != kResults) {
    part = fmt::format(" WHERE (executed_at, execution_id) IN (SELECT executed_at, execution_id FROM {}{}) {} LIMIT {}",
                       table, part, kNewest, limit);
  }
  return reading(fmt::format("SELECT {} FROM {}{}", kExecutionColumns, kResults, part), conditions);
}

void find_within(const ExecutionCore& core, ExecutionFilter filter, Reach reach, Done<ExecutionPage> done) {
  auto query = page_query(filter, reach);
  if (!query) return done(fail(std::move(query.error())));
  core->ask(std::move(*query),
            [core, filter = std::move(filter), reach, done = std::move(done)](const Result<Answer>& answer) mutable {
              if (!answer) return done(fail(answer.error()));
              auto rows = read_rows(answer->body);
              if (!rows) return done(fail(std::move(rows.error())));
              if (reach == Reach::newest_day && rows->size() < filter.limit + kSpareRows) {
                return find_within(core, std::move(filter), Reach::all, std::move(done));
              }
              done(page_of(std::move(*rows), filter.limit));
            });
}

}  // namespace

// Newest first is the table's order read backwards, so a page costs little wherever it is in its partition.
void find_executions(const ExecutionCore& core, ExecutionFilter filter, Done<ExecutionPage> done) {
  const auto reach = first_reach(filter);
  find_within(core, std::move(filter), reach, std::move(done));
}

void error_lines(const ExecutionCore& core, std::string_view table, std::string_view time_column, Conditions conditions,
                 size_t limit, Done<std::vector<ErrorPattern>> done) {
  conditions.plain("error_message != ''");
  auto query = reading(fmt::format("SELECT {} AS line, count() AS frequency, max({}) FROM {} FINAL{} GROUP BY line "
                                   "ORDER BY frequency DESC, line LIMIT {}",
                                   kFirstLine, time_column, table, conditions.where(), limit),
                       conditions);
  core->ask(std::move(query), [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    RowReader rows(answer->body);
    std::vector<ErrorPattern> patterns;
    while (!rows.at_end() && rows.ok()) {
      ErrorPattern pattern;
      pattern.error = rows.text();
      pattern.count = rows.number<uint64_t>();
      pattern.last_at = rows.time();
      patterns.push_back(std::move(pattern));
    }
    if (!rows.ok()) return done(fail(Code::corrupt, "ClickHouse's answer holds no error patterns"));
    done(std::move(patterns));
  });
}

}  // namespace schedules
