// What a node does beside firing: looks after its parts' health, keeps figures, forgets what is old, takes new settings.
#include "app/node_parts.h"
#include "base/log.h"

namespace schedules {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

}  // namespace

void Node::Parts::probe_parts() {
  probe_stores();
  probe_servers();
}

void Node::Parts::probe_stores() {
  const auto told = [this](const char* part) {
    return [this, part](const Result<void>& status) { health.answered(part, status); };
  };
  health.asked("storage");
  stores->rocks().catalog().counts([this](const Result<TierCounts>& counts) {
    health.answered("storage", counts ? Status{} : Status{fail(counts.error())});
  });
  health.asked("schedules");
  stores->dead_letters().count_letters([this](const Result<uint64_t>& count) {
    health.answered("schedules", count ? Status{} : Status{fail(count.error())});
    if (count) metrics.dead_letters.set(static_cast<double>(*count));
  });
  health.asked("analytics");
  if (auto* clickhouse = stores->clickhouse_executions(); clickhouse != nullptr) {
    clickhouse->probe(told("analytics"));
  } else {
    stores->executions().find_executions({.limit = 1}, [this](const Result<ExecutionPage>& page) {
      health.answered("analytics", page ? Status{} : Status{fail(page.error())});
    });
  }
}

void Node::Parts::probe_servers() {
  const auto told = [this](const char* part) {
    return [this, part](const Result<void>& status) {
      health.answered(part, status);
      metrics.dependency_up.at({part}).set(status ? 1 : 0);
    };
  };
  if (auto* redis = stores->redis(); redis != nullptr) {
    health.asked("redis");
    redis->probe(told("redis"));
  }
  if (auto* clickhouse = stores->clickhouse_far(); clickhouse != nullptr) {
    health.asked("clickhouse");
    clickhouse->probe(told("clickhouse"));
  }
  if (sinks->kafka() == nullptr) return;
  health.asked("kafka");
  if (probing_kafka.exchange(true)) return;
  kafka_probes->post([this, answer = told("kafka")] {
    const auto facts = sinks->kafka()->probe(std::chrono::milliseconds(2'000));
    answer(facts ? Status{} : Status{fail(facts.error())});
    probing_kafka = false;
  });
}

void Node::Parts::refresh_gauges() {
  stores->near_catalog().counts([this](const Result<TierCounts>& counts) {
    if (!counts) return;
    metrics.events_pending.at({"near"}).set(static_cast<double>(counts->pending));
  });
  stores->far_catalog().counts([this](const Result<TierCounts>& counts) {
    if (counts) metrics.events_pending.at({"far"}).set(static_cast<double>(counts->pending));
  });
  if (server) metrics.http_connections.set(static_cast<double>(server->connections()));
  double owned = 0;
  for (uint32_t shard = 0; shard < stores->near().shards(); ++shard) owned += coordinator->epoch_of(shard) ? 1 : 0;
  metrics.shards_owned.set(owned);
}

RetentionCuts Node::Parts::retention() const {
  const TimePoint now = clock.wall();
  return {.history = now - hours(24 * history_days), .analytics = now - hours(24 * analytics_days)};
}

void Node::Parts::expire() {
  if (!coordinator->leads()) return;
  stores->executions().expire(retention(), [](const Result<Expired>& expired) {
    if (!expired) log::warn("executions.expire_failed", {{"error", expired.error().detail}});
  });
}

void Node::Parts::plan_housekeeping() {
  kafka_probes = thread_executor("kafka-probe");
  housekeeping.every(std::chrono::milliseconds(1'000), [this] { probe_parts(); });
  housekeeping.every(seconds(1), [this] { recorder->tick(); });
  housekeeping.every(seconds(5), [this] { refresh_gauges(); });
  housekeeping.every(seconds(30), [this] {
    stores->tail().trim_tail(clock.wall() - seconds(stream_seconds),
                                    static_cast<uint64_t>(stream_messages.load()), [](const Result<void>&) {});
  });
  if (stores->outbox() != nullptr) {
    housekeeping.every(std::chrono::milliseconds(250), [this] { stores->outbox()->tick(); });
  }
  housekeeping.every(seconds(1), [this] {
    if (!definitions_applied) sync_definitions_until_done();
  });
  housekeeping.every(hours(1), [this] { expire(); });
  housekeeping.start();
}

void Node::Parts::keep_live(const Settings& from) {
  history_days = from.execution_history_ttl_days;
  analytics_days = from.analytics_retention_days;
  stream_seconds = from.stream_keep_seconds;
  stream_messages = from.stream_keep_messages;
  if (stores && stores->clickhouse_executions() != nullptr) {
    stores->clickhouse_executions()->keep_for(static_cast<uint32_t>(history_days), static_cast<uint32_t>(analytics_days));
  }
}

void Node::Parts::apply(const Settings& changed) {
  engine->reconfigure([max = static_cast<uint32_t>(changed.max_concurrent_executions),
                       interval = seconds(changed.check_interval_seconds)](EngineOptions& options) {
    options.max_concurrent = max;
    options.plan_interval = interval;
  });
  keep_live(changed);
  log::configure(changed.log_level, changed.log_format);
}

}  // namespace schedules
