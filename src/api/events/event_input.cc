#include "api/events/event_input.h"

#include "api/faults.h"
#include "base/text.h"

namespace schedules::api {
namespace {

using Given = std::bitset<static_cast<size_t>(EventField::count_)>;

constexpr std::string_view kNames[] = {"id",
                                       "topic",
                                       "key",
                                       "entity_type",
                                       "entity_id",
                                       "action",
                                       "body",
                                       "headers",
                                       "correlation_id",
                                       "actor_type",
                                       "actor_id",
                                       "scheduled_at",
                                       "delay_seconds",
                                       "priority",
                                       "max_delay_seconds",
                                       "max_retries",
                                       "retry_delay_seconds",
                                       "idempotency_key",
                                       "target",
                                       "tags",
                                       "traceparent"};
static_assert(std::size(kNames) == static_cast<size_t>(EventField::count_));

constexpr double kMaxDelaySeconds = std::chrono::duration<double>(kMaxDelay).count();
constexpr int64_t kMaxRetries = 100;
constexpr double kMaxRetryDelaySeconds = 86'400;

constexpr size_t index_of(EventField field) { return static_cast<size_t>(field); }

std::optional<EventField> find_field(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == name) return static_cast<EventField>(i);
  return std::nullopt;
}

Duration micros_of(double seconds) { return Duration(static_cast<int64_t>(std::llround(seconds * 1e6))); }

struct Reader {
  Event& event;
  Given& given;
  TimePoint now;
  Faults faults;

  template <class T>
  static void keep(T& place, std::optional<T> value) {
    if (value) place = std::move(*value);
  }

  void read(EventField field, const json::Value& value) {
    const std::string_view name = kNames[index_of(field)];
    switch (field) {
      case EventField::id:
        return read_id(value);
      case EventField::topic:
        return keep(event.topic, faults.name(name, value, Presence::required));
      case EventField::key:
        return keep(event.key, faults.name(name, value, Presence::optional));
      case EventField::entity_type:
        return keep(event.entity_type, faults.name(name, value, Presence::required));
      case EventField::entity_id:
        return keep(event.entity_id, faults.name(name, value, Presence::optional));
      case EventField::action:
        return keep(event.action, faults.name(name, value, Presence::required));
      case EventField::body:
        return keep(event.body, faults.object(name, value));
      case EventField::headers:
        return keep(event.headers, faults.headers(name, value));
      case EventField::correlation_id:
        return keep(event.correlation_id, faults.name(name, value, Presence::optional));
      case EventField::actor_type:
        return keep(event.actor_type, faults.name(name, value, Presence::required));
      case EventField::actor_id:
        return keep(event.actor_id, faults.name(name, value, Presence::required));
      case EventField::idempotency_key:
        return keep(event.idempotency_key, faults.name(name, value, Presence::required));
      case EventField::target:
        return keep(event.target, faults.target(name, value));
      case EventField::tags:
        return keep(event.tags, faults.names(name, value, kMaxTags));
      case EventField::traceparent:
        return keep(event.traceparent, faults.name(name, value, Presence::optional, 55));
      default:
        return read_number(field, name, value);
    }
  }

  void read_number(EventField field, std::string_view name, const json::Value& value) {
    switch (field) {
      case EventField::scheduled_at:
        if (const auto time = faults.time(name, value)) set_due(name, *time);
        return;
      case EventField::delay_seconds:
        if (const auto seconds = faults.number(name, value, 0, kMaxDelaySeconds))
          event.due_at = now + micros_of(*seconds);
        return;
      case EventField::priority:
        if (const auto level = faults.integer(name, value, kMinPriority, kMaxPriority))
          event.priority = static_cast<int8_t>(*level);
        return;
      case EventField::max_delay_seconds:
        if (const auto seconds = faults.integer(name, value, 0, static_cast<int64_t>(kMaxDelaySeconds)))
          event.max_delay = std::chrono::seconds(*seconds);
        return;
      case EventField::max_retries:
        if (const auto count = faults.integer(name, value, 0, kMaxRetries))
          event.max_retries = static_cast<uint32_t>(*count);
        return;
      case EventField::retry_delay_seconds:
        if (const auto seconds = faults.number(name, value, 0, kMaxRetryDelaySeconds))
          event.retry_delay = std::chrono::round<std::chrono::milliseconds>(micros_of(*seconds));
        return;
      default:
        return;
    }
  }

  void set_due(std::string_view name, TimePoint time) {
    if (time > now + kMaxDelay) {
      faults.add(Code::out_of_range, name, fmt::format("{} may be at most 100 years ahead", name));
    } else {
      event.due_at = time;
    }
  }

  void read_id(const json::Value& value) {
    if (!faults.expect("id", value, json::Kind::string)) return;
    const auto id = is_uuid4(value.text) ? parse_id(value.text) : std::nullopt;
    if (id) {
      event.id = *id;
    } else {
      faults.add(Code::invalid_argument, "id", "id must be a UUID of version 4");
    }
  }

