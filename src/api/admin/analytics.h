// Analytics records as the contract shows and takes them (1.5). Inside the room only.
#pragma once

#include <string>
#include <vector>

#include "api/context.h"
#include "api/faults.h"
#include "store/analytics_store.h"

namespace schedules::api {

inline constexpr std::string_view kAnalyticsPath = "/api/v1/admin/analytics";

void append_record(std::string& text, const AnalyticsRecord& record);

/// A posted record; its id is still empty. What the caller left out is filled in as of `now`.
AnalyticsRecord read_analytics(const json::Document& document, TimePoint now, Faults& faults);
/// The records that the three short forms write, out of the address. Errors: missing_field, invalid_time, ….
Result<AnalyticsRecord> read_short_record(const http::Request& request, ScheduleType type, TimePoint now);

/// What analytics may still show begins here.
TimePoint analytics_begin(const Context& context);

using AnalyticsHandler = void (*)(Context&, CallPtr);
/// One route, for superusers; answers unavailable where no analytics are kept.
void add_analytics_route(Router& router, Context& context, http::Method method, std::string_view path,
                         AnalyticsHandler handler);
void add_analytics_post_routes(Router& router, Context& context);
void add_analytics_figure_routes(Router& router, Context& context);

}  // namespace schedules::api
