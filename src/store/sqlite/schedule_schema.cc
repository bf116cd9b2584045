// The layout of schedules.db.
#include <array>

#include "store/sqlite/migrations.h"

namespace schedules::sqlite {
namespace {

// `schedules_page` and `schedules_type` carry every filtered column in the order of pages, so that
// a page is found without reading rows that are not on it.
constexpr std::string_view kFirstSchema = R"sql(
CREATE TABLE schedules (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  status INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  event_action TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  planned_until INTEGER,
  next_execution INTEGER,
  planned_count INTEGER NOT NULL,
  last_execution INTEGER,
  last_status INTEGER,
  last_error TEXT,
  execution_count INTEGER NOT NULL,
  error_count INTEGER NOT NULL,
  definition BLOB NOT NULL
);
CREATE INDEX schedules_page ON schedules
  (created_at, id, status, event_type, event_action, owner, name);
CREATE INDEX schedules_type ON schedules
  (event_type, created_at, id, status, event_action, owner, name);
CREATE INDEX schedules_due ON schedules(next_execution, id)
  WHERE status = 0 AND next_execution IS NOT NULL;

CREATE TABLE schedule_tags (
  tag TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (tag, created_at, id)
) WITHOUT ROWID;

CREATE TABLE dead_letters (
  seq INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL UNIQUE,
  died_at INTEGER NOT NULL,
  topic TEXT NOT NULL,
  reason TEXT NOT NULL,
  schedule_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  record BLOB NOT NULL
);
CREATE INDEX dead_letters_page ON dead_letters(died_at, event_id, topic, reason, schedule_id);
)sql";

constexpr std::string_view kDefinitions = R"sql(
CREATE TABLE definitions (
  id TEXT NOT NULL,
  class_name TEXT PRIMARY KEY,
  event_name TEXT NOT NULL UNIQUE,
  module_name TEXT NOT NULL,
  entity_type TEXT NOT NULL,
  action TEXT NOT NULL,
  cron_expression TEXT NOT NULL,
  timezone TEXT NOT NULL,
  description TEXT,
  payload TEXT NOT NULL,
  actor_type TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  max_retries INTEGER NOT NULL,
  retry_delay INTEGER NOT NULL,
  status INTEGER NOT NULL,
  declared TEXT NOT NULL,
  schedule_id TEXT NOT NULL,
  last_error TEXT,
  manual_payload TEXT,
  manual_cron TEXT,
  manual_status INTEGER,
  last_sync_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

constexpr std::string_view kRuns = R"sql(
CREATE TABLE schedule_runs (schedule_id TEXT PRIMARY KEY, runs BLOB NOT NULL) WITHOUT ROWID;
)sql";

// Without rowid: in the order of pages. The two indexes say it too, each behind what it finds by.
constexpr std::string_view kAudit = R"sql(
CREATE TABLE audit (
  at INTEGER NOT NULL,
  id TEXT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  object_name TEXT NOT NULL,
  action TEXT NOT NULL,
  changes TEXT NOT NULL,
  PRIMARY KEY (at, id)
) WITHOUT ROWID;
CREATE INDEX audit_object ON audit(object_id, at, id);
CREATE INDEX audit_actor ON audit(actor, at, id);
)sql";

constexpr std::string_view kAlerts = R"sql(
CREATE TABLE alerts (
  schedule_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  schedule_name TEXT NOT NULL,
  since INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  recovered_at INTEGER,
  reason TEXT NOT NULL,
  error TEXT NOT NULL,
  failures INTEGER NOT NULL,
  url TEXT NOT NULL,
  news INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_try_at INTEGER NOT NULL,
  told_at INTEGER,
  tell_error TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, kind)
) WITHOUT ROWID;
CREATE INDEX alerts_page ON alerts(opened_at, schedule_id, kind);
)sql";

constexpr std::array kScheduleSteps{Migration{1, "schedules and dead letters", kFirstSchema},
                                    Migration{2, "definitions", kDefinitions}, Migration{3, "runs", kRuns},
                                    Migration{4, "audit trail", kAudit}, Migration{5, "alerts", kAlerts}};

}  // namespace

const Schema& schedule_schema() {
  static const Schema schema{"schedules", 0x53634564, kScheduleSteps};
  return schema;
}

}  // namespace schedules::sqlite
