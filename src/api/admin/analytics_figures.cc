// Figures of /admin/analytics: counts, error patterns, one schedule's performance, the system's.
#include "api/admin/analytics.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr size_t kErrorsNamed = 10;
constexpr size_t kRecentErrors = 10;

struct Period {
  AnalyticsFilter filter;
  int64_t hours = 24;
  TimePoint from;
  TimePoint to;
};

double rate_of(const AnalyticsFigures& figures) {
  return figures.total == 0 ? 0.0 : static_cast<double>(figures.succeeded) / static_cast<double>(figures.total);
}

/// What a page is made of, gathered piece by piece.
struct Gathered {
  Period period;
  AnalyticsFigures all;
  std::vector<ErrorPattern> errors;
  std::vector<AnalyticsGroup> types;
  std::vector<AnalyticsGroup> error_types;
  std::vector<AnalyticsGroup> error_schedules;
  std::vector<AnalyticsRecord> recent;
};
using GatheredPtr = std::shared_ptr<Gathered>;
using Next = std::function<void(GatheredPtr, CallPtr)>;

// The page that the question asks for, still empty.
Result<GatheredPtr> begin_page(const Context& context, const Call& call, int64_t most, int64_t usual) {
  Query query(call.request.query());
  auto page = std::make_shared<Gathered>();
  auto& period = page->period;
  period.hours = query.integer("hours_back", 1, most).value_or(usual);
  if (auto status = query.status(); !status) return fail(std::move(status.error()));
  period.to = context.now();
  period.from = period.to - std::chrono::hours(period.hours);
  period.filter.from = std::max(period.from, analytics_begin(context));
  return page;
}

void with_groups(Context& context, GatheredPtr page, CallPtr call, AnalyticsBy by, bool only_errors,
                 std::vector<AnalyticsGroup> Gathered::* place, Next next) {
  auto filter = page->period.filter;
  if (only_errors) filter.level = AnalyticsLevel::error;
  context.deps.analytics->figures(std::move(filter), by,
                                  [page, place, next = std::move(next),
                                   call = std::move(call)](Result<std::vector<AnalyticsGroup>> groups) mutable {
                                    if (!groups) return call->fail(groups.error());
                                    (*page).*place = std::move(*groups);
                                    next(page, std::move(call));
                                  });
}

/// Counts, and the most common errors.
void with_statistics(Context& context, GatheredPtr page, CallPtr call, Next next) {
  with_groups(context, page, std::move(call), AnalyticsBy::all, false, &Gathered::types,
              [&context, next = std::move(next)](const GatheredPtr& counted, CallPtr counted_call) mutable {
                if (!counted->types.empty()) counted->all = counted->types.front().figures;
                counted->types.clear();
                auto filter = counted->period.filter;
                filter.limit = kErrorsNamed;
                context.deps.analytics->common_errors(std::move(filter),
                                                      [counted, next = std::move(next), call = std::move(counted_call)](
                                                          Result<std::vector<ErrorPattern>> errors) mutable {
                                                        if (!errors) return call->fail(errors.error());
                                                        counted->errors = std::move(*errors);
                                                        next(counted, std::move(call));
                                                      });
              });
}

/// Errors by kind of event and by schedule.
void with_patterns(Context& context, GatheredPtr page, CallPtr call, Next next) {
  with_groups(context, std::move(page), std::move(call), AnalyticsBy::event_type, true, &Gathered::error_types,
              [&context, next = std::move(next)](const GatheredPtr& counted, CallPtr counted_call) mutable {
                with_groups(context, counted, std::move(counted_call), AnalyticsBy::schedule, true,
                            &Gathered::error_schedules, std::move(next));
              });
}

void append_statistics(json::Writer& out, const Gathered& page) {
  out.open('{').key("total_records").number(page.all.total).key("info_count").number(page.all.info);
  out.key("warning_count").number(page.all.warning).key("error_count").number(page.all.error);
  out.key("avg_execution_time").number(page.all.mean_processing_ms);
  out.key("avg_queue_time").number(page.all.mean_queue_ms).key("success_rate").number(rate_of(page.all));
  out.key("most_common_errors").open('[');
  for (const auto& error : page.errors) {
    out.open('{').field("error_message", error.error).key("count").number(error.count);
    out.field("last_at", error.last_at).close('}');
  }
  out.close(']').close('}');
}

void append_counts(json::Writer& out, std::string_view name, const std::vector<AnalyticsGroup>& groups) {
  out.key(name).open('{');
  for (const auto& group : groups) out.any_key(group.key).number(group.figures.error);
  out.close('}');
}

