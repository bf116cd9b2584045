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
  if (auto* mongo = stores->mongo(); mongo != nullptr) {
    health.asked("mongodb");
    mongo->probe(told("mongodb"));
  }
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
    const auto waited = counts->next_fire_at ? clock.wall() - *counts->next_fire_at : Duration(0);
    metrics.oldest_due.set(std::chrono::duration<double>(std::max(waited, Duration(0))).count());
  });
  stores->far_catalog().counts([this](const Result<TierCounts>& counts) {
    if (counts) metrics.events_pending.at({"far"}).set(static_cast<double>(counts->pending));
  });
  if (server) metrics.http_connections.set(static_cast<double>(server->connections()));
  double owned = 0;
  for (uint32_t shard = 0; shard < stores->near().shards(); ++shard) owned += coordinator->epoch_of(shard) ? 1 : 0;
  metrics.shards_owned.set(owned);
}

void Node::Parts::refresh_outbox() {
  const auto outbox = stores->outbox() != nullptr ? stores->outbox()->figures() : OutboxFigures{};
  metrics.executions_waiting.set(static_cast<double>(recorder->waiting() + outbox.waiting));
  const uint64_t dropped = recorder->dropped() + outbox.dropped;
  metrics.executions_dropped.add(static_cast<double>(dropped - std::exchange(executions_dropped, dropped)));
}

void Node::Parts::refresh_ingest() {
  if (!ingest) return;
  const auto status = ingest->status();
  metrics.ingest_waiting.set(static_cast<double>(status.records));
  metrics.ingest_paused.set(static_cast<double>(status.paused));
  const auto before = std::exchange(ingest_counted, status.counts);
  const auto count = [this](const char* result, uint64_t grown) {
    metrics.ingest_records.at({result}).add(static_cast<double>(grown));
  };
  count("accepted", status.counts.accepted - before.accepted);
  count("repeated", status.counts.repeated - before.repeated);
  count("dead", status.counts.dead - before.dead);
  // Short trouble is what retries are for.
  const bool stuck = status.trouble && status.trouble_for > std::chrono::seconds(3);
  health.answered("delayed_events", stuck ? Status{fail(*status.trouble)} : Status{});
}

void Node::Parts::refresh_journal() {
  if (!journaling) return;
  const auto figures = journaling->figures();
  metrics.journal_shards.at({"waiting"}).set(static_cast<double>(figures.waiting));
  metrics.journal_shards.at({"filling"}).set(static_cast<double>(figures.filling));
  metrics.journal_fill_ratio.set(figures.share());
  metrics.journal_events_put_back.add(
      static_cast<double>(figures.events_put_back - std::exchange(journal_put_back, figures.events_put_back)));
  if (!figures.under_way()) return health.answered("journal", {});
  health.answered(
      "journal", fail(Code::unavailable,
                      "{} shards are being filled again, {} wait; {:.0f} % of {} records read, {} events "
                      "put back since the start",
                      figures.filling, figures.waiting, 100 * figures.share(), figures.total, figures.events_put_back));
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
  stores->audit().forget_entries(clock.wall() - hours(24 * audit_days), [](const Result<uint64_t>& forgotten) {
    if (!forgotten) log::warn("audit.expire_failed", {{"error", forgotten.error().detail}});
  });
  stores->alerts().forget_alerts(clock.wall() - hours(24 * history_days), [](const Result<uint64_t>& forgotten) {
    if (!forgotten) log::warn("alerts.expire_failed", {{"error", forgotten.error().detail}});
  });
}

void Node::Parts::refresh_audit() {
  audit->tick();
  metrics.audit_waiting.set(static_cast<double>(audit->waiting()));
  const uint64_t dropped = audit->dropped();
  metrics.audit_dropped.add(static_cast<double>(dropped - std::exchange(audit_dropped, dropped)));
}

void Node::Parts::look_at_mongo() {
  const auto now = clock.steady();
  const Duration wait = mongo_was_away ? seconds(1) : seconds(check_seconds);
  if (checked_at != SteadyPoint{} && now - checked_at < wait) return;
  checked_at = now;
  copied_log->copies().write();
  stores->mongo()->take_over_edits([this](const Result<uint64_t>& taken) {
    mongo_was_away = !taken;
    if (!taken) {
      log::debug("mongo.edits_not_looked_at", {{"error", taken.error().detail}});
    } else if (*taken > 0) {
      log::info("mongo.edits_taken_over", {{"schedules", std::to_string(*taken)}});
      engine->look_again();
    }
  });
  panel->read([](const Result<void>& read) {
    if (!read) log::debug("mongo.settings_not_read", {{"error", read.error().detail}});
  });
}

void Node::Parts::plan_housekeeping() {
  kafka_probes = thread_executor("kafka-probe");
  housekeeping.every(std::chrono::milliseconds(1'000), [this] { probe_parts(); });
  housekeeping.every(seconds(1), [this] { recorder->tick(); });
  if (journaling) housekeeping.every(seconds(1), [this] { journaling->look(stores->near().shards()); });
  if (breakers) housekeeping.every(seconds(1), [this] { breakers->look(); });
  housekeeping.every(seconds(1), [this] {
    refresh_outbox();
    refresh_ingest();
    refresh_journal();
    refresh_traces();
    refresh_audit();
  });
  housekeeping.every(seconds(5), [this] { refresh_gauges(); });
  housekeeping.every(seconds(30), [this] {
    stores->tail().trim_tail(clock.wall() - seconds(stream_seconds), static_cast<uint64_t>(stream_messages.load()),
                             [](const Result<void>&) {});
  });
  if (stores->outbox() != nullptr) {
    housekeeping.every(std::chrono::milliseconds(250), [this] { stores->outbox()->tick(); });
  }
  housekeeping.every(seconds(1), [this] {
    if (!definitions_applied) sync_definitions_until_done();
  });
  if (stores->mongo() != nullptr) housekeeping.every(std::chrono::milliseconds(250), [this] { look_at_mongo(); });
  housekeeping.every(seconds(1), [this] { alerting->tick(); });
  housekeeping.every(hours(1), [this] { expire(); });
  housekeeping.start();
}

void Node::Parts::keep_live(const Settings& from) {
  audit_days = from.audit_retention_days;
  history_days = from.execution_history_ttl_days;
  analytics_days = from.analytics_retention_days;
  stream_seconds = from.stream_keep_seconds;
  stream_messages = from.stream_keep_messages;
  check_seconds = from.check_interval_seconds;
  if (tracing) tracing->set_ratio(from.trace_sample);
  producers.set_rate(static_cast<uint64_t>(from.producer_rate));
  if (stores && stores->clickhouse_executions() != nullptr) {
    stores->clickhouse_executions()->keep_for(static_cast<uint32_t>(history_days),
                                              static_cast<uint32_t>(analytics_days));
  }
}

void Node::Parts::apply(const Settings& changed) {
  engine->reconfigure([max = static_cast<uint32_t>(changed.max_concurrent_executions),
                       rate = static_cast<uint32_t>(changed.target_rate),
                       interval = seconds(changed.check_interval_seconds)](EngineOptions& options) {
    options.max_concurrent = max;
    options.target_rate = rate;
    options.plan_interval = interval;
  });
  alerting->configure(changed);
  keep_live(changed);
  log::configure(changed.log_level, changed.log_format);
}

}  // namespace schedules
