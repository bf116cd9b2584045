#include "ingest/kafka/delayed_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "kafka/options.h"
#include "model/enveloped.h"

namespace schedules {
namespace {

using kafka::IncomingRecord;

constexpr double kMillisecondsFrom = 1e11;  // as seconds: the year 5138
constexpr std::chrono::hours kPlausible{24 * 3'653};
constexpr std::string_view kUnknown = "unknown";
// What steered the delay is not for the consumer.
constexpr std::array<std::string_view, 4> kDropped{"delivery_time", "original_topic", "delay_ms", "delivery_delay_ms"};

/// The last header of that name; absent and without a value are the same.
std::string_view header(const IncomingRecord& record, std::string_view name) {
  for (auto one = record.headers.rbegin(); one != record.headers.rend(); ++one) {
    if (one->first == name) return one->second ? std::string_view(*one->second) : std::string_view();
  }
  return {};
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// For messages: what an odd header holds, fit to be shown.
std::string shown(std::string_view text) {
  std::string out;
  append_json_string(out, truncate_utf8(text, 64));
  return out;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Within ten years of now; `seconds` may be anything that a double can be.
Result<TimePoint> plausible(double seconds, TimePoint now, std::string_view field) {
  const double away = seconds - static_cast<double>(to_micros(now)) / 1e6;
  if (std::abs(away) <= static_cast<double>(std::chrono::seconds(kPlausible).count())) {
    return from_micros(std::llround(seconds * 1e6));
  }
  return fail_field(Code::out_of_range, std::string(field), "is more than 10 years from now");
}

Result<TimePoint> due_time(const IncomingRecord& record, TimePoint now) {
  if (const auto text = trim(header(record, "delivery_time")); !text.empty()) {
    const auto value = number<double>(text);
    if (!value || !std::isfinite(*value)) {
      return fail_field(Code::invalid_time, "delivery_time", "{} is not a number of seconds or milliseconds since 1970",
                        shown(text));
    }
    return plausible(*value >= kMillisecondsFrom ? *value / 1e3 : *value, now, "delivery_time");
  }
  const auto text = trim(header(record, "delay_ms"));
  if (text.empty())
    return fail_field(Code::missing_field, "delivery_time", "neither delivery_time nor delay_ms is there");
  const auto delay = number<double>(text);
  if (!delay || !std::isfinite(*delay) || *delay < 0) {
    return fail_field(Code::invalid_time, "delay_ms", "{} is not a number of milliseconds", shown(text));
  }
  if (!record.timestamp_ms) {
    return fail_field(Code::missing_field, "delivery_time", "delay_ms needs the record's own time, and it has none");
  }
  return plausible((static_cast<double>(*record.timestamp_ms) + *delay) / 1e3, now, "delay_ms");
}

Result<std::string> target_topic(const IncomingRecord& record, const DelayedRules& rules) {
  std::string topic(header(record, "original_topic"));
  if (topic.empty()) return fail_field(Code::missing_field, "original_topic", "is required");
  if (!kafka::is_topic_name(topic)) {
    return fail_field(Code::invalid_argument, "original_topic", "{} cannot be a topic", shown(topic));
  }
  if (topic == rules.delayed_topic || topic == rules.dead_topic) {
    return fail_field(Code::invalid_argument, "original_topic", "{} is no topic for events that were delayed", topic);
  }
  return topic;
}

Status read_limits(const IncomingRecord& record, Event& event) {
  if (const auto text = header(record, "priority"); !trim(text).empty()) {
    const auto value = number<int>(text);
    if (!value) return fail_field(Code::wrong_type, "priority", "{} is not a whole number", shown(text));
    if (*value < kMinPriority || *value > kMaxPriority) {
      return fail_field(Code::out_of_range, "priority", "is not between {} and {}", kMinPriority, kMaxPriority);
    }
    event.priority = static_cast<int8_t>(*value);
  }
  if (const auto text = header(record, "max_delay_seconds"); !trim(text).empty()) {
    const auto value = number<double>(text);
    if (!value || !(*value >= 0) || *value > 1e12) {
      return fail_field(Code::wrong_type, "max_delay_seconds", "{} is not a number of seconds", shown(text));
    }
    event.max_delay = std::chrono::seconds(std::llround(std::ceil(*value)));
  }
  return {};
}

Status read_value(const IncomingRecord& record, Event& event) {
  if (!record.value || record.value->empty()) return fail_field(Code::missing_field, "value", "the record is empty");
  if (record.value->size() > kMaxBodyBytes) {
    return fail_field(Code::too_long, "value", "has {} bytes, at most {} are allowed", record.value->size(),
                      kMaxBodyBytes);
  }
  if (!is_valid_utf8(*record.value)) return fail_field(Code::invalid_utf8, "value", "is not valid UTF-8");
  auto envelope = read_envelope(*record.value);
  if (!envelope) {
    envelope.error().field = "value";
    return fail(std::move(envelope.error()));
  }
  const Envelope& said = *envelope ? **envelope : Envelope{};
  const auto first = [](std::string_view one, std::string_view other) {
    return std::string(one.empty() ? other : one);
  };
  event.body = *record.value;
  event.entity_type = first(first(header(record, "entity_type"), said.entity_type), kUnknown);
  event.action = first(first(header(record, "action"), said.action), kUnknown);
  event.correlation_id = first(header(record, "correlation_id"), said.correlation_id);
  event.entity_id = said.entity_id;
  if (!said.actor_type.empty()) event.actor_type = said.actor_type;
  if (!said.actor_id.empty()) event.actor_id = said.actor_id;
  if (*envelope) event.id = envelope_id(said.event_id);
  return {};
}

void name_it(const IncomingRecord& record, Event& event) {
  if (event.id != EventId{}) return;
  event.idempotency_key = header(record, "idempotency_key");
  if (!event.idempotency_key.empty()) return;
  // The record's time tells its place from the same one of a topic that was deleted and made anew.
  event.id = derived_id(fmt::format("kafka:{}/{}/{}@{}", record.topic, record.partition, record.offset,
                                    record.timestamp_ms.value_or(-1)));
}

}  // namespace

Result<Event> read_delayed(const IncomingRecord& record, const DelayedRules& rules, TimePoint now) {
  Event event;
  event.source = kDelayedSource;
  event.target.kind = TargetKind::kafka;
  event.max_retries = rules.max_retries;
  event.retry_delay = rules.retry_delay;
  auto topic = target_topic(record, rules);
  if (!topic) return fail(std::move(topic.error()));
  event.topic = std::move(*topic);
  auto due = due_time(record, now);
  if (!due) return fail(std::move(due.error()));
  event.due_at = *due;
  if (auto read = read_limits(record, event); !read) return fail(std::move(read.error()));
  if (auto read = read_value(record, event); !read) return fail(std::move(read.error()));
  event.key = record.key.value_or("");
  event.traceparent = header(record, "traceparent");
  for (const auto& [name, value] : record.headers) {
    if (std::ranges::find(kDropped, name) == kDropped.end()) event.headers.emplace_back(name, value.value_or(""));
  }
  name_it(record, event);
  return event;
}

}  // namespace schedules
