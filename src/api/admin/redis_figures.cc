// Figures of /admin/redis-events: what waits, what is late, whether that is healthy.
#include "api/admin/tier_access.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

constexpr std::string_view kPath = "/api/v1/admin/redis-events";
constexpr std::chrono::minutes kOverdue{5};
constexpr uint64_t kOverdueAllowed = 10;
constexpr uint64_t kSample = 10;

struct Figures {
  Events::Totals totals;
  ExecutionStats executions;
  uint64_t cancelled = 0;
  uint64_t ready = 0;    ///< due and pending; counted up to kMostWaiting
  uint64_t overdue = 0;  ///< of them, by more than kOverdue
};

void count_ready(Context& context, Figures figures, Done<Figures> done) {
  auto shared = std::make_shared<Figures>(std::move(figures));
  const TimePoint now = context.now();
  const auto take = [shared, now](StoredEvent& stored) {
    if (stored.event.fire_at > now) return false;
    if (stored.state != State::pending) return true;
    ++shared->ready;
    if (stored.event.fire_at < now - kOverdue) ++shared->overdue;
    return true;
  };
  scan_tier(context, *context.deps.tiers.near, {}, take,
            [shared, done = std::move(done)](Result<void> scanned) mutable {
              if (!scanned) return done(fail(std::move(scanned.error())));
              done(std::move(*shared));
            });
}

void with_figures(Context& context, Done<Figures> done) {
  context.deps.events.totals([&context, done = std::move(done)](Result<Events::Totals> totals) mutable {
    if (!totals) return done(fail(std::move(totals.error())));
    context.deps.executions.stats(
        {}, [&context, totals = *totals, done = std::move(done)](Result<ExecutionStats> stats) mutable {
          if (!stats) return done(fail(std::move(stats.error())));
          ExecutionFilter cancelled;
          cancelled.state = State::cancelled;
          Figures figures{.totals = totals, .executions = std::move(*stats)};
          context.deps.executions.stats(
              std::move(cancelled),
              [&context, figures = std::move(figures), done = std::move(done)](Result<ExecutionStats> found) mutable {
                if (!found) return done(fail(std::move(found.error())));
                figures.cancelled = found->total;
                count_ready(context, std::move(figures), std::move(done));
              });
        });
  });
}

void append_stats(json::Writer& out, const Figures& figures) {
  const auto& near = figures.totals.near;
  const uint64_t queue = near.pending + near.in_flight;
  out.key("total_created")
      .number(queue + figures.executions.succeeded + figures.totals.dead_letters + figures.cancelled);
  out.key("total_deleted").number(figures.cancelled).key("total_completed").number(figures.executions.succeeded);
  out.key("total_error").number(figures.totals.dead_letters).key("total_expired_cleaned").number(0);
  out.key("pending_events").number(near.pending).key("ready_events").number(figures.ready);
  out.key("queue_size").number(queue);
}

void append_health(json::Writer& out, const Figures& figures) {
  const uint64_t total = std::max(figures.totals.near.pending, figures.ready);
  out.key("overdue_events").number(figures.overdue).key("ready_events").number(figures.ready);
  out.key("future_events").number(total - figures.ready).key("total_events").number(total);
  out.field("health_status", figures.overdue > kOverdueAllowed ? "unhealthy" : "healthy");
}

template <class Append>
void answer(Context& context, CallPtr call, Append append) {
  with_figures(context, [append, call = std::move(call)](Result<Figures> figures) mutable {
    if (!figures) return call->fail(figures.error());
    std::string body;
    json::Writer out(body);
    out.open('{');
    append(out, *figures);
    out.close('}');
    call->json(200, std::move(body));
  });
}

void overview(Context& context, CallPtr call) { answer(context, std::move(call), append_stats); }
void health(Context& context, CallPtr call) { answer(context, std::move(call), append_health); }

void dashboard(Context& context, CallPtr call) {
  answer(context, std::move(call), [now = context.now()](json::Writer& out, const Figures& figures) {
    out.key("stats").open('{');
    append_stats(out, figures);
    out.close('}').key("health").open('{');
    append_health(out, figures);
    out.close('}').key("ready_events_sample").number(std::min(figures.ready, kSample)).field("timestamp", now);
  });
}

// The stores forget finished ids by themselves, and what waits is never removed, however late it is.
void cleanup(Context&, CallPtr call) { call->json(200, R"({"cleaned_count":0})"); }

}  // namespace

void add_redis_figure_routes(Router& router, Context& context) {
  add_tier_route(router, context, http::Method::get, fmt::format("{}/stats/overview", kPath), overview);
  add_tier_route(router, context, http::Method::get, fmt::format("{}/stats/health", kPath), health);
  add_tier_route(router, context, http::Method::get, fmt::format("{}/monitoring/dashboard", kPath), dashboard);
  add_tier_route(router, context, http::Method::post, fmt::format("{}/maintenance/cleanup", kPath), cleanup);
}

}  // namespace schedules::api
