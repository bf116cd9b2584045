#include "store/sqlite/schedule_store.h"

#include "store/sqlite/alert_table.h"
#include "store/sqlite/audit_table.h"
#include "store/sqlite/dead_letter_table.h"
#include "store/sqlite/definition_table.h"
#include "store/sqlite/lane.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/run_table.h"
#include "store/sqlite/schedule_table.h"

namespace schedules {
namespace {

// One sync for so many waiting calls; more would let the first of them wait too long.
constexpr size_t kBatchMax = 256;

/// What has been done, once its note is written beside it.
template <class T>
Result<T> noted(sqlite::Database& db, const AuditNote& note, Result<T> done) {
  if (!done) return done;
  if (auto written = sqlite::append_note(db, note); !written) return fail(std::move(written.error()));
  return done;
}

}  // namespace

using sqlite::Database;

Result<std::unique_ptr<SqliteScheduleStore>> SqliteScheduleStore::open(SqliteScheduleOptions options) {
  auto database =
      sqlite::open_migrated({.path = options.path, .max_bytes = options.max_bytes}, sqlite::schedule_schema());
  if (!database) return fail(std::move(database.error()));
  return std::unique_ptr<SqliteScheduleStore>(new SqliteScheduleStore(
      std::make_unique<sqlite::Lane>(std::move(*database), options.executor, "schedules-db", kBatchMax)));
}

SqliteScheduleStore::SqliteScheduleStore(std::unique_ptr<sqlite::Lane> lane) : lane_(std::move(lane)) {}
SqliteScheduleStore::~SqliteScheduleStore() = default;

void SqliteScheduleStore::create(Schedule schedule, Done<Schedule> done) {
  lane_->write<Schedule>([schedule = std::move(schedule)](
                             Database& db) { return noted(db, schedule.audit, sqlite::insert_schedule(db, schedule)); },
                         std::move(done));
}

void SqliteScheduleStore::update(Schedule schedule, Done<Schedule> done) {
  lane_->write<Schedule>(
      [schedule = std::move(schedule)](Database& db) {
        return noted(db, schedule.audit, sqlite::replace_schedule(db, schedule));
      },
      std::move(done));
}

void SqliteScheduleStore::get(std::string id, Done<std::optional<Schedule>> done) {
  lane_->read<std::optional<Schedule>>([id = std::move(id)](Database& db) { return sqlite::get_schedule(db, id); },
                                       std::move(done));
}

void SqliteScheduleStore::find(ScheduleFilter filter, Done<std::vector<Schedule>> done) {
  lane_->read<std::vector<Schedule>>(
      [filter = std::move(filter)](Database& db) { return sqlite::find_schedules(db, filter); }, std::move(done));
}

void SqliteScheduleStore::count(ScheduleFilter filter, Done<uint64_t> done) {
  lane_->read<uint64_t>([filter = std::move(filter)](Database& db) { return sqlite::count_schedules(db, filter); },
                        std::move(done));
}

void SqliteScheduleStore::remove(std::string id, AuditNote audit, Done<bool> done) {
  lane_->write<bool>(
      [id = std::move(id), audit = std::move(audit)](Database& db) {
        auto removed = sqlite::remove_schedule(db, id);
        return removed && *removed ? noted(db, audit, std::move(removed)) : removed;
      },
      std::move(done));
}

void SqliteScheduleStore::due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) {
  lane_->read<std::vector<Schedule>>([until, limit](Database& db) { return sqlite::due_schedules(db, until, limit); },
                                     std::move(done));
}

void SqliteScheduleStore::mark_planned(std::vector<Schedule> schedules, Done<void> done) {
  lane_->write<void>([schedules = std::move(schedules)](Database& db) { return sqlite::mark_schedules(db, schedules); },
                     std::move(done));
}

void SqliteScheduleStore::revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) {
  lane_->read<std::vector<ScheduleRevision>>(
      [ids = std::move(ids)](Database& db) { return sqlite::schedule_revisions(db, ids); }, std::move(done));
}

void SqliteScheduleStore::note_executions(std::vector<ExecutionNote> notes, Done<void> done) {
  lane_->write<void>([notes = std::move(notes)](Database& db) { return sqlite::count_executions(db, notes); },
                     std::move(done));
}

void SqliteScheduleStore::bury(std::vector<DeadLetter> letters, Done<void> done) {
  lane_->write<void>([letters = std::move(letters)](Database& db) { return sqlite::bury_letters(db, letters); },
                     std::move(done));
}

