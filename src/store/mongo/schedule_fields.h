// The fields of a schedule as a document has them, once, for writing, reading and comparing. Names are the REST API's. Only
// for this room's sources.
#pragma once

#include "model/schedule.h"

namespace schedules {

/// What decides when it fires. The original's readers want a cron_expression: it is "" where there is none.
template <class Visitor, class ScheduleT>
void rule_fields(Visitor& v, ScheduleT& s) {
  v.text_or_empty("cron_expression", s.cron_expression);
  v.optional_seconds("every_seconds", s.every);
  v.boolean("one_time", s.one_time);
  v.time("execution_time", s.execution_time);
  v.text("timezone", s.timezone);
  v.time("start_at", s.start_at);
  v.time("end_at", s.end_at);
  v.number("max_count", s.max_count);
  v.seconds("jitter_seconds", s.jitter);
  v.word("dst_gap", s.dst_gap, parse_dst_gap);
  v.word("dst_overlap", s.dst_overlap, parse_dst_overlap);
}

/// What it does when it fires, and how it is called.
template <class Visitor, class ScheduleT>
void template_fields(Visitor& v, ScheduleT& s) {
  v.text("name", s.name);
  v.text("description", s.description);
  v.text("event_type", s.event_type);
  v.text("event_action", s.event_action);
  v.text("event_entity_id", s.event_entity_id);
  v.payload("event_payload", s.event_payload);
  v.headers("event_headers", s.event_headers);
  v.text("event_correlation_id", s.event_correlation_id);
  v.text("actor_type", s.actor_type);
  v.text("actor_id", s.actor_id);
  v.text("topic", s.topic);
  v.target("target", s.target);
  v.number("priority", s.priority);
  v.whole_seconds("max_delay_seconds", s.max_delay);
  v.number("max_retries", s.max_retries);
  v.whole_seconds("retry_delay_seconds", s.retry_delay);
  v.words("tags", s.tags);
  v.word("catch_up", s.catch_up, parse_catch_up);
  v.whole_seconds("late_after", s.late_after);
  v.whole_seconds("catch_up_window", s.catch_up_window);
  v.number("catch_up_max", s.catch_up_max);
  v.real("catch_up_rate", s.catch_up_rate);
  v.word("overlap", s.overlap, parse_overlap);
  v.number("overlap_limit", s.overlap_limit);
  v.whole_seconds("max_runtime", s.max_runtime);
  v.word("ack", s.ack, parse_ack);
  v.alerts("alerts", s.alerts);
  v.text("note", s.note);
  v.text("created_by", s.created_by);
  v.text("owner", s.owner);
}

}  // namespace schedules
