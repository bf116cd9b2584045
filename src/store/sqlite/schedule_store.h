// Schedules, definitions and dead letters in one SQLite file, schedules.db. Thread-safe; synced before it
// answers. Calls queue without bound: the callers limit what they have under way.
#pragma once

#include <memory>
#include <string>

#include "base/executor.h"
#include "store/alert_store.h"
#include "store/audit_trail.h"
#include "store/definition_store.h"
#include "store/run_book.h"
#include "store/schedule_store.h"

namespace schedules {

namespace sqlite {
class Lane;
}

struct SqliteScheduleOptions {
  std::string path;
  Executor* executor = nullptr;  ///< absent: a thread of its own. Must outlive the store.
  uint64_t max_bytes = 0;        ///< of the file; beyond it writes answer disk_full. 0: no bound
};

class SqliteScheduleStore final : public ScheduleStore,
                                  public ScheduleCounters,
                                  public DeadLetterStore,
                                  public DefinitionStore,
                                  public RunBook,
                                  public AuditTrail,
                                  public AlertStore {
 public:
  /// Makes the file or brings it to the newest layout. Blocks. Errors: newer_layout (file
  /// untouched), corrupt, unavailable, disk_full, io_error.
  static Result<std::unique_ptr<SqliteScheduleStore>> open(SqliteScheduleOptions options);
  /// Answers what is under way first. Not on the executor's thread.
  ~SqliteScheduleStore() override;

  void create(Schedule schedule, Done<Schedule> done) override;
  void update(Schedule schedule, Done<Schedule> done) override;
  void get(std::string id, Done<std::optional<Schedule>> done) override;
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override;
  void count(ScheduleFilter filter, Done<uint64_t> done) override;
  void remove(std::string id, AuditNote audit, Done<bool> done) override;
  void due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) override;
  void mark_planned(std::vector<Schedule> schedules, Done<void> done) override;
  void revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) override;

  void note_executions(std::vector<ExecutionNote> notes, Done<void> done) override;

  void bury(std::vector<DeadLetter> letters, Done<void> done) override;
  void get_letter(EventId id, Done<std::optional<DeadLetter>> done) override;
  void find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) override;
  void drop_letters(std::vector<EventId> ids, Done<uint64_t> done) override;
  void count_letters(Done<uint64_t> done) override;

  void upsert(std::vector<StoredDefinition> definitions, Done<std::vector<StoredDefinition>> done) override;
  void list(std::string module_name, Done<std::vector<StoredDefinition>> done) override;
  void get_definition(std::string name, Done<std::optional<StoredDefinition>> done) override;
  void set_overrides(std::string name, DefinitionOverrides overrides, Done<StoredDefinition> done) override;
  void drop_definition(std::string class_name, Done<bool> done) override;

  void change_runs(std::string schedule_id, RunChange change, Done<std::vector<RunEntry>> done) override;

  void append_entries(std::vector<AuditEntry> entries, Done<void> done) override;
  void find_entries(AuditFilter filter, Done<AuditPage> done) override;
  void forget_entries(TimePoint before, Done<uint64_t> done) override;

  void watched(std::string after, size_t limit, Done<std::vector<Schedule>> done) override;
  void find_alerts(AlertFilter filter, Done<AlertPage> done) override;
  void save_alerts(std::vector<Alert> alerts, Done<std::vector<bool>> done) override;
  void forget_alerts(TimePoint before, Done<uint64_t> done) override;

 private:
  explicit SqliteScheduleStore(std::unique_ptr<sqlite::Lane> lane);
  std::unique_ptr<sqlite::Lane> lane_;
};

}  // namespace schedules
