#include "app/node.h"

#include "analytics/recorder.h"
#include "api/api.h"
#include "api/http/server.h"
#include "app/completions.h"
#include "app/fired_stream.h"
#include "app/health.h"
#include "app/housekeeping.h"
#include "app/panel.h"
#include "app/probe.h"
#include "app/sinks.h"
#include "app/stores.h"
#include "base/log.h"
#include "cluster/solo.h"
#include "config/load.h"
#include "engine/loop.h"
#include "fmt/ranges.h"

namespace schedules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

EngineOptions engine_options(const Settings& settings) {
  EngineOptions options;
  options.node_id = settings.node_id;
  options.window = seconds(settings.window_seconds);
  options.window_limit = static_cast<size_t>(settings.window_limit);
  options.max_concurrent = static_cast<uint32_t>(settings.max_concurrent_executions);
  options.immediate_horizon = immediate_horizon(settings);
  options.transfer_horizon = seconds(settings.transfer_horizon_seconds);
  options.transfer_interval = seconds(settings.clickhouse_sync_interval);
  options.plan_interval = seconds(settings.check_interval_seconds);
  options.cron_seconds_last = settings.cron_seconds_field == SecondsField::last;
  options.default_topic = settings.default_topic;
  options.correlation = settings.correlation_mode;
  return options;
}

api::ApiOptions api_options(const Settings& settings) {
  api::ApiOptions options;
  options.version = SCHEDULES_VERSION;
  options.default_timezone = settings.timezone;
  options.default_max_retries = static_cast<uint32_t>(settings.max_retries);
  options.default_retry_delay = seconds(settings.retry_delay_seconds);
  options.cron_seconds_last = settings.cron_seconds_field == SecondsField::last;
  return options;
}

}  // namespace

// In the order of construction; what is below may use what is above.
struct Node::Parts {
  Settings settings;
  SystemClock clock;
  std::unique_ptr<Random> random = system_random();
  Metrics metrics{SCHEDULES_VERSION};
  MetricsProbe probe{metrics};
  Health health{clock};
  Stores stores;
  std::unique_ptr<Sinks> sinks;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<Coordinator> coordinator;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Completions> completions;
  std::unique_ptr<EngineLoop> loop;
  std::unique_ptr<api::DefinitionDesk> definitions;
  DefinitionFiles declared_in_code;  ///< by the library's user
  std::atomic<bool> definitions_applied{true};
  std::atomic<int64_t> history_days{0};  ///< these four of the settings may change while it runs
  std::atomic<int64_t> analytics_days{0};
  std::atomic<int64_t> stream_seconds{0};
  std::atomic<int64_t> stream_messages{0};
  std::unique_ptr<Executor> worker;
  std::unique_ptr<HubStream> stream;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<http::Server> server;
  Housekeeping housekeeping;
  bool stopped = false;
  bool stopped_cleanly = true;

  Status open_stores_and_sinks();
  void build_engine();
  Status build_server();
  [[nodiscard]] DefinitionFiles declared_now() const;
  void sync_definitions(Done<api::SyncReport> done);
  /// Again, until the store has taken them: it may be away at the start.
  void sync_definitions_until_done();
  void plan_housekeeping();
  void keep_live(const Settings& from);
  /// Applies what is live of the new settings. Thread-safe.
  void apply(const Settings& changed);
  void probe_stores();
  void refresh_gauges();
  [[nodiscard]] RetentionCuts retention() const;
  void expire();
  api::ApiDeps api_deps();
  bool stop(std::chrono::milliseconds timeout);
};

Status Node::Parts::open_stores_and_sinks() {
  auto opened = open_stores(settings, clock);
  if (!opened) return fail(opened.error());
  stores = std::move(*opened);
  auto made = Sinks::open(settings, stores.events->tail(), clock);
  if (!made) return fail(made.error());
  sinks = std::move(*made);
  return {};
}

