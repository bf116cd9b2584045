// The contract's analytics pages of monitoring: a summary and hourly buckets of what was executed.
#include <mutex>
#include <optional>

#include "api/context.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr int64_t kMaxHours = 24 * 366;

double rate_of(const ExecutionStats& stats) {
  return stats.total == 0 ? 0.0 : static_cast<double>(stats.succeeded) / static_cast<double>(stats.total);
}

void append_measures(json::Writer& out, const ExecutionStats& stats) {
  out.key("total_executions").number(stats.total).key("successful").number(stats.succeeded);
  out.key("failed").number(stats.failed).key("skipped").number(stats.skipped);
  out.key("success_rate").number(rate_of(stats));
  out.key("avg_delay_seconds").number(stats.mean_lateness_ms / 1000);
  out.key("p50_delay_seconds").number(stats.p50_lateness_ms / 1000);
  out.key("p95_delay_seconds").number(stats.p95_lateness_ms / 1000);
  out.key("p99_delay_seconds").number(stats.p99_lateness_ms / 1000);
  out.key("avg_processing_time_ms").number(stats.mean_duration_ms);
}

void append_groups(json::Writer& out, std::string_view name, std::string_view key,
                   const std::vector<ExecutionGroup>& groups) {
  out.key(name).open('[');
  for (const auto& group : groups) {
    out.open('{').field(key, group.key);
    append_measures(out, group.stats);
    out.close('}');
  }
  out.close(']');
}

// The store's mean is of the last 100; here it is of all.
ExecutionStats with_whole_mean(ExecutionStats stats, const std::vector<ExecutionGroup>& groups) {
  double sum = 0;
  double count = 0;
  for (const auto& group : groups) {
    sum += group.stats.mean_duration_ms * static_cast<double>(group.stats.timed);
    count += static_cast<double>(group.stats.timed);
  }
  stats.mean_duration_ms = count == 0 ? 0 : sum / count;
  return stats;
}

struct Period {
  ExecutionFilter filter;
  int64_t hours = 24;
};

Result<Period> read_period(const Context& context, const Call& call) {
  Query query(call.request.query());
  Period period;
  period.hours = query.integer("hours", 1, kMaxHours).value_or(24);
  period.filter.schedule_id = query.text("schedule_id");
  if (auto status = query.status(); !status) return fail(std::move(status.error()));
  period.filter.from = std::max(context.now() - std::chrono::hours(period.hours), context.retention().analytics);
  return period;
}

/// Both are asked for at once; who comes second answers.
class Summary {
 public:
  Summary(int64_t period_hours, CallPtr call) : hours_(period_hours), call_(std::move(call)) {}

  template <class Part>
  void came(std::optional<Result<Part>> Summary::* place, Result<Part> part) {
    {
      const std::scoped_lock lock(mutex_);
      (this->*place) = std::move(part);
      if (!stats || !groups) return;
    }
    answer();
  }

  std::optional<Result<ExecutionStats>> stats;
  std::optional<Result<std::vector<ExecutionGroup>>> groups;

 private:
  void answer() {
    if (!*stats) return call_->fail(stats->error());
    if (!*groups) return call_->fail(groups->error());
    std::string body;
    json::Writer out(body);
    out.open('{').key("period_hours").number(hours_);
    append_measures(out, with_whole_mean(std::move(**stats), **groups));
    append_groups(out, "by_event", "event", **groups);
    out.close('}');
    call_->json(200, std::move(body));
  }

  const int64_t hours_;
  CallPtr call_;
  std::mutex mutex_;
};

void summary(Context& context, CallPtr call) {
  auto period = read_period(context, *call);
  if (!period) return call->fail(period.error());
  auto made = std::make_shared<Summary>(period->hours, std::move(call));
  context.deps.executions.stats(
      period->filter, [made](Result<ExecutionStats> stats) { made->came(&Summary::stats, std::move(stats)); });
  context.deps.executions.groups(period->filter, GroupBy::event, [made](Result<std::vector<ExecutionGroup>> groups) {
    made->came(&Summary::groups, std::move(groups));
  });
}

void performance(Context& context, CallPtr call) {
  auto period = read_period(context, *call);
  if (!period) return call->fail(period.error());
  context.deps.executions.groups(
      period->filter, GroupBy::hour,
      [hours = period->hours, call = std::move(call)](Result<std::vector<ExecutionGroup>> groups) {
        if (!groups) return call->fail(groups.error());
        std::string body;
        json::Writer out(body);
        out.open('{').key("period_hours").number(hours);
        append_groups(out, "buckets", "hour", *groups);
        out.close('}');
        call->json(200, std::move(body));
      });
}

}  // namespace

void add_analytics_routes(Router& router, Context& context) {
  const auto add = [&](std::string_view path, auto handler) {
    router.add({.method = http::Method::get,
                .pattern = fmt::format("/api/v1/admin/schedules/monitoring/analytics/{}", path),
                .role = Role::reader,
                .handler = [&context, handler](CallPtr call) { handler(context, std::move(call)); },
                .form = ErrorForm::contract});
  };
  add("summary", summary);
  add("performance", performance);
}

}  // namespace schedules::api
