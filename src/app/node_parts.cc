#include "app/node_parts.h"

#include "app/servers.h"
#include "base/log.h"
#include "cluster/solo.h"
#include "config/load.h"
#include "fmt/ranges.h"

namespace schedules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// A row written with hundreds of others changes a tenth of the pages: the disk is left to what fires.
constexpr std::chrono::milliseconds kHistoryGather{50};

EngineOptions engine_options(const Settings& settings) {
  EngineOptions options;
  options.node_id = settings.node_id;
  options.window = seconds(settings.window_seconds);
  options.window_limit = static_cast<size_t>(settings.window_limit);
  if (!settings.redis_url.empty()) {
    // A begin is a round trip to each shard, so more is asked for, and under way, at one time.
    options.begin_batch = 4'096;
    options.in_flight_limit = 32'768;
    options.look_interval = std::min(Duration(seconds(settings.redis_processing_interval)), options.window / 2);
  }
  options.max_concurrent = static_cast<uint32_t>(settings.max_concurrent_executions);
  options.target_rate = static_cast<uint32_t>(settings.target_rate);
  options.immediate_horizon = immediate_horizon(settings);
  options.transfer_horizon = seconds(settings.transfer_horizon_seconds);
  options.transfer_interval = seconds(settings.clickhouse_sync_interval);
  options.far_is_shared = !settings.clickhouse_url.empty();
  options.plan_interval = seconds(settings.check_interval_seconds);
  options.cron_seconds_last = settings.cron_seconds_field == SecondsField::last;
  options.default_topic = settings.default_topic;
  options.correlation = settings.correlation_mode;
  return options;
}

api::ApiOptions api_options(const Settings& settings) {
  api::ApiOptions options;
  options.version = SCHEDULES_VERSION;
  if (!settings.redis_url.empty()) options.view.near_store = "redis";
  if (!settings.clickhouse_url.empty()) options.view.far_store = "clickhouse";
  options.default_timezone = settings.timezone;
  options.default_max_retries = static_cast<uint32_t>(settings.max_retries);
  options.default_retry_delay = seconds(settings.retry_delay_seconds);
  options.cron_seconds_last = settings.cron_seconds_field == SecondsField::last;
  options.public_url = settings.public_url;
  while (options.public_url.ends_with('/')) options.public_url.pop_back();
  options.audit_events = settings.audit_events;
  return options;
}

}  // namespace

Status Node::Parts::open_stores_and_sinks() {
  auto opened = Stores::open(settings, clock, *random);
  if (!opened) return fail(opened.error());
  stores = std::move(*opened);
  audit = std::make_unique<api::AuditQueue>(stores->audit());
  if (Journaling::wanted(settings)) {
    auto journal = Journaling::open(settings, *stores, clock);
    if (!journal) return fail(journal.error());
    journaling = std::move(*journal);
  }
  auto made = Sinks::open(settings, stores->tail(), clock);
  if (!made) return fail(made.error());
  sinks = std::move(*made);
  if (!settings.alert_url.empty()) {
    auto allowed = sinks->check_target({.kind = TargetKind::webhook, .url = settings.alert_url});
    if (!allowed) {
      allowed.error().field = "schedules_ALERT_URL";
      return allowed;
    }
  }
  if (journaling) sinks->publish_into_kafka_by(journaling->sink());
  return {};
}

void Node::Parts::build_coordinator() {
  auto* redis = stores->redis();
  if (redis == nullptr) {
    coordinator = std::make_unique<SoloCoordinator>(settings.node_id, stores->near().shards(), clock);
    return;
  }
  RoundsCalls calls;
  calls.shards = [redis] { return redis->near().shards(); };
  calls.take_over = [this, redis](TakenLease taken, Done<void> done) {
    const auto before = taken.crashed ? RedisStore::Before::crashed : RedisStore::Before::lapsed;
    redis->recover(taken.shard, taken.epoch, before,
                   [this, taken, done = std::move(done)](Result<uint64_t> moved) mutable {
                     if (!moved) return done(fail(std::move(moved.error())));
                     log::info("shard.taken", {{"shard", std::to_string(taken.shard)},
                                               {"epoch", std::to_string(taken.epoch)},
                                               {"recovered", std::to_string(*moved)}});
                     if (journaling) return journaling->ensure(taken.shard, taken.epoch, std::move(done));
                     done({});
                   });
  };
  calls.departed = [redis](uint32_t shard, const std::vector<std::string>& alive, Done<void> done) {
    redis->recover_claims(shard, alive, [done = std::move(done)](const Result<uint64_t>& moved) mutable {
      if (!moved) return done(fail(moved.error()));
      done({});
    });
  };
  calls.store_time = [this](TimePoint now, SteadyPoint sent, SteadyPoint answered) {
    bounded_clock->store_said(now, sent, answered);
    compare_clocks();
  };
  coordinator =
      std::make_unique<RedisCoordinator>(RoundsOptions{.node_id = settings.node_id, .address = settings.listen},
                                         settings.redis_prefix, *stores->redis_client(), std::move(calls), clock);
  breakers = std::make_unique<RedisBreakerBoard>(*stores->redis_client(), settings.redis_prefix, settings.node_id);
  if (journaling) journaling->ask(*coordinator);
}

