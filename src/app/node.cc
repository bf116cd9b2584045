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
#include "config/load.h"
#include "engine/loop.h"

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
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Completions> completions;
  std::unique_ptr<EngineLoop> loop;
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
  void plan_housekeeping();
  void probe_stores();
  void refresh_gauges();
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
                                        RecorderOptions{.plain_events = settings.analytics_enabled},
                                        [this] { engine->look_again(); });
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
                                                .probe = probe},
                                    engine_options(settings));
  completions = std::make_unique<Completions>(engine->events(), *recorder, clock, settings.node_id);
}

api::ApiDeps Node::Parts::api_deps() {
  api::Operations operations{
      .health = [this] { return health.parts(); },
      .metrics = [this] { return metrics.render(); },
      .sync = [this](Done<uint64_t> done) { engine->transfer_now(std::move(done)); },
      .cleanup =
          [this](Done<api::CleanupReport> done) {
            const TimePoint before = clock.wall() - hours(24 * settings.execution_history_ttl_days);
            stores.executions->expire(before, [done = std::move(done)](Result<uint64_t> expired) mutable {
              if (!expired) return done(fail(expired.error()));
              done(api::CleanupReport{.executions_deleted = *expired});
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
      .settings = settings_panel(settings),
      .later = [this](std::chrono::milliseconds delay, Task task) { server->run_after(delay, std::move(task)); },
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

void Node::Parts::expire() {
  const TimePoint before = clock.wall() - hours(24 * settings.execution_history_ttl_days);
  stores.executions->expire(before, [](const Result<uint64_t>& expired) {
    if (!expired) log::warn("executions.expire_failed", {{"error", expired.error().detail}});
  });
}

void Node::Parts::plan_housekeeping() {
  housekeeping.every(std::chrono::milliseconds(1'000), [this] { probe_stores(); });
  housekeeping.every(seconds(5), [this] { refresh_gauges(); });
  housekeeping.every(seconds(30), [this] {
    stores.events->tail().trim_tail(clock.wall() - seconds(settings.stream_keep_seconds),
                                    static_cast<uint64_t>(settings.stream_keep_messages), [](const Result<void>&) {});
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
  if (loop) stopped_cleanly = loop->stop(left());
  if (sinks) sinks->stop(left());
  if (recorder) stopped_cleanly = recorder->flush(std::max(left(), std::chrono::milliseconds(500))) && stopped_cleanly;
  return stopped_cleanly;
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Node>> Node::start(const Settings& settings, NodeOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->settings = settings;
  std::unique_ptr<Node> node(new Node(std::move(parts)));
  auto& p = *node->parts_;
  if (auto opened = p.open_stores_and_sinks(); !opened) return fail(opened.error());
  p.build_engine();
  p.loop = std::make_unique<EngineLoop>(*p.engine);
  if (options.http) {
    if (auto started = p.build_server(); !started) return fail(started.error());
  }
  p.plan_housekeeping();
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

void Node::reload(const Settings& settings) {
  parts_->engine->reconfigure([max = static_cast<uint32_t>(settings.max_concurrent_executions),
                               interval = seconds(settings.check_interval_seconds)](EngineOptions& options) {
    options.max_concurrent = max;
    options.plan_interval = interval;
  });
  parts_->settings.execution_history_ttl_days = settings.execution_history_ttl_days;
  parts_->settings.stream_keep_seconds = settings.stream_keep_seconds;
  parts_->settings.stream_keep_messages = settings.stream_keep_messages;
  log::configure(settings.log_level, settings.log_format);
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
