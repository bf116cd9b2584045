#include "api/events/event_output.h"

#include "api/json/writer.h"

namespace schedules::api {
namespace {

void append_names(json::Writer& out, std::string_view name, const std::vector<std::string>& values) {
  out.key(name).open('[');
  for (const auto& value : values) out.text(value);
  out.close(']');
}

void append_headers(json::Writer& out, const Headers& headers) {
  out.key("headers").open('{');
  for (const auto& [name, value] : headers) out.any_key(name).text(value);
  out.close('}');
}

void append_target(json::Writer& out, const Target& target) {
  out.key("target").open('{').field("type", to_string(target.kind));
  if (!target.url.empty()) out.field("url", target.url);
  out.close('}');
}

void append_attempts(json::Writer& out, const Event& event) {
  out.key("attempt").number(event.attempt).key("attempts").open('[');
  for (const auto& attempt : event.attempts)
    out.open('{').field("at", attempt.at).field("error", attempt.error).close('}');
  out.close(']');
}

// Empty texts are null: nobody gave them.
void optional_text(json::Writer& out, std::string_view name, const std::string& value) {
  out.key(name);
  if (value.empty()) {
    out.null();
  } else {
    out.text(value);
  }
}

void append_content(json::Writer& out, const Event& event) {
  out.field("id", event.id.text()).field("topic", event.topic);
  optional_text(out, "key", event.key);
  out.field("entity_type", event.entity_type);
  optional_text(out, "entity_id", event.entity_id);
  out.field("action", event.action).key("body").raw(event.body.empty() ? "null" : event.body);
  append_headers(out, event.headers);
  optional_text(out, "correlation_id", event.correlation_id);
  out.field("actor_type", event.actor_type).field("actor_id", event.actor_id);
  out.field("scheduled_at", event.due_at).key("priority").number(int{event.priority});
  out.key("max_delay_seconds");
  if (event.max_delay) {
    out.number(event.max_delay->count());
  } else {
    out.null();
  }
  out.key("max_retries").number(event.max_retries);
  out.key("retry_delay_seconds").number(static_cast<double>(event.retry_delay.count()) / 1000.0);
  optional_text(out, "idempotency_key", event.idempotency_key);
  append_target(out, event.target);
  append_names(out, "tags", event.tags);
}

void append_origin(json::Writer& out, const Event& event) {
  out.field("source", event.source).field("created_at", event.created_at);
  out.key("revision").number(event.revision);
  optional_text(out, "traceparent", event.traceparent);
  optional_text(out, "schedule_id", event.schedule_id);
  if (event.schedule_id.empty()) return;
  out.field("schedule_name", event.schedule_name).field("nominal_at", event.nominal_at);
  out.key("missed_count").number(event.missed_count);
}

void append_outcome(json::Writer& out, const StoredEvent& stored) {
  out.key("outcome");
  if (!is_final(stored.state)) {
    out.null();
    return;
  }
  const Outcome& outcome = stored.outcome;
  out.open('{').field("state", to_string(outcome.state)).field("at", outcome.at);
  out.field("settled_at", outcome.settled_at);
  optional_text(out, "reason", outcome.reason);
  optional_text(out, "detail", outcome.detail);
  optional_text(out, "sink", outcome.sink);
  optional_text(out, "position", outcome.position);
  out.close('}');
}

std::string why_pending(const StoredEvent& stored) {
  const Event& event = stored.event;
  if (event.attempt > 0)
    return fmt::format("{} of {} tries failed, the next is at {}", event.attempt, event.max_retries + 1,
                       format_time(event.fire_at));
  if (stored.tier == Tier::far) return "waits in the far tier; it moves near before its due time";
  return "waits for its due time";
}

}  // namespace

std::string why(const StoredEvent& stored) {
  const Outcome& outcome = stored.outcome;
  const std::string because = outcome.detail.empty() ? outcome.reason : outcome.detail;
  switch (stored.state) {
    case State::pending:
      return why_pending(stored);
    case State::in_flight:
      return "is being published";
    case State::fired:
      return fmt::format("published to {}{}", outcome.sink.empty() ? "its sink" : outcome.sink,
                         outcome.position.empty() ? "" : " at " + outcome.position);
    case State::cancelled:
      return "cancelled before it fired" + (because.empty() ? "" : ": " + because);
    case State::skipped:
      return "not published: " + because;
    case State::dead:
      return "in the dead letters: " + because;
  }
  return {};
}

void append_event(std::string& text, const StoredEvent& stored, const EventView& view, Lateness lateness) {
  json::Writer out(text);
  const Event& event = stored.event;
  out.open('{');
  append_content(out, event);
  append_origin(out, event);
  out.field("state", to_string(stored.state)).field("status", to_string(stored.state));
  out.field("tier", to_string(stored.tier));
  out.field("store", stored.tier == Tier::near ? view.near_store : view.far_store);
  out.field("next_attempt_at", is_final(stored.state) ? std::nullopt : std::optional(event.fire_at));
  append_attempts(out, event);
  if (view.owner) optional_text(out, "owner", view.owner(event.id));
  if (lateness == Lateness::late) out.key("late").boolean(true);
  append_outcome(out, stored);
  out.field("why", why(stored)).close('}');
}

void append_finished(std::string& text, const Execution& execution) {
  json::Writer out(text);
  const std::string state(to_string(execution.state));
  out.open('{').field("id", execution.event_id.text()).field("topic", execution.topic);
  out.field("entity_type", execution.entity_type);
  optional_text(out, "entity_id", execution.entity_id);
  out.field("action", execution.action);
  optional_text(out, "correlation_id", execution.correlation_id);
  optional_text(out, "schedule_id", execution.schedule_id);
  out.field("scheduled_at", execution.due_at).field("state", state).field("status", state);
  out.key("attempt").number(execution.attempt);
  out.key("outcome").open('{').field("state", state).field("at", execution.executed_at);
  out.field("settled_at", execution.executed_at + execution.duration);
  optional_text(out, "reason", execution.reason);
  optional_text(out, "detail", execution.error);
  optional_text(out, "sink", execution.sink);
  optional_text(out, "position", execution.position);
  out.close('}');
  StoredEvent stored;
  stored.state = execution.state;
  stored.outcome = Outcome{.state = execution.state,
                           .reason = execution.reason,
                           .detail = execution.error,
                           .sink = execution.sink,
                           .position = execution.position};
  optional_text(out, "node_id", execution.node_id);
  out.field("why", why(stored)).close('}');
}

void append_dead_letter(std::string& text, const DeadLetter& letter, const EventView& view) {
  StoredEvent stored{letter.event, State::dead, Tier::near,
                     Outcome{.state = State::dead,
                             .at = letter.died_at,
                             .settled_at = letter.died_at,
                             .reason = letter.reason,
                             .detail = letter.detail}};
  text += R"({"id":")";
  text += letter.event.id.text();
  text += R"(","reason":)";
  append_json_string(text, letter.reason);
  text += R"(,"detail":)";
  append_json_string(text, letter.detail);
  text += R"(,"died_at":")";
  append_time(text, letter.died_at);
  text += R"(","event":)";
  append_event(text, stored, view);
  text += '}';
}

}  // namespace schedules::api
