#include <array>

#include "api/admin/tier_event.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

constexpr std::array<std::string_view, 6> kScheduled{"pending", "processing", "completed",
                                                     "error",   "skipped",    "transferred_to_redis"};
constexpr std::array<std::string_view, 4> kRedis{"pending", "reserved", "completed", "error"};

std::optional<std::string_view> if_any(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<TimePoint> if_known(TimePoint time) { return time == TimePoint{} ? std::nullopt : std::optional(time); }

// A reference that the model has no place for is kept as a tag.
std::optional<std::string_view> reference(const Event& event, std::string_view name) {
  for (const std::string_view tag : event.tags)
    if (tag.size() > name.size() && tag.starts_with(name) && tag[name.size()] == '=')
      return tag.substr(name.size() + 1);
  return std::nullopt;
}

// The body of a finished event is not kept.
void append_payload(json::Writer& out, TierView view, const TierRow& row) {
  const Event& event = row.stored.event;
  const bool gone = is_final(row.stored.state) && (row.from_execution || event.body.empty() || event.body == "{}");
  out.key("payload");
  if (gone) {
    out.null();
  } else if (view == TierView::redis) {
    out.raw(event.body.empty() ? "{}" : event.body);
  } else {
    out.text(event.body.empty() ? "{}" : event.body);
  }
}

void append_content(json::Writer& out, TierView view, const TierRow& row) {
  const Event& event = row.stored.event;
  out.field("topic", event.topic).field("entity_type", event.entity_type).field("entity_id", if_any(event.entity_id));
  out.field("action", event.action).field("actor_type", event.actor_type).field("actor_id", event.actor_id);
  append_payload(out, view, row);
  out.key("headers").open('{');
  for (const auto& [name, value] : event.headers) out.any_key(name).text(value);
  out.close('}').field("scheduled_at", event.due_at).key("priority").number(int{event.priority});
  out.field("source", source_of(view, event));
  out.field("source_id", reference(event, "source_id"));
  out.key("max_retries").number(event.max_retries).field("correlation_id", if_any(event.correlation_id));
  out.field("status", status_of(view, row.stored)).key("retry_count").number(event.attempt);
}

std::optional<std::string> error_of(const StoredEvent& stored) {
  if (stored.state == State::dead || stored.state == State::skipped) {
    const Outcome& outcome = stored.outcome;
    return outcome.detail.empty() ? outcome.reason : fmt::format("{}: {}", outcome.reason, outcome.detail);
  }
  if (is_final(stored.state) || stored.event.attempts.empty()) return std::nullopt;
  return stored.event.attempts.back().error;
}

std::optional<TimePoint> started_at(const TierRow& row) {
  if (row.claim) return row.claim->at;
  return is_final(row.stored.state) ? if_known(row.stored.outcome.at) : std::nullopt;
}

std::optional<TimePoint> ended_at(const StoredEvent& stored) {
  if (!is_final(stored.state)) return std::nullopt;
  const auto settled = if_known(stored.outcome.settled_at);
  return settled ? settled : if_known(stored.outcome.at);
}

std::optional<TimePoint> updated_at(const TierRow& row) {
  const auto last = std::max({row.stored.event.created_at, row.claim ? row.claim->at : TimePoint{},
                              ended_at(row.stored).value_or(TimePoint{})});
  return if_known(last);
}

}  // namespace

bool is_status(TierView view, std::string_view text) {
  return view == TierView::scheduled ? std::ranges::find(kScheduled, text) != kScheduled.end()
                                     : std::ranges::find(kRedis, text) != kRedis.end();
}

std::optional<std::string_view> status_of(TierView view, const StoredEvent& stored) {
  const bool scheduled = view == TierView::scheduled;
  switch (stored.state) {
    case State::pending:
      if (stored.tier == Tier::far) return scheduled ? std::optional("pending") : std::nullopt;
      return scheduled ? "transferred_to_redis" : "pending";
    case State::in_flight:
      return scheduled ? "processing" : "reserved";
    case State::fired:
      return "completed";
    case State::skipped:
      return scheduled ? "skipped" : "error";
    case State::dead:
      return "error";
    case State::cancelled:
      break;
  }
  return std::nullopt;
}

std::string source_of(TierView view, const Event& event) {
  if (view == TierView::redis) return event.source;
  if (event.source == "schedule" || event.source == "manual" || event.source == "mongo_schedule")
    return "mongo_schedule";
  if (event.source == "kafka_delayed" || event.source == "system") return event.source;
  if (event.source == "redrive") return "system";
  return "api_request";
}

TierRow row_of(const Execution& execution) {
  TierRow row;
  Event& event = row.stored.event;
  event.id = execution.event_id;
  event.topic = execution.topic;
  event.entity_type = execution.entity_type;
  event.entity_id = execution.entity_id;
  event.action = execution.action;
  event.correlation_id = execution.correlation_id;
  event.due_at = execution.due_at;
  event.schedule_id = execution.schedule_id;
  event.source = execution.schedule_id.empty() ? "api_request" : "schedule";
  event.attempt = execution.attempt > 0 ? execution.attempt - 1 : 0;
  row.stored.state = execution.state;
  row.stored.outcome = Outcome{.state = execution.state,
                               .at = execution.executed_at,
                               .settled_at = execution.executed_at + execution.duration,
                               .reason = execution.reason,
                               .detail = execution.error,
                               .sink = execution.sink,
                               .position = execution.position};
  row.node_id = execution.node_id;
  row.from_execution = true;
  return row;
}

TierRow row_of(DeadLetter letter) {
  TierRow row;
  row.stored.outcome = Outcome{.state = State::dead,
                               .at = letter.died_at,
                               .settled_at = letter.died_at,
                               .reason = std::move(letter.reason),
                               .detail = std::move(letter.detail)};
  row.stored.event = std::move(letter.event);
  row.stored.state = State::dead;
  return row;
}

void append_tier_event(std::string& text, TierView view, const TierRow& row) {
  json::Writer out(text);
  const Event& event = row.stored.event;
  out.open('{').field(view == TierView::scheduled ? "schedule_id" : "event_id", event.id.text());
  append_content(out, view, row);
  out.field("created_at", if_known(event.created_at)).field("updated_at", updated_at(row));
  if (view == TierView::redis) {
    out.field("clickhouse_schedule_id", reference(event, "clickhouse_schedule_id"));
    out.field("reserved_at", row.claim ? std::optional(row.claim->at) : std::nullopt);
    out.field("reserved_by", row.claim ? std::optional(row.claim->processor) : std::nullopt);
    out.field("processed_at", ended_at(row.stored)).field("error", error_of(row.stored)).close('}');
    return;
  }
  out.field("source_execution_id", reference(event, "source_execution_id")).key("max_delay_seconds");
  if (event.max_delay) {
    out.number(event.max_delay->count());
  } else {
    out.null();
  }
  out.field("processing_started_at", started_at(row)).field("completed_at", ended_at(row.stored));
  out.field("error", error_of(row.stored)).field("node_id", if_any(row.node_id));
  out.field("lock_until", row.claim ? std::optional(row.claim->until) : std::nullopt);
  out.key("transferred_to_redis_at").null().key("redis_key").null().close('}');
}

}  // namespace schedules::api