void Node::Parts::build_engine() {
  recorder = std::make_unique<Recorder>(*stores.executions, *stores.schedules,
                                        RecorderOptions{.plain_events = settings.analytics_enabled,
                                                        .far_beyond = immediate_horizon(settings)},
                                        [this] { engine->look_again(); });
  coordinator = std::make_unique<SoloCoordinator>(settings.node_id, stores.events->near().shards(), clock);
  engine = std::make_unique<Engine>(EnginePorts{.clock = clock,
                                                .random = *random,
                                                .near = stores.events->near(),
                                                .near_catalog = stores.events->catalog(),
                                                .far = stores.events->far(),
                                                .far_catalog = stores.events->catalog(),
                                                .near_tier = stores.events->near_catalog(),
                                                .far_tier = stores.events->far_catalog(),
                                                .schedules = *stores.schedules,
                                                .dead_letters = *stores.schedules,
                                                .sinks = *sinks,
                                                .log = *recorder,
                                                .probe = probe,
                                                .coordinator = *coordinator},
                                    engine_options(settings));
  definitions = std::make_unique<api::DefinitionDesk>(*stores.schedules, engine->schedules(), clock,
                                                      settings.cron_seconds_field == SecondsField::last);
  completions = std::make_unique<Completions>(engine->events(), *recorder, clock, settings.node_id);
}

DefinitionFiles Node::Parts::declared_now() const {
  DefinitionFiles declared = declared_in_code;
  if (!settings.definitions_dir.empty()) append(declared, read_definition_folder(settings.definitions_dir));
  return declared;
}

void Node::Parts::sync_definitions_until_done() {
  definitions_applied = settings.definitions_dir.empty() && declared_in_code.definitions.empty();
  if (definitions_applied) return;
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
            stores.executions->expire(retention(), [done = std::move(done)](Result<Expired> expired) mutable {
              if (!expired) return done(fail(expired.error()));
              done(api::CleanupReport{.executions_deleted = expired->history, .analytics_deleted = expired->analytics});
            });
          },
      .running = [this] { return !stopped; }};
  return api::ApiDeps{
      .events = engine->events(),
      .schedules = engine->schedules(),
      .executions = *stores.executions,
      .dead_letters = *stores.schedules,
      .clock = clock,
      .random = *random,
      .worker = *worker,
      .complete = [this](api::Completion completion, Done<void> done) {
        completions->complete(std::move(completion), std::move(done));
      },
      .redrive = [this](DeadLetter letter, Edit edit, Done<Accepted> done) {
        metrics.events_redriven.add();
        engine->redrive(std::move(letter), std::move(edit), std::move(done));
      },
      .stream = stream.get(),
      .operations = std::move(operations),
      .settings = settings_panel(settings, [this](const Settings& changed) { apply(changed); }),
      .definitions = definitions.get(),
      .sync_definitions = [this](Done<api::SyncReport> done) { sync_definitions(std::move(done)); },
      .later = [this](std::chrono::milliseconds delay, Task task) { server->run_after(delay, std::move(task)); },
      .tiers = {.near = &stores.events->near_catalog(),
                .far = &stores.events->far_catalog(),
                .claims = &engine->claims(),
                .transfer = [this](std::vector<EventId> ids,
                                   Done<std::vector<bool>> done) { engine->transfer_now(std::move(ids), std::move(done)); },
                .immediate_horizon = immediate_horizon(settings),
                .transfer_horizon = seconds(settings.transfer_horizon_seconds)},
      .analytics = stores.executions.get(),
      .retention = [this] { return retention(); },
  };
}