  void unknown(std::string_view key) {
    const std::string shown = truncate_utf8(key, 80);
    const auto near = nearest(key, kNames);
    faults.add(Code::unknown_field, shown,
               near.empty() ? fmt::format("{} is not a field of an event", shown)
                            : fmt::format("{} is not a field of an event; did you mean {}?", shown, near));
  }

  void require(EventField field) {
    if (given[index_of(field)]) return;
    const std::string_view name = kNames[index_of(field)];
    faults.add(Code::missing_field, name, fmt::format("{} is missing", name));
  }
};

Status check_object(const json::Document& document) {
  if (document.kind() == json::Kind::object) return {};
  return fail(Code::invalid_json, "an event is a JSON object, not {}", json::to_string(document.kind()));
}

bool has_both_times(const Given& given) {
  return given[index_of(EventField::scheduled_at)] && given[index_of(EventField::delay_seconds)];
}

constexpr std::string_view kBothTimes = "scheduled_at and delay_seconds exclude each other";

bool may_be_cleared(EventField field) {
  switch (field) {
    case EventField::key:
    case EventField::entity_id:
    case EventField::headers:
    case EventField::correlation_id:
    case EventField::max_delay_seconds:
    case EventField::target:
    case EventField::tags:
    case EventField::traceparent:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<Event> read_event(const json::Document& document, TimePoint now) {
  if (auto object = check_object(document); !object) return fail(std::move(object.error()));
  Event event;
  Given given;
  Reader reader{event, given, now, {}};
  for (const auto& [key, value] : document.members()) {
    const auto field = find_field(key);
    if (!field) {
      reader.unknown(key);
    } else if (value.kind != json::Kind::null) {
      given.set(index_of(*field));
      reader.read(*field, value);
    }
  }
  reader.require(EventField::topic);
  reader.require(EventField::entity_type);
  reader.require(EventField::action);
  if (has_both_times(given)) {
    reader.faults.add(Code::invalid_argument, "delay_seconds", std::string(kBothTimes));
  } else if (!given[index_of(EventField::delay_seconds)]) {
    reader.require(EventField::scheduled_at);
  }
  if (reader.faults.any()) return fail(reader.faults.error());
  return event;
}

Result<EventPatch> read_event_patch(const json::Document& document, TimePoint now) {
  if (auto object = check_object(document); !object) return fail(std::move(object.error()));
  EventPatch patch;
  Reader reader{patch.values, patch.given, now, {}};
  for (const auto& [key, value] : document.members()) {
    const auto field = find_field(key);
    if (!field) {
      reader.unknown(key);
    } else if (*field == EventField::id || *field == EventField::idempotency_key) {
      reader.faults.add(Code::invalid_argument, key, fmt::format("{} cannot be changed", key));
    } else {
      patch.given.set(index_of(*field));
      if (value.kind != json::Kind::null) {
        reader.read(*field, value);
      } else if (!may_be_cleared(*field)) {
        reader.faults.add(Code::wrong_type, key, fmt::format("{} cannot be null", key));
      }
    }
  }
  if (has_both_times(patch.given)) reader.faults.add(Code::invalid_argument, "delay_seconds", std::string(kBothTimes));
  if (patch.given.none() && !reader.faults.any())
    reader.faults.add(Code::missing_field, "", "there is nothing to change");
  if (reader.faults.any()) return fail(reader.faults.error());
  return patch;
}

void EventPatch::apply(Event& event) const {
  const auto has = [this](EventField field) { return given[index_of(field)]; };
  if (has(EventField::topic)) event.topic = values.topic;
  if (has(EventField::key)) event.key = values.key;
  if (has(EventField::entity_type)) event.entity_type = values.entity_type;
  if (has(EventField::entity_id)) event.entity_id = values.entity_id;
  if (has(EventField::action)) event.action = values.action;
  if (has(EventField::body)) event.body = values.body;
  if (has(EventField::headers)) event.headers = values.headers;
  if (has(EventField::correlation_id)) event.correlation_id = values.correlation_id;
  if (has(EventField::actor_type)) event.actor_type = values.actor_type;
  if (has(EventField::actor_id)) event.actor_id = values.actor_id;
  if (has(EventField::priority)) event.priority = values.priority;
  if (has(EventField::max_delay_seconds)) event.max_delay = values.max_delay;
  if (has(EventField::max_retries)) event.max_retries = values.max_retries;
  if (has(EventField::retry_delay_seconds)) event.retry_delay = values.retry_delay;
  if (has(EventField::target)) event.target = values.target;
  if (has(EventField::tags)) event.tags = values.tags;
  if (has(EventField::traceparent)) event.traceparent = values.traceparent;
  if (has(EventField::scheduled_at) || has(EventField::delay_seconds)) {
    event.due_at = values.due_at;
    event.fire_at = values.due_at;
  }
}

}  // namespace schedules::api
