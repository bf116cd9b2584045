// The layout of executions.db.
#include <array>

#include "store/sqlite/migrations.h"

namespace schedules::sqlite {
namespace {

// Every index costs each append, and one whose keys come in no order would, over millions of rows,
// touch a page of its own for each row. So rows are counted into runs of 16,384 (seq >> 14), and
// the two indexes by id begin with the run: an append touches pages of the newest run only, which
// stay in the cache; a look-up seeks once in each run that execution_runs says can hold rows of the
// wanted time. The other indexes grow at their right edge.
//
// * executions_time: pages, ranges and expiry; also what makes an append idempotent.
// * executions_schedule: leaves out plain events.
// * executions_error: only rows with an error.
//
// lateness is executed_at - due_at. Ids are 12 or 16 bytes where they are hexadecimal or a UUID,
// else text. execution_hours holds the sums of each hour and kind of event, kept equal to the rows
// by append and expire.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE executions (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  executed_at INTEGER NOT NULL,
  lateness INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  status INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  event_id BLOB NOT NULL,
  schedule_id BLOB,
  schedule_name TEXT NOT NULL,
  topic TEXT NOT NULL,
  entity_type TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  action TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  error TEXT NOT NULL,
  sink TEXT NOT NULL,
  position TEXT NOT NULL,
  node_id TEXT NOT NULL
);
CREATE UNIQUE INDEX executions_time ON executions(executed_at, id);
CREATE INDEX executions_schedule ON executions(seq >> 14, schedule_id, executed_at)
  WHERE schedule_id IS NOT NULL;
CREATE INDEX executions_event ON executions(seq >> 14, event_id);
CREATE INDEX executions_error ON executions(executed_at) WHERE error <> '';

CREATE TABLE execution_runs (
  run INTEGER PRIMARY KEY,
  oldest INTEGER NOT NULL,
  newest INTEGER NOT NULL
);

CREATE TABLE execution_hours (
  hour INTEGER NOT NULL,
  entity_type TEXT NOT NULL,
  action TEXT NOT NULL,
  total INTEGER NOT NULL,
  succeeded INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  lateness_sum INTEGER NOT NULL,
  timed INTEGER NOT NULL,
  duration_sum INTEGER NOT NULL,
  lateness BLOB NOT NULL,
  PRIMARY KEY (hour, entity_type, action)
) WITHOUT ROWID;
)sql";

// Records that other programs posted. Durations in microseconds, times too; enumerators as numbers.
constexpr std::string_view kRecords = R"sql(
ALTER TABLE executions ADD COLUMN waited_far INTEGER NOT NULL DEFAULT 0;

CREATE TABLE analytics_records (
  id TEXT PRIMARY KEY,
  type INTEGER NOT NULL,
  schedule_id TEXT NOT NULL,
  schedule_name TEXT,
  level INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  event_action TEXT NOT NULL,
  entity_id TEXT,
  correlation_id TEXT NOT NULL,
  scheduled_at INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  completed_at INTEGER NOT NULL,
  mongo_queue INTEGER,
  clickhouse_queue INTEGER,
  redis_queue INTEGER,
  processing INTEGER,
  publish INTEGER,
  result INTEGER NOT NULL,
  retry_count INTEGER NOT NULL,
  error TEXT,
  node TEXT,
  topic TEXT,
  partition INTEGER,
  offset INTEGER,
  mongo_execution_id TEXT,
  clickhouse_id TEXT,
  redis_key TEXT
) WITHOUT ROWID;
CREATE INDEX analytics_records_time ON analytics_records(completed_at);
CREATE INDEX analytics_records_schedule ON analytics_records(schedule_id, completed_at);
)sql";

constexpr std::array kExecutionSteps{Migration{1, "executions and their hourly sums", kFirst},
                                     Migration{2, "records that were posted", kRecords}};

}  // namespace

const Schema& execution_schema() {
  static const Schema schema{"executions", 0x45784564, kExecutionSteps};
  return schema;
}

}  // namespace schedules::sqlite
