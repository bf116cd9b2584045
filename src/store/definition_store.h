// Definitions: schedules declared in code or files, as they were declared, beside what an operator has overridden. The
// schedule that comes of one is an ordinary schedule in the ScheduleStore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/schedule.h"

namespace schedules {

enum class DefinitionStatus : uint8_t { active, disabled, draft };
std::string_view to_string(DefinitionStatus status);
std::optional<DefinitionStatus> parse_definition_status(std::string_view text);

struct StoredDefinition {
  std::string id;           ///< 24 hex digits; given by the store
  std::string class_name;   ///< unique: the key
  std::string event_name;   ///< unique; the schedule's name
  std::string module_name;  ///< who declares it: its owner
  std::string entity_type;
  std::string action;
  std::string cron_expression;  ///< empty where the rule is an interval or a single time: see declared
  std::string timezone = "UTC";
  std::optional<std::string> description;
  std::string payload = "{}";  ///< JSON object
  std::string actor_type = "system";
  std::string actor_id = "scheduler";
  uint32_t max_retries = 3;
  std::chrono::seconds retry_delay{60};
  DefinitionStatus status = DefinitionStatus::active;
  std::string declared;                   ///< JSON object: every field of the schedule as it was declared
  std::string schedule_id;                ///< of the schedule that came of it; empty: none yet
  std::optional<std::string> last_error;  ///< why it is not applied: "definition removed", a faulty cron, …

  // What an operator has said, stronger than what is declared.
  std::optional<std::string> manual_payload;  ///< JSON object
  std::optional<std::string> manual_cron;
  std::optional<DefinitionStatus> manual_status;

  std::optional<TimePoint> last_sync_at;
  TimePoint created_at;
  TimePoint updated_at;
};

/// nullopt inside: clears the override; the outer one: leaves it as it is.
struct DefinitionOverrides {
  std::optional<std::optional<std::string>> payload;
  std::optional<std::optional<std::string>> cron;
  std::optional<std::optional<DefinitionStatus>> status;
  TimePoint at;  ///< now; becomes updated_at
  AuditNote audit;
};

/// All calls are thread-safe, answer once on a thread of the store, and are durable when they answer.
/// Errors: unavailable, disk_full, io_error, and those named.
class DefinitionStore {
 public:
  virtual ~DefinitionStore() = default;
  /// Creates, or replaces everything but id, created_at and the overrides, by class_name. The given
  /// updated_at is the time of the call: it is taken where something but last_sync_at differs, and as created_at of a new
  /// one. Answers them as stored, in order. Errors: already_exists (another class has the
  /// event_name; nothing is written).
  virtual void upsert(std::vector<StoredDefinition> definitions, Done<std::vector<StoredDefinition>> done) = 0;
  /// Of one module, or of all (empty), by event_name.
  virtual void list(std::string module_name, Done<std::vector<StoredDefinition>> done) = 0;
  /// By class_name or event_name.
  virtual void get_definition(std::string name, Done<std::optional<StoredDefinition>> done) = 0;
  /// Errors: not_found.
  virtual void set_overrides(std::string name, DefinitionOverrides overrides, Done<StoredDefinition> done) = 0;
  /// Whether it was there.
  virtual void drop_definition(std::string class_name, Done<bool> done) = 0;
};

}  // namespace schedules
