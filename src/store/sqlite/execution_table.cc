#include "store/sqlite/execution_table.h"

#include <charconv>

#include "base/ids.h"
#include "store/sqlite/execution_hours.h"

namespace schedules::sqlite {
namespace {

constexpr std::string_view kColumns =
    "e.id, e.executed_at, e.lateness, e.duration, e.status, e.state, e.attempt, e.event_id, e.schedule_id, "
    "e.schedule_name, e.topic, e.entity_type, e.entity_id, e.action, e.correlation_id, e.reason, e.error, e.sink, "
    "e.position, e.node_id";

constexpr size_t kObjectIdBytes = 12;

int nibble(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

// An id in its shortest stored form, which holds the bytes it stands for.
class ShortId {
 public:
  explicit ShortId(std::string_view text) : text_(text) {
    if (is_object_id(text)) {
      for (size_t i = 0; i < kObjectIdBytes; ++i) {
        bytes_.bytes[i] = static_cast<uint8_t>(nibble(text[2 * i]) * 16 + nibble(text[2 * i + 1]));
      }
      size_ = kObjectIdBytes;
      return;
    }
    const auto id = text.size() == 36 ? parse_id(text) : std::nullopt;
    // Only where the text comes back letter for letter.
    if (!id || id->text() != text) return;
    bytes_ = *id;
    size_ = bytes_.bytes.size();
  }
  [[nodiscard]] Value value() const {
    if (size_ == 0) return text_;
    return Blob{bytes_.view().substr(0, size_)};
  }

 private:
  std::string_view text_;
  EventId bytes_;
  size_t size_ = 0;
};

EventId event_id_of(std::string_view bytes) {
  EventId id;
  std::memcpy(id.bytes.data(), bytes.data(), std::min(bytes.size(), id.bytes.size()));
  return id;
}

std::string long_id(const Query& row, int column) {
  const auto bytes = row.bytes(column);
  if (!row.is_blob(column)) return std::string(bytes);
  if (bytes.size() != kObjectIdBytes) return event_id_of(bytes).text();
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text.push_back(digits[static_cast<uint8_t>(byte) >> 4U]);
    text.push_back(digits[static_cast<uint8_t>(byte) & 15U]);
  }
  return text;
}

Result<Execution> read_execution(const Query& row) {
  Execution execution{.id = long_id(row, 0), .executed_at = row.time(1)};
  execution.due_at = execution.executed_at - Duration{row.integer(2)};
  execution.duration = Duration{row.integer(3)};
  const int64_t status = row.integer(4);
  const int64_t state = row.integer(5);
  if (status < 0 || status > static_cast<int64_t>(RunStatus::running) || state < 0 ||
      state > static_cast<int64_t>(State::dead) || row.bytes(7).size() != execution.event_id.bytes.size()) {
    return fail(Code::corrupt, "execution {} cannot be read", execution.id);
  }
  execution.status = static_cast<RunStatus>(status);
  execution.state = static_cast<State>(state);
  execution.attempt = static_cast<uint32_t>(row.integer(6));
  execution.event_id = event_id_of(row.bytes(7));
  execution.schedule_id = long_id(row, 8);
  execution.schedule_name = row.text(9);
  execution.topic = row.text(10);
  execution.entity_type = row.text(11);
  execution.entity_id = row.text(12);
  execution.action = row.text(13);
  execution.correlation_id = row.text(14);
  execution.reason = row.text(15);
  execution.error = row.text(16);
  execution.sink = row.text(17);
  execution.position = row.text(18);
  execution.node_id = row.text(19);
  return execution;
}

// "<executed_at in micros>.<id>"
std::string cursor_of(const Execution& execution) {
  return fmt::format("{}.{}", to_micros(execution.executed_at), execution.id);
}

Status continue_after(std::string_view cursor, Where& where) {
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  const auto rest = cursor.substr(static_cast<size_t>(end - cursor.data()));
  if (error != std::errc{} || !rest.starts_with('.')) {
    return fail_field(Code::invalid_argument, "cursor", "is not one of ours");
  }
  const ShortId id(rest.substr(1));
  const auto& bytes = where.keep(std::string(id.value().bytes()));
  const bool is_text = id.value().kind() == Value::Kind::text;
  where.add("(e.executed_at, e.id) < (?, ?)", {micros, is_text ? Value(bytes) : Value(Blob{bytes})});
  return {};
}

}  // namespace

Status append_executions(Database& database, const std::vector<Execution>& executions) {
  if (executions.empty()) return {};
  HourChanges changes;
  auto insert = database.prepare(
      "INSERT INTO executions(id, executed_at, lateness, duration, status, state, attempt, event_id, schedule_id, "
      "schedule_name, topic, entity_type, entity_id, action, correlation_id, reason, error, sink, position, node_id) "
      "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20) "
      "ON CONFLICT(executed_at, id) DO NOTHING");
  for (const auto& e : executions) {
    const ShortId id(e.id);
    const ShortId schedule(e.schedule_id);
    const int64_t lateness = (e.executed_at - e.due_at).count();
    auto done = insert.run({id.value(), e.executed_at, lateness, e.duration.count(), e.status, e.state, e.attempt,
                            Blob{e.event_id.view()}, e.schedule_id.empty() ? Value(std::nullopt) : schedule.value(),
                            e.schedule_name, e.topic, e.entity_type, e.entity_id, e.action, e.correlation_id,
                            e.reason, e.error, e.sink, e.position, e.node_id});
    if (!done) return done;
    if (database.changes() == 0) continue;  // known: a repeated append
    changes.add(to_micros(e.executed_at), e.entity_type, e.action, e.status, lateness, e.duration.count());
  }
  return changes.apply(database, 1);
}

ExecutionSource source_of(const ExecutionFilter& filter) {
  ExecutionSource source;
  auto& where = source.where;
  if (filter.event_id) {
    source.with =
        "WITH RECURSIVE run(n) AS (SELECT max(seq) >> 16 FROM executions UNION ALL "
        "SELECT n - 1 FROM run WHERE n > (SELECT min(seq) >> 16 FROM executions)) ";
    source.from = "run CROSS JOIN executions AS e INDEXED BY executions_event ON (e.seq >> 16) = run.n";
    where.add("e.event_id = ?", {Blob{filter.event_id->view()}});
  } else if (filter.schedule_id && !filter.schedule_id->empty()) {
    source.from = "executions AS e INDEXED BY executions_schedule";
  } else {
    source.from = "executions AS e INDEXED BY executions_time";
  }
  if (filter.schedule_id && filter.schedule_id->empty()) where.add("e.schedule_id IS NULL", {});
  if (filter.schedule_id && !filter.schedule_id->empty()) {
    const ShortId id(*filter.schedule_id);
    const auto& bytes = where.keep(std::string(id.value().bytes()));
    const bool is_text = id.value().kind() == Value::Kind::text;
    where.add("e.schedule_id = ?", {is_text ? Value(bytes) : Value(Blob{bytes})});
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
  return source;
}

Result<ExecutionPage> find_executions(Database& database, const ExecutionFilter& filter) {
  auto source = source_of(filter);
  if (!filter.cursor.empty()) {
    if (auto done = continue_after(filter.cursor, source.where); !done) return fail(std::move(done.error()));
  }
  source.where.also(filter.limit + 1);
  source.where.also(filter.cursor.empty() ? filter.skip : 0);
  const auto sql = fmt::format("{}SELECT {} FROM {}{} ORDER BY e.executed_at DESC, e.id DESC LIMIT ? OFFSET ?",
                               source.with, kColumns, source.from, source.where.sql());
  auto rows = database.query(sql, source.where.values());
  ExecutionPage page;
  while (rows.step()) {
    // One more was asked for than fits, only to learn whether there is one.
    if (page.executions.size() == filter.limit) {
      page.next_cursor = cursor_of(page.executions.back());
      return page;
    }
    auto execution = read_execution(rows);
    if (!execution) return fail(std::move(execution.error()));
    page.executions.push_back(std::move(*execution));
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return page;
}

Result<uint64_t> expire_executions(Database& database, TimePoint before, size_t limit) {
  HourChanges changes;
  std::vector<int64_t> expired;
  auto rows = database.query(
      "SELECT seq, executed_at, entity_type, action, status, lateness, duration FROM executions "
      "INDEXED BY executions_time WHERE executed_at < ?1 ORDER BY executed_at LIMIT ?2",
      {before, limit});
  while (rows.step()) {
    expired.push_back(rows.integer(0));
    changes.add(rows.integer(1), rows.bytes(2), rows.bytes(3), static_cast<RunStatus>(rows.integer(4)),
                rows.integer(5), rows.integer(6));
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  auto remove = database.prepare("DELETE FROM executions WHERE seq = ?1");
  for (const int64_t seq : expired) {
    if (auto done = remove.run({seq}); !done) return fail(std::move(done.error()));
  }
  if (auto done = changes.apply(database, -1); !done) return fail(std::move(done.error()));
  return expired.size();
}

}  // namespace schedules::sqlite
