#include "definitions/schedule_field.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "base/text.h"
#include "time/text.h"

namespace schedules {
namespace {

namespace json = boost::json;
using enum FieldKind;

constexpr std::array<ScheduleField, 39> kFields{{
    {"name", "name", text, "null", "what it is called; unique"},
    {"description", "description", text, "null", "what it is for"},
    {"cron_expression", "cron", text, "null", "when it fires, such as \"0 8 * * mon-fri\" or \"@every 90s\""},
    {"every_seconds", "every", duration, "null", "fires again and again after this time"},
    {"execution_time", "at", time, "null", "fires once, at this time"},
    {"one_time", "one-time", boolean, "false", "true with --at"},
    {"timezone", "timezone", text, "\"UTC\"", "IANA zone of the cron expression"},
    {"start_at", "start-at", time, "null", "does not fire before"},
    {"end_at", "end-at", time, "null", "does not fire after"},
    {"max_count", "max-count", whole, "null", "is completed after that many occurrences"},
    {"jitter_seconds", "jitter", duration, "0", "spreads each fire over this time, the same way every time"},
    {"event_type", "event-type", text, "null", "the event's entity type"},
    {"event_action", "event-action", text, "null", "the event's action"},
    {"event_entity_id", "entity-id", text, "null", "the event's entity id"},
    {"event_payload", "payload", object, "null", "the event's body: JSON, @file or -"},
    {"event_headers", "header", pairs, "{}", "NAME=VALUE, header of the fired message; may be repeated"},
    {"event_correlation_id", "correlation-id", text, "null", "the event's correlation id"},
    {"actor_type", "actor-type", text, "\"system\"", "the event's actor type"},
    {"actor_id", "actor-id", text, "\"scheduler\"", "the event's actor id"},
    {"topic", "topic", text, "null", "where the event goes [setting DEFAULT_TOPIC]"},
    {"target", "target", object, R"({"type":"automatic"})",
     "{\"type\":\"webhook\",\"url\":…} or {\"type\":\"stream\"}"},
    {"priority", "priority", whole, "0", "-9 to 9, higher first"},
    {"max_delay_seconds", "max-delay", duration, "null", "skips an event that is later than this"},
    {"max_retries", "max-retries", whole, "3", "further attempts after a failed one"},
    {"retry_delay_seconds", "retry-delay", duration, "60", "before the first retry, doubled by each"},
    {"tags", "tag", texts, "[]", "to find it by; may be repeated"},
    {"catch_up", "catch-up", text, "\"last\"", "what to do about missed fires: last, first, all, skip or fail"},
    {"catch_up_window", "catch-up-window", duration, "86400", "missed fires older than this are skipped"},
    {"catch_up_max", "catch-up-max", whole, "100", "at most so many missed fires are made up for"},
    {"catch_up_rate", "catch-up-rate", number, "10", "and at most so many of them a second"},
    {"late_after", "late-after", duration, "10", "later than this is a missed fire"},
    {"overlap", "overlap", text, "\"allow\"", "while a run goes on: allow, skip, buffer_one, buffer_all, …"},
    {"overlap_limit", "overlap-limit", whole, "1", "for buffer_all and max_parallel"},
    {"max_runtime", "max-runtime", duration, "3600", "a run that is not acknowledged counts no longer"},
    {"ack", "ack", text, "\"none\"", "required: a run goes on until somebody acknowledges it"},
    {"dst_gap", "dst-gap", text, "\"shift_forward\"", "a time that the clocks skip: shift_forward or skip"},
    {"dst_overlap", "dst-overlap", text, "\"first\"", "a time that the clocks repeat: first, second or both"},
    {"alerts", "alerts", object, "null", "{\"url\":…,\"on\":[\"failure\",\"silence\"],\"after_failures\":1,…}"},
    {"owner", "owner", text, "null", "who declares it"},
}};

bool is_nothing(const json::value& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty()) ||
         (value.is_object() && value.get_object().empty()) || (value.is_array() && value.get_array().empty());
}

std::optional<double> as_number(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  return std::nullopt;
}

tl::unexpected<Error> wrong(const ScheduleField& field, std::string_view wanted) {
  return fail_field(Code::wrong_type, std::string(field.name), "{} has to be {}", field.name, wanted);
}

}  // namespace

std::span<const ScheduleField> schedule_fields() { return kFields; }

const ScheduleField* find_schedule_field(std::string_view name) {
  const auto found = std::ranges::find(kFields, name, &ScheduleField::name);
  return found == kFields.end() ? nullptr : &*found;
}

// Seconds as a number: whole where they are.
json::value seconds_value(Duration time) {
  if (time.count() % 1'000'000 == 0) return time.count() / 1'000'000;
  return static_cast<double>(time.count()) / 1e6;
}

Result<json::value> normal_value(const ScheduleField& field, const json::value& value) {
  if (value.is_null()) return value;
  switch (field.kind) {
    case duration: {
      if (as_number(value)) return value;
      if (!value.is_string()) return wrong(field, "seconds or a duration such as \"90s\"");
      const auto time = parse_duration(value.get_string());
      if (!time) return fail_field(Code::invalid_argument, std::string(field.name), "{}", time.error().detail);
      return seconds_value(*time);
    }
    case FieldKind::time: {
      if (!value.is_string()) return wrong(field, "a time");
      const auto point = parse_time(value.get_string());
      if (!point) return fail_field(Code::invalid_time, std::string(field.name), "{}", point.error().detail);
      return json::string(format_time(*point));
    }
    case whole:
      if (!value.is_int64() && !value.is_uint64()) return wrong(field, "a whole number");
      return value;
    case number:
      if (!as_number(value)) return wrong(field, "a number");
      return value;
    case boolean:
      if (!value.is_bool()) return wrong(field, "true or false");
      return value;
    case object:
    case pairs:
      if (!value.is_object()) return wrong(field, "a map");
      return value;
    case texts:
      if (!value.is_array()) return wrong(field, "a list of texts");
      return value;
    case text:
      if (!value.is_string()) return wrong(field, "a text (put it in quotes)");
      return value;
  }
  return value;
}

bool same_value(const ScheduleField& field, const json::value& one, const json::value& other) {
  if (is_nothing(one) && is_nothing(other)) return true;
  const auto left = as_number(one);
  const auto right = as_number(other);
  if (left && right) return *left == *right;
  if (field.kind == FieldKind::time && one.is_string() && other.is_string()) {
    const auto first = parse_time(one.get_string());
    const auto second = parse_time(other.get_string());
    return first && second && *first == *second;
  }
  return one == other;
}

}  // namespace schedules