void SqliteScheduleStore::get_letter(EventId id, Done<std::optional<DeadLetter>> done) {
  lane_->read<std::optional<DeadLetter>>([id](Database& db) { return sqlite::get_letter(db, id); }, std::move(done));
}

void SqliteScheduleStore::find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) {
  lane_->read<DeadLetterPage>([filter = std::move(filter)](Database& db) { return sqlite::find_letters(db, filter); },
                              std::move(done));
}

void SqliteScheduleStore::drop_letters(std::vector<EventId> ids, Done<uint64_t> done) {
  lane_->write<uint64_t>([ids = std::move(ids)](Database& db) { return sqlite::drop_letters(db, ids); },
                         std::move(done));
}

void SqliteScheduleStore::count_letters(Done<uint64_t> done) {
  lane_->read<uint64_t>(
      [](Database& db) -> Result<uint64_t> {
        return db.number("SELECT count(*) FROM dead_letters").map([](int64_t n) { return static_cast<uint64_t>(n); });
      },
      std::move(done));
}

void SqliteScheduleStore::upsert(std::vector<StoredDefinition> definitions, Done<std::vector<StoredDefinition>> done) {
  lane_->write<std::vector<StoredDefinition>>(
      [definitions = std::move(definitions)](Database& db) { return sqlite::upsert_definitions(db, definitions); },
      std::move(done));
}

void SqliteScheduleStore::list(std::string module_name, Done<std::vector<StoredDefinition>> done) {
  lane_->read<std::vector<StoredDefinition>>(
      [module_name = std::move(module_name)](Database& db) { return sqlite::list_definitions(db, module_name); },
      std::move(done));
}

void SqliteScheduleStore::get_definition(std::string name, Done<std::optional<StoredDefinition>> done) {
  lane_->read<std::optional<StoredDefinition>>(
      [name = std::move(name)](Database& db) { return sqlite::get_definition(db, name); }, std::move(done));
}

void SqliteScheduleStore::set_overrides(std::string name, DefinitionOverrides overrides, Done<StoredDefinition> done) {
  lane_->write<StoredDefinition>(
      [name = std::move(name), overrides = std::move(overrides)](Database& db) {
        return noted(db, overrides.audit, sqlite::override_definition(db, name, overrides));
      },
      std::move(done));
}

void SqliteScheduleStore::drop_definition(std::string class_name, Done<bool> done) {
  lane_->write<bool>(
      [class_name = std::move(class_name)](Database& db) { return sqlite::drop_definition(db, class_name); },
      std::move(done));
}

void SqliteScheduleStore::change_runs(std::string schedule_id, RunChange change, Done<std::vector<RunEntry>> done) {
  lane_->write<std::vector<RunEntry>>([schedule_id = std::move(schedule_id), change = std::move(change)](
                                          Database& db) { return sqlite::change_runs(db, schedule_id, change); },
                                      std::move(done));
}

void SqliteScheduleStore::append_entries(std::vector<AuditEntry> entries, Done<void> done) {
  lane_->write<void>([entries = std::move(entries)](Database& db) { return sqlite::append_entries(db, entries); },
                     std::move(done));
}

void SqliteScheduleStore::find_entries(AuditFilter filter, Done<AuditPage> done) {
  lane_->read<AuditPage>([filter = std::move(filter)](Database& db) { return sqlite::find_entries(db, filter); },
                         std::move(done));
}

void SqliteScheduleStore::forget_entries(TimePoint before, Done<uint64_t> done) {
  lane_->write<uint64_t>([before](Database& db) { return sqlite::forget_entries(db, before); }, std::move(done));
}

void SqliteScheduleStore::watched(std::string after, size_t limit, Done<std::vector<Schedule>> done) {
  lane_->read<std::vector<Schedule>>(
      [after = std::move(after), limit](Database& db) { return sqlite::watched_schedules(db, after, limit); },
      std::move(done));
}

void SqliteScheduleStore::find_alerts(AlertFilter filter, Done<AlertPage> done) {
  lane_->read<AlertPage>([filter = std::move(filter)](Database& db) { return sqlite::find_alerts(db, filter); },
                         std::move(done));
}

void SqliteScheduleStore::save_alerts(std::vector<Alert> alerts, Done<std::vector<bool>> done) {
  lane_->write<std::vector<bool>>(
      [alerts = std::move(alerts)](Database& db) { return sqlite::save_alerts(db, alerts); }, std::move(done));
}

void SqliteScheduleStore::forget_alerts(TimePoint before, Done<uint64_t> done) {
  lane_->write<uint64_t>([before](Database& db) { return sqlite::forget_alerts(db, before); }, std::move(done));
}

}  // namespace schedules
