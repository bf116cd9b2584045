// What the handlers share, and the functions by which each resource adds its routes. Inside the room only.
#pragma once

#include "api/api.h"
#include "api/audit/note.h"
#include "api/jobs.h"

namespace schedules::api {

struct Context {
  ApiDeps deps;
  ApiOptions options;
  const Auth& auth;
  const Router& router;
  Jobs jobs;
  std::atomic<bool> draining{false};

  [[nodiscard]] TimePoint now() const { return deps.clock.wall(); }
  /// Into the audit trail, beside a change that another store has made.
  void note(const Identity& by, std::string kind, std::string object_id, std::string action, std::string changes) const;
  /// The same of an event: people's changes are noted, a producer's are its traffic.
  void note_event(const Identity& by, const EventId& id, std::string action, std::string changes) const;
  [[nodiscard]] RetentionCuts retention() const { return deps.retention ? deps.retention() : RetentionCuts{}; }
};

void add_event_routes(Router& router, Context& context);
void add_event_create_route(Router& router, Context& context);
void add_event_read_routes(Router& router, Context& context);
void add_event_change_routes(Router& router, Context& context);
void add_bulk_routes(Router& router, Context& context);
void add_dead_letter_routes(Router& router, Context& context);
void add_stream_routes(Router& router, Context& context);
void add_schedule_routes(Router& router, Context& context);
void add_schedule_action_routes(Router& router, Context& context);
void add_definition_routes(Router& router, Context& context);
void add_preview_routes(Router& router, Context& context);
void add_monitoring_routes(Router& router, Context& context);
void add_analytics_routes(Router& router, Context& context);
void add_cluster_routes(Router& router, Context& context);
void add_forecast_routes(Router& router, Context& context);
void add_settings_routes(Router& router, Context& context);
void add_alert_routes(Router& router, Context& context);
void add_audit_routes(Router& router, Context& context);
void add_scheduled_routes(Router& router, Context& context);
void add_scheduled_figure_routes(Router& router, Context& context);
void add_admin_analytics_routes(Router& router, Context& context);
void add_redis_event_routes(Router& router, Context& context);
void add_redis_figure_routes(Router& router, Context& context);
/// The Prometheus text, which two routes give.
void answer_metrics(Context& context, CallPtr call);
void add_page_routes(Router& router, Context& context);
/// False, and nothing is sent, where the program was built without the admin page.
bool answer_admin_page(Call& call);
void answer_page_asset(Call& call, std::string_view name);

}  // namespace schedules::api
