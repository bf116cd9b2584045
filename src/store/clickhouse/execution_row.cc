#include "store/clickhouse/execution_row.h"

#include <algorithm>

namespace schedules {
namespace {

using clickhouse::RowReader;
using clickhouse::RowWriter;

enum class StoredStatus : int8_t { success = 1, error = 2, timeout = 3, skipped = 4, running = 5 };

StoredStatus stored(RunStatus status) {
  switch (status) {
    case RunStatus::success:
      return StoredStatus::success;
    case RunStatus::failure:
      return StoredStatus::error;
    case RunStatus::skipped:
      return StoredStatus::skipped;
    case RunStatus::running:
      return StoredStatus::running;
  }
  return StoredStatus::error;
}

RunStatus status_of(int8_t value) {
  if (value == static_cast<int8_t>(StoredStatus::success)) return RunStatus::success;
  if (value == static_cast<int8_t>(StoredStatus::skipped)) return RunStatus::skipped;
  if (value == static_cast<int8_t>(StoredStatus::running)) return RunStatus::running;
  return RunStatus::failure;
}

template <class Small>
Small capped(int64_t value) {
  return static_cast<Small>(std::clamp<int64_t>(value, 0, std::numeric_limits<Small>::max()));
}

}  // namespace

void append_execution(std::string& out, const Execution& e) {
  RowWriter row(out);
  const int64_t lateness = (e.executed_at - e.due_at).count();
  row.text(e.id);
  row.text(e.schedule_id.empty() ? e.event_id.text() : e.schedule_id);
  for (const auto* text : {&e.correlation_id, &e.topic, &e.entity_type, &e.action}) row.text(*text);
  row.time(e.due_at);
  row.time(e.executed_at);
  row.number<double>(static_cast<double>(lateness) / 1e6);
  row.number<int8_t>(static_cast<int8_t>(stored(e.status)));
  row.nullable(e.error.empty() ? std::nullopt : std::optional(e.error), [&](const auto& error) { row.text(error); });
  row.number<uint8_t>(capped<uint8_t>(int64_t{e.attempt} - 1));
  row.number<uint32_t>(capped<uint32_t>(e.duration.count() / 1000));
  row.text(e.node_id);
  row.id(e.event_id);
  row.number<uint8_t>(e.schedule_id.empty() ? 0 : 1);
  row.number<uint8_t>(e.waited_far ? 1 : 0);
  row.text(e.schedule_name);
  row.text(e.entity_id);
  row.number<int64_t>(lateness);
  row.number<int64_t>(e.duration.count());
  row.number<int8_t>(static_cast<int8_t>(e.state));
  row.text(e.reason);
  row.number<uint32_t>(e.attempt);
  row.text(e.sink);
  row.text(e.position);
}

Result<Execution> read_execution(RowReader& row) {
  Execution e;
  e.id = row.text();
  e.schedule_id = row.text();
  for (auto* text : {&e.correlation_id, &e.topic, &e.entity_type, &e.action}) *text = row.text();
  e.due_at = row.time();
  e.executed_at = row.time();
  static_cast<void>(row.number<double>());
  e.status = status_of(row.number<int8_t>());
  e.error = row.nullable([&] { return row.text(); }).value_or("");
  static_cast<void>(row.number<uint8_t>());
  static_cast<void>(row.number<uint32_t>());
  e.node_id = row.text();
  e.event_id = row.id();
  if (row.number<uint8_t>() == 0) e.schedule_id.clear();
  e.waited_far = row.number<uint8_t>() != 0;
  e.schedule_name = row.text();
  e.entity_id = row.text();
  static_cast<void>(row.number<int64_t>());
  e.duration = Duration{row.number<int64_t>()};
  const auto state = row.number<int8_t>();
  e.state = static_cast<State>(state);
  e.reason = row.text();
  e.attempt = row.number<uint32_t>();
  e.sink = row.text();
  e.position = row.text();
  if (!row.ok() || state < 0 || state > static_cast<int8_t>(State::dead)) {
    return fail(Code::corrupt, "ClickHouse's answer holds no execution");
  }
  return e;
}

}  // namespace schedules