void append_patterns(json::Writer& out, const Gathered& page) {
  uint64_t total = 0;
  for (const auto& group : page.error_types) total += group.figures.error;
  out.open('{').key("total_errors").number(total);
  append_counts(out, "error_types", page.error_types);
  append_counts(out, "schedule_errors", page.error_schedules);
  out.key("time_range").open('{').field("start", page.period.from).field("end", page.period.to).close('}').close('}');
}

void append_breakdown(json::Writer& out, const std::vector<AnalyticsGroup>& types) {
  out.open('{');
  for (const auto type :
       {ScheduleType::mongo_periodic, ScheduleType::clickhouse_delayed, ScheduleType::redis_immediate}) {
    const auto found = std::ranges::find(types, to_string(type), &AnalyticsGroup::key);
    const auto figures = found == types.end() ? AnalyticsFigures{} : found->figures;
    out.key(to_string(type)).open('{').key("total_executions").number(figures.total);
    out.key("success_count").number(figures.succeeded).key("failure_count").number(figures.error);
    out.key("avg_processing_time").number(figures.mean_processing_ms).close('}');
  }
  out.close('}');
}

void stats(Context& context, CallPtr call) {
  const auto begun = begin_page(context, *call, 168, 24);
  if (!begun) return call->fail(begun.error());
  (*begun)->period.filter.schedule_id = Query(call->request.query()).text("schedule_id");
  with_statistics(context, *begun, std::move(call), [](const GatheredPtr& page, CallPtr answered) {
    std::string body;
    json::Writer out(body);
    append_statistics(out, *page);
    answered->json(200, std::move(body));
  });
}

void patterns(Context& context, CallPtr call) {
  const auto begun = begin_page(context, *call, 168, 24);
  if (!begun) return call->fail(begun.error());
  with_patterns(context, *begun, std::move(call), [](const GatheredPtr& page, CallPtr answered) {
    std::string body;
    json::Writer out(body);
    append_patterns(out, *page);
    answered->json(200, std::move(body));
  });
}

void answer_performance(const GatheredPtr& page, const CallPtr& call) {
  std::string body;
  json::Writer out(body);
  out.open('{').field("schedule_id", *page->period.filter.schedule_id);
  out.key("period_hours").number(page->period.hours).key("statistics");
  append_statistics(out, *page);
  out.key("recent_errors").open('[');
  for (const auto& record : page->recent) {
    out.open('{').field("timestamp", record.completed_at).field("error_message", record.error);
    out.key("retry_count").number(record.retry_count).close('}');
  }
  out.close(']').close('}');
  call->json(200, std::move(body));
}

void performance(Context& context, CallPtr call) {
  const auto begun = begin_page(context, *call, 168, 24);
  if (!begun) return call->fail(begun.error());
  (*begun)->period.filter.schedule_id = std::string(call->param("schedule_id"));
  with_statistics(context, *begun, std::move(call), [&context](const GatheredPtr& page, CallPtr counted) {
    auto filter = page->period.filter;
    filter.level = AnalyticsLevel::error;
    filter.limit = kRecentErrors;
    context.deps.analytics->find_records(
        std::move(filter), [page, answered = std::move(counted)](Result<std::vector<AnalyticsRecord>> found) mutable {
          if (!found) return answered->fail(found.error());
          page->recent = std::move(*found);
          answer_performance(page, answered);
        });
  });
}

void answer_system(const GatheredPtr& page, const CallPtr& call) {
  std::string body;
  json::Writer out(body);
  out.open('{').field("timestamp", page->period.to).key("period_hours").number(page->period.hours);
  out.key("overall_statistics");
  append_statistics(out, *page);
  out.key("error_patterns");
  append_patterns(out, *page);
  out.key("schedule_type_breakdown");
  append_breakdown(out, page->types);
  out.close('}');
  call->json(200, std::move(body));
}

void system_health(Context& context, CallPtr call) {
  const auto begun = begin_page(context, *call, 24, 1);
  if (!begun) return call->fail(begun.error());
  const auto types = [&context](const GatheredPtr& page, CallPtr next) {
    with_groups(context, page, std::move(next), AnalyticsBy::type, false, &Gathered::types, answer_system);
  };
  const auto errors = [&context, types](const GatheredPtr& page, CallPtr next) {
    with_patterns(context, page, std::move(next), types);
  };
  with_statistics(context, *begun, std::move(call), errors);
}

}  // namespace

void add_analytics_figure_routes(Router& router, Context& context) {
  add_analytics_route(router, context, http::Method::get, "/stats", stats);
  add_analytics_route(router, context, http::Method::get, "/errors/patterns", patterns);
  add_analytics_route(router, context, http::Method::get, "/performance/schedule/{schedule_id}", performance);
  add_analytics_route(router, context, http::Method::get, "/health/system", system_health);
}

}  // namespace schedules::api
