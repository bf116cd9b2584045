// Figures of /admin/scheduled, and the removal of old records.
#include <map>

#include "api/admin/tier_access.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr std::string_view kPath = "/api/v1/admin/scheduled";

struct Tally {
  uint64_t total = 0;
  uint64_t pending = 0;
  uint64_t processing = 0;
  uint64_t completed = 0;
  uint64_t error = 0;
  uint64_t transferred = 0;
  double busy_ms = 0;
  uint64_t timed = 0;
  std::optional<TimePoint> earliest;
  std::optional<TimePoint> latest;

  void add(const TierRow& row) {
    const auto& stored = row.stored;
    ++total;
    if (stored.state == State::pending) ++(stored.tier == Tier::far ? pending : transferred);
    if (stored.state == State::in_flight) ++processing;
    if (stored.state == State::dead) ++error;
    if (stored.state == State::fired) {
      ++completed;
      ++timed;
      busy_ms += std::chrono::duration<double, std::milli>(stored.outcome.settled_at - stored.outcome.at).count();
    }
    const TimePoint due = stored.event.due_at;
    earliest = earliest ? std::min(*earliest, due) : due;
    latest = latest ? std::max(*latest, due) : due;
  }
  void append_counts(json::Writer& out) const {
    out.key("total").number(total).key("pending").number(pending).key("processing").number(processing);
    out.key("completed").number(completed).key("error").number(error);
    out.key("transferred_to_redis").number(transferred).key("avg_processing_time_ms");
    out.number(timed == 0 ? 0.0 : busy_ms / static_cast<double>(timed));
  }
};

void overview(Context& context, CallPtr call) {
  context.deps.events.totals([&context, call = std::move(call)](Result<Events::Totals> totals) mutable {
    if (!totals) return call->fail(totals.error());
    context.deps.executions.stats({}, [totals = *totals, call = std::move(call)](Result<ExecutionStats> stats) mutable {
      if (!stats) return call->fail(stats.error());
      const auto& [near, far, dead] = totals;
      const uint64_t processing = near.in_flight + far.in_flight;
      std::string body;
      json::Writer out(body);
      out.open('{').key("total_count").number(far.pending + near.pending + processing + stats->succeeded + dead);
      out.key("pending_count").number(far.pending).key("processing_count").number(processing);
      out.key("completed_count").number(stats->succeeded).key("error_count").number(dead);
      out.key("transferred_to_redis_count").number(near.pending);
      out.key("avg_processing_time_ms").number(stats->mean_duration_ms);
      out.key("avg_queue_time_ms").number(stats->mean_lateness_ms).close('}');
      call->json(200, std::move(body));
    });
  });
}

void by_source(Context& context, CallPtr call) {
  Wanted wanted{.far = true, .near = true, .in_flight = true};
  wanted.ended = {State::fired, State::dead, State::skipped};
  wanted.whole = true;
  gather_rows(context, std::move(wanted), [call = std::move(call)](Result<std::vector<TierRow>> rows) mutable {
    if (!rows) return call->fail(rows.error());
    std::map<std::string, Tally> sources;
    for (const auto& row : *rows) sources[source_of(TierView::scheduled, row.stored.event)].add(row);
    std::string body;
    json::Writer out(body);
    out.open('{').key("stats_by_source").open('{');
    for (const auto& [source, tally] : sources) {
      out.any_key(source).open('{');
      tally.append_counts(out);
      out.field("earliest_event", tally.earliest).field("latest_event", tally.latest).close('}');
    }
    out.close('}').key("total_sources").number(sources.size()).close('}');
    call->json(200, std::move(body));
  });
}

// Ended events stand in the hour in which they ended, waiting ones in that in which they were created.
void by_time(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto hours = query.integer("hours_back", 1, 168).value_or(24);
  if (auto status = query.status(); !status) return call->fail(status.error());
  Wanted wanted{.far = true, .near = true, .in_flight = true};
  wanted.ended = {State::fired, State::dead, State::skipped};
  const TimePoint from = context.now() - std::chrono::hours(hours);
  gather_rows(context, std::move(wanted),
              [hours, from, call = std::move(call)](Result<std::vector<TierRow>> rows) mutable {
                if (!rows) return call->fail(rows.error());
                std::map<TimePoint, Tally> buckets;
                for (const auto& row : *rows) {
                  const TimePoint at = is_final(row.stored.state) ? row.stored.outcome.at : row.stored.event.created_at;
                  if (at >= from) buckets[std::chrono::floor<std::chrono::hours>(at)].add(row);
                }
                std::string body;
                json::Writer out(body);
                out.open('{').key("hours_analyzed").number(hours).key("stats_by_hour").open('{');
                for (const auto& [hour, tally] : buckets) {
                  out.any_key(format_time(hour)).open('{');
                  tally.append_counts(out);
                  out.close('}');
                }
                out.close('}').key("total_hours").number(buckets.size()).close('}');
                call->json(200, std::move(body));
              });
}

// Removes records of what has ended; what waits and dead letters are never touched.
void cleanup(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto days = query.integer("days_old", 1, 365).value_or(30);
  const bool dry_run = query.flag("dry_run").value_or(true);
  if (auto status = query.status(); !status) return call->fail(status.error());
  const TimePoint before = context.now() - std::chrono::hours(24 * days);
  if (!dry_run) {
    context.deps.executions.expire({before, before}, [call = std::move(call)](Result<Expired> deleted) mutable {
      if (!deleted) return call->fail(deleted.error());
      call->json(200, fmt::format(R"({{"deleted_count":{},"dry_run":false}})", deleted->history + deleted->analytics));
    });
    return;
  }
  ExecutionFilter filter;
  filter.to = before;
  context.deps.executions.stats(std::move(filter), [call = std::move(call)](Result<ExecutionStats> stats) mutable {
    if (!stats) return call->fail(stats.error());
    call->json(200, fmt::format(R"({{"would_delete":{},"dry_run":true}})", stats->total));
  });
}

}  // namespace

void add_scheduled_figure_routes(Router& router, Context& context) {
  add_tier_route(router, context, http::Method::get, fmt::format("{}/stats/overview", kPath), overview);
  add_tier_route(router, context, http::Method::get, fmt::format("{}/stats/by-source", kPath), by_source);
  add_tier_route(router, context, http::Method::get, fmt::format("{}/stats/by-time", kPath), by_time);
  add_tier_route(router, context, http::Method::del, fmt::format("{}/cleanup/old", kPath), cleanup);
}

}  // namespace schedules::api
