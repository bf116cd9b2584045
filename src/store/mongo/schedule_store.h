// Schedules, definitions and dead letters in MongoDB, in the original's collections. Owned by the wiring; thread-safe;
// answers come on the client's threads, or in the caller where nothing can be asked. Nothing here waits for the server at
// open: while it is away calls answer unavailable, and indexes, layout and the import of the original's first collection
// are made at first contact.
//
// Other programs may write the same collections: take_over.h.
#pragma once

#include <memory>

#include "base/random.h"
#include "mongo/client.h"
#include "store/alert_store.h"
#include "store/audit_trail.h"
#include "store/definition_store.h"
#include "store/mongo/layout.h"
#include "store/mongo/take_over.h"
#include "store/run_book.h"
#include "store/schedule_store.h"

namespace schedules {

struct MongoScheduleOptions {
  mongo::Url url;
  mongo::Options client;
  MongoLayoutOptions layout;
  Replan replan;
};

/// Errors beside those of the ports: newer_layout, overloaded, shutting_down.
class MongoScheduleStore final : public ScheduleStore,
                                 public ScheduleCounters,
                                 public DeadLetterStore,
                                 public DefinitionStore,
                                 public RunBook,
                                 public AuditTrail,
                                 public AlertStore {
 public:
  /// Never asks the server. Clock and random must outlive the store.
  static std::unique_ptr<MongoScheduleStore> open(MongoScheduleOptions options, const Clock& clock, Random& random);
  /// Calls that wait answer shutting_down; those that run are waited for.
  ~MongoScheduleStore() override;

  void create(Schedule schedule, Done<Schedule> done) override;
  void update(Schedule schedule, Done<Schedule> done) override;
  void get(std::string id, Done<std::optional<Schedule>> done) override;
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override;
  void count(ScheduleFilter filter, Done<uint64_t> done) override;
  void remove(std::string id, AuditNote audit, Done<bool> done) override;
  void due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) override;
  void mark_planned(std::vector<Schedule> schedules, Done<void> done) override;
  void revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) override;

  /// While the server is away the answer waits until it is back, or the store is closed (shutting_down).
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

  /// Takes over what other programs have written; answers how much that was. To be called each CHECK_INTERVAL, and the
  /// planner woken where it is not 0.
  void take_over_edits(Done<uint64_t> done);
  [[nodiscard]] TakeOverFigures take_over_figures() const;
  /// For health: a primary answers. Also writes counts that have waited for that.
  void probe(Done<void> done);
  /// First contact, now: errors as of any call. For `schedules migrate`.
  void migrate(Done<void> done);
  /// What opening would find and change, without touching it.
  void inspect(Done<MongoLayoutStatus> done);

  /// For what else is kept there: users, settings, copies of executions. They must go before the store.
  [[nodiscard]] mongo::Client& client() const;
  [[nodiscard]] MongoLayout& layout() const;

 private:
  struct Parts;
  explicit MongoScheduleStore(std::unique_ptr<Parts> parts);
  template <class T, class Work>
  void call(std::string_view key, Work work, Done<T> done);

  std::unique_ptr<Parts> parts_;
};

}  // namespace schedules