// Whichever of the two is wrong: what is due is published when both say so, so it may be late.
void Node::Parts::compare_clocks() {
  const Duration ahead = bounded_clock->ahead();
  const Duration apart = std::max(ahead, -ahead);
  const bool good = apart <= std::chrono::milliseconds(settings.clock_skew_ms);
  const auto by = fmt::format("{:.3f} s", std::chrono::duration<double>(apart).count());
  const auto* way = ahead.count() > 0 ? "ahead of" : "behind";
  health.answered("clock", good ? Status{} : fail(Code::unavailable, "this machine's clock is {} {} Redis'", by, way));
  if (clocks_agree.exchange(good) != good) {
    good ? log::info("clock.agrees") : log::warn("clock.wrong", {{"by", by}, {"way", way}});
  }
}

void Node::Parts::build_engine() {
  bounded_clock = std::make_unique<BoundedClock>(clock, std::chrono::milliseconds(settings.clock_skew_ms));
  recorder = std::make_unique<Recorder>(
      stores->executions(), stores->counters(),
      RecorderOptions{.plain_events = settings.analytics_enabled,
                      .far_beyond = immediate_horizon(settings),
                      .hold_back = stores->outbox() == nullptr,
                      .gather = kHistoryGather},
      RecorderCalls{.has_room_again = [this] { engine->look_again(); },
                    .later = [this](auto wait, auto work) { housekeeping.after(wait, std::move(work)); }});
  if (auto* mongo = stores->mongo(); mongo != nullptr) copied_log = std::make_unique<CopiedLog>(*recorder, *mongo);
  ExecutionLog& log = copied_log ? static_cast<ExecutionLog&>(*copied_log) : *recorder;
  build_coordinator();
  near = std::make_unique<MeasuredNear>(stores->near(), metrics, clock);
  far = std::make_unique<MeasuredFar>(stores->far(), metrics, clock);
  auto* both = stores->both_tiers();
  engine = std::make_unique<Engine>(EnginePorts{.clock = *bounded_clock,
                                                .random = *random,
                                                .near = *near,
                                                .near_catalog = both != nullptr ? *both : stores->near_catalog(),
                                                .far = *far,
                                                .far_catalog = both != nullptr ? *both : stores->far_catalog(),
                                                .near_tier = stores->near_catalog(),
                                                .far_tier = stores->far_catalog(),
                                                .schedules = stores->schedules(),
                                                .dead_letters = stores->dead_letters(),
                                                .sinks = *sinks,
                                                .log = log,
                                                .probe = probe,
                                                .coordinator = *coordinator,
                                                .runs = &stores->runs(),
                                                .guard = stores->guard(),
                                                .tracer = tracing.get(),
                                                .breakers = breakers.get()},
                                    engine_options(settings));
  definitions = std::make_unique<api::DefinitionDesk>(stores->definitions(), engine->schedules(), clock,
                                                      settings.cron_seconds_field == SecondsField::last);
  alerting = std::make_unique<Alerting>(Alerting::Parts{.alerts = stores->alerts(),
                                                        .executions = stores->executions(),
                                                        .schedules = engine->schedules(),
                                                        .clock = clock,
                                                        .coordinator = *coordinator,
                                                        .sinks = *sinks,
                                                        .metrics = metrics},
                                        settings);
  completions = std::make_unique<Completions>(engine->events(), log, stores->runs(), clock, settings.node_id);
}

Status Node::Parts::open_side_doors() {
  auto* mongo = stores->mongo();
  panel = std::make_unique<OverridePanel>(
      settings, mongo != nullptr ? std::make_unique<MongoSettingOverrides>(mongo->client()) : nullptr, clock,
      [this](const Settings& changed) { apply(changed); });
  if (auto* redis = stores->redis(); redis != nullptr) {
    redis->on_wake([this](uint32_t shard, TimePoint fire_at) { engine->arrived_elsewhere(shard, fire_at); },
                   [this] { engine->look_again(); });
  }
  if (settings.kafka_brokers.empty() || !settings.kafka_delayed_topic_enabled) return {};
  auto opened = DelayedIngest::open(delayed_ingest_options_of(settings), engine->events(), clock);
  if (!opened) return fail(opened.error());
  ingest = std::move(*opened);
  return {};
}

DefinitionFiles Node::Parts::declared_now() const {
  DefinitionFiles declared = declared_in_code;
  if (!settings.definitions_dir.empty()) append(declared, read_definition_folder(settings.definitions_dir));
  return declared;
}

