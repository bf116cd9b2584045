#include "api/schedules/schedule_output.h"

#include "api/alerts/policy.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

template <class T>
void optional_number(json::Writer& out, std::string_view name, const std::optional<T>& value) {
  out.key(name);
  if (value) {
    out.number(*value);
  } else {
    out.null();
  }
}

std::optional<std::string> text_if_any(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void append_event_template(json::Writer& out, const Schedule& schedule) {
  out.field("event_type", schedule.event_type).field("event_action", schedule.event_action);
  out.field("event_entity_id", schedule.event_entity_id).key("event_payload");
  out.raw(schedule.event_payload.value_or("null"));
  out.field("actor_type", schedule.actor_type).field("actor_id", schedule.actor_id);
  out.field("event_correlation_id", schedule.event_correlation_id).key("event_headers").open('{');
  for (const auto& [name, value] : schedule.event_headers) out.any_key(name).text(value);
  out.close('}').field("topic", schedule.topic).key("target").open('{');
  out.field("type", to_string(schedule.target.kind));
  if (!schedule.target.url.empty()) out.field("url", schedule.target.url);
  out.close('}').key("priority").number(int{schedule.priority});
  optional_number(out, "max_delay_seconds",
                  schedule.max_delay ? std::optional(schedule.max_delay->count()) : std::nullopt);
  out.key("max_retries").number(schedule.max_retries);
  out.key("retry_delay_seconds").number(schedule.retry_delay.count()).key("tags").open('[');
  for (const auto& tag : schedule.tags) out.text(tag);
  out.close(']');
}

void append_rule(json::Writer& out, const Schedule& schedule) {
  out.field("cron_expression", schedule.cron_expression);
  optional_number(out, "every_seconds", schedule.every ? std::optional(seconds_of(*schedule.every)) : std::nullopt);
  out.key("one_time").boolean(schedule.one_time).field("execution_time", schedule.execution_time);
  out.field("timezone", schedule.timezone).field("start_at", schedule.start_at).field("end_at", schedule.end_at);
  optional_number(out, "max_count", schedule.max_count);
  out.key("jitter_seconds").number(seconds_of(schedule.jitter));
  out.field("dst_gap", to_string(schedule.dst_gap)).field("dst_overlap", to_string(schedule.dst_overlap));
}

void append_policies(json::Writer& out, const Schedule& schedule) {
  out.field("catch_up", to_string(schedule.catch_up));
  out.key("late_after").number(schedule.late_after.count());
  out.key("catch_up_window").number(schedule.catch_up_window.count());
  out.key("catch_up_max").number(schedule.catch_up_max);
  out.key("catch_up_rate").number(schedule.catch_up_rate);
  out.field("overlap", to_string(schedule.overlap)).key("overlap_limit").number(schedule.overlap_limit);
  out.key("max_runtime").number(schedule.max_runtime.count()).field("ack", to_string(schedule.ack));
  append_alert_policy(out.key("alerts"), schedule.alerts);
}

void append_state(json::Writer& out, const Schedule& schedule) {
  out.field("status", to_string(schedule.status));
  out.key("enabled").boolean(schedule.status == ScheduleStatus::active);
  out.field("next_execution", schedule.next_execution).field("last_execution", schedule.last_execution);
  out.field("last_status", schedule.last_status ? std::optional(to_string(*schedule.last_status)) : std::nullopt);
  out.key("execution_count").number(schedule.execution_count).key("error_count").number(schedule.error_count);
  out.field("last_error", schedule.last_error).field("created_at", schedule.created_at);
  out.field("updated_at", schedule.updated_at).field("created_by", schedule.created_by);
  out.key("revision").number(schedule.revision).field("note", text_if_any(schedule.note));
  out.field("owner", text_if_any(schedule.owner));
}

void append_list(std::string& text, const auto& items, auto append) {
  text += '[';
  for (const auto& item : items) {
    if (text.back() != '[') text += ',';
    append(text, item);
  }
  text += ']';
}

}  // namespace

void append_schedule(std::string& text, const Schedule& schedule) {
  json::Writer out(text);
  out.open('{').field("id", schedule.id).field("name", schedule.name).field("description", schedule.description);
  append_event_template(out, schedule);
  append_rule(out, schedule);
  append_policies(out, schedule);
  append_state(out, schedule);
  out.close('}');
}

void append_schedules(std::string& text, const std::vector<Schedule>& schedules) {
  append_list(text, schedules, append_schedule);
}

void append_execution(std::string& text, const Execution& execution) {
  json::Writer out(text);
  const bool published = execution.state != State::skipped;
  out.open('{').field("id", execution.id).field("schedule_id", execution.schedule_id);
  out.field("schedule_name", execution.schedule_name).field("execution_time", execution.executed_at);
  out.field("status", to_string(execution.status));
  optional_number(out, "duration_ms", published ? std::optional(execution.duration.count() / 1000) : std::nullopt);
  out.field("event_id", execution.event_id.text()).key("clickhouse_schedule_id").null();
  out.key("redis_scheduled").boolean(false).field("error", text_if_any(execution.error));
  out.key("retry_count").number(execution.attempt > 0 ? execution.attempt - 1 : 0);
  out.field("node_id", text_if_any(execution.node_id)).field("correlation_id", text_if_any(execution.correlation_id));
  out.field("scheduled_at", execution.due_at).field("state", to_string(execution.state));
  out.key("delay_seconds").number(seconds_of(std::max(execution.executed_at - execution.due_at, Duration{})));
  out.field("reason", text_if_any(execution.reason)).field("sink", text_if_any(execution.sink));
  out.field("position", text_if_any(execution.position)).close('}');
}

void append_schedule_stats(std::string& text, const std::string& id, const ExecutionStats& stats) {
  json::Writer out(text);
  const double total = static_cast<double>(stats.total);
  out.open('{').field("schedule_id", id).key("total_executions").number(stats.total);
  out.key("successful_executions").number(stats.succeeded).key("failed_executions").number(stats.failed);
  out.key("skipped_executions").number(stats.skipped);
  out.key("success_rate").number(stats.total == 0 ? 0.0 : static_cast<double>(stats.succeeded) / total);
  out.key("avg_duration_ms").number(stats.mean_duration_ms).key("last_execution");
  if (stats.last) {
    out.open('{').field("execution_time", stats.last->executed_at).field("status", to_string(stats.last->status));
    out.key("duration_ms").number(stats.last->duration.count() / 1000).close('}');
  } else {
    out.null();
  }
  out.close('}');
}

}  // namespace schedules::api
