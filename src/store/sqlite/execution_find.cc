#include "store/sqlite/execution_find.h"

#include <charconv>

#include "store/sqlite/execution_row.h"

namespace schedules::sqlite {
namespace {

// "<executed_at in micros>.<id>"
std::string cursor_of(const Execution& execution) {
  return fmt::format("{}.{}", to_micros(execution.executed_at), execution.id);
}

/// A place in the order of pages, newest first.
struct ExecutionPlace {
  TimePoint executed_at;
  std::string id;
};

Result<ExecutionPlace> parse_execution_cursor(std::string_view cursor) {
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  const auto rest = cursor.substr(static_cast<size_t>(end - cursor.data()));
  if (error != std::errc{} || !rest.starts_with('.')) {
    return fail_field(Code::invalid_argument, "cursor", "is not one of ours");
  }
  return ExecutionPlace{from_micros(micros), std::string(rest.substr(1))};
}

/// The value of an id whose bytes the clause keeps.
Value kept_id(Where& where, std::string_view text) {
  const ShortId id(text);
  const auto& bytes = where.keep(std::string(id.value().bytes()));
  return id.value().kind() == Value::Kind::text ? Value(bytes) : Value(Blob{bytes});
}

bool by_run(const ExecutionFilter& filter) {
  return filter.event_id || (filter.schedule_id && !filter.schedule_id->empty());
}

std::string_view run_index(const ExecutionFilter& filter) {
  return filter.event_id ? "executions_event" : "executions_schedule";
}

void add_conditions(const ExecutionFilter& filter, Where& where) {
  if (filter.event_id) where.add("e.event_id = ?", {Blob{filter.event_id->view()}});
  if (filter.schedule_id && filter.schedule_id->empty()) where.add("e.schedule_id IS NULL", {});
  if (filter.schedule_id && !filter.schedule_id->empty()) {
    where.add("e.schedule_id = ?", {kept_id(where, *filter.schedule_id)});
  }
  where.add_if("e.topic = ?", filter.topic);
  where.add_if("e.entity_type = ?", filter.entity_type);
  where.add_if("e.entity_id = ?", filter.entity_id);
  where.add_if("e.action = ?", filter.action);
  where.add_if("e.correlation_id = ?", filter.correlation_id);
  where.add_if("e.state = ?", filter.state);
  where.add_if("e.status = ?", filter.status);
  where.add_if("e.executed_at >= ?", filter.from);
  where.add_if("e.executed_at < ?", filter.to);
}

/// Rows newest first.
struct Wanted {
  const ExecutionFilter& filter;
  std::optional<ExecutionPlace> after = {};
  bool only_timed = false;
  uint64_t skip = 0;
  size_t limit = 0;

  /// Beside the filter's conditions.
  void add_to(Where& where) const {
    if (only_timed) where.add("e.duration > 0", {});
    if (after) where.add("(e.executed_at, e.id) < (?, ?)", {after->executed_at, kept_id(where, after->id)});
  }
};

Status read_rows(Query rows, std::vector<Execution>& found) {
  while (rows.step()) {
    auto execution = read_execution(rows);
    if (!execution) return fail(std::move(execution.error()));
    found.push_back(std::move(*execution));
  }
  return rows.end();
}

constexpr std::string_view kNewestFirst = "ORDER BY e.executed_at DESC, e.id DESC LIMIT ?";

Result<std::vector<Execution>> newest_sorted(Database& database, const Wanted& wanted) {
  auto source = source_of(wanted.filter);
  wanted.add_to(source.where);
  source.where.also(wanted.limit);
  source.where.also(wanted.skip);
  const auto sql =
      fmt::format("SELECT {} FROM {}{} {} OFFSET ?", kExecutionColumns, source.from, source.where.sql(), kNewestFirst);
  std::vector<Execution> found;
  if (auto done = read_rows(database.query(sql, source.where.values()), found); !done) {
    return fail(std::move(done.error()));
  }
  return found;
}

// Reads runs from the newest on, until what is left of them cannot be newer than what was found.
Result<std::vector<Execution>> newest_by_run(Database& database, const Wanted& wanted) {
  Where in_time;
  in_time.add_if("newest >= ?", wanted.filter.from);
  in_time.add_if("oldest < ?", wanted.filter.to);
  if (wanted.after) in_time.add("oldest <= ?", {wanted.after->executed_at});
  const auto runs_sql = fmt::format("SELECT run, newest FROM execution_runs{} ORDER BY newest DESC", in_time.sql());
  Where where;
  add_conditions(wanted.filter, where);
  wanted.add_to(where);
  where.add("(e.seq >> 14) = ?", {0});
  where.also(wanted.limit);
  const auto sql = fmt::format("SELECT {} FROM executions AS e INDEXED BY {}{} {}", kExecutionColumns,
                               run_index(wanted.filter), where.sql(), kNewestFirst);
  std::vector<Value> values(where.values().begin(), where.values().end());

  std::vector<Execution> found;
  auto runs = database.query(runs_sql, in_time.values());
  while (runs.step()) {
    if (found.size() == wanted.limit && runs.time(1) < found.back().executed_at) return found;
    values[values.size() - 2] = Value(runs.integer(0));
    const auto before = static_cast<int64_t>(found.size());
    if (auto done = read_rows(database.query(sql, values), found); !done) return fail(std::move(done.error()));
    std::inplace_merge(found.begin(), found.begin() + before, found.end(), comes_before);
    if (found.size() > wanted.limit) found.resize(wanted.limit);
  }
  if (auto done = runs.end(); !done) return fail(std::move(done.error()));
  return found;
}

Result<std::vector<Execution>> newest(Database& database, const Wanted& wanted) {
  // What is skipped should not be read into memory; SQLite sorts it in a file.
  const bool in_steps = by_run(wanted.filter) && wanted.skip == 0;
  return in_steps ? newest_by_run(database, wanted) : newest_sorted(database, wanted);
}

}  // namespace

ExecutionSource source_of(const ExecutionFilter& filter) {
  ExecutionSource source{.from = "executions AS e INDEXED BY executions_time"};
  if (by_run(filter)) {
    // The + hides the column's affinity, without which the index on the expression would not be
    // used.
    source.from = fmt::format("execution_runs AS r CROSS JOIN executions AS e INDEXED BY {} ON (e.seq >> 14) = +r.run",
                              run_index(filter));
    source.where.add_if("r.newest >= ?", filter.from);
    source.where.add_if("r.oldest < ?", filter.to);
  }
  add_conditions(filter, source.where);
  return source;
}

Result<ExecutionPage> find_executions(Database& database, const ExecutionFilter& filter) {
  Wanted wanted{.filter = filter};
  if (!filter.cursor.empty()) {
    auto after = parse_execution_cursor(filter.cursor);
    if (!after) return fail(std::move(after.error()));
    wanted.after = std::move(*after);
  }
  if (filter.cursor.empty()) wanted.skip = filter.skip;
  // One more than fits, only to learn whether there is one.
  wanted.limit = filter.limit + 1;
  auto found = newest(database, wanted);
  if (!found) return fail(std::move(found.error()));
  ExecutionPage page;
  if (found->size() == wanted.limit) {
    found->pop_back();
    if (!found->empty()) page.next_cursor = cursor_of(found->back());
  }
  page.executions = std::move(*found);
  return page;
}

Result<std::vector<Execution>> newest_timed_executions(Database& database, const ExecutionFilter& filter,
                                                       size_t limit) {
  return newest(database, {.filter = filter, .only_timed = true, .limit = limit});
}

}  // namespace schedules::sqlite