Status Node::Parts::build_server() {
  auto auth_options = auth_from(settings);
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

void Node::Parts::probe_stores() {
  health.asked("storage");
  stores.events->catalog().counts([this](const Result<TierCounts>& counts) {
    health.answered("storage", counts ? Status{} : Status{fail(counts.error())});
  });
  health.asked("schedules");
  stores.schedules->count_letters([this](const Result<uint64_t>& count) {
    health.answered("schedules", count ? Status{} : Status{fail(count.error())});
    if (count) metrics.dead_letters.set(static_cast<double>(*count));
  });
  health.asked("analytics");
  stores.executions->find_executions({.limit = 1}, [this](const Result<ExecutionPage>& page) {
    health.answered("analytics", page ? Status{} : Status{fail(page.error())});
  });
}

void Node::Parts::refresh_gauges() {
  stores.events->near_catalog().counts([this](const Result<TierCounts>& counts) {
    if (!counts) return;
    metrics.events_pending.at({"near"}).set(static_cast<double>(counts->pending));
  });
  stores.events->far_catalog().counts([this](const Result<TierCounts>& counts) {
    if (counts) metrics.events_pending.at({"far"}).set(static_cast<double>(counts->pending));
  });
  if (server) metrics.http_connections.set(static_cast<double>(server->connections()));
}

RetentionCuts Node::Parts::retention() const {
  const TimePoint now = clock.wall();
  return {.history = now - hours(24 * history_days), .analytics = now - hours(24 * analytics_days)};
}

void Node::Parts::expire() {
  stores.executions->expire(retention(), [](const Result<Expired>& expired) {
    if (!expired) log::warn("executions.expire_failed", {{"error", expired.error().detail}});
  });
}

void Node::Parts::plan_housekeeping() {
  housekeeping.every(std::chrono::milliseconds(1'000), [this] { probe_stores(); });
  housekeeping.every(seconds(1), [this] { recorder->tick(); });
  housekeeping.every(seconds(5), [this] { refresh_gauges(); });
  housekeeping.every(seconds(30), [this] {
    stores.events->tail().trim_tail(clock.wall() - seconds(stream_seconds),
                                    static_cast<uint64_t>(stream_messages.load()), [](const Result<void>&) {});
  });
  housekeeping.every(seconds(5), [this] {
    if (!definitions_applied) sync_definitions_until_done();
  });
  housekeeping.every(hours(1), [this] { expire(); });
  housekeeping.start();
}

bool Node::Parts::stop(std::chrono::milliseconds timeout) {
  if (std::exchange(stopped, true)) return stopped_cleanly;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto left = [deadline] {
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()),
                    std::chrono::milliseconds(0));
  };
  housekeeping.stop();
  if (api) api->drain();
  if (server) server->stop(left());
  definitions.reset();  // it waits for the engine's answers
  if (loop) stopped_cleanly = loop->stop(left());
  if (sinks) sinks->stop(left());
  if (recorder) stopped_cleanly = recorder->flush(std::max(left(), std::chrono::milliseconds(500))) && stopped_cleanly;
  return stopped_cleanly;
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Node>> Node::start(const Settings& settings, NodeOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->settings = settings;
  parts->keep_live(settings);
  std::unique_ptr<Node> node(new Node(std::move(parts)));
  auto& p = *node->parts_;
  if (auto opened = p.open_stores_and_sinks(); !opened) return fail(opened.error());
  p.declared_in_code = std::move(options.declared);
  // Two that claim one name: whichever were applied, somebody would be surprised.
  for (const auto& fault : p.declared_now().faults) {
    if (fault.code == Code::already_exists) return fail(fault);
  }
  if (options.prepare) options.prepare(p.sinks->handlers());
  p.build_engine();
  p.loop = std::make_unique<EngineLoop>(*p.engine);
  if (options.http) {
    if (auto started = p.build_server(); !started) return fail(started.error());
  }
  p.plan_housekeeping();
  p.sync_definitions_until_done();
  return node;
}

// The stores answer everything before they go, and their answers reach into engine, sinks and API: so they go first.
Node::~Node() {
  if (!parts_) return;
  auto& p = *parts_;
  static_cast<void>(p.stop(std::chrono::milliseconds(0)));
  p.server.reset();
  p.worker.reset();
  p.loop.reset();
  p.stores.events.reset();
  p.stores.schedules.reset();
  p.stores.executions.reset();
  p.api.reset();
}

std::string Node::address() const {
  if (!parts_->server) return "";
  const auto listen = parse_host_port(parts_->settings.listen);
  const std::string host = listen ? listen->host : "127.0.0.1";
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", parts_->server->port());
}

void Node::Parts::keep_live(const Settings& from) {
  history_days = from.execution_history_ttl_days;
  analytics_days = from.analytics_retention_days;
  stream_seconds = from.stream_keep_seconds;
  stream_messages = from.stream_keep_messages;
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

void Node::reload(const Settings& settings) {
  parts_->apply(settings);
  parts_->settings.definitions_dir = settings.definitions_dir;
  parts_->sync_definitions_until_done();
  if (auto reopened = parts_->sinks->reopen_log(); !reopened) {
    log::warn("log_sink.reopen_failed", {{"error", reopened.error().detail}});
  }
}

bool Node::stop(std::chrono::milliseconds timeout) { return parts_->stop(timeout); }
Events& Node::events() { return parts_->engine->events(); }
Schedules& Node::schedules() { return parts_->engine->schedules(); }
ExecutionStore& Node::executions() { return *parts_->stores.executions; }
HandlerSink& Node::handlers() { return parts_->sinks->handlers(); }

}  // namespace schedules
