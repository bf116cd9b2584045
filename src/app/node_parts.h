// The parts of a running node, in the order in which they need each other. Only for this room's own sources.
#pragma once

#include "analytics/recorder.h"
#include "api/api.h"
#include "api/audit/queue.h"
#include "api/http/server.h"
#include "app/access.h"
#include "app/alerting.h"
#include "app/completions.h"
#include "app/copied_log.h"
#include "app/fired_stream.h"
#include "app/health.h"
#include "app/housekeeping.h"
#include "app/journaling.h"
#include "app/measured.h"
#include "app/node.h"
#include "app/panel.h"
#include "app/probe.h"
#include "app/sinks.h"
#include "app/stores.h"
#include "cluster/bounded_clock.h"
#include "cluster/redis/redis_breaker_board.h"
#include "cluster/redis/redis_coordinator.h"
#include "engine/loop.h"
#include "ingest/kafka/delayed_ingest.h"
#include "trace/tracing.h"

namespace schedules {

// In the order of construction; what is below may use what is above.
struct Node::Parts {
  Settings settings;
  SystemClock clock;
  std::unique_ptr<Random> random = system_random();
  Metrics metrics{SCHEDULES_VERSION};
  MetricsProbe probe{metrics};
  Health health{clock};
  std::unique_ptr<trace::Tracing> tracing;  ///< null where it is off
  std::unique_ptr<Stores> stores;
  std::unique_ptr<Journaling> journaling;  ///< null where it is off
  std::unique_ptr<Sinks> sinks;
  std::unique_ptr<api::AuditQueue> audit;
  uint64_t audit_dropped = 0;  ///< in metrics; housekeeping's
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<CopiedLog> copied_log;        ///< null without MongoDB
  std::unique_ptr<BoundedClock> bounded_clock;  ///< the engine's; held to Redis' where there is one
  std::atomic<bool> clocks_agree{true};
  std::unique_ptr<Coordinator> coordinator;
  std::unique_ptr<RedisBreakerBoard> breakers;  ///< null without Redis: there are no other nodes
  std::unique_ptr<MeasuredNear> near;
  std::unique_ptr<MeasuredFar> far;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Completions> completions;
  std::unique_ptr<Alerting> alerting;
  std::unique_ptr<EngineLoop> loop;
  std::unique_ptr<DelayedIngest> ingest;
  IngestCounts ingest_counted;  ///< in metrics; housekeeping's, like the next
  uint64_t executions_dropped = 0;
  uint64_t journal_put_back = 0;
  std::unique_ptr<api::DefinitionDesk> definitions;
  DefinitionFiles declared_in_code;  ///< by the library's user
  std::atomic<bool> definitions_applied{true};
  std::atomic<int64_t> audit_days{0};  ///< these six of the settings may change while it runs
  std::atomic<int64_t> history_days{0};
  std::atomic<int64_t> analytics_days{0};
  std::atomic<int64_t> stream_seconds{0};
  std::atomic<int64_t> stream_messages{0};
  std::atomic<int64_t> check_seconds{60};
  SteadyPoint checked_at;  ///< of housekeeping
  std::atomic<bool> mongo_was_away{false};
  std::unique_ptr<Executor> worker;
  std::unique_ptr<HubStream> stream;
  std::unique_ptr<MongoUsers> users;  ///< null without MongoDB
  std::unique_ptr<OverridePanel> panel;
  api::Producers producers{clock};
  std::unique_ptr<api::Api> api;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<Executor> kafka_probes;  ///< they block
  std::atomic<bool> probing_kafka{false};
  Housekeeping housekeeping;
  bool stopped = false;
  bool stopped_cleanly = true;

  Status open_stores_and_sinks();
  Status open_tracing();
  void build_coordinator();
  void compare_clocks();
  void build_engine();
  /// What comes in beside HTTP: news of other nodes, and delayed events by Kafka.
  Status open_side_doors();
  Status build_server();
  [[nodiscard]] DefinitionFiles declared_now() const;
  void sync_definitions(Done<api::SyncReport> done);
  /// Again, until the store has taken them: it may be away at the start.
  void sync_definitions_until_done();
  void plan_housekeeping();
  /// What other programs and nodes have written in MongoDB, each CHECK_INTERVAL.
  void look_at_mongo();
  void keep_live(const Settings& from);
  /// Applies what is live of the new settings. Thread-safe.
  void apply(const Settings& changed);
  void probe_parts();
  void probe_stores();
  void probe_servers();
  void refresh_gauges();
  void refresh_outbox();
  void refresh_ingest();
  void refresh_journal();
  void refresh_traces();
  [[nodiscard]] RetentionCuts retention() const;
  void expire();
  void refresh_audit();
  api::ApiDeps api_deps();
  void hand_over(std::chrono::milliseconds patience);
  bool stop(std::chrono::milliseconds timeout);
};

}  // namespace schedules
