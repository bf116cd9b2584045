// The contract's monitoring (docs/reference/contract, 1.2): health, stats, sync, cleanup, metrics.
#include "api/context.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

constexpr std::string_view kMonitoring = "/api/v1/admin/schedules/monitoring";

// The counts of events that both health and stats show.
struct Figures {
  Events::Totals totals;
  ExecutionStats executions;
};

void with_figures(Context& context, Done<Figures> done) {
  context.deps.events.totals([&context, done = std::move(done)](Result<Events::Totals> totals) mutable {
    if (!totals) return done(fail(totals.error()));
    ExecutionFilter filter;
    filter.from = context.retention().analytics;
    context.deps.executions.stats(filter,
                                  [totals = *totals, done = std::move(done)](Result<ExecutionStats> stats) mutable {
                                    if (!stats) return done(fail(stats.error()));
                                    done(Figures{totals, std::move(*stats)});
                                  });
  });
}

void append_figures(json::Writer& out, const Figures& figures) {
  const auto& [near, far, dead] = figures.totals;
  const uint64_t pending = near.pending + far.pending;
  const uint64_t processing = near.in_flight + far.in_flight;
  const uint64_t errors = dead;
  out.key("total_schedules").number(pending + processing + figures.executions.succeeded + errors);
  out.key("pending_schedules").number(pending).key("processing_schedules").number(processing);
  out.key("completed_schedules").number(figures.executions.succeeded).key("error_schedules").number(errors);
  out.key("transferred_to_redis_schedules").number(near.pending);
}

std::string_view status_of(const HealthPart& part) {
  if (!part.status.empty()) return part.status;
  return part.healthy ? "healthy" : "unhealthy";
}

void append_part(json::Writer& out, const HealthPart& part) {
  out.any_key(part.name).open('{').field("status", status_of(part)).field("since", part.since);
  out.field("detail", part.detail);
  if (part.total_events) out.key("total_events").number(*part.total_events);
  if (!part.healthy) out.field("error", part.detail);
  out.close('}');
}

void answer_health(const Context& context, Call& call, const Result<Figures>& figures) {
  const auto parts = context.deps.operations.health ? context.deps.operations.health() : std::vector<HealthPart>{};
  const bool healthy = figures && std::ranges::all_of(parts, &HealthPart::healthy);
  std::string body;
  json::Writer out(body);
  out.open('{').field("status", healthy ? "healthy" : "degraded").field("timestamp", context.now());
  out.key("services").open('{');
  for (const auto& part : parts) append_part(out, part);
  out.close('}').key("metrics").open('{').key("schedules").open('{');
  if (figures) {
    append_figures(out, *figures);
  } else {
    out.field("error", figures.error().detail);
  }
  out.close('}').close('}').close('}');
  call.json(200, std::move(body));
}

void health(Context& context, CallPtr call) {
  with_figures(context,
               [&context, call = std::move(call)](Result<Figures> figures) { answer_health(context, *call, figures); });
}

void stats(Context& context, CallPtr call) {
  with_figures(context, [&context, call = std::move(call)](Result<Figures> figures) {
    if (!figures) return call->fail(figures.error());
    std::string body;
    json::Writer out(body);
    out.open('{');
    append_figures(out, *figures);
    out.key("redis_pending").number(figures->totals.near.pending);
    out.key("pending").number(figures->totals.far.pending).key("dead_letters").number(figures->totals.dead_letters);
    out.field("next_fire_at", figures->totals.near.next_fire_at);
    const auto& running = context.deps.operations.running;
    out.key("running").boolean(!running || running()).close('}');
    call->json(200, std::move(body));
  });
}

Error not_here() { return Error{.code = Code::unavailable, .detail = "this node cannot do that"}; }

void sync(Context& context, CallPtr call) {
  if (!context.deps.operations.sync) return call->fail(not_here());
  context.deps.operations.sync([call = std::move(call)](Result<uint64_t> moved) {
    if (!moved) return call->fail(moved.error());
    call->json(200, fmt::format(R"({{"status":"success","transferred_count":{}}})", *moved));
  });
}

void cleanup(Context& context, CallPtr call) {
  if (!context.deps.operations.cleanup) return call->fail(not_here());
  context.deps.operations.cleanup([call = std::move(call)](Result<CleanupReport> report) {
    if (!report) return call->fail(report.error());
    std::string body;
    json::Writer out(body);
    out.open('{').field("status", "success").key("executions_deleted").number(report->executions_deleted);
    out.key("analytics_deleted").number(report->analytics_deleted);
    out.key("redis_cleaned").number(report->redis_cleaned);
    out.key("requeued_stuck").number(report->requeued_stuck).close('}');
    call->json(200, std::move(body));
  });
}

// The gauges that the original shows under its own names, before everything else that is measured.
std::string gauges_of(const Figures& figures) {
  const auto& [near, far, dead] = figures.totals;
  const uint64_t pending = near.pending + far.pending;
  const uint64_t processing = near.in_flight + far.in_flight;
  std::string out;
  const auto gauge = [&out](std::string_view name, std::string_view help, uint64_t value) {
    fmt::format_to(std::back_inserter(out),
                   "# HELP stufio_schedules_{0} {1}\n# TYPE stufio_schedules_{0} gauge\nstufio_schedules_{0} {2}\n",
                   name, help, value);
  };
  gauge("total", "Events known.", pending + processing + figures.executions.succeeded + dead);
  gauge("pending", "Events that wait.", pending);
  gauge("processing", "Events being published.", processing);
  gauge("completed", "Events published within the retention time.", figures.executions.succeeded);
  gauge("error", "Dead letters.", dead);
  gauge("transferred_to_redis", "Events in the near tier.", near.pending);
  return out;
}

void metrics(Context& context, CallPtr call) {
  with_figures(context, [&context, call = std::move(call)](Result<Figures> figures) {
    std::string body = figures ? gauges_of(*figures) : std::string();
    if (context.deps.operations.metrics) body += context.deps.operations.metrics();
    call->send({.status = 200,
                .content_type = "text/plain; version=0.0.4; charset=utf-8",
                .body = std::move(body),
                .headers = {}});
  });
}

}  // namespace

void answer_metrics(Context& context, CallPtr call) { metrics(context, std::move(call)); }

void add_monitoring_routes(Router& router, Context& context) {
  const Role watcher = context.auth.options().open_monitoring ? Role::anyone : Role::reader;
  const auto add = [&](http::Method method, std::string_view path, Role role, auto handler) {
    router.add({.method = method,
                .pattern = fmt::format("{}{}", kMonitoring, path),
                .role = role,
                .handler = [&context, handler](CallPtr call) { handler(context, std::move(call)); },
                .form = ErrorForm::contract});
  };
  add(http::Method::get, "/health", watcher, health);
  add(http::Method::get, "/stats", watcher, stats);
  add(http::Method::get, "/metrics", watcher, metrics);
  add(http::Method::get, "/metrics/prometheus", watcher, metrics);
  add(http::Method::post, "/sync", Role::superuser, sync);
  add(http::Method::post, "/cleanup", Role::superuser, cleanup);
  add_analytics_routes(router, context);
  router.alias(kMonitoring, "/api/v1/monitoring");
  router.alias(kMonitoring, "/api/v1/schedules/monitoring");
}

}  // namespace schedules::api
