#include "api/admin/tier_event.h"

namespace schedules::api {
namespace {

constexpr int64_t kMaxDelaySeconds = std::chrono::seconds(kMaxDelay).count();
constexpr int64_t kMaxRetries = 1000;
constexpr size_t kMaxReference = 200;  // with its name it is a tag
constexpr std::string_view kSources = "kafka_delayed, mongo_schedule, api_request, system";

std::optional<std::string> parse_source(std::string_view text) {
  for (const std::string_view known : {"kafka_delayed", "mongo_schedule", "api_request", "system"})
    if (text == known) return std::string(text);
  return std::nullopt;
}

struct Reader {
  TierView view;
  TierEventInput& input;
  Faults& faults;

  void read(std::string_view key, const json::Value& value) {
    const auto required = [&] { return faults.name(key, value, Presence::required); };
    const auto optional = [&] { return faults.name(key, value, Presence::optional); };
    const auto reference = [&] { return faults.name(key, value, Presence::optional, kMaxReference); };
    if (key == "topic") input.topic = required();
    if (key == "entity_type") input.entity_type = required();
    if (key == "entity_id") input.entity_id = optional();
    if (key == "action") input.action = required();
    if (key == "actor_type") input.actor_type = optional();
    if (key == "actor_id") input.actor_id = optional();
    if (key == "payload") input.payload = faults.object(key, value);
    if (key == "headers") input.headers = faults.headers(key, value);
    if (key == "correlation_id") input.correlation_id = optional();
    if (key == "source") read_source(key, value);
    if (key == "source_id") input.source_id = reference();
    if (key == "source_execution_id" && view == TierView::scheduled) input.source_execution_id = reference();
    if (key == "clickhouse_schedule_id" && view == TierView::redis) input.clickhouse_schedule_id = reference();
    if (key == "status") read_status(key, value);
    if (key == "error") input.error = faults.text(key, value, kMaxErrorBytes);
    read_number(key, value);
  }

  void read_number(std::string_view key, const json::Value& value) {
    if (key == "scheduled_at") input.scheduled_at = faults.time(key, value);
    if (key == "priority") {
      if (const auto level = faults.integer(key, value, kMinPriority, kMaxPriority))
        input.priority = static_cast<int8_t>(*level);
    }
    if (key == "max_retries") {
      if (const auto count = faults.integer(key, value, 0, kMaxRetries))
        input.max_retries = static_cast<uint32_t>(*count);
    }
    if (key == "max_delay_seconds" && view == TierView::scheduled) {
      if (const auto seconds = faults.integer(key, value, 0, kMaxDelaySeconds))
        input.max_delay = std::chrono::seconds(*seconds);
    }
  }

  void read_source(std::string_view key, const json::Value& value) {
    input.source = view == TierView::scheduled ? faults.choice(key, value, parse_source, kSources)
                                               : faults.name(key, value, Presence::required);
  }

  void read_status(std::string_view key, const json::Value& value) {
    const bool scheduled = view == TierView::scheduled;
    const auto parse = [this](std::string_view text) {
      return is_status(view, text) ? std::optional(std::string(text)) : std::nullopt;
    };
    input.status = faults.choice(key, value, parse,
                                 scheduled ? "pending, processing, completed, error, skipped, transferred_to_redis"
                                           : "pending, reserved, completed, error");
  }
};

void set_reference(Event& event, std::string_view name, const std::optional<std::string>& value) {
  if (!value || value->empty()) return;
  const std::string start = fmt::format("{}=", name);
  std::erase_if(event.tags, [&](const std::string& tag) { return tag.starts_with(start); });
  event.tags.push_back(start + *value);
}

template <class T>
void keep(T& place, const std::optional<T>& value) {
  if (value) place = *value;
}

}  // namespace

void TierEventInput::apply(Event& event) const {
  keep(event.topic, topic);
  keep(event.entity_type, entity_type);
  keep(event.entity_id, entity_id);
  keep(event.action, action);
  keep(event.actor_type, actor_type);
  keep(event.actor_id, actor_id);
  keep(event.body, payload);
  keep(event.headers, headers);
  keep(event.correlation_id, correlation_id);
  keep(event.source, source);
  keep(event.priority, priority);
  keep(event.max_retries, max_retries);
  if (max_delay) event.max_delay = max_delay;
  if (scheduled_at) {
    event.due_at = *scheduled_at;
    event.fire_at = *scheduled_at;
  }
  set_reference(event, "source_id", source_id);
  set_reference(event, "source_execution_id", source_execution_id);
  set_reference(event, "clickhouse_schedule_id", clickhouse_schedule_id);
}

TierEventInput read_tier_event(TierView view, const json::Document& document, Faults& faults) {
  TierEventInput input;
  if (!faults.expect("", document.root(), json::Kind::object)) return input;
  Reader reader{view, input, faults};
  for (const auto& [key, value] : document.members())
    if (value.kind != json::Kind::null) reader.read(key, value);
  return input;
}

void require_tier_event(TierView view, const json::Document& document, Faults& faults) {
  if (document.kind() != json::Kind::object) return;
  const auto need = [&](std::string_view name) {
    const auto* value = document.find(name);
    if (value == nullptr || value->kind == json::Kind::null)
      faults.add(Code::missing_field, name, fmt::format("{} is missing", name));
  };
  for (const std::string_view name : {"topic", "entity_type", "action", "scheduled_at"}) need(name);
  if (view == TierView::scheduled) need("payload");
}

}  // namespace schedules::api