void Node::Parts::sync_definitions_until_done() {
  definitions_applied = settings.definitions_dir.empty() && declared_in_code.definitions.empty();
  if (definitions_applied || !coordinator->leads()) return;
  sync_definitions([this](const Result<api::SyncReport>& report) { definitions_applied = report.has_value(); });
}

void Node::Parts::sync_definitions(Done<api::SyncReport> done) {
  health.asked("definitions");
  definitions->sync(declared_now(), [this, done = std::move(done)](Result<api::SyncReport> report) mutable {
    Status state;
    if (!report) {
      log::warn("definitions.sync_failed", {{"error", report.error().detail}});
      state = fail(report.error());
    } else {
      for (const auto& fault : report->faults) log::warn("definitions.faulty", {{"fault", fault}});
      if (!report->faults.empty()) state = fail(Code::invalid_argument, "{}", fmt::join(report->faults, "; "));
      log::info("definitions.applied", {{"created", std::to_string(report->created)},
                                        {"updated", std::to_string(report->updated)},
                                        {"unchanged", std::to_string(report->unchanged)},
                                        {"disabled", std::to_string(report->disabled)}});
    }
    health.answered("definitions", state);
    done(std::move(report));
  });
}

api::ApiDeps Node::Parts::api_deps() {
  api::Operations operations{
      .health = [this] { return health.parts(); },
      .metrics = [this] { return metrics.render(); },
      .sync = [this](Done<uint64_t> done) { engine->transfer_now(std::move(done)); },
      .cleanup =
          [this](Done<api::CleanupReport> done) {
            stores->executions().expire(retention(), [done = std::move(done)](Result<Expired> expired) mutable {
              if (!expired) return done(fail(expired.error()));
              done(api::CleanupReport{.executions_deleted = expired->history, .analytics_deleted = expired->analytics});
            });
          },
      .cluster = [this](Done<ClusterView> done) { coordinator->view(std::move(done)); },
      .running = [this] { return !stopped; }};
  return api::ApiDeps{
      .events = engine->events(),
      .schedules = engine->schedules(),
      .executions = stores->executions(),
      .dead_letters = stores->dead_letters(),
      .clock = clock,
      .random = *random,
      .worker = *worker,
      .complete = [this](api::Completion completion,
                         Done<void> done) { completions->complete(std::move(completion), std::move(done)); },
      .redrive =
          [this](DeadLetter letter, Edit edit, Done<Accepted> done) {
            metrics.events_redriven.add();
            engine->redrive(std::move(letter), std::move(edit), std::move(done));
          },
      .producers = &producers,
      .stream = stream.get(),
      .operations = std::move(operations),
      .settings = panel->doors(),
      .definitions = definitions.get(),
      .sync_definitions = [this](Done<api::SyncReport> done) { sync_definitions(std::move(done)); },
      .later = [this](std::chrono::milliseconds delay, Task task) { server->run_after(delay, std::move(task)); },
      .tiers = {.near = &stores->near_catalog(),
                .far = &stores->far_catalog(),
                .claims = &engine->claims(),
                .transfer =
                    [this](std::vector<EventId> ids, Done<std::vector<bool>> done) {
                      engine->transfer_now(std::move(ids), std::move(done));
                    },
                .immediate_horizon = immediate_horizon(settings),
                .transfer_horizon = seconds(settings.transfer_horizon_seconds)},
      .meter = [this](std::string_view route, int status,
                      Duration took) { metrics.observe_request(route, status, took); },
      .analytics = &stores->analytics(),
      .alerts = &stores->alerts(),
      .audit = &stores->audit(),
      .note = [this](AuditEntry entry) { audit->note(std::move(entry)); },
      .retention = [this] { return retention(); },
  };
}

Status Node::Parts::build_server() {
  if (auto* mongo = stores->mongo(); mongo != nullptr) users = std::make_unique<MongoUsers>(mongo->client());
  auto auth_options = auth_from(settings, users.get());
  if (!auth_options) return fail(auth_options.error());
  auto auth = api::Auth::create(std::move(*auth_options));
  if (!auth) return fail(auth.error());
  const auto listen = parse_host_port(settings.listen);
  if (!listen) return fail(listen.error());
  worker = thread_executor("api-worker");
  stream = std::make_unique<HubStream>(sinks->hub());
  api = std::make_unique<api::Api>(api_deps(), api_options(settings), std::move(*auth));
  server = std::make_unique<http::Server>(
      http::ServerOptions{.host = listen->host,
                          .port = listen->port,
                          .threads = static_cast<size_t>(settings.http_threads),
                          .max_connections = static_cast<size_t>(settings.max_connections),
                          .body_timeout = seconds(settings.body_timeout_seconds)},
      *api, clock, *random);
  return server->start();
}

}  // namespace schedules
