// Everything the API needs from the rest of the program. wiring fills it; tests put fakes here. Whatever is
// referenced must outlive the Api, and answers what is still asked before it is destroyed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/definitions/desk.h"
#include "api/producers.h"
#include "base/executor.h"
#include "base/random.h"
#include "cluster/coordinator.h"
#include "engine/claims.h"
#include "engine/events.h"
#include "engine/schedules.h"
#include "store/alert_store.h"
#include "store/analytics_store.h"
#include "store/audit_trail.h"
#include "store/execution_store.h"
#include "store/schedule_store.h"
#include "time/clock.h"

namespace schedules::api {

/// How a run ended, as whoever ran it says.
struct Completion {
  EventId id;
  bool success = true;
  std::string error;
  std::optional<std::chrono::milliseconds> duration;
};
/// Errors: not_found, conflict (not running, or completed already).
using Complete = std::function<void(Completion, Done<void>)>;

/// Puts a dead letter back under its event id, edited, and drops the letter once that is durable.
using Redrive = std::function<void(DeadLetter, Edit, Done<Accepted>)>;

/// What fires, as it fires, as server-sent events in order: first what is kept after `after`, then live.
class FiredStream {
 public:
  virtual ~FiredStream() = default;
  struct Request {
    std::vector<std::string> topics;  ///< names, or the start of a name followed by '*'; empty: all
    std::optional<uint64_t> after;    ///< the last id that the reader has; absent: only what fires from now on
  };
  /// One reader's place. next() is called by one thread at a time.
  class Reader {
   public:
    /// Ends it; `on_ready` is not running afterwards.
    virtual ~Reader() = default;
    /// Whole server-sent events. Null: nothing now, `on_ready` is called once when there is more. Errors are final.
    virtual Result<std::shared_ptr<const std::string>> next() = 0;
  };
  /// `on_ready` may be called on any thread, also before open returns; it does not block. Errors: overloaded,
  /// invalid_argument (a topic).
  virtual Result<std::unique_ptr<Reader>> open(Request request, std::function<void()> on_ready) = 0;
};

struct HealthPart {
  std::string name;  ///< mongodb, redis, clickhouse, kafka, analytics, storage, …
  bool healthy = true;
  std::string status;  ///< "healthy", "degraded", "unreachable", …; empty: made from `healthy`
  std::optional<TimePoint> since;
  std::string detail;
  bool required = true;  ///< not ready without it
  std::optional<uint64_t> total_events;
};

struct CleanupReport {
  uint64_t executions_deleted = 0;
  uint64_t analytics_deleted = 0;
  uint64_t redis_cleaned = 0;
  uint64_t requeued_stuck = 0;
};

struct Operations {
  std::function<std::vector<HealthPart>()> health;  ///< as last probed; does not block
  std::function<std::string()> metrics;             ///< Prometheus text
  std::function<void(Done<uint64_t>)> sync;         ///< far to near now; how many moved
  std::function<void(Done<CleanupReport>)> cleanup;
  std::function<void(Done<ClusterView>)> cluster;  ///< who works on which shards
  std::function<bool()> running;                   ///< whether the engine fires
};

struct SettingChange {
  std::string key;  ///< "schedules_MAX_RETRIES"
  std::string value_json;
  std::string module;
};
struct SettingsPanel {
  std::function<std::string()> schemas_json;
  /// JSON of the value; nullopt for a key that is not known.
  std::function<std::optional<std::string>(std::string_view key)> value_json;
  /// `{key: {source, where}}` of every setting.
  std::function<std::string()> sources_json;
  /// Takes overrides, all or none; those of live settings apply at once. Errors: unknown_field, out_of_range, … with
  /// the key as field.
  std::function<void(std::vector<SettingChange>, std::string by, Done<void>)> save;
  std::function<void(Done<void>)> refresh;
  std::function<bool(std::string_view key)> restart_required;  ///< an override is only shown until then
  std::function<bool(std::string_view key)> secret;            ///< is never shown
};

/// The tiers, for the contract's two views of them. Null pointers: they are not shown here.
struct TierDoors {
  EventCatalog* near = nullptr;  ///< of its own tier only
  EventCatalog* far = nullptr;
  schedules::Claims* claims = nullptr;
  /// Moves these far events near now; for each whether it moved.
  std::function<void(std::vector<EventId>, Done<std::vector<bool>>)> transfer;
  Duration immediate_horizon = std::chrono::hours(24);
  Duration transfer_horizon = std::chrono::hours(48);
};

/// Of each request, once its answer is begun. `route`: its pattern; "none" where there is none.
using RequestMeter = std::function<void(std::string_view route, int status, Duration took)>;

struct ApiDeps {
  Events& events;
  Schedules& schedules;
  ExecutionStore& executions;
  DeadLetterStore& dead_letters;
  const Clock& clock;
  Random& random;
  Executor& worker;  ///< for work too long for an HTTP thread
  Complete complete;
  Redrive redrive;
  Producers* producers = nullptr;  ///< null: no limits
  FiredStream* stream = nullptr;   ///< null: there is no stream
  Operations operations;
  SettingsPanel settings;
  DefinitionDesk* definitions = nullptr;                       ///< null: none are kept here
  std::function<void(Done<SyncReport>)> sync_definitions;      ///< reads the files again and applies them
  std::function<void(std::chrono::milliseconds, Task)> later;  ///< Server::run_after
  TierDoors tiers;
  RequestMeter meter;                        ///< unset: nothing is measured
  AnalyticsStore* analytics = nullptr;       ///< null: none are kept here
  AlertStore* alerts = nullptr;              ///< null: none are kept here
  AuditTrail* audit = nullptr;               ///< null: none is kept here
  std::function<void(AuditEntry)> note;      ///< takes what goes with no change of the trail's store; may be unset
  std::function<RetentionCuts()> retention;  ///< what is older is not shown; unset: everything is
};

}  // namespace schedules::api
