// /admin/analytics (docs/reference/contract, 1.5): every processing of an event, ours and those that others post.
#include "api/admin/analytics.h"

#include "api/query.h"
#include "time/text.h"

namespace schedules::api {
namespace {

constexpr std::chrono::hours kMaxSpan{7 * 24};
constexpr size_t kMostInSpan = 10'000;
constexpr std::string_view kLevels = "info, warning, error";

std::string body_of(const std::vector<AnalyticsRecord>& records) {
  std::string body = "[";
  for (const auto& record : records) {
    if (body.size() > 1) body += ',';
    append_record(body, record);
  }
  body += ']';
  return body;
}

void answer_list(Context& context, CallPtr call, AnalyticsFilter filter) {
  filter.from = std::max(filter.from.value_or(TimePoint{}), analytics_begin(context));
  context.deps.analytics->find_records(std::move(filter),
                                       [call = std::move(call)](Result<std::vector<AnalyticsRecord>> records) mutable {
                                         if (!records) return call->fail(records.error());
                                         call->json(200, body_of(*records));
                                       });
}

std::optional<AnalyticsLevel> level_of(Query& query) { return query.choice("level", parse_analytics_level, kLevels); }

// Both ends belong to it.
void read_times(Query& query, AnalyticsFilter& filter) {
  filter.from = query.time("start_time");
  filter.to = query.time("end_time");
  if (filter.to) *filter.to += Duration(1);
}

void by_schedule(Context& context, CallPtr call) {
  Query query(call->request.query());
  AnalyticsFilter filter{.schedule_id = std::string(call->param("schedule_id")), .level = level_of(query)};
  filter.limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  if (auto status = query.status(); !status) return call->fail(status.error());
  answer_list(context, std::move(call), std::move(filter));
}

void by_time(Context& context, CallPtr call) {
  Query query(call->request.query());
  AnalyticsFilter filter{.schedule_id = query.text("schedule_id"), .level = level_of(query), .limit = kMostInSpan};
  for (const std::string_view name : {"start_time", "end_time"}) {
    if (!query.text(name)) query.refuse(Code::missing_field, name, "is missing");
  }
  read_times(query, filter);
  if (auto status = query.status(); !status) return call->fail(status.error());
  const auto span = *filter.to - Duration(1) - *filter.from;
  if (span <= Duration{})
    return call->fail(Error{.code = Code::bad_request, .detail = "end_time must be after start_time"});
  if (span > kMaxSpan) {
    return call->fail(Error{.code = Code::bad_request, .detail = "a time range may span 7 days at most"});
  }
  answer_list(context, std::move(call), std::move(filter));
}

void by_level(Context& context, CallPtr call) {
  Query query(call->request.query());
  AnalyticsFilter filter{.level = parse_analytics_level(call->param("level"))};
  read_times(query, filter);
  filter.limit = static_cast<size_t>(query.integer("limit", 1, 5000).value_or(1000));
  if (auto status = query.status(); !status) return call->fail(status.error());
  if (!filter.level) {
    return call->fail(Error{.code = Code::invalid_argument,
                            .detail = fmt::format("level must be one of {}", kLevels),
                            .field = "path:level"});
  }
  answer_list(context, std::move(call), std::move(filter));
}

void by_event_type(Context& context, CallPtr call) {
  Query query(call->request.query());
  AnalyticsFilter filter{.event_type = std::string(call->param("event_type"))};
  read_times(query, filter);
  filter.limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  if (auto status = query.status(); !status) return call->fail(status.error());
  answer_list(context, std::move(call), std::move(filter));
}

// Executions of schedules are their history too and stay for as long as that is kept.
void clean_up(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto days = query.integer("days_to_keep", 1, 365).value_or(30);
  if (auto status = query.status(); !status) return call->fail(status.error());
  RetentionCuts cuts = context.retention();
  cuts.analytics = context.now() - std::chrono::hours(24 * days);
  context.deps.executions.expire(cuts, [&context, days, call = std::move(call)](Result<Expired> expired) mutable {
    if (!expired) return call->fail(expired.error());
    call->json(200, fmt::format(R"({{"status":"success","deleted_count":{},"days_kept":{},"cleanup_time":"{}"}})",
                                expired->history + expired->analytics, days, format_time(context.now())));
  });
}

}  // namespace

TimePoint analytics_begin(const Context& context) { return context.retention().analytics; }

void add_analytics_route(Router& router, Context& context, http::Method method, std::string_view path,
                         AnalyticsHandler handler) {
  router.add({.method = method,
              .pattern = fmt::format("{}{}", kAnalyticsPath, path),
              .role = Role::superuser,
              .handler =
                  [&context, handler](CallPtr call) {
                    if (context.deps.analytics != nullptr) return handler(context, std::move(call));
                    call->fail(Error{.code = Code::unavailable, .detail = "this node keeps no analytics"});
                  },
              .form = ErrorForm::contract});
}

void add_admin_analytics_routes(Router& router, Context& context) {
  const auto add = [&](http::Method method, std::string_view path, AnalyticsHandler handler) {
    add_analytics_route(router, context, method, path, handler);
  };
  add(http::Method::get, "/schedule/{schedule_id}", by_schedule);
  add(http::Method::get, "/time-range", by_time);
  add(http::Method::get, "/level/{level}", by_level);
  add(http::Method::get, "/event-type/{event_type}", by_event_type);
  add(http::Method::del, "/cleanup", clean_up);
  add_analytics_post_routes(router, context);
  add_analytics_figure_routes(router, context);
}

}  // namespace schedules::api
