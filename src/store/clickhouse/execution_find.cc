#include "store/clickhouse/execution_core.h"
#include "store/clickhouse/execution_row.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::RowReader;

Result<ExecutionPage> read_page(std::string_view body, size_t limit) {
  RowReader rows(body);
  ExecutionPage page;
  while (!rows.at_end()) {
    auto execution = read_execution(rows);
    if (!execution) return fail(std::move(execution.error()));
    page.executions.push_back(std::move(*execution));
  }
  const bool all = page.executions.size() < limit + kSpareRows;
  const auto again = std::ranges::unique(
      page.executions, [](const auto& a, const auto& b) { return a.executed_at == b.executed_at && a.id == b.id; });
  page.executions.erase(again.begin(), again.end());
  if (all && page.executions.size() <= limit) return page;
  page.executions.resize(std::min(limit, page.executions.size()));
  if (!page.executions.empty()) page.next_cursor = cursor_of(page.executions.back());
  return page;
}

}  // namespace

// Newest first is the table's order read backwards, so a page costs little wherever it is.
void find_executions(const ExecutionCore& core, ExecutionFilter filter, Done<ExecutionPage> done) {
  auto conditions = conditions_of(filter);
  if (!filter.cursor.empty()) {
    filter.skip = 0;
    if (auto placed = after_cursor(conditions, filter.cursor); !placed) return done(fail(std::move(placed.error())));
  }
  constexpr std::string_view kNewest = "ORDER BY executed_at DESC, execution_id DESC";
  const auto part =
      fmt::format("{} {} LIMIT {}, {}", conditions.where(), kNewest, filter.skip, filter.limit + kSpareRows);
  const auto table = table_of(filter);
  const auto rows = table == kResults ? part
                                      : fmt::format(
                                            " WHERE (executed_at, execution_id) IN (SELECT executed_at, "
                                            "execution_id FROM {}{}) {} LIMIT {}",
                                            table, part, kNewest, filter.limit + kSpareRows);
  auto query = reading(fmt::format("SELECT {} FROM {}{}", kExecutionColumns, kResults, rows), conditions);
  core->ask(std::move(query), [limit = filter.limit, done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    done(read_page(answer->body, limit));
  });
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
